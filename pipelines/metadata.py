"""What a page says about itself: JSON-LD before OpenGraph before other meta elements, each claim cleaned."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING

from pipelines import json_ld
from pipelines.markup import clean
from pipelines.segments import text_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

PUBLISHED = (
    "article:published_time",
    "og:article:published_time",
    "og:published_time",
    "datepublished",
    "parsely-pub-date",
    "sailthru.date",
    "pubdate",
    "publishdate",
    "publish-date",
    "publish_date",
    "date.published",
    "dcterms.created",
    "dcterms.issued",
    "dcterms.date",
    "dc.date.issued",
    "dc.date",
    "dc.date.created",
    "cxenseparse:recs:publishtime",
    "cxenseparse:publishtime",
    "iso-8601-publish-date",
    "article.published",
    "article:published",
    "published_time",
    "pub_date",
    "published",
    "date",
)
MODIFIED = (
    "article:modified_time",
    "og:updated_time",
    "datemodified",
    "last-modified",
    "dcterms.modified",
    "dc.date.modified",
)
AUTHORS = (
    "author",
    "article:author",
    "parsely-author",
    "sailthru.author",
    "dc.creator",
    "dcterms.creator",
    "byl",
    "cxenseparse:author",
)
SECTIONS = ("article:section", "og:article:section", "parsely-section", "section", "cxenseparse:category", "category")
DESCRIPTIONS = ("og:description", "description", "twitter:description", "dc.description")

_PUBLISHED = re.compile(r"publi|pubdate", re.IGNORECASE)
_PAYWALLED = {"false", "no", "0"}


@dataclass(slots=True)
class Meta:
    """The page's own claims, raw but cleaned; ``json`` is the JSON-LD object of the article, if there is one."""

    json: json_ld.Node | None
    nodes: list[json_ld.Node]
    named: dict[str, list[str]] = field(default_factory=dict)
    head_title: str | None = None
    headings: tuple[str, ...] = ()
    canonicals: tuple[str, ...] = ()
    html_language: str | None = None
    addresses: frozenset[str] = frozenset()  # its own, as `json_ld.address` writes them
    titles: frozenset[str] = frozenset()  # the keys of its own

    def names_page(self, node: json_ld.Node) -> bool | None:
        """Tell whether an object in the JSON-LD is about this page; None where it names none."""
        return json_ld.names(node, self.addresses, self.titles)

    def first(self, *names: str) -> str | None:
        """Return the first meta value under the first of these names that has one."""
        return next((value for name in names for value in self.named.get(name, ()) if value), None)

    def claim(self, *keys: str) -> str | None:
        """Return the first of these properties in the article's JSON-LD, as text."""
        return next((value for key in keys if self.json and (value := json_ld.text(self.json.get(key)))), None)


def read(tree: HtmlElement, url: str = "") -> Meta:
    """Collect what the page at ``url`` claims."""
    meta = Meta(None, json_ld.nodes(tree))
    for element in tree.iter("meta"):
        name = (element.get("property") or element.get("name") or element.get("itemprop") or "").strip().lower()
        if name and (value := clean(unescape(element.get("content") or ""))):
            meta.named.setdefault(name, []).append(value)
    meta.canonicals = _canonicals(tree)
    title = tree.find(".//title")
    meta.head_title = (clean(title.text_content()) or None) if title is not None else None
    meta.headings = tuple(text for heading in tree.iter("h1") if (text := clean(heading.text_content())))
    meta.html_language = (
        tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    ).strip() or None
    addresses = (url, url.partition("?")[0], *meta.canonicals, *meta.named.get("og:url", ()))
    meta.addresses = frozenset(filter(None, map(json_ld.address, addresses)))
    titles = (meta.head_title, *meta.headings, *meta.named.get("og:title", ()))
    meta.titles = frozenset(text_key(title) for title in titles if title and text_key(title))
    meta.json = json_ld.article(meta.nodes, meta.names_page)
    return meta


