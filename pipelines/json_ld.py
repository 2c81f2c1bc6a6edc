"""A tolerant reader of JSON-LD: what publishers write into ``application/ld+json`` scripts, mended where broken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import TYPE_CHECKING, TypeAlias

from pipelines.markup import clean

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Json: TypeAlias = "Mapping[str, Json] | list[Json] | str | int | float | bool | None"
Node: TypeAlias = Mapping[str, Json]

MAX_SCRIPT = 2_000_000  # characters
MAX_DEPTH = 30
# Most telling first: a page may describe itself, its list of links and its publisher in one script.
ARTICLE_TYPES = (
    "LiveBlogPosting",
    "NewsArticle",
    "ReportageNewsArticle",
    "AnalysisNewsArticle",
    "OpinionNewsArticle",
    "BackgroundNewsArticle",
    "ReviewNewsArticle",
    "AskPublicNewsArticle",
    "AdvertiserContentArticle",
    "SatiricalArticle",
    "ScholarlyArticle",
    "TechArticle",
    "Report",
    "BlogPosting",
    "Article",
    "Review",
    "ClaimReview",
    "SocialMediaPosting",
    "Recipe",
    "NewsMediaOrganizationArticle",
)
OTHER_TYPES = (
    "VideoObject",
    "AudioObject",
    "PodcastEpisode",
    "ImageGallery",
    "MediaGallery",
    "Quiz",
    "CollectionPage",
    "WebPage",
)
_RANK = {name: rank for rank, name in enumerate((*ARTICLE_TYPES, *OTHER_TYPES))}
_WRAPPER = re.compile(r"^\s*(?://\s*)?(?:<!\[CDATA\[|<!--)|(?://\s*)?(?:\]\]>|-->)\s*;?\s*$")
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_BAD_ESCAPE = re.compile(r'\\(?!["\\/bfnrtu])')


def nodes(tree: HtmlElement) -> list[Node]:
    """Return every object with a type in the page's JSON-LD, in document order, however deep in ``@graph`` or lists."""
    found: list[Node] = []
    for script in tree.iter("script"):
        if "ld+json" in (script.get("type") or "").lower() and script.text and len(script.text) <= MAX_SCRIPT:
            for value in _values(script.text):
                found.extend(_typed(value, MAX_DEPTH))
    return found


def article(found: list[Node]) -> Node | None:
    """Return the object that describes the page's article: the most telling type with a headline, the first such."""
    ranked = [
        (rank, not node.get("headline"), order, node)
        for order, node in enumerate(found)
        if (rank := _rank(node)) < len(ARTICLE_TYPES)
    ]
    return min(ranked, key=lambda entry: (entry[1], entry[0], entry[2]))[3] if ranked else None


def types(node: Node) -> tuple[str, ...]:
    """Return a node's types by their bare names."""
    value = node.get("@type")
    names = value if isinstance(value, list) else [value]
    return tuple(name.rpartition("/")[2].rpartition(":")[2] for name in names if isinstance(name, str))


def text(value: Json) -> str | None:
    """Return a string value, cleaned; of a list the first; of an object its name or value."""
    if isinstance(value, str):
        return clean(unescape(value)) or None
    if isinstance(value, list):
        return next((found for item in value if (found := text(item))), None)
    if isinstance(value, Mapping):
        return text(value.get("name")) or text(value.get("@value"))
    return None


def many(value: Json) -> list[Json]:
    """Return a value as the list that it may or may not be."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _rank(node: Node) -> int:
    return min((_RANK.get(name, len(_RANK)) for name in types(node)), default=len(_RANK))


def _values(script: str) -> Iterator[Json]:
    script = _WRAPPER.sub("", script.strip())
    for attempt in (script, _TRAILING_COMMA.sub(r"\1", _BAD_ESCAPE.sub(r"\\\\", script)), unescape(script)):
        try:
            yield json.loads(attempt.strip().rstrip(";"), strict=False)
        except (ValueError, RecursionError):
            continue
        return
    yield from _first_values(script)


def _first_values(script: str) -> Iterator[Json]:
    """Read the values that stand before whatever breaks the script: several objects in a row, or rubbish after one."""
    decoder, at = json.JSONDecoder(strict=False), 0
    while (at := _next_open(script, at)) >= 0:
        try:
            value, at = decoder.raw_decode(script, at)
        except (ValueError, RecursionError):
            return
        yield value


def _next_open(script: str, at: int) -> int:
    found = re.compile(r"[\[{]").search(script, at)
    return found.start() if found else -1


def _typed(value: Json, depth: int) -> Iterator[Node]:
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value:
            yield from _typed(item, depth - 1)
    elif isinstance(value, Mapping):
        if value.get("@type"):
            yield value
        for key in ("@graph", "mainEntity", "mainEntityOfPage", "hasPart", "itemReviewed", "subjectOf"):
            if isinstance(value.get(key), list | Mapping):
                yield from _typed(value[key], depth - 1)
