"""Site memory alone, with no rules: what the pages of a site teach each other, measured against their true texts.

    python -m benchmarks.site_memory --data FOLDER

Reads FOLDER/extraction/fundus-evaluation (five pages a site; or the page set FOLDER itself) and takes all labels off.
Once each page has one address, once three. Files carry no days, so the rule about days plays no part. The last rows say
what saving one more page costs, with few and with many pages stored. Prints one table and one JSON line.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks.extraction import Tally, pages, score
from foundation.urls import site
from pipelines.extract import read_page
from pipelines.reading import TEXT, Article, Block
from pipelines.remembering import remember
from pipelines.site_memory import SitePage, cut_words, furniture, mark_furniture, page_of
from pipelines.versions import Origin
from storage.engine import Database
from storage.migrate import upgrade
from storage.models import Article as Stored
from storage.models import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SET: Final = "extraction/fundus-evaluation"
ADDRESSES: Final = 3
NOW: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
STORED: Final = (100, 400, 1_600)  # pages of the site when the cost of the next ones is taken
TIMED: Final = 100
BLOCKS: Final = 25  # of a page: the median of the sets, before rules


@dataclass(slots=True)
class Texts:
    """What a way of reading gives: shares by scrapinghub's measure, and words."""

    tally: Tally = field(default_factory=Tally)
    right: int = 0  # words that the truth has, too
    wrong: int = 0

    def add(self, truth: str, text: str) -> None:
        """Compare a page's text with the truth."""
        precision, recall = score(truth, text)
        self.tally.precisions.append(precision)
        self.tally.recalls.append(recall)
        given, wanted = words(text), words(truth)
        both = sum((given & wanted).values())
        self.right += both
        self.wrong += sum(given.values()) - both


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text))


def read(folder: Path) -> Iterator[tuple[dict[str, Any], Article]]:
    """Yield the articles of a page set, nothing of them labelled."""
    for truth, html in pages(folder):
        reading = read_page(html, truth["url"], now=NOW)
        if isinstance(reading, Article):
            yield truth, replace(reading, blocks=tuple(Block(block.text) for block in reading.blocks))


def remembered(articles: Sequence[tuple[dict[str, Any], Article]], addresses: int) -> list[Article]:
    """Return the articles once the pages of each site have taught each other; each is printed at so many addresses."""
    sites: dict[str, list[SitePage]] = defaultdict(list)
    for number in range(addresses * len(articles)):
        truth, article = articles[number % len(articles)]
        sites[site(truth["url"])].append(page_of(number, article))
    learnt = furniture(sites)
    return [mark_furniture(article, learnt[site(truth["url"])]) for truth, article in articles]


def compare(folder: Path) -> dict[str, dict[str, float]]:
    """Return the figures of the text without memory, with it, and with every article at three addresses."""
    articles = list(read(folder))
    ways = {
        "no memory": [article for _, article in articles],
        "site memory": remembered(articles, 1),
        "three addresses": remembered(articles, ADDRESSES),
    }
    found = {}
    for way, marked in ways.items():
        texts = Texts()
        for (truth, _), article in zip(articles, marked, strict=True):
            texts.add(truth["text"], article.text)
        found[way] = {
            "precision": round(texts.tally.precision, 4),
            "recall": round(texts.tally.recall, 4),
            "f1": round(texts.tally.f1, 4),
            "right": texts.right,
            "wrong": texts.wrong,
        }
    shares = [cut / total for total, cut in (cut_words(article.blocks) for article in ways["site memory"]) if total]
    found["site memory"]["most_cut"] = round(max(shares, default=0.0), 3)
    found["site memory"]["mean_cut"] = round(statistics.mean(shares), 3)
    return found


def cost(stored: int) -> tuple[float, float]:
    """Return CPU milliseconds that one more page of a site with so many costs: of its memory, and of all else."""
    with tempfile.TemporaryDirectory() as folder, Database.open(f"sqlite:///{folder}/memory.db") as database:
        upgrade(database)
        with database.write() as session:
            session.add(Source(id=1, name="A", url="https://a.example", allow_private=False, created_at=NOW))
            session.flush()
            for number in range(stored):
                save(database, session, number, is_remembered=True)
        took = []
        for is_remembered in (True, False):
            began = time.process_time()
            for number in range(TIMED):
                with database.write() as session:
                    save(database, session, stored + number + (not is_remembered) * TIMED, is_remembered=is_remembered)
            took.append(1000 * (time.process_time() - began) / TIMED)
    return took[0] - took[1], took[1]


def save(database: Database, session: Any, number: int, *, is_remembered: bool) -> None:
    """Save a made article: a third of its blocks are on every page."""
    at = NOW + timedelta(hours=number)
    url = f"https://www.site.example/{number}"
    article = Stored(source_id=1, key=f"{number:032}".encode(), url=url, kind="article", title="", authors=[],
                     first_seen_at=at, time=at)  # fmt: skip
    session.add(article)
    session.flush()
    if is_remembered:
        letters = "".join(chr(97 + int(digit)) for digit in str(number))
        texts = [f"Line {chr(97 + line)} of every page" for line in range(BLOCKS // 3)]
        texts += [f"Line {chr(97 + line)} of page {letters} alone" for line in range(BLOCKS - BLOCKS // 3)]
        said = Article("article", "", tuple(Block(text, TEXT) for text in texts))
        remember(session, article.id, url, said, Origin(at), at)


def main() -> int:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds extraction/, or a page set")
    data = parser.parse_args().data
    folder = data if (data / "truth.jsonl.gz").exists() else data / SET
    found = compare(folder)
    base = found["no memory"]
    table = Table(
        "", "precision", "recall", "F1", "right words lost", "wrong words left", title=f"{folder.name}, no rules"
    )
    for way, row in found.items():
        shares = [f"{row[name]:.4f}" for name in ("precision", "recall", "f1")]
        table.add_row(way, *shares, f"{base['right'] - row['right']:,}", f"{row['wrong']:,}")
    costs = {stored: cost(stored) for stored in STORED}
    times = Table("pages stored", "CPU ms a page", title=f"Saving a page of {BLOCKS} blocks, SQLite")
    for stored, (took, _) in costs.items():
        times.add_row(str(stored), f"{took:.2f}")
    console = Console()
    console.print(table, times)
    memory, thrice = found["site memory"], found["three addresses"]
    result = {
        "benchmark": "site_memory",
        "set": folder.name,
        "ways": found,
        "precision_gained": round(memory["precision"] - base["precision"], 4),
        "recall_lost": round(base["recall"] - memory["recall"], 4),
        "lost_at_three_addresses": memory["right"] - thrice["right"],
        "cpu_ms": {str(stored): round(took, 2) for stored, (took, _) in costs.items()},
    }
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
