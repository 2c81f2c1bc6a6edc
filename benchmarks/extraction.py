"""How well and how fast pages are read: F1 by scrapinghub's measure on page sets, beside trafilatura on each page.

    python -m benchmarks.extraction --data FOLDER [--data FOLDER …]

A FOLDER holds html/<id>.html.gz and truth.jsonl.gz (id, url, text; title, authors, date where known), or such folders.
Readers take turns on every page in one process: whatever else the machine does hits all of them alike.

Some truths keep lines of agencies and of contact ("Reporting by …", "© …", an address to write to) and others do not,
so there are two figures for F1: with every truth as it is, and with those lines taken out of it.
A page is clean when no line of the text given for it is foreign: one of which the truth holds nothing, not three words
in a row, nor all of a shorter line. Section headings and lists that a truth leaves out are foreign too.
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
from pipelines.reading import Article
from pipelines.site_memory import SitePage, furniture, mark_furniture, page_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SHINGLE = 4
FOREIGN = 3  # words in a row of a line that a truth must hold for the line to be none of its own
_CREDIT = re.compile(
    r"^\W*(?:additional )?(?:reporting|writing|editing|compiled|edited|written|translated)\b.{0,60}\bby\b"
    r"|\bcontributed to this (?:report|story|article)|^\W*(?:©|copyright\b)"
    r"|^\W*(?:contact|e-?mail|write to|follow|reach)\b.{0,80}@",
    re.IGNORECASE,
)
OURS, FAST, DEFAULT, METADATA = "storyfold", "trafilatura fast", "trafilatura default", "trafilatura fast + metadata"


@dataclass(slots=True)
class Tally:
    """What one reader did on one set."""

    precisions: list[float] = field(default_factory=list)
    recalls: list[float] = field(default_factory=list)
    clean: int = 0
    seconds: float = 0.0

    def add(self, truth: str, text: str) -> None:
        """Score one page."""
        precision, recall = score(truth, text)
        self.precisions.append(precision)
        self.recalls.append(recall)
        self.clean += not foreign(truth, text)

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


def without_credits(truth: str) -> str:
    """Return a truth without its lines of agencies and of contact."""
    return "\n".join(line for line in truth.splitlines() if not _CREDIT.search(line))


def foreign(truth: str, text: str) -> list[str]:
    """Return the lines of a text of which the truth holds nothing."""
    wanted = {row for size in range(1, FOREIGN + 1) for row in rows(words_of(truth), size)}
    lines = ((line, words_of(line)) for line in text.splitlines())
    return [line for line, words in lines if words and wanted.isdisjoint(rows(words, min(FOREIGN, len(words))))]


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def rows(words: list[str], size: int) -> Iterator[tuple[str, ...]]:
    return (tuple(words[at : at + size]) for at in range(len(words) - size + 1))


def page_sets(given: list[Path]) -> Iterator[Path]:
    """Yield the page sets among the folders, and in them."""
    for folder in given:
        inside = [folder] if (folder / "html").is_dir() else sorted(folder.iterdir())
        yield from (path for path in inside if (path / "truth.jsonl.gz").is_file())


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
    uncredited: dict[str, Tally] = defaultdict(Tally)
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
            tallies[reader].add(truth["text"], text)
            uncredited[reader].add(without_credits(truth["text"]), text)
        if isinstance(reading, Article):
            readings.append((truth, reading))
    return {
        "set": folder.name,
        "pages": count,
        "readers": {name: summary(tally, uncredited[name], count) for name, tally in tallies.items()},
        "memory": site_memory(readings),
        "metadata": metadata(readings),
    }


def summary(tally: Tally, uncredited: Tally, count: int) -> dict[str, float]:
    speed = {"ms": round(1000 * tally.seconds / count, 2)}
    if not tally.precisions:
        return speed
    shares = {"precision": tally.precision, "recall": tally.recall, "clean": tally.clean / count}
    rounded = {name: round(share, 4) for name, share in shares.items()}
    return {"f1": round(tally.f1, 4), "f1_without_credits": round(uncredited.f1, 4), **rounded, **speed}


def site_memory(readings: list[tuple[dict[str, Any], Article]]) -> dict[str, float]:
    """Return F1 once the pages have taught each other, and how many blocks that took from the text."""
    sites: dict[str, list[SitePage]] = defaultdict(list)
    for truth, article in readings:
        sites[site(truth["url"])].append(page_of(len(sites[site(truth["url"])]), article))
    learnt, tally, taken = furniture(sites), Tally(), 0
    for truth, article in readings:
        marked = mark_furniture(article, learnt[site(truth["url"])])
        taken += sum(block.label == "site" for block in marked.blocks)
        tally.add(truth["text"], marked.text)
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


def show(results: list[dict[str, Any]]) -> None:
    console = Console(width=140)
    columns = ("set", "reader", "F1", "over default", "without credits", "precision", "recall", "clean", "ms a page")
    table = Table(*columns, title="Text")
    for result in results:
        base = result["readers"][DEFAULT]["f1"]
        for name, tally in result["readers"].items():
            keys = ("f1_without_credits", "precision", "recall", "clean")
            cells = [f"{tally['f1']:.4f}", f"{tally['f1'] - base:+.4f}"] if "f1" in tally else ["", ""]
            cells += [f"{tally[key]:.4f}" if key in tally else "" for key in keys]
            table.add_row(f"{result['set']} ({result['pages']})", name, *cells, f"{tally['ms']:.1f}")
        memory = result["memory"]
        table.add_row(
            "", "storyfold + site memory", f"{memory['f1']:.4f}", f"{memory['f1'] - base:+.4f}", end_section=True
        )
    console.print(table)
    for result in results:
        if result["metadata"]:
            shares = ", ".join(f"{name} {share:.3f}" for name, share in result["metadata"].items())
            console.print(f"{result['set']}: metadata right on a share of pages: {shares}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, action="append", required=True, help="a page set, or a folder of page sets"
    )
    parser.add_argument(
        "--now", type=datetime.fromisoformat, default=datetime.now(UTC), help="dates after it are not believed"
    )
    arguments = parser.parse_args()
    read_page(b"<p>Warm up: load the models before the clock runs.</p>" * 20, "https://example.org/a")
    results = [run(folder, arguments.now) for folder in page_sets(arguments.data)]
    show(results)
    print(json.dumps({"benchmark": "extraction", "results": results}, ensure_ascii=False))


if __name__ == "__main__":
    main()
