"""Stored pages to be read again with today's rules."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from storage.models import Page, RawBody


def mark_unread(session: Session, *, since: datetime | None = None) -> int:
    """Make the newest kept bytes of every page wait to be read again; return how many.

    ``since`` keeps it to bytes fetched from then on. Older bytes of a page stay read: reading those last would make
    an old text the article's newest.
    """
    newest = select(func.max(RawBody.id)).group_by(RawBody.page_id)
    marking = update(RawBody).where(RawBody.id.in_(newest), RawBody.read_at.is_not(None)).values(read_at=None)
    if since is not None:
        marking = marking.where(RawBody.fetched_at >= since)
    pages = [row.page_id for row in session.execute(marking.returning(RawBody.page_id))]
    unread = select(RawBody.page_id).where(RawBody.read_at.is_(None))
    session.execute(update(Page).where(Page.id.in_(unread), Page.state == "read").values(state="fetched", read_at=None))
    return len(pages)
