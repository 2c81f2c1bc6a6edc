"""A tolerant reader of JSON-LD: what publishers write into ``application/ld+json`` scripts, mended where broken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Set
from html import unescape
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

from ada_url import URL

from pipelines.markup import clean
from pipelines.segments import text_key

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
# Strings are matched so as to be passed over; what never ends goes to the end, or looking for it would be quadratic.
_STRING = r'("(?:[^"\\]|\\[\s\S])*(?:"|\Z))'
_COMMENT = re.compile(rf"{_STRING}|//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)")
_EMPTY = re.compile(rf"{_STRING}|,(?=\s*[,}}\]])|\bundefined\b")
_BAD_ESCAPE = re.compile(r'\\(?!["\\/bfnrtu])')
_PROPERTY = re.compile(
    r'"(@type|headline|datePublished|dateModified|articleSection)"\s*:\s*"((?:[^"\\]|\\.){1,400})"\s*[,}\n]'
)
MAX_STARTS = 50  # objects tried in a broken script: each could be read to its end in vain


def nodes(tree: HtmlElement) -> list[Node]:
    """Return every object with a type in the page's JSON-LD, in document order, however deep in ``@graph`` or lists."""
    found: list[Node] = []
    for script in tree.iter("script"):
        if "ld+json" in (script.get("type") or "").lower() and script.text and len(script.text) <= MAX_SCRIPT:
            for value in _values(script.text):
                found.extend(_typed(value, MAX_DEPTH))
    return found


def article(found: list[Node], names_page: Callable[[Node], bool | None]) -> Node | None:
    """Return the object that describes the page's article: one with a headline that names the page before others.

    Of several such the most telling type, and the first of it; one that names another page only where it is alone.
    """

    def order(node: Node) -> tuple[bool, bool, bool, int]:
        names = names_page(node)
        return names is False, not node.get("headline"), not names, _rank(node)

    return min((node for node in found if _rank(node) < len(ARTICLE_TYPES)), key=order, default=None)


def names(node: Node, addresses: Set[str], titles: Set[str]) -> bool | None:
    """Tell whether an object is about the page of these addresses and titles; None where it names no page at all.

    Addresses are given as by `address`, titles as by `text_key`.
    """
    if any(text_key(text(node.get(key)) or "") in titles for key in ("headline", "name")):
        return True
    main = node.get("mainEntityOfPage")
    said = [node.get("url"), node.get("@id"), main, *((main.get("@id"), main.get("url")) if _is_node(main) else ())]
    named = {found for value in said if isinstance(value, str) and (found := address(value))}
    return bool(named & addresses) if named else None


def address(raw: str) -> str | None:
    """Return what two spellings of one page's address have in common; None of a bare fragment and the like."""
    try:
        url = URL(raw.strip())
    except ValueError:
        return None
    return f"{url.hostname.removeprefix('www.')}{url.pathname.rstrip('/')}{url.search}" if url.hostname else None


def _is_node(value: Json) -> TypeGuard[Node]:
    return isinstance(value, Mapping)


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
    for mend in (str, _mended, unescape):
        try:
            yield json.loads(mend(script).strip().rstrip(";"), strict=False)
        except (ValueError, RecursionError):
            continue
        return
    mended = _mended(script)
    found = list(_first_values(mended))
    yield from found
    if not any(_rank(node) < len(ARTICLE_TYPES) for value in found for node in _typed(value, MAX_DEPTH)):
        yield from _salvaged(mended)


def _mended(script: str) -> str:
    """Take out comments, commas before nothing and values that JSON does not know; never in strings."""
    without = _COMMENT.sub(lambda match: match[1] or "", _BAD_ESCAPE.sub(_escaped, script))
    return _EMPTY.sub(lambda match: match[1] or ("" if match[0] == "," else "null"), without)


def _escaped(match: re.Match[str]) -> str:
    return "" if match.string[match.end() : match.end() + 1] == "'" else r"\\"


def _first_values(script: str) -> Iterator[Json]:
    """Read the values around whatever breaks the script: several objects in a row, rubbish between them."""
    decoder, at = json.JSONDecoder(strict=False), 0
    for _ in range(MAX_STARTS):
        if (at := _next_open(script, at)) < 0:
            return
        try:
            value, at = decoder.raw_decode(script, at)
        except (ValueError, RecursionError):
            at += 1
            continue
        yield value


def _salvaged(script: str) -> Iterator[Json]:
    """Read the plain properties of an article whose object breaks off, or has a bare quotation mark in some string."""
    found: dict[str, Json] = {}
    for key, value in _PROPERTY.findall(script):
        if key == "@type" and value not in _RANK:
            continue
        try:
            found.setdefault(key, json.loads(f'"{value}"', strict=False))
        except ValueError:
            continue
    if found.get("@type") in ARTICLE_TYPES:
        yield found


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
