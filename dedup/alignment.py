"""Alignment: which words two texts share, in order or elsewhere, laid out by paragraphs for people to read.

Links say that texts are related and how much; here is where. Words count by their normal spelling, so that case,
punctuation and quotation marks make no difference. What would take more than a bounded time is left unaligned.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.layout import Side
from dedup.links import SHINGLE_WORDS, SHORTEST_SPAN
from dedup.sequences import longest_ascending
from dedup.text import Hashes, shingles, word_hashes

# Pairs of equal words that difflib looks at: in one stretch between two anchors, and in all. Two reports of 1,400
# words are one such stretch. Measured: a million words against an edited copy take 8 s, 3 s of them to find the words.
MOST_PAIRS: Final = 20_000
ALL_PAIRS: Final = 1_000_000
PASSES: Final = 20  # over the runs, to drop those that say nothing; what is left after them stays


class PieceKind(StrEnum):
    """Whose words a piece has. Elsewhere: the other text has them too, in another place."""

    SHARED = "shared"
    ONLY_A = "only_a"
    ONLY_B = "only_b"
    ELSEWHERE_A = "elsewhere_a"
    ELSEWHERE_B = "elsewhere_b"

    @property
    def is_of_a(self) -> bool:
        """Tell whether the first text alone has these words in this place."""
        return self in (PieceKind.ONLY_A, PieceKind.ELSEWHERE_A)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words in a row; shared ones as the first text spells them."""

    kind: PieceKind
    text: str
    is_spaced: bool  # a space stands before it


@dataclass(frozen=True, slots=True)
class Row:
    """A paragraph, or what two paragraphs have become of each other."""

    pieces: tuple[Piece, ...]

    @property
    def kind(self) -> str:
        """`shared`, `changed`, or whose paragraph it is: `only_a`, `only_b`."""
        kinds = {piece.kind for piece in self.pieces}
        if PieceKind.SHARED in kinds:
            return "changed" if len(kinds) > 1 else "shared"
        return "only_a" if self.pieces[0].kind.is_of_a else "only_b"


@dataclass(frozen=True, slots=True)
class Run:
    """Words that both texts have in one order: where in each, and how many."""

    a: int
    b: int
    words: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """Two texts beside each other."""

    rows: tuple[Row, ...]
    is_whole: bool  # false: stretches too long and too repetitive to align are shown as if nothing were shared


def align(a: str, b: str) -> Alignment:
    """Lay two texts out side by side. Any texts will do."""
    side_a, side_b = Side(a), Side(b)
    hashes_a, hashes_b = word_hashes(side_a.words), word_hashes(side_b.words)
    found, is_whole = common_runs(hashes_a, hashes_b)
    runs = telling(found, len(hashes_a), len(hashes_b))
    return Alignment(tuple(_rows(side_a, side_b, runs, _elsewhere(hashes_a, hashes_b, runs))), is_whole)


# --- Which words are the same -----------------------------------------------------------------------------------------


def common_runs(a: Hashes, b: Hashes) -> tuple[list[Run], bool]:
    """Return the runs that both sequences have, in the order of both, and whether nothing was too much to look at.

    Anchors first, as in patience diff: triples of words that stand once in each. What lies between two of them is small
    and goes to difflib.
    """
    found: list[Run] = []
    is_whole, left = True, ALL_PAIRS
    waiting = [(0, len(a), 0, len(b))]
    while waiting:
        low_a, high_a, low_b, high_b = waiting.pop()
        part_a, part_b = a[low_a:high_a], b[low_b:high_b]
        inner, pairs = _ends(part_a, part_b), _equal_pairs(part_a, part_b)
        is_small = not inner and pairs <= min(MOST_PAIRS, left)
        if is_small:
            left -= pairs
            inner = _matched(part_a, part_b) if pairs else []
        elif not inner:
            inner = _anchors(part_a, part_b)
            is_whole = is_whole and (bool(inner) or not _share_a_triple(part_a, part_b))
        found += [Run(low_a + run.a, low_b + run.b, run.words) for run in inner]
        if inner and not is_small:
            waiting += [(low_a + i, low_a + j, low_b + k, low_b + m) for i, j, k, m in _between(inner, part_a, part_b)]
    return _joined(sorted(found, key=lambda run: run.a)), is_whole


