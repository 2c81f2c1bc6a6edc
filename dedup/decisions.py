"""What operators have decided, as constraints of a partition: what is together, what is apart, what is closed.

A decision on an item is one on whatever is together with it, so the order in which decisions were given plays no part.
Where an item that must be together with another must also be apart from it, together wins: two texts that were kept
apart and have become copies of each other have one vote. Decisions that contradict each other when they are given are
refused then (`chain` names those that do).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from dedup.groups import components
from dedup.linkage import Bound, Pairs


@dataclass(frozen=True, slots=True)
class Decisions:
    """What stands, by item ids."""

    together: tuple[frozenset[int], ...] = ()  # disjoint
    apart: frozenset[tuple[int, int]] = frozenset()
    closed: frozenset[int] = frozenset()  # nothing joins what is together with these
    home: Mapping[int, frozenset[int]] = field(default_factory=dict, repr=False)  # item -> what it is with

    @classmethod
    def of(
        cls, together: Iterable[tuple[int, int]], apart: Iterable[tuple[int, int]], closed: Iterable[int] = ()
    ) -> Self:
        """Return what follows from pairs; what is kept apart from itself is left out."""
        united = tuple(components((), together))
        home = {item: members for members in united for item in members}
        return cls(
            together=united,
            apart=frozenset((a, b) for a, b in apart if b not in home.get(a, {a})),
            closed=frozenset(other for item in closed for other in home.get(item, {item})),
            home=home,
        )

    def bound(self, ids: Sequence[int]) -> Bound:
        """Return them for items numbered in the order of ``ids``."""
        number = {item: index for index, item in enumerate(ids)}
        together = ([number[item] for item in sorted(members) if item in number] for members in self.together)
        ends = ((self._first(a, number), self._first(b, number)) for a, b in sorted(self.apart))
        return Bound(
            together=tuple(tuple(members) for members in together if len(members) > 1),
            apart=tuple((a, b) for a, b in ends if a is not None and b is not None),
        )

    def opened(self, ids: Sequence[int], pairs: Pairs) -> Pairs:
        """Drop the pairs of a closed item with one that is not together with it."""
        if self.closed.isdisjoint(ids):
            return pairs
        mark = np.array([min(self.home.get(item, {item})) if item in self.closed else -1 for item in ids])
        is_open = mark[pairs.low] == mark[pairs.high]
        return pairs.select(is_open)

    def united(self, stories: Iterable[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """Unite what is together across stories that were computed by themselves, as those of two languages are.

        The stories come whole where nothing in them must be apart, else only what is together.
        """
        found = {item: story for story in map(frozenset, stories) for item in story}
        for members in self.together:
            present = [item for item in sorted(members) if item in found]
            parts = {found[item] for item in present}
            if len(parts) < 2:
                continue
            whole = frozenset().union(*parts)
            if any(a in whole and b in whole for a, b in self._all_apart()):
                rest = [part.difference(present) for part in parts]
                parts_now = [frozenset(present), *(part for part in rest if part)]
            else:
                parts_now = [whole]
            found |= {item: part for part in parts_now for item in part}
        return sorted({tuple(sorted(story)) for story in found.values()})

    def part(self, a: int, b: int) -> bool:
        """Tell whether two items must not be together, nor what is together with them."""
        one, other = (self.home.get(item, {item}) for item in (a, b))
        return any({(x, y), (y, x)} & self.apart for x in one for y in other)

    def _all_apart(self) -> Iterable[tuple[int, int]]:
        for a, b in self.apart:
            for one in self.home.get(a, {a}):
                for other in self.home.get(b, {b}):
                    yield one, other

    def _first(self, item: int, number: Mapping[int, int]) -> int | None:
        return min((number[other] for other in self.home.get(item, {item}) if other in number), default=None)


NONE_YET = Decisions()


def chain(pairs: Iterable[tuple[int, int, int]], start: int, end: int) -> list[int] | None:
    """Return the labels of the shortest chain of ``(a, b, label)`` from one item to another, or None."""
    beside: dict[int, list[tuple[int, int]]] = {}
    for a, b, label in pairs:
        beside.setdefault(a, []).append((b, label))
        beside.setdefault(b, []).append((a, label))
    reached: dict[int, list[int]] = {start: []}
    waiting = [start]
    for item in waiting:  # grows as it is read
        for other, label in beside.get(item, ()):
            if other not in reached:
                reached[other] = [*reached[item], label]
                waiting.append(other)
    return reached.get(end)
