"""How much a shared term says: inverse document frequencies learnt from the stream, with a prior for an empty database.

Where two documents are all there is, "the" is as rare as "Kharkiv" and everything resembles everything. So the table
starts as if it had seen :data:`PRIOR_DOCUMENTS` before, in which a term of each length was as common as such terms are
(Zipf: the short words are the frequent ones, in every language that spaces its words). A hash says its class itself.
"""

import struct
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from dedup.features import CLASS_BITS, Features, Terms

# Measured: fewer lose true joins in a database of 50 reports, more join different events in one of 10.
PRIOR_DOCUMENTS = 40
# Share of documents with a term of each class (dedup/features.py). Measured: geometric means over 2,657 news reports.
PRIOR_SHARES = np.array([0.5, 0.21, 0.12, 0.065, 0.04, 0.02, 0.008, 0.001])
# A term in a larger share of documents says nothing. Measured: false joins .28 against .34 at the same pair F1. In a
# new database the first limit holds for all; later long words and names may be in many, lest an event that fills a
# small database loses its words (three events of 60 reports together: recall .6 against .2).
COMMON = 0.15
COMMON_LATER = np.array([0.15, 0.15, 0.2, 0.3, 0.4, 0.5, 0.5, 1.0])  # by class
MOST_TERMS = 1 << 19  # kept; beyond it the terms seen once are forgotten, and weigh as much when they come again

# What "rare" can mean grows with what was read: a term of two documents proves more among 10,000 than among 500, but
# not twenty times more, for what is new in a language is rarer still. Measured on sets of 211 to 10,606 documents.
READING_DISCOUNT = 0.25
FEWEST_READ = 100  # in a new database a shared phrase counts as if so many had been read; else nothing ever joins

Weights = NDArray[np.float64]
_HEADER = struct.Struct("<BII")
_VERSION = 1


class Idf:
    """Document frequencies of one language. ``Idf()`` is the cold start; the order of learning is irrelevant."""

    def __init__(self) -> None:
        self.documents = 0
        self._terms: Terms = np.zeros(0, dtype=np.uint32)  # ascending
        self._counts: NDArray[np.uint32] = np.zeros(0, dtype=np.uint32)

    def learn(self, reports: Iterable[Features]) -> None:
        """Count the terms of each report once. Give it own texts only: a reprint teaches nothing. Batches are cheap."""
        seen = [terms for report in reports for terms in (report.words, report.names, report.pairs)]
        self.documents += len(seen) // 3
        terms, counts = np.unique(np.concatenate([*seen, np.zeros(0, dtype=np.uint32)]), return_counts=True)
        merged = np.union1d(self._terms, terms)
        total = np.zeros(len(merged), dtype=np.uint32)
        total[np.searchsorted(merged, self._terms)] += self._counts
        total[np.searchsorted(merged, terms)] += counts.astype(np.uint32)
        if len(merged) > MOST_TERMS:
            merged, total = merged[total > 1], total[total > 1]
        self._terms, self._counts = merged, total

    def without_repeats(self, stories: Iterable[Sequence[Features]]) -> "Idf":
        """Return a table in which the reports of one story, all learnt here before, count as one.

        How often an event is told says nothing about how rare its words are. A story of n reports stays as the root of
        n documents: the words that the language has in common were read so often after all.
        """
        found, repeats, seen = Idf(), 0.0, [np.zeros(0, dtype=np.uint32)]
        for story in stories:
            if len(story) > 1:
                repeats += len(story) - len(story) ** 0.5
                all_terms = [terms for report in story for terms in (report.words, report.names, report.pairs)]
                terms, counts = np.unique(np.concatenate(all_terms), return_counts=True)
                seen.append(np.repeat(terms, counts - 1))
        terms, counts = np.unique(np.concatenate(seen), return_counts=True)
        known = np.isin(terms, self._terms, assume_unique=True)
        found._terms, found._counts = self._terms, self._counts.copy()
        at = np.searchsorted(self._terms, terms[known])
        found._counts[at] -= np.minimum(counts[known], found._counts[at] - 1).astype(np.uint32)
        found.documents = max(1, self.documents - round(repeats))
        return found

    def frequency(self, hashes: Terms) -> NDArray[np.uint32]:
        """Return in how many documents each term was seen, at least 1: somebody asks."""
        if not len(self._terms):
            return np.ones(len(hashes), dtype=np.uint32)
        at = np.minimum(np.searchsorted(self._terms, hashes), len(self._terms) - 1)
        return np.where(self._terms[at] == hashes, self._counts[at], np.uint32(1))

    def weight(self, hashes: Terms) -> Weights:
        """Return log(1 + N/df) of each term with the prior counted in; 0 for a common term."""
        rarity = hashes & np.uint32((1 << CLASS_BITS) - 1)
        prior = PRIOR_SHARES[rarity] * PRIOR_DOCUMENTS
        share = (self.frequency(hashes) + prior) / (max(self.documents, 1) + PRIOR_DOCUMENTS)
        experience = self.documents / (self.documents + PRIOR_DOCUMENTS)
        limit = COMMON + (COMMON_LATER - COMMON) * experience
        return np.where(share > limit[rarity], 0.0, np.log1p(1 / share))

    def rarity(self, hashes: Terms) -> Weights:
        """Return how much sharing each term proves, in nats; less of the weight the more was read to find it so."""
        documents = max(self.documents, FEWEST_READ) + PRIOR_DOCUMENTS
        prior = PRIOR_SHARES[hashes & np.uint32((1 << CLASS_BITS) - 1)] * PRIOR_DOCUMENTS
        share = (self.frequency(hashes) + prior) / documents
        nats = np.log1p(1 / share) - READING_DISCOUNT * np.log(documents)
        return np.where(self.weight(hashes) > 0, np.maximum(nats, 0.0), 0.0)

    def pack(self) -> bytes:
        """Return the table as bytes, little-endian, eight for each term."""
        header = _HEADER.pack(_VERSION, self.documents, len(self._terms))
        return header + self._terms.astype("<u4").tobytes() + self._counts.astype("<u4").tobytes()

    @staticmethod
    def unpack(data: bytes) -> "Idf":
        """Return the table that :meth:`pack` wrote; ValueError where another version wrote it."""
        version, documents, size = _HEADER.unpack_from(data)
        if version != _VERSION:
            raise ValueError(f"document frequencies of version {version}, this is version {_VERSION}")
        idf = Idf()
        idf.documents = documents
        idf._terms, idf._counts = (
            np.frombuffer(data, dtype="<u4", count=size, offset=_HEADER.size + part * 4 * size).astype(np.uint32)
            for part in range(2)
        )
        return idf

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Idf) and self.pack() == other.pack()

    __hash__ = None  # type: ignore[assignment]  # it learns
