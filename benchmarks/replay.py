"""The whole pipeline over real pages, beside a bare loop of trafilatura over the same pages, in turn in one run.

The pages are served on loopback as the sites they came from, each with a feed; `storyfold run` crawls, reads, folds
them with everything on. Beside it, as many processes do nothing but `trafilatura.extract` on those bytes. CPU seconds
per page are compared; start-up (a run over the same sites with a handful of pages) is measured apart and
taken off: it loads everything that a run of any size loads.

Every page served must end as one article or one recorded reason: the benchmark fails otherwise.
"""

import argparse
import gzip
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import trafilatura
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from benchmarks.processes import Tree
from benchmarks.web import Served, configuration, resolving, serving
from foundation.urls import host
from storage.engine import Database

WORKERS: Final = 2
RATIO_AIM: Final = 1.25  # CPU seconds per page of the whole pipeline over the bare loop's
CRAWL_MEMORY_AIM_MB: Final = 250
WARM_UP: Final = 8  # pages of the run that measures start-up: enough for every worker to read some

CRAWL: Final = f"""
[crawl]
delay = 0
poll_shortest = 0
poll_longest = 0.001

[extract]
workers = {WORKERS}
"""

# Every page that was served, and how it ended.
ENDS: Final = """
SELECT state, CASE WHEN article_id IS NULL THEN reason ELSE 'article' END AS outcome, count(*) AS pages
FROM page GROUP BY state, outcome ORDER BY pages DESC
"""
SPANS: Final = "SELECT min({column}) AS began, max({column}) AS ended, count({column}) AS pages FROM {table}"


def read_pages(data: Path) -> list[Served]:
    """Return the pages of every set under ``data/extraction``, one per address."""
    pages: dict[tuple[str, str], Served] = {}
    for truth in sorted(data.glob("extraction/*/truth.jsonl.gz")):
        with gzip.open(truth, "rt", encoding="utf-8") as lines:
            for line in map(json.loads, lines):
                body = gzip.decompress((truth.parent / "html" / f"{line['id']}.html.gz").read_bytes())
                # Addresses of the sets are not always there or unlike: the set and the id make one that is.
                site = host(line["url"]) if line.get("url") else "pages.test"
                page = Served(site, f"/{truth.parent.name}/{line['id']}.html", body)
                pages[page.host, page.path] = page
    return list(pages.values())


@dataclass(frozen=True, slots=True)
class Replay:
    """One run of the product."""

    wall: float
    cpu: dict[str, float]
    peak_mb: dict[str, float]
    ends: list[dict[str, Any]]
    rates: dict[str, float]  # pages per second of each stage, from the database's own times

    @property
    def cpu_total(self) -> float:
        """CPU seconds of all its processes."""
        return sum(self.cpu.values())


def role_of(command: str) -> str:
    """Say what a process of the product does, by its command line."""
    if "pipelines.fold" in command:
        return "fold"
    if "multiprocessing" in command:
        return "workers"
    return "crawl" if "scrapy" in command else "run"


def replay(pages: list[Served], hosts: list[str]) -> Replay:
    """Crawl and fold ``pages``, served as ``hosts``, into a new database."""
    with serving(pages) as port, tempfile.TemporaryDirectory() as folder:
        address = f"sqlite:///{folder}/replay.db"
        config = Path(folder, "storyfold.toml")
        config.write_text(configuration(address, hosts, port) + CRAWL)
        environment = os.environ | resolving(hosts)
        tree = Tree(role_of)
        began = time.monotonic()
        command = [sys.executable, "-m", "console.main", "--config", str(config), "run"]
        with Path(folder, "log").open("wb") as log:
            code = tree.watch(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        wall = time.monotonic() - began
        assert code == 0, Path(folder, "log").read_text()[-4000:]
        with Database.open(address) as database, database.read() as session:
            ends = [dict(row._mapping) for row in session.execute(text(ENDS))]
            rates = {
                stage: _rate(session.execute(text(SPANS.format(column=column, table=table))).one())
                for stage, column, table in (
                    ("fetched", "fetched_at", "page"),
                    ("read", "read_at", "page"),
                    ("folded", "folded_at", "reading"),
                )
            }
    roles = tree.by_role()
    return Replay(
        wall,
        {role: usage.cpu for role, usage in roles.items()},
        {role: usage.peak_mb for role, usage in roles.items()},
        ends,
        rates,
    )


def _rate(span: Any) -> float:
    from datetime import datetime

    if not span.pages:
        return 0.0
    seconds = (datetime.fromisoformat(span.ended) - datetime.fromisoformat(span.began)).total_seconds()
    return span.pages / seconds if seconds else float("inf")


def bare_loop(pages: list[Served]) -> tuple[float, float]:
    """Run trafilatura over the pages in as many processes; return (CPU seconds, wall seconds), imports left out."""
    with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(_warm_up, range(WORKERS)))
        began = time.monotonic()
        cpu = sum(pool.map(_extract, [page.body for page in pages], chunksize=4))
        return cpu, time.monotonic() - began


