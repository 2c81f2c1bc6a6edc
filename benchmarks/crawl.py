"""The crawl alone: beside bare Scrapy on the same server, against the number of feeds, and with sites that spoil it.

* **Speed**: pages per second fetched and stored, nothing read, beside a bare Scrapy spider that follows the same feeds
  with the same concurrency and throws every page away; in turn, in one run. Start-up is left out of both.
* **Memory**: the crawl process's peak while it polls so many feeds, each of another host.
* **Fairness**: when the pages of well-behaved sites are all fetched, with and without a site that answers after
  25 seconds and one without end, in turn.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from benchmarks.crowd import Crowd, gathered
from benchmarks.processes import Tree
from benchmarks.web import configuration
from storage.engine import Database

RESOLVER: Final = "benchmarks.loopback.LoopbackResolver"
RATIO_AIM: Final = 0.8  # pages per second of the crawl over bare Scrapy's
CRAWL_ONLY: Final = (
    "-s",
    'ITEM_PIPELINES={"pipelines.raw.KeepRaw": 100}',
    "-s",
    "WORKER_PRELOAD=crawler.readers.feeds",
)
CRAWL: Final = """
[crawl]
delay = 0
retry_pause = 0

[extract]
workers = 1
"""
# When the pages were fetched: seconds from the first to the last, and how many.
SPAN: Final = """
SELECT min(fetched_at) AS began, max(fetched_at) AS ended, count(fetched_at) AS pages
FROM page JOIN source ON source.id = page.source_id WHERE source.name LIKE 'site%'
"""
STARTED: Final = "SELECT min(started_at) FROM run"
BARE: Final = '''
import re, time
import scrapy

class Bare(scrapy.Spider):
    """What a tutorial's spider does: every link of every feed, each page thrown away."""
    name = "bare"
    began = ended = None
    pages = 0

    async def start(self):
        for host in HOSTS:
            yield scrapy.Request(f"http://{host}:PORT/feed.xml", callback=self.parse)

    def parse(self, response):
        for link in re.findall(r"<link>(http[^<]+)</link>", response.text):
            yield scrapy.Request(link, callback=self.parse_page)

    def parse_page(self, response):
        self.began = self.began or time.monotonic()
        self.ended = time.monotonic()
        self.pages += 1
        yield {"url": response.url, "size": len(response.body)}

    def closed(self, reason):
        print("BARE", self.pages, self.ended - self.began)
