"""What sites' memories learn or undo reaches older articles: they get a new reading, some in every run.

The list of readings to look at is in the database, and each batch is one transaction: a kill leaves the rest waiting.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, select

from foundation.urls import site
from pipelines.reading import Article as Said
from pipelines.reading import Block
from pipelines.remembering import furniture
from pipelines.site_memory import RULE, digest, relabel, unpacked
from pipelines.stated_sources import stated_sources
from pipelines.versions import BLOCK, READING, RETIRE, VERSION, new_reading, next_number, stored_labels
from storage import sites
from storage.models import Article
from storage.models.base import table_of

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from storage.engine import Database

ARTICLE: Final = table_of(Article)
BATCH: Final = 100  # readings in one transaction, a tenth of a second: the crawl, which writes too, waits no longer
READINGS_PER_RUN: Final = 2_000  # a site's backlog is folded anew beside the news, not instead of it
FOUND_FOR: Final = timedelta(days=30)  # as long as copies of an article are looked for (FoldRules.copy_window_days)

_BLOCKS: Final = (
    select(BLOCK.c.position, BLOCK.c.text).where(BLOCK.c.version_id == bindparam("version")).order_by(BLOCK.c.position)
)
_CURRENT: Final = (
    select(READING, VERSION.c.title, ARTICLE.c.language)
    .join(VERSION, VERSION.c.id == READING.c.version_id)
    .join(ARTICLE, ARTICLE.c.id == READING.c.article_id)
    .where(READING.c.id == bindparam("reading"), READING.c.is_current)
)


def relabel_waiting(database: Database, now: datetime, most: int = READINGS_PER_RUN) -> int:
    """Bring up to ``most`` readings up to what their sites' memory says now; return how many were looked at.

    One fold at a time does it. A kill leaves the rest on the list, which the next run takes up.
    """
    _undo_shared(database)
    done = 0
    while done < most and (looked_at := _relabel_batch(database, now, min(BATCH, most - done))):
        done += looked_at
    with database.write() as session:
        sites.prune(session, seen_before=(now - FOUND_FOR).date())
    return done


def _undo_shared(database: Database) -> None:
    """Make text of furniture that another site has printed since, one site a transaction."""
    with database.read() as session:
        rows = sorted((row.name, bytes(row.digest)) for row in sites.shared_furniture(session))
    for name, shared in groupby(rows, key=itemgetter(0)):
        with database.write() as session:
            known = sites.lock(session, name)
            sites.unlearn(session, known.id, [block for _, block in shared])


def _relabel_batch(database: Database, now: datetime, limit: int) -> int:
    with database.write() as session:
        rows = sorted((site(row.url), row.reading_id) for row in sites.waiting(session, limit))
        for name, readings in groupby(rows, key=itemgetter(0)):  # in one order: no two writers wait for each other
            known = sites.lock(session, name)
            for _, reading_id in readings:
                _relabel(session, known.id, reading_id, now)
        sites.looked_at(session, [reading_id for _, reading_id in rows])
    return len(rows)


def _relabel(session: Session, site_id: int, reading_id: int, now: datetime) -> None:
    reading = session.execute(_CURRENT, {"reading": reading_id}).first()
    if reading is None:
        return  # its article has said something else since
    labels = stored_labels(session, reading_id)
    rows = session.execute(_BLOCKS, {"version": reading.version_id})
    blocks = tuple(Block(row.text, *labels.get(row.position, ())) for row in rows)
    held = sites.held(session, site_id, reading.article_id)
    # Of a page that its site's memory has dropped nothing more is cut: what its own description was is not known.
    shown = [digest(block.text) for block in blocks if block.rule == RULE] if held is None else unpacked(held)
    marked = relabel(blocks, furniture(session, site_id, shown))
    if marked != blocks:
        _replace(session, reading, marked, now)


def _replace(session: Session, reading: Row[*tuple[Any, ...]], blocks: tuple[Block, ...], now: datetime) -> None:
    """Let an article stand by a new reading of the same version, made by the same rules."""
    session.execute(RETIRE, {"reading": reading.id})
    new_reading(
        session,
        Said(
            reading.kind,
            reading.title,
            blocks,
            reader=reading.reader,
            stated_sources=stated_sources(blocks, reading.language),
        ),
        now,
        rules_version=reading.rules_version,
        article_id=reading.article_id,
        version_id=reading.version_id,
        number=next_number(session, reading.version_id),
    )
