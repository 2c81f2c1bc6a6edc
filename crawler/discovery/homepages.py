"""Read a homepage for what it says about its site: name, language, and links to feeds. Runs in worker processes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree, html

from crawler.readers.bodies import as_utf8
from foundation.errors import UnusableUrl
from foundation.urls import canonicalise, host, same_site

MAX_LINKS: Final = 30
MAX_TEXT: Final = 200
FEED_TYPES: Final = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml", "text/rss+xml"}
)
# Types that only sometimes are a feed's: then the address has to look like one, too.
MAYBE_TYPES: Final = frozenset({"application/xml", "text/xml", "application/json", "text/rss", ""})
FEED_PLACE: Final = re.compile(
    r"(?:^|[/_.-])(?:rss2?|feeds?|atom|rdf)(?:[/_.?-]|$)|\.(?:rss|atom|rdf)\b|[?&](?:feed|format|type|output)=(?:rss2?|atom|feed|xml)",
    re.IGNORECASE,
)
FEED_WORDS: Final = re.compile(
    r"^(?:(?:our |all )?(?:rss|atom|xml|json)?[- ]?feeds?|rss|atom|rss 2\.0)$", re.IGNORECASE
)
FEED_HOST: Final = re.compile(r"^(?:feeds?|rss)\d*\.")


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A link that may lead to a feed. ``is_declared``: the page says so by ``<link rel="alternate">``."""

    url: str
    title: str | None
    is_declared: bool


@dataclass(frozen=True, slots=True)
class HomePage:
    """What a page says about its site."""

    name: str | None = None
    language: str | None = None
    feeds: tuple[FeedLink, ...] = ()


def read_homepage(body: bytes, content_type: str | None, url: str) -> HomePage:
    """Return what the page at ``url`` says; nothing of bytes that are no web page. Never raises."""
    try:
        tree = html.document_fromstring(as_utf8(body, content_type), parser=html.HTMLParser(encoding="utf-8"))
    except (etree.LxmlError, ValueError):
        return HomePage()
    metas = {_word(meta, "property") or _word(meta, "name"): _text(meta.get("content")) for meta in tree.iter("meta")}
    language = tree.get("lang") or metas.get("og:locale")
    return HomePage(metas.get("og:site_name"), language, tuple(_links(tree, _base(tree, url))))


def looks_like_feed(url: str) -> bool:
    """Tell whether an address that nobody has asked yet reads like a feed's."""
    place = url.partition("://")[2].partition("/")[2]
    return FEED_PLACE.search("/" + place) is not None or FEED_HOST.search(_host(url)) is not None


def looks_like_sitemap(url: str) -> bool:
    """Tell whether an address that nobody has asked yet reads like a sitemap's."""
    return "sitemap" in url.rpartition("://")[2].partition("/")[2].lower()


def _links(tree: html.HtmlElement, base: str) -> Iterator[FeedLink]:
    """Yield each link once, declared ones first, at most MAX_LINKS."""
    seen: set[str] = set()
    for link in (*_declared(tree, base), *_anchors(tree, base)):
        if link.url not in seen and len(seen) < MAX_LINKS:
            seen.add(link.url)
            yield link


def _declared(tree: html.HtmlElement, base: str) -> Iterator[FeedLink]:
    for link in tree.iter("link"):
        relations = (link.get("rel") or "").lower().split()
        kind = (link.get("type") or "").split(";")[0].strip().lower()
        url = _resolved(link.get("href"), base)
        if url is None or not {"alternate", "feed"} & set(relations) or "stylesheet" in relations:
            continue
        if kind in FEED_TYPES or "feed" in relations or (kind in MAYBE_TYPES and looks_like_feed(url)):
            yield FeedLink(url, _text(link.get("title")), is_declared=True)


def _anchors(tree: html.HtmlElement, base: str) -> Iterator[FeedLink]:
    for anchor in tree.iter("a"):
        url = _resolved(anchor.get("href"), base)
        if url is None or not (same_site(url, base) or FEED_HOST.search(_host(url))):
            continue
        text = _text(anchor.get("title")) or _text(anchor.text_content())
        if looks_like_feed(url) or (text and FEED_WORDS.match(text)):
            yield FeedLink(url, text, is_declared=False)


def _base(tree: html.HtmlElement, url: str) -> str:
    base = next(tree.iter("base"), None)
    return (_resolved(base.get("href"), url) if base is not None else None) or url


def _resolved(href: str | None, base: str) -> str | None:
    try:
        return canonicalise(href, base) if href and href.strip() else None
    except UnusableUrl:
        return None


def _word(element: html.HtmlElement, name: str) -> str:
    return (element.get(name) or "").strip().lower()


def _text(text: str | None) -> str | None:
    return " ".join((text or "").split())[:MAX_TEXT] or None


def _host(url: str) -> str:
    try:
        return host(url)
    except UnusableUrl:
        return ""
