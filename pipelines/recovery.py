"""Paragraphs of the story that the reader passed over: those that stand in the same markup as the ones it found."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from pipelines.main_text import Paragraph
from pipelines.segments import text_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.etree import _Element

    from pipelines.segments import Lines

# Share of the found text that must stand in one kind of markup for that kind to be the story's.
KIND_SHARE = 0.25
PARAGRAPH = 60  # characters: shorter ones are as often buttons and names
LINKED = 0.5
GAPS = 3  # between paragraphs found
HEADINGS = frozenset({"h2", "h3", "h4"})

Kind = tuple[str, str, str, str]


def recover(found: Sequence[Paragraph], lines: Lines) -> tuple[Paragraph, ...]:
    """Return the paragraphs found, with those that were passed over put in where they stand on the page.

    Looks from the first paragraph found to the next headline (the next article's).
    """
    places = [lines.span(paragraph.text) for paragraph in found]
    located = [(place, paragraph) for place, paragraph in zip(places, found, strict=True) if place]
    if not located:
        return tuple(found)
    known = "\n".join(text_key(paragraph.text) for paragraph in found)
    taken = {index for place, _ in located for index in place}
    kinds = _story_kinds(located, lines) | _kinds_between(located, taken, lines)
    parents = {kind[2:] for kind in kinds}
    alike = {_without_modifiers(kind) for kind in kinds if kind[1]}
    first = min(place.start for place, _ in located)
    missed: list[tuple[int, Paragraph]] = []
    headings: list[tuple[int, Paragraph]] = []
    for index in range(first + 1, len(lines.segments)):
        segment = lines.segments[index]
        block = segment.block
        if block.tag == "h1" and index not in taken:
            break
        if index in taken:
            headings.clear()
            continue
        is_wordy = len(segment.text) >= PARAGRAPH and segment.linked < LINKED * len(segment.text)
        if block.tag in HEADINGS and _kind(block)[2:] in parents:
            headings.append((index, Paragraph(segment.text, "head")))
        elif (
            is_wordy
            and (_kind(block) in kinds or _without_modifiers(_kind(block)) in alike)
            and segment.key not in known
        ):
            missed += [*headings, (index, Paragraph(segment.text, "item" if block.tag == "li" else "p"))]
            headings.clear()
    return _merge(found, places, missed)


def _story_kinds(located: Sequence[tuple[range, Paragraph]], lines: Lines) -> set[Kind]:
    mass: Counter[Kind] = Counter()
    for place, paragraph in located:
        mass[_kind(lines.segments[place.start].block)] += len(paragraph.text)
    total = sum(mass.values())
    return {kind for kind, held in mass.items() if held >= KIND_SHARE * total}


def _without_modifiers(kind: Kind) -> Kind:
    """Return the kind with the first class of the parent alone: "body -above-the-ad" and "body" are one story's."""
    return *kind[:3], kind[3].partition(" ")[0]


def _kinds_between(located: Sequence[tuple[range, Paragraph]], taken: set[int], lines: Lines) -> set[Kind]:
    """Return the kinds of markup that hold as much between the paragraphs found as these do: the rest of the story.

    In several gaps: what stands in one may be comments.
    """
    mass: Counter[Kind] = Counter()
    gaps: dict[Kind, set[int]] = defaultdict(set)
    gap = 0
    for index in range(min(place.start for place, _ in located), max(place.stop for place, _ in located)):
        segment = lines.segments[index]
        if index in taken:
            gap += 1
        elif len(segment.text) >= PARAGRAPH and segment.linked < LINKED * len(segment.text):
            kind = _kind(segment.block)
            mass[kind] += len(segment.text)
            gaps[kind].add(gap)
    total = sum(len(paragraph.text) for _, paragraph in located)
    return {kind for kind, held in mass.items() if held >= total and len(gaps[kind]) >= GAPS}


def _merge(
    found: Sequence[Paragraph], places: Sequence[range | None], missed: Sequence[tuple[int, Paragraph]]
) -> tuple[Paragraph, ...]:
    merged: list[Paragraph] = []
    waiting = list(missed)
    for paragraph, place in zip(found, places, strict=True):
        while place and waiting and waiting[0][0] < place.start:
            merged.append(waiting.pop(0)[1])
        merged.append(paragraph)
    return (*merged, *(paragraph for _, paragraph in waiting))


def _kind(block: _Element) -> Kind:
    parent = block.getparent()
    return (
        str(block.tag),
        block.get("class") or "",
        str(parent.tag) if parent is not None else "",
        (parent.get("class") or "") if parent is not None else "",
    )
