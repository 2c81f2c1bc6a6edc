"""The commands that read: stories, one story, and what they say where there is nothing."""

import json

import pytest

from tests.console.cli import Cli
from tests.console.planted import World


def test_stories_are_listed_latest_first(cli: Cli, world: World) -> None:
    listed = json.loads(cli("stories", "--json").out)
    assert [row["story"] for row in listed] == [world.harvest, world.bridge]
    bridge = listed[1]
    assert (bridge["articles"], bridge["outlets"], bridge["owners"], bridge["copy_groups"]) == (3, 3, 2, 2)
    assert (bridge["first_outlet"], bridge["first_at"], bridge["minutes"]) == (
        "Courier",
        "2026-06-01T12:00:00.000Z",
        30,
    )
    shown = cli("stories").out
    assert "Bridge closed" in shown
    assert "2026-06-01 12:00" in shown


def test_stories_are_narrowed_by_outlets_time_and_number(cli: Cli, world: World) -> None:
    def ids(*arguments: str) -> list[int]:
        return [row["story"] for row in json.loads(cli("stories", "--json", *arguments).out)]

    assert ids("--min-outlets", "2") == [world.bridge]
    assert ids("--since", "2026-06-01T12:45") == [world.harvest]
    assert ids("--since", "2026-06-01T12:30:00Z", "--limit", "1") == [world.harvest]
    assert ids("--since", "1m") == []
    assert cli("stories", "--since", "1m").out.startswith("No stories match")
    assert cli("stories", "--since", "yesterday").code == 2


def test_a_story_tells_who_was_first_who_copied_whom_and_why(cli: Cli, world: World) -> None:
    told = json.loads(cli("story", str(world.bridge), "--json").out)
    first, second = told["texts"]
    assert [article["outlet"] for article in first["articles"]] == ["Courier", "Gazette"]
    assert (first["articles"][1]["copied_from_outlet"], first["articles"][1]["minutes_behind"]) == ("Courier", 12)
    assert [(one["outlet"], one["basis"], one["reason"]) for one in second["articles"]] == [
        ("Ledger", "same_event", "bridge, Tolland, mayor")
    ]
    assert second["articles"][0]["evidence"] == {"terms": ["bridge"]}
    shown = cli("story", str(world.bridge)).out
    assert f"copy of article {world.articles['Courier']}'s text (Courier): Gazette, 12 minutes behind" in shown
    assert "same_event: bridge, Tolland, mayor" in shown


def test_a_story_tells_where_each_text_comes_from_and_why(cli: Cli, world: World) -> None:
    told = json.loads(cli("story", str(world.bridge), "--json").out)
    assert told["origins"] == 2
    first, second = (printed["origin"] for printed in told["texts"])
    assert (first["number"], second["number"], second["origin"], second["basis"]) == (1, 2, "Ledger", "first")
    assert [one["from"] for one in first["evidence"]["copies"]] == [world.articles["Courier"]]
    shown = cli("story", str(world.bridge)).out
    assert "2 own texts, 2 independent origins" in shown
    assert "  origin 2, Ledger: a report of its own" in shown


def test_a_merged_id_leads_to_its_story(cli: Cli, world: World) -> None:
    told = json.loads(cli("story", str(world.merged), "--json").out)
    assert (told["asked_for"], told["story"]) == (world.merged, world.bridge)
    assert f"Story {world.merged} was merged into story {world.bridge}." in cli("story", str(world.merged)).out


def test_an_unknown_story_is_a_usage_error(cli: Cli, world: World) -> None:
    said = cli("story", "999")
    assert (said.code, said.out) == (2, "")
    assert "there is no story 999" in said.err


@pytest.mark.parametrize("command", [("stories",), ("story", "1"), ("sql", "SELECT 1"), ("doctor",)])
def test_reading_makes_no_database(cli: Cli, command: tuple[str, ...]) -> None:
    said = cli(*command)
    assert said.code == 1
    assert "`storyfold run` makes it" in said.err
    assert not (cli.folder / "storyfold.db").exists()


@pytest.mark.parametrize("command", [("stories",), ("source", "list"), ("schedule", "--list")])
def test_nothing_to_show_is_said_kindly(cli: Cli, command: tuple[str, ...]) -> None:
    assert cli("init").code == 0
    said = cli(*command)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("No ")


def test_a_pages_text_cannot_drive_the_terminal(cli: Cli, world: World) -> None:
    shown = cli("sql", "SELECT 'a' || char(27) || '[31m [bold]b[/bold]' AS title").out if world else ""
    if "no such function" in cli("sql", "SELECT char(27)").err or not shown:  # PostgreSQL spells it chr
        shown = cli("sql", "SELECT 'a' || chr(27) || '[31m [bold]b[/bold]' AS title").out
    assert "\x1b" not in shown
    assert "[bold]b[/bold]" in shown


def test_two_copies_are_explained_by_their_link(cli: Cli, world: World) -> None:
    told = json.loads(
        cli("explain", str(world.articles["Gazette"]), "https://courier.example/bridge-closed", "--json").out
    )
    assert (told["one_copy_group"], told["one_story"], told["why_no_copy"]) == (True, True, None)
    assert [(link["kind"], link["jaccard"], link["is_current"]) for link in told["links"]] == [("copy", 1.0, True)]
    assert "copy: Jaccard 1.00" in cli("explain", "1", "2").out


def test_two_reports_of_one_event_are_explained_by_their_memberships(cli: Cli, world: World) -> None:
    told = json.loads(cli("explain", str(world.articles["Courier"]), str(world.articles["Ledger"]), "--json").out)
    assert (told["one_copy_group"], told["one_story"], told["why_apart"]) == (False, True, None)
    assert "needed" in told["why_no_copy"]
    assert told["b"]["reason"] == "bridge, Tolland, mayor"


def test_two_reports_that_are_apart_are_told_the_test_that_failed(cli: Cli, world: World) -> None:
    told = json.loads(
        cli("explain", str(world.articles["Courier"]), str(world.articles["Ledger harvest"]), "--json").out
    )
    assert not told["one_story"]
    assert told["why_apart"].startswith("likeness at most 0.")
    assert "needed 0.2" in told["why_apart"]
    shown = cli("explain", "1", "4").out
    assert "No links between them." in shown
    assert "Not one story: likeness at most" in shown


@pytest.mark.parametrize(
    ("one", "other"), [("1", "1"), ("1", "999"), ("https://nowhere.example/", "1"), ("ftp://x", "1")]
)
def test_what_cannot_be_explained_is_a_usage_error(cli: Cli, world: World, one: str, other: str) -> None:
    said = cli("explain", one, other)
    assert (said.code, said.out) == (2, "")
