"""Asking one feed and committing what came of it: its links and its validators in one transaction."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from scrapy import Request

from crawler import polling
from crawler.feeds import UnreadableFeed
from crawler.outcomes import Backoff, Outcome, of_error, of_status
from crawler.visits import NOT_MODIFIED, conditional, header, hold
from foundation.pool import TaskFailed, WorkerPool
from storage import feeds
from storage.feeds import DueFeed, Polled
from storage.raw import storable

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.store import Store
    from crawler.turns import Turns
    from storage.pages import Leased

PRIORITY: Final = 10  # feeds before pages: what they name joins the queue of this run
ACCEPT: Final = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
KEPT_BODY: Final = 256 * 1024  # of a feed that could not be read: enough to see why


class Polls:
    """Makes the requests for feeds and records every answer as a poll."""

    def __init__(
        self, store: Store, turns: Turns[DueFeed, Leased], backoff: Backoff, workers: WorkerPool, limit: int
    ) -> None:
        self.store = store
        self.turns = turns
        self.backoff = backoff
        self.workers = workers
        self.limit = limit

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
            await self._answered(response, feed, datetime.now(UTC))

    async def failed(self, failure: Failure) -> None:
        """Record why no answer came."""
        request: Request = failure.request  # type: ignore[attr-defined]
        feed: DueFeed = request.cb_kwargs["feed"]
        assert failure.value is not None
        with self.turns.ending(feed.source):
            await self._fail(feed, of_error(failure.value))

    async def _answered(self, response: Response, feed: DueFeed, now: datetime) -> None:
        if response.status == NOT_MODIFIED:
            await self._record(feed, self._unchanged(feed, response, now))
            return
        outcome = of_status(response.status, header(response.headers, "Retry-After"), now=now)
        if outcome is not None:
            await self._fail(feed, outcome, response.status)
        elif polling.digest(response.body) == feed.body_sha256:
            await self._record(feed, self._unchanged(feed, response, now))
        else:
            await self._record(feed, await self._read(feed, response, now))

    async def _read(self, feed: DueFeed, response: Response, now: datetime) -> Polled:
        reader = polling.READERS[feed.kind]
        content_type = header(response.headers, "Content-Type")
        try:
            result = await self.workers.run(reader, response.body, content_type, response.url, self.limit)
        except TaskFailed as error:
            result = UnreadableFeed(f"reading it failed: {error}")
        if isinstance(result, UnreadableFeed):
            return Polled(
                "unreadable",
                self._after_failure(feed, None),
                response.status,
                error=storable(result.reason),
                body=response.body[:KEPT_BODY],
            )
        found, refused = polling.links(result, response.url, now=now)
        return Polled(
            "read",
            now + timedelta(seconds=feed.interval_seconds),
            response.status,
            etag=_validator(response, "ETag"),
            last_modified=_validator(response, "Last-Modified"),
            body_sha256=polling.digest(response.body),
            found=found,
            cut=result.cut,
            refused=len(refused),
            error=polling.described(refused),
        )

    def _unchanged(self, feed: DueFeed, response: Response, now: datetime) -> Polled:
        return Polled(
            "unchanged",
            now + timedelta(seconds=feed.interval_seconds),
            response.status,
            etag=_validator(response, "ETag"),
            last_modified=_validator(response, "Last-Modified"),
        )

    async def _fail(self, feed: DueFeed, outcome: Outcome, status: int | None = None) -> None:
        if outcome.retry_after:
            await hold(self.store, self.turns, feed.source, outcome.retry_after)
        next_poll = self._after_failure(feed, outcome.retry_after)
        await self._record(
            feed,
            Polled(
                "refused" if outcome.state == "refused" else "failed",
                next_poll,
                status,
                error=outcome.reason,
            ),
        )

    def _after_failure(self, feed: DueFeed, retry_after: float | None) -> datetime:
        return self.backoff.next_feed_poll(
            feed.interval_seconds, feed.failures + 1, retry_after, now=datetime.now(UTC), random=random.random
        )

    async def _record(self, feed: DueFeed, polled: Polled) -> None:
        new, changed = await self.store.write(
            feeds.record, feed.id, polled, run_id=self.store.run_id, now=datetime.now(UTC)
        )
        if new or changed:
            self.turns.may_have_pages(feed.source)


def _validator(response: Response, name: str) -> str | None:
    value = header(response.headers, name)
    return storable(value)[:1_000] if value else None
