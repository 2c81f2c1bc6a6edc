"""Round-ups: reports of many events, which are like each of them and make none of them one.

What is like a report of one event is alike in itself. What is like a morning briefing is not: its neighbours fall into
parts that have nothing to do with each other. Such a report proves nothing, so it joins nothing.
"""

from collections import defaultdict

import numpy as np

from dedup.linkage import LinkageRules, Pairs

# Parts of its neighbours that make a report a round-up. Measured: 60 made round-ups of four stories each, put into a
# stream, 7 or 8 join a story instead of all, its pair F1 .791 to .797 instead of .764 to .780; 15 of its own 10,628
# reports are taken for round-ups, and no figure of it changes. With two parts 111 are, and pair F1 falls by .004.
PARTS = 3
RELATED = 0.05  # a score that shows two neighbours to have something to do with each other


def without_round_ups(count: int, pairs: Pairs, rules: LinkageRules) -> Pairs:
    """Drop the pairs of every report whose neighbours, each alone likely enough, fall into so many unrelated parts."""
    related, strong = defaultdict[int, set[int]](set), defaultdict[int, set[int]](set)
    for low, high, value in zip(pairs.low.tolist(), pairs.high.tolist(), pairs.value.tolist(), strict=True):
        for beside, least in ((related, RELATED), (strong, rules.single)):
            if value >= least:
                beside[low].add(high)
                beside[high].add(low)
    is_round_up = np.zeros(count, dtype=np.bool_)
    for report, neighbours in strong.items():
        is_round_up[report] = len(neighbours) >= PARTS and _parts(neighbours, related) >= PARTS
    return pairs.select(~(is_round_up[pairs.low] | is_round_up[pairs.high]))


def _parts(neighbours: set[int], related: dict[int, set[int]]) -> int:
    left, parts = set(neighbours), 0
    while left:
        parts += 1
        waiting = [left.pop()]
        while waiting:
            reached = related.get(waiting.pop(), set()) & left
            left -= reached
            waiting += reached
    return parts
