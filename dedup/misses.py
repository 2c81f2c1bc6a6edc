"""Misses: two stories with something in common, how much that is, and how much would have made them one."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dedup.linkage import LinkageRules, Pairs, own_mean
from dedup.stories import Place

Scored = tuple[float, float, int, int]  # similarity, how many pairs it stands for, and the numbers of two items


@dataclass(frozen=True, slots=True)
class Miss:
    """Two stories, by the two reports of them that are most alike."""

    a: int  # item of the smaller story, of two alike the later one
    b: int
    score: float  # mean similarity of all pairs between the stories
    needed: float  # least mean of stories of such sizes
    coherence: float  # least mean of stories so close in themselves
    pairs: int

    @property
    def missing(self) -> float:
        """How much more they would have needed; nothing where they were compared when fewer words were known."""
        return max(self.needed, self.coherence) - self.score


def misses(items: Sequence[Place], story_of: Mapping[int, int], found: Pairs, linkage: LinkageRules) -> Iterator[Miss]:
    """Yield each two stories that have anything in common, in no order.

    ``items`` are of one language and in the order of :func:`dedup.stories.ranked`, ``story_of`` has the story of each;
    ``found`` names them by their numbers.
    """
    sizes = Counter(story_of[item.id] for item in items)
    scored = _by_story(items, story_of, found)
    for (one, other), pairs in scored.items():
        if one == other:
            continue
        _, _, low, high = max(pairs)
        a, b = sorted((low, high), key=lambda at: (sizes[story_of[items[at].id]], -at))
        count = sizes[one] * sizes[other]
        total, known = _summed(pairs)
        own = (own_mean(sizes[story], _summed(scored.get((story, story), ()))) for story in (one, other))
        yield Miss(
            a=items[a].id,
            b=items[b].id,
            score=total / max(count, known),
            needed=max(linkage.needed(count), linkage.full(sizes[one], sizes[other])),
            coherence=linkage.coherence * min(own),
            pairs=count,
        )


def _by_story(
    items: Sequence[Place], story_of: Mapping[int, int], found: Pairs
) -> Mapping[tuple[int, int], list[Scored]]:
    """Return the scored pairs by the stories of their ends, lower id first."""
    between: defaultdict[tuple[int, int], list[Scored]] = defaultdict(list)
    columns = (column.tolist() for column in (found.value, found.weight, found.low, found.high))
    for value, weight, low, high in zip(*columns, strict=True):
        one, other = story_of[items[low].id], story_of[items[high].id]
        between[min(one, other), max(one, other)].append((value, weight, low, high))
    return between


def _summed(pairs: Sequence[Scored]) -> tuple[float, float]:
    return sum(value * weight for value, weight, _, _ in pairs), sum(weight for _, weight, _, _ in pairs)
