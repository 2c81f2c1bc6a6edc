"""The whole product on the whole news web: two runs, and everything that an operator may ask of the result."""

import hashlib
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from console.newsweb.check import address, compare, servings
from console.newsweb.truth import TrueArticle
from foundation.compress import decompress
from tests.console.cli import Cli
from tests.ends import HOSTILE, Demo, Desk, demo

UPDATED: Final = "harbour-courier.test/coast/marigold-ferry-fire"
Ask: TypeAlias = Callable[..., Any]
# What a reading again must leave as it is: everything that readers of the database see.
KEPT: Final = (
    "SELECT id, url, state, reason, article_id FROM page ORDER BY id",
    "SELECT id, url, title, kind, time, copy_group_id, copied_from_id FROM article ORDER BY id",
    "SELECT id, article_id, number, sha256 FROM version ORDER BY id",
    "SELECT id, article_id, version_id, number, is_current, text FROM reading ORDER BY id",
    "SELECT id, story_id, article_id, reading_id, basis, reason, left_at FROM membership ORDER BY id",
    "SELECT id, state, title, articles, outlets, copy_groups FROM story ORDER BY id",
    "SELECT id, kind, article_a_id, article_b_id, reading_a_id, reading_b_id FROM link ORDER BY id",
)


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("demo")) as made:
        yield made


