"""When a page was published that says so in no metadata: by its address, its title, the lines about its headline.

Measured by hiding the metadata of pages that have them: a date that stands elsewhere is mostly another article's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipelines import dates, metadata, written_dates
from pipelines.markup import clean
from pipelines.reading import TEXT
from pipelines.segments import text_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from lxml.html import HtmlElement

    from pipelines.metadata import Meta
    from pipelines.reading import Block
    from pipelines.segments import Lines, Segment

DATED_LINE = 120  # characters: a longer line is a sentence, and tells when something happened
LABELLED = 60  # characters of a label and its date
_STOPS = (".", "!", "?", "。")
ABOVE, BELOW = 4, 12  # lines about the headline in which a page dates itself

_URL_DAY = re.compile(
    r"(?<!\d)((?:19|20)\d{2})([/_-]?)(0[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\2([0-2]\d|3[01])(?=[/_.-]|$)",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CHANGED = re.compile(
    r"updated?\b|modified|changed|aktualisiert|geändert|bearbeitet|mis à jour|modifié|actualizad|modificad|atualizad|"
    r"aggiornat|modificat|bijgewerkt|gewijzigd|uppdatera|opdater|oppdater|päivitetty|aktualiz|zaktualizowan|frissít|"
    r"güncelle|обновл|измен|оновлен|ενημέρωση|تحديث|עודכן|更新|수정",
    re.IGNORECASE,
)
_PUBLISHED = re.compile(
    r"publish|posted|date\b|datum|veröffentlicht|erschienen|erstellt|publié|publicad|fecha|data\b|pubblicat|gepubliceerd|geplaatst|"
    r"publicerad|udgivet|publisert|julkaistu|opublikowan|publikován|megjelen|yayın|tarih|опубликован|дата|опубліковано|"
    r"δημοσ|نشر|פורסם|发布|發布|公開|掲載|입력|등록",
    re.IGNORECASE,
)


def on_page(
    tree: HtmlElement,
    page: str,
    url: str,
    meta: Meta,
    lines: Lines,
    blocks: Sequence[Block],
    now: datetime | None,
    language: str | None,
) -> tuple[datetime, str, str] | None:
    """Return (instant, where from, raw) by the first that names a day, as exactly as another that agrees tells it."""
    folders, slugs = _in_address(url)
    told = [*_in_title(meta, language), *folders, *_about_headline(lines, meta, blocks, language)]
    told += [*_labelled(lines, language), *slugs]
    marked = list(metadata.marked(tree))
    told += [(source, raw) for source, raw, says_published in marked if says_published]
    if not dates.best(told, now, language):
        day = dates.by_htmldate(page, url, now)
        guessed = [*([("html", day)] if day else ()), *((source, raw) for source, raw, _ in marked)]
        changed = {read[0].date() for _, raw in metadata.modified(meta) if (read := dates.parse(raw, language))}
        if guessed and not _is_on(guessed[0][1], changed, language):  # another would be another article's
            told += guessed
    return dates.best([*told, *((source, raw) for source, raw, _ in marked)], now, language) if told else None


def _is_on(raw: str, days: set[date], language: str | None) -> bool:
    """Tell whether a date is of one of these days: what is found somewhere on the page may be the day of a change."""
    read = dates.parse(raw, language)
    return read is not None and read[0].date() in days


def _in_title(meta: Meta, language: str | None) -> Iterator[tuple[str, str]]:
    """Yield the date that a title ends with: "The bridge | Courier | 28.04.2026"."""
    for title in (meta.first("og:title"), meta.head_title):
        last = re.split(r"[|–—·]", title)[-1].strip() if title else ""
        if (found := written_dates.find(last, language)) and text_key(found[1]) == text_key(last):
            yield "title", last


def _in_address(url: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the days that an address names in its folders, and in one run of digits: that may be a draft's day."""
    named: tuple[list[tuple[str, str]], list[tuple[str, str]]] = [], []
    for match in _URL_DAY.finditer(url.partition("?")[0]):
        year, separator, month, day = match.groups()
        number = int(month) if month.isdecimal() else _MONTHS.index(month.lower()) + 1
        named[not separator].append(("url", f"{year}-{number:02}-{day}"))
    return named


def _about_headline(
    lines: Lines, meta: Meta, blocks: Sequence[Block], language: str | None
) -> Iterator[tuple[str, str]]:
    """Yield the dates of the lines from just above the headline down to where the text begins; not those of changes."""
    sentences = {block.text for block in blocks if block.label == TEXT and block.text.endswith(_STOPS)}
    for segment in _near(lines, meta, blocks):
        if len(segment.text) > DATED_LINE or segment.text in sentences:
            continue
        text = segment.text
        if _CHANGED.search(text):
            said = _PUBLISHED.search(text)
            text = text[said.end() :] if said else ""
            if not text:
                continue
        for time in segment.element.iter("time"):
            if (raw := clean(time.get("datetime") or "")) and clean("".join(map(str, time.itertext()))) in text:
                yield "html", raw
        if found := written_dates.find(text, language):
            yield "text", found[1]


def _near(lines: Lines, meta: Meta, blocks: Sequence[Block]) -> Sequence[Segment]:
    keys = {text_key(heading) for heading in meta.headings}
    heads = [at for at, segment in enumerate(lines.segments) if segment.key in keys]
    told = next((block.text for block in blocks if block.label == TEXT and len(block.text) > DATED_LINE), "")
    lines.rewind()
    span = lines.span(told)
    begin = span.start if span else None
    before = [at for at in heads if begin is None or at < begin]
    if before:
        head = before[-1]
        return lines.segments[
            max(0, head - ABOVE) : min(head + BELOW, begin + 1 if begin is not None else head + BELOW)
        ]
    return lines.segments[max(0, begin - BELOW) : begin] if begin is not None else ()


def _labelled(lines: Lines, language: str | None) -> Iterator[tuple[str, str]]:
    """Yield the date that a line calls the page's own, where all such lines say the same: "Datum 28.04.2026"."""
    found = {}
    for segment in lines.segments:
        said = _PUBLISHED.match(segment.text) if len(segment.text) <= LABELLED else None
        if said and (date := written_dates.find(segment.text[said.end() :], language)):
            found[date[0].date()] = date[1]
    if len(found) == 1:
        yield from (("text", raw) for raw in found.values())
