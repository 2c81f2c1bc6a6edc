"""Misses: two stories with something in common, how much that is, and how much would have made them one."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dedup.idf import Idf
from dedup.stories import Item, StoryRules, similarities


@dataclass(frozen=True, slots=True)
class Miss:
    """Two stories, by the two reports of them that are most alike."""

    a: int  # item of the smaller story, of two alike the later one
    b: int
    score: float  # mean similarity of all pairs between the stories
    needed: float  # least mean of so many; where the score has it, both stories are far closer in themselves
    pairs: int


def misses(items: Sequence[Item], story_of: Mapping[int, int], idf: Idf, rules: StoryRules) -> Iterator[Miss]:
    """Yield the stories that have anything in common, in no order.

    ``items`` are of one language, those without a time first, then by time; ``story_of`` has the story of each.
    """
    sizes = Counter(story_of[item.id] for item in items)
    found = similarities(items, idf, rules)
    between: defaultdict[tuple[int, int], list[tuple[float, float, int, int]]] = defaultdict(list)
    columns = (column.tolist() for column in (found.value, found.weight, found.low, found.high))
    for value, weight, low, high in zip(*columns, strict=True):
        one, other = story_of[items[low].id], story_of[items[high].id]
        if one != other:
            between[min(one, other), max(one, other)].append((value, weight, low, high))
    linkage = rules.linkage(idf.documents)
    for stories, scored in between.items():
        one, other = (sizes[story] for story in stories)
        known = sum(weight for _, weight, _, _ in scored)
        _, _, low, high = max(scored)
        a, b = sorted((low, high), key=lambda at: (sizes[story_of[items[at].id]], -at))
        yield Miss(
            a=items[a].id,
            b=items[b].id,
            score=sum(value * weight for value, weight, _, _ in scored) / max(one * other, known),
            needed=max(linkage.needed(one * other), linkage.full(one, other)),
            pairs=one * other,
        )
