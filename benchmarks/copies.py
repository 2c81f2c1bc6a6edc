"""Measure copy groups, excerpts and passages on texts that were edited the way desks edit, and peers on the same texts.

    python -m benchmarks.copies --data FOLDER [--peers] [--cache FOLDER]

FOLDER holds ``near_duplicates/edited_copies.jsonl.gz`` with id, title, body, group, kind, excerpt_of and passage_of on
each line. Groups are made as fold makes them: candidates by keys, exact links, components of copies, drift taken out.
A pair counts for the kinds of both its articles; an excerpt is found by a link of copy or excerpt, a passage by any
link of the texts. The second table does the same with other thresholds for copies, and with components left whole.
``--peers`` adds datasketch's and text-dedup's MinHash (benchmarks/copy_peers.py), some minutes. One JSON line ends it.
"""

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from benchmarks import edited
from benchmarks.copy_peers import peers
from benchmarks.edited import Edited
from benchmarks.environments import cache
from benchmarks.partitions import labels
from dedup.cohesion import FLOOR_SHARE, parts
from dedup.groups import components
from dedup.keys import Keys, candidates, keys_of
from dedup.links import CopyRules, Link, LinkKind, Prepared, compare, prepare

THRESHOLDS: Final = (0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8)
WANTED: Final = (LinkKind.COPY, LinkKind.EXCERPT)

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Texts:
    """All articles of the set, ready to be compared."""

    articles: Sequence[Edited]
    keys: Sequence[Keys]
    prepared: Sequence[Prepared]


def candidate_pairs(keys: Sequence[Keys]) -> Iterator[Pair]:
    """Look up and insert article by article, as a table of keys would."""
    table: dict[int, list[int]] = defaultdict(list)
    for new, own in enumerate(keys):
        listed = own.all.tolist()
        for old in sorted(one.article for one in candidates(own, {key: table[key] for key in listed if table[key]})):
            yield old, new
        for key in listed:
            table[key].append(new)


def links_of(texts: Texts, pairs: Iterable[Pair], rules: CopyRules) -> dict[Pair, Link]:
    """Return the links of the texts of some pairs."""
    return {
        (a, b): link for a, b in pairs if (link := compare(texts.prepared[a], texts.prepared[b], rules)) is not None
    }


def grouped(texts: Texts, links: Mapping[Pair, Link], threshold: float, *, is_divided: bool = True) -> list[int]:
    """Return the number of the group of each article: components of copies, and what has drifted apart divided."""
    copies = [pair for pair, link in links.items() if link.kind is LinkKind.COPY]
    whole = components(range(len(texts.articles)), copies)
    found = [part for group in whole for part in _divided(texts, group, threshold)] if is_divided else whole
    return labels(len(texts.articles), found)


def _divided(texts: Texts, group: Iterable[int], threshold: float) -> list[set[int]]:
    digests = {member: texts.keys[member].digest or 0 for member in group}
    shingled = {digest: texts.prepared[member].distinct for member, digest in digests.items()}
    part_of = parts(shingled, FLOOR_SHARE * threshold)
    found: dict[int, set[int]] = defaultdict(set)
    for member, digest in digests.items():
        found[part_of[digest]].add(member)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Sourced:
    """Whether articles that were cut from others are linked to these."""

    excerpts: Mapping[str, Sequence[bool]]  # by kind of edit
    passages: Mapping[str, Sequence[bool]]
    directed: Sequence[bool]  # of the excerpts linked as such: whether the right one is said to lie in the other


def sourced(articles: Sequence[Edited], links: Mapping[Pair, Link]) -> Sourced:
    """Look up the links that the set says there are."""
    excerpts, passages = defaultdict(list), defaultdict(list)
    directed = []
    for index, article in enumerate(articles):
        if article.passage_of is not None:
            passages[article.kind].append(_pair(index, article.passage_of) in links)
        if article.excerpt_of is not None:
            link = links.get(_pair(index, article.excerpt_of))
            excerpts[article.kind].append(link is not None and link.kind in WANTED)
            if link is not None and link.kind is LinkKind.EXCERPT:
                directed.append(link.inner == index)
    return Sourced(excerpts, passages, directed)


def _pair(one: int, other: int) -> Pair:
    return min(one, other), max(one, other)


