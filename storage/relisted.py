"""Pages that a feed lists once more: which are asked again, when, and for which source.

A newer date has a page asked again. What was refused or given up gets another chance while it is listed, and a page
that its own source does not bring becomes that of another source that lists it. Runs inside the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, bindparam, case, func, select, update
from sqlalchemy.orm import aliased

from storage.engine import portions
from storage.models import Page, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.pages import Found

CHUNK: Final = 500  # rows of one statement: well under SQLite's 32,766 and PostgreSQL's 65,535 parameters
# A newer date has these asked again. A page that is being fetched gets its new text anyway, and so does a failed one
# that is tried again; one that was refused is not refused for its text.
DATED_AGAIN: Final = ("fetched", "read", "failed", "gone")
# Why a page was refused may pass: robots.txt is believed for a day (RFC 9309, 2.4), limits and addresses are mended
# within days. A page that is refused for good costs one request in a week.
CHANCE_AFTER: Final = timedelta(days=7)
# A date that is always "now" costs a page five requests on its first day, and in the end one a day (seen in the tests):
# what changes for no reader is looked at as rarely as robots.txt, what did change at once.
FIRST_WAIT, LONGEST_WAIT = timedelta(hours=1), timedelta(hours=24)

_LISTER: Final = aliased(Source)
_KEPT_REASON: Final = case((Page.state == "read", Page.reason))  # stays true if nothing changed
_KNOWN: Final = (
    select(
        Page.id,
        Page.key,
        Page.state,
        Page.source_id,
        Page.article_id,
        Page.feed_time,
        Page.fetched_at,
        Page.next_try_at,
        Page.next_visit_at,
        Page.ended_at,
        Page.handed_at,
        Page.unchanged,
        Source.is_enabled.label("is_owner_enabled"),
        select(_LISTER.is_enabled)
        .where(_LISTER.id == bindparam("lister"))
        .scalar_subquery()
        .label("is_lister_enabled"),
    )
    .join(Source)
    .where(Page.key.in_(bindparam("keys", expanding=True)))
    .order_by(Page.id)
)


@dataclass(frozen=True, slots=True)
class Relisted:
    """A known page that is listed again, and what becomes of it; ``is_asked``: it costs a request."""

    page_id: int
    state: str
    link: Found
    values: dict[str, Any]
    is_asked: bool = False


def look(
    session: Session, links: Sequence[Found], source_id: int, feed_id: int | None, *, now: datetime
) -> Iterator[Relisted]:
    """Yield those of the links that are known pages, with what their being listed by this source changes."""
    for some in portions(links, CHUNK):
        named = {link.key: link for link in some}
        rows = session.execute(_KNOWN, {"keys": list(named), "lister": source_id})
        for page in rows.all():
            yield _judged(page, named[page.key], source_id, feed_id, now)


def change(session: Session, relisted: Relisted) -> None:
    """Do what was decided, unless the page has moved on since."""
    here = (Page.id == relisted.page_id, Page.state == relisted.state)
    if relisted.values:
        session.execute(update(Page).where(*here).values(relisted.values))


def wait(unchanged: int) -> timedelta:
    """Return how long after its last answer a page is asked again that had nothing new so many times in a row."""
    if unchanged <= 0:
        return timedelta(0)
    return min(FIRST_WAIT * (1 << min(unchanged - 1, 10)), LONGEST_WAIT)


def _judged(page: Row[*tuple[Any, ...]], link: Found, source_id: int, feed_id: int | None, now: datetime) -> Relisted:
    filled = _filled_in(link) if page.feed_time is None and link.time is not None else {}
    owner = {"source_id": source_id, "feed_id": feed_id}
    is_handed = page.is_lister_enabled and page.source_id != source_id and page.article_id is None
    if is_handed and not page.is_owner_enabled:
        if page.state not in ("waiting", "refused", "failed"):  # it has its answer, or is about to
            return Relisted(page.id, page.state, link, filled | owner)
        again = {"state": "waiting", "attempts": 0, "reason": None, "next_try_at": None}
        return Relisted(page.id, page.state, link, filled | owner | again | {"handed_at": now}, is_asked=True)
    is_own = page.source_id == source_id
    if _has_ended(page) and (is_own or is_handed):
        is_first = is_handed and page.handed_at is None
        if is_first or page.ended_at is None or page.ended_at <= now - CHANCE_AFTER:
            again = {"state": "waiting", "attempts": 0, "reason": None, "next_try_at": None}
            handed = {} if is_own else owner | {"handed_at": now}
            return Relisted(page.id, page.state, link, filled | again | handed, is_asked=True)
    if _is_dated_again(page, link):
        again = {"state": "waiting", "attempts": 0, "reason": _KEPT_REASON, "next_try_at": _asked_at(page, now)}
        return Relisted(page.id, page.state, link, again | {"feed_time": link.time}, is_asked=True)
    return Relisted(page.id, page.state, link, filled)


def _has_ended(page: Row[*tuple[Any, ...]]) -> bool:
    return page.state == "refused" or (page.state == "failed" and page.next_try_at is None)


def _is_dated_again(page: Row[*tuple[Any, ...]], link: Found) -> bool:
    before = page.feed_time or page.fetched_at
    if page.state not in DATED_AGAIN or (page.state == "failed" and page.next_try_at is not None):
        return False
    # Stored times have milliseconds; a feed's finer parts must not look newer for ever.
    return link.time is not None and before is not None and (link.time - before).total_seconds() >= 1


def _asked_at(page: Row[*tuple[Any, ...]], now: datetime) -> datetime | None:
    """Return when a page that is dated newer is asked; None: at once. A visit that is planned is not put off."""
    answers = [moment for moment in (page.fetched_at, page.ended_at) if moment is not None]
    moment = max(answers, default=now) + wait(page.unchanged)
    if page.next_visit_at is not None:
        moment = min(moment, page.next_visit_at)
    return moment if moment > now else None


def _filled_in(link: Found) -> dict[str, Any]:
    """Return what the first feed did not say of a page."""
    return {
        "feed_time": link.time,
        "feed_title": func.coalesce(Page.feed_title, link.title),
        "feed_author": func.coalesce(Page.feed_author, link.author),
        "feed_summary": func.coalesce(Page.feed_summary, link.summary),
        "feed_language": func.coalesce(Page.feed_language, link.language),
    }
