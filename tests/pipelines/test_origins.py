"""A story's origins as they are stored: counted after every fold, each with the words or the link that say so."""

from typing import Any

import pytest
from sqlalchemy import delete, select, text, update

from pipelines.fold import deciding
from pipelines.fold.deciding import apply
from pipelines.fold.process import fold
from pipelines.fold.rules import FoldRules
from storage.checks import breaches, invariants
from storage.engine import Database
from storage.models import Article, CopyGroup, Membership, Story, StoryOrigin
from tests.pipelines.arriving import NOON, Arrival, arrive, made_text

RULES = FoldRules()
POST = Arrival(
    "post",
    "The lock gates at Aldermoor were rotten when the town paid for them, papers of the river board show.\n"
    "“We signed because we were told to sign,” said Joren Maas, who kept the books until last year.\n"
    + made_text(1, 90),
    "Rotten gates were paid for",
    hours=1,
    source="The Meridian Post",
)
COURIER = Arrival(
    "courier",
    "Aldermoor has paid for lock gates that were rotten, it has emerged.\n"
    "The Meridian Post first reported the payments, citing papers of the river board.\n" + made_text(2, 90),
    "Town paid for rotten gates",
    hours=2,
    source="Courier",
)
GAZETTE = Arrival(
    "gazette",
    "Rotten gates cost Aldermoor a fortune, as the Meridian Post reported on Monday.\n" + made_text(3, 80),
    "A fortune for rotten gates",
    hours=3,
    source="Gazette",
)
LEDGER = Arrival(
    "ledger",
    "Boats queued below Aldermoor again on Tuesday because of the gates.\n"
    "“I have been lying here for a week and nobody tells me anything,” said Ilse Tornby, who carries gravel.\n"
    "The Meridian Post first reported that the gates were rotten.\n" + made_text(4, 90),
    "Boats queue at Aldermoor",
    hours=4,
    source="Ledger",
)
WIRE = "ALDERMOOR (Reuters) - The lock at Aldermoor stays closed, the river board wrote on Tuesday.\n" + made_text(
    5, 120
)
STANDARD = Arrival("standard", WIRE, "Lock stays closed", hours=5, source="Standard", agency="Reuters")
ECHO = Arrival("echo", WIRE, "Lock stays closed", hours=6, source="Echo", agency="Reuters")


def told(database: Database, *arrivals: Arrival) -> dict[str, Any]:
    """Fold some articles into one story; return what it says of the origin of each, by the article's name."""
    ids = arrive(database, *arrivals)
    fold(database, RULES)
    one_story(database, list(ids.values()))
    return shown(database)


def one_story(database: Database, articles: list[int]) -> None:
    with database.read() as session:
        rows = session.execute(select(Membership.article_id, Membership.story_id).where(Membership.left_at.is_(None)))
        story_of = {row.article_id: row.story_id for row in rows}
    for article in articles[1:]:
        with database.write() as session:
            if story_of[article] != story_of[articles[0]]:
                verdict = deciding.merge_articles(session, articles[0], article)
                deciding.give(session, verdict, by="ana", why="one event", now=NOON)
    assert apply(database, RULES)


def shown(database: Database) -> dict[str, Any]:
    with database.read() as session:
        assert [breach for breach in breaches(session, invariants(database.dialect), 3) if breach] == []
        rows = session.execute(select(Article.url, StoryOrigin).join(StoryOrigin, StoryOrigin.article_id == Article.id))
        return {row.url: row.StoryOrigin for row in rows}


def counters(database: Database) -> list[tuple[int, int, int, int | None]]:
    with database.read() as session:
        rows = session.execute(text("SELECT articles, outlets, copy_groups, origins FROM stories"))
        return [(row.articles, row.outlets, row.copy_groups, row.origins) for row in rows]


def test_reports_that_rest_on_an_outlet_never_crawled_are_one_origin(database: Database) -> None:
    found = told(database, COURIER, GAZETTE)
    assert counters(database) == [(2, 2, 2, 1)]
    assert {(one.origin, one.basis, one.number) for one in found.values()} == {("Meridian Post", "stated", 1)}
    cited = found["courier"].evidence["stated"]
    assert (cited["name"], cited["wording"], cited["position"]) == ("Meridian Post", "first_reported", 1)
    line = COURIER.body.split("\n")[1]
    assert line[cited["start_at"] : cited["end_at"]] == cited["phrase"]
    assert cited["phrase"] in found["courier"].reason


