"""When a page says it was published: an instant with its zone, held within what can be true."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from dateutil import parser as dateutil_parser  # type: ignore[import-untyped]
from htmldate import find_date

from pipelines import written_dates
from pipelines.doubts import EARLIEST, EASTMOST, EPOCH, NEVER, doubt
from pipelines.markup import tree_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines.reading import Doubt

_ISO = re.compile(
    r"^(\d{4})-?(\d{2})-?(\d{2})(?:[T\s]+(\d{1,2}):?(\d{2})(?::?(\d{2}))?(?:[.,](\d+))?)?\s*(Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?)?$",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"([+-])(\d{1,2}):?(\d{2})?$")
_YEAR = re.compile(r"(?:19|20)\d{2}")
_NUMBERS = re.compile(r"\d[./-]\s?\d{1,2}[./-]\s?\d")
_NAMED_REGION = re.compile(r"\[[\w/+-]+\]$")  # Java's 2026-06-01T12:00+02:00[Europe/Berlin]
_ZONE_IN_WORDS = re.compile(r"\s*\([^\W\d][^()]{1,60}\)$")  # JavaScript's 10:00:00 GMT+0100 (Central European Time)
_UTC_OFFSET = re.compile(r"(?:GMT|UTC)\s?(?=[+-]\d)")  # which dateutil takes for its opposite
_TO_THE_MINUTE = "%Y-%m-%d %H:%M"
LONGEST = 60  # characters: a longer string is a sentence
# What stands for "none" in Go and .NET, SQL Server, spreadsheets, Unix; the last, west of Greenwich.
_NO_DATES = frozenset({(1, 1, 1), (1753, 1, 1), (1900, 1, 1), (1970, 1, 1), (1969, 12, 31)})
# dateutil reads these as local times of this machine, or not at all.
_HOURS_EAST = {
    **{"Z": 0, "UTC": 0, "GMT": 0, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "PKT": 5, "IST": 5.5},
    **{"JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "ET": -5, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7},
    **{"MDT": -6, "PST": -8, "PDT": -7},
}
_ZONES = {name: int(hours * 3600) for name, hours in _HOURS_EAST.items()}


def parse(raw: str, language: str | None = None) -> tuple[datetime, bool] | None:
    """Return the instant that a string names, UTC where it names no zone, and whether it names one. None: no date.

    ``language`` is the page's, as a tag: "05/06/2026" is no date without it. What programs write where they have no
    date (year 1, the epoch) is none either.
    """
    read = _read(raw, language)
    return None if read and (read[0].year, read[0].month, read[0].day) in _NO_DATES else read


def believable(moment: datetime, now: datetime | None, *, zoned: bool = True) -> bool:
    """Tell whether a page that exists at ``now`` can have been published then."""
    return doubt(moment, now, zoned=zoned) is None


def best(
    candidates: Iterable[tuple[str, str]], now: datetime | None, language: str | None = None
) -> tuple[datetime, str, str] | None:
    """Return (instant, where from, raw) of the first believable candidate (where from, raw).

    One without a clock or a zone gives way to a later candidate that agrees with it and says more.
    """
    chosen: tuple[datetime, str, str] | None = None
    chosen_detail = 0
    for source, raw in candidates:
        read = parse(raw, language)
        if read is None or not believable(read[0], now, zoned=read[1]):
            continue
        moment, zoned = read
        detail = 2 if zoned else 1 if _has_clock(moment) else 0
        if chosen is None or (detail > chosen_detail and _agree(chosen[0], chosen_detail, moment)):
            chosen, chosen_detail = (moment, source, raw), detail
    return chosen


def doubted(
    candidates: Iterable[tuple[str, str]], now: datetime | None, language: str | None = None
) -> tuple[str, str, Doubt] | None:
    """Return (where from, raw, why not) of the first that is a date, or stands for none, and cannot be believed."""
    for source, raw in candidates:
        read = _read(raw, language)
        if read is not None and (why := doubt(read[0], now, zoned=read[1])):
            return source, raw, why
    return None


def by_htmldate(page: str, url: str, now: datetime | None) -> str | None:
    """Return the day that htmldate finds in a page's markup, scripts and text, for which it is parsed anew.

    Not by its extensive search, which would load dateparser (1.3 s for the first page) for one date in forty.
    """
    tree = tree_of(page)
    if tree is None:
        return None
    latest = (now or NEVER).astimezone(UTC) + (EASTMOST if now else timedelta())
    try:
        return find_date(
            tree,
            extensive_search=False,
            original_date=True,
            url=url or None,
            min_date=EARLIEST.replace(tzinfo=None),
            max_date=latest.replace(tzinfo=None),
        )
    except (ValueError, TypeError, OverflowError, AttributeError, RecursionError):
        return None


def _agree(coarse: datetime, detail: int, fine: datetime) -> bool:
    """The same wall clock to the minute where there is one, else the same or a neighbouring day (the day was local)."""
    if detail:
        return coarse.strftime(_TO_THE_MINUTE) == fine.strftime(_TO_THE_MINUTE)
    return abs(coarse.date() - fine.date()) <= timedelta(days=1)


def _has_clock(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second) != (0, 0, 0)


def _read(raw: str, language: str | None) -> tuple[datetime, bool] | None:
    raw = _UTC_OFFSET.sub("", _ZONE_IN_WORDS.sub("", _NAMED_REGION.sub("", raw.strip())))
    try:
        found = _iso(raw) or _epoch(raw) or _loose(raw, language)
    except (ValueError, ArithmeticError):
        return None
    if found is None:
        return None
    return (found, True) if found.tzinfo is not None else (found.replace(tzinfo=UTC), False)


def _iso(raw: str) -> datetime | None:
    match = _ISO.match(raw)
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    moment = datetime(
        int(year), int(month), int(day), int(hour or 0), int(minute or 0), min(int(second or 0), 59), microsecond
    )
    return moment.replace(tzinfo=_zone(zone)) if zone else moment


def _zone(zone: str) -> timezone:
    match = _OFFSET.search(zone)
    if not match:
        return UTC
    offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return timezone(-offset if match[1] == "-" else offset)


def _epoch(raw: str) -> datetime | None:
    if not EPOCH.match(raw):
        return None
    return datetime.fromtimestamp(int(raw) / (1000 if len(raw) == 13 else 1), UTC)


def _loose(raw: str, language: str | None) -> datetime | None:
    """Read "May 31, 2024 6:12 PM EDT" and its like: only where the year is written out, so that nothing is guessed."""
    if len(raw) > LONGEST or not _YEAR.search(raw):
        return None
    written = written_dates.find(raw, language)
    if written is None and _NUMBERS.search(raw):
        return None  # which number is the month?
    for is_day_first in (False, True):
        found = _by_dateutil(raw, is_day_first)
        if found is not None and (written is None or found.date() == written[0].date()):
            return found
    return written[0] if written else None


def _by_dateutil(raw: str, is_day_first: bool) -> datetime | None:
    try:
        return dateutil_parser.parse(raw, tzinfos=_named, default=datetime(2000, 1, 1), dayfirst=is_day_first)  # type: ignore[no-any-return]
    except (ValueError, ArithmeticError):
        return None


def _named(name: str | None, offset: int | None) -> timezone | None:
    seconds = offset if offset is not None else _ZONES.get((name or "").upper())
    return timezone(timedelta(seconds=seconds)) if seconds is not None else None