@pytest.fixture
def ask(crawl: Demo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Call `storyfold … --json` in this process; give what it printed."""
    monkeypatch.setenv("STORYFOLD_CONFIG", str(crawl.desk.config))
    cli = Cli(capsys, monkeypatch, crawl.desk.folder)

    def asking(*arguments: object) -> Any:
        said = cli(*map(str, arguments), "--json")
        assert said.code == 0, said.err
        return json.loads(said.out)

    return asking


# --- What was fetched -------------------------------------------------------------------------------------------------


def test_the_result_is_the_truth(crawl: Demo) -> None:
    differences = compare(crawl.desk.found(), crawl.web.truth, crawl.desk.failed_feeds())
    assert not differences, "\n".join(differences)


def test_nobody_came_to_the_address_that_is_private(crawl: Demo) -> None:
    assert crawl.web.trap_hits == []


def test_only_the_hostile_outlet_failed(crawl: Demo, ask: Ask) -> None:
    name = crawl.web.content.outlets[HOSTILE].name
    assert (crawl.first["state"], crawl.first["failed_sources"]) == ("partial", [name])
    health = {row["outlet"]: row for row in ask("sql", "SELECT * FROM source_health")}
    assert {outlet for outlet, row in health.items() if row["health"] != "ok"} == {name}
    assert health[name]["health"] == "feed errors"
    assert health[name]["feeds_failing"] == 1
    assert health[name]["error"]
    assert health[name]["pages_refused"] > 5
    assert health[name]["pages_failed"] > 0


def test_feeds_that_did_not_change_are_not_sent_again(crawl: Demo) -> None:
    changed = {one.host for one in crawl.web.content.articles if one.update or one.phase > 1} | {HOSTILE}
    feeds = {f"{host}{feed.path}" for host, outlet in crawl.web.content.outlets.items() for feed in outlet.feeds}
    answers = {request.host + request.path: request.status for request in crawl.asked_again}
    assert {answers[feed] for feed in feeds if feed.partition("/")[0] not in changed} == {304}
    outcomes = dict(crawl.desk.query("SELECT outcome, count(*) FROM poll WHERE run_id = 2 GROUP BY outcome"))
    assert outcomes["unchanged"] >= len([feed for feed in feeds if feed.partition("/")[0] not in changed])


def test_the_second_run_asks_for_what_is_new_or_changed_and_no_other_page(crawl: Demo) -> None:
    fetched = {name for name in servings(crawl.asked_again) if name in crawl.web.truth.articles}
    new = {one.host + one.path for one in crawl.web.content.articles if one.phase > 1}
    assert fetched == {UPDATED, *new}
    assert (crawl.second["counts"]["articles_new"], crawl.second["counts"]["articles_changed"]) == (len(new), 1)


def test_no_article_is_fetched_twice_but_the_one_that_changed(crawl: Demo) -> None:
    times = {name: count for name, count in servings(crawl.log).items() if name in crawl.web.truth.articles}
    assert {name for name, count in times.items() if count > 1} == {UPDATED}


def test_the_bytes_of_every_page_that_was_fetched_are_kept_and_read(crawl: Demo) -> None:
    assert crawl.desk.scalar("SELECT count(*) FROM raw_body WHERE read_at IS NULL") == 0
    without = "SELECT url FROM page WHERE state = 'read' AND id NOT IN (SELECT page_id FROM raw_body)"
    assert crawl.desk.query(without) == []
    bodies = crawl.desk.query(
        "SELECT raw_body.sha256, raw_body.body FROM raw_body JOIN page ON page.id = raw_body.page_id "
        "WHERE page.url = :url ORDER BY raw_body.id",
        url=crawl.web.url(*_host_and_path(UPDATED)),
    )
    first, second = (decompress(row.body) for row in bodies)
    assert first != second
    assert [row.sha256 for row in bodies] == [hashlib.sha256(body).digest() for body in (first, second)]


def test_no_page_is_left_on_the_way(crawl: Demo) -> None:
    states = Counter(row.state for row in crawl.desk.found())
    assert states.keys() <= {"read", "refused", "failed", "gone"}


# --- What was made of it ----------------------------------------------------------------------------------------------


def test_an_updated_article_stands_by_its_new_version_and_keeps_its_old_one(crawl: Demo) -> None:
    article = crawl.desk.article(UPDATED)
    versions = crawl.desk.query("SELECT number FROM version WHERE article_id = :id ORDER BY number", id=article)
    assert [row.number for row in versions] == [1, 2]
    readings = "SELECT reading.id FROM reading JOIN version ON version.id = version_id WHERE reading.article_id = :id"
    old, new = (crawl.desk.scalar(f"{readings} AND version.number = {number}", id=article) for number in (1, 2))
    assert crawl.desk.scalar("SELECT id FROM reading WHERE article_id = :id AND is_current", id=article) == new
    places = crawl.desk.query(
        "SELECT reading_id, left_at IS NULL AS stands, left_reason FROM membership WHERE article_id = :id ORDER BY id",
        id=article,
    )
    assert [(row.reading_id, bool(row.stands)) for row in places] == [(old, False), (new, True)]
    assert places[0].left_reason
    assert crawl.desk.scalar("SELECT count(*) FROM block JOIN version ON id = version_id WHERE article_id = :id AND "
                             "number = 1", id=article) > 0  # fmt: skip


def test_doctor_finds_nothing(ask: Ask) -> None:
    assert {invariant["rows"] for invariant in ask("doctor")} == {0}


def test_stories_are_listed_with_who_was_first(crawl: Demo, ask: Ask) -> None:
    stories = ask("stories", "--min-outlets", "2", "--limit", "100")
    names = {host: outlet.name for host, outlet in crawl.web.content.outlets.items()}
    told = Counter((row["articles"], row["outlets"], row["copy_groups"], row["first_outlet"]) for row in stories)
    wanted = Counter(
        (event.articles, event.outlets, event.copy_groups, names[event.first.partition("/")[0]])
        for event in crawl.web.truth.events.values()
        if event.outlets > 1
    )
    assert told & wanted == wanted
    assert sum(told.values()) >= 6


def test_a_story_shows_its_texts_and_why_each_report_is_in_it(crawl: Demo, ask: Ask) -> None:
    event = crawl.web.truth.events["ferry-fire"]
    story = ask("story", _story(crawl.desk, event.first))
    assert (story["articles"], story["outlets"], len(story["texts"])) == (
        event.articles,
        event.outlets,
        event.copy_groups,
    )
    assert address(story["texts"][0]["articles"][0]["url"]) == event.first
    for printed in story["texts"]:
        own, *copies = printed["articles"]
        assert own["reason"]
        assert [copy for copy in copies if copy["basis"] != "copy" or not copy["copied_from"]] == []
    joined = [printed["articles"][0] for printed in story["texts"][1:]]
    assert all(report["evidence"]["terms"] for report in joined)
    assert all(report["score"] is not None for report in joined)


def test_explain_says_that_two_print_one_text(crawl: Demo, ask: Ask) -> None:
    copy = _one(crawl, lambda one: one.relation == "copy")
    assert copy.of
    told = ask("explain", crawl.desk.article(copy.address), crawl.desk.article(copy.of))
    assert (told["one_copy_group"], told["one_story"]) == (True, True)
    (link,) = [link for link in told["links"] if link["kind"] == "copy"]
    assert link["is_current"]
    assert link["jaccard"] >= 0.4
    assert told["why_no_copy"] is None


def test_explain_says_why_two_texts_tell_one_event(crawl: Demo, ask: Ask) -> None:
    report = _one(crawl, lambda one: one.relation == "independent" and one.event == "ferry-fire")
    first = crawl.web.truth.events["ferry-fire"].first
    told = ask("explain", crawl.desk.article(report.address), crawl.desk.article(first))
    assert (told["one_copy_group"], told["one_story"], told["why_apart"]) == (False, True, None)
    assert "needed" in told["why_no_copy"]
    assert told["likeness"]["terms"]


@pytest.mark.parametrize("pair", [("bath-outbreak", "school-vaccination"), ("fuel-levy", "rail-tunnel")])
def test_explain_says_why_two_events_that_look_alike_are_apart(crawl: Demo, ask: Ask, pair: tuple[str, str]) -> None:
    first, other = (crawl.web.truth.events[name] for name in pair)
    assert first.looks_like == other.name
    told = ask("explain", crawl.desk.article(first.first), crawl.desk.article(other.first))
    assert (told["one_copy_group"], told["one_story"]) == (False, False)
    assert any(character.isdigit() for character in told["why_apart"])


def test_sql_answers_by_the_views(crawl: Demo, ask: Ask) -> None:
    hostile = crawl.web.content.outlets[HOSTILE].name  # some of whose pages may be read in two ways
    known = [one for one in crawl.web.truth.articles.values() if not one.address.startswith(HOSTILE)]
    (counted,) = ask(
        "sql",
        "SELECT count(*) AS articles, count(DISTINCT copy_group) AS texts FROM story_articles "
        f"WHERE outlet <> '{hostile}'",
    )
    assert counted == {"articles": len(known), "texts": len({one.copy_group for one in known})}
    (counted,) = ask("sql", "SELECT max(articles) AS articles FROM copy_groups")
    assert counted["articles"] == max(Counter(one.copy_group for one in known).values())
    assert [row["state"] for row in ask("sql", "SELECT state FROM runs WHERE run < 3 ORDER BY run")] == ["partial"] * 2


# --- Reading it again -------------------------------------------------------------------------------------------------


@pytest.fixture
def copied(crawl: Demo, tmp_path: Path) -> Iterator[Desk]:
    """The database as the two runs left it, in a copy that a test may change."""
    with (
        closing(sqlite3.connect(crawl.desk.folder / "news.db")) as source,
        closing(sqlite3.connect(tmp_path / "news.db")) as target,
    ):
        source.backup(target)
    shutil.copy(crawl.desk.config, tmp_path)
    made = replace(crawl.desk, folder=tmp_path, address=f"sqlite:///{tmp_path / 'news.db'}", started=[])
    made.config.write_text(made.config.read_text().replace(crawl.desk.address, made.address))
    try:
        yield made
    finally:
        made.close()


def test_reading_again_by_the_same_rules_asks_nobody_and_changes_nothing(crawl: Demo, copied: Desk) -> None:
    before, asked = [copied.query(sql) for sql in KEPT], len(crawl.web.log)
    told = copied.ask("reread", "--json").json
    assert (told["state"], told["counts"]["pages_fetched"]) == ("ok", 0)
    newest = "SELECT count(*) FROM raw_body WHERE id IN (SELECT max(id) FROM raw_body GROUP BY page_id)"
    assert copied.scalar(f"{newest} AND read_at < (SELECT max(started_at) FROM run)") == 0
    assert len(crawl.web.log) == asked
    for sql, rows in zip(KEPT, before, strict=True):
        assert copied.query(sql) == rows


def test_reading_again_by_better_rules_makes_a_new_reading_of_the_same_version(crawl: Demo, copied: Desk) -> None:
    article = copied.article(UPDATED)
    clean = copied.scalar("SELECT text FROM reading WHERE article_id = :id AND is_current", id=article)
    _forget_labels(copied, article)
    versions = copied.query(KEPT[2])
    asked = len(crawl.web.log)
    said = copied.ask("reread", "--json", "--since", _second_run_began(copied))
    assert said.err.splitlines()[0].split()[0].isdigit()
    assert int(said.err.split()[0]) < len(crawl.web.truth.articles) / 2
    assert len(crawl.web.log) == asked
    assert copied.query(KEPT[2]) == versions
    readings = copied.query(
        "SELECT id, number, is_current, text FROM reading WHERE article_id = :id AND version_id = "
        "(SELECT max(id) FROM version WHERE article_id = :id) ORDER BY number",
        id=article,
    )
    assert [(row.number, bool(row.is_current)) for row in readings] == [(1, False), (2, True)]
    assert readings[1].text == clean != readings[0].text
    assert copied.scalar("SELECT count(*) FROM label WHERE reading_id = :id", id=readings[1].id) > 0
    stands = "SELECT reading_id FROM membership WHERE article_id = :id AND left_at IS NULL"
    assert copied.scalar(stands, id=article) == readings[1].id
    assert compare(copied.found(), crawl.web.truth) == []
    copied.ask("doctor")


def _forget_labels(desk: Desk, article: int) -> None:
    """Make the current reading what rules that know no furniture would have taken."""
    with closing(sqlite3.connect(desk.folder / "news.db")) as database, database:
        (reading, version) = database.execute(
            "SELECT id, version_id FROM reading WHERE article_id = ? AND is_current", (article,)
        ).fetchone()
        blocks = database.execute("SELECT text FROM block WHERE version_id = ? ORDER BY position", (version,))
        everything = "\n\n".join(text for (text,) in blocks)
        forgotten = database.execute("DELETE FROM label WHERE reading_id = ?", (reading,))
        assert forgotten.rowcount > 0
        database.execute("UPDATE reading SET text = ?, sha256 = ? WHERE id = ?", (everything, bytes(32), reading))


def _second_run_began(desk: Desk) -> str:
    return str(desk.scalar("SELECT started_at FROM run WHERE id = 2"))


# --- Finding things ---------------------------------------------------------------------------------------------------


def _host_and_path(name: str) -> tuple[str, str]:
    host, slash, path = name.partition("/")
    return host, slash + path


def _one(crawl: Demo, fits: Callable[[TrueArticle], bool]) -> TrueArticle:
    return next(one for one in crawl.web.truth.articles.values() if fits(one))


def _story(desk: Desk, name: str) -> int:
    stands = "SELECT story_id FROM membership WHERE article_id = :id AND left_at IS NULL"
    return int(desk.scalar(stands, id=desk.article(name)))
