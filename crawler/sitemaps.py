"""Read sitemaps and news sitemaps (sitemaps.org 0.9, Google's news extension); runs in worker processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lxml import etree

from crawler.feeds import MAX_ENTRIES, MAX_TITLE, Entry, ReadFeed, UnreadableFeed, moment, newest
from crawler.unpack import NotPacked, TooLarge, Truncated, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator

GZIP_MAGIC: Final = b"\x1f\x8b"
UNPACKED_LIMIT: Final = 50 * 1024 * 1024  # the protocol's own limit for one sitemap


def read_sitemap(body: bytes, content_type: str | None, url: str, limit: int = MAX_ENTRIES) -> ReadFeed:
    """Read one sitemap, packed or not. Never raises. A sitemap index is unreadable here: it lists no pages."""
    del content_type, url  # a sitemap says all of it itself; the readers share one signature
    try:
        if body.startswith(GZIP_MAGIC):
            body = unpack(body, ["gzip"], UNPACKED_LIMIT)
        root = etree.fromstring(body, _parser())
    except (TooLarge, Truncated, NotPacked, etree.XMLSyntaxError, ValueError) as error:
        return UnreadableFeed(f"not a sitemap: {type(error).__name__}: {error}"[:500])
    if root is None or etree.QName(root).localname != "urlset":
        return UnreadableFeed(f"not a sitemap: {'empty' if root is None else etree.QName(root).localname}")
    return newest(_entries(root), limit)


def _parser() -> etree.XMLParser:
    # No entities, no network, no DTD: a sitemap needs none of them, and each has read files for somebody.
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False)


def _entries(root: etree._Element) -> Iterator[Entry]:
    for page in root.iterchildren("{*}url"):
        link = (page.findtext("{*}loc") or "").strip()
        if link:
            title = (page.findtext("{*}news/{*}title") or "").strip()
            yield Entry(
                url=link,
                title=title[:MAX_TITLE] or None,
                published=moment(page.findtext("{*}news/{*}publication_date")),
                updated=moment(page.findtext("{*}lastmod")),
            )
