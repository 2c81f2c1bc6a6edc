"""Resolve the news web's made-up host names, and nothing else, inside a Scrapy crawl.

Names under ``.test`` resolve nowhere, and names under ``.localhost`` not on every machine, so a web of several hosts on
one loopback address needs a resolver of its own. Set ``TWISTED_DNS_RESOLVER`` to this class.
"""

import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

from scrapy.resolver import CachingThreadedResolver
from twisted.internet import defer
from twisted.internet.error import DNSLookupError

from console.newsweb.hosts import VARIABLE, parse_hosts

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from twisted.internet.base import ReactorBase
    from twisted.internet.defer import Deferred

SETTING = "STATIC_HOSTS"

# Spellings of an address that the system turns into one without asking anybody: 127.1, 2130706433, 0x7f.1, localhost.
_NEEDS_NO_NETWORK = re.compile(r"localhost\.?|(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}", re.IGNORECASE)


class StaticHostsResolver(CachingThreadedResolver):
    """Answers the hosts it was given; with any given, every other name is unknown; with none, it is Scrapy's resolver.

    Odd spellings of an address still reach the system's resolver, so that an address guard meets what they mean.
    """

    def __init__(self, reactor: "ReactorBase", cache_size: int, timeout: float, hosts: Mapping[str, str]) -> None:
        super().__init__(reactor, cache_size, timeout)
        self.hosts = hosts

    @classmethod
    def from_crawler(cls, crawler: "Crawler", reactor: "ReactorBase") -> Self:
        """Read the hosts from the setting ``STATIC_HOSTS``, else from the environment's ``STORYFOLD_STATIC_HOSTS``."""
        settings = crawler.settings
        cache_size = settings.getint("DNSCACHE_SIZE") if settings.getbool("DNSCACHE_ENABLED") else 0
        hosts = parse_hosts(settings.get(SETTING) or os.environ.get(VARIABLE, ""))
        return cls(reactor, cache_size, settings.getfloat("DNS_TIMEOUT"), hosts)

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> "Deferred[str]":
        """Fire with the address, or fail with DNSLookupError."""
        if address := self.hosts.get(name.lower().rstrip(".")):
            return defer.succeed(address)
        if self.hosts and not _NEEDS_NO_NETWORK.fullmatch(name):
            return defer.fail(DNSLookupError(f"{name!r} is no host of the news web"))
        return super().getHostByName(name, timeout)
