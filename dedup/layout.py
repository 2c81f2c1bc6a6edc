"""A text as words between paragraph breaks, each word with the punctuation that stands by it."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from dedup.text import word_spans

_BREAK: Final = re.compile(r"\n\s*\n")


class Side:
    """One of two texts that are laid out side by side."""

    def __init__(self, text: str) -> None:
        spans = word_spans(text)
        self.text = text
        self.words = [word for word, _, _ in spans]
        self._begins = [_begin(text, end, start) for (_, _, end), (_, start, _) in pairwise(spans)]
        self._begins = [0, *self._begins, len(text)] if spans else [0]
        starts = [start for _, start, _ in spans]
        places = {bisect_left(starts, found.end()) for found in _BREAK.finditer(text)}
        self.breaks: Sequence[int] = sorted(place for place in places if 0 < place < len(spans))

    def breaks_within(self, start: int, stop: int) -> Sequence[int]:
        """Return the words after ``start`` and before ``stop`` that begin a paragraph."""
        return self.breaks[bisect_right(self.breaks, start) : bisect_left(self.breaks, stop)]

    def parts(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Divide some words by paragraphs; an empty first or last part says that a paragraph ends just there."""
        inside = self.breaks[bisect_left(self.breaks, start) : bisect_right(self.breaks, stop)]
        cuts = [start, *inside, stop]
        return list(pairwise(cuts))

    def slice(self, start: int, stop: int) -> tuple[str, bool]:
        """Return some words on one line as the text has them, and whether a space stands before them."""
        begin, end = self._begins[start], self._begins[stop]
        is_spaced = begin == 0 or self.text[begin - 1].isspace()
        return " ".join(self.text[begin:end].split()), is_spaced


def _begin(text: str, end: int, start: int) -> int:
    """Return where a word begins with the marks that open it: behind the last space, if any stands before it."""
    for at in range(start, end, -1):
        if text[at - 1].isspace():
            return at
    return start