def _canonicals(tree: HtmlElement) -> tuple[str, ...]:
    """Return what the links in the head call canonical; those in the body only where the head has none.

    Measured: 9 of 507 pages have it in the body only, because something in their head ends it; all of them are right.
    """
    links = [link for link in tree.iter("link") if "canonical" in (link.get("rel") or "").lower().split()]
    in_head = [link for link in links if next(link.iterancestors("head"), None) is not None]
    hrefs = ((link.get("href") or "").strip() for link in in_head or links)
    return tuple(href for href in hrefs if href)


def description(meta: Meta) -> str | None:
    """Return the page's summary of itself."""
    return meta.first(*DESCRIPTIONS[:1]) or meta.claim("description") or meta.first(*DESCRIPTIONS[1:])


def article_body(meta: Meta) -> str | None:
    """Return the text that the article's JSON-LD holds, line breaks, markup and all."""
    body = meta.json.get("articleBody") if meta.json is not None else None
    return body if isinstance(body, str) else None


def site_name(meta: Meta) -> str | None:
    """Return the outlet's name as the page gives it."""
    if name := meta.first("og:site_name", "application-name"):
        return name
    return meta.claim("publisher") or next(
        (json_ld.text(node.get("name")) for node in meta.nodes if "WebSite" in json_ld.types(node)), None
    )


def section(meta: Meta) -> str | None:
    """Return the section the page was filed under."""
    return next(iter(sections(meta)), None)


def sections(meta: Meta) -> tuple[str, ...]:
    """Return all the names of its sections that the page gives, in order of trust."""
    claims = map(json_ld.text, json_ld.many(meta.json.get("articleSection") if meta.json else None))
    return tuple(name for name in (*claims, *(value for key in SECTIONS for value in meta.named.get(key, ()))) if name)


def is_free(meta: Meta) -> bool | None:
    """Tell whether the page says that all of it can be read for free; None where it says nothing."""
    if (free := _free(meta.json)) is not None:
        return free
    if False in map(_free, json_ld.many(meta.json.get("hasPart") if meta.json else None)):
        return False  # as search engines are told which part is behind the wall
    if tier := meta.first("article:content_tier"):
        return tier.lower() == "free"
    return None


def _free(node: json_ld.Json) -> bool | None:
    claim = node.get("isAccessibleForFree") if isinstance(node, Mapping) else None
    return None if claim is None else str(claim).strip().lower().rpartition("/")[2] not in _PAYWALLED


def creators(meta: Meta) -> tuple[str, ...]:
    """Return the names in the page's author fields as they stand there, organisations and all."""
    claims = [json_ld.text(value) for value in json_ld.many(meta.json.get("author") if meta.json else None)]
    return tuple(name for name in (*claims, *(value for key in AUTHORS for value in meta.named.get(key, ()))) if name)


def published(meta: Meta) -> Iterator[tuple[str, str]]:
    """Yield (where from, raw date) in order of trust."""
    if raw := meta.claim("datePublished", "dateCreated", "uploadDate"):
        yield "json_ld", raw
    for name in PUBLISHED:
        for raw in meta.named.get(name, ()):
            yield "meta", raw


def modified(meta: Meta) -> Iterator[tuple[str, str]]:
    """Yield (where from, raw date) of the last change in order of trust."""
    if raw := meta.claim("dateModified"):
        yield "json_ld", raw
    for name in MODIFIED:
        for raw in meta.named.get(name, ()):
            yield "meta", raw


def marked(tree: HtmlElement) -> Iterator[tuple[str, str, bool]]:
    """Yield (where from, raw date, whether it says to be when the page was published) of the ``time`` elements."""
    for element in tree.iter("time"):
        if value := clean(element.get("datetime") or ""):
            yield "html", value, _says_published(element)


def _says_published(time: HtmlElement) -> bool:
    named = f"{time.get('class') or ''} {time.get('itemprop') or ''}"
    return "pubdate" in time.attrib or _PUBLISHED.search(named) is not None
