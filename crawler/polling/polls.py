"""Asking one feed and committing what came of it: its links and its validators in one transaction."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from scrapy import Request

from crawler.fetching.outcomes import Backoff, Outcome, of_error, of_status, seconds_until
from crawler.fetching.words import in_words
from crawler.polling import caching, intervals, meaning, moves
from crawler.polling.intervals import Bounds, Seen
from crawler.readers.feeds import FeedEntries, ReadFeed, SitemapIndex, UnreadableFeed
from crawler.visits import NOT_MODIFIED, conditional, header, hold, plain
from foundation.pool import TaskFailed, WorkerPool
from storage import feeds
from storage.budgets import Limits
from storage.feeds import DueFeed, Polled
from storage.raw import storable

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.gaps.checks import Gaps
    from crawler.store import Store
    from crawler.turns import Turns
    from storage.feeds import Address
    from storage.pages import Leased

PRIORITY: Final = 10  # feeds before pages: what they name joins the queue of this run
ACCEPT: Final = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
KEPT_BODY: Final = 256 * 1024  # of a feed that could not be read: enough to see why
MAX_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class _Answer:
    """A feed's answer, and when it came."""

    feed: DueFeed
    response: Response
    now: datetime

    @property
    def hours(self) -> float:
        """Hours since the feed last answered well."""
        since = self.feed.polled_at
        if self.feed.failures and self.feed.listing:
            since = self.feed.listing.at
        return max((self.now - since) / timedelta(hours=1), 0.0) if since else 0.0


