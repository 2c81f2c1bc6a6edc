"""Read one page: bytes in, an article of labelled blocks out, or the reason why there is none.

Pure: no network, no files, no clock. Runs in worker processes only: trafilatura and lxml corrupt memory in threads.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from foundation.errors import UnusableUrl
from foundation.urls import host
from pipelines import dates, kinds, metadata
from pipelines.agencies import agency_of, credited
from pipelines.authors import authors as authors_of
from pipelines.authors import from_bylines, is_person
from pipelines.canonical import canonical_url
from pipelines.decoding import decode, repaired
from pipelines.labels import label
from pipelines.language import language
from pipelines.main_text import main_text
from pipelines.markup import parse
from pipelines.reading import TEXT, Article, NoArticle
from pipelines.recovery import recover
from pipelines.segments import Lines
from pipelines.standing import Page
from pipelines.titles import LONGEST, headline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from lxml.html import HtmlElement

    from pipelines.metadata import Meta
    from pipelines.reading import Block, Reading

TOP_BLOCKS = 12  # a page that dates itself in words does so above its text
PRELOAD = ("pipelines.extract",)  # for the fork server of a WorkerPool

_NOT_HTML = re.compile(
    r"^\s*(?:image|audio|video|font)/|^\s*application/(?:pdf|json|zip|octet-stream|rss\+xml|atom\+xml)", re.IGNORECASE
)
_MAGIC = (b"%PDF-", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x1f\x8b", b"RIFF", b"\x00\x00\x00\x1cftyp")
_FEED = re.compile(rb"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?<(?:rss|feed|rdf:RDF|urlset|sitemapindex)\b", re.DOTALL)
_HEAD = 1024  # bytes in which a file gives away what it is


def read_page(html: bytes, url: str, content_type: str | None = None, *, now: datetime | None = None) -> Reading:
    """Read a page. ``content_type`` is the HTTP header; ``now`` is when it was fetched and bounds its dates.

    Never raises but MemoryError, which is a limit of the worker and its pool's to tell; the same arguments always give
    the same reading.
    """
    try:
        return _not_html(html, content_type) or _read(html, url, content_type, now)
    except MemoryError:
        raise
    except Exception as error:  # a page must never stop a crawl: the fault is told, and the raw page is kept
        return NoArticle("failed", f"{type(error).__name__}: {error}"[:300])


def _not_html(html: bytes, content_type: str | None) -> NoArticle | None:
    head = html[:_HEAD]
    if not head.strip():
        return NoArticle("empty", f"{len(html)} bytes")
    if head.startswith(_MAGIC) or _FEED.match(head) or (content_type and _NOT_HTML.match(content_type)):
        return NoArticle("not_html", content_type or repr(head[:16]))
    return None


def _read(html: bytes, url: str, content_type: str | None, now: datetime | None) -> Reading:
    decoded = decode(html, content_type)
    page = decoded.text
    tree = parse(page)
    if tree is None:
        return NoArticle("unparsable", "the parser found no element")
    meta = metadata.read(tree)
    body = tree.find("body")
    lines = Lines(body if body is not None else tree)
    text = main_text(tree, page, metadata.article_body(meta))
    about = _about(meta, tree, url)
    said = label(recover(text.paragraphs, lines), lines, about), about
    blocks, about = _repaired(*said)
    if none := kinds.no_article(meta, url, about.title, blocks, lines):
        return none
    authors = about.authors
    if not any(is_person(name, about.site_name) for name in authors):
        authors = from_bylines((block.text for block in blocks if block.label == "byline"), about.site_name) or authors
    claims = list(metadata.published(meta))
    published = dates.best(claims, now)
    if published is None and not any(dates.parse(raw) for _, raw in claims):
        published = _searched(tree, url, blocks, now)  # a date that cannot be true is no reason to guess another
    modified = dates.best(metadata.modified(meta), now)
    is_free = metadata.is_free(meta)
    return Article(
        kind=kinds.kind(meta, blocks, is_free),
        title=about.title,
        blocks=blocks,
        description=about.description,
        authors=authors,
        published_at=published[0] if published else None,
        published_from=published[1] if published else None,
        published_raw=published[2] if published else next((raw for _, raw in claims), None),
        modified_at=modified[0] if modified else None,
        language=language(" ".join(_told(blocks)) or about.title or "", meta.html_language),
        canonical_url=canonical_url(meta, url),
        site_name=about.site_name,
        section=metadata.section(meta),
        agency=_agency(meta, authors, blocks),
        is_free=is_free,
        reader=text.reader,
        charset=decoded.charset,
        is_repaired=(blocks, about) != said,
    )


def _repaired(blocks: tuple[Block, ...], about: Page) -> tuple[tuple[Block, ...], Page]:
    """Undo mojibake in what will be shown; labels were given by comparing the page with itself, and stay."""
    shown = tuple(
        replace(block, text=fixed) if (fixed := repaired(block.text)) != block.text else block for block in blocks
    )
    description = repaired(about.description) if about.description else None
    return shown, replace(
        about,
        title=repaired(about.title) if about.title else None,
        authors=tuple(map(repaired, about.authors)),
        description=description,
    )


def _about(meta: Meta, tree: HtmlElement, url: str) -> Page:
    where = _host(url)
    site_name = metadata.site_name(meta)
    title = headline(meta, site_name, where)
    forms = (
        title,
        meta.claim("headline"),
        meta.first("og:title"),
        meta.first("twitter:title"),
        *meta.headings[:2],
        meta.head_title,
    )
    return Page(
        title=title,
        titles=tuple(dict.fromkeys(form for form in forms if form and len(form) <= LONGEST)),
        authors=authors_of(meta, tree, site_name),
        site_name=site_name,
        description=metadata.description(meta),
        host=where,
    )


def _searched(
    tree: HtmlElement, url: str, blocks: Sequence[Block], now: datetime | None
) -> tuple[datetime, str, str] | None:
    """Look for the date in the page: an element that says so, htmldate's day (to the second if told), a line on top."""
    marked = list(metadata.marked(tree))
    if found := dates.best(((source, raw) for source, raw, says_published in marked if says_published), now):
        return found
    day = dates.from_page(tree, url, now) or dates.in_lines((block.text for block in blocks[:TOP_BLOCKS]), now)
    return dates.best([*([("html", day)] if day else []), *(mark[:2] for mark in marked)], now)


def _agency(meta: Meta, authors: Sequence[str], blocks: Sequence[Block]) -> str | None:
    """Return the agency that the page credits: as its author, in a credit line, in its first paragraph's dateline."""
    named = (agency_of(name) for name in (*authors, *metadata.creators(meta)))
    lines = [block.text for block in blocks if block.label in {"agency", "legal", "byline"}]
    first = [text[:120] for text in list(_told(blocks))[:1]]
    return next((agency for agency in (*named, *map(credited, [*first, *lines])) if agency), None)


def _told(blocks: Sequence[Block]) -> Iterator[str]:
    return (block.text for block in blocks if block.label == TEXT)


def _host(url: str) -> str:
    try:
        return host(url)
    except UnusableUrl:
        return ""
