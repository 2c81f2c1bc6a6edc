"""Leave hosts alone that are in trouble: no request goes out to a host that only fails, whichever source wants it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self
from weakref import WeakSet

from crawler.fetching.breaker import CAPACITY, PAUSING_STATUSES, TROUBLE, Breaker
from crawler.fetching.outcomes import Failed, Outcome, of_error, of_status
from crawler.store import Store
from foundation.urls import netloc
from storage import hosts

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response


class BreakerMiddleware:
    """Counts what goes wrong at each host and raises Failed (``host_paused``) for one that is left alone.

    Next to the downloader: it sees every answer as it came, redirects included, and robots.txt like any page. What it
    knows is in the ``host`` table, for the next run.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        crawl = store.settings.crawl
        known = store.write_now(hosts.load, CAPACITY, now=datetime.now(UTC))
        self.breaker = Breaker(crawl.host_failures, crawl.host_pause, crawl.backoff_ceiling, known)
        self._under_way: WeakSet[Request] = WeakSet()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take up what earlier runs knew."""
        return cls(Store.of(crawler))

    def process_request(self, request: Request) -> None:
        """Return if the host may be asked."""
        host = netloc(request.url)
        if (resume_at := self.breaker.ask(host, now=datetime.now(UTC))) is not None:
            raise Failed("host_paused", host, resume_at=resume_at)
        self._under_way.add(request)

    async def process_response(self, request: Request, response: Response) -> Response:
        """Return the response."""
        now = datetime.now(UTC)
        retry_after = response.headers.get("Retry-After") if response.status in PAUSING_STATUSES else None
        outcome = of_status(response.status, retry_after.decode("latin-1") if retry_after else None, now=now)
        await self._ended(request, outcome, now)
        return response

    async def process_exception(self, request: Request, exception: Exception) -> None:
        """Leave the exception as it is."""
        await self._ended(request, of_error(exception), datetime.now(UTC))

    async def _ended(self, request: Request, outcome: Outcome | None, now: datetime) -> None:
        if request not in self._under_way:  # refused before it was sent, by us or another
            return
        self._under_way.discard(request)
        host = netloc(request.url)
        if outcome is not None and outcome.reason in TROUBLE:
            trouble = self.breaker.failed(host, outcome, now=now)
            await self.store.write(hosts.record, host, trouble, now=now)
        elif self.breaker.answered(host):
            await self.store.write(hosts.forget, host)
