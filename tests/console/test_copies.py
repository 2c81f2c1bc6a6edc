"""`storyfold copies`, on databases folded from texts: who was first, who had it from whom, and what else is shared."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from pipelines.fold.process import fold
from pipelines.fold.rules import FoldRules
from storage.engine import Database
from storage.models import Article, CopyGroup
from storage.models.base import table_of
from tests.console.cli import Cli
from tests.pipelines.arriving import NOON, Arrival, arrive, made_text

WIRE = "\n".join(made_text(1, 240).split(". ")[:20])
CUT = "\n".join(WIRE.split("\n")[:16])


@pytest.fixture
def ids(database: Database, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, int]:
    """A text that three outlets print, one of them cut; an excerpt of it; a text of its own; a live blog."""
    monkeypatch.setenv("STORYFOLD_DATABASE", database.engine.url.render_as_string(hide_password=False))
    arrived = arrive(
        database,
        Arrival("https://courier.example/a", WIRE, "Dam opens to the public", source="Courier"),
        Arrival("https://gazette.example/a", WIRE, "Dam opens", hours=0.5, source="Gazette"),
        Arrival("https://ledger.example/a", CUT, "Dam open at last", hours=5, source="Ledger"),
        Arrival("https://brief.example/a", "\n".join(WIRE.split("\n")[3:9]), "In brief", hours=6, source="Brief"),
        Arrival("https://alone.example/a", made_text(2), "Alone", source="Alone"),
        Arrival("https://blog.example/a", WIRE, "Live: dam", source="Blog", kind="live_blog"),
    )
    fold(database, FoldRules())
    return {url.split(".")[0].removeprefix("https://"): article for url, article in arrived.items()}


def change(database: Database, article: int, **values: Any) -> None:
    with database.write() as session:
        session.execute(update(Article).where(Article.id == article).values(values))


def told(cli: Cli, *arguments: object) -> Any:
    said = cli("copies", *map(str, arguments), "--json")
    assert said.code == 0, said.err
    return json.loads(said.out)


GOLDEN = """\
1  Dam opens to the public
   Courier, 2026-06-01 12:00 UTC · https://courier.example/a

Copy group 1: 3 printings, 3 outlets (3 owners), 2 texts that differ in any word; 2 print this one to the word.
First for certain: Courier (article 1, 2026-06-01 12:00 UTC).

min behind  outlet   article  at (UTC)          copied from  its words there             order
+0          Courier  1 *      2026-06-01 12:00
+30         Gazette  2        2026-06-01 12:30  1 (Courier)  100%, the same to the word  undetermined
+300        Ledger   3        2026-06-01 17:00  1 (Courier)  100%                        certainly later

