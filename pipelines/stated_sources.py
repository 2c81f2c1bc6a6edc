"""Where a report says its claims come from: "Politico first reported", "according to Reuters", "told the BBC".

Only media are sources here. A phrase is found first, then the name beside it; the name must be known to be a medium's,
be built of words that only media are called by, or be called a newspaper, an agency, a broadcaster where it stands.
"According to police" and "told Congress" are none. The table is ``stated_sources.toml``.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pipelines import agencies
from pipelines.reading import TEXT, StatedSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipelines.reading import Block, Wording

MOST = 200  # stated sources of a page; a page of more is a list of links
MOST_CUES = 2000  # phrases looked at on a page: what bounds the time that a hostile one takes
NAME_WINDOW = 100  # characters in which a name ends or begins beside its phrase
NAME_WORDS = 6
LINK_WINDOW = 60  # characters between "sagte" and "der dpa"
FAMILIES = {"da": "sv", "nb": "sv", "nn": "sv", "no": "sv", "uk": "ru", "be": "ru", "gl": "pt", "ca": "es", "af": "nl"}
# An article's apostrophes: patterns are written with the second, texts have both; each is one character.
_APOSTROPHE = str.maketrans("'", "’")

_TABLES: dict[str, Any] = tomllib.loads(Path(__file__).with_name("stated_sources.toml").read_text(encoding="utf-8"))
_MEDIA: dict[str, list[str]] = _TABLES.pop("media")
_WORDS = frozenset(word.casefold() for word in _MEDIA["words"])
_NOT_MEDIA = frozenset(word.casefold() for word in _MEDIA["not_media"])
_FIRST = frozenset(word.casefold() for word in _MEDIA["first"])


def _key(words: Iterable[str]) -> str:
    return " ".join(words).translate(_APOSTROPHE).casefold()


# "The Hill" is known by its article, "the hill" is a hill; every other name is known without.
_COMMON = frozenset(name for name in _MEDIA["names"] if name.startswith("The "))
# Agencies' signs that mean something else to most readers.
_NO_SOURCES = frozenset(("AA", "APP", "CP", "MAP", "STA", "UNI"))
_KNOWN = (frozenset(_MEDIA["names"]) | agencies.FULL_NAMES | agencies.SIGNS) - _COMMON - _NO_SOURCES
_AS_WRITTEN = frozenset(name.translate(_APOSTROPHE) for name in _KNOWN if name.isupper() or name[0].islower())
_NAMES = frozenset(_key([name]) for name in _KNOWN if not (name.isupper() or name[0].islower()))
_FIRST = frozenset(word.casefold() for word in _MEDIA["first"])
_ALONE = frozenset(word.casefold() for word in _MEDIA["alone"])

_DAYS = frozenset(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"))
_INDEFINITE = frozenset(
    ("a", "an", "ein", "eine", "einer", "einem", "un", "une", "una", "um", "uma", "een", "en", "ett")
)

_LETTERS = re.compile(r"\w+")
# A paragraph without one of these words names no medium, and is not searched: nine in ten.
_SIGNS = frozenset(
    spelling
    for name in (*_KNOWN, *_COMMON, *_MEDIA["words"], *_MEDIA["first"], *_MEDIA["alone"])
    for word in [max(_LETTERS.findall(name.removeprefix("The ")), key=len)]
    for spelling in (word, word.upper(), word.capitalize())
) | {"com", "org", "net", "co", "TV", "FM", "AM", "DT"}

_WORD = re.compile(r"[^\s\"“”„«»‘()\[\],;:!?…/]+")
_DOMAIN = re.compile(
    r"[\w-]{0,30}(?:news|times|post|journal|herald|daily|radio|tv|press|today)[\w-]{0,10}\.(?:com|org|net|co)$",
    re.IGNORECASE,
)
_STATION = re.compile(r"[WK][A-Z]{2,3}-(?:TV|FM|AM|DT)$")
_INNER = frozenset(("of", "and", "de", "della", "do", "da", "du", "des", "la", "der", "am", "e", "y"))
_OPENS = ' \u00a0\t"“”„«»‘’('
_OPEN, _CLOSE = '["“”„«»‘’]', '["“”»’]'
_INITIALS = re.compile(r"(?:[^\W\d_a-z]\.)+")
_STOPS = re.compile(r"[.,;:!?\n]")
_AND = re.compile(r"[\"”»]?\s(?:and|und|et|y|e|en|og|och|и|i)(?=\s)")
# "The Courier, citing two officials, said", "The Courier reported on Monday"
_EITHER_SIDE = frozenset(("citing", "reported", "first_reported"))
Span: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Language:
    """The phrases of one language, compiled: one pattern for the phrases, one for what stands before a name."""

    cues: re.Pattern[str]
    kinds: tuple[tuple[Wording, str], ...]  # of each group of ``cues``: its wording, and where the name stands
    fillers: re.Pattern[str]  # articles, and up to three words and what the medium is: "the Israeli newspaper"
    called: re.Pattern[str]  # what stands behind a name that is a medium's: "Haaretz newspaper"
    signs: frozenset[str]  # words of which a paragraph that names a medium has one
    links: re.Pattern[str] | None  # "to": what may stand, some words behind a verb of speaking, before the name


@cache
def _language(code: str) -> _Language:
    table = _TABLES[code]
    nouns, fillers = _either(table["nouns"]), _either(table["fillers"])
    cues = [(wording, side, phrases) for side in ("after", "before") for wording, phrases in table[side].items()]
    if "said" in table:
        cues.append(("told", "linked", table["said"]))
    return _Language(
        re.compile(rf"(?<![\w’-])(?:{'|'.join(f'({_either(cue[2])})' for cue in cues)})(?![\w-])"),
        tuple((wording, side) for wording, side, _ in cues),
        re.compile(
            rf"(?:\s|{_OPEN}|(?:{fillers})\s|(?:[ld]|all|dell|dall|nell)’){{0,4}}"
            rf"(?P<noun>(?:[\w’-]+\s){{0,3}}?(?:{nouns})(?P<adjectives>(?:\s[a-zß-ÿ-]{{3,}}){{0,2}}),?\s+(?={_OPEN}?[^\W\d_a-zß-ÿ]))?"
        ),
        re.compile(rf"{_CLOSE}?[\s-](?:{nouns})\b"),
        _SIGNS | {_LETTERS.findall(noun)[-1] for noun in table["nouns"]},
        re.compile(rf"(?<!\w)(?:{_either(table['to'])})(?=\s|(?<=’))") if "to" in table else None,
    )


def _either(phrases: list[str]) -> str:
    return "|".join(sorted(phrases, key=len, reverse=True))


def stated_sources(blocks: Sequence[Block], language: str | None = None) -> tuple[StatedSource, ...]:
    """Return what the story's blocks name as their sources, in order; never raises.

    A language without phrases of its own is read with the English ones. Offsets are in characters of the block's text.
    """
    code = FAMILIES.get(language or "en", language or "en")
    phrases = _language(code if code in _TABLES else "en")
    found: list[StatedSource] = []
    cues = MOST_CUES
    for position, block in enumerate(blocks):
        for source in _in_text(block.text, phrases) if block.label == TEXT else ():
            if source is not None:
                found.append(replace(source, position=position))
            cues -= 1
            if not cues or len(found) >= MOST:
                return tuple(found)
    return tuple(found)


def _in_text(text: str, phrases: _Language) -> Iterator[StatedSource | None]:
    """Yield for each phrase what it names, or None where that is no medium; what is found does not overlap."""
    if phrases.signs.isdisjoint(_LETTERS.findall(text)):
        return
    plain, taken, at = text.translate(_APOSTROPHE), 0, 0
    lowered = plain.lower()  # four times as fast as a pattern that ignores case
    if len(lowered) != len(plain):
        lowered = plain  # "İ" has two letters in lower case
    while (cue := phrases.cues.search(lowered, at)) is not None:
        wording, side = phrases.kinds[(cue.lastindex or 1) - 1]
        name = _beside(plain, cue, side, taken, phrases)
        if name is None and wording in _EITHER_SIDE:
            name = _before(plain, cue.start(), taken, phrases)
            wording = "reported" if wording == "citing" else wording
        at = cue.start() + 1  # a shorter phrase may begin inside: "was first reported", "first reported by"
        if name is None:
            yield None
            continue
        start, end = min(name[0], cue.start()), max(name[1], cue.end())
        yield StatedSource(0, start, end, text[slice(*name)], wording)
        taken = at = end
        while side == "after" and (more := _AND.match(plain, at)) and (name := _after(plain, more.end(), phrases)):
            yield StatedSource(0, *name, text[slice(*name)], wording)
            taken = at = name[1]


def _beside(text: str, cue: re.Match[str], side: str, since: int, phrases: _Language) -> Span | None:
    """Return where the name of a medium stands beside a phrase."""
    if side == "before":
        return _before(text, cue.start(), since, phrases)
    if side == "after" or phrases.links is None:
        return _after(text, cue.end(), phrases)
    stop = _STOPS.search(text, cue.end(), cue.end() + LINK_WINDOW)
    links = phrases.links.finditer(text, cue.end(), stop.start() if stop else cue.end() + LINK_WINDOW)
    return next((name for link in links if (name := _after(text, link.end(), phrases))), None)


def _after(text: str, at: int, phrases: _Language) -> Span | None:
    opening = phrases.fillers.match(text, at, at + NAME_WINDOW)
    if opening is None:
        return None
    if opening["noun"] is None:
        return _name(text, opening.end(), phrases)
    return _name(text, opening.end(), phrases, is_called=not opening["adjectives"]) or _name(
        text, opening.start("noun"), phrases
    )


def _name(text: str, at: int, phrases: _Language, *, is_called: bool = False) -> Span | None:
    words = list(_capitalised(text, at))
    for count in range(len(words), 0, -1):
        if _is_known(text, words[:count]) or _looks_like_media(text, words[:count], words[count:]):
            return _without_article(text, words[:count])
    if not words or text[slice(*words[0])] in _DAYS or not (is_called or phrases.called.match(text, words[-1][1])):
        return None
    # "told a Croatian newspaper" names none.
    return _without_article(text, words) if _word_before(text, words) not in _INDEFINITE else None


def _capitalised(text: str, at: int) -> Iterator[Span]:
    """Yield where the words of a proper name stand, from here on: capitalised ones, and "of" or "de" between them."""
    between: list[Span] = []
    end = at
    for number, match in enumerate(_WORD.finditer(text, at, at + NAME_WINDOW)):
        if number >= NAME_WORDS or text[end : match.start()].strip(_OPENS if not number else " \u00a0"):
            return
        start, stop, is_last = _trimmed(text, match.start(), match.end())
        word, end = text[start:stop], match.end()
        if word[:1].isupper() or word[:1].isdigit() or (not number and word in _AS_WRITTEN):
            yield from between
            between.clear()
            yield start, stop
        elif number and word in _INNER:
            between.append((start, stop))
        else:
            return
        if is_last:
            return


def _trimmed(text: str, start: int, end: int) -> tuple[int, int, bool]:
    """Return a word without the genitive and the stop behind it, and whether they end the name."""
    word = text[start:end]
    if _INITIALS.fullmatch(word):  # "S. Paulo", "U.S."
        return start, end, False
    core = word.rstrip(".’-–—*")
    core = core[:-2] if core.endswith(("’s", "’S")) else core
    return start, start + len(core), len(core) < len(word)


def _before(text: str, at: int, since: int, phrases: _Language) -> Span | None:
    """Return where the name of a medium stands right before a phrase, with or without what the medium is."""
    begin = max(since, at - NAME_WINDOW)
    window = text[begin:at].rstrip(' ,\u00a0"”»’')
    end = begin + len(window)
    starts = [match.start() + begin for match in _WORD.finditer(window)][-NAME_WORDS:]
    names = [list(_capitalised(text[:end], start)) for start in starts if start > begin or start in {0, since}]
    whole = [
        name  # "Haaretz reported", "Haaretz newspaper reported"
        for name in names
        if name and (name[-1][1] >= end - 2 or phrases.called.fullmatch(text, name[-1][1], end))
    ]
    for is_it in (_is_known, _looks_like_media):
        if name := next((name for name in whole if is_it(text, name)), None):
            return _without_article(text, name)
    return None


def _is_known(text: str, name: Sequence[Span]) -> bool:
    """Tell whether words are a name in the table, with or without their article."""
    words = [text[start:end] for start, end in name]
    if " ".join(words) in _COMMON:
        return True
    words = words[1:] if words[0] == "The" else words
    if not words or (not words[0][0].isupper() and " ".join(words) not in _AS_WRITTEN):
        return False
    spellings = {_key(words), _key([_word_before(text, name), *words])}
    return " ".join(words) in _AS_WRITTEN or not spellings.isdisjoint(_NAMES)


def _looks_like_media(text: str, name: Sequence[Span], rest: Sequence[Span] = ()) -> bool:
    """Tell whether words are built as media's names are; ``rest`` are the capitalised words behind them."""
    words = [text[start:end] for start, end in name]
    words = words[1:] if words[0] == "The" else words
    if not words or "The" in words or (rest and text[slice(*rest[0])] not in _DAYS):
        return False
    if _DOMAIN.fullmatch(words[-1]) or _STATION.fullmatch(words[-1]):
        return True
    folded = [word.casefold() for word in words]
    if not _NOT_MEDIA.isdisjoint(folded):
        return False
    if len(words) == 1:  # "the Times" is one, "Post" is none
        return folded[0] in _ALONE and (len(name) > 1 or _word_before(text, name) == "the")
    return folded[-1] in _WORDS or folded[0] in _FIRST or (folded[0] in _WORDS and folded[1] == "of")


def _word_before(text: str, name: Sequence[Span]) -> str:
    return text[max(0, name[0][0] - 6) : name[0][0]].rstrip(' \u00a0"“„«»').rpartition(" ")[2]


def _without_article(text: str, name: Sequence[Span]) -> Span:
    """Return where a name stands, less its article, but for "The Hill", which has no other name."""
    words = [text[start:end] for start, end in name]
    is_article = words[0] == "The" and len(words) > 1 and " ".join(words) not in _COMMON
    return name[is_article][0], name[-1][1]
