"""A page cut into its lines, each with the element it stands in: the way back from extracted text to the markup."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.markup import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

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
# A paragraph that is not on the page is searched for in all of it. Of 528 pages the one that does so most reads
# 496,000 characters; beyond MOST_READ the next NEAR ones must do, or 10,000 such paragraphs take a minute.
MOST_READ, NEAR = 50_000_000, 5_000
MAX_TRIES = 50  # occurrences tried for one that begins a line: a short key such as "ad" occurs inside many words
_ALNUM = re.compile(r"[^\W_]+")
_LOWER = bytes(range(256)).lower()
_NO_ALNUM = bytes(code for code in range(128) if not chr(code).isalnum())


@dataclass(slots=True)
class Segment:
    """One line of the page as a browser would break it."""

    text: str
    key: str
    element: _Element
    linked: int  # characters inside links
    start: int = 0  # where its key begins in the page's concatenated keys

    @property
    def block(self) -> _Element:
        """The element that breaks the line here: the paragraph of a line that a link or a bold word makes up."""
        element = self.element
        while element.tag not in LINE_BREAKERS and (parent := element.getparent()) is not None:
            element = parent
        return element


def text_key(text: str) -> str:
    """Letters and digits only, in lower case: two spellings of one line have one key.

    ASCII's other characters go first, in one pass over bytes: what is left are few and long runs of letters.
    """
    key = text.encode("utf-8", "surrogatepass").translate(_LOWER, _NO_ALNUM).decode("utf-8", "surrogatepass")
    if key.isascii():
        return key
    return (key if key.isalnum() else "".join(_ALNUM.findall(key))).casefold()


class Lines:
    """All lines of a page in document order, searchable by text."""

    def __init__(self, body: _Element) -> None:
        reader = _Reader()
        reader.read(body, body)
        reader.flush(body)
        self.segments = reader.segments
        offset = 0
        for segment in self.segments:
            segment.start = offset
            offset += len(segment.key)
        self._keys = "".join(segment.key for segment in self.segments)
        self._starts = [segment.start for segment in self.segments]
        self._cursor = 0
        self._read = 0  # characters, by all searches
        self._found: dict[tuple[str, int], tuple[range | None, int]] = {}  # what is asked twice: by recovery, by labels

    def find(self, text: str) -> Sequence[Segment]:
        """Return the lines that a paragraph was made of; none if it is lost. See `span` about one that occurs twice."""
        span = self.span(text)
        return self.segments[span.start : span.stop] if span else ()

    def span(self, text: str) -> range | None:
        """Return the indices of those lines. Ask for paragraphs in reading order: each search goes on from the last."""
        asked = text, self._cursor
        if asked not in self._found:
            self._found[asked] = self._span(text_key(text)), self._cursor
        span, self._cursor = self._found[asked]
        return span

    def _span(self, key: str) -> range | None:
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
            at = first = self._next(wanted, start)
            tries = 0
            while at >= 0 and tries < MAX_TRIES:
                if self.segments[self._index(at)].start == at:
                    return at
                at = self._next(wanted, at + 1)
                tries += 1
            if first >= 0 and len(wanted) >= HEAD_CHARS:
                return first
        return -1

    def _next(self, wanted: str, start: int) -> int:
        stop = len(self._keys) if self._read < MOST_READ else start + NEAR
        at = self._keys.find(wanted, start, stop)
        self._read += (at if at >= 0 else stop) - start
        return at

    def _index(self, offset: int) -> int:
        return max(0, bisect_right(self._starts, offset) - 1)


class _Reader:
    """Breaks an element into lines. It calls itself for what is inside: the parser nests no deeper than 255."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.pieces: list[str] = []  # of the line that is being read: empty, or the first holds more than space
        self.owners: list[_Element] = []
        self.linked = 0

    def read(self, element: _Element, block: _Element, in_link: bool = False) -> None:
        """Read what is in ``element``; ``block`` is the one that breaks the line it begins in."""
        if text := element.text:
            self._add(text, element, in_link)
        for child in element:
            tag = child.tag
            if tag in LINE_BREAKERS:
                if self.pieces:
                    self.flush(block)
                if tag not in UNREAD:
                    self.read(child, child, in_link)
                if self.pieces:
                    self.flush(child)
            elif tag not in UNREAD and isinstance(tag, str):
                self.read(child, block, in_link or tag == "a")
            if text := child.tail:
                self._add(text, element, in_link)

    def flush(self, block: _Element) -> None:
        """End the line: if it holds a letter or a digit, it is one, in the element that holds all of it."""
        text = clean("".join(self.pieces))
        if key := text_key(text):
            owner = self.owners[0] if len(self.owners) == 1 else block
            self.segments.append(Segment(text, key, owner, self.linked))
        self.pieces, self.owners, self.linked = [], [], 0

    def _add(self, text: str, owner: _Element, in_link: bool) -> None:
        if not text.isspace():
            self.pieces.append(text)
            self.owners.append(owner)
            if in_link:
                self.linked += len(text.strip())
        elif self.pieces:
            self.pieces.append(text)
