"""Tell what an address answered with: a feed, a sitemap of some kind, or a web page; runs in worker processes."""

from __future__ import annotations

import re
import zlib
from typing import Final, Literal, TypeAlias

from crawler.readers.bodies import as_utf8, first_element, local_name, start_of

Kind: TypeAlias = Literal["rss", "sitemap", "news_sitemap", "sitemap_index", "page"]

KINDS: Final[dict[str, Kind]] = {
    "rss": "rss", "feed": "rss", "RDF": "rss", "channel": "rss",
    "urlset": "sitemap", "sitemapindex": "sitemap_index", "html": "page",
}  # fmt: skip
HTML_TYPES: Final = ("text/html", "application/xhtml+xml")
_NEWS: Final = re.compile(rb"<(?:[\w.-]{1,30}:)?news[\s>]")
_ADDRESS: Final = re.compile(rb"\s*https?://[^\s<>]+\s", re.IGNORECASE)


def kind_of(body: bytes, content_type: str | None, url: str) -> Kind | None:
    """Return what reads this, or None where nothing does; looks at the first 64 kB, packed or not. Never raises.

    ``rss`` is any feed: RSS, Atom, JSON Feed. A sitemap is for news if one of its first entries is marked as news.
    """
    del url  # what it is called does not say what it is; the readers' signature, less the limit
    try:
        start = as_utf8(start_of(body), content_type).lstrip()
    except zlib.error:
        return None
    if start.startswith(b"{"):
        return "rss" if b"jsonfeed.org/version" in start else None
    name = first_element(start)
    kind = KINDS.get(local_name(name)) or KINDS.get(local_name(name).lower()) if name else None
    if kind == "sitemap" and _NEWS.search(start):
        return "news_sitemap"
    if kind is None and (content_type or "").lower().startswith(HTML_TYPES) and b"<" in start:
        return "page"
    return "sitemap" if name is None and _ADDRESS.match(start + b"\n") else kind
