"""Carry `storyfold.toml` into Scrapy's settings: the file is the one place where an operator changes a crawl."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from crawler.store import Store
from crawler.turns import CROWD

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

    from foundation.config import CrawlSettings


class Configure:
    """A Scrapy add-on. What a spider or ``-s NAME=VALUE`` says still wins."""

    def __init__(self, crawl: CrawlSettings) -> None:
        self.crawl = crawl

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the configuration. Raises ConfigurationError."""
        return cls(Store.of(crawler).settings.crawl)

    def update_settings(self, settings: BaseSettings) -> None:
        """Set what the file decides."""
        crawl = self.crawl
        for name, value in {
            "USER_AGENT": crawl.user_agent,
            "DOWNLOAD_DELAY": crawl.delay,
            "AUTOTHROTTLE_START_DELAY": crawl.delay,
            "CRAWL_DELAY_CEILING": crawl.crawl_delay_ceiling,
            "CONCURRENT_REQUESTS": CROWD * crawl.concurrency,
            "DOWNLOAD_TIMEOUT": crawl.timeout,
            "DOWNLOAD_MAXSIZE": int(crawl.max_body_mb * 1024 * 1024),
            "REDIRECT_MAX_TIMES": crawl.max_redirects,
        }.items():
            settings.set(name, value, priority="project")
