"""The sitemaps that sitemap indexes name: rows of their own, below the index, for as long as it names them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import aliased

from storage.models import Feed, Gap, Page, Poll

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

KINDS: Final = ("sitemap", "news_sitemap")
DEEPEST: Final = 3  # indexes above a sitemap; sitemaps.org has one, Google reads two
# Of one source. 300 are six indexes of as many sitemaps as one poll takes; a tree of three levels could have 125,000.
MOST_ENABLED: Final = 300
MOST_ROWS: Final = 1_000  # with the disabled: a sitemap for each day of nearly three years
FORGOTTEN_AFTER: Final = timedelta(days=30)  # since its last poll a disabled one may make room for a new one


@dataclass(frozen=True, slots=True)
class Child:
    """A sitemap that an index names: ``url`` is canonical and ``key`` its sha256.

    ``announced_at`` is the moment up to which the index speaks of it; None where the index does not say.
    """

    url: str
    key: bytes
    announced_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """What an index's word brought: the ids of feeds that are due now, and how many sitemaps found no room."""

    due: list[int]
    cut: int = 0


def above(session: Session, feed_id: int | None) -> tuple[bytes, ...]:
    """Return the keys of a feed and of the sitemap indexes above it."""
    keys: list[bytes] = []
    while feed_id is not None and len(keys) <= DEEPEST:
        key, feed_id = session.execute(select(Feed.key, Feed.parent_id).where(Feed.id == feed_id)).one()
        keys.append(key)
    return tuple(keys)


def follow(session: Session, index_id: int, children: Sequence[Child], *, now: datetime) -> Followed:
    """Make the rows below an index say what it says, as far as its source has room; ``children`` come newest first.

    A sitemap that the index no longer names is disabled. One that the configuration or another index names is left to
    them. A feed that is no index has no children, and whatever it had is disabled.
    """
    index = session.get_one(Feed, index_id)
    wanted = {child.key: child for child in children}
    mine = select(Feed).where(
        Feed.source_id == index.source_id, or_(Feed.parent_id == index_id, Feed.key.in_(list(wanted)))
    )
    known = {feed.key: feed for feed in session.scalars(mine)}
    taken = _within(session, index, wanted, known, now)
    followed = [_followed(session, index, child, known.get(key), now) for key, child in taken.items()]
    dropped = [
        feed for key, feed in known.items() if feed.is_enabled and feed.parent_id == index_id and key not in taken
    ]
    for feed in dropped:
        feed.is_enabled = False
    session.flush()
    if dropped:
        disable_orphans(session, index.source_id)
    return Followed([feed.id for feed in followed if feed is not None], len(wanted) - len(taken))


def disable_orphans(session: Session, source_id: int) -> None:
    """Disable what hangs below a disabled sitemap index of a source."""
    index = aliased(Feed)
    disabled = select(index.id).where(index.source_id == source_id, index.is_enabled.is_(False))
    for _ in range(DEEPEST):
        session.execute(
            update(Feed)
            .where(Feed.source_id == source_id, Feed.is_enabled, Feed.parent_id.in_(disabled))
            .values(is_enabled=False)
            .execution_options(synchronize_session="fetch")
        )


def enable(feed: Feed, now: datetime) -> None:
    """Let a feed be asked at once, and read whatever it answers: what hangs below it was disabled with it."""
    feed.is_enabled = True
    feed.next_poll_at = now
    feed.etag = feed.last_modified = feed.body_sha256 = None


def _within(
    session: Session, index: Feed, wanted: Mapping[bytes, Child], known: Mapping[bytes, Feed], now: datetime
) -> dict[bytes, Child]:
    """Return those of an index's sitemaps that its source has room for, and those that are left to others."""
    below = select(func.count()).where(Feed.source_id == index.source_id, Feed.parent_id.is_not(None))
    room = MOST_ENABLED - session.scalars(below.where(Feed.is_enabled, Feed.parent_id != index.id)).one()
    rows = MOST_ROWS - session.scalars(below).one()
    lacking = min(sum(key not in known for key in wanted), room) - rows
    if lacking > 0:
        rows += _forget(session, index.source_id, lacking, keep=list(wanted), before=now - FORGOTTEN_AFTER)
    taken = {}
    for key, child in wanted.items():
        feed = known.get(key)
        if feed is not None and feed.is_enabled and feed.parent_id != index.id:
            taken[key] = child
        elif room > 0 and (feed is not None or rows > 0):
            taken[key] = child
            room -= 1
            rows -= feed is None
    return taken


def _forget(session: Session, source_id: int, most: int, *, keep: Sequence[bytes], before: datetime) -> int:
    """Delete disabled sitemaps not asked since ``before``, with their polls; their pages go to the index above."""
    child = aliased(Feed)
    old = session.execute(
        select(Feed.id, Feed.parent_id)
        .where(Feed.source_id == source_id, Feed.parent_id.is_not(None), Feed.is_enabled.is_(False))
        .where(or_(Feed.polled_at.is_(None), Feed.polled_at < before), Feed.key.not_in(keep))
        .where(~select(Gap.id).where(Gap.feed_id == Feed.id).exists())
        .where(~select(child.id).where(child.parent_id == Feed.id).exists())
        .order_by(Feed.polled_at.is_not(None), Feed.polled_at, Feed.id)
        .limit(most)
    ).all()
    for feed_id, parent_id in old:
        mine = update(Page).where(Page.source_id == source_id, Page.feed_id == feed_id)
        session.execute(mine.values(feed_id=parent_id), execution_options={"synchronize_session": False})
    ids = [feed_id for feed_id, _ in old]
    for statement in (delete(Poll).where(Poll.feed_id.in_(ids)), delete(Feed).where(Feed.id.in_(ids))):
        session.execute(statement, execution_options={"synchronize_session": False})
    return len(old)


def _followed(session: Session, index: Feed, child: Child, feed: Feed | None, now: datetime) -> Feed | None:
    """Bring one row up to date; return it where that makes it due now."""
    if feed is None:
        feed = Feed(source_id=index.source_id, parent_id=index.id, key=child.key, url=child.url, kind="sitemap")
        feed.interval_seconds, feed.announced_at = index.interval_seconds, child.announced_at
        enable(feed, now)
        session.add(feed)
        return feed
    if feed.is_enabled and feed.parent_id != index.id:
        return None
    was_due, before, feed.announced_at = _is_due(feed, now), feed.announced_at, child.announced_at
    if not feed.is_enabled:
        feed.parent_id = index.id
        enable(feed, now)
        return feed
    if was_due or feed.announced_at == before or not _is_dated_newer(feed):
        return None
    feed.next_poll_at = now
    return feed


def _is_due(feed: Feed, now: datetime) -> bool:
    has_failed = feed.failures > 0 or feed.polled_at is None
    return feed.next_poll_at <= now and (has_failed or feed.announced_at is None or _is_dated_newer(feed))


def _is_dated_newer(feed: Feed) -> bool:
    return feed.announced_at is not None and (feed.polled_at is None or feed.announced_at > feed.polled_at)
