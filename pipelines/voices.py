"""Who speaks in a report, sentence by sentence: to its own outlet, in public, or without a name.

What tells a report of its own from one that rests on another medium's (dedup/origins.py). A sentence is a voice where
it has a verb of speech or a quotation, and names no medium as its source. Whoever is not known for an office, a body of
state or a public occasion speaks to the outlet itself: that is the side to err on. The table is ``voices.toml``.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dedup.origins import Place, Voice, Whose

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

QUOTED_WORDS = 4  # of a quotation without a verb of speech; what is shorter is a term or a title
MOST = 1_000  # voices of a report; a page of more is a list

_TABLES: dict[str, dict[str, list[str]]] = tomllib.loads(
    Path(__file__).with_name("voices.toml").read_text(encoding="utf-8")
)
_NAME = r"[^\W\d_a-zß-ÿ][\w’'-]+"
_QUOTED = re.compile(r"([“„«\"])([^“”„«»\"]*)([”“»\"]|$)")
# Behind "Sen." and "U.S." a sentence goes on.
_TITLES = "".join(rf"(?<!\b{title})" for title in ("[A-Z]", "Sen", "Rep", "Gov", "Mr", "Mrs", "Ms", "Dr", "St", "Gen"))
_SENTENCE = re.compile(rf"\S.*?(?:{_TITLES}[.!?]+[”“»\"’)]*(?=\s+[^a-zß-ÿ])|$)", re.DOTALL)
_FULL_NAME = re.compile(rf"(?<!\w){_NAME} {_NAME}")


@dataclass(frozen=True, slots=True)
class _Language:
    said: re.Pattern[str]
    public: re.Pattern[str]
    holder: re.Pattern[str]  # an office and a name: "French President Emmanuel Macron"; or the other way round
    unnamed: re.Pattern[str]
    medium: re.Pattern[str]
    pronoun: re.Pattern[str]
    own: re.Pattern[str]
    unverified: re.Pattern[str]


@cache
def _language(code: str) -> _Language | None:
    table: dict[str, Any] | None = _TABLES.get(code)
    if table is None:
        return None
    offices, said, pronouns = ("|".join(table[key]) for key in ("offices", "said", "pronouns"))
    return _Language(
        _words(table["said"]),
        _words(table["offices"] + table["bodies"] + table["occasions"]),
        re.compile(
            rf"(?<!\w)(?i:{offices})(?: (?:of|for|der|des|de|du|del)(?: {_NAME})+)?((?: {_NAME}){{1,4}})"
            rf"|((?:{_NAME} ){{1,3}}{_NAME}), (?:[\w’-]+ ){{0,3}}(?i:{offices})(?!\w)"
        ),
        _words(table["unnamed"]),
        _words(table["medium"]),
        re.compile(rf"(?<!\w)(?i:(?:{pronouns}) (?:\w+ )?(?:{said})|(?:{said}) (?:{pronouns}))(?!\w)"),
        _words(table["own"]),
        _words(table.get("unverified", ["(?!)"])),
    )


def _words(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?i:{'|'.join(patterns)})(?!\w)")


def voices(
    blocks: Sequence[tuple[int, str]], language: str | None, media: Iterable[str], outlets: Iterable[str]
) -> list[Voice] | None:
    """Return the voices in a report's blocks (position, text), in order; None in a language that has no table.

    ``media`` are the names of its stated sources, as they stand there; ``outlets`` are its own names. A sentence with
    one of the first is that medium's and no voice, one with one of the second is the outlet's own.
    """
    phrases = _language((language or "en").partition("-")[0])
    if phrases is None:
        return None
    speakers = {name.split()[-1] for _, text in blocks for name in _holders(text, phrases)}
    finder = _Finder(phrases, _any_name(media), _any_name(map(_without_article, outlets)), _any_name(speakers))
    found = ((position, *voice) for position, text in blocks for voice in finder.of_block(text))
    return [Voice(Place(position, start, end), whose) for position, start, end, whose in islice(found, MOST)]


class _Finder:
    """Reads a report's blocks in order, and remembers who spoke last: "he added" is his."""

    def __init__(
        self, phrases: _Language, media: re.Pattern[str], outlet: re.Pattern[str], holders: re.Pattern[str]
    ) -> None:
        self.phrases = phrases
        self.media = media
        self.outlet = outlet
        self.holders = holders
        self.last: Whose | None = Whose.OWN  # None: a medium's
        self.is_stranger_near = False  # somebody else was named since

    def of_block(self, text: str) -> Iterator[tuple[int, int, Whose]]:
        plain = _QUOTED.sub(_masked, text)
        for match in _SENTENCE.finditer(plain):
            whose, speaks = self._whose(match[0], text[match.start() : match.end()])
            if speaks:
                self.last, self.is_stranger_near = whose, False
            elif _FULL_NAME.search(match[0]) and not self._is_public(match[0]):
                self.is_stranger_near = True
            if speaks and whose is not None:
                yield match.start(), match.end(), whose

    def _whose(self, plain: str, text: str) -> tuple[Whose | None, bool]:
        """Return whose voice a sentence is, None for a medium's, and whether it is one; ``plain`` is masked."""
        if self.outlet.search(plain) or self.phrases.own.search(plain):
            return Whose.OWN, not self.phrases.unverified.search(plain)
        if self.media.search(plain) or self.phrases.medium.search(plain):
            return None, True
        said = self.phrases.said.search(plain)
        if not said and not any(len(quote[2].split()) >= QUOTED_WORDS for quote in _QUOTED.finditer(text)):
            return None, False
        if self.phrases.unnamed.search(plain):
            return Whose.UNNAMED, True
        if self._is_public(plain):
            return Whose.PUBLIC, True
        goes_on = not said or self.phrases.pronoun.search(plain)
        is_stranger = self.is_stranger_near or _FULL_NAME.search(plain)
        return (self.last if goes_on and not is_stranger else Whose.OWN), True

    def _is_public(self, plain: str) -> bool:
        return bool(self.phrases.public.search(plain) or self.holders.search(plain))


def _holders(text: str, phrases: _Language) -> Iterator[str]:
    for match in phrases.holder.finditer(text):
        yield match[1] or match[2]


def _masked(quotation: re.Match[str]) -> str:
    """Return a quotation without its words: what is said in it is no verb of the sentence, and ends none."""
    inside = quotation[2]
    end = inside[-1:] if inside[-1:] in ".!?" else "_"
    return quotation[1] + "_" * (len(inside) - 1) + (end if inside else "") + quotation[3]


def _any_name(names: Iterable[str]) -> re.Pattern[str]:
    known = sorted({name for name in names if name}, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, known))})(?!\w)" if known else r"(?!)")


def _without_article(name: str) -> str:
    return name.removeprefix("The ")
