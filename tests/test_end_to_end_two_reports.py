"""Two reports of one event in words of their own, each in two templates: one story, two copy groups, and the proof."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from benchmarks.web import Served, configuration, resolving, serving
from tests.ends import QUICK, Desk, desk
from tests.reports import FIRST, FURNITURE, PAGES, REPORTS, SAID, SECOND, Report

QUOTED_WORDS: Final = 30  # of one unbroken quotation, whatever a hyphen makes of the rest
ARTICLES: Final = """
SELECT article.id, article.url, article.title, article.published_at, article.copy_group_id, reading.text,
       membership.story_id, membership.basis, membership.evidence, membership.reason
FROM article
JOIN reading ON reading.article_id = article.id AND reading.is_current
LEFT JOIN membership ON membership.article_id = article.id AND membership.left_at IS NULL
"""


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One run over the four pages."""
    served = [Served(host, "/2024/11/lisse-gauges.html", page.encode()) for host, page in PAGES.items()]
    with serving(served) as port:
        config = configuration("", PAGES, port).partition("\n")[2] + QUICK
        with desk(tmp_path_factory.mktemp("two-reports"), config, resolving(PAGES)) as made:
            made.run()
            yield made


@pytest.fixture(scope="module")
def articles(crawled: Desk) -> dict[str, Any]:
    """The articles, by host."""
    return {row.url.split("/")[2].partition(":")[0]: row for row in crawled.query(ARTICLES)}


def plain(text: str) -> str:
    return re.sub(r"\W", "", text).lower()


def shingles(report: Report) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", " ".join(report.text).lower())
    return {tuple(words[at : at + 3]) for at in range(len(words) - 2)}


def test_the_reports_are_no_near_duplicates() -> None:
    first, second = shingles(FIRST), shingles(SECOND)
    assert len(first & second) / len(first | second) < 0.05
    assert all(350 <= len(" ".join(report.text).split()) <= 450 for report in (FIRST, SECOND))


def test_all_end_in_one_story(articles: dict[str, Any]) -> None:
    assert set(articles) == set(PAGES)
    assert len({article.story_id for article in articles.values()}) == 1
    assert None not in {article.story_id for article in articles.values()}


def test_the_templates_of_a_report_are_one_copy_group_and_the_reports_are_two(articles: dict[str, Any]) -> None:
    groups = {host: article.copy_group_id for host, article in articles.items()}
    assert groups["tidewater.test"] == groups["lowland.test"] != groups["standard.test"] == groups["highmoor.test"]


def test_the_shared_quotation_is_in_the_evidence(crawled: Desk, articles: dict[str, Any]) -> None:
    (story_id,) = {article.story_id for article in articles.values()}
    told = crawled.ask("story", str(story_id), "--json").json
    proofs = [printed["articles"][0]["evidence"] for printed in told["texts"]]
    assert len(proofs) == 2
    for proof in proofs:
        longest = max(proof["quotes"], key=lambda quote: quote["words"])
        assert longest["words"] >= QUOTED_WORDS
        assert {SAID.format(adjective="EU-funded"), SAID.format(adjective="E.U. funded")} == {
            longest["text_a"],
            longest["text_b"],
        }


def test_reports_with_witnesses_of_their_own_are_two_origins_though_both_name_who_was_first(
    crawled: Desk, articles: dict[str, Any]
) -> None:
    (story_id,) = {article.story_id for article in articles.values()}
    told = crawled.ask("story", str(story_id), "--json").json
    assert (told["outlets"], told["copy_groups"], told["origins"]) == (4, 2, 2)
    for printed in told["texts"]:
        own = printed["origin"]["evidence"]["own"]
        assert (own["why"], own["names"]) == ("somebody speaks to it", ["Delta Observer"])


def test_copies_names_the_two_templates_of_a_report_and_the_quotation_of_the_other(
    crawled: Desk, articles: dict[str, Any]
) -> None:
    told = crawled.ask("copies", articles["lowland.test"].url, "--json").json
    printed = {printing["article"] for printing in told["printings"]}
    assert printed == {articles[host].id for host in ("tidewater.test", "lowland.test")}
    assert (told["copy_group"]["texts"], told["same_as_asked"]) == (1, 2)
    others = {articles[host].id for host in ("standard.test", "highmoor.test")}
    assert {(one["kind"], one["other"]) for one in told["related"]} == {("shared_quote", other) for other in others}


def test_diff_shows_the_templates_of_a_report_as_one_text_and_two_reports_as_two(
    crawled: Desk, articles: dict[str, Any]
) -> None:
    first, copy, second = (str(articles[host].id) for host in ("tidewater.test", "lowland.test", "standard.test"))
    assert crawled.ask("diff", first, copy).out.endswith("The same words in the same order.\n")
    told = crawled.ask("diff", first, second, "--json").json
    assert not told["is_same_text"]
    assert told["jaccard"] < 0.1
    said = plain(SAID.format(adjective="EU"))[-40:]
    shared = {piece["kind"] for row in told["rows"] for piece in row["pieces"] if said in plain(piece["text"])}
    assert shared & {"shared", "elsewhere_a", "elsewhere_b"}


@pytest.mark.parametrize("host", PAGES)
def test_every_sentence_of_the_report_is_kept(articles: dict[str, Any], host: str) -> None:
    text = plain(articles[host].text)
    assert [paragraph for paragraph in REPORTS[host].text if plain(paragraph) not in text] == []


@pytest.mark.parametrize("host", PAGES)
def test_no_line_of_furniture_is_kept(articles: dict[str, Any], host: str) -> None:
    text = articles[host].text.lower()
    assert [words for words in FURNITURE if words in text] == []


def test_title_and_instant_come_from_the_page(articles: dict[str, Any]) -> None:
    assert {host: article.title for host, article in articles.items()} == {
        host: report.title for host, report in REPORTS.items()
    }
    assert {article.published_at[:16] for article in articles.values()} == {"2024-11-12T17:40", "2024-11-13T08:15"}
