"""Pages: found, leased to a run, and ended in one of the states that the crawl can leave them in.

Time, run and decision come in as arguments. Every function runs inside the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import Boolean, ColumnElement, and_, bindparam, case, exists, func, or_, select, update

from storage import budgets, relisted, visits
from storage.engine import insert_missing
from storage.models import Article, Page, RawBody, Run, Source
from storage.models.base import table_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

# Once for every page: made once, without objects.
_PAGE, _RAW, _RUN, _ARTICLE = table_of(Page), table_of(RawBody), table_of(Run), table_of(Article)
_SOURCE: Final = table_of(Source)
_NOW: Final = bindparam("now", type_=_PAGE.c.found_at.type)
_IS_DUE: Final = and_(
    # For the index: SQLite looked at every page (10,000 sources, 500,000 pages: 159 ms, now 40 ms).
    _PAGE.c.state.in_(("waiting", "failed", "fetching")),
    or_(
        and_(_PAGE.c.state == "waiting", or_(_PAGE.c.next_try_at.is_(None), _PAGE.c.next_try_at <= _NOW)),
        and_(_PAGE.c.state == "failed", _PAGE.c.next_try_at <= _NOW),
        and_(
            _PAGE.c.state == "fetching",
            or_(_PAGE.c.leased_until <= _NOW, exists().where(_RUN.c.id == _PAGE.c.run_id, _RUN.c.state != "running")),
        ),
    ),
)
_IS_VISITED: Final = and_(_PAGE.c.next_visit_at <= _NOW, _PAGE.c.state == "read")
_OF_SOURCE: Final = (
    select(_PAGE.c.id)
    .join(_SOURCE)
    .where(_SOURCE.c.name == bindparam("source"), _SOURCE.c.is_enabled)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=_PAGE)
)
_DUE: Final = _OF_SOURCE.where(_IS_DUE).order_by(_PAGE.c.id)
_VISITED: Final = _OF_SOURCE.where(_IS_VISITED).order_by(_PAGE.c.next_visit_at, _PAGE.c.id)
_IS_TAKEN: Final = _PAGE.c.id.in_(bindparam("ids", expanding=True))
_LEASE: Final = (
    update(_PAGE).where(_IS_TAKEN).values(state="fetching", leased_until=bindparam("until"), run_id=bindparam("run"))
)
_LAST_BODY: Final = (
    select(_RAW.c.sha256)
    .where(_RAW.c.page_id == _PAGE.c.id, ~_RAW.c.is_partial, _PAGE.c.article_id.is_not(None))
    .order_by(_RAW.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
_LEASED: Final = select(
    _PAGE.c.id,
    _PAGE.c.url,
    _PAGE.c.attempts,
    _PAGE.c.etag,
    _PAGE.c.last_modified,
    _PAGE.c.status,
    _PAGE.c.article_id.is_not(None).label("has_article"),
    _LAST_BODY.label("body_sha256"),
).where(_IS_TAKEN)
_PAGE_OF: Final = (
    select(_RAW.c.page_id, _RAW.c.fetched_at, *visits.PLAN_COLUMNS)
    .join(_PAGE, _PAGE.c.id == _RAW.c.page_id)
    .outerjoin(_ARTICLE, _ARTICLE.c.id == visits.GIVEN)
    .where(_RAW.c.id == bindparam("raw"))
)
_RAW_READ: Final = (
    update(_RAW).where(_RAW.c.id == bindparam("raw"), _RAW.c.read_at.is_(None)).values(read_at=bindparam("now"))
)
_NOTHING_WAITS: Final = ~exists().where(_RAW.c.page_id == _PAGE.c.id, _RAW.c.read_at.is_(None))
_IS_READ: Final = (_PAGE.c.state == "fetched") & _NOTHING_WAITS
_ANSWERED: Final = bindparam("answered", type_=_PAGE.c.read_at.type)
_IS_ASKED_FOR_A_DATE: Final = _PAGE.c.next_visit_at.is_(None) | (_PAGE.c.next_visit_at > _ANSWERED)
_PAGE_READ: Final = (
    update(_PAGE)
    .where(_PAGE.c.id == bindparam("page"))
    .values(
        read_at=bindparam("now"),
        article_id=visits.GIVEN,
        next_visit_at=bindparam("next_visit_at"),
        visits=bindparam("visits"),
        unchanged=case(
            (_PAGE.c.read_at.is_(None) | bindparam("is_changed", type_=Boolean), 0),
            (_IS_ASKED_FOR_A_DATE & (_PAGE.c.read_at < _ANSWERED), _PAGE.c.unchanged + 1),
            else_=_PAGE.c.unchanged,  # the same bytes, read again
        ),
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
    author: str | None = None
    summary: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What became of the links of one poll: new pages, pages asked again, and those that a budget left out."""

    new: int = 0
    changed: int = 0
    over_budget: int = 0


