"""When a date that a page claims cannot be true: measured against our clock and against the feed that named the page.

Whoever dates itself wrongly would be "first" in a story, or fall out of it. Imports nothing heavy: the crawl uses it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pipelines.reading import Doubt

EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)  # before that there was no page to publish on
NEVER: Final = datetime(2200, 1, 1, tzinfo=UTC)
CLOCKS: Final = timedelta(hours=1)  # how far two machines' clocks may be apart, or a publication be scheduled ahead
EASTMOST: Final = timedelta(hours=14)  # the zone furthest ahead of UTC: Kiritimati
DAY: Final = timedelta(days=1)  # feeds name their zones wrongly more often than pages: see feedparser's own cases
LATE: Final = timedelta(days=14)  # the window of stories: an older date takes an article out of the news it came with

EPOCH = re.compile(r"^1\d{9}(\d{3})?$")  # seconds or milliseconds since 1970
_ZONED = re.compile(
    r"^1\d{9}(?:\d{3})?$|:\d{2}(?:[.,]\d{1,9})?\s?(?:[ap]\.?m\.?\s)?(?:[+-]\d{1,2}:?\d{0,2}|(?![ap]m$)[a-z]{1,5})$"
)
_IN_WORDS = re.compile(r"(?<=[+-]\d{4})\s*\([^()]*\)$|\[[\w/+-]+\]$|(?:gmt|utc)\s?(?=[+-]\d)")


@dataclass(frozen=True, slots=True)
class Listing:
    """What we know of a page from the feed that first named it.

    ``feed_time`` is the newest date that the feed gave it, of publication or of change. ``watched_since`` is since when
    that feed was read, None where it was not, or lists pages of any age.
    """

    found_at: datetime
    feed_time: datetime | None = None
    watched_since: datetime | None = None


def tells_time(raw: str) -> bool:
    """Tell whether a date as it was written names a time of that day."""
    return ":" in raw or EPOCH.match(raw.strip()) is not None


def names_zone(raw: str) -> bool:
    """Tell whether a date as it was written names the zone of its clock."""
    return _ZONED.search(_IN_WORDS.sub("", raw.strip().lower())) is not None


def doubt(moment: datetime, now: datetime | None, *, zoned: bool) -> Doubt | None:
    """Return why a page that exists at ``now`` cannot have been published then; None: it can.

    A zoneless moment was taken for UTC. Where it is ahead by no more than a zone, it may be true elsewhere.
    """
    try:
        instant = moment.astimezone(UTC)
    except OverflowError:
        return "too_early" if moment.year < EARLIEST.year else "future"
    if instant < EARLIEST:
        return "too_early"
    latest = now.astimezone(UTC) if now else NEVER
    if instant <= latest + CLOCKS:
        return None
    return "future" if zoned or instant > latest + EASTMOST else "no_zone"


def doubt_by_listing(claimed: datetime, listing: Listing, *, zoned: bool) -> Doubt | None:
    """Return why a page that a feed listed then cannot have been published when it claims; None: it can."""
    if claimed > listing.found_at + (CLOCKS if zoned else EASTMOST):
        return "after_listed"
    if listing.feed_time is not None and claimed > listing.feed_time + DAY:
        return "after_listed"
    if listing.feed_time is not None and listing.feed_time <= claimed + LATE:
        return None  # the feed says so, too
    new = listing.found_at - LATE
    was_watched = listing.watched_since is not None and listing.watched_since <= new
    return "before_listed" if was_watched and claimed < new else None
