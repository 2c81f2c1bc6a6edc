"""The page's main text, paragraph by paragraph: trafilatura first, and five readers for pages that it cannot read."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from heapq import nlargest
from html import unescape
from typing import TYPE_CHECKING

from trafilatura.core import bare_extraction
from trafilatura.settings import Document, Extractor

from pipelines import app_state
from pipelines.markup import clean
from pipelines.segments import text_key
from pipelines.standing import HEADINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.etree import _Element
    from lxml.html import HtmlElement

    from pipelines.segments import Lines, Segment

# Not as "python", which would write the tree that we read as a text, too.
_FAST = Extractor(output_format="txt", fast=True, comments=False)
_DEFAULT = Extractor(output_format="txt", fast=False, comments=False)

SHORT = 250  # characters: below that trafilatura itself starts to doubt
# articleBody is worse than trafilatura where both exist (measured); it wins only where trafilatura lost most of it.
BODY_RATIO = 2.0
ALL = 0.95
FLAT_RATIO = 2.5  # as much longer must the page's own paragraphs be
FLAT_PARAGRAPH = 80  # characters: shorter lines of an unreadable page are as likely menus
# The paragraphs of one element that hold this much more than what was found are the story. Of 528 pages two have any
# that hold more at all: a box about cookies (3.6 times) and a comment (2.9).
RUN_RATIO = 5.0
RUNS = 5  # elements looked at: comments and notices may hold more than the story
STUB = 3000  # characters: of a longer text nothing much can be missing, and reading the data of a page costs
MENU = 0.5  # share of links in all that was found; on 528 pages one such text was met, a menu with the story inside
LINKED = 0.3  # share of a paragraph's characters inside links beyond which it is a list of them
_ASIDE = re.compile(r"comment|cookie|consent|privacy|gdpr|legal|terms|disclaimer|footer", re.IGNORECASE)

_BLOCKS = frozenset({"body", "p", "head", "item", "quote", "code", "row", "list", "table", "lb", "div"})
_TAG = re.compile(r"<[^<>]*>")
_UNREAD = re.compile(r"<(/?)(script|style|template|svg|head)\b", re.IGNORECASE)
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


def main_text(tree: HtmlElement, html: str, body: str | None, lines: Lines) -> MainText:
    """Return the page's text. ``body`` is what its JSON-LD gives as articleBody; ``tree`` is left as it was."""
    found = MainText(tuple(_trafilatura(tree, _FAST)), "trafilatura_fast")
    if len(found) < SHORT:
        found = max(found, MainText(tuple(_trafilatura(tree, _DEFAULT)), "trafilatura"), key=len)
    elif _is_menu(found, lines):
        found = MainText(tuple(_trafilatura(tree, _DEFAULT)), "trafilatura")
    if len(found.paragraphs) == 1:
        found = _broken_up(found, lines)
    if body:
        written = MainText(tuple(written_lines(body)), "json_ld")
        if len(written) > max(SHORT, BODY_RATIO * len(found)) or _in_one_piece(found, written):
            return written
    if len(found) < STUB:
        state = MainText(tuple(map(Paragraph, app_state.story(tree))), "app_state")
        if len(state) > max(SHORT, BODY_RATIO * len(found)) and _begins(state, found):
            return state
    if run := tuple(_longest_run(lines, max(SHORT, RUN_RATIO * len(found)))):
        return MainText(run, "paragraphs")
    if len(found) < SHORT:
        flat = MainText(tuple(_flat(html)), "flat")
        if len(flat) > max(SHORT, FLAT_RATIO * len(found)):
            return flat
    return found


def _begins(longer: MainText, found: MainText) -> bool:
    """Tell whether a longer text holds a paragraph that was found: else it may be another article's."""
    keys = {text_key(paragraph.text) for paragraph in longer.paragraphs if len(paragraph.text) >= FLAT_PARAGRAPH}
    return any(text_key(paragraph.text) in keys for paragraph in found.paragraphs)


def _is_menu(found: MainText, lines: Lines) -> bool:
    """Tell whether all that was found is one paragraph of links: the page's menu, with the story lost in it."""
    if len(found.paragraphs) != 1:
        return False
    held = lines.find(found.paragraphs[0].text)
    return sum(line.linked for line in held) > MENU * sum(len(line.text) for line in held)


