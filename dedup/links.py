"""Links: what the texts of two articles have to do with each other, decided on the texts themselves.

Candidates come from keys; here the exact figures decide. Everything is symmetric: comparing b with a gives the same
link seen from the other side.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from dedup.quotes import Quote, quotes, shared_in
from dedup.text import Hashes, shingles, word_hashes, word_spans, words

SHINGLE_WORDS = 3  # measured on 638 pages of one event day: pair F1 .997 at Jaccard .40; 5 words lose edited copies
SHORTEST_SPAN = 8  # words; shorter shared runs are phrases and are not stored
MOST_SPANS = 50  # of one link, the longest


class LinkKind(StrEnum):
    """What a link says of its two articles."""

    COPY = "copy"
    REVISION = "revision"
    EXCERPT = "excerpt"
    PASSAGE = "passage"
    SAME_HEADLINE = "same_headline"
    SHARED_QUOTE = "shared_quote"


@dataclass(frozen=True, slots=True)
class CopyRules:
    """From where on two texts are what. The defaults are measured by benchmarks/copies.py."""

    copy: float = 0.40  # Jaccard; at .70, as usual elsewhere, half of the "last quarter cut" copies are lost
    revision: float = 0.25  # Jaccard
    excerpt: float = 0.55  # share of the shorter text's shingles that the longer one has
    excerpt_words: int = 40  # of the shorter text; a caption or a stub is contained in too much
    passage_words: int = 30  # of one run: longer than any quotation two desks take down alike
    headline_words: int = 4  # "Morning briefing" is no evidence


@dataclass(frozen=True, slots=True)
class Span:
    """One run of words in both texts, as character offsets."""

    start_a: int
    end_a: int
    start_b: int
    end_b: int

    def swapped(self) -> "Span":
        """The same run seen from the other side."""
        return Span(self.start_b, self.end_b, self.start_a, self.end_a)


@dataclass(frozen=True, slots=True)
class Link:
    """A verified relation of two articles."""

    a: int
    b: int
    kind: LinkKind
    jaccard: float
    containment_a: float  # share of a's shingles that b has too
    containment_b: float
    share_a: float  # share of a's words that stand in shared shingles
    share_b: float
    shared_words: int  # words of the shorter text that do; for a headline or a quotation, its equal words
    spans: tuple[Span, ...] = ()

    @property
    def inner(self) -> int | None:
        """For an excerpt: the article whose text lies in the other's."""
        if self.kind is not LinkKind.EXCERPT:
            return None
        return self.a if (self.containment_a, -self.a) > (self.containment_b, -self.b) else self.b

    def swapped(self) -> "Link":
        """The same link seen from the other side."""
        return replace(
            self,
            a=self.b,
            b=self.a,
            containment_a=self.containment_b,
            containment_b=self.containment_a,
            share_a=self.share_b,
            share_b=self.share_a,
            spans=tuple(sorted((span.swapped() for span in self.spans), key=lambda span: span.start_a)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What comparing needs of one text, worked out once."""

    id: int
    text: str
    headline: tuple[str, ...]
    starts: NDArray[np.int64]  # character offsets of each word
    ends: NDArray[np.int64]
    sequence: Hashes  # the shingles in order
    distinct: Hashes  # sorted, each once
    first: NDArray[np.int64]  # where in the sequence each distinct shingle first stands
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """How much two texts share."""

    shared: Hashes
    jaccard: float
    containment_a: float
    containment_b: float
    words_a: int  # that stand in shared shingles
    words_b: int

    def figures(self, a: Prepared, b: Prepared) -> tuple[float, float, float, float, float]:
        """Return Jaccard index, both containments and both shares of words, as a link holds them."""
        return (
            self.jaccard,
            self.containment_a,
            self.containment_b,
            self.words_a / len(a.starts) if len(a.starts) else 0.0,
            self.words_b / len(b.starts) if len(b.starts) else 0.0,
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """The test that two texts came nearest to passing, and by how much they missed it."""

    test: str
    value: float
    threshold: float

    @property
    def missing(self) -> float:
        """How much is missing, as a share of the threshold."""
        return (self.threshold - self.value) / self.threshold

    def __str__(self) -> str:
        return f"{self.test} {self.value:.2f}, needed {self.threshold:.2f}"


def prepare(id: int, title: str, text: str) -> Prepared:
    """Work out what :func:`compare` needs of one text. Any text is fine, an empty one too."""
    spans = word_spans(text)
    sequence = shingles(word_hashes([word for word, _, _ in spans]), SHINGLE_WORDS)
    distinct, first = np.unique(sequence, return_index=True)
    return Prepared(
        id=id,
        text=text,
        headline=tuple(words(title)),
        starts=np.array([start for _, start, _ in spans], dtype=np.int64),
        ends=np.array([end for _, _, end in spans], dtype=np.int64),
        sequence=sequence,
        distinct=distinct,
        first=first.astype(np.int64),
        quotes=tuple(quotes(text)),
    )


def compare(a: Prepared, b: Prepared, rules: CopyRules = CopyRules()) -> Link | None:
    """Return how the two texts are related: copy, else excerpt, else revision, else passage, else None."""
    if (b.id, b.text) < (a.id, a.text):
        link = compare(b, a, rules)
        return link and link.swapped()
    overlap = overlap_of(a, b)
    kind = _kind(a, b, overlap, rules)
    if kind is None and len(overlap.shared) <= rules.passage_words - SHINGLE_WORDS:
        return None
    runs = _runs(a, b, overlap.shared)
    if kind is None and max(length for _, _, length in runs) < rules.passage_words:
        return None
    return Link(
        a.id,
        b.id,
        kind or LinkKind.PASSAGE,
        *overlap.figures(a, b),
        shared_words=overlap.words_a if len(a.starts) <= len(b.starts) else overlap.words_b,
        spans=_spans(a, b, runs, rules.passage_words if kind is None else SHORTEST_SPAN),
    )


def links_between(a: Prepared, b: Prepared, rules: CopyRules = CopyRules()) -> list[Link]:
    """Return every link of the two: that of their texts, then the same headline, then a shared quotation.

    Copies are copies: that they share a headline or a quotation, too, says nothing more.
    """
    found = [link for link in (compare(a, b, rules),) if link is not None]
    if found and found[0].kind is LinkKind.COPY:
        return found
    headline = a.headline == b.headline and len(a.headline) >= rules.headline_words
    shared = shared_in(a.text, a.quotes, b.text, b.quotes)
    if headline or shared:
        overlap = overlap_of(a, b)
        figures = overlap.figures(a, b)
        if headline:
            found.append(Link(a.id, b.id, LinkKind.SAME_HEADLINE, *figures, shared_words=len(a.headline)))
        if shared:
            spans = tuple(Span(quote.start_a, quote.end_a, quote.start_b, quote.end_b) for quote in shared)
            found.append(Link(a.id, b.id, LinkKind.SHARED_QUOTE, *figures, shared[0].words, spans))
    return found


def nearest_failure(a: Prepared, b: Prepared, rules: CopyRules = CopyRules()) -> Failure | None:
    """Return the failed test of the texts that came nearest to passing; None where they are copies."""
    overlap = overlap_of(a, b)
    kind = _kind(a, b, overlap, rules)
    if kind is LinkKind.COPY:
        return None
    run = max((length for _, _, length in _runs(a, b, overlap.shared)), default=0)
    tests = [
        Failure("copy: Jaccard of word triples", overlap.jaccard, rules.copy),
        Failure("revision: Jaccard of word triples", overlap.jaccard, rules.revision),
        Failure("excerpt: share of the shorter text", max(overlap.containment_a, overlap.containment_b), rules.excerpt),
        Failure("excerpt: words of the shorter text", min(len(a.starts), len(b.starts)), rules.excerpt_words),
        Failure("passage: words of the longest shared run", run, rules.passage_words),
    ]
    return min((test for test in tests if test.value < test.threshold), key=lambda test: test.missing)


def overlap_of(a: Prepared, b: Prepared) -> Overlap:
    """Return how much two texts share, whether or not they are linked."""
    shared = np.intersect1d(a.distinct, b.distinct, assume_unique=True)
    union = len(a.distinct) + len(b.distinct) - len(shared)
    return Overlap(
        shared,
        len(shared) / union if union else 0.0,
        len(shared) / len(a.distinct) if len(a.distinct) else 0.0,
        len(shared) / len(b.distinct) if len(b.distinct) else 0.0,
        _covered(a, shared),
        _covered(b, shared),
    )


def _kind(a: Prepared, b: Prepared, overlap: Overlap, rules: CopyRules) -> LinkKind | None:
    if overlap.jaccard >= rules.copy:
        return LinkKind.COPY
    contained, inner = max((overlap.containment_a, len(a.starts)), (overlap.containment_b, len(b.starts)))
    if contained >= rules.excerpt and inner >= rules.excerpt_words:
        return LinkKind.EXCERPT
    return LinkKind.REVISION if overlap.jaccard >= rules.revision else None


def _runs(a: Prepared, b: Prepared, shared: Hashes) -> list[tuple[int, int, int]]:
    """Return the runs both texts share as (first word in a, first word in b, words), in the order of ``a``.

    A shingle that ``b`` repeats counts where it first stands, so a repeated phrase may end a run early.
    """
    if not len(shared):
        return []
    at_a = np.flatnonzero(np.isin(a.sequence, shared))
    at_b = b.first[np.searchsorted(b.distinct, a.sequence[at_a])]
    ends = np.flatnonzero((np.diff(at_a) != 1) | (np.diff(at_b) != 1))
    starts = np.concatenate([[0], ends + 1])
    stops = np.concatenate([ends, [len(at_a) - 1]])
    extra = min(SHINGLE_WORDS, len(a.starts)) - 1
    return [
        (int(at_a[start]), int(at_b[start]), int(stop - start + 1 + extra))
        for start, stop in zip(starts, stops, strict=True)
    ]


def _spans(a: Prepared, b: Prepared, runs: Sequence[tuple[int, int, int]], shortest: int) -> tuple[Span, ...]:
    """Return the longest runs as character offsets, in the order of ``a``."""
    longest = sorted((run for run in runs if run[2] >= shortest), key=lambda run: (-run[2], run))[:MOST_SPANS]
    return tuple(
        Span(int(a.starts[x]), int(a.ends[x + length - 1]), int(b.starts[y]), int(b.ends[y + length - 1]))
        for x, y, length in sorted(longest)
    )


def _covered(text: Prepared, shared: Hashes) -> int:
    """Return how many words of a text lie in a shared shingle."""
    at = np.flatnonzero(np.isin(text.sequence, shared))
    covered = np.zeros(len(text.starts), dtype=bool)
    for offset in range(min(SHINGLE_WORDS, len(covered))):
        covered[at + offset] = True
    return int(covered.sum())
