"""CSV files of sources, by the names in their first line, and plain lists of addresses."""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Final

from console.sources.drafts import (
    MANY_TAGS,
    MANY_URLS,
    Bad,
    Draft,
    Read,
    country_code,
    language_code,
    lines_of,
    merged,
    once,
    web_address,
)

DELIMITERS: Final = ",;\t|"
# What people call the columns, in lower case and without blanks; the last word of each line is what we call it.
COLUMNS: Final = {
    **dict.fromkeys(("name", "title", "source", "outlet"), "name"),
    **dict.fromkeys(("url", "homepage", "home", "site", "website", "htmlurl", "address", "domain"), "url"),
    **dict.fromkeys(("feed", "feeds", "rss", "xmlurl", "feedurl", "feedurls", "rssurl"), "feeds"),
    **dict.fromkeys(("sitemap", "sitemaps", "sitemapurl"), "sitemaps"),
    **dict.fromkeys(("section", "sections"), "sections"),
    **dict.fromkeys(("tag", "tags", "category", "categories", "folder"), "tags"),
    **dict.fromkeys(("owner", "publisher", "group"), "owner"),
    **dict.fromkeys(("country", "countrycode"), "country"),
    **dict.fromkeys(("language", "lang"), "language"),
    **dict.fromkeys(("enabled", "active"), "enabled"),
}
NO: Final = frozenset({"no", "false", "0", "off", "n"})


def header_of(text: str) -> tuple[str, list[str]] | None:
    """Return the delimiter and our names of the columns ("" for those that mean nothing); None where it is no table."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    for delimiter in DELIMITERS:
        words = next(csv.reader([first], delimiter=delimiter), [])
        columns = [COLUMNS.get(re.sub(r"[\s_()-]", "", word).lower(), "") for word in words]
        if {"url", "feeds", "sitemaps"} & set(columns) and (len(words) > 1 or delimiter == DELIMITERS[-1]):
            return delimiter, columns
    return None


def read_table(text: str, delimiter: str, columns: Sequence[str]) -> list[Read]:
    """Return one draft for each row; rows of one name and homepage are one source."""
    return merged(_rows(text, delimiter, columns))


def _rows(text: str, delimiter: str, columns: Sequence[str]) -> Iterator[Read]:
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    is_header = True
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield Bad(line, f"not CSV: {error}")
            continue
        if row is None:
            return
        if any(cell.strip() for cell in row):
            if not is_header:
                yield _row(line, dict(zip(columns, row, strict=False)))
            is_header = False


def _row(line: int, cells: dict[str, str]) -> Read:
    cells = {name: cell.strip() for name, cell in cells.items() if name}
    urls: dict[str, tuple[str, ...]] = {}
    for name in ("url", "feeds", "sitemaps", "sections"):
        cell = cells.get(name, "")
        given = once([cell] if name == "url" else MANY_URLS.split(cell))
        if wrong := [text for text in given if web_address(text) is None]:
            return Bad(line, f"{name}: no address of the web: {wrong[0][:200]}")
        urls[name] = tuple(filter(None, map(web_address, given)))
    if not any(urls.values()):
        return Bad(line, "no address")
    name, url = cells.get("name", ""), urls["url"][0] if urls["url"] else None
    return Draft(
        line=line,
        url=url,
        name=name,
        feeds=urls["feeds"],
        sitemaps=urls["sitemaps"],
        sections=urls["sections"],
        tags=once(MANY_TAGS.split(cells.get("tags", ""))),
        owner=cells.get("owner") or None,
        country=country_code(cells.get("country")),
        language=language_code(cells.get("language")),
        enabled=cells.get("enabled", "").lower() not in NO,
        group=(name, url) if name and url else None,
    )


def read_list(text: str) -> list[Read]:
    """Return one draft for each address of a plain list, one a line."""
    return [
        Draft(line, url) if (url := web_address(said)) else Bad(line, f"no address of the web: {said[:200]}")
        for line, said in lines_of(text)
    ]
