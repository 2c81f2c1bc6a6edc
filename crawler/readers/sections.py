"""Read section pages: the links of a front page that look like articles; runs in worker processes."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from lxml import etree, html

from crawler.readers.bodies import as_utf8, unpacked
from crawler.readers.feeds import (
    MAX_REASON,
    MAX_TITLE,
    UNPACKING_ERRORS,
    Entry,
    FeedEntries,
    ReadFeed,
    UnreadableFeed,
    language,
)
from crawler.readers.plain import plain
from foundation.errors import UnusableUrl
from foundation.urls import canonicalise, same_site

if TYPE_CHECKING:
    from collections.abc import Iterator

# A front page shows some dozens; a link farm or a calendar shows thousands. What is beyond is recorded as cut.
MAX_LINKS: Final = 200
MAX_ANCHORS: Final = 20_000  # looked at: ten times what the fullest front page has
HEADLINE_WORDS: Final = 4  # navigation says "World" or "Sign in"; a headline has more to say
SLUG_WORDS: Final = 4
DATE: Final = re.compile(r"/(?:19|20)\d\d[/-]?\d\d")
NUMBER: Final = re.compile(r"\d{5,}")  # an article's id; a year and a page number have fewer digits


def read_section(body: bytes, content_type: str | None, url: str, limit: int = MAX_LINKS) -> ReadFeed:
    """Return same-site links that look like articles, in the page's order, each once. Never raises."""
    try:
        tree = html.document_fromstring(
            as_utf8(unpacked(body), content_type), parser=html.HTMLParser(encoding="utf-8", huge_tree=False)
        )
    except (*UNPACKING_ERRORS, etree.LxmlError, ValueError, AssertionError) as error:
        return UnreadableFeed(f"not a web page: {error}"[:MAX_REASON])
    links = dict.fromkeys(_links(tree, url))
    kept = tuple(Entry(url=link, title=title) for link, title in islice(links, min(limit, MAX_LINKS)))
    title = plain(tree.findtext(".//title"), MAX_TITLE)
    return FeedEntries(kept, len(links) - len(kept), title=title, language=language(tree.get("lang")))


def looks_like_article(link: str) -> bool:
    """Tell whether the path has what articles' have: a slug of four words, a date, or a number of five digits."""
    path = "/" + link.partition("?")[0].partition("://")[2].partition("/")[2]
    words = [word for word in path.rstrip("/").rpartition("/")[2].split("-") if word]
    return len(words) >= SLUG_WORDS or DATE.search(path) is not None or NUMBER.search(path) is not None


def _links(tree: html.HtmlElement, url: str) -> Iterator[tuple[str, str]]:
    """Yield each article's address with the first words that link to it and are a headline."""
    base = _base(tree, url)
    seen = set()
    for anchor in islice(tree.iter("a"), MAX_ANCHORS):
        try:
            link = canonicalise(anchor.get("href") or "", base)
        except UnusableUrl:
            continue
        if link in seen or not looks_like_article(link) or not same_site(link, url):
            continue
        text = next((text for text in _texts(anchor) if len(text.split()) >= HEADLINE_WORDS), None)
        if text:
            seen.add(link)
            yield link, text


def _texts(anchor: html.HtmlElement) -> Iterator[str]:
    """Yield what may be the headline: the words of the link, then what it says of itself to who cannot see them."""
    for text in ("".join(anchor.itertext()), anchor.get("title"), anchor.get("aria-label")):
        if words := plain(text, MAX_TITLE):
            yield words


def _base(tree: html.HtmlElement, url: str) -> str:
    """Return what relative links are relative to: the page's first ``<base href>``, or its own address."""
    for base in tree.iter("base"):
        if href := base.get("href"):
            try:
                return canonicalise(href, url)
            except UnusableUrl:
                break
    return url