def _matched(a: Hashes, b: Hashes) -> list[Run]:
    blocks = SequenceMatcher(None, a.tolist(), b.tolist(), autojunk=False).get_matching_blocks()
    return [Run(block.a, block.b, block.size) for block in blocks if block.size]


def _equal_pairs(a: Hashes, b: Hashes) -> int:
    values_a, counts_a = np.unique(a, return_counts=True)
    values_b, counts_b = np.unique(b, return_counts=True)
    _, at_a, at_b = np.intersect1d(values_a, values_b, assume_unique=True, return_indices=True)
    return int((counts_a[at_a] * counts_b[at_b]).sum())


def _ends(a: Hashes, b: Hashes) -> list[Run]:
    """Return how the two begin alike, and how they end alike."""
    size = min(len(a), len(b))
    head = _alike(a[:size] == b[:size])
    tail = _alike((a[len(a) - size :] == b[len(b) - size :])[::-1][: size - head])
    runs = [Run(0, 0, head), Run(len(a) - tail, len(b) - tail, tail)]
    return [run for run in runs if run.words]


def _alike(equal: NDArray[np.bool_]) -> int:
    return len(equal) if equal.all() else int(np.argmin(equal))


def _anchors(a: Hashes, b: Hashes) -> list[Run]:
    once_a, at_a = _once(shingles(a, SHINGLE_WORDS))
    once_b, at_b = _once(shingles(b, SHINGLE_WORDS))
    _, which_a, which_b = np.intersect1d(once_a, once_b, assume_unique=True, return_indices=True)
    first, second = at_a[which_a], at_b[which_b]
    order = np.argsort(first)
    first, second = first[order], second[order]
    chosen = longest_ascending(second.tolist())
    words = min(SHINGLE_WORDS, len(a), len(b))
    return _joined([Run(int(first[k]), int(second[k]), words) for k in chosen])


def _share_a_triple(a: Hashes, b: Hashes) -> bool:
    return bool(np.isin(shingles(a, SHINGLE_WORDS), shingles(b, SHINGLE_WORDS)).any())


def _once(shingled: Hashes) -> tuple[Hashes, NDArray[np.int64]]:
    values, at, counts = np.unique(shingled, return_index=True, return_counts=True)
    return values[counts == 1], at[counts == 1].astype(np.int64)


def _joined(runs: Sequence[Run]) -> list[Run]:
    """Join runs that touch; of those that overlap without going on alike, the later one gives way."""
    found: list[Run] = []
    for run in runs:
        end_a, end_b = (found[-1].a + found[-1].words, found[-1].b + found[-1].words) if found else (0, 0)
        if found and run.a - run.b == found[-1].a - found[-1].b and run.a <= end_a:
            found[-1] = Run(found[-1].a, found[-1].b, max(end_a, run.a + run.words) - found[-1].a)
            continue
        late = max(end_a - run.a, end_b - run.b, 0)
        if run.words > late:
            found.append(Run(run.a + late, run.b + late, run.words - late))
    return found


def _between(runs: Sequence[Run], a: Hashes, b: Hashes) -> Iterator[tuple[int, int, int, int]]:
    """Yield the stretches before, between and after runs as (from, to) in each text; only where both have words."""
    end_a = end_b = 0
    for run in [*runs, Run(len(a), len(b), 0)]:
        if run.a > end_a and run.b > end_b:
            yield end_a, run.a, end_b, run.b
        end_a, end_b = run.a + run.words, run.b + run.words


def telling(runs: Sequence[Run], words_a: int, words_b: int) -> list[Run]:
    """Drop the runs that only chance put there: shorter than a phrase, and than what differs on each side of them.

    The rule is that of diff-match-patch's semantic clean-up; without it two reports of one event share every "the".
    """
    for _ in range(PASSES):
        kept: list[Run] = []
        for number, run in enumerate(runs):
            after = runs[number + 1] if number + 1 < len(runs) else Run(words_a, words_b, 0)
            sides = [size for size in (_apart(kept[-1] if kept else Run(0, 0, 0), run), _apart(run, after)) if size]
            if run.words >= SHORTEST_SPAN or not sides or run.words > min(sides):
                kept.append(run)
        if len(kept) == len(runs):
            break
        runs = kept
    return list(runs)


