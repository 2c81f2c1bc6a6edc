"""Stories: which copy groups report one event, computed over a window and not accumulated by arrival.

The result depends on the reports and not on their order. Measured on streams with their unlabelled neighbours:
joining each arrival to the best story so far .898/.669 (B-cubed F / pair F), average linkage over all pairs .927/.786.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from dedup.features import Features
from dedup.idf import Idf
from dedup.linkage import Pairs, average_linkage
from dedup.similarity import DAY, SimilarityRules, Window, corrected, raw_pairs, vectors

RULES_VERSION = 1  # stored with every membership; raise it with any change that can move a score


class Basis(StrEnum):
    """Why an item is in its story; the caller knows further reasons (copy, operator)."""

    FIRST = "first"
    SAME_EVENT = "same_event"


@dataclass(frozen=True, slots=True)
class Item:
    """One copy group by its representative: however many outlets reprint a text, it has one vote."""

    id: int
    time: float | None  # seconds since the epoch, of the earliest article; None: no time factor
    language: str
    features: Features


@dataclass(frozen=True, slots=True)
class StoryRules:
    """When reports tell one event. Measured by benchmarks/stories.py, one setting for all streams."""

    floor: float = 0.06  # mean similarity of two parts of a story, where the language's terms are well known
    # What a new database asks for beyond that; at so many reports half of it is left. Measured in 100 made databases
    # each of 2, 3, 10 and 50 reports of different events: 0, 0, 1 and 8 % joined; without it 1, 2, 6 and 11 %.
    cold_extra: float = 0.052
    cold_reports: int = 30
    similarity: SimilarityRules = field(default_factory=SimilarityRules)

    def threshold(self, documents: int) -> float:
        """Return the floor where so many own texts of the language are known."""
        return self.floor + self.cold_extra / (1 + (documents / self.cold_reports) ** 2)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why an item is where it is."""

    item: int
    basis: Basis
    score: float  # mean similarity to the rest of its story
    threshold: float
    runner_up: float  # best mean similarity to any other story, a lone item being one too
    margin: float  # score - runner_up
    nearest: int | None  # the item of its story it is most like
    days_apart: float | None  # from that one


@dataclass(frozen=True, slots=True)
class Partition:
    """Stories as sorted item ids, by lowest id; evidence for the items of stories of two and more."""

    stories: tuple[tuple[int, ...], ...]
    evidence: Mapping[int, Evidence]


def partition(items: Sequence[Item], idf: Mapping[str, Idf], rules: StoryRules = StoryRules()) -> Partition:
    """Divide items into stories. Items of two languages never meet; their order is irrelevant, ids must differ.

    Every item of the call takes part: what has left the window the caller freezes by leaving it out.
    """
    stories: list[tuple[int, ...]] = []
    evidence: dict[int, Evidence] = {}
    for language in sorted({item.language for item in items}):
        own = sorted((item for item in items if item.language == language), key=_rank)
        known = idf.get(language, Idf())
        pairs, threshold = similarities(own, known, rules.similarity), rules.threshold(known.documents)
        labels = average_linkage(len(own), pairs, threshold)
        members: dict[int, list[int]] = {}
        for item, label in zip(own, labels.tolist(), strict=True):
            members.setdefault(label, []).append(item.id)
        stories += [tuple(sorted(ids)) for ids in members.values()]
        evidence |= _evidence(own, pairs, labels, threshold)
    return Partition(tuple(sorted(stories)), evidence)


def similarities(items: Sequence[Item], idf: Idf, rules: SimilarityRules) -> Pairs:
    """Return the final similarities of items of one language, numbered as they come: untimed first, then by time."""
    times = np.array([np.nan if item.time is None else item.time / DAY for item in items])
    window = Window(times, vectors([item.features for item in items], idf, rules))
    return corrected(window, raw_pairs(window, rules), rules)


def _rank(item: Item) -> tuple[bool, float, int]:
    """Items without a time first, then by time, then by id."""
    return item.time is not None, item.time or 0.0, item.id


def _evidence(items: Sequence[Item], pairs: Pairs, labels: NDArray[np.int64], threshold: float) -> dict[int, Evidence]:
    """Return the evidence of each item that is not alone."""
    count = len(items)
    sizes = np.bincount(labels, minlength=count)
    own, runner_up = _means(count, pairs, labels, sizes)
    nearest = _nearest(count, pairs, labels)
    first: dict[int, int] = {}
    for index in sorted(range(count), key=lambda index: (items[index].time is None, items[index].time or 0.0, index)):
        first.setdefault(int(labels[index]), index)
    found = {}
    for index in np.flatnonzero(sizes[labels] > 1).tolist():
        item, other = items[index], items[nearest[index]] if nearest[index] >= 0 else None
        found[item.id] = Evidence(
            item=item.id,
            basis=Basis.FIRST if first[int(labels[index])] == index else Basis.SAME_EVENT,
            score=float(own[index]),
            threshold=threshold,
            runner_up=float(runner_up[index]),
            margin=float(own[index] - runner_up[index]),
            nearest=None if other is None else other.id,
            days_apart=None if other is None else days_apart(item, other),
        )
    return found


def days_apart(one: Item, other: Item) -> float | None:
    """Return the days between two items; None where either has no time."""
    return None if one.time is None or other.time is None else abs(one.time - other.time) / DAY


def _means(
    count: int, pairs: Pairs, labels: NDArray[np.int64], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each item its mean similarity to the rest of its story and to the most similar other story."""
    item, other, value = _both_ways(pairs)
    keys, inverse = np.unique(item * count + labels[other], return_inverse=True)
    item, story = keys // count, keys % count
    at_home = labels[item] == story
    mean = np.bincount(inverse, value, minlength=len(keys)) / np.maximum(sizes[story] - at_home, 1)
    own, runner_up = np.zeros(count), np.zeros(count)
    own[item[at_home]] = mean[at_home]
    np.maximum.at(runner_up, item[~at_home], mean[~at_home])
    return own, runner_up


def _nearest(count: int, pairs: Pairs, labels: NDArray[np.int64]) -> list[int]:
    """Return for each item the one of its story that is most like it; -1 for none. Ties go to the earlier one."""
    item, other, value = _both_ways(pairs.select(labels[pairs.low] == labels[pairs.high]))
    order = np.lexsort((other, -value, item))
    best, at = np.unique(item[order], return_index=True)
    nearest = np.full(count, -1)
    nearest[best] = other[order][at]
    return [int(index) for index in nearest]


def _both_ways(pairs: Pairs) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    return (
        np.concatenate([pairs.low, pairs.high]),
        np.concatenate([pairs.high, pairs.low]),
        np.concatenate([pairs.value, pairs.value]),
    )
