"""Pages that hold no article though they answer 200: not found, walls of consent and the like, lists of links.

What a page claims in its metadata is believed before its wording: an article about a missing page is an article.
"""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from ada_url import URL

from pipelines import json_ld
from pipelines.reading import TEXT, NoArticle
from pipelines.segments import text_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipelines.metadata import Meta
    from pipelines.reading import Block
    from pipelines.segments import Lines, Segment

LITTLE = 200  # characters of text: below that a page tells no story (the shortest true text in four sets has 214)
AROUND = 1200  # characters of other articles' teasers and of good advice that may stand on a page that is none
WORDY = 4_000  # characters that a wall may spend on itself, and a page that says outright that it is none on teasers
SENTENCE = 600  # characters: a longer paragraph says more than that it is a wall
TOP_LINES = 60
LONGEST = 200  # characters of a heading
HEADLINES = 8  # linked headings among the paragraphs of a list of stories, and
LISTED = 0.3  # the share of paragraphs that they are: each has a teaser or two
LINKED_HEADINGS = frozenset({"h2", "h3", "h4"})
INDEX_LINKS = 0.6  # share of a page's text inside links, with little else on it

_TABLES: dict[str, dict[str, list[str]]] = tomllib.loads(
    Path(__file__).with_name("page_phrases.toml").read_text(encoding="utf-8")
)


def _any(*tables: str) -> str:
    return "|".join(f"(?:{phrase})" for table in tables for phrase in _TABLES[table]["phrases"])


def _of_words(phrases: list[str]) -> str:
    """Return the pattern of phrases most of which begin with a word: that one begins is tested once for all of them."""
    begun = "|".join(f"(?:{phrase[2:]})" for phrase in phrases if phrase.startswith(r"\b"))
    return "|".join([rf"\b(?:{begun})", *(f"(?:{phrase})" for phrase in phrases if not phrase.startswith(r"\b"))])


# What may stand around the phrase: signs, "Error 404", "Sorry".
_EDGE = (
    r"(?:\W|(?:https?|status|code|error|errore|erreur|fehler|fout|fel|feil|fejl|virhe|błąd|chyba|ошибка|помилка|hata|erro"
    r"|eroare|hiba|lỗi|oops|whoops|ups|sorry|404|エラー|错误|오류|خطأ)(?!\w))*"
)
_BARE = re.compile(_EDGE, re.IGNORECASE)
_ERROR_ALONE = re.compile(r"404|\bw?h?oops\b", re.IGNORECASE)
_PART = re.compile(r"\s+[|•·»«–—:-]\s+|\s*[|•»]\s*")
NOT_FOUND_HEADING = re.compile(rf"(?:{_any('not_found_heading', 'not_found')})(?!\w)", re.IGNORECASE)
NOT_FOUND = re.compile(rf"(?<!\w)(?:{_any('not_found')})(?!\w)", re.IGNORECASE)
WALL_HEADING = re.compile(rf"(?:{_any('wall_heading')})(?!\w)", re.IGNORECASE)
WALL = re.compile(_of_words(_TABLES["wall"]["phrases"]), re.IGNORECASE)


def why(
    meta: Meta, url: str, title: str | None, blocks: Sequence[Block], lines: Lines, *, is_plain: bool
) -> NoArticle | None:
    """Return why the page holds no article, or None where it may hold one.

    ``is_plain``: nothing says that it is a video, a gallery or the like, which need no text.
    """
    headings = tuple(_headings(meta, title))
    told = [block.text for block in blocks if block.label == TEXT]
    length = _length(told)
    if _is_not_found(meta, headings, told, lines, is_plain=is_plain):
        return NoArticle("not_found", " · ".join(headings)[:200])
    if is_plain and (_is_index(meta, url, length, lines) or _lists_stories(meta, url, told, lines)):
        return NoArticle("index", f"{length} characters of text")
    if is_plain and _is_wall(meta, headings, told, lines):
        return NoArticle("cookie_wall", " · ".join(headings)[:200])
    if not length and (is_plain or not title):
        return NoArticle("no_text", f"{len(lines.segments)} lines")
    if not is_plain or length >= LITTLE or _tells(told) or says_article(meta):
        return None
    return NoArticle("no_text", f"{length} characters")


def says_article(meta: Meta) -> bool:
    """Tell whether the page claims to be an article."""
    return _claims(meta) or (meta.first("og:type") or "").lower() == "article"


def _claims(meta: Meta) -> bool:
    """What templates do not put on error pages and homepages: an article's own object, or its date."""
    return meta.json is not None or meta.first("article:published_time") is not None


def _headings(meta: Meta, title: str | None) -> Iterator[str]:
    pages = (json_ld.text(node.get("name")) for node in meta.nodes if "WebPage" in json_ld.types(node))
    said = (title, meta.head_title, *meta.headings[:2], *pages)
    yield from dict.fromkeys(heading for heading in said if heading and len(heading) <= LONGEST)