What else its text has to do with others:
  excerpt: holds the text of article 4 (Brief) (100% of that one's words) · 2026-06-01 18:00 UTC · In brief
"""


def test_a_small_case_is_told_as_people_read_it(cli: Cli, database: Database, ids: Mapping[str, int]) -> None:
    at = NOON + timedelta(minutes=1)
    change(database, ids["courier"], earliest_at=NOON, latest_at=at)
    change(database, ids["gazette"], earliest_at=at + timedelta(minutes=1), copied_order="undetermined")
    change(database, ids["ledger"], earliest_at=NOON + timedelta(hours=4), copied_order="after")
    shown = cli("copies", str(ids["courier"])).out
    assert "\n".join(line.rstrip() for line in shown.splitlines()) + "\n" == GOLDEN


def test_printings_say_from_whom_how_much_and_in_which_order(cli: Cli, ids: Mapping[str, int]) -> None:
    found = told(cli, "https://gazette.example/a")
    assert (found["article"]["article"], found["copy_group"]["articles"], found["same_as_asked"]) == (
        ids["gazette"],
        3,
        2,
    )
    first, same, cut = found["printings"]
    assert [one["outlet"] for one in found["printings"]] == ["Courier", "Gazette", "Ledger"]
    assert [one["minutes_behind"] for one in found["printings"]] == [0, 30, 300]
    assert first["copied_from"] is None
    assert (same["copied_from"], same["copied_from_outlet"], same["is_same_text"]) == (ids["courier"], "Courier", True)
    assert (cut["copied_share"], cut["is_same_text"]) == (1.0, False)
    assert {one["kind"] for one in found["related"]} == {"excerpt"}


def test_who_was_first_is_said_no_surer_than_the_times_allow(
    cli: Cli, database: Database, ids: Mapping[str, int]
) -> None:
    def line() -> str:
        return cli("copies", str(ids["ledger"])).out.splitlines()[4]

    for name in ("courier", "gazette", "ledger"):
        change(database, ids[name], earliest_at=NOON, latest_at=NOON + timedelta(hours=1))
    change(database, ids["ledger"], earliest_at=NOON + timedelta(hours=4))
    assert line().startswith("Who was first is undetermined: the times overlap, 2 of 3 may have been. The earliest as")
    change(database, ids["courier"], earliest_at=NOON + timedelta(hours=2), latest_at=NOON + timedelta(hours=3))
    assert line().startswith("First for certain: Gazette, although by the time that it claims it is Courier (article")
    change(database, ids["ledger"], agency="Halyard")
    assert line().startswith("Credited to the agency Halyard, whose text it is. The earliest here, as claimed: Courier")


def test_a_text_that_was_printed_once_names_nobody_as_first(cli: Cli, ids: Mapping[str, int]) -> None:
    shown = cli("copies", str(ids["alone"])).out
    assert "printed once, as far as was seen." in shown
    assert "No other text has to do with it." in shown
    assert "First" not in shown
    assert told(cli, ids["alone"])["copy_group"]["origin"] == "Alone"


def test_what_lies_in_another_text_says_so(cli: Cli, ids: Mapping[str, int]) -> None:
    shown = cli("copies", str(ids["brief"])).out
    assert f"excerpt: lies in the text of article {ids['courier']} (Courier) (100% of its words)" in shown


def test_what_waits_or_is_of_another_kind_says_why_it_stands_alone(
    cli: Cli, database: Database, ids: Mapping[str, int]
) -> None:
    assert "it is of kind live_blog, and only kind article is folded" in cli("copies", str(ids["blog"])).out
    arrive(database, Arrival("https://late.example/a", WIRE, source="Late"))
    found = told(cli, "https://late.example/a")
    assert (found["copy_group"], found["why_not_folded"]) == (None, "it waits to be folded")
    assert "it waits to be folded" in cli("copies", "https://late.example/a").out


def test_a_group_is_found_by_its_id_and_by_one_that_it_once_had(
    cli: Cli, database: Database, ids: Mapping[str, int]
) -> None:
    group = told(cli, ids["courier"])["copy_group"]["copy_group"]
    with database.write() as session:
        retired, empty = CopyGroup(created_at=NOON, merged_into_id=group), CopyGroup(created_at=NOON)
        session.add_all([retired, empty])
        session.flush()
        merged, left = retired.id, empty.id
    for asked in (group, merged):
        assert told(cli, "--group", asked)["article"]["article"] == ids["courier"]
    assert f"no article is left in copy group {left}" in cli("copies", "--group", str(left)).err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("9999",), "there is no article 9999"),
        (("9" * 30,), "there is no article 999"),
        (("--group", "9999"), "there is no copy group 9999"),
        (("--group", "x"), "there is no copy group x"),
        (("ftp://x",), "neither an article's id nor an address"),
    ],
)
def test_what_is_not_there_is_a_usage_error(
    cli: Cli, ids: Mapping[str, int], arguments: tuple[str, ...], says: str
) -> None:
    said = cli("copies", *arguments)
    assert (said.code, said.out) == (2, "")
    assert says in said.err


def test_ten_thousand_printings_are_counted_and_the_first_ones_shown(
    cli: Cli, database: Database, ids: Mapping[str, int]
) -> None:
    with database.write() as session:
        row = dict(session.execute(select(*table_of(Article).c).where(Article.id == ids["gazette"])).one()._mapping)
        del row["id"]
        at = datetime(2026, 6, 2, tzinfo=UTC)
        session.execute(
            insert(Article),
            [row | {"key": number.to_bytes(32, "big"), "url": f"u{number}", "time": at} for number in range(10_000)],
        )
    shown = cli("copies", str(ids["courier"]), "--limit", "5").out
    assert "10,003 printings" in shown
    assert "… and 9,998 more printings; `--limit 10003` shows all." in shown
    assert len([line for line in shown.splitlines() if line.startswith("+")]) == 5
    assert len(told(cli, ids["courier"])["printings"]) == 10_003
    assert [one["article"] for one in told(cli, ids["ledger"], "--limit", "1")["printings"]] == [
        ids["courier"],
        ids["ledger"],  # who was asked for is shown wherever it stands
    ]
