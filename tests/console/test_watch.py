"""`storyfold watch`: what matches the standing queries, and a query tried without keeping."""

import json

import pytest

from tests.console.cli import Cli
from tests.console.planted import World

WATCH = '[[watch]]\nname = "bridges"\nquery = "bridge*"\n\n[[watch]]\nname = "new"\nquery = "apple"\n'


def test_watches_are_listed_with_what_matches_them(cli: Cli, world: World) -> None:
    cli.configure(WATCH)
    bridges, new = json.loads(cli("watch", "list", "--json").out)
    assert (bridges["watch"], bridges["query"], bridges["articles"], bridges["stories"]) == ("bridges", "bridge*", 3, 1)
    assert (bridges["matched_at"], bridges["waiting"]) == ("2026-06-01T12:00:00.000Z", 0)
    assert (new["watch"], new["articles"]) == ("new", None)  # no run has seen it yet
    assert "bridges" in cli("watch", "list").out


def test_watches_are_listed_before_there_is_a_database(cli: Cli) -> None:
    assert cli("watch", "list").out.startswith("No watches are configured")
    cli.configure(WATCH)
    assert [row["articles"] for row in json.loads(cli("watch", "list", "--json").out)] == [None, None]


def test_a_query_is_tried_on_what_is_stored(cli: Cli, world: World) -> None:
    told = json.loads(cli("watch", "test", 'bridge OR "apple harvest"', "--since", "2026-06-01", "--json").out)
    assert (told["query"], told["matching"]) == ('bridge OR "apple harvest"', 4)
    first = told["articles"][0]
    assert (first["outlet"], first["title"], first["story"]) == ("Ledger", "Apple harvest", world.harvest)
    shown = cli("watch", "test", "title:bridge", "--since", "2026-06-01", "--limit", "1").out
    assert "Ferries replace bridge" in shown
    assert "3 articles match title:bridge" in shown
    assert cli("watch", "test", "bridge", "--since", "1m").out.startswith("No articles since 1m match")


@pytest.mark.parametrize("query", ["", "bridge OR", '"bridge', "bridge or ferry"])
def test_a_query_that_cannot_be_read_is_a_usage_error(cli: Cli, query: str) -> None:
    said = cli("watch", "test", query)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("storyfold: ")


def test_a_configured_query_that_cannot_be_read_is_named_with_its_line_and_place(cli: Cli) -> None:
    cli.configure(WATCH.replace('"apple"', "'apple \"tree'"))
    said = cli("watch", "list")
    assert said.code == 2
    assert "storyfold.toml:7: watch.query: this quotation mark is never closed (character 7 of the query)" in said.err
