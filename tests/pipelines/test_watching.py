"""Watches: what matches is a row, for new and stored articles alike, whatever is changed, stopped or started again."""

import os
import random
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select, text, update

from foundation.config_sections import WatchSettings
from pipelines.fold.process import fold
from pipelines.fold.rules import FoldRules
from pipelines.watching import match_batch
from storage import watches
from storage.checks import breaches, invariants
from storage.engine import Database
from storage.models import Reading, Watch, WatchArticle
from tests.pipelines.arriving import NOON, Arrival, arrive


def configure(database: Database, **queries: str) -> None:
    with database.write() as session:
        watches.sync(session, [WatchSettings(name=name, query=query) for name, query in queries.items()], now=NOON)


def compare(database: Database, limit: int = 500) -> int:
    batches = 0
    while match_batch(database, NOON, limit):
        batches += 1
    return batches


def found(database: Database) -> dict[str, set[str]]:
    """The articles' names by watch, as the view has them."""
    with database.read() as session:
        rows = session.execute(text("SELECT watch, url FROM watch_articles")).all()
        lawful = [one for one in breaches(session, invariants(database.dialect), samples=3) if one]
    assert "matches_cite_readings" not in {breach.invariant.name for breach in lawful}
    return {watch: {row.url for row in rows if row.watch == watch} for watch in {row.watch for row in rows}}


FLOOD = Arrival("flood", "The river burst its banks.", title="Town under water")
BRIDGE = Arrival("bridge", "The bridge over the river is closed.", title="Bridge closed")
LIVE = Arrival("live", "12:01 The water is rising.", title="As it happened", kind="live_blog")


def test_a_watch_finds_what_is_stored_and_what_arrives_of_every_kind(database: Database) -> None:
    arrive(database, FLOOD)
    configure(database, floods='"burst its banks" OR "water is rising"', bridges="title:bridge")
    compare(database)
    assert found(database) == {"floods": {"flood"}}
    arrive(database, BRIDGE, LIVE)
    compare(database)
    assert found(database) == {"floods": {"flood", "live"}, "bridges": {"bridge"}}
    assert compare(database) == 0


def test_a_changed_query_starts_again_and_a_watch_that_is_gone_is_out_of_sight(database: Database) -> None:
    arrive(database, FLOOD, BRIDGE)
    configure(database, one="river", other="water")
    compare(database)
    configure(database, one="bridge", other="water")
    assert found(database) == {"other": {"flood"}}
    compare(database)
    assert found(database) == {"one": {"bridge"}, "other": {"flood"}}
    configure(database, other="water")
    assert found(database) == {"other": {"flood"}}
    arrive(database, Arrival("late", "Another bridge."))
    configure(database, one="bridge", other="water")
    compare(database)
    assert found(database)["one"] == {"bridge", "late"}


def test_an_article_that_no_longer_matches_is_taken_out_and_one_that_still_does_keeps_its_place(
    database: Database,
) -> None:
    arrive(database, FLOOD, BRIDGE)
    configure(database, rivers="river")
    compare(database)
    with database.write() as session:
        session.execute(update(WatchArticle).values(matched_at=NOON - timedelta(days=1)))
    arrive(
        database,
        Arrival("flood", "The lake burst its banks.", title="Town under water"),
        Arrival("bridge", "The bridge over the river is open.", title="Bridge open"),
    )
    compare(database)
    assert found(database) == {"rivers": {"bridge"}}
    with database.read() as session:
        match = session.scalars(select(WatchArticle)).one()
        assert match.matched_at == NOON - timedelta(days=1)
        assert session.get_one(Reading, match.reading_id).is_current


@pytest.mark.parametrize("seed", range(3))
def test_batches_stops_and_new_watches_on_the_way_make_no_difference(database: Database, seed: int) -> None:
    pick = random.Random(seed)
    queries = {"a": "x1", "b": "x2 OR x3", "c": "NOT x4", "d": '"x1 x2"'}
    asked: dict[str, str] = {}
    for number in range(12):
        arrive(database, Arrival(f"n{pick.randrange(8)}", " ".join(f"x{pick.randrange(5)}" for _ in range(5))))
        if number % 4 == 1:
            asked = dict(list(queries.items())[: 1 + len(asked)])
            configure(database, **asked)
        for _ in range(pick.randrange(3)):
            match_batch(database, NOON, limit=pick.randint(1, 3))
    configure(database, **queries)
    compare(database, limit=2)
    little_by_little = found(database)
    with database.write() as session:
        session.execute(text("DELETE FROM watch_article"))
        session.execute(update(Watch).values(read_upto=0))
    compare(database)
    assert found(database) == little_by_little


