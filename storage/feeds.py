"""Feeds: which are due, and what a poll of one found, committed together with the validators it was answered with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import select, update

from foundation.compress import compress
from storage import pages
from storage.models import Feed, Poll, Run, Source

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.pages import Found


@dataclass(frozen=True, slots=True)
class DueFeed:
    """A feed to ask, with what its last answer leaves to compare."""

    id: int
    source: str
    url: str
    kind: str
    etag: str | None
    last_modified: str | None
    body_sha256: bytes | None
    interval_seconds: int
    failures: int


@dataclass(frozen=True, slots=True)
class Polled:
    """What became of one poll.

    ``read`` carries the links and the new validators; ``unchanged`` (304, or the same bytes) carries validators only;
    ``failed``, ``unreadable`` and ``refused`` carry an error in words and leave validators as they were.
    """

    outcome: Literal["read", "unchanged", "failed", "unreadable", "refused"]
    next_poll_at: datetime
    status: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: bytes | None = None
    found: tuple[Found, ...] = ()
    cut: int = 0
    refused: int = 0
    error: str | None = None
    body: bytes | None = None


def due(session: Session, names: Collection[str] | None, *, now: datetime) -> list[DueFeed]:
    """Return the due feeds of enabled sources (among ``names``, where given), longest due first."""
    query = (
        select(Feed, Source.name)
        .join(Source)
        .where(Feed.is_enabled, Source.is_enabled, Feed.next_poll_at <= now)
        .order_by(Feed.next_poll_at, Feed.id)
    )
    if names is not None:
        query = query.where(Source.name.in_(names))
    return [
        DueFeed(
            id=feed.id,
            source=source,
            url=feed.url,
            kind=feed.kind,
            etag=feed.etag,
            last_modified=feed.last_modified,
            body_sha256=feed.body_sha256,
            interval_seconds=feed.interval_seconds,
            failures=feed.failures,
        )
        for feed, source in session.execute(query)
    ]


def record(session: Session, feed_id: int, polled: Polled, *, run_id: int | None, now: datetime) -> tuple[int, int]:
    """Commit a poll: its row, the feed's new state, and the pages it found. Returns how many are new, how many changed.

    One transaction: a crash between validators and links would lose the links behind the next 304.
    """
    source_id = session.scalars(select(Feed.source_id).where(Feed.id == feed_id)).one()
    new, changed = pages.add(session, source_id, feed_id, polled.found, now=now)
    session.add(
        Poll(
            feed_id=feed_id,
            run_id=run_id,
            at=now,
            outcome=polled.outcome,
            status=polled.status,
            entries=len(polled.found),
            pages_new=new,
            entries_cut=polled.cut,
            entries_refused=polled.refused,
            error=polled.error,
            body=compress(polled.body) if polled.body is not None else None,
        )
    )
    session.execute(update(Feed).where(Feed.id == feed_id).values(_state_after(polled, now)))
    if run_id is not None:
        failed = int(polled.outcome in ("failed", "unreadable", "refused"))
        session.execute(
            update(Run)
            .where(Run.id == run_id)
            .values(
                feeds_polled=Run.feeds_polled + 1,
                feeds_failed=Run.feeds_failed + failed,
                pages_found=Run.pages_found + new,
            )
        )
    return new, changed


def _state_after(polled: Polled, now: datetime) -> dict[str, object]:
    values: dict[str, object] = {"polled_at": now, "next_poll_at": polled.next_poll_at}
    if polled.outcome not in ("read", "unchanged"):
        return values | {"failures": Feed.failures + 1, "error": polled.error}
    values |= {"failures": 0, "error": None}
    # A 304 may leave the validators out; what was stored stays true then.
    if polled.etag is not None or polled.last_modified is not None or polled.outcome == "read":
        values |= {"etag": polled.etag, "last_modified": polled.last_modified}
    if polled.body_sha256 is not None:
        values["body_sha256"] = polled.body_sha256
    return values