def _broken_up(found: MainText, lines: Lines) -> MainText:
    """Return the page's own lines where all its text was read as one paragraph, as trafilatura's last resort does."""
    lines.rewind()
    held = lines.find(found.paragraphs[0].text)
    if len(held) < 2 or sum(len(line.text) for line in held) > len(found) + len(held):
        return found
    tags = ("head" if line.block.tag in HEADINGS else "item" if line.block.tag == "li" else "p" for line in held)
    return MainText(tuple(map(Paragraph, (line.text for line in held), tags)), found.reader)


def _in_one_piece(found: MainText, written: MainText) -> bool:
    """Tell whether trafilatura itself fell back to JSON-LD, of which it makes one paragraph."""
    return len(found.paragraphs) == 1 < len(written.paragraphs) and len(written) >= ALL * len(found)


def _trafilatura(tree: HtmlElement, options: Extractor) -> list[Paragraph]:
    document = bare_extraction(tree, options=options)
    return _paragraphs(document.body) if isinstance(document, Document) and document.body is not None else []


def _paragraphs(body: _Element) -> list[Paragraph]:
    """Break trafilatura's output tree into lines, as its own text output does, but one for each line break."""
    found: list[Paragraph] = []
    pieces: list[str] = []

    def flush(tag: str) -> None:
        if pieces and (text := clean("".join(pieces))):
            found.append(Paragraph(text, tag))
        pieces.clear()

    def walk(element: _Element, around: str) -> None:
        tag = str(element.tag)
        breaks = tag in _BLOCKS
        inside = tag if breaks and tag not in {"lb", "list", "table", "body", "div"} else around
        if tag == "p" and around in {"item", "quote", "row"}:
            inside = around
        if breaks:
            flush(around)
        elif tag == "cell":
            pieces.append(" ")
        if text := element.text:
            pieces.append(text)
        for child in element:
            walk(child, inside)
            if text := child.tail:
                pieces.append(text)
        if breaks:
            flush(inside)

    walk(body, "p")
    return found


def written_lines(body: str) -> Iterator[Paragraph]:
    """Yield the lines of a text in JSON-LD, which may hold markup."""
    text = unescape(body)
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub("\n", text))
    yield from _lines(text.splitlines())


def _longest_run(lines: Lines, least: float) -> Iterator[Paragraph]:
    """Yield the paragraphs of the element that holds most text in paragraphs of its own, and is not there for else.

    Nothing where those have no more than ``least`` characters: on the usual page all paragraphs together have not.
    """
    told = [line for line in lines.segments if len(line.text) >= FLAT_PARAGRAPH and not _is_linked(line)]
    if _mass(told) <= least:
        return
    runs: dict[_Element, list[Segment]] = defaultdict(list)
    for segment in told:
        block = segment.block
        if block.tag == "p" and (parent := block.getparent()) is not None:
            runs[parent].append(segment)
    for element in nlargest(RUNS, runs, key=lambda one: _mass(runs[one])):
        if _mass(runs[element]) <= least:
            return
        if not any(_ASIDE.search(f"{one.get('class')} {one.get('id')}") for one in (element, *element.iterancestors())):
            yield from (Paragraph(segment.text) for segment in runs[element])
            return


def _is_linked(line: Segment) -> bool:
    return line.linked >= LINKED * len(line.text)


def _mass(told: Iterable[Segment]) -> int:
    return sum(len(segment.text) for segment in told)


def _flat(html: str) -> Iterator[Paragraph]:
    """Read the characters between tags: for markup that the parser gives up on."""
    text = _TAG.sub("", _BREAK.sub("\n", " ".join(_outside(html))))
    yield from (line for line in _lines(unescape(text).split("\n")) if len(line.text) >= FLAT_PARAGRAPH)


def _outside(html: str) -> Iterator[str]:
    """Yield what stands outside scripts and the like; one that never ends is read on, as it was never begun."""
    start, opened = 0, None
    for tag in _UNREAD.finditer(html):
        name = tag[2].lower()
        if tag[1]:
            if opened is not None and name == opened[0]:
                yield html[start : opened[1]]
                start, opened = tag.end(), None
        elif opened is None:
            opened = name, tag.start()
    yield html[start:]


def _lines(lines: Iterable[str]) -> Iterator[Paragraph]:
    yield from (Paragraph(text) for line in lines if (text := clean(line)))