@dataclass(frozen=True, slots=True)
class Leased:
    """A page that this run alone may ask for, until its lease ends.

    ``status`` is that of its last answer; ``body_sha256`` is of its last whole body, where it gave an article.
    """

    id: int
    url: str
    source: str
    attempts: int
    etag: str | None
    last_modified: str | None
    status: int | None = None
    has_article: bool = False
    body_sha256: bytes | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a request for a page ended where it brought no bytes to keep.

    ``unchanged`` is the answer 304, or the same bytes again. ``next_try_at`` matters for ``failed``: None gives the
    page up.
    """

    state: Literal["refused", "failed", "gone", "unchanged"]
    reason: str | None = None
    status: int | None = None
    final_url: str | None = None
    next_try_at: datetime | None = None


def add(
    session: Session,
    source_id: int,
    feed_id: int | None,
    found: Sequence[Found],
    *,
    now: datetime,
    limits: budgets.Limits | None = None,
    gap_id: int | None = None,
) -> Added:
    """Insert the links that are new; have known ones asked again where `relisted` says so, if need be by this source.

    ``limits`` are the day's budgets for both (none: no limit), new links first; ``gap_id`` is the gap that the new
    pages were lost in.
    """
    links = list({link.key: link for link in found}.values())
    known = list(relisted.look(session, links, source_id, feed_id, now=now))
    unknown = _without(links, known)
    wanted = unknown + [page.link for page in known if page.is_asked]
    allowed = budgets.within(session, wanted, limits, source_id=source_id, now=now) if limits else wanted
    taken = {link.key for link in allowed}
    unknown.sort(key=lambda link: link.key)  # one order for all writers: no deadlock
    rows = [_row(link, source_id, feed_id, gap_id, now) for link in unknown if link.key in taken]
    new = insert_missing(session, Page, rows)
    changed = [page for page in known if page.link.key in taken or not page.is_asked]
    for page in changed:
        relisted.change(session, page)
    return Added(new, sum(page.is_asked for page in changed), len(wanted) - len(allowed))


def sources_with_due(session: Session, names: Collection[str] | None, *, now: datetime) -> list[str]:
    """Return the names of enabled sources (among ``names``, where given) that have a page to ask for."""
    due = [exists().where(_PAGE.c.source_id == Source.id, is_due) for is_due in (_IS_DUE, _IS_VISITED)]
    query = select(Source.name).where(Source.is_enabled, or_(*due)).order_by(Source.name)
    if names is not None:
        query = query.where(Source.name.in_(names))
    return list(session.scalars(query, {"now": now}))


def lease(
    session: Session, source: str, limit: int, *, run_id: int | None, now: datetime, until: datetime
) -> list[Leased]:
    """Take up to ``limit`` due pages of a source for this run: oldest first, later visits where nothing else is due.

    Due are pages that wait, failed ones whose time has come, and those whose lease is void: it ran out, or its run is
    no longer running.
    """
    ids: list[int] = []
    for due in (_DUE, _VISITED):
        if len(ids) < limit:
            ids += session.scalars(due, {"source": source, "now": now, "most": limit - len(ids)})
    if not ids:
        return []
    session.execute(_LEASE, {"ids": ids, "until": until, "run": run_id})
    rows = {row.id: row for row in session.execute(_LEASED, {"ids": ids})}
    return [Leased(source=source, **rows[page_id]._mapping) for page_id in ids]


def give_back(
    session: Session, page_ids: Sequence[int] | None, *, run_id: int | None, next_try_at: datetime | None = None
) -> None:
    """End leases of this run (None: all) without having asked: the pages wait, until ``next_try_at`` if given."""
    mine = _is_mine(run_id) if page_ids is None else and_(Page.id.in_(page_ids), _is_mine(run_id))
    session.execute(update(Page).where(mine).values(state="waiting", leased_until=None, next_try_at=next_try_at))


def end(
    session: Session,
    page_id: int,
    ended: Ended,
    *,
    run_id: int | None,
    now: datetime,
    revisit_hours: Sequence[float] = (),
) -> bool:
    """Record how a leased page ended; False where another run has taken the page since (its word counts).

    A page that answered "unchanged" goes back to where it was, with the plan of its visits: ``fetched`` if its bytes
    still wait to be read. The article of a page that is gone, or there again, is marked so.
    """
    mine = and_(Page.id == page_id, _is_mine(run_id))
    done = session.execute(update(Page).where(mine).values(_end_values(page_id, ended, now)).returning(Page.id)).first()
    if done is None:
        return False
    if ended.state == "unchanged":
        visits.go_on(session, page_id, revisit_hours, now=now)
    if ended.state in ("unchanged", "gone"):
        visits.judge(session, page_id, now=now)
    if run_id is not None:
        count_ended(session, run_id, ended.state)
    return True


def count_ended(session: Session, run_id: int, state: str) -> None:
    """Add one page to the run's counters."""
    session.execute(_COUNTS[state], {"run": run_id})


