"""What kind of article a page holds: by its JSON-LD type first, then OpenGraph, then by its address and its text."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ada_url import URL

from pipelines import json_ld
from pipelines.live_blogs import is_typed
from pipelines.reading import TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.html import HtmlElement

    from pipelines.metadata import Meta
    from pipelines.reading import Block

STUB = 900  # characters: a text cut off by a paywall is shorter than this in all but a few cases
CLIP = 1200  # characters beside a video or a gallery that still are its caption
BESIDE = 600  # the same where the page calls itself an article, and only its address calls it a video
LEAST = 200  # characters: a page with less than this and a player is the player's
PICTURES = 4  # figures from which a page in a directory of galleries is one
LONGEST_CLASS = 60  # characters
POSTS = 3  # different times from which a page called live is a live blog without its type
LIVE: Final = "live_blog"

_BY_TYPE = (
    ("ImageGallery", "gallery"),
    ("MediaGallery", "gallery"),
    ("Quiz", "quiz"),
    ("PodcastEpisode", "audio"),
    ("RadioEpisode", "audio"),
)
_ARTICLES = frozenset(json_ld.ARTICLE_TYPES)
_CLIPS = (("VideoObject", "video"), ("AudioObject", "audio"))
_OG_KINDS = (("video", "video"), ("music", "audio"), ("audio", "audio"))
_CLOSED = re.compile(r"(?<!\.\.)[.!?。！？।؟][\"'”’»)\]]*$")
_NAMED: dict[str, list[str]] = tomllib.loads(Path(__file__).with_name("page_phrases.toml").read_text(encoding="utf-8"))[
    "named"
]
_LIVE = re.compile(rf"(?<![^\W_])(?:{'|'.join(_NAMED['live_words'])})(?![^\W_])", re.IGNORECASE)
_DIRECTORIES = {kind: frozenset(words) for kind, words in _NAMED.items() if kind != "live_words"}
_BODY_CLASS = re.compile(r"(?:format|template|type|kind|layout|page|article)[-_]+([a-z][a-z-]*)$", re.IGNORECASE)
_FRAME = re.compile(r"youtube|youtu\.be|vimeo|dailymotion|brightcove|jwplay|kaltura|spotify|soundcloud|/embed|player")


def kind(meta: Meta, url: str, tree: HtmlElement, blocks: Sequence[Block], is_free: bool | None) -> str:
    """Return the page's kind: an article wherever JSON-LD or OpenGraph says so and no more special type says more."""
    names = {name for node in meta.nodes for name in json_ld.types(node)}
    length = sum(len(block.text) for block in blocks if block.label == TEXT)
    if is_typed(meta) or _has_posts(blocks, length):
        return LIVE
    about = (
        names
        if length < CLIP
        else {name for node in meta.nodes if meta.names_page(node) for name in json_ld.types(node)}
    )
    if not names & _ARTICLES and (found := _first(_BY_TYPE, about)):
        return found
    og_type = (meta.first("og:type") or "").lower()
    says_article = bool(names & _ARTICLES) or og_type == "article"
    clip = _first(_CLIPS, names) or next((found for prefix, found in _OG_KINDS if og_type.startswith(prefix)), None)
    if clip and length < (LEAST if says_article else CLIP):
        return clip
    if (named := _named(url, tree)) and _bears_out(named, tree, length):
        return named
    if _is_stub(meta, blocks, length, is_free):
        return "paywall"
    return "article"


def may_be_live(meta: Meta, url: str, title: str | None) -> bool:
    """Tell whether the page calls itself live: by its type, its headline, or its address."""
    return is_typed(meta) or _LIVE.search(f"{title or ''} {_path(url)}") is not None


def _first(table: Sequence[tuple[str, str]], names: set[str]) -> str | None:
    return next((found for name, found in table if name in names), None)


def _has_posts(blocks: Sequence[Block], length: int) -> bool:
    """Tell whether half of the text stands under the times of several posts; only pages called live are given any."""
    times = {block.said_at for block in blocks if block.said_at and block.label == TEXT}
    posted = sum(len(block.text) for block in blocks if block.said_at and block.label == TEXT)
    return len(times) >= POSTS and posted >= length / 2


def _named(url: str, tree: HtmlElement) -> str | None:
    """Return the kind that a directory of the address or the body's class names."""
    body = tree.find("body")
    tokens = (body.get("class") or "").split() if body is not None else ()
    classes = (_BODY_CLASS.search(token) for token in tokens if len(token) <= LONGEST_CLASS)
    words = {match[1].lower() for match in classes if match}.union(_path(url).split("/")[:-1])
    return next((found for found, directories in _DIRECTORIES.items() if found != LIVE and directories & words), None)


def _bears_out(named: str, tree: HtmlElement, length: int) -> bool:
    """Tell whether the page shows what it is named for, and too little text beside it to be an article with it."""
    if named in {"video", "audio"}:
        return length < BESIDE and _has_player(tree)
    pictures = sum(1 for _ in tree.iter("figure")) if named == "gallery" else PICTURES
    return length < CLIP and pictures >= PICTURES


def _has_player(tree: HtmlElement) -> bool:
    if next(tree.iter("video", "audio"), None) is not None:
        return True
    return any(_FRAME.search(frame.get("src") or frame.get("data-src") or "") for frame in tree.iter("iframe"))


def _is_stub(meta: Meta, blocks: Sequence[Block], length: int, is_free: bool | None) -> bool:
    """A short text that ends in a request for money, or one of a page that is not free and stops within a sentence.

    An agency's brief is not free either, but complete.
    """
    if length >= STUB:
        return False
    parts = (node.get("isAccessibleForFree") for node in meta.nodes if "WebPageElement" in json_ld.types(node))
    is_closed = is_free is False or any(str(value).lower() == "false" for value in parts)
    told = [block.text for block in blocks if block.label == TEXT]
    asks = any(block.label == "paywall" for block in blocks)
    stops = not told or not _CLOSED.search(told[-1])
    if is_closed:
        return asks or stops
    ends = next((block.label for block in reversed(blocks) if block.label in {TEXT, "paywall"}), TEXT) != TEXT
    return asks and bool(told) and (stops or (ends and is_free is None))


def _path(url: str) -> str:
    try:
        return URL(url).pathname.lower()
    except ValueError:
        return ""
