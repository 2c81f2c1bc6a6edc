"""Asking for one page and recording how it ended: no request for a page ends without a state in its row."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Final

from scrapy import Request

from crawler.items import Page
from crawler.outcomes import Backoff, Outcome, of_error, of_status
from storage import pages
from storage.pages import Ended, Leased

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Headers, Response
    from twisted.python.failure import Failure

    from crawler.store import Store
    from crawler.turns import Turns
    from storage.feeds import DueFeed

# A pause that a run sits out; a source that asks for a longer one is left alone until the next run.
LONGEST_PAUSE: Final = 30.0
# The database's clock and the event loop's differ by less; a lease taken a moment early would find nothing.
MARGIN: Final = 0.05
NOT_MODIFIED: Final = 304


class Visits:
    """Makes the requests for pages, turns answers into items, and records everything else."""

    def __init__(self, store: Store, turns: Turns[DueFeed, Leased], backoff: Backoff) -> None:
        self.store = store
        self.turns = turns
        self.backoff = backoff

    def request(self, page: Leased) -> Request:
        """Return the request for a leased page: conditional where it was fetched before."""
        return Request(
            page.url,
            callback=self.answered,
            errback=self.failed,
            headers=conditional(page.etag, page.last_modified),
            meta={"source": page.source, "handle_httpstatus_all": True},
            cb_kwargs={"page": page},
            dont_filter=True,
        )

    async def answered(self, response: Response, page: Leased) -> AsyncIterator[Page]:
        """Yield the page, or record why the answer holds none."""
        with self.turns.ending(page.source):
            if await self._is_page(response, page):
                yield _page(response, page)

    async def failed(self, failure: Failure) -> None:
        """Record why no answer came."""
        request: Request = failure.request  # type: ignore[attr-defined]
        page: Leased = request.cb_kwargs["page"]
        assert failure.value is not None
        with self.turns.ending(page.source):
            await self._record(page, of_error(failure.value))

    async def _is_page(self, response: Response, page: Leased) -> bool:
        """Tell whether the answer holds a page; where it does not, record why."""
        now = datetime.now(UTC)
        was_conditional = bool(page.etag or page.last_modified)
        if response.status == NOT_MODIFIED and was_conditional:
            await self._end(page, Ended("unchanged", status=response.status, final_url=response.url))
            return False
        retry_after = header(response.headers, "Retry-After")
        outcome = of_status(response.status, retry_after, now=now)
        if outcome is None and not response.body:
            outcome = Outcome("failed", "empty_body", is_passing=True)
        if outcome is not None:
            await self._record(page, outcome, status=response.status, final_url=response.url)
        return outcome is None

    async def _record(
        self, page: Leased, outcome: Outcome, *, status: int | None = None, final_url: str | None = None
    ) -> None:
        now = datetime.now(UTC)
        next_try = None
        if outcome.state == "failed":
            next_try = self.backoff.next_page_try(outcome, page.attempts + 1, now=now, random=random.random)
        if outcome.retry_after:
            await hold(self.store, self.turns, page.source, outcome.retry_after)
        if next_try is not None and (wait := (next_try - now).total_seconds()) <= LONGEST_PAUSE:
            self.turns.retry(page.source, monotonic() + wait + MARGIN)
        await self._end(page, Ended(outcome.state, outcome.reason, status, final_url, next_try))

    async def _end(self, page: Leased, ended: Ended) -> None:
        await self.store.write(pages.end, page.id, ended, run_id=self.store.run_id, now=datetime.now(UTC))


def _page(response: Response, page: Leased) -> Page:
    return Page(
        url=page.url,
        final_url=response.url,
        status=response.status,
        headers=plain(response.headers),
        body=response.body,
        fetched_at=datetime.now(UTC),
        source=page.source,
        page_id=page.id,
    )


async def hold(store: Store, turns: Turns[DueFeed, Leased], source: str, seconds: float) -> None:
    """Obey a server that asks for a pause: wait it out if it is short, leave the source for another run if not."""
    if seconds <= LONGEST_PAUSE:
        turns.hold(source, monotonic() + seconds)
    elif given_back := turns.drop(source):
        await store.write(pages.give_back, [page.id for page in given_back], run_id=store.run_id)


def conditional(etag: str | None, last_modified: str | None) -> dict[str, str]:
    """Return the headers that ask for a body only if it changed (RFC 9110, 13.1)."""
    headers = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    return {name: value for name, value in headers.items() if value}


def header(headers: Headers, name: str) -> str | None:
    """Return one header as text."""
    value = headers.get(name)
    return value.decode("latin-1") if value else None


def plain(headers: Headers) -> dict[str, str]:
    """Return all headers as text, by lower-case name, repeated ones joined."""
    joined = {name: b", ".join(headers.getlist(name)) for name in headers}
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in joined.items()}


def lease_end(seconds: float) -> datetime:
    """Return when a lease taken now ends."""
    return datetime.now(UTC) + timedelta(seconds=seconds)
