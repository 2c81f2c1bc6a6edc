"""Measure stories on labelled streams of reports: one table, one JSON line.

Run as ``python -m benchmarks.stories --data FOLDER``; the folder holds ``stories/asf_2016_2018_with_unlabelled``
(a stream whose unlabelled reports are neighbours and are not scored) and ``stories/ecbplus_topics_1_35`` (66 events in
look-alike pairs, without times), each .jsonl.gz with id, time, title, body, lang and story on each line.

The labels cannot see false joins, so a third figure does: one report every two days of the stream, all dated alike,
are as many different events; printed is the share of them that lands in a story with another. Figures of even and odd
months stand beside those of all: the weights of a score were fitted on the even ones.

``--part`` names what else is measured: curves, parts, cold, dense, apart, order, cost, or all of them.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import story_guards as guards
from benchmarks import story_seeds
from benchmarks.story_sets import (
    DAY,
    Divide,
    Stream,
    dealt_back,
    divide,
    every_two_days,
    joined_share,
    learnt,
    scores,
    shuffled,
)
from dedup.similarity import SimilarityRules
from dedup.stories import Item, Partition, StoryRules

Figures = dict[str, Any]
SHUFFLES = 5
THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4)


class Sets:
    """Both streams and what is derived from them once."""

    def __init__(self, folder: Path) -> None:
        self.stream = Stream(folder / "asf_2016_2018_with_unlabelled.jsonl.gz")
        self.untimed = Stream(folder / "ecbplus_topics_1_35.jsonl.gz")
        self.items, self.looks = self.stream.items(), self.untimed.items()
        self.idf, self.looks_idf = learnt(self.items), learnt(self.looks)
        self.apart = every_two_days(self.items)
        self.apart_idf = learnt(self.apart)


def measure_stream(sets: Sets, how: Divide) -> Figures:
    started = time.process_time()
    found = how(sets.items, sets.idf)
    seconds = time.process_time() - started
    labels = sets.stream.labels(found)
    halves = {
        f"{half}_{name}": scores(sets.stream.truth(parity), labels)[name]
        for parity, half in enumerate(("even", "odd"))
        for name in ("b3_f1", "pair_f1")
    }
    return {
        **scores(sets.stream.truth(), labels),
        **halves,
        "articles_per_second": len(sets.stream.rows) / max(seconds, 1e-9),
        **false_joins(sets, how),
    }


def false_joins(sets: Sets, how: Divide) -> Figures:
    return {
        "different_events": len(sets.apart),
        "false_joins": joined_share(how(sets.apart, sets.apart_idf)),
        "false_joins_known_idf": joined_share(how(sets.apart, sets.idf)),
    }


def measure_untimed(sets: Sets, how: Divide, shuffles: int = SHUFFLES) -> Figures:
    """Return the mean over shuffles, each with ids in shuffled order."""
    totals: Counter[str] = Counter()
    for seed in range(shuffles):
        found = dealt_back(how(shuffled(sets.looks, seed), sets.looks_idf), sets.looks, seed)
        totals.update(scores(sets.untimed.truth(), sets.untimed.labels(found)))
    return {name: value / shuffles for name, value in totals.items()}


def brief(sets: Sets, how: Divide) -> Figures:
    """Return the figures that a setting is judged by."""
    stream, untimed = measure_stream(sets, how), measure_untimed(sets, how, 1)
    names = ("even_b3_f1", "even_pair_f1", "odd_b3_f1", "odd_pair_f1", "b3_f1", "pair_f1", "false_joins", "biggest")
    return {name: stream[name] for name in (*names, "false_joins_known_idf")} | {
        "untimed_b3_f1": untimed["b3_f1"],
        "untimed_pair_f1": untimed["pair_f1"],
    }


def curves(sets: Sets, rules: StoryRules) -> Figures:
    """Return the figures at several thresholds: pair F1 against false joins."""
    return {f"threshold {floor}": brief(sets, divide(replace(rules, floor=floor))) for floor in THRESHOLDS}


def parts(sets: Sets, rules: StoryRules) -> Figures:
    """Return the figures without each part of the rules, its weight put into the constant, and two baselines."""
    of = rules.similarity
    mean = {"title": 0.22, "lead": 0.32, "body": 0.39, "phrases": -7.0}  # of likely pairs
    without = {
        f"without {name}": replace(
            rules, similarity=replace(of, **{name: 0.0, "constant": of.constant + getattr(of, name) * usual})
        )
        for name, usual in mean.items()
    }
    without |= {
        "without coherence": replace(rules, coherence=0.0),
        "without many": replace(rules, many=1.0),
        "without recounting": replace(rules, rounds=0),
    }
    found = {name: brief(sets, divide(changed)) for name, changed in without.items()}
    titles = SimilarityRules(title=12.0, lead=0.0, body=0.0, phrases=0.0, constant=-7.0)
    found["title alone"] = brief(sets, divide(replace(rules, similarity=titles)))
    found["all alone"] = brief(sets, alone)
    return found


def alone(items: Sequence[Item], _: object) -> Partition:
    return Partition(tuple((item.id,) for item in items), {})


def cold(sets: Sets, how: Divide, rounds: int = 50) -> Figures:
    """Return the share of reports joined in new databases of so many different events, and of few events."""
    found: Figures = {}
    for size in (2, 3, 10, 50):
        chosen = [random.Random(seed).sample(sets.apart, size) for seed in range(rounds)]
        found[f"cold_{size}"] = sum(joined_share(how(items, learnt(items))) for items in chosen) / rounds
    topics = sorted({row["story"].split("-")[1] for row in sets.untimed.rows})
    for size in (2, 5, 16):
        total = 0.0
        for seed in range(4):
            held = set(random.Random(seed).sample(topics, size))
            items = [item for item in sets.looks if sets.untimed.rows[item.id]["story"].split("-")[1] in held]
            story_of = {i: n for n, story in enumerate(how(items, learnt(items)).stories) for i in story}
            truth = [sets.untimed.rows[item.id]["story"] for item in items]
            total += scores(truth, [story_of[item.id] for item in items])["b3_f1"] / 4
        found[f"{2 * size}_events_alone_b3_f1"] = total
    return found


def dense(sets: Sets, how: Divide) -> Figures:
    """Return what becomes of the stream at sixty times the density, and of an event of 200 own reports among 20,000."""
    squeezed = guards.squeezed(sets.items, 60)
    found = how(squeezed, sets.idf)
    again = [replace(item, id=item.id + guards.MADE // 2, time=(item.time or 0.0) + DAY) for item in sets.items[:9400]]
    return {
        "stream_60_times": scores(sets.stream.truth(), sets.stream.labels(found)) | guards.sizes(found),
        "made_event": guards.made_event([*sets.items, *again], sets.idf["en"], how),
        "made_event_60_times": guards.made_event(squeezed, sets.idf["en"], how),
    }


def apart(sets: Sets, how: Divide, data: Path) -> Figures:
    """Return what joins that must not: series, look-alikes of the seeds, anniversaries; and what must: the seeds."""
    pairs = story_seeds.seed_pairs(data / "seeds")
    others = sorted(sets.items, key=lambda item: item.time or 0.0)
    found: Figures = {f"series_{kind}": guards.series_joined(kind, others[3000:3200], how) for kind in guards.SERIES}
    found |= {f"series_{kind}_alone": guards.series_joined(kind, [], how) for kind in guards.SERIES}
    found["seeds_alone"] = sum(len(how(pair, learnt(pair)).stories) == 1 for pair in pairs) / len(pairs)
    found["seeds_known_idf"] = sum(len(how(pair, sets.idf).stories) == 1 for pair in pairs) / len(pairs)
    chosen = story_seeds.about_the_actors(sets.items, 1200)
    found["look_alikes"] = guards.look_alikes(pairs[0], chosen, sets.idf["en"], how)
    labelled = [item for item in sets.items if sets.stream.rows[item.id]["story"]][:200]
    found["anniversaries"] = guards.anniversary_joined(labelled, how)
    found["round_ups"] = guards.round_ups_joined(sets.stream, sets.items, sets.idf["en"], how)
    return found


def order(sets: Sets, how: Divide, shuffles: int = 20) -> Figures:
    """Return how many shuffles of the ids give the partition of the stream that the first gives."""
    items = sets.items[:3000]
    expected = how(items, sets.idf).stories
    same = sum(
        dealt_back(how(shuffled(items, seed), sets.idf), items, seed).stories == expected for seed in range(shuffles)
    )
    return {"shuffles": shuffles, "same_partition": same}


def cost(sets: Sets, rules: StoryRules) -> Figures:
    """Return CPU ms for a report that arrives: it and its candidates are looked up, scored and bounded.

    The window holds so many; 200 new ones come last in time. Features and the window's index are there already.
    """
    found: Figures = {}
    base = sorted(sets.items, key=lambda item: item.time or 0.0)
    for size in (1_000, 10_000, 100_000):
        items = [
            replace(base[n % len(base)], id=n, time=(n % len(base) + (n // len(base)) / 20) / len(base) * 14 * DAY)
            for n in range(size)
        ]
        found[str(size)] = guards.milliseconds_for_new(items, sets.idf["en"], rules)
    return found


PARTS: dict[str, Callable[[Sets, StoryRules, Path], Figures]] = {
    "curves": lambda sets, rules, _: curves(sets, rules),
    "parts": lambda sets, rules, _: parts(sets, rules),
    "cold": lambda sets, rules, _: cold(sets, divide(rules)),
    "dense": lambda sets, rules, _: dense(sets, divide(rules)),
    "apart": lambda sets, rules, data: apart(sets, divide(rules), data),
    "order": lambda sets, rules, _: order(sets, divide(rules)),
    "cost": lambda sets, rules, _: cost(sets, rules),
}


def lines(figures: Figures, indent: str = "  ") -> Iterable[str]:
    for name, value in figures.items():
        if isinstance(value, dict):
            yield f"{indent}{name}"
            yield from lines(value, indent + "  ")
        else:
            yield f"{indent}{name:<28}{value:>10.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--part", action="append", choices=[*PARTS, "all"], default=[])
    arguments = parser.parse_args()
    sets, rules = Sets(arguments.data / "stories"), StoryRules()
    how = divide(rules)
    results: Figures = {"stream": measure_stream(sets, how), "untimed": measure_untimed(sets, how)}
    sys.stdout.write("\n".join(lines(results)) + "\n")
    for name in PARTS if "all" in arguments.part else arguments.part:
        results[name] = PARTS[name](sets, rules, arguments.data)
        sys.stdout.write("\n".join(lines({name: results[name]})) + "\n")
        sys.stdout.flush()
    sys.stdout.write(json.dumps({"benchmark": "stories", **results}) + "\n")


if __name__ == "__main__":
    main()
