import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dedup.explain import LONGEST_QUOTE, apart, link_reason, not_joined, reason, shortened
from dedup.features import features_of
from dedup.idf import Idf
from dedup.links import Failure, links_between, prepare
from dedup.proof import Report, pair_evidence
from dedup.stories import Basis, Item, partition
from tests.dedup import made

A, B = Report(*made.REPORT_A, time=0.0), Report(*made.REPORT_B, time=6 * 3600.0)


def test_a_pair_is_proved_with_terms_names_and_the_quotation() -> None:
    pair = pair_evidence(A, B)
    assert {"Orrick", "Harlow", "Mayor Ada Renfrew"} <= set(pair.names)
    assert "Ada" not in pair.names
    assert "Orrick" in {term for term, _ in pair.terms}
    assert [weight for _, weight in pair.terms] == sorted((weight for _, weight in pair.terms), reverse=True)
    assert pair.quotes[0].words >= 30
    assert pair.days_apart == 0.25
    assert 0 < pair.similarity <= 1
    assert json.loads(json.dumps(pair.to_json()))["names"]


@given(st.text(), st.text())
def test_any_two_texts_can_be_proved(one: str, other: str) -> None:
    pair = pair_evidence(Report(other, one), Report(one, other), Idf())
    assert -0.001 <= pair.similarity <= 1.001


def test_a_reason_is_one_line_with_what_is_shared_and_the_score() -> None:
    items = [Item(n, each.time, "en", features_of(each.title, each.body)) for n, each in enumerate((A, B))]
    idf = Idf()
    idf.learn(each.features for each in items)
    evidence = partition(items, {"en": idf}).evidence
    line = reason(evidence[1], pair_evidence(A, B, idf))
    assert line.startswith("share the names ")
    assert "quote “The council has now decided" in line
    assert "6 h apart" in line
    assert "\n" not in line
    assert reason(evidence[0]).startswith("first of its story")
    runner_up = replace(evidence[1], basis=Basis.SAME_EVENT, score=0.31, runner_up=0.12)
    assert "score 0.31" in reason(runner_up)
    assert "against 0.12 for the next story" in reason(runner_up)


def test_reports_without_names_are_explained_by_their_words() -> None:
    pair = pair_evidence(Report("", "the reservoir overflowed"), Report("", "the reservoir overflowed again"))
    items = [Item(n, None, "en", features_of("", "the reservoir overflowed")) for n in range(2)]
    evidence = partition(items, {}).evidence
    assert "share the words " in reason(evidence[1], pair)


def test_links_and_failures_read_as_sentences() -> None:
    text = made.text(1)
    whole, part = prepare(1, "One two three four", text), prepare(2, "one two three four", " ".join(text.split()[:90]))
    assert [link_reason(link) for link in links_between(whole, part)] == [
        "an excerpt: 100% of article 2 stands in the other",
        "the same headline",
    ]
    assert link_reason(links_between(whole, whole)[0]).startswith("the same text, 100%")
    failures = [Failure("passage", 3, 30), Failure("copy", 0.39, 0.4)]
    assert not_joined(failures) == "copy 0.39, needed 0.40; passage 3.00, needed 30.00"


def test_distances_in_time_are_told_in_people_s_units() -> None:
    assert [apart(days) for days in (0.01, 0.25, 1.9, 12)] == [
        "14 min apart",
        "6 h apart",
        "46 h apart",
        "12 days apart",
    ]


@given(st.text(max_size=300))
def test_a_quotation_in_a_line_is_short(text: str) -> None:
    assert len(shortened(text)) <= LONGEST_QUOTE + 2
    assert "\n" not in shortened(text)
