"""The page's main text, paragraph by paragraph: trafilatura first, and three readers for pages that it cannot read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING

from trafilatura.core import bare_extraction
from trafilatura.settings import Document, Extractor

from pipelines.markup import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.etree import _Element
    from lxml.html import HtmlElement

_FAST = Extractor(output_format="python", fast=True, comments=False)
_DEFAULT = Extractor(output_format="python", fast=False, comments=False)

SHORT = 250  # characters: below that trafilatura itself starts to doubt
# articleBody is worse than trafilatura where both exist (measured); it wins only where trafilatura lost most of it.
BODY_RATIO = 2.0
ALL = 0.95
FLAT_RATIO = 2.5  # as much longer must the page's own paragraphs be
FLAT_PARAGRAPH = 80  # characters: shorter lines of an unreadable page are as likely menus

_BLOCKS = frozenset({"body", "p", "head", "item", "quote", "code", "row", "list", "table", "lb", "div"})
_TAG = re.compile(r"<[^<>]*>")
_UNREAD = re.compile(r"<(script|style|template|svg|head)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<(?:/?(?:p|div|br|h[1-6]|li|td|tr|section|article|blockquote)\b)[^<>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of the main text; ``tag`` is trafilatura's: p, head, item, quote, code, row."""

    text: str
    tag: str = "p"


@dataclass(frozen=True, slots=True)
class MainText:
    """Paragraphs, and which reader found them."""

    paragraphs: tuple[Paragraph, ...]
    reader: str

    def __len__(self) -> int:
        """Characters of text."""
        return sum(len(paragraph.text) for paragraph in self.paragraphs)


def main_text(tree: HtmlElement, html: str, body: str | None) -> MainText:
    """Return the page's text. ``body`` is what its JSON-LD gives as articleBody; ``tree`` is left as it was."""
    found = MainText(tuple(_trafilatura(tree, _FAST)), "trafilatura_fast")
    if len(found) < SHORT:
        found = max(found, MainText(tuple(_trafilatura(tree, _DEFAULT)), "trafilatura"), key=len)
    if body:
        written = MainText(tuple(_article_body(body)), "json_ld")
        if len(written) > max(SHORT, BODY_RATIO * len(found)) or _in_one_piece(found, written):
            return written
    if len(found) < SHORT:
        flat = MainText(tuple(_flat(html)), "flat")
        if len(flat) > max(SHORT, FLAT_RATIO * len(found)):
            return flat
    return found


def _in_one_piece(found: MainText, written: MainText) -> bool:
    """Tell whether trafilatura itself fell back to JSON-LD, of which it makes one paragraph."""
    return len(found.paragraphs) == 1 < len(written.paragraphs) and len(written) >= ALL * len(found)


def _trafilatura(tree: HtmlElement, options: Extractor) -> Iterator[Paragraph]:
    document = bare_extraction(tree, options=options)
    if isinstance(document, Document) and document.body is not None:
        yield from _paragraphs(document.body)


def _paragraphs(body: _Element) -> Iterator[Paragraph]:
    """Break trafilatura's output tree into lines, as its own text output does, but one for each line break."""
    pieces: list[str] = []

    def flush(tag: str) -> Iterator[Paragraph]:
        if text := clean("".join(pieces)):
            yield Paragraph(text, tag)
        pieces.clear()

    def walk(element: _Element, around: str) -> Iterator[Paragraph]:
        tag = str(element.tag)
        breaks = tag in _BLOCKS
        inside = tag if breaks and tag not in {"lb", "list", "table", "body", "div"} else around
        if tag == "p" and around in {"item", "quote", "row"}:
            inside = around
        if breaks:
            yield from flush(around)
        elif tag == "cell":
            pieces.append(" ")
        pieces.append(element.text or "")
        for child in element:
            yield from walk(child, inside)
            pieces.append(child.tail or "")
        if breaks:
            yield from flush(inside)

    yield from walk(body, "p")


def _article_body(body: str) -> Iterator[Paragraph]:
    text = unescape(body)
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub("\n", text))
    yield from _lines(text.splitlines())


def _flat(html: str) -> Iterator[Paragraph]:
    """Read the characters between tags: for markup that the parser gives up on."""
    text = _TAG.sub("", _BREAK.sub("\n", _UNREAD.sub(" ", html)))
    yield from (line for line in _lines(unescape(text).split("\n")) if len(line.text) >= FLAT_PARAGRAPH)


def _lines(lines: Iterable[str]) -> Iterator[Paragraph]:
    yield from (Paragraph(text) for line in lines if (text := clean(line)))
