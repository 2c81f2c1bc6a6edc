"""Feeds: which are due, and what a poll of one found, committed together with the validators it was answered with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from sqlalchemy import ColumnElement, and_, bindparam, func, insert, literal, or_, select, update

from foundation.compress import compress
from storage import gaps, pages, sitemaps
from storage.models import Feed, Poll, Run, Source
from storage.models.base import table_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from storage.budgets import Limits
    from storage.gaps import Window
    from storage.pages import Added, Found
    from storage.sitemaps import Child

Outcome: TypeAlias = Literal["read", "unchanged", "failed", "unreadable", "refused"]
Place: TypeAlias = "tuple[datetime, int]"
SUCCESSES: Final = ("read", "unchanged")
KEPT_BODIES: Final = 3  # of one feed that cannot be read: enough to see whether it is always the same

# Once for every poll: made once, without objects.
_FEED, _POLL, _RUN = table_of(Feed), table_of(Poll), table_of(Run)
_OF: Final = select(_FEED.c.source_id, _FEED.c.kind).where(_FEED.c.id == bindparam("feed"))
_NEW: Final = insert(_POLL).returning(_POLL.c.id)
_COUNT: Final = (
    update(_RUN)
    .where(_RUN.c.id == bindparam("run"))
    .values(
        feeds_polled=_RUN.c.feeds_polled + 1,
        feeds_failed=_RUN.c.feeds_failed + bindparam("failed"),
        pages_found=_RUN.c.pages_found + bindparam("found"),
    )
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a feed is asked.

    ``former_url`` is where the configuration has it, while a permanent redirect away from there is believed;
    ``moved_to`` is where permanent redirects led ``moves`` times in a row.
    """

    url: str
    former_url: str | None = None
    moved_to: str | None = None
    moves: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """What a feed listed when it last listed anything: ``entries`` packed, the dates are the oldest and the newest."""

    at: datetime
    entries: bytes
    oldest: datetime | None = None
    newest: datetime | None = None


@dataclass(frozen=True, slots=True)
class DueFeed:
    """A feed to ask, with what its last answers leave to compare.

    ``lineage`` holds its key and those of the sitemap indexes above it.
    """

    id: int
    source: str
    kind: str
    address: Address
    etag: str | None
    last_modified: str | None
    body_sha256: bytes | None
    polled_at: datetime | None
    next_poll_at: datetime
    interval_seconds: int
    new_per_hour: float | None
    failures: int
    listing: Listing | None
    lineage: tuple[bytes, ...]

    @property
    def url(self) -> str:
        """The address to ask."""
        return self.address.url

    @property
    def place(self) -> Place:
        """Where it stands among the due."""
        return self.next_poll_at, self.id


@dataclass(frozen=True, slots=True)
class Polled:
    """What became of one poll.

    ``read`` carries the links and the new validators; ``unchanged`` (304, or the same bytes) carries validators only;
    ``failed``, ``unreadable`` and ``refused`` carry an error in words and leave validators as they were.

    ``children`` are the sitemaps that a sitemap index names; None: this was none. ``gap`` is where links may be
    missing; ``before`` and ``again`` count the links of the listing before. None of ``address``, ``kind``, ``listing``,
    ``interval_seconds`` and ``new_per_hour`` changes where it is None.
    """

    outcome: Outcome
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
    address: Address | None = None
    kind: str | None = None
    listing: Listing | None = None
    before: int = 0
    again: int = 0
    gap: Window | None = None
    children: tuple[Child, ...] | None = None
    interval_seconds: int | None = None
    new_per_hour: float | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a poll brought: pages, a gap that was opened, and sitemaps that are due because their index says so."""

    added: Added
    gap_id: int | None = None
    due: tuple[DueFeed, ...] = ()


def sources_with_due(session: Session, names: Collection[str] | None, *, now: datetime) -> list[str]:
    """Return the names of enabled sources (among ``names``, where given) that have a due feed."""
    query = select(Source.name).join(Feed).where(_is_due(now)).distinct().order_by(Source.name)
    if names is not None:
        query = query.where(Source.name.in_(names))
    return list(session.scalars(query))


def due(session: Session, source: str, limit: int, *, now: datetime, after: Place | None = None) -> tuple[DueFeed, ...]:
    """Return up to ``limit`` due feeds of a source, longest due first; ``after`` is the place of the last one seen."""
    query = _QUERY.where(Source.name == source, _is_due(now)).order_by(Feed.next_poll_at, Feed.id).limit(limit)
    if after is not None:
        moment, feed_id = after
        query = query.where(or_(Feed.next_poll_at > moment, and_(Feed.next_poll_at == moment, Feed.id > feed_id)))
    return tuple(_due_feed(session, row) for row in session.execute(query))


def record(
    session: Session, feed_id: int, polled: Polled, *, run_id: int | None, now: datetime, limits: Limits | None = None
) -> Recorded:
    """Commit a poll: its row, the feed's new state, the pages it found, the gap it leaves, the sitemaps it names.

    One transaction: a crash between validators and links would lose the links behind the next 304. ``limits`` are the
    day's budgets; where they leave links out, the feed is read again for them.
    """
    source_id, kind = session.execute(_OF, {"feed": feed_id}).one()
    added = pages.add(session, source_id, feed_id, polled.found, now=now, limits=limits)
    poll = _poll(feed_id, polled, added) | {"run_id": run_id, "at": now}
    poll_id: int = session.execute(_NEW, poll).scalar_one()
    gap_id = gaps.open(session, feed_id, poll_id, polled.gap, now=now) if polled.gap else None
    session.execute(update(_FEED).where(_FEED.c.id == feed_id).values(_state_after(polled, added, now)))
    is_sitemap = polled.outcome == "read" and (polled.children is not None or kind in sitemaps.KINDS)
    due = _follow(session, feed_id, poll_id, polled.children or (), now) if is_sitemap else ()
    if polled.body is not None:
        _drop_bodies(session, feed_id)
    if run_id is not None:
        failed = int(polled.outcome not in SUCCESSES)
        session.execute(_COUNT, {"run": run_id, "failed": failed, "found": added.new})
    return Recorded(added, gap_id, tuple(_feeds(session, due)))


def postpone(session: Session, feed_id: int, until: datetime) -> None:
    """Ask a feed no sooner than then; nobody was asked, and nothing is counted."""
    session.execute(update(Feed).where(Feed.id == feed_id).values(next_poll_at=until))


_QUERY: Final = select(Feed, Source.name).join(Source)
# Without validators the next answer is read, whatever it says.
_NOT_ANSWERED: Final[dict[str, object]] = {"etag": None, "last_modified": None, "body_sha256": None}


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Return the condition; a sitemap that its index dates is asked when that date says so, or to try again."""
    wanted = or_(
        Feed.announced_at.is_(None), Feed.polled_at.is_(None), Feed.failures > 0, Feed.announced_at > Feed.polled_at
    )
    return and_(Feed.is_enabled, Source.is_enabled, Feed.next_poll_at <= now, wanted)


