"""Labelled streams of reports for benchmarks/stories.py, folded into copy groups, and how a partition fits them."""

import gzip
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import exp, lgamma, log
from pathlib import Path
from typing import Any

from benchmarks.copies import candidate_pairs
from dedup.features import Features, features_of
from dedup.groups import components
from dedup.idf import Idf
from dedup.keys import keys_of
from dedup.links import LinkKind, compare, prepare
from dedup.stories import Item, Partition, StoryRules, partition

DAY = 86400.0
Divide = Callable[[Sequence[Item], Mapping[str, Idf]], Partition]


class Stream:
    """Reports with their features, folded into copy groups."""

    def __init__(self, path: Path) -> None:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            self.rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
        self.times = [
            datetime.fromisoformat(row["time"]).replace(tzinfo=UTC).timestamp() if row["time"] else None
            for row in self.rows
        ]
        self.features: list[Features] = [features_of(row["title"], row["body"]) for row in self.rows]
        prepared = [prepare(index, row["title"], row["body"]) for index, row in enumerate(self.rows)]
        tried = candidate_pairs(keys_of([row["body"] for row in self.rows]))
        links = (link for a, b in tried if (link := compare(prepared[a], prepared[b])))
        copies = ((link.a, link.b) for link in links if link.kind is LinkKind.COPY)
        self.groups = [
            sorted(group, key=lambda i: (self.times[i] or 0.0, i))
            for group in components(range(len(self.rows)), copies)
        ]

    def items(self) -> list[Item]:
        """One item for each copy group, named and dated after its earliest report."""
        return [
            Item(group[0], self.times[group[0]], self.rows[group[0]]["lang"], self.features[group[0]])
            for group in self.groups
        ]

    def labels(self, found: Partition) -> list[int]:
        """Return the story of each report."""
        story_of = {item: number for number, story in enumerate(found.stories) for item in story}
        labels = [0] * len(self.rows)
        for group in self.groups:
            for member in group:
                labels[member] = story_of[group[0]]
        return labels

    def truth(self, parity: int | None = None) -> list[str | None]:
        """Return the label of each report; with a parity, of those of even (0) or odd (1) months only."""
        return [row["story"] if parity is None or int(row["time"][5:7]) % 2 == parity else None for row in self.rows]


def divide(rules: StoryRules) -> Divide:
    return lambda items, idf: partition(items, idf, rules)


def learnt(items: Iterable[Item]) -> dict[str, Idf]:
    """Return the document frequencies of the items' own texts."""
    by_language: dict[str, list[Features]] = defaultdict(list)
    for item in items:
        by_language[item.language].append(item.features)
    idf = {language: Idf() for language in by_language}
    for language, reports in by_language.items():
        idf[language].learn(reports)
    return idf


def scores(truth: Sequence[str | None], found: Sequence[int]) -> dict[str, float]:
    """Return B-cubed and pair scores and AMI over the labelled reports, and the sizes of all clusters."""
    pairs = [(story, label) for story, label in zip(truth, found, strict=True) if story is not None]
    both, stories, clusters = Counter(pairs), Counter(story for story, _ in pairs), Counter(label for _, label in pairs)
    precision = sum(n * n / clusters[label] for (_, label), n in both.items()) / len(pairs)
    recall = sum(n * n / stories[story] for (story, _), n in both.items()) / len(pairs)
    joined, said, true = (sum(n * (n - 1) // 2 for n in counts.values()) for counts in (both, clusters, stories))
    return {
        "b3_p": precision,
        "b3_r": recall,
        "b3_f1": 2 * precision * recall / (precision + recall),
        "pair_p": joined / max(1, said),
        "pair_r": joined / max(1, true),
        "pair_f1": 2 * joined / max(1, said + true),
        "ami": adjusted_mutual_information(list(both.values()), stories.values(), clusters.values()),
        "clusters": len(set(found)),
        "biggest": max(Counter(found).values()),
    }


def adjusted_mutual_information(both: Sequence[int], one: Iterable[int], other: Iterable[int]) -> float:
    """Return AMI (Vinh, Epps and Bailey 2010, mean of the entropies) from the sizes of cells and of clusters."""
    ones, others = Counter(one), Counter(other)
    total = sum(both)

    def entropy(sizes: Iterable[tuple[int, int]]) -> float:
        return -sum(times * size / total * log(size / total) for size, times in sizes)

    h_one, h_other = entropy(ones.items()), entropy(others.items())
    mutual = h_one + h_other - entropy(Counter(both).items())
    expected = sum(
        times_a * times_b * _expected(a, b, total) for a, times_a in ones.items() for b, times_b in others.items()
    )
    return (mutual - expected) / max(1e-12, (h_one + h_other) / 2 - expected)


def _expected(a: int, b: int, total: int) -> float:
    """Return what two clusters of these sizes add to the mutual information by chance."""
    fixed = sum(lgamma(n + 1) for n in (a, b, total - a, total - b)) - lgamma(total + 1)
    return sum(
        n / total * log(total * n / (a * b))
        * exp(fixed - sum(lgamma(part + 1) for part in (n, a - n, b - n, total - a - b + n)))
        for n in range(max(1, a + b - total), min(a, b) + 1)
    )  # fmt: skip


def joined_share(found: Partition) -> float:
    """Return the share of items that stand in a story with another."""
    return sum(len(story) for story in found.stories if len(story) > 1) / max(1, sum(map(len, found.stories)))


def every_two_days(items: Iterable[Item]) -> list[Item]:
    """Return one item every two days, all dated alike: as many different events."""
    chosen: list[Item] = []
    due = 0.0
    for item in sorted(items, key=lambda item: (item.time or 0.0, item.id)):
        if (item.time or 0.0) >= due:
            chosen.append(replace(item, time=0.0))
            due = (item.time or 0.0) + 2 * DAY
    return chosen


def shuffled(items: Sequence[Item], seed: int) -> list[Item]:
    """Return the items with their ids dealt anew, as if they had arrived in another order."""
    ids = sorted(item.id for item in items)
    dealt = random.Random(seed).sample(ids, len(ids))
    return [replace(item, id=dealt[place]) for place, item in enumerate(sorted(items, key=lambda item: item.id))]


def dealt_back(found: Partition, items: Sequence[Item], seed: int) -> Partition:
    """Return a partition of :func:`shuffled` items with the ids they had before."""
    ids = sorted(item.id for item in items)
    back = dict(zip(random.Random(seed).sample(ids, len(ids)), ids, strict=True))
    return Partition(tuple(sorted(tuple(sorted(back[item] for item in story)) for story in found.stories)), {})
