"""How well and how fast pages are read: F1 by scrapinghub's measure on page sets, beside trafilatura on each page.

    python -m benchmarks.extraction --data FOLDER [--data FOLDER …]

A FOLDER holds html/<id>.html.gz and truth.jsonl.gz (id, url, text; title, authors, date where known), or such folders.
Readers take turns on every page in one process: whatever else the machine does hits all of them alike.
Prints one table and one JSON line.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
import unicodedata
from ast import literal_eval
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from trafilatura import bare_extraction, extract

from foundation.urls import site
from pipelines.extract import read_page
from pipelines.reading import TEXT, Article
from pipelines.site_memory import furniture, mark_furniture, page_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SHINGLE = 4
HELD = 0.6  # share of a block's word triples that a truth must hold for the block to count as part of it
OURS, FAST, DEFAULT, METADATA = "storyfold", "trafilatura fast", "trafilatura default", "trafilatura fast + metadata"


@dataclass(slots=True)
class Tally:
    """What one reader did on one set."""

    precisions: list[float] = field(default_factory=list)
    recalls: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def precision(self) -> float:
        """Return the mean over pages."""
        return sum(self.precisions) / max(1, len(self.precisions))

    @property
    def recall(self) -> float:
        """Return the mean over pages."""
        return sum(self.recalls) / max(1, len(self.recalls))

    @property
    def f1(self) -> float:
        """Return the harmonic mean of the two."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def shingles(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    return (
        Counter(tuple(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1)))
        if words
        else Counter()
    )


def score(truth: str, text: str) -> tuple[float, float]:
    """Return (precision, recall) of one page; an empty page that should be empty is right."""
    wanted, given = shingles(truth), shingles(text)
    both = sum((wanted & given).values())
    extra, missed = sum((given - wanted).values()), sum((wanted - given).values())
    if not extra and not missed:
        return 1.0, 1.0
    return both / (both + extra) if given else 0.0, both / (both + missed) if wanted else 0.0


def pages(folder: Path) -> Iterator[tuple[dict[str, Any], bytes]]:
    with gzip.open(folder / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            truth = json.loads(line)
            yield truth, gzip.decompress((folder / "html" / f"{truth['id']}.html.gz").read_bytes())


def timed(tally: Tally, function: Any, *arguments: Any, **keywords: Any) -> Any:
    start = time.process_time()
    result = function(*arguments, **keywords)
    tally.seconds += time.process_time() - start
    return result


def text_of(article: object) -> str:
    return article.text if isinstance(article, Article) else ""


def run(folder: Path, now: datetime) -> dict[str, Any]:
    tallies: dict[str, Tally] = defaultdict(Tally)
    readings: list[tuple[dict[str, Any], Article]] = []
    count = 0
    for truth, html in pages(folder):
        count += 1
        reading = timed(tallies[OURS], read_page, html, truth["url"], now=now)
        texts = {
            OURS: text_of(reading),
            FAST: timed(tallies[FAST], extract, html, fast=True, include_comments=False) or "",
            DEFAULT: timed(tallies[DEFAULT], extract, html, include_comments=False) or "",
        }
        timed(
            tallies[METADATA],
            bare_extraction,
            html,
            url=truth["url"],
            fast=True,
            include_comments=False,
            with_metadata=True,
        )
        for reader, text in texts.items():
            precision, recall = score(truth["text"], text)
            tallies[reader].precisions.append(precision)
            tallies[reader].recalls.append(recall)
        if isinstance(reading, Article):
            readings.append((truth, reading))
    return {
        "set": folder.name,
        "pages": count,
        "readers": {name: summary(tally, count) for name, tally in tallies.items()},
        "memory": site_memory(readings),
        "metadata": metadata(readings),
        "rules": rules(readings),
    }


def summary(tally: Tally, count: int) -> dict[str, float]:
    speed = {"ms": round(1000 * tally.seconds / count, 2)}
    if not tally.precisions:
        return speed
    return {"f1": round(tally.f1, 4), "precision": round(tally.precision, 4), "recall": round(tally.recall, 4), **speed}


def site_memory(readings: list[tuple[dict[str, Any], Article]]) -> dict[str, float]:
    """Return F1 once the pages have taught each other, and how many blocks that took from the text."""
    sites = defaultdict(list)
    for truth, article in readings:
        sites[site(truth["url"])].append(page_of(truth["id"], article))
    learnt, tally, taken = furniture(sites), Tally(), 0
    for truth, article in readings:
        marked = mark_furniture(article, learnt[site(truth["url"])])
        taken += sum(block.label == "site" for block in marked.blocks)
        precision, recall = score(truth["text"], marked.text)
        tally.precisions.append(precision)
        tally.recalls.append(recall)
    return {"f1": round(tally.f1, 4), "blocks": taken}


def metadata(readings: list[tuple[dict[str, Any], Article]]) -> dict[str, float]:
    """Return the shares that are right, of the pages whose truth knows: day, instant to the minute, title, authors."""
    right: dict[str, list[bool]] = defaultdict(list)
    for truth, article in readings:
        if not isinstance(truth.get("authors"), list):
            continue
        if truth.get("date"):
            wanted = datetime.fromisoformat(truth["date"])
            right["day"].append(
                article.published_at is not None and wanted.date() in days(article.published_at, wanted)
            )
            right["instant"].append(same_instant(article.published_at, wanted))
        right["title"].append(plain(truth["title"]) == plain(article.title))
        right["authors"].append(
            {plain(name) for name in names(truth["authors"])} == {plain(name) for name in article.authors}
        )
    return {name: round(sum(values) / len(values), 3) for name, values in right.items()}


def names(value: Any) -> list[str]:
    return literal_eval(value) if isinstance(value, str) else list(value)


def days(moment: datetime, wanted: datetime) -> set[date]:
    return {moment.date(), moment.astimezone(wanted.tzinfo or UTC).date()}


def same_instant(moment: datetime | None, wanted: datetime) -> bool:
    if moment is None:
        return False
    return abs((moment - (wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC))).total_seconds()) < 60


