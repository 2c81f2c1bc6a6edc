"""Read one page: bytes in, an article of labelled blocks out, or the reason why there is none.

Pure: no network, no files, no clock. Runs in worker processes only: trafilatura and lxml corrupt memory in threads.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from lxml.etree import XPathEvalError

from foundation.errors import UnusableUrl
from foundation.urls import host
from pipelines import credits, dates, kinds, live_blogs, metadata, no_article
from pipelines.authors import authors as authors_of
from pipelines.authors import from_bylines, is_person, marked_byline
from pipelines.canonical import canonical_url
from pipelines.dated import on_page
from pipelines.decoding import decode, repaired
from pipelines.labels import label
from pipelines.language import language
from pipelines.main_text import main_text
from pipelines.markup import lighten, tree_of
from pipelines.reading import TEXT, Article, NoArticle
from pipelines.recovery import recover
from pipelines.segments import Lines
from pipelines.standing import Page
from pipelines.stated_sources import stated_sources
from pipelines.titles import LONGEST, headline, of_bare_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from lxml.html import HtmlElement

    from pipelines.metadata import Meta
    from pipelines.reading import Block, Reading

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
    except XPathEvalError as error:
        if str(error) == "unknown error":  # what lxml says where libxml2 got no memory
            raise MemoryError from error
        return _failed(error)
    except Exception as error:  # a page must never stop a crawl: the fault is told, and the raw page is kept
        return _failed(error)


def _failed(error: Exception) -> NoArticle:
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
    tree = tree_of(decoded.utf8 or page)
    if tree is None:
        return NoArticle("unparsable", "the parser found no element")
    meta = metadata.read(tree, url)
    body = tree.find("body")
    lines = Lines(body if body is not None else tree)
    posts = live_blogs.posts(meta, now)
    about = about_page(meta, tree, url)
    lighten(tree)
    text = live_blogs.with_missing(main_text(tree, page, metadata.article_body(meta), lines), posts)
    paragraphs = recover(text.paragraphs, lines)
    labelled = label(paragraphs, lines, about)
    if about.title is None and (title := of_bare_lines(block.text for block in labelled if block.label == TEXT)):
        about = replace(about, title=title, titles=(title,))
        labelled = label(paragraphs, lines, about)
    is_live = kinds.may_be_live(meta, url, about.title)
    timed = live_blogs.timed(labelled, posts, lines, now) if is_live else labelled
    is_free = metadata.is_free(meta)
    kind = kinds.kind(meta, url, tree, timed, is_free)
    said = (timed if kind == kinds.LIVE else labelled), about
    blocks, about = _repaired(*said)
    if none := no_article.why(meta, url, about.title, blocks, lines, is_plain=kind == "article"):
        return none
    authors = about.authors
    if not any(is_person(name, about.site_name) for name in authors):
        authors = from_bylines((block.text for block in blocks if block.label == "byline"), about.site_name) or authors
    spoken = language(" ".join(_told(blocks)) or about.title or "", meta.html_language)
    tag = meta.html_language or spoken
    claims = list(metadata.published(meta))
    published, refused = dates.best(claims, now, tag), dates.doubted(claims, now, tag)
    # A date that cannot be true is no reason to guess another; what stands for none is.
    if published is None and (refused is None or dates.parse(refused[1], tag) is None):
        published = on_page(tree, page, url, meta, lines, blocks, now, tag)
    source, raw, doubt = (*published[1:], None) if published else refused or (None, None, None)
    modified = dates.best(metadata.modified(meta), now, tag)
    return Article(
        kind=kind,
        title=about.title,
        blocks=blocks,
        description=about.description,
        authors=authors,
        published_at=published[0] if published else None,
        published_from=source,
        published_raw=raw or next((raw for _, raw in claims), None),
        published_doubt=doubt,
        modified_at=modified[0] if modified else None,
        language=spoken,
        canonical_url=canonical_url(meta, url),
        site_name=about.site_name,
        section=metadata.section(meta),
        agency=credits.agency(meta, authors, blocks),
        byline=credits.byline(blocks, authors) or about.byline,
        bio=credits.bio(blocks),
        credits=credits.credit_lines(blocks),
        stated_sources=stated_sources(blocks, spoken),
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


def about_page(meta: Meta, tree: HtmlElement, url: str) -> Page:
    """Return what the page's metadata tell the rules that label its lines."""
    where = _host(url)
    site_name = metadata.site_name(meta)
    byline = marked_byline(tree)
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
        authors=authors_of(meta, byline, site_name),
        byline=byline,
        site_name=site_name,
        description=metadata.description(meta),
        host=where,
    )


def _told(blocks: Sequence[Block]) -> Iterator[str]:
    return (block.text for block in blocks if block.label == TEXT)


def _host(url: str) -> str:
    try:
        return host(url)
    except UnusableUrl:
        return ""