def test_what_rests_on_a_report_of_the_story_shares_its_origin(database: Database) -> None:
    found = told(database, POST, COURIER, GAZETTE)
    assert counters(database) == [(3, 3, 3, 1)]
    assert found["courier"].via_copy_group_id == found["gazette"].via_copy_group_id == found["post"].copy_group_id
    assert {one.origin for one in found.values()} == {"The Meridian Post"}
    assert found["post"].basis == "first"


def test_a_report_with_witnesses_of_its_own_stays_its_own_and_says_so(database: Database) -> None:
    found = told(database, COURIER, LEDGER)
    assert counters(database) == [(2, 2, 2, 2)]
    assert (found["ledger"].origin, found["ledger"].basis) == ("Ledger", "first")
    assert "Ilse Tornby" in found["ledger"].evidence["own"]["phrase"]
    assert found["ledger"].evidence["own"]["names"] == ["Meridian Post"]


def test_copies_are_their_agencys_with_its_line_and_their_links(database: Database) -> None:
    found = told(database, STANDARD, ECHO, LEDGER)
    assert counters(database) == [(3, 3, 2, 2)]
    wire = found["standard"]
    assert (wire.origin, wire.basis) == ("Reuters", "agency")
    assert wire.evidence["credit"]["line"].startswith("ALDERMOOR (Reuters)")
    (copy,) = wire.evidence["copies"]
    assert (copy["from"], copy["share"]) == (wire.article_id, 1.0)


def test_a_brief_out_of_a_longer_text_is_that_texts(database: Database) -> None:
    long = made_text(8, 400)
    found = told(
        database,
        Arrival("long", long, "Lock stays closed", source="Courier"),
        Arrival("brief", long[: len(long) // 4].rpartition(".")[0] + ".", "Closed", hours=2, source="Gazette"),
    )
    assert counters(database) == [(2, 2, 2, 1)]
    assert (found["brief"].basis, found["brief"].origin) == ("excerpt", "Courier")
    assert found["brief"].evidence["excerpt"]["of"] == found["long"].article_id


def test_copies_without_a_certain_order_are_undetermined(database: Database) -> None:
    body = made_text(7, 150)
    found = told(
        database,
        Arrival("here", body, source="Courier"),
        Arrival("there", body, source="Gazette"),
    )
    assert [(one.origin, one.basis) for one in found.values()] == [(None, "undetermined")]
    assert counters(database) == [(2, 2, 1, 1)]


def test_a_correction_that_names_its_source_changes_the_origin(database: Database) -> None:
    before = told(database, Arrival("courier", made_text(2, 90), COURIER.title, hours=2, source="Courier"))
    assert before["courier"].basis == "first"
    after = told(database, COURIER)
    assert (after["courier"].origin, after["courier"].basis) == ("Meridian Post", "stated")


def test_stories_from_before_are_told_by_the_next_fold(database: Database) -> None:
    before = told(database, POST, COURIER)
    with database.write() as session:
        session.execute(delete(StoryOrigin))
        session.execute(update(Story).values(origins=None))
    assert shown(database) == {}
    fold(database, RULES)
    assert {name: one.reason for name, one in shown(database).items()} == {
        name: one.reason for name, one in before.items()
    }
    assert counters(database) == [(2, 2, 2, 1)]


@pytest.mark.parametrize(
    "harm",
    [
        update(Story).values(origins=7),
        delete(StoryOrigin).where(StoryOrigin.basis == "first"),
        update(StoryOrigin).where(StoryOrigin.basis == "first").values(number=5, copy_group_id=99),
    ],
)
def test_doctor_finds_origins_that_are_no_recount(database: Database, harm: Any) -> None:
    told(database, POST, COURIER)
    with database.write() as session:
        session.add(CopyGroup(id=99, created_at=NOON))
        session.flush()
        session.execute(harm)
    with database.read() as session:
        names = [breach.invariant.name for breach in breaches(session, invariants(database.dialect), 3) if breach]
    assert names == ["story_origins"]
