"""The Scrapy pipelines after the raw bytes are kept: read the page in a worker process, then save what it said.

Neither blocks the reactor, and a page that fails in one of them fails alone: its bytes are kept, its reason recorded.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scrapy.exceptions import DropItem

from crawler.items import Page
from crawler.store import Store
from crawler.workers import worker_pool
from foundation.pool import TaskFailed, WorkerPool
from pipelines import worker
from pipelines.reading import NoArticle, Reading
from pipelines.save import save

if TYPE_CHECKING:
    from typing import Any, Self

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page together with what reading it gave."""

    page: Page
    outcome: Reading


class Extract:
    """Read each page in a worker process. What a worker could not finish is a reason, not an error."""

    def __init__(self, workers: WorkerPool) -> None:
        self.workers = workers

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Share the crawl's worker processes."""
        return cls(worker_pool(crawler))

    async def process_item(self, item: Any) -> Any:
        """Turn a page into what it says; other items pass."""
        if not isinstance(item, Page):
            return item
        try:
            outcome = await self.workers.run(worker.read, item.body, item.final_url, item.content_type, item.fetched_at)
        except TaskFailed as failed:
            outcome = NoArticle(f"extraction_{failed.reason}", failed.detail)
            logger.warning("%s: reading it failed: %s", item.url, failed)
        return ReadPage(item, outcome)


class Save:
    """Put what was read into the database, in one transaction with the page's state."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Share the crawl's one writer."""
        return cls(Store.of(crawler))

    async def process_item(self, item: Any) -> Any:
        """Save a page that was read; other items pass."""
        if not isinstance(item, ReadPage):
            return item
        if item.page.raw_id is None:
            raise DropItem(f"{item.page.url}: its bytes were not kept; is pipelines.raw.KeepRaw on?")
        hours = self.store.settings.crawl.revisit_hours
        await self.store.write(save, item.page.raw_id, item.outcome, datetime.now(UTC), hours)
        return item
