"""`storyfold merge`, `split`, `pin`, `rename`, `undo`, `decisions`, and `story --as-of`: what operators see of them."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from pipelines.fold import deciding
from pipelines.fold.deciding import Verdict
from pipelines.fold.process import LOCK, fold
from pipelines.fold.rules import FoldRules
from storage.engine import Database
from storage.lease import exclusive
from tests.console.cli import Cli
from tests.pipelines.arriving import NOON, Arrival, arrive, made_text


@pytest.fixture
def here(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Three articles in three stories, of which the first has a copy."""
    monkeypatch.setenv("STORYFOLD_DATABASE", database.engine.url.render_as_string(hide_password=False))
    arrive(
        database,
        Arrival("https://a.example/1", made_text(1), "Dam opens", source="A"),
        Arrival("https://b.example/1", made_text(1), "Dam opens", hours=1, source="B"),
        Arrival("https://a.example/2", made_text(2), "Ferry burns", hours=2, source="A"),
        Arrival("https://b.example/3", made_text(3), "Levy falls", hours=3, source="B"),
    )
    fold(database, FoldRules())
    return database


def told(cli: Cli, *arguments: object) -> Any:
    said = cli(*map(str, arguments), "--json")
    assert said.code == 0, said.err
    return json.loads(said.out)


def refused(cli: Cli, *arguments: object) -> str:
    said = cli(*map(str, arguments))
    assert (said.code, said.out) == (2, "")
    return said.err


def test_a_merger_is_shown_listed_and_undone(cli: Cli, here: Database) -> None:
    said = cli("merge", "1", "2", "--why", "one flood", "--by", "ana")
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "Decision 1 (merge by ana) stands.\n  story 1: Dam opens (3 articles)\n`storyfold undo 1` takes it back.\n"
    )
    assert "operator: decision 1 by ana: one event with article 1 (one flood)" in cli("story", "2").out
    assert "ana" in cli("decisions").out
    (listed,) = told(cli, "decisions")
    assert (listed["kind"], listed["story"], listed["must_links"], listed["why"]) == ("merge", 1, 1, "one flood")
    undone = told(cli, "undo", "--by", "ben")
    assert [(one["story"], one["articles"]) for one in undone["stories"]] == [(1, 2), (2, 1)]
    assert told(cli, "decisions") == []
    assert [one["undone_by"] for one in told(cli, "decisions", "--all")] == ["ben"]
    assert "no decision stands" in refused(cli, "undo")
    assert "decision 1 was undone already, by ben" in refused(cli, "undo", 1)


def test_articles_are_named_by_address_or_by_id(cli: Cli, here: Database) -> None:
    assert told(cli, "merge", "--articles", 3, 4)["stories"][0]["articles"] == 2
    assert told(cli, "merge", "https://a.example/1", "https://a.example/2")["stories"][0]["articles"] == 4
    assert "numbers are articles' ids" in refused(cli, "merge", "1", "https://a.example/2")


def test_a_story_is_split_under_an_id_that_was_retired(cli: Cli, here: Database) -> None:
    told(cli, "merge", 1, 2)
    told(cli, "undo")
    told(cli, "merge", "--articles", 1, 3)
    assert "held together by decision 2 (merge by " in refused(cli, "split", 2, 3)
    assert "article 4 is not in story 1, but in story 3" in refused(cli, "split", 2, 4)
    told(cli, "undo", 2)
    assert "nothing would stay in story 1" in refused(cli, "split", 1, 2)


def test_what_operators_keep_apart_is_explained(cli: Cli, here: Database) -> None:
    assert "likeness" in told(cli, "explain", 2, 3)["why_apart"]
    told(cli, "pin", 2)
    assert told(cli, "explain", 2, 3)["why_apart"] == "story 2 is pinned: nothing joins it by likeness"
    told(cli, "undo")
    verdict = Verdict("split", 1, (("cannot_link", 1, 4),))
    with here.write() as session:
        deciding.give(session, verdict, by="ana", why="two dams", now=NOON)
    told(cli, "merge", 2, 3)
    for b in (4, 3):  # 3 is held together with 4, and 2 prints the text of 1
        why = told(cli, "explain", 2, b)["why_apart"]
        assert why == "by decision 2 by ana: another event than article 4 (two dams)"


def test_a_pin_and_a_name_are_kept(cli: Cli, here: Database) -> None:
    told(cli, "pin", 3)
    named = told(cli, "rename", 3, "The levy", "--why", "shorter")
    assert named["stories"] == [{"story": 3, "title": "The levy", "articles": 1}]
    assert [one["story"] for one in told(cli, "merge", 1, 3)["stories"]] == [3]  # the pinned id, though 1 is larger
    assert told(cli, "story", 1)["title"] == "The levy"


def test_what_cannot_be_is_said_in_a_line(cli: Cli, here: Database) -> None:
    assert "there is no story 99" in refused(cli, "merge", 1, 99)
    assert "there is no story 9" in refused(cli, "merge", 1, "9" * 30)
    assert "are one story already: 1" in refused(cli, "merge", 1, 1)
    assert "there is no article 99" in refused(cli, "split", 1, 99)
    assert "there is no decision 99" in refused(cli, "undo", 99)
    assert "a title has at least one word" in refused(cli, "rename", 1, " ")


def test_a_decision_beside_a_running_fold_is_recorded_and_waits(cli: Cli, here: Database) -> None:
    with exclusive(here, LOCK):
        said = cli("merge", "1", "2")
    assert said.code == 0
    assert "A fold is under way" in said.err
    assert told(cli, "doctor")[0]["rows"] == 0
    assert told(cli, "story", 1)["articles"] == 2
    fold(here, FoldRules())
    assert told(cli, "story", 1)["articles"] == 3


def test_a_story_is_shown_as_it_was(cli: Cli, here: Database) -> None:
    told(cli, "merge", 1, 2)
    merged = told(cli, "story", 1)["events"][0]["at"]
    now = told(cli, "story", 2, "--as-of", "2999-01-01T12:00")
    assert (now["story"], [one["article"] for one in now["articles"]]) == (1, [1, 2, 3])
    with here.read() as session:
        moved = session.execute(text("SELECT joined_at FROM story_as_of WHERE story = 1 AND article = 3")).scalar_one()
    assert merged < str(moved).replace(" ", "T")
    before = told(cli, "story", 2, "--as-of", merged)
    assert (before["story"], [one["article"] for one in before["articles"]]) == (2, [3])
    assert "until" in cli("story", "2", "--as-of", merged).out
    assert "held no article at 2001-01-01" in cli("story", "1", "--as-of", "2001-01-01").out
    assert "is no time" in refused(cli, "story", 1, "--as-of", "yesterday")


def test_a_story_that_has_ended_says_so(cli: Cli, here: Database) -> None:
    arrive(here, Arrival("https://b.example/3", "Minute by minute", kind="live_blog", source="B"))
    fold(here, FoldRules())
    assert "story 3 has ended" in refused(cli, "story", 3)
    assert "story 3 has ended" in refused(cli, "pin", 3)