def _is_not_found(meta: Meta, headings: Sequence[str], told: Sequence[str], lines: Lines, *, is_plain: bool) -> bool:
    """A heading says so and nothing else, with little text; or a line does, with next to none."""
    errors, claims = [part for part in _parts(headings) if _is_error(part)], _claims(meta)
    if errors:
        around = WORDY if any(_is_outright(part) or part in meta.headings for part in errors) else AROUND
        return _is_rest_below(LITTLE if claims else around, told, NOT_FOUND)
    if claims or not is_plain or not _is_rest_below(LITTLE, told, NOT_FOUND):
        return False
    return any(_says(NOT_FOUND, line) for line in _top(lines))


def _is_error(part: str) -> bool:
    return _ERROR_ALONE.search(part) is not None if _BARE.fullmatch(part) else _is_only(NOT_FOUND_HEADING, part)


def _is_outright(part: str) -> bool:
    """Tell whether an "Oops", "Sorry" or "404" stands before a sentence: no story is headed like that."""
    begin = _BARE.match(part)
    return begin is not None and begin.end() < len(part) and text_key(begin[0]) != ""


def _is_only(pattern: re.Pattern[str], part: str) -> bool:
    """Tell whether a heading says one of these phrases and no more, but for what may stand around it."""
    begin = _BARE.match(part)
    found = pattern.match(part, begin.end() if begin else 0)
    return found is not None and _BARE.fullmatch(part, found.end()) is not None


def _is_wall(meta: Meta, headings: Sequence[str], told: Sequence[str], lines: Lines) -> bool:
    """A heading asks for consent or proof with little text; or a line does, with next to none that tells a story."""
    claims = _claims(meta)
    begins = told[:1] if not meta.headings else ()
    is_headed = not claims and any(_is_only(WALL_HEADING, part) for part in _parts((*headings, *begins)))
    if is_headed and _is_rest_below(AROUND, told, WALL):
        return True
    if _length(told) >= WORDY or not _is_rest_below(LITTLE, told, WALL):
        return False
    others = [text for text in told if not (_says(WALL, text) or _is_only(WALL_HEADING, text.rstrip(".!")))]
    if not claims and len(told) - len(others) > 1:
        return True
    return not _tells(others) and any(_says(WALL, line) for line in _top(lines))


def _parts(headings: Sequence[str]) -> Iterator[str]:
    """Yield each heading, and what stands before and behind its signs: one of these is the site's name."""
    for heading in headings:
        whole = heading.replace("'", "’").strip()
        yield from dict.fromkeys((whole, *_PART.split(whole)))


def _length(told: Sequence[str]) -> int:
    return sum(map(len, told))


def _is_rest_below(limit: int, told: Sequence[str], pattern: re.Pattern[str]) -> bool:
    """Tell whether the paragraphs that do not say it are short; on the usual page the first settles it."""
    rest = 0
    for text in told:
        rest += 0 if _says(pattern, text) else len(text)
        if rest >= limit:
            return False
    return True


def _says(pattern: re.Pattern[str], line: str) -> bool:
    return len(line) <= SENTENCE and pattern.search(line.replace("'", "’")) is not None


def _top(lines: Lines) -> list[str]:
    return [segment.text for segment in lines.segments[:TOP_LINES]]


def _tells(told: Sequence[str]) -> bool:
    return any(len(text) >= LITTLE / 3 for text in told)


def _is_index(meta: Meta, url: str, length: int, lines: Lines) -> bool:
    """A homepage, or a page of links that claims nothing: never one that gives itself an article's metadata."""
    if _is_root(url) and not _claims(meta):
        return True
    if says_article(meta):
        return False
    names = {name for node in meta.nodes for name in json_ld.types(node)}
    all_text = sum(len(segment.text) for segment in lines.segments)
    linked = sum(segment.linked for segment in lines.segments)
    mostly_links = linked >= INDEX_LINKS * max(1, all_text)
    return mostly_links and linked > AROUND and (length < LITTLE or bool(names & {"CollectionPage", "ItemList"}))


def _lists_stories(meta: Meta, url: str, told: Sequence[str], lines: Lines) -> bool:
    """Tell whether what was read are other stories' headlines and teasers, on a page that claims nothing."""
    if says_article(meta):
        return False
    segments, keys = lines.segments, frozenset(map(text_key, told))
    listed = sum(
        not keys.isdisjoint((line.key, after.key)) and _is_headline(line, url) for line, after in pairwise(segments)
    )
    return listed >= max(HEADLINES, len(told) * LISTED)


def _is_headline(line: Segment, url: str) -> bool:
    """Tell whether a line is a heading that links to another page of the site."""
    block = line.block
    if not line.linked or block.tag not in LINKED_HEADINGS:
        return False
    link = block.find(".//a")
    target = (link.get("href") or "").strip() if link is not None else ""
    return target[:1] not in {"", "#"} and ("//" not in target or _host(target) == _host(url))


def _host(url: str) -> str:
    try:
        return URL(url).hostname
    except ValueError:
        return ""


def _is_root(url: str) -> bool:
    try:
        parsed = URL(url)
    except ValueError:
        return False
    return not parsed.pathname.strip("/") and not parsed.search