def _apart(one: Run, other: Run) -> int:
    return max(other.a - one.a - one.words, other.b - one.b - one.words)


def _elsewhere(a: Hashes, b: Hashes, runs: Sequence[Run]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which words of each text are not shared in order, but stand in the other as part of a long run."""
    free_a, free_b = np.ones(len(a), dtype=bool), np.ones(len(b), dtype=bool)
    for run in runs:
        free_a[run.a : run.a + run.words] = False
        free_b[run.b : run.b + run.words] = False
    shingled_a, shingled_b = shingles(a, SHORTEST_SPAN), shingles(b, SHORTEST_SPAN)
    return _marked(shingled_a, shingled_b, free_a), _marked(shingled_b, shingled_a, free_b)


def _marked(own: Hashes, other: Hashes, free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    marked = np.zeros(len(free), dtype=bool)
    if len(free) < SHORTEST_SPAN:
        return marked
    at = np.flatnonzero(np.isin(own, other))
    sums = np.concatenate([[0], np.cumsum(free)])
    for start in at[sums[at + SHORTEST_SPAN] - sums[at] == SHORTEST_SPAN].tolist():
        marked[start : start + SHORTEST_SPAN] = True
    return marked


# --- Laid out by paragraphs -------------------------------------------------------------------------------------------


def _rows(
    a: Side, b: Side, runs: Sequence[Run], elsewhere: tuple[NDArray[np.bool_], NDArray[np.bool_]]
) -> Iterator[Row]:
    """Yield rows that end wherever a paragraph of either text does."""
    begun: list[Piece] = []
    end_a = end_b = 0
    for run in [*runs, Run(len(a.words), len(b.words), 0)]:
        parts_a, parts_b = a.parts(end_a, run.a), b.parts(end_b, run.b)
        own = [
            [_differing(side, part, marked, kind) for part in parts]
            for side, parts, marked, kind in (
                (a, parts_a, elsewhere[0], PieceKind.ONLY_A),
                (b, parts_b, elsewhere[1], PieceKind.ONLY_B),
            )
        ]
        begun += [*own[0][0], *own[1][0]]
        if max(len(parts_a), len(parts_b)) > 1:
            yield from _closed(begun)
            for part in (*own[0][1:-1], *own[1][1:-1]):
                yield from _closed(part)
            begun = [piece for parts in own if len(parts) > 1 for piece in parts[-1]]
        for start, stop in _shared(a, b, run):
            yield from _closed(begun) if start > run.a else ()
            begun = [*(begun if start == run.a else ()), _piece(PieceKind.SHARED, a, start, stop)]
        end_a, end_b = run.a + run.words, run.b + run.words
    yield from _closed(begun)


def _shared(a: Side, b: Side, run: Run) -> Iterator[tuple[int, int]]:
    """Yield the portions of a run, as words of the first text, between the paragraph breaks of both."""
    inner = {*a.breaks_within(run.a, run.a + run.words)}
    inner |= {at - run.b + run.a for at in b.breaks_within(run.b, run.b + run.words)}
    cuts = [run.a, *sorted(inner), run.a + run.words]
    return ((start, stop) for start, stop in pairwise(cuts) if start < stop)


def _closed(pieces: Sequence[Piece]) -> Iterator[Row]:
    """Yield the row of some pieces; where they share nothing, one for each text."""
    if any(piece.kind is PieceKind.SHARED for piece in pieces):
        yield Row(tuple(pieces))
        return
    for is_of_a in (True, False):
        if own := tuple(piece for piece in pieces if piece.kind.is_of_a is is_of_a):
            yield Row(own)


def _differing(side: Side, part: tuple[int, int], marked: NDArray[np.bool_], kind: PieceKind) -> list[Piece]:
    start, stop = part
    other = PieceKind.ELSEWHERE_A if kind.is_of_a else PieceKind.ELSEWHERE_B
    cuts = [start, *(np.flatnonzero(np.diff(marked[start:stop])) + start + 1).tolist(), stop]
    return [_piece(other if marked[low] else kind, side, low, high) for low, high in pairwise(cuts) if low < high]


def _piece(kind: PieceKind, side: Side, start: int, stop: int) -> Piece:
    text, is_spaced = side.slice(start, stop)
    return Piece(kind, text, is_spaced)