class Polls:
    """Makes the requests for feeds and records every answer as a poll."""

    def __init__(
        self, store: Store, turns: Turns[Any, Leased], backoff: Backoff, workers: WorkerPool, gaps: Gaps
    ) -> None:
        crawl = store.settings.crawl
        self.store = store
        self.gaps = gaps
        self.turns = turns
        self.backoff = backoff
        self.workers = workers
        self.most = crawl.entries_per_poll
        self.bounds = Bounds(crawl.poll_shortest, crawl.poll_longest)
        self.limits = Limits(crawl.pages_per_host, crawl.pages_per_pattern)
        self.called: set[int] = set()  # sitemaps that their indexes made due in this run, until they have answered
        self.homes = {source.name: source.url for source in store.settings.sources}

    def request(self, feed: DueFeed) -> Request:
        """Return the conditional request for a feed."""
        return Request(
            feed.url,
            callback=self.answered,
            errback=self.failed,
            headers={"Accept": ACCEPT, **conditional(feed.etag, feed.last_modified)},
            meta={"source": feed.source, "handle_httpstatus_all": True},
            cb_kwargs={"feed": feed},
            priority=PRIORITY,
            dont_filter=True,
        )

    async def answered(self, response: Response, feed: DueFeed) -> None:
        """Record what the feed lists, or why it lists nothing."""
        with self.turns.ending(feed.source):
            await self._answered(_Answer(feed, response, datetime.now(UTC)))

    async def failed(self, failure: Failure) -> None:
        """Record why no answer came."""
        request: Request = failure.request  # type: ignore[attr-defined]
        feed: DueFeed = request.cb_kwargs["feed"]
        error = failure.value
        assert error is not None
        with self.turns.ending(feed.source):
            outcome = of_error(error)
            if outcome.resume_at:
                await self.store.write(feeds.postpone, feed.id, outcome.resume_at)
                self.called.discard(feed.id)
                return
            await self._fail(feed, outcome, _detail(error, outcome, request))

    async def _answered(self, answer: _Answer) -> None:
        feed, response = answer.feed, answer.response
        outcome = of_status(response.status, header(response.headers, "Retry-After"), now=answer.now)
        is_same = response.status == NOT_MODIFIED and bool(feed.etag or feed.last_modified)
        if is_same or (outcome is None and meaning.digest(response.body) == feed.body_sha256):
            await self._record(feed, self._polled("unchanged", answer, Seen(answer.hours)))
        elif outcome is not None:
            await self._fail(feed, outcome, status=response.status)
        else:
            await self._record(feed, self._meant(answer, await self._read(answer)))

    async def _read(self, answer: _Answer) -> ReadFeed:
        response = answer.response
        content_type = header(response.headers, "Content-Type")
        reader = meaning.READERS[answer.feed.kind]
        try:
            return await self.workers.run(reader, response.body, content_type, response.url, self.most)
        except TaskFailed as error:
            return UnreadableFeed(f"reading it failed: {error}")

    def _meant(self, answer: _Answer, result: ReadFeed) -> Polled:
        match result:
            case FeedEntries():
                return self._listed(answer, result)
            case SitemapIndex():
                return self._indexed(answer, result)
            case UnreadableFeed(reason):
                body = answer.response.body[:KEPT_BODY]
                return self._failed("unreadable", answer.feed, reason, status=answer.response.status, body=body)

    def _listed(self, answer: _Answer, result: FeedEntries) -> Polled:
        """Return what a list of links means: for the pages, for the ledger of gaps, and for the feed's interval."""
        feed, now = answer.feed, answer.now
        found, refused = meaning.links(result, answer.response.url, now=now)
        listing, overlap, new = meaning.listing(feed.listing, found, now=now)
        gap = meaning.gap(feed.kind, feed.listing, found, overlap, now=now)
        first = None
        if feed.listing is None:
            first, new = intervals.first_rate((link.time for link in found), now=now), 0
        return self._polled(
            "read",
            answer,
            Seen(answer.hours, len(found), new, gap is not None),
            first_rate=first,
            kind=meaning.kind_of(feed.kind, result),
            found=found,
            cut=result.cut,
            refused=len(refused),
            error=meaning.described(refused),
            listing=listing,
            before=overlap.before,
            again=overlap.again,
            gap=gap,
        )

    def _indexed(self, answer: _Answer, result: SitemapIndex) -> Polled:
        """Return what a sitemap index means: the sitemaps to ask besides."""
        feed = answer.feed
        home = self.homes.get(feed.source, feed.url)
        children, cut, refused = meaning.children(result, answer.response.url, home, feed.lineage)
        news = meaning.dated_newer(children, feed.polled_at)
        return self._polled(
            "read",
            answer,
            Seen(answer.hours, meaning.NEWS * len(children), meaning.NEWS * news),
            children=children,
            cut=cut,
            refused=len(refused),
            error=meaning.described(refused),
        )

    def _polled(
        self, outcome: feeds.Outcome, answer: _Answer, seen: Seen, first_rate: float | None = None, **more: Any
    ) -> Polled:
        """Return a good poll: its address, its validators, and when the feed is asked again."""
        feed, response, now = answer.feed, answer.response, answer.now
        before = first_rate if first_rate is not None else feed.new_per_hour
        per_hour = intervals.rate(intervals.FIRST_RATE if before is None else before, seen)
        seconds = intervals.interval(per_hour, seen, self.bounds)
        return Polled(
            outcome,
            now + timedelta(seconds=max(intervals.wait(seconds), self._asked_for(response, now))),
            response.status,
            etag=_validator(response, "ETag"),
            last_modified=_validator(response, "Last-Modified"),
            body_sha256=meaning.digest(response.body) if outcome == "read" else None,
            address=_believed(feed, response),
            interval_seconds=round(seconds),
            new_per_hour=per_hour,
            **more,
        )

    def _asked_for(self, response: Response, now: datetime) -> float:
        """Return the seconds that the server wants to be left alone: while its answer is fresh, or because it says so.

        Freshness is believed up to the longest interval.
        """
        fresh = min(caching.fresh_for(plain(response.headers), now=now), self.bounds.longest)
        return max(fresh, seconds_until(header(response.headers, "Retry-After"), now=now) or 0.0)

    async def _fail(self, feed: DueFeed, outcome: Outcome, detail: str = "", *, status: int | None = None) -> None:
        if outcome.retry_after:
            await hold(self.store, self.turns, feed.source, feed.url, outcome.retry_after)
        state: feeds.Outcome = "refused" if outcome.state == "refused" else "failed"
        error = in_words(outcome.reason, detail)
        await self._record(feed, self._failed(state, feed, error, outcome.retry_after, status=status))

    def _failed(
        self, outcome: feeds.Outcome, feed: DueFeed, error: str, retry_after: float | None = None, **more: Any
    ) -> Polled:
        failures = feed.failures + 1
        next_poll = self.backoff.next_feed_poll(
            feed.interval_seconds, failures, retry_after, now=datetime.now(UTC), random=random.random
        )
        address = moves.after_failure(feed.address, failures)
        return Polled(outcome, next_poll, error=storable(error)[:MAX_ERROR], address=address, **more)

    async def _record(self, feed: DueFeed, polled: Polled) -> None:
        recorded = await self.store.write(
            feeds.record, feed.id, polled, run_id=self.store.run_id, now=datetime.now(UTC), limits=self.limits
        )
        self.called.discard(feed.id)
        if recorded.added.new or recorded.added.changed:
            self.turns.may_have_pages(feed.source)
        for child in recorded.due:
            self.called.add(child.id)
            self.turns.add_feed(child.source, child)
        if recorded.gap_id is not None:
            await self.gaps.suspect(feed.source)


def _believed(feed: DueFeed, response: Response) -> Address:
    statuses, over = (response.meta.get(name, ()) for name in ("redirect_statuses", "redirected_from"))
    return moves.after_answer(feed.address, response.url, statuses, over)


def _detail(error: BaseException, outcome: Outcome, request: Request) -> str:
    """Return what an error says beyond its reason."""
    if outcome.reason == "timeout":
        return f"{request.meta.get('download_timeout', 0):g} s"
    return str(error) if outcome.reason.startswith("unexpected") else str(error).partition(f"{outcome.reason}: ")[2]


def _validator(response: Response, name: str) -> str | None:
    value = header(response.headers, name)
    return storable(value)[:1_000] if value else None
