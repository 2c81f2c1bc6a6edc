"""Robots rules that hold: one answer per origin, shared by all who wait for it, and closed while it is unreachable."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Self

from scrapy import Request, signals
from scrapy.exceptions import NotConfigured, StopDownload
from scrapy.http.request import NO_CALLBACK
from scrapy.robotstxt import ProtegoRobotParser, RobotParser

from crawler.outcomes import AddressRefused, Failed, Refused, of_error
from crawler.store import Store
from foundation.urls import origin

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

READ_LIMIT: Final = 500 * 1024  # RFC 9309, 2.5: at least 500 KiB are parsed; an endless robots.txt took 2.2 GB
PRIORITY: Final = 1_000
FAILURE_KEPT: Final = 60.0  # seconds until an unreachable robots.txt is asked for again, should the run last so long
HOST_REASONS: Final = frozenset({"no_such_host", "connection_refused", "tls"})
MARK: Final = "is_robots_txt"


class RobotsMiddleware:
    """Refuses what robots.txt disallows, as RFC 9309 reads it; in place of Scrapy's, to close three gaps.

    * Scrapy lets the third and later requests that wait for one robots.txt through unchecked (12 of 20 disallowed
      pages were fetched): they share a Deferred, and ``Deferred.asFuture`` leaves None behind. A task can be awaited
      by many.
    * A server error or no answer means "disallow all", for now (2.3.1.4): the page fails and is asked later. So does
      429, which RFC 9309 leaves among the "unavailable" 4xx that allow all.
    * An endless robots.txt is read up to a limit.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.rules = Store.of(crawler).rules
        self.user_agent: str = crawler.settings["USER_AGENT"]
        self._answers: dict[tuple[str, bool], asyncio.Task[RobotParser | Refused | Failed]] = {}

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
        if request.meta.get("dont_obey_robotstxt"):
            return
        answer = await self._answer(request)
        if isinstance(answer, (Refused, Failed)):
            raise answer.with_traceback(None)
        agent = (request.headers.get("User-Agent") or self.user_agent.encode()).decode("latin-1")
        if not answer.allowed(request.url, product_token(agent)):
            raise Refused("robots", request.url)

    def stop_reading(self, data: bytes, request: Request) -> None:
        """End the download of a robots.txt that is longer than we read; what came counts."""
        if MARK in request.meta:
            request.meta[MARK] += len(data)
            if request.meta[MARK] > READ_LIMIT:
                raise StopDownload(fail=False)

    async def _answer(self, request: Request) -> RobotParser | Refused | Failed:
        rules = self.rules.get(request.meta.get("source", ""))
        # What one source may not connect to, another may: they must not share that answer.
        key = (origin(request.url), rules is not None and rules.may_be_private(request.url))
        if key not in self._answers:
            self._answers[key] = asyncio.create_task(self._ask(request, key))
        return await asyncio.shield(self._answers[key])

    async def _ask(self, request: Request, key: tuple[str, bool]) -> RobotParser | Refused | Failed:
        meta = {"dont_obey_robotstxt": True, "download_maxsize": 0, MARK: 0}
        robots = Request(
            f"{key[0]}/robots.txt",
            headers={"Accept-Encoding": "identity"},
            meta=meta | {name: request.meta[name] for name in ("source",) if name in request.meta},
            priority=PRIORITY,
            callback=NO_CALLBACK,
            dont_filter=True,
        )
        assert self.crawler.engine
        try:
            response = await self.crawler.engine.download_async(robots)
        except AddressRefused as error:
            return error
        except Failed as error:
            if error.reason.startswith("redirect"):  # RFC 9309, 2.3.1.2: may be taken for "unavailable"
                return await self._parsed(b"", request)
            return self._unreachable(key, error)
        except Exception as error:
            return self._unreachable(key, error)
        if response.status >= 500 or response.status == 429:
            return self._unreachable(key, f"status {response.status}")
        return await self._parsed(_rules_in(response), request)

    async def _parsed(self, body: bytes, request: Request) -> RobotParser:
        parser = ProtegoRobotParser.from_crawler(self.crawler, body[:READ_LIMIT])
        await self.crawler.signals.send_catch_log_async(signals.robots_parsed, robotparser=parser, request=request)
        return parser

    def _unreachable(self, key: tuple[str, bool], why: Exception | str) -> Failed:
        """Return the failure of every page there, for now; a host that cannot be reached at all is called just that."""
        asyncio.get_running_loop().call_later(FAILURE_KEPT, self._answers.pop, key, None)
        reason = of_error(why).reason if isinstance(why, Exception) else ""
        return Failed(reason if reason in HOST_REASONS else "robots_unreachable", f"{key[0]}: {why}")


def product_token(user_agent: str) -> str:
    """Return the name that robots rules address: ``storyfold`` of ``storyfold/0.1 (+https://…)``."""
    return user_agent.split("/")[0].split(" ")[0].strip() or user_agent


def _rules_in(response: Response) -> bytes:
    """Return the rules; "unavailable" (4xx, or a redirect that leads nowhere) means there are none."""
    return response.body if 200 <= response.status < 300 else b""
