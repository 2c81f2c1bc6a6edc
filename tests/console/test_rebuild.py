"""`storyfold rebuild`: what it says beforehand is what it does, and decisions stand."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from pipelines.fold.process import LOCK, fold
from pipelines.fold.rules import FoldRules
from storage.engine import Database
from storage.lease import exclusive
from storage.models import Membership, Reading, Story, StoryEvent
from tests.console.cli import Cli
from tests.dedup import made
from tests.pipelines.arriving import Arrival, arrive, made_text

STRICT = ("--set", "stories.threshold=0.95")


@pytest.fixture
def here(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """One story of two reports, and two of one."""
    monkeypatch.setenv("STORYFOLD_DATABASE", database.engine.url.render_as_string(hide_password=False))
    title, body = made.REPORT_A
    other_title, other_body = made.REPORT_B
    reports = [
        Arrival("orrick-a", body.replace("\n\n", "\n"), title, source="Outlet A"),
        Arrival("orrick-b", other_body.partition("\n\n")[0], other_title, hours=1, source="Outlet B"),
    ]
    others = [Arrival(f"other-{seed}", made_text(seed, 150), made.text(seed, 6), hours=seed) for seed in (2, 3)]
    arrive(database, *reports, *others)
    fold(database, FoldRules())
    return database


def state(database: Database) -> list[Any]:
    with database.read() as session:
        return [
            session.execute(select(model.__table__).order_by(model.__table__.c.id)).all()
            for model in (Membership, Story, StoryEvent, Reading)
        ]


def told(cli: Cli, *arguments: str) -> Any:
    said = cli("rebuild", *arguments, "--json")
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_a_dry_run_says_what_would_change_and_changes_nothing(cli: Cli, here: Database) -> None:
    before = state(here)
    said = cli("rebuild", "--dry-run", *STRICT)
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "4 articles looked at: 3 stories would be 4.\n\n"
        "Split: 1\n  story 1 (2 articles) → story 1 (1 article) + a new story (1 article)\n"
    )
    assert state(here) == before


def test_a_rebuild_does_what_the_dry_run_said(cli: Cli, here: Database) -> None:
    expected = told(cli, "--dry-run", *STRICT)
    done = told(cli, *STRICT)
    assert done == expected | {"dry_run": False}
    assert told(cli, "--dry-run", *STRICT)["changes"] == []
    back = told(cli, "--dry-run")
    assert [(one["kind"], len(one["before"]), len(one["after"])) for one in back["changes"]] == [("merged", 2, 1)]
    assert cli("rebuild").err == ""
    assert cli("doctor").code == 0
    assert "No story changes." in cli("rebuild", "--dry-run").out


def test_decisions_stand_through_a_rebuild_with_other_settings(cli: Cli, here: Database) -> None:
    assert cli("pin", "1").code == 0
    assert told(cli, *STRICT)["changes"] == []
    assert cli("undo").code == 0
    assert [one["kind"] for one in told(cli, *STRICT)["changes"]] == ["split"]


def test_only_articles_since_then_are_looked_at(cli: Cli, here: Database) -> None:
    assert told(cli, "--dry-run", "--since", "2026-06-01T14:30")["readings"] == 1


def test_the_next_fold_decides_by_the_configuration(cli: Cli, here: Database) -> None:
    assert "set stories.threshold=0.95 there" in cli("rebuild", *STRICT).err


def test_what_cannot_be_set_is_said(cli: Cli, here: Database) -> None:
    for value in ("stories.treshold=1", "crawl.delay=1", "stories.threshold"):
        said = cli("rebuild", "--set", value)
        assert (said.code, "what can be set is stories.threshold=… and" in said.err) == (2, True)
    said = cli("rebuild", "--set", "stories.threshold=7")
    assert (said.code, "--set: STORYFOLD_STORIES__THRESHOLD" in said.err) == (2, True)


def test_beside_a_fold_nothing_is_rebuilt_or_tried(cli: Cli, here: Database) -> None:
    with exclusive(here, LOCK):
        assert cli("rebuild", "--dry-run").code == cli("rebuild").code == 75
