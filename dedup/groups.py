"""Groups that depend on their members alone: connected components, and ids that live on in the next partition."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class CarryOver:
    """Which ids a new partition inherits from the one before, and what became of the others."""

    ids: tuple[int | None, ...]  # one for each new set; None: it needs an id that was never used
    merged: Mapping[int, int]  # retired id -> index of the new set that holds the largest part of it
    split: Mapping[int, tuple[int, ...]]  # id -> indexes of the two or more new sets over which its members went
    vanished: tuple[int, ...]  # ids none of whose members are left


def components(members: Iterable[int], pairs: Iterable[tuple[int, int]]) -> list[frozenset[int]]:
    """Return the connected components, smallest member first; a member in no pair is a component of its own.

    A pair may name members that ``members`` does not: they count as well.
    """
    parent = {member: member for member in members}

    def root(member: int) -> int:
        parent.setdefault(member, member)
        while parent[member] != member:
            parent[member] = member = parent[parent[member]]
        return member

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    found: dict[int, set[int]] = {}
    for member in parent:
        found.setdefault(root(member), set()).add(member)
    return [frozenset(found[lowest]) for lowest in sorted(found)]


def carry_over(
    old: Mapping[int, Set[int]], new: Sequence[Set[int]], weight: Mapping[int, int] = MappingProxyType({})
) -> CarryOver:
    """Give each new set the id of the old set it shares most members with, each id at most once.

    ``weight`` is for members that stand for several: how many. Others count once.

    The largest overlaps choose first; ties go to the lower id, then to the set with the lowest member. So a merger
    keeps the id of its larger part, a split leaves the id with the larger part, and the order of ``new`` is irrelevant.
    """
    home = {member: index for index, members in enumerate(new) for member in members}
    overlaps: dict[int, Counter[int]] = {id_: Counter() for id_ in old}
    for id_, members in old.items():
        for member in members & home.keys():
            overlaps[id_][home[member]] += weight.get(member, 1)
    lowest = [min(members, default=0) for members in new]
    ids: list[int | None] = [None] * len(new)
    kept: set[int] = set()
    ranked = sorted(
        (-shared, id_, lowest[index], index) for id_, parts in overlaps.items() for index, shared in parts.items()
    )
    for _, id_, _, index in ranked:
        if ids[index] is None and id_ not in kept:
            ids[index] = id_
            kept.add(id_)
    largest = {id_: min(parts, key=lambda i: (-parts[i], lowest[i])) for id_, parts in overlaps.items() if parts}
    return CarryOver(
        ids=tuple(ids),
        merged={id_: index for id_, index in sorted(largest.items()) if id_ not in kept},
        split={id_: tuple(sorted(parts)) for id_, parts in sorted(overlaps.items()) if len(parts) > 1},
        vanished=tuple(sorted(id_ for id_, parts in overlaps.items() if not parts)),
    )
