"""When a page says it was published: an instant with its zone, held within what can be true."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from dateutil import parser as dateutil_parser  # type: ignore[import-untyped]
from htmldate import find_date
from lxml.html import document_fromstring

from pipelines.wording import MONTH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.html import HtmlElement

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # before that there was no page to publish on
AHEAD = timedelta(days=2)  # zones differ by at most 26 hours; an embargo does not date a page further ahead
NEVER = datetime(2200, 1, 1, tzinfo=UTC)
DATED_LINE = 120  # characters: a longer line is a sentence, and tells when something happened

_ISO = re.compile(
    r"^(\d{4})-?(\d{2})-?(\d{2})(?:[T\s]+(\d{1,2}):?(\d{2})(?::?(\d{2}))?(?:[.,](\d+))?)?\s*(Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?)?$",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"([+-])(\d{1,2}):?(\d{2})?$")
_WRITTEN_OUT = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th|º|\.)?\s+(?:de\s+)?{MONTH}\.?,?\s+(?:de\s+)?\d{{4}}"
    rf"|{MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}})\b",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"^1\d{9}(\d{3})?$")
# dateutil reads these as local times of this machine, or not at all.
_HOURS_EAST = {
    **{"Z": 0, "UTC": 0, "GMT": 0, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "PKT": 5, "IST": 5.5},
    **{"JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "ET": -5, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7},
    **{"MDT": -6, "PST": -8, "PDT": -7},
}
_ZONES = {name: int(hours * 3600) for name, hours in _HOURS_EAST.items()}


def parse(raw: str) -> tuple[datetime, bool] | None:
    """Return the instant that a string names, UTC where it names no zone, and whether it names one. None: no date."""
    raw = raw.strip()
    try:
        found = _iso(raw) or _epoch(raw) or _loose(raw)
    except (ValueError, OverflowError):
        return None
    if found is None:
        return None
    return (found, True) if found.tzinfo is not None else (found.replace(tzinfo=UTC), False)


def believable(moment: datetime, now: datetime | None) -> bool:
    """Tell whether a page that exists at ``now`` can have been published then."""
    try:
        instant = moment.astimezone(UTC)
    except OverflowError:
        return False
    return EARLIEST <= instant <= (now.astimezone(UTC) + AHEAD if now else NEVER)


def best(candidates: Iterable[tuple[str, str]], now: datetime | None) -> tuple[datetime, str, str] | None:
    """Return (instant, where from, raw) of the first believable candidate (where from, raw).

    One without a clock or a zone gives way to a later candidate that agrees with it and says more.
    """
    chosen: tuple[datetime, str, str] | None = None
    chosen_detail = 0
    for source, raw in candidates:
        read = parse(raw)
        if read is None or not believable(read[0], now):
            continue
        moment, zoned = read
        detail = 2 if zoned else 1 if _has_clock(moment) else 0
        if chosen is None or (detail > chosen_detail and _agree(chosen[0], chosen_detail, moment)):
            chosen, chosen_detail = (moment, source, raw), detail
    return chosen


def from_page(tree: HtmlElement, url: str, now: datetime | None) -> str | None:
    """Return the day that htmldate finds in markup and text: the slow way, for pages whose metadata has none.

    Its extensive search would load dateparser (1.3 s for the first page) for one date in forty: see `in_lines`.
    """
    return _found(tree, url, now, extensive=False)


def in_lines(lines: Iterable[str], now: datetime | None) -> str | None:
    """Return the first date that is written out in one of some short lines: "Saltmere, 20 November 2026"."""
    for line in lines:
        if len(line) <= DATED_LINE and (match := _WRITTEN_OUT.search(line)):
            return match[0] if parse(match[0]) else _found(_page_of(match[0]), "", now, extensive=True)
    return None


def _page_of(words: str) -> HtmlElement:
    return document_fromstring(f"<html><body><p>{words}</p></body></html>")


def _found(page: HtmlElement, url: str, now: datetime | None, *, extensive: bool) -> str | None:
    latest = (now or NEVER).astimezone(UTC) + (AHEAD if now else timedelta())
    try:
        return find_date(
            page,
            extensive_search=extensive,
            original_date=True,
            url=url or None,
            min_date=EARLIEST.replace(tzinfo=None),
            max_date=latest.replace(tzinfo=None),
        )
    except (ValueError, TypeError, OverflowError, AttributeError, RecursionError):
        return None


def _agree(coarse: datetime, detail: int, fine: datetime) -> bool:
    """The same wall clock where there is one, else the same or a neighbouring day (the day was local)."""
    if detail:
        return coarse.replace(tzinfo=None, microsecond=0) == fine.replace(tzinfo=None, microsecond=0)
    return abs(coarse.date() - fine.date()) <= timedelta(days=1)


def _has_clock(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second) != (0, 0, 0)


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
    if not _EPOCH.match(raw):
        return None
    return datetime.fromtimestamp(int(raw) / (1000 if len(raw) == 13 else 1), UTC)


def _loose(raw: str) -> datetime | None:
    """Read "May 31, 2024 6:12 PM EDT" and its like: only where the year is written out, so that nothing is guessed."""
    if not re.search(r"(?:19|20)\d{2}", raw) or len(raw) > 60:
        return None
    found: datetime = dateutil_parser.parse(raw, tzinfos=_ZONES, default=datetime(2000, 1, 1))
    return found
