"""`storyfold site`: what was learnt of a site, and how it is forgotten."""

import json
from datetime import timedelta

import pytest

from pipelines.fold.process import fold
from pipelines.fold.rules import FoldRules
from storage.engine import Database
from tests.console.cli import Cli
from tests.pipelines.test_remembering import FOOT, come, shows
from tests.pipelines.test_save import NOON


@pytest.fixture
def learnt(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A site whose foot line is learnt and cut from three articles."""
    monkeypatch.setenv("STORYFOLD_DATABASE", database.engine.url.render_as_string(hide_password=False))
    come(database, "whale", "storm", "lamp")
    fold(database, FoldRules())
    return database


def test_the_lines_that_are_cut_are_shown_with_where_they_were_seen(cli: Cli, learnt: Database) -> None:
    told = json.loads(cli("site", "show", "example.com", "--json").out)
    assert (told["site"], told["pages"], told["furniture"], told["is_learning"]) == ("example.com", 3, 1, True)
    assert told["readings_waiting"] == 0
    line = told["learnt"][0]
    assert (line["page_groups"], line["days"], line["articles"], line["sample"]) == (3, 2, 3, FOOT)
    assert (line["first_seen"], line["last_seen"]) == ("2026-06-01", f"{NOON + timedelta(days=1):%Y-%m-%d}")
    shown = cli("site", "show", "https://news.example.com/whale-1").out
    assert FOOT in shown
    assert "3 pages teach" in shown
    assert json.loads(cli("site", "list", "--json").out)[0]["site"] == "example.com"
    assert "example.com" in cli("site", "list").out


def test_a_site_that_is_forgotten_has_its_lines_back_after_the_next_fold(cli: Cli, learnt: Database) -> None:
    told = json.loads(cli("site", "forget", "example.com", "--json").out)
    assert told == {"site": "example.com", "furniture": 1, "readings_waiting": 3}
    fold(learnt, FoldRules())
    assert all(shows(learnt, "whale", "storm", "lamp"))
    assert "Nothing of it is cut" in cli("site", "show", "example.com").out
    assert "No article had lost a line" in cli("site", "forget", "example.com", "--for-good").out
    assert "forgotten for good" in cli("site", "show", "example.com").out
    cli("site", "forget", "example.com")
    assert "forgotten for good" not in cli("site", "show", "example.com").out


@pytest.mark.parametrize("command", ["show", "forget"])
@pytest.mark.parametrize("name", ["nowhere.example", "http://[", ""])
def test_a_site_that_nobody_knows_is_a_usage_error(cli: Cli, learnt: Database, command: str, name: str) -> None:
    said = cli("site", command, name)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("storyfold: ")


def test_before_the_first_run_there_is_nothing_to_forget(cli: Cli) -> None:
    assert cli("site", "forget", "example.com").code == 1
    assert cli("site", "list").code == 1


def test_an_empty_database_knows_no_site(cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYFOLD_DATABASE", database.engine.url.render_as_string(hide_password=False))
    assert cli("site", "list").out.startswith("No site is known yet")
    assert json.loads(cli("site", "list", "--json").out) == []
