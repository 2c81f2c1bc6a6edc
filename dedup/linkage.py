"""Average-linkage clustering of a sparse similarity graph: the same partition whatever order the items came in.

SciPy's ``linkage`` wants every pair; a news window has a few dozen similar articles for each, and zero for the rest.
"""

import heapq
from dataclasses import dataclass
from itertools import compress

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True, slots=True)
class Pairs:
    """Similarities of items 0..n-1, each unordered pair once, ``low < high``; a pair that is missing counts as 0."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    value: NDArray[np.float64]

    def select(self, mask: NDArray[np.bool_]) -> "Pairs":
        """Return the pairs that the mask names."""
        return Pairs(self.low[mask], self.high[mask], self.value[mask])

    def symmetric(self, count: int) -> csr_array:
        """Return both triangles as a sparse matrix."""
        ends = (np.concatenate([self.low, self.high]), np.concatenate([self.high, self.low]))
        return csr_array((np.concatenate([self.value, self.value]), ends), shape=(count, count))


def average_linkage(count: int, pairs: Pairs, floor: float) -> NDArray[np.int64]:
    """Return a cluster number for each item: its smallest member.

    The two most similar clusters merge until no two have a mean similarity of at least ``floor`` (above 0). Ties go to
    the lowest numbers, so number the items by something that is theirs. A merge costs the neighbours of both clusters.
    """
    labels = np.arange(count)
    pairs = _within_reach(count, pairs, floor)
    for member, cluster in _Clusters(pairs, floor).merged().items():
        labels[member] = cluster
    return labels


def _within_reach(count: int, pairs: Pairs, floor: float) -> Pairs:
    """Drop pairs that no merger can join: a mean of at least ``floor`` needs one pair that has it."""
    strong = pairs.select(pairs.value >= floor)
    _, component = connected_components(strong.symmetric(count), directed=False)
    return pairs.select(component[pairs.low] == component[pairs.high])


class _Clusters:
    """Clusters named after their smallest member, and the summed similarity of each two that have any."""

    def __init__(self, pairs: Pairs, floor: float) -> None:
        self.floor = floor
        triples = list(zip(pairs.low.tolist(), pairs.high.tolist(), pairs.value.tolist(), strict=True))
        self.members: dict[int, list[int]] = {item: [item] for low, high, _ in triples for item in (low, high)}
        self.total: dict[int, dict[int, float]] = {item: {} for item in self.members}
        for low, high, value in triples:
            self.total[low][high] = self.total[high][low] = value
        strong = (pairs.value >= floor).tolist()
        # An entry is stale when a size in it is: sizes only grow.
        self.heap = [(-value, low, high, 1, 1) for low, high, value in compress(triples, strong)]
        heapq.heapify(self.heap)

    def merged(self) -> dict[int, int]:
        """Merge while anything can be merged; return the cluster of each member."""
        while self.heap:
            _, one, other, size_one, size_other = heapq.heappop(self.heap)
            if len(self.members.get(one, ())) == size_one and len(self.members.get(other, ())) == size_other:
                self._absorb(one, other)
                self._offer(one)
        return {member: cluster for cluster, members in self.members.items() for member in members}

    def _absorb(self, one: int, other: int) -> None:
        self.members[one] += self.members.pop(other)
        for third, value in self.total.pop(other).items():
            del self.total[third][other]
            if third != one:
                self.total[one][third] = self.total[third][one] = self.total[one].get(third, 0.0) + value

    def _offer(self, cluster: int) -> None:
        size = len(self.members[cluster])
        for third, value in self.total[cluster].items():
            mean = value / (size * len(self.members[third]))
            if mean >= self.floor:
                low, high = min(cluster, third), max(cluster, third)
                heapq.heappush(self.heap, (-mean, low, high, len(self.members[low]), len(self.members[high])))
