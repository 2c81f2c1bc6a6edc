"""Pages: found, leased to a run, and ended in one of the states that the crawl can leave them in.

Time, run and decision come in as arguments. Every function runs inside the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.models import Page, RawBody, Run, Source
from storage.models.base import table_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

CHUNK: Final = 500  # rows of one statement: well under SQLite's 32,766 and PostgreSQL's 65,535 parameters
# A newer date in a feed has these asked again. A page that is being fetched gets its new text anyway, one that was
# refused stays refused.
ASKED_AGAIN: Final = ("fetched", "read", "failed", "gone")

# Once for every page: made once, without objects.
_PAGE, _RAW, _RUN = table_of(Page), table_of(RawBody), table_of(Run)
_PAGE_OF: Final = select(_RAW.c.page_id).where(_RAW.c.id == bindparam("raw"))
_RAW_READ: Final = (
    update(_RAW).where(_RAW.c.id == bindparam("raw"), _RAW.c.read_at.is_(None)).values(read_at=bindparam("now"))
)
_NOTHING_WAITS: Final = ~exists().where(_RAW.c.page_id == _PAGE.c.id, _RAW.c.read_at.is_(None))
_IS_READ: Final = (_PAGE.c.state == "fetched") & _NOTHING_WAITS
_PAGE_READ: Final = (
    update(_PAGE)
    .where(_PAGE.c.id == bindparam("page"))
    .values(
        read_at=bindparam("now"),
        article_id=func.coalesce(bindparam("article", type_=_PAGE.c.article_id.type), _PAGE.c.article_id),
        state=case((_IS_READ, "read"), else_=_PAGE.c.state),
        reason=case((_IS_READ, bindparam("why", type_=_PAGE.c.reason.type)), else_=_PAGE.c.reason),
    )
)
_COUNTED: Final = {
    "fetched": _RUN.c.pages_fetched,
    "unchanged": _RUN.c.pages_fetched,
    "refused": _RUN.c.pages_refused,
    "failed": _RUN.c.pages_failed,
    "gone": _RUN.c.pages_failed,
}
_COUNTS: Final = {
    state: update(_RUN).where(_RUN.c.id == bindparam("run")).values({counter: counter + 1})
    for state, counter in _COUNTED.items()
}


@dataclass(frozen=True, slots=True)
class Found:
    """A link as a feed shows it; ``url`` is canonical and ``key`` its sha256."""

    url: str
    key: bytes
    title: str | None = None
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Leased:
    """A page that this run alone may ask for, until its lease ends."""

    id: int
    url: str
    source: str
    attempts: int
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a request for a page ended where it brought no bytes to keep.

    ``unchanged`` is the answer 304. ``next_try_at`` matters for ``failed``: None gives the page up.
    """

    state: Literal["refused", "failed", "gone", "unchanged"]
    reason: str | None = None
    status: int | None = None
    final_url: str | None = None
    next_try_at: datetime | None = None


def add(
    session: Session, source_id: int, feed_id: int | None, found: Sequence[Found], *, now: datetime
) -> tuple[int, int]:
    """Insert the links that are new; have those asked again that the feed dates newer than it did before.

    Returns how many were new and how many are asked again. Links that some source already has keep their source.
    """
    unique = {link.key: link for link in found}
    links = sorted(unique.values(), key=lambda link: link.key)  # one order for all writers: no deadlock
    new = changed = 0
    for chunk in (links[i : i + CHUNK] for i in range(0, len(links), CHUNK)):
        inserted = _insert_new(session, source_id, feed_id, chunk, now)
        new += len(inserted)
        changed += _ask_again(session, [link for link in chunk if link.key not in inserted])
    return new, changed


def sources_with_due(session: Session, names: Collection[str] | None, *, now: datetime) -> list[str]:
    """Return the names of enabled sources (among ``names``, where given) that have a page to ask for."""
    query = select(Source.name).join(Page).where(Source.is_enabled, _is_due(now)).distinct().order_by(Source.name)
    if names is not None:
        query = query.where(Source.name.in_(names))
    return list(session.scalars(query))


def lease(
    session: Session, source: str, limit: int, *, run_id: int | None, now: datetime, until: datetime
) -> list[Leased]:
    """Take up to ``limit`` due pages of a source for this run; oldest first.

    Due are pages that wait, failed ones whose time has come, and those whose lease is void: it ran out, or its run is
    no longer running.
    """
    due = (
        select(Page.id)
        .join(Source)
        .where(Source.name == source, Source.is_enabled, _is_due(now))
        .order_by(Page.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Page)
    )
    ids = list(session.scalars(due))
    if not ids:
        return []
    session.execute(
        update(Page).where(Page.id.in_(ids)).values(state="fetching", leased_until=until, run_id=run_id, reason=None)
    )
    rows = session.execute(
        select(Page.id, Page.url, Page.attempts, Page.etag, Page.last_modified)
        .where(Page.id.in_(ids))
        .order_by(Page.id)
    )
    return [Leased(row.id, row.url, source, row.attempts, row.etag, row.last_modified) for row in rows]


