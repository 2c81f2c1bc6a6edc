"""What feedparser's own test files expect of a feed, held against what our reader makes of it.

Each file opens with ``Expect: <expression>``. Its comparisons that concern an entry's title, link, id, dates, author or
summary, or the feed's title and link, are evaluated against our values; all others are counted as of no concern (of an
entry's many links, contents and tags we keep one or none).
Our reader leaves relative links as written and turns markup into plain text, on purpose, so both sides are converted
before they are compared, and each conversion that was needed is counted by its name:

* ``plain text``: expected markup is read as plain text, cut to the length that we keep;
* ``markup alone``: as above, and no text is left on either side: what feedparser tests there is its sanitiser;
* ``resolved link``: both sides are resolved against the address of the test server, by ada-url;
* ``instant``: an expected date in words is read by feedparser's own parser;
* ``part of the author``: an expected name or address of an author is found within our one line of authors.
"""

import ast
import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from feedparser.datetimes import _parse_date

from crawler.readers.feeds import MAX_AUTHOR, MAX_SUMMARY, MAX_TITLE, Entry, FeedEntries
from crawler.readers.plain import plain
from foundation.errors import UnusableUrl
from foundation.urls import absolute

BASE: Final = "http://127.0.0.1:8097/"  # where feedparser's tests serve their files
HEADER: Final = re.compile(r"^\s*Header:\s+([^\s:]+):\s*(.+?)\s*$", re.MULTILINE)
EXPECT: Final = re.compile(r"^\s*Expect:\s*(.+?)\s*$", re.MULTILINE)

TEXTS: Final = {"title": MAX_TITLE, "summary": MAX_SUMMARY, "description": MAX_SUMMARY}
PUBLISHED: Final = ("published", "issued", "created")
UPDATED: Final = ("updated", "modified", "date")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One comparison: the field that it concerns, what both sides said, and what had to be converted."""

    field: str
    is_met: bool
    conversion: str | None
    expected: object
    found: object


def header(text: str, name: str) -> str | None:
    """Return a header that the test server would have sent."""
    return next((value for key, value in HEADER.findall(text) if key.lower() == name), None)


def verdicts(text: str, listed: FeedEntries) -> Iterator[Verdict | None]:
    """Evaluate a file's expectation; None for each comparison of no concern."""
    match = EXPECT.search(text)
    if match is None:
        return
    for subject, expected in _comparisons(ast.parse(match[1], mode="eval").body):
        yield _verdict(subject, expected, listed)


def _comparisons(node: ast.expr) -> Iterator[tuple[list[Any], object]]:
    """Yield what is compared, as the names that lead to it, and with what; an empty path for anything else."""
    match node:
        case ast.BoolOp(op=ast.And(), values=parts):
            for part in parts:
                yield from _comparisons(part)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield _path(operand), None
        case ast.Compare(left=left, ops=ops, comparators=others) if all(isinstance(op, (ast.Eq, ast.Is)) for op in ops):
            *subjects, last = [left, *others]
            for subject in subjects:
                yield _path(subject), _value(last)
        case _:
            yield [], None


def _path(node: ast.expr) -> list[Any]:
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.Attribute(value=inner, attr=name) if path := _path(inner):
            return [*path, name]
        case ast.Subscript(value=inner, slice=ast.Constant(value=key)) if path := _path(inner):
            return [*path, key]
    return []


def _value(node: ast.expr) -> object:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return str(_value(node.left)) + str(_value(node.right))
    try:
        return ast.literal_eval(node)
    except ValueError:
        return NotImplemented


def _verdict(path: list[Any], expected: object, listed: FeedEntries) -> Verdict | None:
    if expected is NotImplemented:
        return None
    match path:
        case ["entries", int(number), str(name), *rest]:
            entry = listed.entries[number] if number < len(listed.entries) else Entry("")
            return _of_entry(name, rest, expected, entry)
        case ["feed" | "channel", "title"] | ["feed" | "channel", "title_detail", "value"]:
            return _text("feed title", expected, listed.title, MAX_TITLE)
        case ["feed" | "channel", "link"]:
            return _link("feed link", expected, listed.home)
    return None


def _of_entry(name: str, rest: list[Any], expected: object, entry: Entry) -> Verdict | None:
    text = name.removesuffix("_detail")
    if text in TEXTS and rest == ([] if text == name else ["value"]):
        return _text(text, expected, entry.title if text == "title" else entry.summary, TEXTS[text])
    match name.removesuffix("_parsed"), rest:
        case "link", []:
            return _link("link", expected, entry.url)
        case "id" | "guid", []:
            return _link("id", expected, entry.id)
        case "author", []:
            return _text("author", expected, entry.author, MAX_AUTHOR)
        case ("author_detail", ["name" | "email"]) | ("authors", [int(), "name" | "email"]):
            met = isinstance(expected, str) and expected in (entry.author or "")
            return Verdict("author", met, "part of the author", expected, entry.author)
        case key, [] if key in PUBLISHED:
            return _date("published", expected, entry.published)
        case key, [] if key in UPDATED:
            return _date("updated", expected, entry.updated)
    return None


def _text(field: str, expected: object, found: str | None, limit: int) -> Verdict:
    if (expected or None) == found:
        return Verdict(field, True, None, expected, found)
    readings = {plain(expected, limit, kind) for kind in ("text/html", "text/plain")}
    is_bare = found is None and None in readings
    return Verdict(field, found in readings, "markup alone" if is_bare else "plain text", expected, found)


def _link(field: str, expected: object, found: str | None) -> Verdict:
    if (expected or None) == (found or None):
        return Verdict(field, True, None, expected, found)
    try:
        met = isinstance(expected, str) and absolute(expected, BASE) == absolute(found or "", BASE) and bool(found)
    except UnusableUrl:
        met = False
    return Verdict(field, met, "resolved link", expected, found)


def _date(field: str, expected: object, found: datetime | None) -> Verdict:
    is_words = isinstance(expected, str)
    parts: Any = _parse_date(expected) if is_words else expected
    try:
        instant = datetime.fromtimestamp(calendar.timegm(parts), UTC) if parts else None
    except (TypeError, ValueError):
        instant = None
    return Verdict(field, instant == found, "instant" if is_words else None, expected, found)
