"""Measure copy groups and excerpts on texts that were edited the way desks edit: one table, one JSON line.

Run as ``python -m benchmarks.copies --data FOLDER``, where the folder holds ``near_duplicates/edited_copies.jsonl.gz``
with id, title, body, group, kind, excerpt_of and passage_of on each line.
"""

import argparse
import gzip
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from dedup.groups import components
from dedup.keys import Keys, candidates, keys_of
from dedup.links import Link, LinkKind, compare, prepare

Row = dict[str, Any]


def read(path: Path) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def candidate_pairs(keys: Sequence[Keys]) -> Iterator[tuple[int, int]]:
    """Look up and insert article by article, as a table of keys would."""
    table: dict[int, list[int]] = defaultdict(list)
    for new, own in enumerate(keys):
        listed = own.all.tolist()
        for old in sorted(one.article for one in candidates(own, {key: table[key] for key in listed if table[key]})):
            yield old, new
        for key in listed:
            table[key].append(new)


def pair_scores(truth: Sequence[Hashable], found: Sequence[Hashable]) -> dict[str, float]:
    """Return precision, recall and F1 over pairs, and the adjusted Rand index, of two labellings of the same items."""

    def pairs(counts: Mapping[Any, int]) -> int:
        return sum(n * (n - 1) // 2 for n in counts.values())

    both = pairs(Counter(zip(truth, found, strict=True)))
    true, said, every = pairs(Counter(truth)), pairs(Counter(found)), len(truth) * (len(truth) - 1) // 2
    expected = true * said / every if every else 0.0
    return {
        "precision": both / said if said else 1.0,
        "recall": both / true if true else 1.0,
        "f1": 2 * both / (true + said) if true + said else 1.0,
        "ari": (both - expected) / ((true + said) / 2 - expected) if true + said != 2 * expected else 1.0,
    }


def by_kind(
    rows: Sequence[Row], group_of: Sequence[int], links: Mapping[tuple[int, int], Link]
) -> list[tuple[Any, ...]]:
    """Return for each kind of edit: articles, the share of true pairs grouped, and of excerpts and passages found."""
    place = {row["id"]: index for index, row in enumerate(rows)}
    members: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        if row["group"] is not None:
            members[row["group"]].append(index)
    grouped, sources = defaultdict(list), defaultdict(list)
    for one, other in (pair for group in members.values() for pair in combinations(group, 2)):
        for kind in {rows[one]["kind"], rows[other]["kind"]}:
            grouped[kind].append(group_of[one] == group_of[other])
    for index, row in enumerate(rows):
        source = row["excerpt_of"] or row["passage_of"]
        if source is not None:
            link = links.get((min(index, place[source]), max(index, place[source])))
            sources[row["kind"]].append(link is not None and (link.kind in WANTED or bool(row["passage_of"])))
    count = Counter(row["kind"] for row in rows)
    return [(kind, count[kind], share(grouped[kind]), share(sources[kind])) for kind in sorted(count)]


WANTED = (LinkKind.COPY, LinkKind.EXCERPT)


def share(hits: Sequence[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    rows = read(parser.parse_args().data / "near_duplicates" / "edited_copies.jsonl.gz")

    started = time.process_time()
    keys = keys_of([row["body"] for row in rows])
    keyed = time.process_time()
    prepared = [prepare(index, row["title"], row["body"]) for index, row in enumerate(rows)]
    ready = time.process_time()
    tried = list(candidate_pairs(keys))
    looked_up = time.process_time()
    links = {(a, b): link for a, b in tried if (link := compare(prepared[a], prepared[b]))}
    compared = time.process_time()
    groups = components(range(len(rows)), (pair for pair, link in links.items() if link.kind is LinkKind.COPY))
    group_of = [0] * len(rows)
    for number, group in enumerate(groups):
        for member in group:
            group_of[member] = number

    labelled = [index for index, row in enumerate(rows) if row["group"] is not None]
    scores = pair_scores([rows[i]["group"] for i in labelled], [group_of[i] for i in labelled])
    kinds = by_kind(rows, group_of, links)
    excerpts = [(n, found) for kind, n, _, found in kinds if kind != "quoted_in_roundup" and found is not None]
    scores |= {
        "excerpts": sum(n * found for n, found in excerpts) / sum(n for n, _ in excerpts),
        "passages": next(found for kind, _, _, found in kinds if kind == "quoted_in_roundup"),
        "candidates": len(tried),
        "keys_per_article": sum(len(own.all) for own in keys) / len(keys),
        "ms_keys": 1000 * (keyed - started) / len(rows),
        "ms_prepare": 1000 * (ready - keyed) / len(rows),
        "ms_lookup": 1000 * (looked_up - ready) / len(rows),
        "ms_compare_pair": 1000 * (compared - looked_up) / max(1, len(tried)),
    }
    out = sys.stdout
    out.write(f"{'kind of edit':<20}{'articles':>9}{'pairs grouped':>15}{'source found':>14}\n")
    for kind, n, paired, found in kinds:
        cells = ("-" if value is None else f"{value:.3f}" for value in (paired, found))
        out.write(f"{kind:<20}{n:>9}{next(cells):>15}{next(cells):>14}\n")
    out.write("".join(f"{name:<20}{value:>9.3f}\n" for name, value in scores.items()))
    out.write(json.dumps({"benchmark": "copies", **scores}) + "\n")


if __name__ == "__main__":
    main()