def mark_read(
    session: Session,
    raw_id: int,
    *,
    now: datetime,
    article_id: int | None = None,
    reason: str | None = None,
    is_changed: bool = True,
    revisit_hours: Sequence[float] = (),
) -> None:
    """Note that stored bytes were read; ``reason`` says why there is no article. Idempotent.

    The page becomes ``read`` once none of its stored bytes wait. A page that is asked again meanwhile keeps its state.
    A page that gave an article is visited again by the plan of ``revisit_hours``. Where an answer to another question
    than such a visit told nothing new (not ``is_changed``), that is counted: see `relisted.wait`.
    """
    row = session.execute(_PAGE_OF, {"raw": raw_id, "article": article_id}).first()
    if row is None:
        return
    plan = visits.planned(row, revisit_hours, answered=row.fetched_at, now=now)
    session.execute(_RAW_READ, {"raw": raw_id, "now": now})
    said = {"article": article_id, "why": reason, "is_changed": is_changed, "answered": row.fetched_at}
    session.execute(_PAGE_READ, {"page": row.page_id, "now": now, **said, **plan})
    if row.gone_at is not None:
        visits.judge(session, row.page_id, now=now)


def _is_mine(run_id: int | None) -> ColumnElement[bool]:
    return and_(Page.state == "fetching", Page.run_id.is_not_distinct_from(run_id))


def _end_values(page_id: int, ended: Ended, now: datetime) -> dict[str, object]:
    values: dict[str, object] = {"leased_until": None, "next_try_at": ended.next_try_at, "reason": ended.reason}
    if ended.status is not None:
        values["status"] = ended.status
    if ended.final_url is not None:
        values["final_url"] = ended.final_url
    if ended.state == "unchanged":
        waits = exists().where(RawBody.page_id == page_id, RawBody.read_at.is_(None))
        # What the last reading said holds; a failure since then is over.
        reading = and_(Page.attempts == 0, Page.reason.is_not(None))
        before = case((reading, Page.reason), (and_(~waits, Page.article_id.is_(None)), "unchanged"))
        state = case((waits, "fetched"), else_="read")
        asked = case((Page.next_visit_at <= now, Page.unchanged), else_=Page.unchanged + 1)  # planned visits are few
        return values | {"state": state, "reason": before, "fetched_at": now, "attempts": 0, "unchanged": asked}
    if ended.state != "failed" or ended.next_try_at is None:
        has_ended = Page.ended_at > func.coalesce(Page.fetched_at, Page.found_at)  # nothing came in between
        values |= {"ended_at": now, "unchanged": case((has_ended, Page.unchanged + 1), else_=0)}
    if ended.state == "failed":
        return values | {"state": "failed", "attempts": Page.attempts + 1}
    return values | {"state": ended.state, "attempts": 0, "next_visit_at": None}


def _without(links: Sequence[Found], known: Sequence[relisted.Relisted]) -> list[Found]:
    keys = {page.link.key for page in known}
    return [link for link in links if link.key not in keys]


def _row(
    link: Found, source_id: int, feed_id: int | None, gap_id: int | None, now: datetime
) -> dict[str, int | str | bytes | datetime | None]:
    return {
        "source_id": source_id,
        "feed_id": feed_id,
        "gap_id": gap_id,
        "key": link.key,
        "url": link.url,
        "state": "waiting",
        "found_at": now,
        "feed_title": link.title,
        "feed_time": link.time,
        "feed_author": link.author,
        "feed_summary": link.summary,
        "feed_language": link.language,
    }
