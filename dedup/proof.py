"""Proof: what two reports have in common, in their own words, to be stored beside a decision and shown to people."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.features import Counts, Features, Terms, features_of, phrase_names, shared_numbers, term_names
from dedup.idf import Idf
from dedup.quotes import SharedQuote, shared_quotes
from dedup.similarity import DAY, SimilarityRules, similarity

MOST_TERMS, MOST_NAMES, MOST_NUMBERS, MOST_PHRASES, MOST_QUOTES = 8, 8, 8, 6, 3
_RULES = SimilarityRules()


@dataclass(frozen=True, slots=True)
class Report:
    """One article as proof needs it."""

    title: str
    body: str
    time: float | None = None  # seconds since the epoch
    features: Features | None = None  # where the caller has them already; read from the text where not


@dataclass(frozen=True, slots=True)
class Place:
    """Where two bodies first say the same name or number: offsets in characters."""

    text: str
    start_a: int
    end_a: int
    start_b: int
    end_b: int


@dataclass(frozen=True, slots=True)
class PairEvidence:
    """What two reports share. The terms' weights are their parts of the cosine of the bodies, largest first."""

    similarity: float  # how likely they tell one event, before the fading with time
    days_apart: float | None
    terms: tuple[tuple[str, float], ...]
    names: tuple[str, ...]
    numbers: tuple[str, ...]  # words with a digit, as ``a`` spells them
    places: tuple["Place", ...]  # where both bodies first say these names and numbers
    phrases: tuple[tuple[str, float], ...]  # two words in a row, and what sharing them proves (nats), rarest first
    quotes: tuple[SharedQuote, ...]

    def to_json(self) -> dict[str, object]:
        """Return the evidence as plain values."""
        return asdict(self)


def pair_evidence(a: Report, b: Report, idf: Idf | None = None, rules: SimilarityRules = _RULES) -> PairEvidence:
    """Return what two reports share; terms and names are spelt as ``a`` spells them."""
    idf = idf or Idf()
    features_a, features_b = (report.features or features_of(report.title, report.body) for report in (a, b))
    spelling = term_names(a.title, a.body)
    names = _shares(features_a.names, features_a.name_counts, features_b.names, features_b.name_counts, idf)
    terms = _shares(features_a.words, features_a.body, features_b.words, features_b.body, idf)
    shown_names = _longest(tuple(name for name, _ in _spelt(names, spelling)))[:MOST_NAMES]
    numbers = shared_numbers(a.title, a.body, b.title, b.body)[:MOST_NUMBERS]
    return PairEvidence(
        similarity=similarity(features_a, features_b, idf, rules),
        days_apart=None if a.time is None or b.time is None else abs(a.time - b.time) / DAY,
        terms=_spelt(terms, spelling)[:MOST_TERMS],
        phrases=_spelt(_rarest(features_a.pairs, features_b.pairs, idf), phrase_names(a.title, a.body))[:MOST_PHRASES],
        names=shown_names,
        numbers=numbers,
        places=tuple(_places((*shown_names, *numbers), a.body, b.body)),
        quotes=tuple(shared_quotes(a.body, b.body)[:MOST_QUOTES]),
    )


def _places(texts: Iterable[str], body_a: str, body_b: str) -> Iterator[Place]:
    for text in texts:
        start_a, start_b = (_first(text, body) for body in (body_a, body_b))
        if start_a >= 0 and start_b >= 0:
            yield Place(text, start_a, start_a + len(text), start_b, start_b + len(text))


def _first(text: str, body: str) -> int:
    """Return where a text first stands as words of its own; -1 for nowhere."""
    found = re.search(rf"(?<!\w){re.escape(text)}(?!\w)", body)
    return found.start() if found else -1


def _shares(terms_a: Terms, counts_a: Counts, terms_b: Terms, counts_b: Counts, idf: Idf) -> list[tuple[int, float]]:
    """Return the shared terms with their parts of the cosine of two counts, largest first."""
    value_a, value_b = _unit(terms_a, counts_a, idf), _unit(terms_b, counts_b, idf)
    shared, at_a, at_b = np.intersect1d(terms_a, terms_b, assume_unique=True, return_indices=True)
    parts = value_a[at_a] * value_b[at_b]
    order = np.lexsort((shared, -parts))
    return [(int(shared[i]), float(parts[i])) for i in order if parts[i] > 0]


def _rarest(pairs_a: Terms, pairs_b: Terms, idf: Idf) -> list[tuple[int, float]]:
    """Return the shared pairs of words with what they prove, rarest first."""
    shared = np.intersect1d(pairs_a, pairs_b, assume_unique=True)
    nats = idf.rarity(shared)
    return [(int(shared[i]), float(nats[i])) for i in np.lexsort((shared, -nats)) if nats[i] > 0]


def _unit(terms: Terms, counts: Counts, idf: Idf) -> NDArray[np.float64]:
    value = np.where(counts > 0, (1 + np.log(np.maximum(counts, 1).astype(np.float64))) * idf.weight(terms), 0.0)
    length = float(np.sqrt((value * value).sum()))
    return value / length if length else value


def _spelt(parts: list[tuple[int, float]], spelling: Mapping[int, str]) -> tuple[tuple[str, float], ...]:
    return tuple((spelling[term], round(part, 4)) for term, part in parts if term in spelling)


def _longest(names: tuple[str, ...]) -> tuple[str, ...]:
    """Drop a name that is a part of another one in the list."""
    return tuple(name for name in names if not any(name != other and name in other for other in names))
