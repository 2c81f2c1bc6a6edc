"""Asking for one page and recording how it ended: no request for a page ends without a state in its row."""

from __future__ import annotations

import hashlib
import logging
import random
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Final

from scrapy import Request

from crawler.fetching.outcomes import GONE_STATUSES, Backoff, Failed, Outcome, of_error, of_status
from crawler.items import Page
from storage import pages, raw
from storage.pages import Ended, Leased

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Headers, Response
    from twisted.python.failure import Failure

    from crawler.fetching.outcomes import Partial
    from crawler.store import Store
    from crawler.turns import Turns
    from storage.feeds import DueFeed

logger = logging.getLogger(__name__)

# A pause that a run sits out; a source that asks for a longer one is left alone until the next run.
LONGEST_PAUSE: Final = 30.0
# The database's clock and the event loop's differ by less; a lease taken a moment early would find nothing.
MARGIN: Final = 0.05
NOT_MODIFIED: Final = 304
# Seconds until a page that gave an article and is not found is asked once more: sites lose pages while they deploy.
DOUBT: Final = 3_600.0


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
            try:
                is_page = await self._is_page(response, page)
            except Exception as error:
                is_page = False
                await self._record_surprise(page, error)
            if is_page:
                yield self._page(response, page)

    async def failed(self, failure: Failure) -> AsyncIterator[Page]:
        """Record why no answer came; yield what came of one that was cut short every time."""
        request: Request = failure.request  # type: ignore[attr-defined]
        page: Leased = request.cb_kwargs["page"]
        error = failure.value
        assert error is not None
        with self.turns.ending(page.source):
            if isinstance(error, Failed) and error.resume_at is not None:
                await self._give_back(page, error.resume_at)
            elif isinstance(error, Failed) and error.partial is not None:
                if (rest := await self._partial(page, of_error(error), error.partial, request)) is not None:
                    yield rest
            else:
                await self._record(page, of_error(error))

    async def _record_surprise(self, page: Leased, error: Exception) -> None:
        """Record that we ourselves failed: no request may end in a log line alone."""
        logger.error("%s: %s", page.url, error, exc_info=error)
        await self._record(page, of_error(error))

    async def _is_page(self, response: Response, page: Leased) -> bool:
        """Tell whether the answer holds a page; where it does not, record why."""
        now = datetime.now(UTC)
        was_conditional = bool(page.etag or page.last_modified)
        if (response.status == NOT_MODIFIED and was_conditional) or _is_known(response, page):
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
        await self._end(page, await self._ended(page, outcome, status, final_url))

    async def _ended(self, page: Leased, outcome: Outcome, status: int | None, final_url: str | None) -> Ended:
        """Decide when the page is asked again, and let its source wait until then where that is soon."""
        now = datetime.now(UTC)
        state, next_try = outcome.state, None
        if outcome.state == "failed":
            next_try = self.backoff.next_page_try(outcome, page.attempts + 1, now=now, random=random.random)
        elif is_doubtful(outcome, page):
            state, next_try = "failed", now + timedelta(seconds=max(DOUBT, self.backoff.first))
        if outcome.retry_after:
            await hold(self.store, self.turns, page.source, final_url or page.url, outcome.retry_after)
        if next_try is not None:
            self._come_back(page, next_try, now)
        return Ended(state, outcome.reason, status, final_url, next_try)

    def _come_back(self, page: Leased, at: datetime, now: datetime) -> None:
        if (wait := (at - now).total_seconds()) <= LONGEST_PAUSE:
            self.turns.retry(page.source, monotonic() + wait + MARGIN)

    async def _end(self, page: Leased, ended: Ended) -> None:
        hours, run_id = self.store.settings.crawl.revisit_hours, self.store.run_id
        await self.store.write(pages.end, page.id, ended, run_id=run_id, now=datetime.now(UTC), revisit_hours=hours)

    async def _give_back(self, page: Leased, resume_at: datetime) -> None:
        """Nobody was asked: the page waits until its host is asked again, and no attempt is counted."""
        await self.store.write(pages.give_back, [page.id], run_id=self.store.run_id, next_try_at=resume_at)
        self._come_back(page, resume_at, datetime.now(UTC))

    async def _partial(self, page: Leased, outcome: Outcome, partial: Partial, request: Request) -> Page | None:
        """Keep what came and count a failure; return what is to be read of a page that never came whole."""
        said = of_status(partial.status, header(partial.headers, "Retry-After"), now=datetime.now(UTC))
        if said is not None or not partial.body:
            await self._record(page, said or outcome, status=partial.status, final_url=partial.final_url)
            return None
        ended = await self._ended(page, outcome, partial.status, partial.final_url)
        answer = raw.Answer(
            partial.final_url,
            partial.status,
            plain(partial.headers),
            partial.body,
            datetime.now(UTC),
            self._is_insecure(request, partial.final_url),
        )
        raw_id = await self.store.write(raw.keep_partial, page.id, answer, ended, run_id=self.store.run_id)
        return recovered(await self.store.read(raw.stored, raw_id)) if raw_id is not None else None

    def _page(self, response: Response, page: Leased) -> Page:
        return Page(
            url=page.url,
            final_url=response.url,
            status=response.status,
            headers=plain(response.headers),
            body=response.body,
            fetched_at=datetime.now(UTC),
            source=page.source,
            page_id=page.id,
            insecure_tls=response.request is not None and self._is_insecure(response.request, response.url),
        )

    def _is_insecure(self, request: Request, url: str) -> bool:
        """Tell whether nobody checked the certificate of the answer, or of a redirect that led to it."""
        rules = self.store.rules.get(request.meta["source"])
        addresses = (*request.meta.get("redirected_from", ()), url)
        return rules is not None and any(map(rules.is_unverified, addresses))


def is_doubtful(outcome: Outcome, page: Leased) -> bool:
    """Tell whether "gone" must be said once more: the page gave an article, and its last answer said otherwise."""
    return outcome.state == "gone" and page.has_article and page.status not in GONE_STATUSES


def recovered(one: raw.Stored) -> Page:
    """Return stored bytes as the item that they would have been."""
    answer = one.answer
    return Page(
        url=one.url,
        final_url=answer.final_url,
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        fetched_at=answer.fetched_at,
        source=one.source,
        page_id=one.page_id,
        raw_id=one.raw_id,
        insecure_tls=answer.insecure_tls,
    )


def _is_known(response: Response, page: Leased) -> bool:
    """Tell whether a site without validators answered what it answered before: nothing to store, nothing to read."""
    if page.body_sha256 is None or not 200 <= response.status < 300:
        return False
    return hashlib.sha256(response.body).digest() == page.body_sha256


async def hold(store: Store, turns: Turns[DueFeed, Leased], source: str, url: str, seconds: float) -> None:
    """Obey a server that asks for a pause: wait it out if it is short, leave the source for another run if not.

    A host that serves the source a feed, or that it only links to, is left alone by itself (see ``breaker``): it must
    not stop the pages of the source's own site.
    """
    rules = store.rules.get(source)
    if rules is not None and not rules.is_home(url):
        return
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
