"""What each rule and each label is worth: its precision, and the F1 that is lost where it does not speak.

    python -m benchmarks.labels --data FOLDER [--data FOLDER …]

A FOLDER is as in benchmarks.extraction. Every page is read once and labelled again without each rule that spoke on it:
another rule may then take its lines, so a loss is what the rule alone is for. Sites fall into two halves by the digest
of their name: a rule is chosen on the first half of a set and confirmed on the second. Precision is the share of the
words called furniture that stand in blocks of which the truth holds no more than HELD of the word triples.
Losses are in thousandths of F1, first half / second half of each set; negative: the score is better without.
Prints one table and one JSON line.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from rich.console import Console
from rich.table import Table

from benchmarks.extraction import Tally, page_sets, pages, rows, score, words_of
from foundation.urls import site
from pipelines import metadata
from pipelines.decoding import decode
from pipelines.extract import about_page
from pipelines.labels import label
from pipelines.main_text import main_text
from pipelines.markup import parse
from pipelines.reading import TEXT
from pipelines.recovery import recover
from pipelines.segments import Lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipelines.main_text import Paragraph
    from pipelines.reading import Block
    from pipelines.standing import Page

HALVES = 2
HELD = 0.6  # share of a block's word triples that a truth must hold for the block to count as part of it
Score = tuple[float, float]  # precision, recall of one page


@dataclass(slots=True)
class Spoken:
    """What one rule or label did: words, those of them in a truth, and the scores of pages where it was silent."""

    words: int = 0
    held: int = 0
    without: dict[tuple[str, int], dict[int, Score]] = field(default_factory=lambda: defaultdict(dict))


def read(html: bytes, url: str) -> tuple[Sequence[Paragraph], Lines, Page] | None:
    """Return what `label` is asked about, as the extraction asks it."""
    page = decode(html, None).text
    tree = parse(page)
    if tree is None:
        return None
    meta, body = metadata.read(tree), tree.find("body")
    lines = Lines(body if body is not None else tree)
    text = main_text(tree, page, metadata.article_body(meta), lines)
    return recover(text.paragraphs, lines), lines, about_page(meta, tree, url)


def told(blocks: Sequence[Block]) -> str:
    return "\n\n".join(block.text for block in blocks if block.label == TEXT)


def half(url: str) -> int:
    return crc32(site(url).encode()) % HALVES


def run(folder: Path, spoken: dict[str, Spoken], scores: dict[tuple[str, int], dict[int, Score]]) -> None:
    """Score every page of a set with all rules, and without each that spoke."""
    for number, (truth, html) in enumerate(pages(folder)):
        given = read(html, truth["url"])
        if given is None:
            continue
        blocks, of = label(*given), (folder.name, half(truth["url"]))
        scores[of][number] = score(truth["text"], told(blocks))
        count(blocks, set(triples(truth["text"])), spoken)
        for name, silent in ablations(blocks):
            spoken[name].without[of][number] = score(truth["text"], told(label(*given, silent=silent)))


def count(blocks: Sequence[Block], wanted: set[tuple[str, ...]], spoken: dict[str, Spoken]) -> None:
    for block in blocks:
        if block.label == TEXT:
            continue
        own, words = triples(block.text), len(words_of(block.text))
        held = bool(own) and sum(triple in wanted for triple in own) > HELD * len(own)
        for name in (block.label, f"{block.label}/{block.rule}"):
            spoken[name].words += words
            spoken[name].held += words * held


def triples(text: str) -> list[tuple[str, ...]]:
    words = words_of(text)
    return list(rows(words, min(3, len(words)))) if words else []


def ablations(blocks: Sequence[Block]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each rule that spoke on a page, and each label with all its rules."""
    by_label: dict[str, set[str]] = defaultdict(set)
    for block in blocks:
        if block.label != TEXT:
            by_label[block.label].add(block.rule)
    for name, rules in by_label.items():
        yield name, frozenset(rules)
        yield from ((f"{name}/{rule}", frozenset({rule})) for rule in rules)


def f1(scores: dict[int, Score], instead: dict[int, Score]) -> float:
    merged = (scores | instead).values()
    return Tally([precision for precision, _ in merged], [recall for _, recall in merged]).f1


def losses(spoken: Spoken, scores: dict[tuple[str, int], dict[int, Score]]) -> dict[str, list[float]]:
    """Return by set the F1 lost on each half of its sites, in thousandths."""
    lost: dict[str, list[float]] = defaultdict(list)
    for (name, _), all_rules in sorted(scores.items()):
        without = spoken.without.get((name, _), {})
        lost[name].append(round(1000 * (f1(all_rules, {}) - f1(all_rules, without)), 2))
    return dict(lost)


def show(rows: list[dict[str, Any]]) -> None:
    sets = list(rows[0]["lost"]) if rows else []
    table = Table("label/rule", "words", "precision", *sets, "sum 1 / 2", title="F1 lost without it, thousandths")
    for row in rows:
        cells = [" / ".join(f"{value:+.2f}" for value in row["lost"][name]) for name in sets]
        total = " / ".join(f"{value:+.2f}" for value in row["sums"])
        table.add_row(row["name"], str(row["words"]), f"{row['precision']:.2f}", *cells, total)
    Console(width=160).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, action="append", required=True, help="a page set, or a folder of them")
    spoken: dict[str, Spoken] = defaultdict(Spoken)
    scores: dict[tuple[str, int], dict[int, Score]] = defaultdict(dict)
    for folder in page_sets(parser.parse_args().data):
        run(folder, spoken, scores)
    rows = []
    for name, said in sorted(spoken.items()):
        lost = losses(said, scores)
        sums = [round(sum(values[at] for values in lost.values() if at < len(values)), 2) for at in range(HALVES)]
        precision = 1 - said.held / max(1, said.words)
        rows.append({"name": name, "words": said.words, "precision": round(precision, 3), "lost": lost, "sums": sums})
    show(rows)
    print(json.dumps({"benchmark": "labels", "rows": rows}, ensure_ascii=False))


if __name__ == "__main__":
    main()
