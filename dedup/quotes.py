"""Quotations: finding them in a text, and the ones that two texts share although desks spell and trim them differently.

Two reports of one event may share nothing but the words of a speaker. Measured: sharing a quotation says "same event"
with a precision of .82 to .90 and a recall of .22 to .37. It is evidence, never proof.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dedup.text import word_spans

SHORTEST_QUOTE = 8  # words; below that phrases and titles repeat by chance
LONGEST_QUOTE = 4000  # characters; a mark without its partner must not swallow the text
LARGEST_GAP = 3  # words that may differ between two equal runs: a broken hyphen, an elision, "attacking" for "hitting"
SHORTEST_RUN = 3  # words of a run that may continue a quotation after a gap

_CLOSERS = {"“": "”“", "„": "“”", "«": "»", "»": "«", "「": "」", "『": "』", "‘": "’", '"': '"', "'": "'"}
_UNMISTAKABLE = {"“", "„", "「", "『"}  # a quotation may run to the end of its paragraph: the next one opens it again
# Marks that are apostrophes too open only where no word ends and close only where none goes on.
_OPENING = re.compile(r"[“„«»「『\"]|(?<!\w)[‘']")
_CLOSING = {
    mark: re.compile(f"[{closers}]" + (r"(?!\w)" if mark in "‘'" else "")) for mark, closers in _CLOSERS.items()
}
_BREAK = re.compile(r"\n[^\S\n]*\n|\Z")


@dataclass(frozen=True, slots=True)
class Quote:
    """The inside of a pair of quotation marks: its normalised words, and where each stands in the text."""

    words: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @property
    def start(self) -> int:
        """Offset of the first word."""
        return self.starts[0]

    @property
    def end(self) -> int:
        """Offset behind the last word."""
        return self.ends[-1]


@dataclass(frozen=True, slots=True)
class SharedQuote:
    """Words that stand inside quotation marks in both texts: as each prints them, and how many are equal."""

    text_a: str
    text_b: str
    words: int
    start_a: int
    end_a: int
    start_b: int
    end_b: int


def quotes(text: str) -> list[Quote]:
    """Return the quotations of at least :data:`SHORTEST_QUOTE` words, in order and without nesting."""
    found = []
    for start, end in _quoted(text):
        spans = word_spans(text[start:end])
        if len(spans) >= SHORTEST_QUOTE:
            words, starts, ends = zip(*spans, strict=True)
            found.append(Quote(words, tuple(start + at for at in starts), tuple(start + at for at in ends)))
    return found


def shared_quotes(a: str, b: str) -> list[SharedQuote]:
    """Return what is quoted in both texts, longest first: runs of eight equal words, gone on with over small gaps."""
    return shared_in(a, quotes(a), b, quotes(b))


def shared_in(a: str, quotes_a: Sequence[Quote], b: str, quotes_b: Sequence[Quote]) -> list[SharedQuote]:
    """Do what :func:`shared_quotes` does with quotations already found. No word of ``a`` is in two matches."""
    index: dict[tuple[str, ...], tuple[Quote, int]] = {}
    for quote in quotes_b:
        for at in range(len(quote.words) - SHORTEST_QUOTE + 1):
            index.setdefault(quote.words[at : at + SHORTEST_QUOTE], (quote, at))
    found = []
    for quote in quotes_a if index else ():
        at = 0
        while at + SHORTEST_QUOTE <= len(quote.words):
            hit = index.get(quote.words[at : at + SHORTEST_QUOTE])
            if hit is None:
                at += 1
                continue
            other, at_b = hit
            end, end_b, equal = _extend(quote.words, at, other.words, at_b)
            start_a, end_a = quote.starts[at], quote.ends[end - 1]
            start_b, stop_b = other.starts[at_b], other.ends[end_b - 1]
            found.append(SharedQuote(a[start_a:end_a], b[start_b:stop_b], equal, start_a, end_a, start_b, stop_b))
            at = end
    return sorted(found, key=lambda match: (-match.words, match.start_a))


def _quoted(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the inside of each pair of marks begins and ends; each closing mark is looked up, not sought."""
    marks = {match[0] for match in _OPENING.finditer(text)}
    closings = {mark: [match.start() for match in _CLOSING[mark].finditer(text)] for mark in marks}
    breaks = [match.start() for match in _BREAK.finditer(text)] if marks else []
    done = 0
    for match in _OPENING.finditer(text):
        if match.start() < done:
            continue
        start = match.end()
        limit = min(breaks[bisect_left(breaks, start)], start + LONGEST_QUOTE)
        nearest = bisect_left(closings[match[0]], start)
        end = closings[match[0]][nearest] if nearest < len(closings[match[0]]) else len(text) + 1
        if end > limit:
            if match[0] not in _UNMISTAKABLE:
                continue
            end = limit
        yield start, end
        done = end + 1


def _extend(a: Sequence[str], at_a: int, b: Sequence[str], at_b: int) -> tuple[int, int, int]:
    """Follow a match from its first words; return where it ends in each and how many words are equal."""
    end_a, end_b, equal = at_a, at_b, 0
    step: tuple[int, int] | None = (0, 0)
    while step is not None:
        at_a, at_b = end_a + step[0], end_b + step[1]
        while at_a < len(a) and at_b < len(b) and a[at_a] == b[at_b]:
            at_a, at_b, equal = at_a + 1, at_b + 1, equal + 1
        end_a, end_b = at_a, at_b
        step = next((gap for gap in _GAPS if _goes_on(a, end_a + gap[0], b, end_b + gap[1])), None)
    return end_a, end_b, equal


_GAPS = sorted(
    ((i, j) for i in range(LARGEST_GAP + 1) for j in range(LARGEST_GAP + 1) if i or j), key=lambda g: (sum(g), g)
)


def _goes_on(a: Sequence[str], at_a: int, b: Sequence[str], at_b: int) -> bool:
    run = a[at_a : at_a + SHORTEST_RUN]
    return len(run) == SHORTEST_RUN and run == b[at_b : at_b + SHORTEST_RUN]
