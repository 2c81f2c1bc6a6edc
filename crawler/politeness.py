"""How fast one host is asked: AutoThrottle, and never faster than its robots.txt wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy import signals
from scrapy.extensions.throttle import AutoThrottle

from crawler.middlewares.robots import product_token
from foundation.urls import host

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.core.downloader import Slot
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser


class Politeness(AutoThrottle):
    """Scrapy's AutoThrottle with a floor for each host: the ``Crawl-delay`` that Scrapy parses and leaves to us.

    Of 4,231 real robots.txt, 10 ask for more than a minute: ``CRAWL_DELAY_CEILING`` bounds what one file can do.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.ceiling = crawler.settings.getfloat("CRAWL_DELAY_CEILING")
        self.user_agent: str = crawler.settings["USER_AGENT"]
        self.floors: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Listen for robots rules."""
        extension = cls(crawler)
        crawler.signals.connect(extension.slow_down, signal=signals.robots_parsed)
        return extension

    def slow_down(self, robotparser: RobotParser, request: Request) -> None:
        """Remember what a host's rules ask of us, and obey at once."""
        agent = (request.headers.get("User-Agent") or self.user_agent.encode()).decode("latin-1")
        delay = robotparser.crawl_delay(product_token(agent))
        if not delay or delay < 0:
            return
        assert self.crawler.engine
        downloader = self.crawler.engine.downloader
        name = host(request.url)
        floor = self.floors[name] = max(self.mindelay, min(delay, self.ceiling))
        # Scrapy forgets a host's slot after a minute of silence: set the start of the next one, too.
        downloader.per_slot_settings[name] = {"delay": floor, "concurrency": 1}
        if slot := downloader.slots.get(name):
            slot.delay, slot.concurrency = max(slot.delay, floor), 1

    def _adjust_delay(self, slot: Slot, latency: float, response: Response) -> None:
        super()._adjust_delay(slot, latency, response)
        slot.delay = max(slot.delay, self.floors.get(host(response.url), 0.0))
