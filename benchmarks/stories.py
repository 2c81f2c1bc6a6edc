"""Measure stories on labelled streams of reports: one table, one JSON line.

Run as ``python -m benchmarks.stories --data FOLDER``, where the folder holds ``stories/asf_2016_2018_with_unlabelled``
(a stream whose unlabelled reports are neighbours and are not scored) and ``stories/ecbplus_topics_1_35`` (66 events in
look-alike pairs, without times), each as .jsonl.gz with id, time, title, body, lang and story on each line.

The labels cannot see false joins, so a third figure does: one report every two days of the stream, all dated alike, are
as many different events; printed is the share of them that lands in a story with another.
"""

import argparse
import gzip
import json
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
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
SEEDS = range(5)


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


def learnt(items: Sequence[Item]) -> dict[str, Idf]:
    idf: dict[str, Idf] = defaultdict(Idf)
    for language in {item.language for item in items}:
        idf[language].learn(item.features for item in items if item.language == language)
    return idf


def b_cubed(truth: Sequence[str | None], found: Sequence[int]) -> dict[str, float]:
    """Return B-cubed and pair scores over the labelled reports."""
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
    }


def joined_share(found: Partition) -> float:
    return sum(len(story) for story in found.stories if len(story) > 1) / max(1, sum(map(len, found.stories)))


def every_two_days(items: Sequence[Item]) -> list[Item]:
    """Return one item every two days, all dated alike: as many different events."""
    chosen: list[Item] = []
    due = 0.0
    for item in sorted(items, key=lambda item: (item.time or 0.0, item.id)):
        if (item.time or 0.0) >= due:
            chosen.append(replace(item, time=0.0))
            due = (item.time or 0.0) + 2 * DAY
    return chosen


def measure_stream(stream: Stream, rules: StoryRules) -> dict[str, float]:
    items = stream.items()
    started = time.process_time()
    idf = learnt(items)
    found = partition(items, idf, rules)
    seconds = time.process_time() - started
    labels = stream.labels(found)
    apart = every_two_days(items)
    cold = {f"cold_{size}": cold_joins(items, size, rules) for size in (2, 3, 10, 50)}
    return {
        **b_cubed([row["story"] for row in stream.rows], labels),
        "biggest": max(Counter(labels).values()),
        "articles_per_second": len(stream.rows) / seconds,
        "different_events": len(apart),
        "false_joins": joined_share(partition(apart, learnt(apart), rules)),
        "false_joins_known_idf": joined_share(partition(apart, idf, rules)),
        **cold,
    }


def cold_joins(items: Sequence[Item], size: int, rules: StoryRules, rounds: int = 50) -> float:
    """Return the share of reports joined in new databases of so many different events of one day."""
    apart = every_two_days(items)
    total = 0.0
    for seed in range(rounds):
        chosen = random.Random(seed).sample(apart, size)
        total += joined_share(partition(chosen, learnt(chosen), rules))
    return total / rounds


def measure_untimed(stream: Stream, rules: StoryRules) -> dict[str, float]:
    """Return the mean over five shuffles, each with ids in shuffled order."""
    totals: Counter[str] = Counter()
    for seed in SEEDS:
        order = list(range(len(stream.rows)))
        random.Random(seed).shuffle(order)
        items = [replace(item, id=order[item.id]) for item in stream.items()]
        found = partition(items, learnt(items), rules)
        back = {new: old for old, new in enumerate(order)}
        renamed = Partition(tuple(tuple(back[item] for item in story) for story in found.stories), {})
        labels = stream.labels(renamed)
        totals.update(
            {**b_cubed([row["story"] for row in stream.rows], labels), "biggest": max(Counter(labels).values())}
        )
    return {name: value / len(SEEDS) for name, value in totals.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    folder = parser.parse_args().data / "stories"
    rules = StoryRules()
    results = {
        "stream": measure_stream(Stream(folder / "asf_2016_2018_with_unlabelled.jsonl.gz"), rules),
        "untimed": measure_untimed(Stream(folder / "ecbplus_topics_1_35.jsonl.gz"), rules),
    }
    for name, figures in results.items():
        sys.stdout.write(f"\n{name}\n" + "".join(f"  {key:<24}{value:>10.4f}\n" for key, value in figures.items()))
    sys.stdout.write(json.dumps({"benchmark": "stories", **results}) + "\n")


if __name__ == "__main__":
    main()
