"""The spider: stored pages that nobody has read, then due feeds, then the pages that wait, until nothing is due.

State is in the database, never only here: kill it anywhere, run it again, and all that was fetched is there once.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from time import monotonic, time
from typing import TYPE_CHECKING, Any, Final, Self

from scrapy import Request, Spider, signals

from crawler.backlog import Backlog
from crawler.fetching.outcomes import Backoff
from crawler.gaps.checks import Gaps
from crawler.gaps.searches import Document
from crawler.ledger import Ledger
from crawler.polling.polls import Polls
from crawler.store import Store
from crawler.turns import Lease, Look, Turns
from crawler.visits import Visits, lease_end, recovered
from crawler.workers import worker_pool
from foundation.errors import UsageError
from storage import feeds, pages, raw
from storage.feeds import DueFeed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.items import Page
    from storage.pages import Leased

RECOVERED_AT_ONCE: Final = 4  # stored pages in one read: at most 32 MB
READ_AT_ONCE: Final = 4  # due feeds of one source, each with what it listed before: up to 16 kB
LEASED_AT_ONCE: Final = 8  # pages of one source in one transaction; a crash leaves no more of it leased
ONLY_STORED: Final = "stored"
LAST: Final = sys.maxsize  # an id after every other


class NewsSpider(Spider):
    """Fetches what the configured sources publish; ``scrapy crawl news``.

    Arguments (``-a``): ``run``, the ledger's row that the crawl works for (its own, if none is given); ``sources``,
    names joined by commas; ``only=stored`` to read what is stored and ask nobody; ``pages``, at most so many are asked.
    """

    name = "news"
    soonest: float = 60.0  # seconds after which a run looks again for what is due: a query over all sources

    def __init__(
        self,
        run: str | None = None,
        sources: str | None = None,
        only: str | None = None,
        pages: str | None = None,
        **kw: Any,
    ) -> None:
        super().__init__(**kw)
        if only not in (None, "", ONLY_STORED):
            raise UsageError(f"only={only}: the one value is {ONLY_STORED}")
        self.run_id = int(run) if run else None
        self.sources = [name.strip() for name in sources.split(",") if name.strip()] if sources else None
        self.asks_nobody = only == ONLY_STORED
        self.pages_left = int(pages) if pages else sys.maxsize

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Open database and ledger before anything else. Raises NewsError, and then nothing starts."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.store = Store.of(crawler)
        spider.ledger = Ledger(spider.store, spider.run_id)
        spider.ledger.open()
        crawler.signals.connect(spider.opened, signal=signals.spider_opened)
        crawler.signals.connect(spider.closed, signal=signals.spider_closed)
        return spider

    store: Store
    ledger: Ledger

    def opened(self) -> None:
        """Put the parts of this crawl together; Scrapy's settings are final now."""
        crawl = self.store.settings.crawl
        self.backlog = Backlog.of(self.crawler)
        self.turns: Turns[Any, Leased] = Turns(crawl.concurrency)
        backoff = Backoff(crawl.backoff, crawl.backoff_ceiling, crawl.attempts, crawl.retry_pause)
        self.visits = Visits(self.store, self.turns, backoff)
        self.gaps = Gaps(self.store, self.turns, worker_pool(self.crawler))
        self.polls = Polls(self.store, self.turns, backoff, worker_pool(self.crawler), self.gaps)
        self.looked: dict[str, feeds.Place] = {}  # how far the due feeds of a source were read
        self.find_every = max(self.soonest, crawl.poll_shortest)
        self.ledger.keep_alive(self.stop)
        self.crawler.signals.connect(self.pace, signal=signals.response_downloaded)

    def pace(self, response: Response, request: Request) -> None:
        """Leave a source alone until its host's delay is over: a request that waits for that is in others' way."""
        del response
        assert self.crawler.engine
        slot = self.crawler.engine.downloader.slots.get(request.meta.get("download_slot", ""))
        if slot is not None and slot.delay and "source" in request.meta:
            self.turns.hold(request.meta["source"], monotonic() + slot.delay - (time() - slot.lastseen))

    async def closed(self, reason: str) -> None:
        """Give back what was not asked, and leave the ledger in order."""
        await self.store.write(pages.give_back, None, run_id=self.store.run_id)
        await self.gaps.settle()
        await self.ledger.close(reason)

    async def start(self) -> AsyncIterator[Request | Page]:
        """Yield what is to be done; returns when nothing is due any more."""
        await self._prune()
        async for page in self._stored():
            yield page
        await self.gaps.settle()
        if self.asks_nobody:
            return
        await self._find_due()
        await self.gaps.find_due(self.sources)
        self.unfinished = self.turns.wanting
        while not self.turns.is_finished:
            await self._find_due_again()
            await self.backlog.room()
            match self.turns.next(monotonic()):
                case None:
                    await self.turns.wait(self._pause(monotonic()))
                case Look(source):
                    await self._look(source)
                case Lease(source):
                    self.turns.leased(source, await self._lease(source))
                case ask:
                    yield self._request(ask.what)

    async def _stored(self) -> AsyncIterator[Page]:
        """Yield the pages that an earlier run stored and did not live to read, a few at a time."""
        upto, after = await self.store.read(raw.newest_id), 0
        while stored := await self.store.read(
            raw.unread, after=after, upto=upto, limit=RECOVERED_AT_ONCE, run_id=self.store.run_id
        ):
            for one in stored:
                await self.backlog.room()
                yield recovered(one)
            after = stored[-1].raw_id

    async def _find_due(self) -> None:
        self.began = datetime.now(UTC)
        for source in await self.store.read(feeds.sources_with_due, self.sources, now=self.began):
            self.turns.may_have_feeds(source)
        for source in await self.store.read(pages.sources_with_due, self.sources, now=self.began):
            self.turns.may_have_pages(source)
        self.found_at = monotonic()

    async def _find_due_again(self) -> None:
        """Find what came due meanwhile, as long as a source has had work ever since the run began.

        Such a run delays no other source's feeds; one that has only such finds left comes to its end.
        """
        if monotonic() < self.found_at + self.find_every:
            return
        self.found_at = monotonic()
        self.unfinished &= self.turns.wanting
        if self.unfinished:
            await self._find_due()

    def _pause(self, now: float) -> float:
        """Return the seconds until a source may be asked again or the due are found again: a hold may last hours."""
        until_found = max(0.0, self.found_at + self.find_every - now)
        pause = self.turns.pause(now)
        return until_found if pause is None else min(pause, until_found)

    async def _look(self, source: str) -> None:
        """Queue more feeds of a source that were due when the due were last found; each once, for then it is due later.

        One still under way stands where it stood, before the place from which the next look goes on.
        """
        due = await self.store.read(feeds.due, source, READ_AT_ONCE, now=self.began, after=self.looked.get(source))
        has_more = len(due) == READ_AT_ONCE
        self.looked[source] = due[-1].place if has_more else (self.began, LAST)
        self.turns.looked(source, [feed for feed in due if feed.id not in self.polls.called], has_more=has_more)

    async def _lease(self, source: str) -> list[Leased]:
        now, until = datetime.now(UTC), lease_end(self.store.settings.crawl.lease)
        limit = min(LEASED_AT_ONCE, self.pages_left)
        leased = await self.store.write(pages.lease, source, limit, run_id=self.store.run_id, now=now, until=until)
        self.pages_left -= len(leased)
        return leased

    def _request(self, what: DueFeed | Document | Leased) -> Request:
        match what:
            case DueFeed():
                return self.polls.request(what)
            case Document():
                return self.gaps.request(what)
            case _:
                return self.visits.request(what)

    async def _prune(self) -> None:
        keep = timedelta(days=self.store.settings.crawl.raw_keep_days)
        await self.store.write(raw.prune, read_before=datetime.now(UTC) - keep)

    def stop(self) -> None:
        """End the crawl: the ledger no longer counts it as alive."""
        assert self.crawler.engine
        self._stopping = asyncio.ensure_future(self.crawler.engine.close_spider_async(reason="lost"))
