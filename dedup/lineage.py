"""Lineage: who printed a text first, whose text another printed, and where the times are too uncertain to say.

A time that a page claims is worth what its outlet's clock is worth. So a moment is an interval: what is claimed, moved
by how far that outlet's claims have been seen to be off, within what was observed from outside (not listed yet,
listed). "First" is said only where intervals do not overlap.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf

MINUTE = 60.0
HOUR = 60 * MINUTE
CLOCKS = 14 * HOUR  # how far claims of which nothing is known may be off: the widest mistake of a zone
# An article may be on its site a while before its feed lists it: caches of feeds commonly live for some minutes.
LISTING_LAG = 10 * MINUTE
RELIABLE = 0.95  # of an outlet's claims that must agree on one offset; else none of them is believed
SAME_SHARE = 0.01  # shares of words closer than that are equal, and the earlier text is the source


@dataclass(frozen=True, slots=True)
class Claim:
    """The interval that a date as written can mean: an instant, a local time without a zone, a day. Seconds, UTC."""

    earliest: float
    latest: float


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is known of when an article was published. Observations are by our own clock."""

    claim: Claim | None
    not_before: float = -inf  # its feed was read then, and did not list it
    seen_by: float = inf  # it was listed, or read, by then


@dataclass(frozen=True, slots=True)
class Clock:
    """By how many seconds an outlet's claims may have to be moved to be true; ``None`` in its place: not to be told."""

    low: float = -CLOCKS
    high: float = CLOCKS


EXACT = Clock(0.0, 0.0)  # for times that an operator gave


@dataclass(frozen=True, slots=True)
class Moment:
    """When an article was published: no earlier and no later than that. Seconds since the epoch, or infinite."""

    earliest: float
    latest: float

    def is_before(self, other: "Moment") -> bool:
        """Tell whether this one is certainly the earlier."""
        return self.latest < other.earliest


class Order(StrEnum):
    """What can be said of an article and the text that it was copied from."""

    AFTER = "after"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class Source:
    """A text that an article may have been copied from."""

    article: int
    share: float  # of the article's words that stand in it
    time: float  # the best guess, for the order of equals
    moment: Moment


@dataclass(frozen=True, slots=True)
class Descent:
    """The likeliest text that an article was copied from."""

    source: int
    share: float
    order: Order


def clock(sightings: Iterable[Sighting]) -> Clock | None:
    """Return the offsets that are consistent with nearly all of an outlet's sightings; None where no offset is.

    Each sighting bounds the offset: a claim, moved by it, must lie between the last poll that did not list the article
    and the first that did. The offset that most of them allow is looked for by a sweep over their ends.
    """
    bounds = [bound for sighting in sightings if (bound := _offsets(sighting)) is not None]
    if not bounds:
        return Clock()
    ends = sorted([(low, 0) for low, _ in bounds] + [(high, 1) for _, high in bounds])
    best = depth = 0
    low = high = 0.0
    for place, (at, is_end) in enumerate(ends):
        if is_end:
            depth -= 1
            continue
        depth += 1
        if depth > best:
            best, low, high = depth, at, next(end for end, closes in ends[place:] if closes)
    if best < RELIABLE * len(bounds):
        return None
    within = Clock(max(low, -CLOCKS), min(high, CLOCKS))
    return within if within.low <= within.high else Clock(low, high)


def moment(sighting: Sighting, clock: Clock | None) -> Moment:
    """Return when an article was published; a claim that its clock and what was observed contradict is left aside."""
    seen = Moment(sighting.not_before - LISTING_LAG, sighting.seen_by)
    if sighting.claim is None or clock is None:
        return seen
    claimed = Moment(sighting.claim.earliest + clock.low, sighting.claim.latest + clock.high)
    both = Moment(max(seen.earliest, claimed.earliest), min(seen.latest, claimed.latest))
    return both if both.earliest <= both.latest else seen


def descent(own: Moment, guess: tuple[float, int], sources: Sequence[Source]) -> Descent | None:
    """Return the text that an article was likeliest copied from; None where every copy of it is certainly later.

    Of those that are not later, the one that most of the article's words stand in; of equals the earliest. ``guess``
    is the article's own likeliest time, and its id: of two whose order is undetermined the one guessed earlier is the
    source.
    """
    earlier = [
        source
        for source in sources
        if source.moment.is_before(own) or (not own.is_before(source.moment) and (source.time, source.article) < guess)
    ]
    if not earlier:
        return None
    most = max(source.share for source in earlier)
    best = min(
        (source for source in earlier if source.share >= most - SAME_SHARE),
        key=lambda source: (source.time, source.article),
    )
    return Descent(best.article, best.share, Order.AFTER if best.moment.is_before(own) else Order.UNDETERMINED)


def first(moments: Sequence[Moment]) -> int | None:
    """Return the index of the one that is certainly the earliest; None where that cannot be said."""
    if not moments:
        return None
    ends = min(range(len(moments)), key=lambda index: moments[index].latest)
    others = (moment for index, moment in enumerate(moments) if index != ends)
    return ends if all(moments[ends].is_before(other) for other in others) else None


def _offsets(sighting: Sighting) -> tuple[float, float] | None:
    if sighting.claim is None or (sighting.not_before == -inf and sighting.seen_by == inf):
        return None
    low = sighting.not_before - LISTING_LAG - sighting.claim.latest
    return low, max(low, sighting.seen_by - sighting.claim.earliest)
