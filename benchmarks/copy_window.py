"""Ninety days of articles with the keys of what no window reaches forgotten each day: whether the table stays one size.

Articles arrive by fold's own keying, so bytes are what arriving articles leave behind. PostgreSQL is vacuumed each day,
as its autovacuum does within minutes; ninety days pass here in one.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import text

from benchmarks import made_texts
from benchmarks.stored_articles import add, add_sources
from pipelines.fold.keeping import evict
from pipelines.fold.keying import key_batch
from pipelines.fold.rules import FoldRules
from storage.engine import Database

A_DAY: Final = 40  # articles
DAYS: Final = 90
SHOWN: Final = (10, 20, 30, 40, 50, 60, 70, 80, 90)
FIRST: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)


def days(kind: str, database: Database) -> list[dict[str, Any]]:
    """Return the rows and bytes of keys after each ten days, with and without what was forgotten."""
    rules = FoldRules()
    add_sources(database)
    found = []
    for day in range(DAYS):
        now = FIRST + timedelta(days=day)
        first = 1 + day * A_DAY
        add(database, first, [made_texts.article(number) for number in range(first, first + A_DAY)], now)
        while key_batch(database, rules.batch, now):
            pass
        evict(database, rules, now)
        _vacuum(database)
        if day + 1 in SHOWN:
            found.append({"database": kind, "day": day + 1, **_size(database)})
    return found


def _vacuum(database: Database) -> None:
    if database.dialect == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM key"))


def _size(database: Database) -> Mapping[str, int | float]:
    sqlite = "SELECT sum(pgsize) FROM dbstat WHERE name = 'key'"
    server = "SELECT pg_total_relation_size('key')"
    with database.read() as session:
        rows, held = session.execute(text("SELECT count(*), count(DISTINCT reading_id) FROM key")).one()
        packed = session.execute(text("SELECT avg(length(keys)) FROM reading")).scalar_one()
        size = int(session.execute(text(sqlite if database.dialect == "sqlite" else server)).scalar_one())
    return {
        "rows of keys": int(rows),
        "articles in it": int(held),
        "bytes of the table": size,
        "bytes an article": round(size / max(1, int(held))),
        "packed bytes an article": round(float(packed)),
    }
