"""What an address answered with, as far as a search for feeds wants to know. Runs in worker processes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crawler.discovery.findings import Kind
from crawler.discovery.homepages import HomePage, read_homepage
from crawler.polling.meaning import links
from crawler.readers.feeds import SitemapIndex, UnreadableFeed, read_feed
from crawler.readers.sitemaps import read_sitemap
from crawler.readers.sniff import kind_of
from foundation.errors import UnusableUrl
from foundation.urls import canonicalise

MAX_KEYS: Final = 2_000
KEY_BYTES: Final = 8  # of a sha256: enough to tell a few thousand entries apart


@dataclass(frozen=True, slots=True)
class Listing:
    """What a feed or sitemap was found to hold. ``keys`` tell its entries from another's."""

    url: str
    kind: Kind
    entries: int
    newest: datetime | None = None
    title: str | None = None
    home: str | None = None
    language: str | None = None
    keys: frozenset[bytes] = frozenset()
    children: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Useless:
    """What was answered lists nothing, or nothing was. ``is_unreachable``: nothing of the site will be."""

    reason: str
    is_unreachable: bool = False


Examined = Listing | HomePage | Useless


def examine(body: bytes, content_type: str | None, url: str, now: datetime) -> Examined:
    """Say what an answer holds, by its content alone. Runs in a worker process."""
    kind = kind_of(body, content_type, url)
    if kind is None:
        return Useless("neither feed nor sitemap nor web page")
    if kind == "page":
        return read_homepage(body, content_type, url)
    read = (read_feed if kind == "rss" else read_sitemap)(body, content_type, url)
    if isinstance(read, SitemapIndex):
        children = tuple(_usable((child.url for child in read.children), url))
        return Listing(url, "sitemap", len(children), children=children)
    if isinstance(read, UnreadableFeed):
        return Useless(read.reason)
    found, _ = links(read, url, now=now)
    return Listing(
        url=url,
        kind="news_sitemap" if read.is_news else "rss" if kind == "rss" else "sitemap",
        entries=len(found) + read.cut,
        newest=max((link.time for link in found if link.time), default=None),
        title=read.title,
        home=next(_usable([read.home], url), None) if read.home else None,
        language=read.language,
        keys=frozenset(link.key[:KEY_BYTES] for link in found[:MAX_KEYS]),
    )


def _usable(urls: Iterable[str], base: str) -> Iterator[str]:
    for url in urls:
        try:
            yield canonicalise(url, base)
        except UnusableUrl:
            continue
