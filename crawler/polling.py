"""What a feed's answer means: turned into links to insert and validators to keep. Decides, and does nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from crawler.feeds import FeedEntries, ReadFeed, read_feed
from crawler.sections import read_section
from crawler.sitemaps import read_sitemap
from foundation.errors import UnusableUrl
from foundation.urls import canonicalise, url_key
from storage.pages import Found
from storage.raw import storable

if TYPE_CHECKING:
    from crawler.feeds import Entry

Reader: TypeAlias = Callable[[bytes, str | None, str, int], ReadFeed]

# Feeds carry dates of any year; one far ahead would look newer than every correction to come.
EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD: Final = timedelta(days=1)
SAMPLES: Final = 3  # refused links that a poll's record quotes

READERS: Final[dict[str, Reader]] = {
    "rss": read_feed,
    "sitemap": read_sitemap,
    "news_sitemap": read_sitemap,
    "section": read_section,
}


def digest(body: bytes) -> bytes:
    """Return what tells one body of a feed from another."""
    return hashlib.sha256(body).digest()


def links(entries: FeedEntries, url: str, *, now: datetime) -> tuple[tuple[Found, ...], list[str]]:
    """Return the links of a feed at ``url`` that can name a page, each once, and those that cannot, with the reason."""
    found: dict[bytes, Found] = {}
    refused = []
    for entry in entries.entries:
        try:
            link = _found(entry, url, now)
        except UnusableUrl as error:
            refused.append(f"{error.reason}: {storable(entry.url[:200])}")
            continue
        known = found.get(link.key)
        if known is None or (link.time is not None and (known.time is None or link.time > known.time)):
            found[link.key] = link
    return tuple(found.values()), refused


def described(refused: list[str]) -> str | None:
    """Return a few of the refused links for the poll's record."""
    return "; ".join(refused[:SAMPLES]) or None


def _found(entry: Entry, base: str, now: datetime) -> Found:
    url = canonicalise(entry.url, base)
    time = entry.time
    if time is not None and not EARLIEST <= time <= now + AHEAD:
        time = None
    return Found(url, url_key(url), storable(entry.title) if entry.title else None, time)
