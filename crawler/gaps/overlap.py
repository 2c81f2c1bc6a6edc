"""Whether a poll of a feed goes on where the poll before it ended, or entries may have come and gone between. Pure.

A feed is a window that slides over what its site publishes. As long as one poll shows an entry again that the poll
before it showed, nothing slid past unseen; entries that stick at the top prove nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Final

from storage.gaps import Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from storage.pages import Found

WIDTH: Final = 8  # bytes of a key: among 2 × 2,000 entries, two that share them are one case in 10^12
MOST: Final = 2_000  # entries kept of one poll, as many as are read of one
# The site dates its entries, we date our polls; a clock that is further off than this is off by an hour or a zone.
CLOCKS: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many entries the poll before listed, and how many of them were seen again, pinned ones left aside."""

    before: int
    again: int

    @property
    def is_gap(self) -> bool:
        """Whether nothing ties the two polls together."""
        return self.before > 0 and self.again == 0


def pack(links: Sequence[Found]) -> bytes:
    """Return what `compare` needs to know of a poll: the beginnings of its links' keys, in the feed's order."""
    return b"".join(link.key[:WIDTH] for link in links[:MOST])


def unpack(entries: bytes | None) -> list[bytes]:
    """Return the beginnings of the keys, in the feed's order."""
    return [entries[i : i + WIDTH] for i in range(0, len(entries), WIDTH)] if entries else []


def compare(before: bytes | None, links: Sequence[Found]) -> Overlap:
    """Count what ``links`` show again of the poll ``before``. Where either lists nothing, there is nothing to miss.

    Known entries that lead the list with nothing but unknown ones behind them are pinned. So look the survivors of a
    feed in ascending order, but the newest of them was the last of the list before; a pinned entry was not, unless it
    was all there was.
    """
    listed = unpack(before)
    if not links:
        return Overlap(0, 0)
    known = set(listed)
    now = [link.key[:WIDTH] for link in links]
    again = known.intersection(now)
    leading = set(takewhile(known.__contains__, now))
    is_pinned = leading == again and len(again) < min(len(known), len(set(now)))
    if is_pinned and not (listed[-1] in leading and _may_ascend(links, known)):
        return Overlap(len(listed), 0)
    return Overlap(len(listed), len(again))


def window(
    before: bytes | None,
    links: Sequence[Found],
    *,
    listed_at: datetime,
    listed_to: datetime | None,
    now: datetime,
) -> Window:
    """Return the bounds in time of what may be missing between a poll at ``listed_at`` and these ``links``.

    ``listed_to`` is the newest date that the poll before gave. Dates are believed where they fit the times of the
    polls, whose own clock stands in for them.
    """
    since = min(listed_to, listed_at) if listed_to else listed_at - CLOCKS
    known = set(unpack(before))
    times = [link.time for link in links if link.time and link.key[:WIDTH] not in known]
    until = min((time for time in times if since <= time <= now), default=max(since, now))
    return Window(since, until, before or b"", pack(links))


def _may_ascend(links: Sequence[Found], known: set[bytes]) -> bool:
    """Tell whether the new entries' dates leave it open that the feed lists its newest entries last."""
    times = [link.time for link in links if link.time and link.key[:WIDTH] not in known]
    return len(times) < 2 or any(a <= b for a, b in pairwise(times))
