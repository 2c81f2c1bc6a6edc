"""How much fetched but unread material the crawl holds in memory: counted where every item passes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from scrapy.pipelines import ItemPipelineManager

from crawler.items import Page

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

# Bytes of pages that wait for a worker. Eight pages of the largest size; some two hundred of the usual.
ROOM: Final = 32 * 1024 * 1024
# Pages that wait: enough to keep any number of workers busy that one machine has.
PLACES: Final = 64


class Backlog:
    """The pages between the network and the database."""

    def __init__(self) -> None:
        self.pages = 0
        self.bytes = 0
        self._changed = asyncio.Event()

    @classmethod
    def of(cls, crawler: Crawler) -> Backlog:
        """Return the crawler's one backlog."""
        return _BACKLOGS.setdefault(crawler, cls())

    @property
    def has_room(self) -> bool:
        """Whether more should be fetched."""
        return self.pages < PLACES and self.bytes < ROOM

    async def room(self) -> None:
        """Wait until there is room."""
        while not self.has_room:
            self._changed.clear()
            await self._changed.wait()

    def add(self, size: int) -> None:
        """Count a page in."""
        self.pages += 1
        self.bytes += size

    def remove(self, size: int) -> None:
        """Count a page out."""
        self.pages -= 1
        self.bytes -= size
        self._changed.set()


class CountedPipelines(ItemPipelineManager):
    """Scrapy's item pipelines, with the pages in them counted, however they leave."""

    async def process_item_async(self, item: Any) -> Any:
        """Process as ever."""
        if not isinstance(item, Page) or self.crawler is None:
            return await super().process_item_async(item)
        backlog, size = Backlog.of(self.crawler), len(item.body)
        backlog.add(size)
        try:
            return await super().process_item_async(item)
        finally:
            backlog.remove(size)


_BACKLOGS: Final[WeakKeyDictionary[Crawler, Backlog]] = WeakKeyDictionary()
