"""Read sitemaps, news sitemaps and sitemap indexes (sitemaps.org 0.9, Google's news extension), whoever wrote them.

Runs in worker processes. The XML is streamed: a tree of 19 MB takes over 110 MB. Addresses in sitemaps are full of bare
``&``, at which a parser that recovers drops a part of the address without a word.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Final

from lxml import etree

from crawler.readers.bodies import as_utf8, first_element, local_name, unpacked
from crawler.readers.feeds import (
    MAX_ENTRIES,
    MAX_REASON,
    MAX_TITLE,
    MAX_URL,
    UNPACKING_ERRORS,
    Entry,
    FeedEntries,
    ReadFeed,
    SitemapChild,
    SitemapIndex,
    UnreadableFeed,
    language,
    moment,
    newest,
    read_feed,
)
from crawler.readers.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LISTED: Final = 100_000  # parts read of one sitemap: twice what the protocol allows; under two CPU seconds
MAX_CHILDREN: Final = 1_000  # sitemaps taken from one index: the newest; the largest news sites name some hundreds
MAX_PARTS: Final = 2_000  # elements inside one page's entry; the protocol's richest (images) has 1,000 images
CHUNK: Final = 64 * 1024
FEEDS: Final = frozenset({"rss", "feed", "RDF"})  # sitemaps.org allows them in place of a sitemap
SITEMAPS: Final = frozenset({"urlset", "sitemapindex"})

# A bare & is escaped; entities stay, and so does what is inside CDATA, where & stands for itself.
_AMPERSAND: Final = re.compile(rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?!#?\w{1,32};)", re.DOTALL)
_ADDRESS: Final = re.compile(rb"\s*https?://\S+", re.IGNORECASE)


def read_sitemap(body: bytes, content_type: str | None, url: str, limit: int = MAX_ENTRIES) -> ReadFeed:
    """Read a sitemap of any kind, packed or not: pages, or of an index the sitemaps it names. Never raises."""
    try:
        text = as_utf8(unpacked(body), content_type).strip(b" \t\r\n\x00")
    except UNPACKING_ERRORS as error:
        return UnreadableFeed(f"not a sitemap: {type(error).__name__}: {error}"[:MAX_REASON])
    first = first_element(text)
    kind = local_name(first) if first else None
    if kind in FEEDS:
        return read_feed(text, "application/xml; charset=utf-8", url, limit)
    if first is None and _ADDRESS.match(text):
        return newest(_lines(text), limit)
    if first is None or kind not in SITEMAPS:
        return UnreadableFeed(f"not a sitemap: {'a web page' if kind == 'html' else kind or 'no XML'}")
    try:
        return _index(text, first) if kind == "sitemapindex" else _pages(text, first, limit)
    except (etree.LxmlError, ValueError) as error:
        return UnreadableFeed(f"not a sitemap: {type(error).__name__}: {error}"[:MAX_REASON])


def _pages(text: bytes, first: str, limit: int) -> FeedEntries | UnreadableFeed:
    parts = _Parts(text, "url", first)
    pages = [page for part in islice(parts, MAX_LISTED) if (page := _page(part)) is not None]
    if not pages and parts.problem:
        return UnreadableFeed(f"not a sitemap: {parts.problem}"[:MAX_REASON])
    is_news = any(is_news for _, is_news in pages)
    return newest(FeedEntries(tuple(entry for entry, _ in pages), is_news=is_news), limit)


def _index(text: bytes, first: str) -> SitemapIndex | UnreadableFeed:
    parts = _Parts(text, "sitemap", first)
    named: dict[str, SitemapChild] = {}
    for part in islice(parts, MAX_LISTED):
        said = _said(part)
        if "loc" in said:
            named.setdefault(said["loc"], SitemapChild(said["loc"], moment(said.get("lastmod"))))
    if not named and parts.problem:
        return UnreadableFeed(f"not a sitemap index: {parts.problem}"[:MAX_REASON])
    children = list(named.values())
    if len(children) > MAX_CHILDREN:
        oldest = datetime.min.replace(tzinfo=UTC)
        children.sort(key=lambda child: child.modified or oldest, reverse=True)
    return SitemapIndex(tuple(children[:MAX_CHILDREN]), max(0, len(children) - MAX_CHILDREN))


def _lines(text: bytes) -> FeedEntries:
    """Read a sitemap of plain text: an address on each line."""
    lines = (line.strip() for line in text.splitlines())
    addresses = dict.fromkeys(line.decode("utf-8", "replace") for line in lines if _ADDRESS.fullmatch(line))
    return FeedEntries(tuple(Entry(address[:MAX_URL]) for address in islice(addresses, MAX_LISTED)))


def _page(part: etree._Element) -> tuple[Entry, bool] | None:
    """Return a page's entry, and whether it is marked as news; None for one without an address."""
    said = _said(part)
    if "loc" not in said:
        return None
    news = next((child for child in part if _name(child) == "news"), None)
    told = {} if news is None else _said(news) | _said(next((c for c in news if _name(c) == "publication"), news))
    entry = Entry(
        url=said["loc"],
        title=plain(told.get("title"), MAX_TITLE),
        published=moment(told.get("publication_date")),
        updated=moment(said.get("lastmod")),
        language=language(told.get("language")),
    )
    return entry, news is not None


def _said(part: etree._Element) -> dict[str, str]:
    """Return what the children say, each name's first; an image's address is not a child's, but a grandchild's."""
    said: dict[str, str] = {}
    for child in islice(part, MAX_PARTS):
        if child.text and (text := child.text.strip()):
            said.setdefault(_name(child), text[:MAX_URL])
    return said


def _name(element: etree._Element) -> str:
    return local_name(element.tag) if isinstance(element.tag, str) else ""


class _Parts:
    """Streams the parts of a sitemap: each ``url`` or ``sitemap``, dropped from memory when the next is asked for.

    ``problem`` is the last thing that was wrong with the XML, once all are read.
    """

    def __init__(self, text: bytes, name: str, first: str) -> None:
        prefix = first.rpartition(":")[0]
        self.text = _AMPERSAND.sub(_escaped, text)
        # A prefix that nobody declared stays in the parser's name of the element.
        tags = ["{*}" + name, *([f"{prefix}:{name}"] if prefix else [])]
        # No entities, no network, no DTD: a sitemap needs none of them, and each has read files for somebody.
        self.parser = etree.XMLPullParser(
            events=("end",), tag=tags, encoding="utf-8", recover=True, huge_tree=False,
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True,
        )  # fmt: skip
        self.problem: str | None = None

    def __iter__(self) -> Iterator[etree._Element]:
        for start in range(0, len(self.text), CHUNK):
            self.parser.feed(self.text[start : start + CHUNK])
            yield from self._ended()
        self.parser.close()
        yield from self._ended()
        errors = self.parser.feed_error_log
        self.problem = str(errors.last_error) if len(errors) else None

    def _ended(self) -> Iterator[etree._Element]:
        for _, part in self.parser.read_events():
            assert isinstance(part, etree._Element)
            yield part
            part.clear()
            parent = part.getparent()
            while parent is not None and part.getprevious() is not None:
                del parent[0]


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"&amp;" if found[0] == b"&" else found[0]
