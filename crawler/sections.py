"""Read section pages: the links of a front page that look like articles; runs in worker processes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lxml import etree, html

from crawler.feeds import MAX_TITLE, Entry, FeedEntries, ReadFeed, UnreadableFeed
from foundation.errors import UnusableUrl
from foundation.urls import canonicalise, same_site

if TYPE_CHECKING:
    from collections.abc import Iterator

# A front page shows some dozens; a link farm or a calendar shows thousands. What is beyond is recorded as cut.
MAX_LINKS: Final = 200
HEADLINE_WORDS: Final = 4  # navigation says "World" or "Sign in"; a headline has more to say
# A slug of four words or more, a date, or a number of five digits or more in the path.
ARTICLE_PATH: Final = re.compile(r"/[^/]*[^/-]+(?:-[^/-]+){3,}[^/]*/?$|/(?:19|20)\d\d[/-]?\d\d|\d{5,}")


def read_section(body: bytes, content_type: str | None, url: str, limit: int = MAX_LINKS) -> ReadFeed:
    """Return same-site links that look like articles, in the page's order, each once. Never raises."""
    del content_type
    try:
        tree = html.document_fromstring(body, parser=html.HTMLParser(huge_tree=False))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        return UnreadableFeed(f"not a web page: {error}"[:500])
    links = list(dict.fromkeys(_links(tree, url)))
    kept = links[: min(limit, MAX_LINKS)]
    return FeedEntries(tuple(Entry(url=link, title=title) for link, title in kept), len(links) - len(kept))


def _links(tree: html.HtmlElement, base: str) -> Iterator[tuple[str, str | None]]:
    seen = set()
    for anchor in tree.iter("a"):
        text = " ".join(anchor.text_content().split())
        try:
            link = canonicalise(anchor.get("href") or "", base)
        except UnusableUrl:
            continue
        path = link.split("?")[0].partition("://")[2].partition("/")[2]
        looks = ARTICLE_PATH.search("/" + path) is not None and len(text.split()) >= HEADLINE_WORDS
        if looks and link not in seen and same_site(link, base):
            seen.add(link)
            yield link, text[:MAX_TITLE] or None
