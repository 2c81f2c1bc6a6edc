"""The spider that looks for the feeds of sites; nothing it fetches is kept.

It asks as every crawl does: through the address guard, robots rules, limits and delays, and reads in worker processes.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pydantic import TypeAdapter
from scrapy import Request, Spider
from scrapy.http.request import NO_CALLBACK

from crawler.discovery.findings import Finding
from crawler.discovery.listings import Examined, Useless, examine
from crawler.discovery.search import Candidate, Search
from crawler.fetching.outcomes import of_error, of_status
from crawler.polling.polls import ACCEPT
from crawler.readers.robots_txt import sitemaps_in
from crawler.store import Store
from crawler.turns import CROWD
from crawler.visits import header
from crawler.workers import worker_pool
from foundation.pool import TaskFailed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response

    from foundation.config import SourceSettings

SECONDS: Final = 180.0  # for one site: thirty requests, a delay before each, and some slow answers
# What a homepage may end with while the rest of its site answers; after any other failure nothing else is asked.
OF_ONE_PAGE: Final = ("robots", "too_large", "truncated_body", "redirect_limit", "redirect_loop", "redirect_to_itself")
FINDING: Final = TypeAdapter(Finding)
NOTHING: Final[tuple[Request, ...]] = ()  # goes through the scheduler: a search waits for each answer itself


class DiscoverSpider(Spider):
    """Searches every configured source's address; ``scrapy crawl discover -a out=FILE``.

    Writes one line of JSON (a ``Finding``) for each site to ``out`` as soon as it is done, in no order.
    """

    name = "discover"
    custom_settings: ClassVar[dict[str, Any] | None] = {  # type: ignore[misc]
        "ITEM_PIPELINES": {},
        "WORKER_PRELOAD": ["crawler.discovery.listings"],
    }

    def __init__(self, out: str, **kw: Any) -> None:
        super().__init__(**kw)
        self.out = Path(out)

    async def start(self) -> AsyncIterator[Request]:
        """Search all sites, as many at once as the crawl may have requests; yields nothing."""
        self.store = Store.of(self.crawler)
        self.workers = worker_pool(self.crawler)
        gate = asyncio.Semaphore(self.settings.getint("CONCURRENT_REQUESTS") // CROWD)
        with self.out.open("wb", buffering=0) as out:

            async def one(source: SourceSettings) -> None:
                async with gate:
                    finding = await self._search(source)
                out.write(FINDING.dump_json(finding) + b"\n")

            await asyncio.gather(*map(one, self.store.settings.sources))
        for request in NOTHING:
            yield request

    async def _search(self, source: SourceSettings) -> Finding:
        """Return what was found within the time for one site."""
        search = Search(source.url, is_private=source.allow_private)
        try:
            async with asyncio.timeout(SECONDS):
                while (candidate := search.next()) is not None:
                    await self._ask(source, search, candidate)
        except TimeoutError:
            search.give_up(f"not done after {SECONDS:g} s")
        return search.finding()

    async def _ask(self, source: SourceSettings, search: Search, candidate: Candidate) -> None:
        request = Request(
            candidate.url,
            callback=NO_CALLBACK,
            headers={"Accept": ACCEPT},
            meta={"source": source.name, "dont_obey_robotstxt": candidate.wanted == "robots"},
            dont_filter=True,
        )
        assert self.crawler.engine
        try:
            response = await self.crawler.engine.download_async(request)
        except Exception as error:  # every way to fail has a name; see crawler.fetching.outcomes
            outcome = of_error(error)
            search.take(candidate, candidate.url, Useless(outcome.reason, outcome.reason not in OF_ONE_PAGE))
            return
        if refusal := of_status(response.status, None, now=datetime.now(UTC)):
            search.take(candidate, response.url, Useless(refusal.reason))
        elif candidate.wanted == "robots":
            search.robots(candidate, sitemaps_in(response.body, response.url))
        else:
            search.take(candidate, response.url, await self._examined(response))

    async def _examined(self, response: Response) -> Examined:
        content_type = header(response.headers, "Content-Type")
        try:
            return await self.workers.run(examine, response.body, content_type, response.url, datetime.now(UTC))
        except TaskFailed as error:
            return Useless(f"reading it failed: {error}")
