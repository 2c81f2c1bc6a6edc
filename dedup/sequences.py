"""The longest ascending part of a sequence: of places that two texts share, the most that stand in one order."""

from bisect import bisect_left
from collections.abc import Sequence


def longest_ascending(values: Sequence[int]) -> list[int]:
    """Return the indexes of a longest strictly ascending subsequence (patience sorting: n log n)."""
    tops: list[int] = []  # the least value that ends a subsequence of each length
    ends: list[int] = []  # its index
    before: list[int] = []
    for index, value in enumerate(values):
        length = bisect_left(tops, value)
        tops[length : length + 1] = [value]
        ends[length : length + 1] = [index]
        before.append(ends[length - 1] if length else -1)
    found = []
    at = ends[-1] if ends else -1
    while at >= 0:
        found.append(at)
        at = before[at]
    return found[::-1]