def plain(text: str | None) -> str:
    return re.sub(r"\W+", " ", unicodedata.normalize("NFC", text or "")).strip().casefold()


def rules(readings: list[tuple[dict[str, Any], Article]]) -> dict[str, list[int]]:
    """Return for each rule the words it called furniture, and how many of them the truth holds."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for truth, article in readings:
        wanted = set(triples(truth["text"]))
        for block in article.blocks:
            if block.label == TEXT:
                continue
            own, words = triples(block.text), len(re.findall(r"\w+", block.text))
            held = bool(own) and sum(triple in wanted for triple in own) > HELD * len(own)
            tally = found[f"{block.label}/{block.rule}"]
            tally[0] += words
            tally[1] += words * held
    return dict(found)


def triples(text: str) -> list[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return [tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))] if words else []


def show(results: list[dict[str, Any]]) -> None:
    console = Console(width=140)
    table = Table("set", "reader", "F1", "over default", "precision", "recall", "ms a page", title="Text")
    for result in results:
        base = result["readers"][DEFAULT]["f1"]
        for name, tally in result["readers"].items():
            scores = [f"{tally[key]:.4f}" for key in ("precision", "recall")] if "f1" in tally else ["", ""]
            f1 = [f"{tally['f1']:.4f}", f"{tally['f1'] - base:+.4f}"] if "f1" in tally else ["", ""]
            table.add_row(f"{result['set']} ({result['pages']})", name, *f1, *scores, f"{tally['ms']:.1f}")
        memory = result["memory"]
        table.add_row(
            "", "storyfold + site memory", f"{memory['f1']:.4f}", f"{memory['f1'] - base:+.4f}", end_section=True
        )
    console.print(table)
    for result in results:
        if result["metadata"]:
            shares = ", ".join(f"{name} {share:.3f}" for name, share in result["metadata"].items())
            console.print(f"{result['set']}: metadata right on a share of pages: {shares}")
    show_rules(console, results)


def show_rules(console: Console, results: list[dict[str, Any]]) -> None:
    total: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for result in results:
        for name, (words, held) in result["rules"].items():
            total[name][0] += words
            total[name][1] += held
    table = Table("rule", "words called furniture", "of them in a truth", "precision", title="Labels, all sets")
    for name, (words, held) in sorted(total.items(), key=lambda entry: -entry[1][0]):
        table.add_row(name, str(words), str(held), f"{1 - held / max(1, words):.2f}")
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, action="append", required=True, help="a page set, or a folder of page sets"
    )
    parser.add_argument(
        "--now", type=datetime.fromisoformat, default=datetime.now(UTC), help="dates after it are not believed"
    )
    arguments = parser.parse_args()
    folders = [
        folder
        for given in arguments.data
        for folder in ([given] if (given / "html").is_dir() else sorted(given.iterdir()))
    ]
    read_page(b"<p>Warm up: load the models before the clock runs.</p>" * 20, "https://example.org/a")
    results = [run(folder, arguments.now) for folder in folders if (folder / "truth.jsonl.gz").is_file()]
    show(results)
    print(json.dumps({"benchmark": "extraction", "results": results}, ensure_ascii=False))


if __name__ == "__main__":
    main()
