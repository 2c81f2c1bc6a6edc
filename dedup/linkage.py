"""Average-linkage clustering of a sparse similarity graph: the same partition whatever order the items came in.

SciPy's ``linkage`` wants every pair; a news window has a few dozen similar articles for each, and zero for the rest.
Two clusters that hang together far more closely in themselves than with each other are two events about one topic.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import compress

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

# Members up to which a cluster's own mean is believed in full. Measured on made events of 200 reports: one piece each,
# 11 to 14 pieces where it is believed at any size; the labelled sets, whose stories are smaller, lose little (B-cubed
# F1 of ECB+ .934 and .943). A root instead of the share leaves the events of shortest reports in 13 pieces.
TRUSTED_SIZE = 12
# One pair says least of what else its event brings. Measured: .5 keeps the five texts of one small event in a database
# of forty reports in two pieces; .4 puts them together, for .002 of a stream's B-cubed F1 (.933, .931).
TRUSTED_IN_TWO = 0.4
# Members from which on many pairs that agree are no excuse for weak ones (two clusters: half of it each): so a topic
# chains. Measured on a stream at sixty times its density: biggest 34 instead of 113, pair F1 .628 instead of .561; the
# labelled sets and the made events stay as they are.
FULL_SIZE = 24


@dataclass(frozen=True, slots=True)
class Pairs:
    """Similarities of items 0..n-1, each unordered pair once, ``low < high``; a pair that is missing counts as 0.

    A pair may stand for several like it that were left out: its weight, at least 1.
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    value: NDArray[np.float64]
    weight: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        if len(self.weight) != len(self.low):
            object.__setattr__(self, "weight", np.ones(len(self.low)))

    def select(self, mask: NDArray[np.bool_]) -> "Pairs":
        """Return the pairs that the mask names."""
        return Pairs(self.low[mask], self.high[mask], self.value[mask], self.weight[mask])

    def symmetric(self, count: int) -> csr_array:
        """Return both triangles as a sparse matrix."""
        ends = (np.concatenate([self.low, self.high]), np.concatenate([self.high, self.low]))
        return csr_array((np.concatenate([self.value, self.value]), ends), shape=(count, count))


@dataclass(frozen=True, slots=True)
class LinkageRules:
    """When two clusters may merge."""

    single: float  # least similarity of one pair alone, above 0
    many: float  # least mean similarity of clusters with many pairs between them, above 0
    coherence: float = 0.0  # least share of what the looser cluster has in itself

    def needed(self, pairs: int) -> float:
        """Return the least mean of so many pairs: many that agree are surer than one."""
        return self.many + (self.single - self.many) / pairs

    def full(self, one: int, other: int) -> float:
        """Return the least mean of clusters of such sizes: the bigger, the nearer to what one pair alone needs."""
        return self.single * min(1.0, max(2 * min(one, other), max(one, other)) / FULL_SIZE)


@dataclass(frozen=True, slots=True)
class Bound:
    """What was decided before anything is merged: disjoint sets of items that are together, pairs that never are."""

    together: tuple[tuple[int, ...], ...] = ()
    apart: tuple[tuple[int, int], ...] = ()  # no two of them together


FREE = Bound()


def average_linkage(count: int, pairs: Pairs, rules: LinkageRules, bound: Bound = FREE) -> NDArray[np.int64]:
    """Return a cluster number for each item: its smallest member.

    The two most similar clusters merge until no two have a mean similarity of at least what the rules need and, where
    both have several members, of at least the coherence times what the looser one has in itself. Ties go to the lowest
    numbers, so number the items by something that is theirs. A merge costs the neighbours of both clusters.

    What is bound together is one cluster from the start; clusters that hold a pair kept apart are passed over.
    """
    labels = np.arange(count)
    pairs = _within_reach(count, pairs, min(rules.single, rules.many), bound)
    for member, cluster in _Clusters(pairs, rules, bound).merged().items():
        labels[member] = cluster
    return labels


def _within_reach(count: int, pairs: Pairs, floor: float, bound: Bound) -> Pairs:
    """Drop pairs that no merger can join: a mean of at least ``floor`` needs one pair that has it."""
    strong = pairs.select(pairs.value >= floor)
    if bound.together:
        ends = np.array([(members[0], other) for members in bound.together for other in members[1:]])
        low, high = np.concatenate([strong.low, ends[:, 0]]), np.concatenate([strong.high, ends[:, 1]])
        strong = Pairs(low, high, np.ones(len(low)))
    _, component = connected_components(strong.symmetric(count), directed=False)
    return pairs.select(component[pairs.low] == component[pairs.high])


