"""The crawl's worker processes: feeds and pages of other people are parsed there, never in the crawl itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from scrapy import signals

from crawler.store import Store
from foundation.pool import WorkerPool

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


def worker_pool(crawler: Crawler) -> WorkerPool:
    """Return the crawler's pool, shared by all its components; it starts with the first task and ends with the engine.

    The modules that every worker needs are named by the setting ``WORKER_PRELOAD``: this room does not import them.
    """
    if crawler not in _POOLS:
        limits = Store.of(crawler).settings.extract
        pool = _POOLS[crawler] = WorkerPool(
            limits.workers,
            memory_mb=limits.memory_mb,
            cpu_seconds=limits.cpu_seconds,
            wall_seconds=limits.wall_seconds,
            recycle_after=limits.recycle_after,
            preload=crawler.settings.getlist("WORKER_PRELOAD"),
        )
        crawler.signals.connect(pool.close, signal=signals.engine_stopped)
    return _POOLS[crawler]


_POOLS: Final[WeakKeyDictionary[Crawler, WorkerPool]] = WeakKeyDictionary()
