"""Storyfold beside its peers on the same pages: text, furniture left in, and time, each reader in its own environment.

    python -m benchmarks.peers --data FOLDER [--data FOLDER …] [--cache FOLDER]

FOLDER as in benchmarks/extraction.py. The environments are made once, with uv or pip, under the cache folder; a reader
that cannot be installed stands in the table with the reason. Each reader is a process that answers page after page, and
on every page all of them take turns, a different one first each time: whatever else the machine does hits all of them
alike. Milliseconds are CPU time inside the process, of text and metadata together where the reader has both.
A page is clean when no line of the given text is furniture: one of which the truth holds nothing.
Prints one table and one JSON line.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from benchmarks.environments import NotInstalledError, cache, environment
from benchmarks.extraction import Tally, page_sets, pages
from foundation.pool import WorkerPool
from pipelines import worker
from pipelines.decoding import decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[1]
OURS, BASE = "storyfold", "trafilatura fast"
TRAFILATURA = f"trafilatura=={version('trafilatura')} lxml_html_clean"  # which it needs and does not ask for
LANGUAGES = "newspaper4k[bn,hi,ja,nlp,np,ta,th,zh]==0.9.6"  # without them it raises on pages in these languages
# Reader -> what to install for it; storyfold runs in the environment that this does.
PEERS = {
    BASE: TRAFILATURA,
    "trafilatura default": TRAFILATURA,
    "trafilatura precision": TRAFILATURA,
    "newspaper4k": LANGUAGES,
    "readability-lxml": "readability-lxml==0.9",
    "news-please": f"news-please==1.6.16 {LANGUAGES}",
}
PATIENCE = 60.0  # seconds for one page: then its reader is ended and has read nothing


class Reader:
    """A reader's process, and what it did on the set at hand."""

    def __init__(self, name: str, python: Path) -> None:
        self.name, self.python = name, python
        self.process: subprocess.Popen[str] | None = None

    def ask(self, asked: str) -> dict[str, Any]:
        """Return what the process answers; no text where it dies or takes too long."""
        if self.process is None:
            self.process = subprocess.Popen(
                [str(self.python), str(ROOT / "benchmarks" / "peer.py"), self.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                env={**os.environ, "PYTHONPATH": str(ROOT) if self.name == OURS else ""},
            )
        process = self.process
        assert process.stdin is not None
        assert process.stdout is not None
        watch = threading.Timer(PATIENCE, process.kill)
        watch.start()
        try:
            process.stdin.write(asked + "\n")
            process.stdin.flush()
            answered: dict[str, Any] = json.loads(process.stdout.readline())
        except (OSError, ValueError):
            self.close()
            return {"text": "", "seconds": 0.0, "failed": "the process died, or took too long"}
        else:
            return answered
        finally:
            watch.cancel()

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


def started(name: str, python: Path) -> Reader:
    """Return a reader that has answered once."""
    reader = Reader(name, python)
    if failed := reader.ask(question(b"<p>Does it run?</p>" * 20, "https://example.org/a", datetime.now(UTC)))[
        "failed"
    ]:
        raise NotInstalledError(f"installed, but {failed}")
    return reader


def question(html: bytes, url: str, now: datetime) -> str:
    asked = {"html": base64.b64encode(html).decode(), "charset": decode(html, None).charset, "url": url}
    return json.dumps({**asked, "now": now.isoformat()})


@dataclass(slots=True)
class Result(Tally):
    """What one reader did on one set."""

    failed: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, float]:
        """Return the row of the table."""
        count = len(self.precisions)
        scores = {"f1": self.f1, "precision": self.precision, "recall": self.recall, "clean": self.clean / count}
        rounded = {name: round(value, 4) for name, value in scores.items()}
        return {**rounded, "ms": round(1000 * self.seconds / count, 2), "failed": len(self.failed)}


def run(folder: Path, readers: Sequence[Reader], now: datetime) -> dict[str, Any]:
    results: dict[str, Result] = defaultdict(Result)
    for turn, (truth, html) in enumerate(pages(folder)):
        asked = question(html, truth["url"], now)
        first = turn % len(readers)
        for reader in (*readers[first:], *readers[:first]):
            answered, result = reader.ask(asked), results[reader.name]
            result.add(truth["text"], answered["text"])
            result.seconds += answered["seconds"]
            if answered["failed"]:
                result.failed.append(f"{truth['id']}: {answered['failed']}")
    summaries = {reader.name: results[reader.name].summary() for reader in readers}
    return {"set": folder.name, "pages": len(results[OURS].precisions), "readers": summaries}


def pages_per_second(folders: Sequence[Path], rounds: int, now: datetime) -> dict[str, list[float]]:
    """Return pages read per second of wall clock by one worker process and by two, in turn, one figure a round."""
    asked = [(html, truth["url"]) for folder in folders for truth, html in pages(folder)]
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for workers in (1, 2):
            with WorkerPool(workers, preload=worker.PRELOAD) as pool:
                for future in [pool.submit(worker.read, *asked[0], None, now) for _ in range(2 * workers)]:
                    future.result()
                start = time.perf_counter()
                for future in [pool.submit(worker.read, html, url, None, now) for html, url in asked]:
                    future.result()
                found[str(workers)].append(round(len(asked) / (time.perf_counter() - start), 1))
    return dict(found)


def rows(result: dict[str, Any], missing: dict[str, str]) -> Iterator[list[str]]:
    base = result["readers"].get(BASE, {}).get("ms")
    for name in (OURS, *PEERS):
        if name in missing:
            yield [name, f"not installed: {missing[name]}"]
            continue
        found = result["readers"][name]
        scores = [f"{found[key]:.3f}" for key in ("f1", "precision", "recall", "clean")]
        yield [name, *scores, f"{found['ms']:.1f}", f"{found['ms'] / base:.2f}" if base else "", str(found["failed"])]


def show(results: list[dict[str, Any]], missing: dict[str, str], speed: dict[str, list[float]]) -> None:
    console = Console(width=140)
    columns = ("set", "reader", "F1", "precision", "recall", "pages clean", "ms a page", f"x {BASE}", "pages failed")
    table = Table(*columns, title="Beside its peers")
    for result in results:
        for at, row in enumerate(rows(result, missing)):
            table.add_row("" if at else f"{result['set']} ({result['pages']})", *row)
        table.add_section()
    console.print(table)
    for workers, found in speed.items():
        spread = ", ".join(f"{value:.1f}" for value in found)
        console.print(f"{workers} worker(s): {statistics.median(found):.1f} pages/s, the median of {spread}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, action="append", required=True, help="a page set, or a folder of such")
    parser.add_argument("--cache", type=Path, default=cache(), help="where environments are kept")
    parser.add_argument(
        "--now", type=datetime.fromisoformat, default=datetime.now(UTC), help="dates after it are not believed"
    )
    parser.add_argument("--rounds", type=int, default=3, help="of pages a second with one and two workers")
    arguments = parser.parse_args()
    readers, missing = [Reader(OURS, Path(sys.executable))], dict[str, str]()
    for name, requirements in PEERS.items():
        try:
            readers.append(started(name, environment(arguments.cache.resolve(), requirements)))
        except NotInstalledError as error:
            missing[name] = str(error)
    folders = list(page_sets(arguments.data))
    try:
        results = [run(folder, readers, arguments.now) for folder in folders]
    finally:
        for reader in readers:
            reader.close()
    speed = pages_per_second(folders, arguments.rounds, arguments.now)
    show(results, missing, speed)
    print(json.dumps({"benchmark": "peers", "results": results, "missing": missing, "pages_per_second": speed}))


if __name__ == "__main__":
    main()
