"""Stored pages to be read again with today's rules."""

from datetime import datetime

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from storage.models import Page, RawBody


def mark_unread(session: Session, *, since: datetime | None = None) -> int:
    """Make the newest kept bytes of every page wait to be read again; return how many.

    ``since`` keeps it to bytes fetched from then on. Older bytes of a page stay read: reading those last would make
    an old text the article's newest. Bytes that were cut short count only where there are no others: the longest.
    """
    best = (RawBody.is_partial, case((RawBody.is_partial, RawBody.size)).desc(), RawBody.id.desc())
    ranked = select(
        RawBody.id, func.row_number().over(partition_by=RawBody.page_id, order_by=best).label("place")
    ).subquery()
    newest = select(ranked.c.id).where(ranked.c.place == 1)
    marking = update(RawBody).where(RawBody.id.in_(newest), RawBody.read_at.is_not(None)).values(read_at=None)
    if since is not None:
        marking = marking.where(RawBody.fetched_at >= since)
    pages = [row.page_id for row in session.execute(marking.returning(RawBody.page_id))]
    unread = select(RawBody.page_id).where(RawBody.read_at.is_(None))
    session.execute(update(Page).where(Page.id.in_(unread), Page.state == "read").values(state="fetched", read_at=None))
    return len(pages)
