"""A page cut into its lines, each with the element it stands in: the way back from extracted text to the markup."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from pipelines.markup import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.etree import _Element

LINE_BREAKERS = frozenset(
    {
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "body",
            "br",
            "button",
            "center",
            "dd",
            "details",
            "dialog",
            "div",
        ),
        *(
            "dl",
            "dt",
            "fieldset",
            "figcaption",
            "figure",
            "footer",
            "form",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "header",
        ),
        *(
            "hr",
            "iframe",
            "li",
            "main",
            "menu",
            "nav",
            "ol",
            "option",
            "p",
            "pre",
            "section",
            "select",
            "summary",
            "table",
        ),
        *("tbody", "td", "tfoot", "th", "thead", "tr", "ul", "video", "audio"),
    }
)
UNREAD = frozenset(
    {
        "script",
        "style",
        "template",
        "svg",
        "noscript",
        "title",
        "textarea",
        "select",
        "math",
        "object",
        "canvas",
        "head",
    }
)
# A paragraph is looked up by its whole key, then by its beginning: trafilatura drops a few inline things.
HEAD_CHARS = 40
MAX_TRIES = 50  # occurrences tried for one that begins a line: a short key such as "ad" occurs inside many words
_ALNUM = re.compile(r"[^\W_]+")


@dataclass(slots=True)
class Segment:
    """One line of the page as a browser would break it."""

    text: str
    key: str
    element: _Element
    linked: int  # characters inside links
    start: int = 0  # where its key begins in the page's concatenated keys


def text_key(text: str) -> str:
    """Letters and digits only, in lower case: two spellings of one line have one key."""
    return "".join(_ALNUM.findall(text)).casefold()


class Lines:
    """All lines of a page in document order, searchable by text."""

    def __init__(self, body: _Element) -> None:
        self.segments = list(_segments(body))
        offset = 0
        for segment in self.segments:
            segment.start = offset
            offset += len(segment.key)
        self._keys = "".join(segment.key for segment in self.segments)
        self._starts = [segment.start for segment in self.segments]
        self._cursor = 0

    def find(self, text: str) -> Sequence[Segment]:
        """Return the lines that a paragraph was made of; none if it is lost. See `span` about one that occurs twice."""
        span = self.span(text)
        return self.segments[span.start : span.stop] if span else ()

    def span(self, text: str) -> range | None:
        """Return the indices of those lines. Ask for paragraphs in reading order: each search goes on from the last."""
        key = text_key(text)
        if not key:
            return None
        for wanted in (key, key[:HEAD_CHARS]) if len(key) > HEAD_CHARS else (key,):
            at = self._locate(wanted)
            if at >= 0:
                self._cursor = at + len(wanted)
                return range(self._index(at), self._index(min(at + len(key), len(self._keys)) - 1) + 1)
        return None

    def rewind(self) -> None:
        """Start the next search at the top of the page."""
        self._cursor = 0

    def _locate(self, wanted: str) -> int:
        """Find the key after the cursor, else before it, and prefer where a line begins with it."""
        for start in (self._cursor, 0):
            at = first = self._keys.find(wanted, start)
            tries = 0
            while at >= 0 and tries < MAX_TRIES:
                if self.segments[self._index(at)].start == at:
                    return at
                at = self._keys.find(wanted, at + 1)
                tries += 1
            if first >= 0 and len(wanted) >= HEAD_CHARS:
                return first
        return -1

    def _index(self, offset: int) -> int:
        return max(0, bisect_right(self._starts, offset) - 1)


def _segments(body: _Element) -> Iterator[Segment]:
    line = _Line()
    blocks = [body]
    walker = etree.iterwalk(body, events=("start", "end"))
    for event, element in walker:
        tag = element.tag
        breaks = tag in LINE_BREAKERS
        if event == "start":
            if breaks:
                yield from line.flush(blocks[-1])
                blocks.append(element)
            if tag in UNREAD or not isinstance(tag, str):
                walker.skip_subtree()
                continue
            line.in_link += tag == "a"
            line.add(element.text, element)
        else:
            if breaks:
                yield from line.flush(blocks[-1])
                blocks.pop()
            line.in_link -= tag == "a"
            if element is not body:
                line.add(element.tail, element.getparent())


class _Line:
    """The line that is being read."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.owners: list[_Element] = []
        self.linked = 0
        self.in_link = 0

    def add(self, text: str | None, owner: _Element | None) -> None:
        if not text:
            return
        self.pieces.append(text)
        if owner is not None and not text.isspace():
            self.owners.append(owner)
            if self.in_link > 0:
                self.linked += len(text.strip())

    def flush(self, block: _Element) -> Iterator[Segment]:
        """Yield the line, if it holds a letter or a digit, in the element that holds all of it."""
        if self.owners:
            text = clean("".join(self.pieces))
            if key := text_key(text):
                yield Segment(text, key, self.owners[0] if len(self.owners) == 1 else block, self.linked)
        self.pieces, self.owners, self.linked = [], [], 0
