"""Dates as people write them, in the page's own language: "20. März 2026", "06.01.2026", "2026년 6월 1일".

The names of months and the order of day and month come from CLDR, by way of babel.
What can be read in two ways is no date.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from babel import Locale, UnknownLocaleError

if TYPE_CHECKING:
    from collections.abc import Iterator

_YEAR = r"((?:19|20)\d{2})"
_WORD = r"([^\W\d_]{3,14}|[^\W\d_]{1,3}\.[^\W\d_]{1,3}\.)"  # the second: Thai abbreviations
_DAY = r"(\d{1,2})(?:st|nd|rd|th|er|º|\.)?"
_OF = r"(?:\s(?:de|del|of|d’|d')\s|\s|-)\s?"
_FORMS = (
    ("ymd", re.compile(rf"(?<!\d){_YEAR}\s?[年년./-]\s?(\d{{1,2}})\s?[月월./-]\s?(\d{{1,2}})(?!\d)")),
    ("dby", re.compile(rf"(?<!\d){_DAY}{_OF}{_WORD}[.,]{{0,2}}{_OF}{_YEAR}(?!\d)")),
    ("bdy", re.compile(rf"(?<!\w){_WORD}[.]?\s?{_DAY},?\s{_YEAR}(?!\d)")),
    ("d.m.y", re.compile(rf"(?<![\d.])(\d{{1,2}})\.\s?(\d{{1,2}})\.\s?{_YEAR}(?!\d)")),
    ("d/m/y", re.compile(rf"(?<![\d/-])(\d{{1,2}})\s?[/-]\s?(\d{{1,2}})\s?[/-]\s?{_YEAR}(?!\d)")),
)
_CLOCK = re.compile(r"^[^\d]{0,12}?(?<!\d)([01]?\d|2[0-3])[:h](\d{2})(?::(\d{2}))?(?![\d:]|\s?[ap]\.?m)", re.IGNORECASE)
ENGLISH = "en"


def find(text: str, language: str | None = None) -> tuple[datetime, str] | None:
    """Return the first date written in a text, zoneless, with its words; the clock behind it where there is one."""
    found = sorted(_dates(text, language), key=lambda entry: entry[1])
    if not found:
        return None
    day, start, end = found[0]
    if clock := _CLOCK.match(text[end : end + 24]):
        hour, minute, second = (int(part or 0) for part in clock.groups())
        if second < 60 and minute < 60:
            return day.replace(hour=hour, minute=minute, second=second), text[start : end + clock.end()]
    return day, text[start:end]


def _dates(text: str, language: str | None) -> Iterator[tuple[datetime, int, int]]:
    for form, pattern in _FORMS:
        for match in pattern.finditer(text):
            if day := _read(form, match, language):
                yield day, match.start(), match.end()
                break


def _read(form: str, match: re.Match[str], language: str | None) -> datetime | None:
    one, two, three = match.groups()
    if form == "ymd":
        return _day(one, two, three)
    if form == "dby":
        return _day(three, _month(two, language), one)
    if form == "bdy":
        return _day(three, _month(one, language), two)
    if form == "d.m.y":
        return _day(three, two, one)
    if int(one) > 12 or int(two) > 12 or one == two:  # only one order is possible
        return _day(three, two, one) or _day(three, one, two)
    order = _order(language or "")
    return _day(three, two, one) if order == "dm" else _day(three, one, two) if order == "md" else None


def _day(year: str | int, month: str | int | None, day: str | int) -> datetime | None:
    try:
        return datetime(int(year), int(month or 0), int(day))
    except ValueError:
        return None


def _month(word: str, language: str | None) -> int | None:
    name = word.casefold().rstrip(".")
    return _months(language or ENGLISH).get(name) or _months(ENGLISH).get(name)


@lru_cache(maxsize=64)
def _months(language: str) -> dict[str, int]:
    """Return the numbers of a language's months by their names, long and short, in all their cases."""
    locale = _locale(language)
    if locale is None:
        return {}
    forms = (locale.months[case][width] for case in ("stand-alone", "format") for width in ("abbreviated", "wide"))
    names = {name.casefold().rstrip("."): number for form in forms for number, name in form.items()}
    return names | ({"sept": 9} if language.startswith(ENGLISH) else {})


@lru_cache(maxsize=64)
def _order(language: str) -> str:
    """Return "dm" or "md"; nothing where the language does not tell: English without its country, none at all."""
    locale = _locale(language)
    if locale is None or (locale.language == ENGLISH and locale.territory is None):
        return ""
    pattern = str(locale.date_formats["short"].pattern)
    return "dm" if pattern.find("d") < pattern.find("M") else "md"


def _locale(language: str) -> Locale | None:
    """Return what CLDR knows of a tag such as `pt-BR`; of its language alone, where it does not know the rest."""
    for tag in (language, language.replace("_", "-").partition("-")[0]):
        try:
            return Locale.parse(tag.replace("-", "_"))
        except (ValueError, UnknownLocaleError, TypeError):
            continue
    return None
