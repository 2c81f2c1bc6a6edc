"""What sitemaps say of a gap: whether they list pages of that time that no feed showed. Decides, and does nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from math import sqrt
from typing import TYPE_CHECKING, Final, Literal

from crawler.gaps.overlap import WIDTH, unpack

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from storage.gaps import Window

# A feed of one section shows a fraction of its site's sitemap, a feed of the whole site all of it: half lies between.
LEAST_SHARE: Final = 0.5
LEAST_SAMPLE: Final = 5  # entries around the window from which a share may be told
# Sitemaps may list what no feed ever shows, videos say. So many standard deviations above their share around the window
# are 2.3 % of a normal distribution; a page more, as the few of a short window are no normal distribution.
DEVIATIONS: Final = 2
OUTLIERS: Final = 10  # one in so many entries of a list may be an old one that came up again
DAY: Final = timedelta(days=1)

State = Literal["suspected", "confirmed", "refuted"]


@dataclass(frozen=True, slots=True)
class Listing:
    """What the sitemaps list: when each page was published, by its key; None where they do not say.

    ``lacking``: why another part could not be had.
    """

    times: Mapping[bytes, datetime | None]
    lacking: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """``missed`` are pages that no feed showed, or may have; ``listed`` counts all that are dated in the window."""

    state: State
    reason: str
    listed: int = 0
    missed: frozenset[bytes] = frozenset()


def judge(window: Window, listing: Listing, shown: Collection[bytes]) -> Judgement:
    """Decide whether pages of the window were missed; ``shown`` are the keys that feeds have shown.

    Confirmed: the sitemaps date pages in the window that no feed showed, clearly more of them than around it, and they
    list what this feed lists. Refuted: they cover the window and date none there. Suspected: whatever else, with the
    reason.
    """
    facts = _Facts.of(window, listing, shown)
    if facts.missed or facts.unsure:
        state, reason = _of_missed(facts)
        return Judgement(state, reason, facts.listed, facts.missed | facts.unsure)
    why_not = _not_covered(facts, listing)
    if why_not is not None:
        return Judgement("suspected", why_not, facts.listed)
    return Judgement("refuted", "the sitemap lists no page of that time that no feed showed", facts.listed)


def is_enough(window: Window, listing: Listing) -> bool:
    """Tell whether no other sitemap need be asked: these reach back and list nearly all that the feed lists now."""
    before, after = set(unpack(window.before)), set(unpack(window.after))
    known = after.intersection(key[:WIDTH] for key in listing.times)
    return len(known) * OUTLIERS >= len(after) * (OUTLIERS - 1) and _reaches_back(before - after, listing)


def _of_missed(facts: _Facts) -> tuple[State, str]:
    if not facts.is_of_feed:
        return "suspected", "the sitemap lists other addresses than the feed"
    if facts.around >= LEAST_SAMPLE and facts.around_shown < LEAST_SHARE * facts.around:
        return "suspected", f"the sitemap lists more than this feed: it showed {facts.around_shown} of {facts.around}"
    if not facts.missed:
        return "suspected", "the sitemap dates its pages by the day only"
    if not facts.is_more_than_around:
        unknown = facts.around - facts.around_shown
        return (
            "suspected",
            f"around that time, too, no feed showed {unknown} of the {facts.around} that the sitemap lists",
        )
    return "confirmed", f"the sitemap lists {_pages(len(facts.missed))} that no feed showed"


def _not_covered(facts: _Facts, listing: Listing) -> str | None:
    if not listing.times:
        return listing.lacking or "the sitemap is empty"
    if not facts.is_current:
        return "the sitemap does not list what the feed lists now"
    if facts.undated:
        return f"the sitemap does not date {_pages(facts.undated)} that no feed showed"
    if not facts.reaches_back:
        return "the sitemap does not reach back so far"
    return listing.lacking


@dataclass(frozen=True, slots=True)
class _Facts:
    """What can be counted. Around: outside the window, but within the time that the two lists span."""

    listed: int
    missed: frozenset[bytes]
    unsure: frozenset[bytes]  # dated by the day only, and not all of that day is in the window
    undated: int
    around: int
    around_shown: int
    is_of_feed: bool
    is_current: bool
    reaches_back: bool

    @property
    def is_more_than_around(self) -> bool:
        """Whether the window has more pages that no feed showed than their share around it explains."""
        if self.around == self.around_shown:
            return True
        share = 1 - self.around_shown / self.around
        expected = share * self.listed
        return len(self.missed) > expected + DEVIATIONS * sqrt(expected * (1 - share)) + 1

    @classmethod
    def of(cls, window: Window, listing: Listing, shown: Collection[bytes]) -> _Facts:
        before, after = set(unpack(window.before)), set(unpack(window.after))
        lists = before | after
        since, until = window.since, _until(window, after - before, listing)
        dated = {key: time for key, time in listing.times.items() if time is not None}
        within = {key for key, time in dated.items() if since <= time and end_of(time) <= until}
        touching = {key for key, time in dated.items() if key not in within and time <= until and end_of(time) >= since}
        moving = sorted(time for key, time in dated.items() if key[:WIDTH] in before ^ after)
        span = moving[len(moving) // OUTLIERS :]
        around = {
            key
            for key, time in dated.items()
            if span and span[0] <= time <= span[-1] and not since <= time <= until and key[:WIDTH] not in before & after
        }
        known = {key for key in listing.times if key in shown or key[:WIDTH] in lists}
        return cls(
            listed=len(within),
            missed=frozenset(within - known),
            unsure=frozenset(touching - known),
            undated=sum(time is None for key, time in listing.times.items() if key not in known),
            around=len(around),
            around_shown=len(around & known),
            is_of_feed=bool(known),
            is_current=any(key[:WIDTH] in after - before for key in listing.times),
            reaches_back=_reaches_back(before - after, listing),
        )


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count} pages"


def _until(window: Window, new: Collection[bytes], listing: Listing) -> datetime:
    """Return where the window ends by the sitemap's dates: what is missing is no newer than what the feed lists now."""
    times = (time for key, time in listing.times.items() if time is not None and key[:WIDTH] in new)
    return min(chain([window.until], (time for time in times if time >= window.since)))


def _reaches_back(old: Collection[bytes], listing: Listing) -> bool:
    """Tell whether the sitemaps list what the feed listed before; an old date alone may be an imprint's."""
    return any(key[:WIDTH] in old for key in listing.times)


def end_of(time: datetime) -> datetime:
    """Return when a page was published at the latest: midnight stands for the whole day."""
    return time + DAY if not (time.hour or time.minute or time.second or time.microsecond) else time
