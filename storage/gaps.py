"""Gaps: polls that saw nothing again of the poll before, what the site's sitemap said of them, and what became of it.

Every function runs inside the caller's transaction; time comes in as an argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update
from sqlalchemy.orm import aliased

from storage import pages
from storage.engine import portions
from storage.models import Article, Feed, Gap, Page, Run, Source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.budgets import Limits
    from storage.pages import Found

# Of these a reader could have picked the article; a sitemap lists whatever there is.
SHOWING: Final = ("rss", "section")
OPEN: Final = ("suspected", "confirmed")
DAY: Final = timedelta(days=1)  # many pages say on which day they were published, and no more
AT_ONCE: Final = 50  # gaps of one run; a feed that jumps to and fro makes one with every poll


@dataclass(frozen=True, slots=True)
class Window:
    """The time between two polls in which entries may have come and gone, and what the two polls listed, packed."""

    since: datetime
    until: datetime
    before: bytes = b""
    after: bytes = b""


@dataclass(frozen=True, slots=True)
class OpenGap:
    """A gap to ask sitemaps about."""

    id: int
    source: str
    feed_id: int
    window: Window
    checks: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the sitemaps said of a gap.

    ``missed`` are the pages to fetch, whatever the state; ``listed`` counts all that the sitemap dates in the window.
    """

    state: Literal["suspected", "confirmed", "refuted"]
    reason: str
    sitemap: str | None = None
    listed: int = 0
    missed: tuple[Found, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """What feeds have shown: whole keys of pages they named, and the packed entries that they list now."""

    keys: frozenset[bytes]
    lists: tuple[bytes, ...]


def open(session: Session, feed_id: int, poll_id: int, window: Window, *, now: datetime) -> int:
    """Note a suspicion, to be looked into at once; return its id."""
    gap = Gap(
        feed_id=feed_id,
        poll_id=poll_id,
        since=window.since,
        until=window.until,
        state="suspected",
        reason="no sitemap was asked yet",
        next_check_at=now,
        listed_before=window.before,
        listed_after=window.after,
        opened_at=now,
    )
    session.add(gap)
    session.flush()
    return gap.id


def due(session: Session, names: Collection[str] | None, *, now: datetime) -> list[OpenGap]:
    """Return the gaps of enabled sources (among ``names``, where given) that are to be looked into, newest first."""
    query = (
        select(Gap, Source.name)
        .join(Feed, Feed.id == Gap.feed_id)
        .join(Source)
        .where(Gap.state.in_(OPEN), Gap.next_check_at <= now, Source.is_enabled)
        .order_by(Gap.id.desc())
        .limit(AT_ONCE)
    )
    if names is not None:
        query = query.where(Source.name.in_(names))
    return [
        OpenGap(
            id=gap.id,
            source=source,
            feed_id=gap.feed_id,
            window=Window(gap.since, gap.until, gap.listed_before or b"", gap.listed_after or b""),
            checks=gap.checks,
        )
        for gap, source in session.execute(query)
    ]


def places(session: Session, source: str) -> tuple[str, list[str]]:
    """Return a source's address and those of its own sitemaps, news first; an index stands for what it names."""
    query = (
        select(Feed.url)
        .join(Source)
        .where(Source.name == source, Feed.is_enabled, Feed.parent_id.is_(None), Feed.kind.not_in(SHOWING))
        .order_by(case((Feed.kind == "news_sitemap", 0), else_=1), Feed.id)
    )
    return session.scalars(select(Source.url).where(Source.name == source)).one(), list(session.scalars(query))


def shown(session: Session, source: str, keys: Iterable[bytes]) -> Shown:
    """Return which pages among ``keys`` a feed named first, and what the source's feeds list now."""
    named = select(Page.key).join(Feed, Feed.id == Page.feed_id).where(Feed.kind.in_(SHOWING))
    found: set[bytes] = set()
    for portion in portions(keys):
        found.update(session.scalars(named.where(Page.key.in_(portion))))
    lists = select(Feed.entries).join(Source).where(Source.name == source, Feed.kind.in_(SHOWING))
    return Shown(frozenset(found), tuple(entries for entries in session.scalars(lists) if entries))


def record(
    session: Session,
    gap: OpenGap,
    verdict: Verdict,
    *,
    again_at: datetime | None,
    limits: Limits | None,
    run_id: int | None,
    now: datetime,
) -> int:
    """Commit a verdict and insert the pages that were missed; return how many of them are new.

    ``again_at`` is when to ask again: while it is not decided, or while a budget keeps pages out. Pages that a sitemap
    named before any feed could are the gap's, too. A confirmed gap only gains: a sitemap has forgotten its pages soon.
    """
    kept = session.get_one(Gap, gap.id)
    was_confirmed = kept.state == "confirmed"
    is_confirmed = was_confirmed or verdict.state == "confirmed"
    source_id = session.scalars(select(Feed.source_id).where(Feed.id == gap.feed_id)).one()
    own = gap.id if is_confirmed else None
    added = pages.add(session, source_id, None, verdict.missed, now=now, limits=limits, gap_id=own)
    if is_confirmed:
        for keys in portions(found.key for found in verdict.missed):
            session.execute(update(Page).where(Page.key.in_(keys), Page.gap_id.is_(None)).values(gap_id=gap.id))
    if not was_confirmed:
        kept.state, kept.reason, kept.sitemap_url = verdict.state, verdict.reason, verdict.sitemap
        kept.pages_listed = verdict.listed
        kept.decided_at = None if verdict.state == "suspected" else now
    if is_confirmed:
        kept.pages_listed = max(kept.pages_listed, verdict.listed)
        kept.pages_missed = max(kept.pages_missed, len(verdict.missed))
    kept.checks += 1
    kept.next_check_at = again_at if verdict.state == "suspected" or added.over_budget else None
    if kept.next_check_at is None:
        kept.listed_before = kept.listed_after = None
    session.flush()
    session.execute(update(Run).where(Run.id == run_id).values(pages_found=Run.pages_found + added.new))
    return added.new


def settle(session: Session, *, now: datetime) -> int:
    """Close the confirmed gaps whose pages have all been fetched; return how many.

    A page that says that it is older than the gap was not missed: its sitemap tells when it was changed. Where pages
    have ended otherwise, or a budget left them out until no sitemap listed them, the gap stays confirmed and its reason
    says how many. A gap waits for the pages of other gaps of its source that overlap it, too: a page that two feeds
    lost is in one of them only.
    """
    _dismiss_older(session, now)
    waiting = _is_unfetched(or_(Page.state.in_(("waiting", "fetching")), Page.next_try_at.is_not(None)))
    lost = _is_unfetched(~waiting)
    own, other, own_feed, other_feed = aliased(Gap), aliased(Gap), aliased(Feed), aliased(Feed)
    pages_of = (
        select(
            own.id,
            _count(waiting),
            _count(lost),
            case((own.checks > 1, own.pages_missed - func.count(Page.id)), else_=0),
        )
        .join(own_feed, own_feed.id == own.feed_id)
        .join(other_feed, other_feed.source_id == own_feed.source_id)
        .join(other, and_(other.feed_id == other_feed.id, other.since <= own.until, other.until >= own.since))
        .outerjoin(Page, Page.gap_id == other.id)
        .where(own.state == "confirmed", own.next_check_at.is_(None))
        .group_by(own.id)
    )
    closed = 0
    for gap_id, still, ended, owed in session.execute(pages_of).all():
        if still == 0 and ended == 0 and owed <= 0:
            values = {"state": "closed", "closed_at": now}
            closed += 1
        elif still == 0:
            values = {"reason": f"{ended + max(owed, 0)} of the missed pages cannot be fetched"}
        else:
            continue
        session.execute(update(Gap).where(Gap.id == gap_id).values(values))
    return closed


def _dismiss_older(session: Session, now: datetime) -> None:
    """Take pages that are older than their gap out of it; a gap that is left without any is refuted."""
    older = (
        select(Page.id, Gap.id, Gap.since, Article.published_at)
        .join(Gap, Gap.id == Page.gap_id)
        .join(Article, Article.id == Page.article_id)
        .where(Gap.state == "confirmed", Article.published_at < Gap.since)
    )
    of_gap: dict[int, list[int]] = {}
    for page_id, gap_id, since, published_at in session.execute(older):
        if published_at and published_at + DAY <= since:
            of_gap.setdefault(gap_id, []).append(page_id)
    for gap_id, page_ids in of_gap.items():
        for ids in portions(page_ids):
            session.execute(update(Page).where(Page.id.in_(ids)).values(gap_id=None))
        gap = session.get_one(Gap, gap_id)
        gap.pages_missed = max(gap.pages_missed - len(page_ids), 0)
        if not gap.pages_missed:
            gap.state, gap.decided_at, gap.next_check_at = "refuted", now, None
            gap.reason = "what the sitemap dates then was published before, and changed"
    session.flush()


def _is_unfetched(ended: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(Page.fetched_at.is_(None), ended)


def _count(which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((which, 1), else_=0)), 0)
