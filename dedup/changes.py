"""What becomes of a partition when it is computed anew: which sets merge, split or exchange members."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from dedup.groups import components


class Kind(StrEnum):
    """What happens to the stories of a change, taken together."""

    MERGED = "merged"  # several become one
    SPLIT = "split"  # one becomes several
    CHANGED = "changed"  # members go from one to another, come or leave


@dataclass(frozen=True, slots=True)
class Part:
    """A story of a change and how many members it has; without an id it is new."""

    story: int | None
    articles: int


@dataclass(frozen=True, slots=True)
class Change:
    """Stories that exchange members, before and after; nothing of them goes elsewhere."""

    kind: Kind
    before: tuple[Part, ...]
    after: tuple[Part, ...]


def changes(before: Mapping[int, int], after: Mapping[int, int], newest: int) -> list[Change]:
    """Compare two partitions, as article -> story; a story above ``newest`` is new. The lowest ids come first."""
    sizes_before, sizes_after = Counter(before.values()), Counter(after.values())
    # A story is two nodes, as it was and as it will be: the latter by the negative of its id.
    kept = {(before[article], -after[article]) for article in before.keys() & after.keys()}
    lost = {before[article] for article in before.keys() - after.keys()}
    gained = {after[article] for article in after.keys() - before.keys()}
    nodes = (*sizes_before, *(-story for story in sizes_after))
    found = []
    for nodes_of in components(nodes, kept):
        old = tuple(sorted(node for node in nodes_of if node > 0))
        new = tuple(sorted(-node for node in nodes_of if node < 0))
        if old == new and len(old) == 1 and lost.isdisjoint(old) and gained.isdisjoint(new):
            continue
        kind = Kind.CHANGED
        if min(len(old), len(new)) == 1 < max(len(old), len(new)):
            kind = Kind.MERGED if len(new) == 1 else Kind.SPLIT
        found.append(
            Change(
                kind=kind,
                before=tuple(Part(story, sizes_before[story]) for story in old),
                after=tuple(Part(story if story <= newest else None, sizes_after[story]) for story in new),
            )
        )
    return sorted(found, key=lambda change: [part.story or newest + 1 for part in change.before + change.after])
