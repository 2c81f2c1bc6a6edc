"""What kind of page this is: by its JSON-LD type first, then OpenGraph, then what it looks like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ada_url import URL

from pipelines import json_ld, wording
from pipelines.reading import TEXT, NoArticle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.metadata import Meta
    from pipelines.reading import Block
    from pipelines.segments import Lines

LITTLE = 200  # characters of text: below that a page tells no story (the shortest true text in four sets has 214)
STUB = 900  # characters: a text cut off by a paywall is shorter than this in all but a few cases
CLIP = 1200  # characters beside a video or a gallery that still are its caption
INDEX_LINKS = 0.6  # share of a page's text inside links, with little else on it

_BY_TYPE = (
    ("LiveBlogPosting", "live_blog"),
    ("ImageGallery", "gallery"),
    ("MediaGallery", "gallery"),
    ("Quiz", "quiz"),
)
_ARTICLES = frozenset(json_ld.ARTICLE_TYPES)
_CLIPS = (("VideoObject", "video"), ("PodcastEpisode", "audio"), ("AudioObject", "audio"))
_OG_KINDS = (("video", "video"), ("music", "audio"), ("audio", "audio"))
_CLOSED = re.compile(r"(?<!\.\.)[.!?。！？।؟][\"'”’»)\]]*$")


def kind(meta: Meta, blocks: Sequence[Block], is_free: bool | None) -> str:
    """Return the page's kind: an article wherever JSON-LD or OpenGraph says so and no more special type says more."""
    names = {name for node in meta.nodes for name in json_ld.types(node)}
    for name, found in _BY_TYPE:
        if name in names and (found == "live_blog" or not names & _ARTICLES):
            return found
    length = sum(len(block.text) for block in blocks if block.label == TEXT)
    says_article = bool(names & _ARTICLES) or (meta.first("og:type") or "").lower() == "article"
    if not says_article and length < CLIP:
        for name, found in _CLIPS:
            if name in names:
                return found
        for prefix, found in _OG_KINDS:
            if (meta.first("og:type") or "").lower().startswith(prefix):
                return found
    return "paywall" if is_free is False and length < STUB and _cut_off(blocks) else "article"


def _cut_off(blocks: Sequence[Block]) -> bool:
    """Tell whether it asks for money or stops within a sentence: an agency's brief is not free either, but complete."""
    told = [block.text for block in blocks if block.label == TEXT]
    return any(block.label == "paywall" for block in blocks) or not told or not _CLOSED.search(told[-1])


def no_article(meta: Meta, url: str, title: str | None, blocks: Sequence[Block], lines: Lines) -> NoArticle | None:
    """Return why the page holds no article, or None where it may hold one."""
    length = sum(len(block.text) for block in blocks if block.label == TEXT)
    heading = " ".join(filter(None, (title, meta.head_title, *meta.headings[:1])))
    if length < CLIP and wording.NOT_FOUND.match(heading):
        return NoArticle("not_found", heading[:200])
    if _is_index(meta, url, length, lines):
        return NoArticle("index", f"{length} characters of text")
    if length >= LITTLE:
        return None
    page = " ".join(segment.text for segment in lines.segments[:60])[:5000]
    if wording.WALL.match(page) or wording.WALL.match(heading):
        return NoArticle("cookie_wall", heading[:200])
    if not length:
        return NoArticle("no_text", f"{len(lines.segments)} lines")
    return None if _tells(blocks) or _says_article(meta) else NoArticle("no_text", f"{length} characters")


def _tells(blocks: Sequence[Block]) -> bool:
    return any(block.label == TEXT and len(block.text) >= LITTLE / 3 for block in blocks)


def _says_article(meta: Meta) -> bool:
    return (
        meta.json is not None
        or (meta.first("og:type") or "").lower() == "article"
        or meta.first("article:published_time") is not None
    )


def _is_index(meta: Meta, url: str, length: int, lines: Lines) -> bool:
    """A homepage, or a page of links that claims nothing: never one that gives itself an article's metadata."""
    if _says_article(meta):
        return False
    if _is_root(url):
        return True
    names = {name for node in meta.nodes for name in json_ld.types(node)}
    all_text = sum(len(segment.text) for segment in lines.segments)
    linked = sum(segment.linked for segment in lines.segments)
    mostly_links = linked >= INDEX_LINKS * max(1, all_text)
    return mostly_links and linked > CLIP and (length < LITTLE or bool(names & {"CollectionPage", "ItemList"}))


def _is_root(url: str) -> bool:
    try:
        parsed = URL(url)
    except ValueError:
        return False
    return not parsed.pathname.strip("/") and not parsed.search
