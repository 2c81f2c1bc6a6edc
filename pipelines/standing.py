"""Where each paragraph stands on its page: the elements around it that are not the story, and what they are called."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from pipelines.reading import TEXT
from pipelines.segments import text_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from lxml.etree import _Element

    from pipelines.main_text import Paragraph
    from pipelines.segments import Lines, Segment

# An element that holds more of the text than this is the story, whatever its class says.
STORY_SHARE = 0.4
LONG = 100  # characters of a paragraph that is no caption, prompt or name
ID_WORDS = 3  # a longer id, such as "full-time-career-cheats", is an anchor made from a heading and names nothing
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
NAMING = ("class", "id", "data-testid", "data-component")
Kind: TypeAlias = "tuple[object, str | None]"  # an element's tag and class
_TOKEN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SENTENCE_END = re.compile(r"[.!?…。！？।؟:;]['\"”’»)\]]*$")


@dataclass(frozen=True, slots=True)
class Page:
    """What is known about the page before its paragraphs are judged."""

    title: str | None = None
    titles: tuple[str, ...] = ()  # the headline in every form that the page gives
    authors: tuple[str, ...] = ()
    byline: str | None = None  # what the page marks as such, in or out of the text
    site_name: str | None = None
    description: str | None = None
    host: str = ""


@dataclass(slots=True)
class Line:
    """One paragraph, where it stands, and its label as far as it is decided."""

    paragraph: Paragraph
    index: int
    count: int  # paragraphs on the page
    segments: Sequence[Segment] = ()
    path: list[_Element] = field(default_factory=list)  # elements around it that are not the story, innermost first
    tokens: frozenset[str] = frozenset()  # the words of their classes and ids
    tags: frozenset[str] = frozenset()
    linked: float = 0.0  # share of its characters inside links
    key: str = ""
    label: str = TEXT
    rule: str = ""
    silent: Collection[str] = ()  # rules that do not speak

    @property
    def text(self) -> str:
        """What it says."""
        return self.paragraph.text

    @property
    def tag(self) -> str:
        """What the reader took it for: p, head, item, quote, code, row."""
        return self.paragraph.tag

    @property
    def closed(self) -> bool:
        """Whether it ends as a sentence does."""
        return is_closed(self.text)

    @property
    def from_end(self) -> int:
        """How many paragraphs follow."""
        return self.count - 1 - self.index

    def call(self, label: str, rule: str) -> None:
        """Label it, unless an earlier rule did."""
        if self.label == TEXT and rule not in self.silent:
            self.label, self.rule = label, rule


def is_closed(text: str) -> bool:
    """Tell whether a line ends as a sentence does."""
    return bool(_SENTENCE_END.search(text))


def locate(paragraphs: Sequence[Paragraph], lines: Lines, silent: Collection[str] = ()) -> list[Line]:
    """Find each paragraph's place on the page."""
    lines.rewind()
    count = len(paragraphs)
    ways: dict[_Element, list[_Element]] = {}
    read = [_place(Line(text, index, count, silent=silent), lines, ways) for index, text in enumerate(paragraphs)]
    mass: Counter[_Element] = Counter()
    for line in read:
        for element in line.path:
            mass[element] += len(line.text)
    story = STORY_SHARE * sum(len(line.text) for line in read)
    of_story = _story_kinds(read, story)
    named: dict[_Element, frozenset[str]] = {}
    for line in read:
        line.path = line.path[: next((at for at, element in enumerate(line.path) if mass[element] > story), None)]
        for element in line.path:
            if element not in named:
                named[element] = frozenset() if _kind(element) in of_story else frozenset(_tokens(element))
        line.tokens = frozenset().union(*(named[element] for element in line.path))
        line.tags = frozenset(str(element.tag) for element in line.path)
    return read


def _story_kinds(read: Sequence[Line], story: float) -> set[Kind]:
    """Return the kinds of element that the story stands in, though it be broken up: their classes name nothing, either.

    They hold the first long paragraph, as comments and boxes of links below a short story do not.
    """
    first = next((line for line in read if len(line.text) >= LONG and line.closed), None)
    around = [element for element in first.path if element.get("class")] if first else []
    held = dict.fromkeys(map(_kind, around), 0)
    for line in read if held else ():
        for kind in held.keys() & set(map(_kind, line.path)):
            held[kind] += len(line.text)
    return {kind for kind, length in held.items() if length > story}


def _kind(element: _Element) -> Kind:
    return element.tag, element.get("class")


def _place(line: Line, lines: Lines, ways: dict[_Element, list[_Element]]) -> Line:
    """Fill in where a line stands; ``ways`` keeps the way up from each parent, which most paragraphs share."""
    line.key = text_key(line.text)
    line.segments = lines.find(line.text)
    if line.segments:
        element = line.segments[0].element
        parent = element.getparent()
        if parent is not None and parent not in ways:
            ways[parent] = [parent, *parent.iterancestors()]
        line.path = [element, *(ways[parent] if parent is not None else ())]
        line.linked = sum(segment.linked for segment in line.segments) / max(
            1, sum(len(segment.text) for segment in line.segments)
        )
    return line


def _tokens(element: _Element) -> Iterator[str]:
    for attribute in NAMING:
        words = [token.lower() for token in _TOKEN.findall(element.get(attribute) or "")]
        if attribute != "id" or (len(words) <= ID_WORDS and element.tag not in HEADINGS):
            yield from words