def test_a_batch_that_breaks_leaves_nothing_behind_and_is_done_again(database: Database) -> None:
    arrive(database, FLOOD, BRIDGE)
    configure(database, rivers="river")

    def break_off(_1: object, _2: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE watch SET"):  # the last statement of the batch
            raise KeyboardInterrupt

    event.listen(database.engine, "before_cursor_execute", break_off)
    with pytest.raises(KeyboardInterrupt):
        match_batch(database, NOON)
    event.remove(database.engine, "before_cursor_execute", break_off)
    assert found(database) == {}
    compare(database)
    assert found(database) == {"rivers": {"flood", "bridge"}}


def test_a_query_that_changes_while_it_is_compared_keeps_nothing_of_the_old_one(database: Database) -> None:
    arrive(database, FLOOD, BRIDGE)
    configure(database, rivers="river")
    with database.read() as session:
        compared = watches.standing(session)
        texts = watches.texts(session, after=0, upto=99, limit=99)
    configure(database, rivers="bridge")
    with database.write() as session:
        matches = [watches.Match(compared[0].id, one.article_id, one.reading_id) for one in texts]
        watches.keep(session, compared, [one.article_id for one in texts], matches, upto=2, now=NOON)
    assert found(database) == {}
    compare(database)
    assert found(database) == {"rivers": {"bridge"}}


def test_an_article_whose_writer_is_late_is_not_passed_over(database: Database) -> None:
    """PostgreSQL shows rows in the order of their commits, not of their ids."""
    if database.dialect == "sqlite":
        pytest.skip("one writer at a time")
    configure(database, rivers="river")
    arrive(database, FLOOD, BRIDGE)
    with database.write() as late:
        reading = late.scalars(select(Reading).where(Reading.article_id == 1)).one()
        reading.is_current = False
        late.flush()
        late.execute(
            text(
                "INSERT INTO reading"
                " (article_id, version_id, number, is_current, kind, rules_version, created_at, text, words, sha256)"
                " SELECT article_id, version_id, 2, true, kind, 1, created_at, 'A lake.', 2, sha256"
                " FROM reading WHERE article_id = 1"
            )
        )
        arrive(database, Arrival("third", "A third river."))
        comparing = threading.Thread(target=compare, args=(database,))
        comparing.start()
        late.commit()
    comparing.join()
    assert found(database) == {"rivers": {"bridge", "third"}}


def test_fold_tells_the_watches_and_their_stories(database: Database) -> None:
    arrive(database, FLOOD, BRIDGE, LIVE)
    configure(database, floods="river OR rising")
    fold(database, FoldRules())
    with database.read() as session:
        told = session.execute(text("SELECT watch, matching, articles, outlets FROM watch_stories")).all()
        standing = session.execute(text("SELECT article, story FROM watch_articles")).all()
    assert [tuple(row) for row in told] == [("floods", 1, 1, 1)] * 2
    assert [story is None for _, story in sorted(standing)] == [False, False, True]  # live blogs are in no story


def test_thousands_of_watches_are_kept_in_one_go(database: Database) -> None:
    arrive(database, FLOOD, BRIDGE)
    configure(database, **{f"w{number}": f"river w{number} OR bridge" for number in range(6_000)})
    assert compare(database) == 1
    with database.read() as session:
        assert len(session.execute(select(WatchArticle.watch_id)).all()) == 6_000
        assert session.scalars(select(Watch.read_upto).distinct()).all() == [2]


def test_the_fold_process_takes_the_watches_from_the_configuration(database: Database, tmp_path: Path) -> None:
    arrive(database, FLOOD, BRIDGE)
    config = tmp_path / "storyfold.toml"
    environment = os.environ | {
        "STORYFOLD_DATABASE": database.engine.url.render_as_string(hide_password=False),
        "STORYFOLD_CONFIG": str(config),
    }
    for query, expected in (("river", {"flood", "bridge"}), ("bridge", {"bridge"})):
        config.write_text(f"[[watch]]\nname = 'rivers'\nquery = '{query}'\n")
        subprocess.run([sys.executable, "-m", "pipelines.fold"], env=environment, check=True, timeout=60)
        assert found(database) == {"rivers": expected}
