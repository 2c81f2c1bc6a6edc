"""``scrapy crawl`` with an exit code that can be believed: Scrapy's own is 0 for a spider whose start failed."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.exceptions import UsageError as ScrapyUsageError

from foundation.config import load_settings
from foundation.errors import AlreadyRunning, ConfigurationError, NewsError, UsageError

if TYPE_CHECKING:
    import argparse

EXIT_CODES: Final = ((AlreadyRunning, 75), (ConfigurationError, 2), (UsageError, 2))
CAME_TO_ITS_END: Final = ("finished", "shutdown")


class Command(ScrapyCrawl):
    """Exit codes: 0 came to its end (what failed is in the database), 1 broke down, 2 unusable, 75 already running.

    Where nothing could start, one line says why.
    """

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run one spider."""
        if len(args) != 1:
            raise ScrapyUsageError("name one spider, such as: scrapy crawl news")
        try:
            load_settings()
            self.exitcode = self._crawl(args[0], opts)
        except NewsError as error:
            print(error, file=sys.stderr)
            self.exitcode = next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)

    def _crawl(self, spider: str, opts: argparse.Namespace) -> int:
        """Return 0 or 1; raises the NewsError that kept the spider from starting."""
        assert self.crawler_process
        crawler = self._create_crawler(spider)
        crawling = self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        if isinstance(crawling, asyncio.Task) and crawling.done() and not crawling.cancelled():
            error = crawling.exception()
            if isinstance(error, NewsError):
                raise error
        if self.crawler_process.bootstrap_failed or not crawler.stats:
            return 1
        return 0 if crawler.stats.get_value("finish_reason") in CAME_TO_ITS_END else 1