def share(hits: Iterable[bool]) -> float | None:
    """Return how many are true, as a share; None of none."""
    counted = Counter(hits)
    return counted[True] / counted.total() if counted else None


def flat(by_kind: Mapping[str, Sequence[bool]]) -> Iterator[bool]:
    """Yield the answers of all kinds."""
    return (hit for hits in by_kind.values() for hit in hits)


def kinds(articles: Sequence[Edited], group_of: Sequence[int], found: Sourced) -> list[dict[str, Any]]:
    """Return one row for each kind of edit."""
    counts = Counter(article.kind for article in articles)
    paired = edited.together(articles, group_of)
    return [
        {
            "kind": kind,
            "articles": counts[kind],
            "pairs": share(paired.get(kind, ())),
            "excerpts": share(found.excerpts.get(kind, ())),
            "passages": share(found.passages.get(kind, ())),
        }
        for kind in sorted(counts)
    ]


def at_threshold(texts: Texts, linked: Iterable[Pair], threshold: float) -> dict[str, Any]:
    """Return the figures with another threshold for copies; it decides the kind of a link, not whether there is one."""
    links = links_of(texts, linked, CopyRules(copy=threshold))
    whole = edited.score(texts.articles, grouped(texts, links, threshold, is_divided=False))
    scores = edited.score(texts.articles, grouped(texts, links, threshold))
    found = sourced(texts.articles, links)
    return {
        "threshold": threshold,
        **asdict(scores),
        "f1_undivided": whole.f1,
        "excerpts": share(flat(found.excerpts)),
        "passages": share(flat(found.passages)),
    }


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as lines; a dash where there is nothing."""
    widths = [max(len(name) + 2, 34 if name in ("peer", "kind") else 10) for name in rows[0]]
    lines = ["".join(f"{name:<{w}}" for name, w in zip(rows[0], widths, strict=True))]
    for row in rows:
        cells = ("-" if v is None else f"{v:.3f}" if isinstance(v, float) else str(v) for v in row.values())
        lines.append("".join(f"{cell:<{w}}" for cell, w in zip(cells, widths, strict=True)))
    return "\n".join(lines) + "\n"


def measure(articles: Sequence[Edited]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Key, link and group; return the rows of the table of kinds, and the figures."""
    clock = [time.process_time()]
    keys = keys_of([article.body for article in articles])
    clock.append(time.process_time())
    prepared = [prepare(index, article.title, article.body) for index, article in enumerate(articles)]
    texts = Texts(articles, keys, prepared)
    clock.append(time.process_time())
    tried = list(candidate_pairs(keys))
    clock.append(time.process_time())
    rules = CopyRules()
    links = links_of(texts, tried, rules)
    clock.append(time.process_time())
    group_of = grouped(texts, links, rules.copy)
    found = sourced(articles, links)
    took = [1000 * (end - start) for start, end in pairwise(clock)]
    figures = {
        **asdict(edited.score(articles, group_of)),
        "excerpts": share(flat(found.excerpts)),
        "excerpts_directed": share(found.directed),
        "passages": share(flat(found.passages)),
        "candidates": len(tried),
        "keys_per_article": sum(len(own.all) for own in keys) / len(keys),
        "ms_keys": took[0] / len(articles),
        "ms_prepare": took[1] / len(articles),
        "ms_lookup": took[2] / len(articles),
        "ms_compare_pair": took[3] / max(1, len(tried)),
        "thresholds": [at_threshold(texts, links, threshold) for threshold in THRESHOLDS],
    }
    return kinds(articles, group_of, found), figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--peers", action="store_true", help="measure datasketch's and text-dedup's MinHash, too")
    parser.add_argument("--cache", type=Path, default=cache(), help="where environments of peers are kept")
    arguments = parser.parse_args()
    articles = edited.read(arguments.data)
    rows, figures = measure(articles)
    out = sys.stdout
    out.write(table(rows) + "\n")
    out.write("".join(f"{name:<24}{value:.3f}\n" for name, value in figures.items() if name != "thresholds") + "\n")
    out.write(table(figures["thresholds"]) + "\n")
    if arguments.peers:
        figures["peers"] = peers(articles, arguments.cache)
        out.write(table(figures["peers"]) + "\n")
    out.write(json.dumps({"benchmark": "copies", **figures, "kinds": rows}) + "\n")


if __name__ == "__main__":
    main()
