"""How long until a feed is asked again: sooner where it publishes, later where it is quiet. Pure.

A feed is asked about as often as it has something new, and always before its list has turned over: an entry that came
and went between two polls is lost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

HOUR: Final = 3_600.0
DAY: Final = timedelta(days=1)
# `python -m benchmarks.polling`, feeds of .02 to 40 entries an hour with nights and outbursts: a feed of one an hour is
# asked 25 times a day and its entries are found after half an hour. Half as many wanted per poll doubles the polls; a
# memory of two hours forgets by morning what a feed does by day (87 minutes), one of 24 gains nothing.
WANTED: Final = 1.0  # new entries per poll
MEMORY: Final = 12.0  # hours
TURNED_OVER: Final = 0.5  # of a list, in one poll: an outburst of twice the rate still loses nothing
LEEWAY: Final = 0.1  # of an interval, 30 s at most: else a run every five minutes finds a feed of five minutes not due
LEEWAY_SECONDS: Final = 30.0
FIRST_RATE: Final = 1.0  # entries an hour, of a feed that gives no dates


@dataclass(frozen=True, slots=True)
class Seen:
    """What a poll saw: ``listed`` entries, ``new`` ones among them since ``hours`` ago.

    ``listed`` is 0 where there was no list to see: nothing had changed.
    """

    hours: float
    listed: int = 0
    new: int = 0
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of an interval, in seconds; where they contradict each other, ``shortest`` counts."""

    shortest: float
    longest: float

    def clamp(self, seconds: float) -> float:
        """Return the nearest interval within them."""
        return max(min(seconds, self.longest), self.shortest)


def first_rate(times: Iterable[datetime | None], *, now: datetime) -> float:
    """Return entries an hour by the dates of a list that is seen for the first time."""
    dated = [time for time in times if time is not None]
    if not dated:
        return FIRST_RATE
    recent = [time for time in dated if time > now - DAY]
    since = min(dated) if len(recent) == len(dated) else now - DAY
    return len(recent) / max((now - since) / timedelta(hours=1), 1.0)


def rate(before: float, seen: Seen) -> float:
    """Return entries an hour, smoothed: what was seen counts by the time that it covers, and fades with the hours."""
    covered = seen.hours / MEMORY
    share = -math.expm1(-covered) / covered if covered > 0 else 1.0
    return before * math.exp(-covered) + seen.new / MEMORY * share


def interval(per_hour: float, seen: Seen, bounds: Bounds) -> float:
    """Return seconds until the next poll."""
    if seen.is_gap:
        return bounds.clamp(0.0)
    seconds = WANTED / per_hour * HOUR if per_hour > 0 else bounds.longest
    if seen.new:
        seconds = min(seconds, seen.hours * HOUR * TURNED_OVER * seen.listed / seen.new)
    return bounds.clamp(seconds)


def wait(seconds: float) -> float:
    """Return how long to wait of an interval: a little less, for no run asks a feed to the second of its slot."""
    return seconds - min(seconds * LEEWAY, LEEWAY_SECONDS)
