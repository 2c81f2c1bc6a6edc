"""How fast one host is asked: AutoThrottle that does not forget, and never faster than robots.txt wants."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Self

from scrapy import signals
from scrapy.extensions.throttle import AutoThrottle

from crawler.middlewares.robots import CRAWL_DELAY

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response

SLOW_HOSTS: Final = 10_000  # whose learnt delays are kept; about a megabyte


class Politeness(AutoThrottle):
    """Scrapy's AutoThrottle with a memory, and with a floor: the ``Crawl-delay`` that Scrapy parses and leaves to us.

    Scrapy drops a host's slot after a minute of silence, and with it what was learnt: a slow host would be asked at
    full speed again. The floor comes with each request (``meta["crawl_delay"]``), so there is nothing to forget. Of
    4,231 real robots.txt, 10 ask for more than a minute: ``CRAWL_DELAY_CEILING`` bounds what one file can do.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.ceiling = crawler.settings.getfloat("CRAWL_DELAY_CEILING")
        self.learnt: OrderedDict[str, float] = OrderedDict()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Look at every request before its slot lets it go."""
        extension = cls(crawler)
        crawler.signals.connect(extension.slow_down, signal=signals.request_reached_downloader)
        return extension

    def slow_down(self, request: Request) -> None:
        """Give the host's slot the delay that the host has taught us or asks for."""
        assert self.crawler.spider
        name, slot = self._get_slot(request, self.crawler.spider)
        if name is None or slot is None:
            return
        if not slot.lastseen:
            slot.delay = max(slot.delay, self.learnt.get(name, 0.0))
        if floor := self._floor(request):
            # Scrapy varies delays by half: a host that names a number of seconds is never asked sooner.
            slot.delay, slot.concurrency, slot.jitter = max(slot.delay, floor), 1, 0.0

    def _floor(self, request: Request) -> float:
        return min(request.meta.get(CRAWL_DELAY) or 0.0, self.ceiling)

    def _response_downloaded(self, response: Response, request: Request, spider: Spider) -> None:
        super()._response_downloaded(response, request, spider)
        name, slot = self._get_slot(request, spider)
        if name is not None and slot is not None:
            slot.delay = max(slot.delay, self._floor(request))
            self._learn(name, slot.delay)

    def _learn(self, host: str, delay: float) -> None:
        self.learnt.pop(host, None)
        if delay > self._start_delay():
            self.learnt[host] = delay
        if len(self.learnt) > SLOW_HOSTS:
            self.learnt.popitem(last=False)
