"""Looking into gaps: asking the site's sitemaps what came and went between two polls, and committing the verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from scrapy import Request

from crawler.fetching.outcomes import of_error, of_status
from crawler.fetching.words import in_words
from crawler.gaps.overlap import WIDTH, unpack
from crawler.gaps.searches import GUESSES, Document, Search
from crawler.gaps.verdicts import judge
from crawler.polling import meaning
from crawler.readers.feeds import SitemapIndex, UnreadableFeed
from crawler.readers.robots_txt import sitemaps_in
from crawler.readers.sitemaps import read_sitemap
from crawler.visits import header, hold
from foundation.pool import TaskFailed, WorkerPool
from foundation.urls import origin, site
from storage import gaps, robots
from storage.budgets import Limits
from storage.gaps import OpenGap, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.readers.feeds import FeedEntries
    from crawler.store import Store
    from crawler.turns import Turns
    from storage.pages import Found, Leased

PRIORITY: Final = 10  # as feeds: what sitemaps name joins the queue of this run
ACCEPT: Final = "application/xml, text/xml;q=0.9, */*;q=0.5"
AT_ONCE: Final = 16  # sources that are searched at one time: what a search knows stays in memory until its end
# A sitemap that lags behind has caught up within hours; one that has not after three days never will.
WAITS: Final = (timedelta(hours=1), timedelta(hours=4), timedelta(days=1), timedelta(days=2))
BUDGET_DAY: Final = timedelta(days=1)  # until pages beyond a day's budget are taken
NO_SITEMAP: Final = "no sitemap was found"


class Gaps:
    """Makes the requests for sitemaps, one source at a time, and records what they say of its gaps."""

    def __init__(self, store: Store, turns: Turns[Any, Leased], workers: WorkerPool) -> None:
        crawl = store.settings.crawl
        self.store = store
        self.turns = turns
        self.workers = workers
        self.limit = crawl.entries_per_poll
        self.limits = Limits(crawl.pages_per_host, crawl.pages_per_pattern)
        self._searches: dict[str, Search] = {}
        self._waiting: dict[str, None] = {}  # sources, in their order

    async def find_due(self, names: Collection[str] | None) -> None:
        """Begin to look into the gaps that are due, those of earlier runs too."""
        for gap in await self.store.read(gaps.due, names, now=datetime.now(UTC)):
            await self.suspect(gap.source)

    async def suspect(self, source: str) -> None:
        """Look into the gaps of a source that are due; to be called when a poll has opened one."""
        self._waiting[source] = None
        await self._begin()

    async def settle(self) -> None:
        """Close the gaps whose pages have been fetched."""
        await self.store.write(gaps.settle, now=datetime.now(UTC))

    def request(self, document: Document) -> Request:
        """Return the request for a sitemap."""
        meta = {"source": document.source, "handle_httpstatus_all": True}
        return Request(
            document.url,
            callback=self.answered,
            errback=self.failed,
            headers={"Accept": ACCEPT},
            meta=meta | ({"dont_obey_robotstxt": True} if document.is_robots else {}),
            cb_kwargs={"document": document},
            priority=PRIORITY,
            dont_filter=True,
        )

    async def answered(self, response: Response, document: Document) -> None:
        """Take in what the sitemap lists, or why it lists nothing, and go on."""
        with self.turns.ending(document.source):
            search = self._searches[document.source]
            if search.asked == 1:  # the source's other feeds have answered, too: one search serves all gaps
                await self._load(search)
            await self._take(search, document, response)
            await self._go_on(search)

    async def failed(self, failure: Failure) -> None:
        """Note why no answer came, and go on."""
        request: Request = failure.request  # type: ignore[attr-defined]
        document: Document = request.cb_kwargs["document"]
        assert failure.value is not None
        with self.turns.ending(document.source):
            search = self._searches[document.source]
            search.tell_failure(document, in_words(of_error(failure.value).reason or "no answer"))
            await self._go_on(search)

    async def _begin(self) -> None:
        """Begin to search for sources that wait, as many as may be under way."""
        self._forget_dropped()
        while len(self._searches) < AT_ONCE:
            source = next((source for source in self._waiting if source not in self._searches), None)
            if source is None:
                return
            del self._waiting[source]
            search = self._searches[source] = Search(source)
            if await self._load(search):
                await self._go_on(search)
            else:
                del self._searches[source]

    def _forget_dropped(self) -> None:
        """End the searches whose next request went when their source was dropped; another run looks into the gaps."""
        wanting = self.turns.wanting
        for source in [name for name, search in self._searches.items() if search.asked and name not in wanting]:
            del self._searches[source]

    async def _load(self, search: Search) -> bool:
        search.gaps = await self.store.read(gaps.due, [search.source], now=datetime.now(UTC))
        return bool(search.gaps)

    async def _take(self, search: Search, document: Document, response: Response) -> None:
        now = datetime.now(UTC)
        outcome = of_status(response.status, header(response.headers, "Retry-After"), now=now)
        if outcome is not None:
            search.tell_failure(document, in_words(outcome.reason or f"http_{response.status}"))
            if outcome.retry_after:
                await hold(self.store, self.turns, search.source, response.url, outcome.retry_after)
                search.end()
        elif document.is_robots:
            search.add(sitemaps_in(response.body, response.url))
        else:
            await self._read(search, document, response, now)

    async def _read(self, search: Search, document: Document, response: Response, now: datetime) -> None:
        content_type = header(response.headers, "Content-Type")
        try:
            result = await self.workers.run(read_sitemap, response.body, content_type, response.url, self.limit)
        except TaskFailed as error:
            result = UnreadableFeed(f"reading it failed: {error}")
        match result:
            case UnreadableFeed(reason):
                search.tell_failure(document, reason)
            case SitemapIndex():
                search.tell_index(document, result, response.url)
            case _:
                search.tell_pages(document, self._own_links(search.source, result, response.url, now))

    def _own_links(self, source: str, entries: FeedEntries, url: str, now: datetime) -> list[Found]:
        """Return the pages of the source's own sites, dated when they were published, where the sitemap says so."""
        published = [replace(entry, updated=None) if entry.published else entry for entry in entries.entries]
        found, _ = meaning.links(replace(entries, entries=tuple(published)), url, now=now)
        rules = self.store.rules.get(source)
        return [link for link in found if rules is None or site(link.url) in rules.sites]

    async def _go_on(self, search: Search) -> None:
        """Queue the next request of a search, or end it: undecided where the run has dropped its source."""
        document = search.next()
        while document is None and await self._more(search):
            document = search.next()
        if document is not None and self.turns.add_feed(search.source, document):
            return
        try:
            if document is None:
                await self._decide(search)
        finally:
            del self._searches[search.source]
        await self._begin()

    async def _more(self, search: Search) -> bool:
        """Add the next places where sitemaps may be; False where none is left."""
        stage = search.next_stage()
        if stage is None:
            return False
        home, own = await self.store.read(gaps.places, search.source)
        if stage == "own":
            search.add(own)
        elif stage == "guesses":
            search.add([f"{origin(home)}{path}" for path in GUESSES], is_guess=True)
        else:
            rules = self.store.rules.get(search.source)
            is_private = rules is not None and rules.may_be_private(home)
            known = await self.store.read(robots.load, origin(home), is_private, now=datetime.now(UTC))
            if known is not None:
                search.add(sitemaps_in(known.body, home))
            else:
                search.add_robots(f"{origin(home)}/robots.txt")
        return True

    async def _decide(self, search: Search) -> None:
        listing = search.listing()
        shown = await self.store.read(gaps.shown, search.source, list(listing.times))
        lists = {entry for entries in shown.lists for entry in unpack(entries)}
        known = shown.keys | {key for key in listing.times if key[:WIDTH] in lists}
        for gap in search.gaps:
            judged = judge(gap.window, listing, known)
            reason = NO_SITEMAP if not search.has_read and listing.lacking is None else judged.reason
            missed = tuple(search.links[key] for key in judged.missed)
            verdict = Verdict(judged.state, reason, search.sitemap, judged.listed, missed)
            now = datetime.now(UTC)
            new = await self.store.write(
                gaps.record,
                gap,
                verdict,
                again_at=_again_at(gap, verdict, now),
                limits=self.limits,
                run_id=self.store.run_id,
                now=now,
            )
            if new:
                self.turns.may_have_pages(search.source)


def _again_at(gap: OpenGap, verdict: Verdict, now: datetime) -> datetime | None:
    if verdict.state == "confirmed":
        return now + BUDGET_DAY
    return now + WAITS[gap.checks] if gap.checks < len(WAITS) else None
