"""``scrapy crawl`` with an exit code that can be believed: Scrapy's own is 0 for a spider whose start failed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.exceptions import UsageError

from foundation.config import load_settings
from foundation.errors import ConfigurationError

if TYPE_CHECKING:
    import argparse

CAME_TO_ITS_END: Final = ("finished", "shutdown")


class Command(ScrapyCrawl):
    """Exit codes: 0 came to its end (what failed is in the database), 1 broke down, 2 the configuration is wrong."""

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run one spider."""
        if len(args) != 1:
            raise UsageError("name one spider, such as: scrapy crawl news")
        try:
            load_settings()
        except ConfigurationError as error:
            print(error, file=sys.stderr)
            self.exitcode = 2
            return
        assert self.crawler_process
        crawler = self._create_crawler(args[0])
        self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        reason = crawler.stats.get_value("finish_reason") if crawler.stats else None
        if self.crawler_process.bootstrap_failed or reason not in CAME_TO_ITS_END:
            self.exitcode = 1