def _warm_up(_: int) -> None:
    trafilatura.extract("<html><body><p>Some words of a page, so that everything is loaded.</p></body></html>")
    time.sleep(0.5)  # so that every process takes one


def _extract(body: bytes) -> float:
    began = time.process_time()
    trafilatura.extract(body)
    return time.process_time() - began


def main() -> int:
    """Run the rounds, print the table and one JSON line; 1 if a page was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds extraction/*/html")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=int, help="only so many pages")
    arguments = parser.parse_args()
    pages = read_pages(arguments.data)[: arguments.limit]
    hosts = sorted({page.host for page in pages})
    startup = replay(pages[:WARM_UP], hosts)
    runs: list[Replay] = []
    loops: list[tuple[float, float]] = []
    for _ in range(arguments.rounds):
        runs.append(replay(pages, hosts))
        loops.append(bare_loop(pages))
    lost = [_lost(run, len(pages)) for run in runs]
    _report(pages, startup, runs, loops)
    for line in filter(None, lost):
        print(f"FAILED: {line}")
    return 1 if any(lost) else 0


def _lost(run: Replay, served: int) -> str:
    """Say which pages did not end as an article or a recorded reason."""
    ended = sum(row["pages"] for row in run.ends if row["outcome"] is not None and row["state"] == "read")
    return "" if ended == served else f"{served} pages served, {ended} ended: {run.ends}"


def _report(pages: list[Served], startup: Replay, runs: list[Replay], loops: list[tuple[float, float]]) -> None:
    count = len(pages) - WARM_UP
    net = [(run.cpu_total - startup.cpu_total) / count for run in runs]
    bare = [cpu / len(pages) for cpu, _ in loops]
    ratios = [one / other for one, other in zip(net, bare, strict=True)]
    table = Table(
        title=f"replay of {len(pages)} pages of {len({page.host for page in pages})} hosts, medians of {len(runs)}"
    )
    for heading in ("process", "CPU ms/page", "start-up CPU s", "peak MB"):
        table.add_column(heading, justify="left" if heading == "process" else "right")
    for role in ("run", "crawl", "workers", "fold"):
        table.add_row(
            role,
            f"{1000 * statistics.median(run.cpu.get(role, 0) - startup.cpu.get(role, 0) for run in runs) / count:.1f}",
            f"{startup.cpu.get(role, 0):.1f}",
            f"{max(run.peak_mb.get(role, 0) for run in runs):.0f}",
        )
    table.add_row("all of storyfold", f"{1000 * statistics.median(net):.1f}", f"{startup.cpu_total:.1f}", "")
    table.add_row("bare trafilatura loop", f"{1000 * statistics.median(bare):.1f}", "", "")
    table.add_row("ratio", f"{statistics.median(ratios):.2f}", f"aim {RATIO_AIM}", f"crawl aim {CRAWL_MEMORY_AIM_MB}")
    console = Console()
    console.print(table)
    result = {
        "benchmark": "replay",
        "pages": len(pages),
        "cpu_ratio": round(statistics.median(ratios), 3),
        "cpu_ratio_spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "cpu_ms_per_page": round(1000 * statistics.median(net), 2),
        "bare_cpu_ms_per_page": round(1000 * statistics.median(bare), 2),
        "pages_per_second": round(count / statistics.median(run.wall - startup.wall for run in runs), 1),
        "bare_pages_per_second": round(len(pages) / statistics.median(wall for _, wall in loops), 1),
        "stage_pages_per_second": {
            stage: round(statistics.median(run.rates[stage] for run in runs), 1) for stage in runs[0].rates
        },
        "startup": {"wall": round(startup.wall, 1), "cpu": round(startup.cpu_total, 1)},
        "crawl_peak_mb": round(max(run.peak_mb.get("crawl", 0) for run in runs)),
        "ends": runs[-1].ends,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    sys.exit(main())