'''


@dataclass(frozen=True, slots=True)
class Crawled:
    """One crawl."""

    pages: int
    seconds: float  # from the first page fetched to the last
    since_start: float  # from the run's start to the last page of a well-behaved site
    cpu: float
    peak_mb: float

    @property
    def rate(self) -> float:
        """Pages per second."""
        return self.pages / self.seconds if self.seconds else 0.0


def crawl(crowd: Crowd, concurrency: int, settings: str = "", limit: float | None = None) -> Crawled:
    """Run the spider over the crowd into a new database; after ``limit`` seconds it is stopped in good order."""
    with gathered(crowd) as port, tempfile.TemporaryDirectory() as folder:
        address = f"sqlite:///{folder}/crawl.db"
        config = Path(folder, "storyfold.toml")
        more = CRAWL.replace("[crawl]", f"[crawl]\nconcurrency = {concurrency}\n{settings}")
        config.write_text(configuration(address, crowd.hosts, port) + more)
        environment = os.environ | {"STORYFOLD_DNS_RESOLVER": RESOLVER}
        environment |= {"STORYFOLD_CONFIG": str(config), "SCRAPY_SETTINGS_MODULE": "crawler.settings"}
        command = [sys.executable, "-m", "scrapy", "crawl", "news", "-s", "LOG_LEVEL=ERROR", *CRAWL_ONLY]
        if limit is not None:
            command += ["-s", f"CLOSESPIDER_TIMEOUT={limit:g}"]
        tree = Tree(lambda line: "crawl" if "scrapy" in line else "workers")
        with Path(folder, "log").open("wb") as log:
            code = tree.watch(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        assert code == 0 or limit is not None, Path(folder, "log").read_text()[-4000:]
        return _crawled(address, tree)


def _crawled(address: str, tree: Tree) -> Crawled:
    from datetime import datetime

    with Database.open(address) as database, database.read() as session:
        span = session.execute(text(SPAN)).one()
        started = session.scalar(text(STARTED))
    usage = tree.by_role()["crawl"]
    if not span.pages:
        return Crawled(0, 0.0, 0.0, usage.cpu, usage.peak_mb)
    began, ended, start = (datetime.fromisoformat(moment) for moment in (span.began, span.ended, started))
    return Crawled(
        span.pages, (ended - began).total_seconds(), (ended - start).total_seconds(), usage.cpu, usage.peak_mb
    )


def bare(crowd: Crowd, concurrency: int) -> Crawled:
    """Run a bare Scrapy spider over the crowd."""
    with gathered(crowd) as port, tempfile.TemporaryDirectory() as folder:
        spider = Path(folder, "bare.py")
        spider.write_text(BARE.replace("HOSTS", repr(crowd.hosts)).replace("PORT", str(port)))
        settings = {
            "CONCURRENT_REQUESTS": concurrency,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
            "DOWNLOAD_DELAY": 0,
            "LOG_LEVEL": "ERROR",
            "TWISTED_DNS_RESOLVER": RESOLVER,
            "TELNETCONSOLE_ENABLED": 0,
        }
        command = [sys.executable, "-m", "scrapy", "runspider", str(spider)]
        command += [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SCRAPY_")}
        environment |= {"PYTHONPATH": str(Path(__file__).parents[1])}
        tree = Tree(lambda line: "crawl")
        with Path(folder, "out").open("wb") as out:
            code = tree.watch(subprocess.Popen(command, env=environment, cwd=folder, stdout=out, stderr=out))
        said = Path(folder, "out").read_text()
        found = re.search(r"BARE (\d+) ([\d.]+)", said)
        assert code == 0, said[-4000:]
        assert found, said[-4000:]
    usage = tree.by_role()["crawl"]
    return Crawled(int(found[1]), float(found[2]), 0.0, usage.cpu, usage.peak_mb)


def speed(sites: int, pages: int, rounds: int, concurrency: int) -> dict[str, Any]:
    """Compare the crawl with bare Scrapy."""
    crowd = Crowd(sites, pages)
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(crawl(crowd, concurrency))
        theirs.append(bare(crowd, concurrency))
    assert {run.pages for run in [*ours, *theirs]} == {sites * pages}
    ratios = [one.rate / other.rate for one, other in zip(ours, theirs, strict=True)]
    return {
        "pages": sites * pages,
        "ratio": round(statistics.median(ratios), 3),
        "ratio_spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "pages_per_second": round(statistics.median(run.rate for run in ours), 1),
        "bare_pages_per_second": round(statistics.median(run.rate for run in theirs), 1),
        "cpu_ms_per_page": round(1000 * statistics.median(run.cpu for run in ours) / (sites * pages), 2),
        "bare_cpu_ms_per_page": round(1000 * statistics.median(run.cpu for run in theirs) / (sites * pages), 2),
        "peak_mb": round(max(run.peak_mb for run in ours)),
        "bare_peak_mb": round(max(run.peak_mb for run in theirs)),
    }


def memory(feeds: list[int], concurrency: int) -> dict[str, int]:
    """Return the crawl process's peak in MB by number of feeds polled."""
    return {str(count): round(crawl(Crowd(count, 0), concurrency).peak_mb) for count in feeds}


def fairness(sites: int, pages: int, rounds: int, concurrency: int) -> dict[str, Any]:
    """Compare when well-behaved sites are done, with and without two that are not."""
    alone, spoilt = [], []
    for _ in range(rounds):
        began = time.monotonic()
        alone.append(crawl(Crowd(sites, pages), concurrency))
        limit = 3 * (time.monotonic() - began) + 30
        spoilt.append(crawl(Crowd(sites, pages, is_spoilt=True), concurrency, limit=limit))
    assert {run.pages for run in [*alone, *spoilt]} == {sites * pages}
    ratios = [one.since_start / other.since_start for one, other in zip(spoilt, alone, strict=True)]
    return {
        "sites": sites,
        "ratio": round(statistics.median(ratios), 3),
        "ratio_spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "seconds": round(statistics.median(run.since_start for run in spoilt), 1),
        "seconds_without": round(statistics.median(run.since_start for run in alone), 1),
    }


def main() -> int:
    """Run what was asked for, print the table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=100)
    parser.add_argument("--pages", type=int, default=20, help="on each site")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--feeds", type=int, nargs="*", default=[100, 1_000, 10_000], help="for memory; none: left out")
    parser.add_argument("--crowd", type=int, default=200, help="sites for fairness; 0: left out")
    arguments = parser.parse_args()
    result: dict[str, Any] = {"benchmark": "crawl"}
    if arguments.rounds:
        result["speed"] = speed(arguments.sites, arguments.pages, arguments.rounds, arguments.concurrency)
    if arguments.feeds:
        result["memory_mb"] = memory(arguments.feeds, arguments.concurrency)
    if arguments.crowd:
        result["fairness"] = fairness(arguments.crowd, 5, max(1, arguments.rounds), arguments.concurrency)
    _report(result)
    print(json.dumps(result))
    return 0


def _report(result: dict[str, Any]) -> None:
    table = Table(title=f"the crawl alone (speed: aim {RATIO_AIM} of bare Scrapy)")
    for heading in ("measured", "figure", "value"):
        table.add_column(heading)
    for name, figures in result.items():
        for figure, value in figures.items() if isinstance(figures, dict) else ():
            table.add_row(name, figure, str(value))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