class _Clusters:
    """Clusters named after their smallest member, and the summed similarity of each two that have any."""

    def __init__(self, pairs: Pairs, rules: LinkageRules, bound: Bound) -> None:
        self.rules = rules
        triples = list(zip(pairs.low.tolist(), pairs.high.tolist(), pairs.value.tolist(), strict=True))
        self.members: dict[int, list[int]] = {item: [item] for low, high, _ in triples for item in (low, high)}
        # Of each two clusters: summed similarity, and how many pairs the known ones stand for.
        self.total: dict[int, dict[int, tuple[float, float]]] = {item: {} for item in self.members}
        self.inside: dict[int, tuple[float, float]] = dict.fromkeys(self.members, (0.0, 0.0))
        for (low, high, value), weight in zip(triples, pairs.weight.tolist(), strict=True):
            self.total[low][high] = self.total[high][low] = (value * weight, weight)
        strong = (pairs.value >= rules.needed(1)).tolist()
        # An entry is stale when a size in it is: sizes only grow.
        self.heap = [(-value, low, high, 1, 1) for low, high, value in compress(triples, strong)]
        heapq.heapify(self.heap)
        self.apart: dict[int, set[int]] = {}
        self._bind(bound)

    def _bind(self, bound: Bound) -> None:
        for one, other in bound.apart:
            self.apart.setdefault(one, set()).add(other)
            self.apart.setdefault(other, set()).add(one)
        for members in bound.together:
            lowest, *others = sorted(members)
            for item in (lowest, *others):
                self.members.setdefault(item, [item])
                self.total.setdefault(item, {})
                self.inside.setdefault(item, (0.0, 0.0))
            for item in others:
                self._absorb(lowest, item)
            self._offer(lowest)

    def merged(self) -> Mapping[int, int]:
        """Merge while anything can be merged; return the cluster of each member."""
        while self.heap:
            negative, one, other, size_one, size_other = heapq.heappop(self.heap)
            if len(self.members.get(one, ())) != size_one or len(self.members.get(other, ())) != size_other:
                continue
            if (
                other not in self.apart.get(one, ())
                and -negative >= self.rules.full(size_one, size_other)
                and self._coherent(one, other, -negative)
            ):
                self._absorb(one, other)
                self._offer(one)
        return {member: cluster for cluster, members in self.members.items() for member in members}

    def _coherent(self, one: int, other: int, mean: float) -> bool:
        return mean >= self.rules.coherence * min(self._own_mean(one), self._own_mean(other))

    def _own_mean(self, cluster: int) -> float:
        return own_mean(len(self.members[cluster]), self.inside[cluster])

    def _absorb(self, one: int, other: int) -> None:
        between = self.total[one].get(other, (0.0, 0.0))
        self.inside[one] = _sum(_sum(self.inside[one], self.inside.pop(other)), between)
        self.members[one] += self.members.pop(other)
        for third, value in self.total.pop(other).items():
            del self.total[third][other]
            if third != one:
                known = self.total[one].get(third)
                self.total[one][third] = self.total[third][one] = _sum(known, value) if known else value
        for third in self.apart.pop(other, ()):
            self.apart[third].discard(other)
            self.apart[third].add(one)
            self.apart.setdefault(one, set()).add(third)

    def _offer(self, cluster: int) -> None:
        size = len(self.members[cluster])
        for third, value in self.total[cluster].items():
            count = size * len(self.members[third])
            mean = _mean(value, count)
            if mean >= self.rules.needed(count):
                low, high = min(cluster, third), max(cluster, third)
                heapq.heappush(self.heap, (-mean, low, high, len(self.members[low]), len(self.members[high])))


def own_mean(size: int, inside: tuple[float, float]) -> float:
    """Return the mean similarity within a cluster, as far as it is believed.

    ``inside`` is the sum of its pairs, and how many these stand for. The more members there are, the more their mean
    flatters: the likest came together first.
    """
    if size == 1:
        return 0.0
    believed = TRUSTED_IN_TWO if size == 2 else (size - 1) / size * min(1.0, TRUSTED_SIZE / size)
    return believed * _mean(inside, size * (size - 1) / 2)


def _sum(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return one[0] + other[0], one[1] + other[1]


def _mean(total: tuple[float, float], count: float) -> float:
    """Return the mean over ``count`` pairs, or over what the known ones stand for where that is more."""
    return total[0] / max(count, total[1])
