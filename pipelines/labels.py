"""Which paragraphs of a page are furniture, and which rule says so: line by line, then by what stands around each."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from pipelines.reading import TEXT, Block
from pipelines.rules import LATE, LINKED, MOSTLY_LINKED, RULES, TOP, leads_away, names_somebody, tells
from pipelines.segments import text_key
from pipelines.standing import locate

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lxml.etree import _Element

    from pipelines.main_text import Paragraph
    from pipelines.rules import Rule
    from pipelines.segments import Lines
    from pipelines.standing import Line, Page

BOX_LINKED = 0.4  # share of the lines under a heading that must be links to make the box a list of articles
PART_OF_LINE = 0.4  # a card that gives its title twice, once as the link
HEADING = 80  # characters: longer ones are sentences
HEADLINE = 200  # characters
SAME_WORDS = 0.8  # share of two headlines' words that makes one of them a spelling of the other
CONTAINED = 0.6
LEAST_KEY = 8  # letters: a shorter headline is a word that may stand for itself
_WORD = re.compile(r"\w+")


def label(paragraphs: Sequence[Paragraph], lines: Lines, page: Page, silent: Collection[str] = ()) -> tuple[Block, ...]:
    """Return the paragraphs as blocks, all of them and in order, each with the label of the first rule that speaks.

    Rules named in ``silent`` do not speak: what the rest make of their lines is what they are worth.
    """
    read = locate(paragraphs, lines, silent)
    rules = [rule for rule in RULES if rule[1] not in silent] if silent else RULES
    page = replace(
        page, authors=tuple(dict.fromkeys([*page.authors, *(name for line in read if (name := names_somebody(line)))]))
    )
    _repeated_headline(read, page)
    for line in read:
        if line.label == TEXT and (rule := next((rule for rule in rules if rule[2](line, page)), None)):
            line.call(rule[0], rule[1])
    _at_the_end(read, page, rules)
    _above_headline(read)
    _above_credits(read)
    _under_credits(read)
    _boxes_of_links(read, page.host)
    _under_promo_headings(read)
    _headings_of_nothing(read)
    return tuple(Block(line.text, line.label, line.rule) for line in read)


def _at_the_end(read: list[Line], page: Page, rules: Sequence[Rule]) -> None:
    """Judge the last lines of the story again, as if what is known to be furniture did not stand below them."""
    below = 0
    for line in reversed(read):
        if line.label == TEXT:
            is_other, line.count = line.from_end != below, line.index + 1 + below
            if is_other and (rule := next((rule for rule in rules if rule[1] in LATE and rule[2](line, page)), None)):
                line.call(rule[0], rule[1])
            below += line.label == TEXT
        if below > TOP:
            return


def _repeated_headline(read: list[Line], page: Page) -> None:
    keys = {key for title in page.titles if len(key := text_key(title)) > LEAST_KEY}
    words = [frozenset(_WORD.findall(title.casefold())) for title in page.titles]
    for line in read:
        if line.key in keys and (line.index < TOP or not line.closed or line.tag == "head"):
            line.call("title", "repeats_headline")
        elif line.index < TOP and len(line.text) < HEADLINE and not line.closed and _nearly(line, words, keys):
            line.call("title", "near_headline")
        elif not line.closed and any(line.key.endswith(key) and len(key) > CONTAINED * len(line.key) for key in keys):
            line.call("title", "ends_in_headline")


def _nearly(line: Line, words: list[frozenset[str]], keys: set[str]) -> bool:
    own = frozenset(_WORD.findall(line.text.casefold()))
    if len(own) < 4:
        return False
    for key in keys:
        shorter, longer = sorted((key, line.key), key=len)
        if shorter in longer and len(shorter) > CONTAINED * len(longer):
            return True
    return any(title and len(own & title) >= SAME_WORDS * max(len(own), len(title)) for title in words)


def _above_headline(read: list[Line]) -> None:
    """What stands above the repeated headline is a kicker, a date, a menu: it never is the story."""
    at = next(
        (
            line.index
            for line in read[:TOP]
            if line.rule == "repeats_headline" or (line.label == "title" and line.tag == "head")
        ),
        0,
    )
    for line in read[:at]:
        if len(line.text) < HEADING and not line.closed:
            line.call("title", "above_headline")


def _above_credits(read: list[Line]) -> None:
    """The line above a photographer's credit, when it is no closed sentence, says what the picture shows."""
    for above, line in pairwise(read):
        if line.label == "credit" and not above.closed and len(above.text) < HEADLINE and above.tag != "head":
            above.call("caption", "above_credit")


def _under_credits(read: list[Line]) -> None:
    """Under "Photo credits" stand trades and names, as far as no sentence comes."""
    for line in read:
        if line.rule != "credit_heading":
            continue
        for other in read[line.index + 1 :]:
            if other.closed or len(other.text) >= HEADING:
                break
            other.call("credit", "under_credits")


def _boxes_of_links(read: list[Line], host: str) -> None:
    """An element with several lines of which half are links into the same site lists other articles."""
    inside: dict[_Element, list[Line]] = {}
    for line in read:
        for element in line.path:
            inside.setdefault(element, []).append(line)
    for held in inside.values():
        links = [line for line in held if line.linked >= LINKED and not leads_away(line, host)]
        linked = sum(len(line.text) for line in links)
        if len(links) >= 2 and linked >= MOSTLY_LINKED * sum(len(line.text) for line in held):
            for line in held:
                line.call("promo", "box_of_links")


def _under_promo_headings(read: list[Line]) -> None:
    """Under "Most read" or "Related" stand other articles: all of a box that links make up, else as far as links go."""
    for line in read:
        if line.rule not in {"promo_heading", "promo_word"}:
            continue
        following = read[line.index + 1 :]
        holds_a_link = line.linked >= MOSTLY_LINKED  # "Related: The bridge" may stand between two paragraphs
        for other in _linked_box(line, following):
            if not (holds_a_link and tells(other)):
                other.call("promo", "under_promo_heading")
        for other in following:
            if other.label == TEXT and not _goes_on(other, line):
                break
            other.call("promo", "under_promo_heading")


def _linked_box(heading: Line, following: list[Line]) -> list[Line]:
    """Return what follows a heading in the largest element around it whose lines are links often enough."""
    box: list[Line] = []
    for element in heading.path:
        held = [line for line in following if element in line.path]
        if held and sum(line.linked >= PART_OF_LINE for line in held) >= BOX_LINKED * len(held):
            box = held
    return box


def _goes_on(line: Line, heading: Line) -> bool:
    if any(element in heading.path for element in line.path) and not tells(line):
        return True
    return line.linked >= LINKED or (line.linked >= MOSTLY_LINKED and not line.closed)


def _headings_of_nothing(read: list[Line]) -> None:
    """A heading at the very end, with nothing of the story under it, headed something that is not here."""
    for line in reversed(read):
        if line.label != TEXT:
            continue
        if line.tag != "head" or len(line.text) >= HEADING or not line.index:
            return
        line.call("promo", "heading_of_nothing")