def give_back(session: Session, page_ids: Sequence[int], *, run_id: int | None) -> None:
    """End this run's leases without having asked: the pages wait as before."""
    session.execute(
        update(Page)
        .where(Page.id.in_(page_ids), Page.state == "fetching", Page.run_id.is_not_distinct_from(run_id))
        .values(state="waiting", leased_until=None)
    )


def end(session: Session, page_id: int, ended: Ended, *, run_id: int | None, now: datetime) -> bool:
    """Record how a leased page ended; False where another run has taken the page since (its word counts).

    A page that answered "unchanged" goes back to where it was: ``fetched`` if its bytes still wait to be read.
    """
    values: dict[str, object] = {"leased_until": None, "next_try_at": ended.next_try_at, "reason": ended.reason}
    if ended.status is not None:
        values["status"] = ended.status
    if ended.final_url is not None:
        values["final_url"] = ended.final_url
    if ended.state == "unchanged":
        waits = exists().where(RawBody.page_id == page_id, RawBody.read_at.is_(None))
        values |= {"state": case((waits, "fetched"), else_="read"), "fetched_at": now, "attempts": 0}
    elif ended.state == "failed":
        values |= {"state": "failed", "attempts": Page.attempts + 1}
    else:
        values |= {"state": ended.state, "attempts": 0}
    mine = and_(Page.id == page_id, Page.state == "fetching", Page.run_id.is_not_distinct_from(run_id))
    done = session.execute(update(Page).where(mine).values(values).returning(Page.id)).first()
    if done is not None and run_id is not None:
        count_ended(session, run_id, ended.state)
    return done is not None


def count_ended(session: Session, run_id: int, state: str) -> None:
    """Add one page to the run's counters."""
    session.execute(_COUNTS[state], {"run": run_id})


def mark_read(
    session: Session, raw_id: int, *, now: datetime, article_id: int | None = None, reason: str | None = None
) -> None:
    """Note that stored bytes were read; ``reason`` says why there is no article. Idempotent.

    The page becomes ``read`` once none of its stored bytes wait. A page that is asked again meanwhile keeps its state.
    """
    page_id = session.scalar(_PAGE_OF, {"raw": raw_id})
    if page_id is None:
        return
    session.execute(_RAW_READ, {"raw": raw_id, "now": now})
    session.execute(_PAGE_READ, {"page": page_id, "now": now, "article": article_id, "why": reason})


def _is_due(now: datetime) -> ColumnElement[bool]:
    ended = exists().where(Run.id == Page.run_id, Run.state != "running")
    return or_(
        and_(Page.state == "waiting", or_(Page.next_try_at.is_(None), Page.next_try_at <= now)),
        and_(Page.state == "failed", Page.next_try_at <= now),
        and_(Page.state == "fetching", or_(Page.leased_until <= now, ended)),
    )


def _insert_new(
    session: Session, source_id: int, feed_id: int | None, links: Sequence[Found], now: datetime
) -> set[bytes]:
    rows = [
        {
            "source_id": source_id,
            "feed_id": feed_id,
            "key": link.key,
            "url": link.url,
            "state": "waiting",
            "found_at": now,
            "feed_title": link.title,
            "feed_time": link.time,
        }
        for link in links
    ]
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert(Page).values(rows) if dialect == "postgresql" else sqlite.insert(Page).values(rows)
    return set(session.scalars(insert.on_conflict_do_nothing(index_elements=["key"]).returning(Page.key)))


def _ask_again(session: Session, links: Sequence[Found]) -> int:
    changed = list(_dated_newer(session, [link for link in links if link.time is not None]))
    for page_id, time in changed:
        session.execute(
            update(Page)
            .where(Page.id == page_id, Page.state.in_(ASKED_AGAIN))
            .values(state="waiting", attempts=0, next_try_at=None, reason=None, feed_time=time)
        )
    return len(changed)


def _dated_newer(session: Session, links: Sequence[Found]) -> Iterator[tuple[int, datetime]]:
    times = {link.key: link.time for link in links}
    pages = session.execute(
        select(Page.id, Page.key, Page.feed_time)
        .where(Page.key.in_(times), Page.feed_time.is_not(None), Page.state.in_(ASKED_AGAIN))
        .order_by(Page.id)
    )
    for page_id, key, before in pages:
        time = times[key]
        # Stored times have milliseconds; a feed's finer parts must not look newer for ever.
        if time is not None and before is not None and (time - before).total_seconds() >= 1:
            yield page_id, time
