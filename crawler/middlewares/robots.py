"""Robots rules that hold: one answer per origin, shared by all who wait for it, and closed while it is unreachable."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from scrapy import Request, signals
from scrapy.exceptions import NotConfigured, StopDownload
from scrapy.http.request import NO_CALLBACK

from crawler.fetching.outcomes import Failed, Refused, of_error
from crawler.fetching.robots_rules import READ_LIMIT, RobotsRules, TooIntricate, lifetime, product_token, read_part
from crawler.store import Store
from foundation.urls import origin
from storage import robots

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

PRIORITY: Final = 1_000
FAILURE_KEPT: Final = timedelta(minutes=1)  # until an unreachable robots.txt is asked for again; no other run knows
HOST_REASONS: Final = frozenset({"no_such_host", "connection_refused", "tls"})
# What is kept in memory, the rest is in the table: 1,108 real files take 19 MB and weigh 139,668 by their own measure;
# those written to be large, 30 MB together. A crawl of 4,000 hosts with 100 rules each stays at 240 MB from 1,500 on.
ANSWERS_KEPT: Final = 1_000
RULES_KEPT: Final = 100_000
IN_A_THREAD: Final = 32 * 1024  # a file so long is read beside the reactor: 500 kB of wildcards take a second
MARK: Final = "is_robots_txt"
CRAWL_DELAY: Final = "crawl_delay"  # the key of meta under which a request carries what its host asks for

Verdict: TypeAlias = RobotsRules | Refused | Failed
Key: TypeAlias = tuple[str, bool]  # an origin, and whether it may have a private address
Answer: TypeAlias = tuple[Verdict, datetime]  # and until when it holds


class Answers:
    """The last that were asked for, at most ``most`` with together ``heaviest`` rules, each until its time is up."""

    def __init__(self, most: int = ANSWERS_KEPT, heaviest: int = RULES_KEPT) -> None:
        self.most = most
        self.heaviest = heaviest
        self._kept: OrderedDict[Key, Answer] = OrderedDict()
        self._weight = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key, now: datetime) -> Verdict | None:
        """Return what is known and holds ``now``."""
        verdict, until = self._kept.get(key, (None, now))
        if verdict is None or until <= now:
            return None
        self._kept.move_to_end(key)
        return verdict

    def keep(self, key: Key, verdict: Verdict, until: datetime) -> None:
        """Know a verdict ``until`` then, and forget what was not asked for the longest."""
        if key in self._kept:
            self._weight -= _weight(self._kept.pop(key)[0])
        self._kept[key] = verdict, until
        self._weight += _weight(verdict)
        while len(self._kept) > self.most or (self._weight > self.heaviest and len(self._kept) > 1):
            _, (oldest, _) = self._kept.popitem(last=False)
            self._weight -= _weight(oldest)


def _weight(verdict: Verdict) -> int:
    return verdict.weight if isinstance(verdict, RobotsRules) else 0


class RobotsMiddleware:
    """Refuses what robots.txt disallows, as RFC 9309 reads it; in place of Scrapy's, to close its gaps.

    * Scrapy lets the third and later requests that wait for one robots.txt through unchecked (12 of 20 disallowed
      pages were fetched): they share a Deferred, and ``Deferred.asFuture`` leaves None behind. A task can be awaited
      by many.
    * A server error or no answer means "disallow all", for now (2.3.1.4): the page fails and is asked later, unless
      an earlier run has left a copy. So does 429, which RFC 9309 leaves among the "unavailable" 4xx that allow all.
    * An endless robots.txt is read up to a limit, and judging by a hostile one costs no more than by an honest one.
    * Rules are kept in the ``robots`` table, and a bounded number of them in memory.
    * ``meta["crawl_delay"]`` tells `crawler.fetching.politeness` what the host asks for.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.store = Store.of(crawler)
        self.longest = self.store.settings.crawl.robots_hours * 3_600
        self.user_agent: str = crawler.settings["USER_AGENT"]
        self._asking: dict[Key, asyncio.Task[Verdict]] = {}
        self._answers = Answers()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Stay off where ``ROBOTSTXT_OBEY`` is."""
        if not crawler.settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured
        middleware = cls(crawler)
        crawler.signals.connect(middleware.stop_reading, signal=signals.bytes_received)
        return middleware

    async def process_request(self, request: Request) -> None:
        """Return if the request may go out; raises Refused, or Failed while the rules cannot be had."""
        request.meta.pop(CRAWL_DELAY, None)
        if request.meta.get("dont_obey_robotstxt"):
            return
        verdict = await self._verdict(request)
        if isinstance(verdict, (Refused, Failed)):
            raise verdict.with_traceback(None)
        agent = product_token((request.headers.get("User-Agent") or self.user_agent.encode()).decode("latin-1"))
        if not verdict.allowed(request.url, agent):
            raise Refused("robots", request.url)
        if delay := verdict.crawl_delay(agent):
            request.meta[CRAWL_DELAY] = delay

    def stop_reading(self, data: bytes, request: Request) -> None:
        """End the download of a robots.txt that is longer than we read; what came counts."""
        if MARK in request.meta:
            request.meta[MARK] += len(data)
            if request.meta[MARK] > READ_LIMIT:
                raise StopDownload(fail=False)

    async def _verdict(self, request: Request) -> Verdict:
        rules = self.store.rules.get(request.meta.get("source", ""))
        # What one source may not connect to, another may: they must not share that answer.
        key = (origin(request.url), rules is not None and rules.may_be_private(request.url))
        if (verdict := self._answers.get(key, datetime.now(UTC))) is not None:
            return verdict
        if key not in self._asking:
            self._asking[key] = asyncio.create_task(self._find(request, key))
        return await asyncio.shield(self._asking[key])

    async def _find(self, request: Request, key: Key) -> Verdict:
        try:
            verdict, until = await self._stored_or_asked(request, key)
            if isinstance(verdict, RobotsRules):
                await self.crawler.signals.send_catch_log_async(
                    signals.robots_parsed, robotparser=verdict, request=request
                )
            self._answers.keep(key, verdict, until)
            return verdict
        finally:
            del self._asking[key]

    async def _stored_or_asked(self, request: Request, key: Key) -> Answer:
        now = datetime.now(UTC)
        stored = await self.store.read(robots.load, *key, now=now)
        if stored is not None and stored.is_fresh:
            return await _parsed(stored.body, key), stored.expires_at
        verdict, until = await self._ask(request, key)
        if isinstance(verdict, Failed) and stored is not None and stored.status is not None and stored.status < 300:
            # RFC 9309, 2.4: a copy of the rules may be used while they are unreachable; that there were none may not.
            return await _parsed(stored.body, key), until
        return verdict, until

    async def _ask(self, request: Request, key: Key) -> Answer:
        meta = {"dont_obey_robotstxt": True, "download_maxsize": 0, MARK: 0}
        asked = Request(
            f"{key[0]}/robots.txt",
            headers={"Accept-Encoding": "identity"},
            meta=meta | {name: request.meta[name] for name in ("source",) if name in request.meta},
            priority=PRIORITY,
            callback=NO_CALLBACK,
            dont_filter=True,
        )
        assert self.crawler.engine
        try:
            response = await self.crawler.engine.download_async(asked)
        except Refused as error:
            return _for_now(error)
        except Failed as error:
            if error.reason.startswith("redirect"):  # RFC 9309, 2.3.1.2: may be taken for "unavailable"
                return _for_now(RobotsRules(b""))
            return _for_now(_unreachable(key, error))
        except Exception as error:
            return _for_now(_unreachable(key, error))
        if response.status >= 500 or response.status == 429:
            return _for_now(_unreachable(key, f"status {response.status}"))
        return await self._stored(key, response)

    async def _stored(self, key: Key, response: Response) -> Answer:
        """Return the rules in an answer, known to later runs from now on."""
        body = read_part(response.body) if 200 <= response.status < 300 else b""  # else "unavailable": there are none
        now = datetime.now(UTC)
        cache_control = response.headers.get("Cache-Control") or b""
        expires_at = now + timedelta(seconds=lifetime(cache_control.decode("latin-1"), self.longest))
        await self.store.write(robots.store, *key, body, status=response.status, now=now, expires_at=expires_at)
        return await _parsed(body, key), expires_at


async def _parsed(body: bytes, key: Key) -> Verdict:
    try:
        rules = RobotsRules(body)
    except TooIntricate as error:
        return _unreachable(key, str(error))
    if len(body) > IN_A_THREAD:
        await asyncio.to_thread(rules.parse)
    return rules


def _for_now(verdict: Verdict) -> Answer:
    until = datetime.now(UTC) + FAILURE_KEPT
    if isinstance(verdict, Failed) and verdict.resume_at is not None:
        until = min(until, verdict.resume_at)
    return verdict, until


def _unreachable(key: Key, why: Exception | str) -> Failed:
    """Return the failure of every page there, for now; a host that cannot be reached at all is called just that."""
    if isinstance(why, Failed) and why.resume_at is not None:
        return why
    reason = of_error(why).reason if isinstance(why, Exception) else ""
    return Failed(reason if reason in HOST_REASONS else "robots_unreachable", f"{key[0]}: {why}")