def _follow(session: Session, feed_id: int, poll_id: int, children: Sequence[Child], now: datetime) -> list[int]:
    followed = sitemaps.follow(session, feed_id, children, now=now)
    if followed.cut:
        session.execute(update(Poll).where(Poll.id == poll_id).values(entries_cut=Poll.entries_cut + followed.cut))
    return followed.due


def _drop_bodies(session: Session, feed_id: int) -> None:
    """Keep the last few bodies of a feed that could not be read."""
    bodies = select(Poll.id).where(Poll.feed_id == feed_id, Poll.body.is_not(None)).order_by(Poll.id.desc())
    older = list(session.scalars(bodies.offset(KEPT_BODIES)))
    if older:
        session.execute(update(Poll).where(Poll.id.in_(older)).values(body=None))


def _feeds(session: Session, ids: Collection[int]) -> Iterator[DueFeed]:
    if ids:
        for row in session.execute(_QUERY.where(Feed.id.in_(ids)).order_by(Feed.id)):
            yield _due_feed(session, row)


def _due_feed(session: Session, row: Row[Feed, str]) -> DueFeed:
    feed, source = row
    listing = None
    if feed.entries is not None and feed.listed_at is not None:
        listing = Listing(feed.listed_at, feed.entries, feed.listed_from, feed.listed_to)
    return DueFeed(
        id=feed.id,
        source=source,
        kind=feed.kind,
        address=Address(feed.url, feed.former_url, feed.moved_to, feed.moves),
        etag=feed.etag,
        last_modified=feed.last_modified,
        body_sha256=feed.body_sha256,
        polled_at=feed.polled_at,
        next_poll_at=feed.next_poll_at,
        interval_seconds=feed.interval_seconds,
        new_per_hour=feed.new_per_hour,
        failures=feed.failures,
        listing=listing,
        lineage=(feed.key, *sitemaps.above(session, feed.parent_id)),
    )


def _poll(feed_id: int, polled: Polled, added: Added) -> dict[str, object]:
    return {
        "feed_id": feed_id,
        "outcome": polled.outcome,
        "status": polled.status,
        "entries": len(polled.found) + len(polled.children or ()),
        "pages_new": added.new,
        "entries_cut": polled.cut,
        "entries_refused": polled.refused,
        "entries_over_budget": added.over_budget,
        "entries_before": polled.before,
        "entries_again": polled.again,
        "error": polled.error,
        "body": compress(polled.body) if polled.body is not None else None,
    }


def _state_after(polled: Polled, added: Added, now: datetime) -> dict[str, object]:
    values: dict[str, object] = {"polled_at": now, "next_poll_at": polled.next_poll_at}
    if polled.address is not None:
        address = polled.address
        values |= {"url": address.url, "former_url": address.former_url}
        values |= {"moved_to": address.moved_to, "moves": address.moves}
    if polled.outcome not in SUCCESSES:
        since = func.coalesce(Feed.failing_since, literal(now, Feed.failing_since.type))
        values |= {"failures": Feed.failures + 1, "error": polled.error, "failing_since": since}
        return values | (_NOT_ANSWERED if polled.address is not None else {})
    values |= {"failures": 0, "error": None, "failing_since": None} | _learnt(polled)
    if added.over_budget:
        return values | _NOT_ANSWERED
    # A 304 may leave the validators out; what was stored stays true then.
    if polled.etag is not None or polled.last_modified is not None or polled.outcome == "read":
        values |= {"etag": polled.etag, "last_modified": polled.last_modified}
    if polled.body_sha256 is not None:
        values["body_sha256"] = polled.body_sha256
    return values


def _learnt(polled: Polled) -> dict[str, object]:
    values: dict[str, object] = {
        "kind": polled.kind,
        "interval_seconds": polled.interval_seconds,
        "new_per_hour": polled.new_per_hour,
    }
    if polled.listing is not None:
        values |= {"entries": polled.listing.entries, "listed_at": polled.listing.at}
        values |= {"listed_from": polled.listing.oldest, "listed_to": polled.listing.newest}
        return {name: value for name, value in values.items() if value is not None or name.startswith("listed_")}
    return {name: value for name, value in values.items() if value is not None}
