"""Features: what a report is about, as counts of hashed terms that are compared without reading the text again.

Views of one report: title, lead, body, names, word pairs, quoted runs, figures. Nothing here knows a language: words
are cut to a prefix instead of stemmed, names are what is never written in lower case, and scripts without spaces give
pairs of characters. Hashes of words, names and pairs carry in their lowest bits how common such a term usually is, so
that a database without history can weigh it (dedup/idf.py).
"""

import re
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import islice, zip_longest

import numpy as np
import xxhash
from numpy.typing import NDArray

from dedup.quotes import quotes
from dedup.text import Token, is_unspaced, shingles, tokens, word_hashes

FEATURES_VERSION = 2  # raise it with any change to what is counted or how it is hashed

BODY_WORDS = 600  # measured: later words dilute; background comes last
LEAD_SENTENCES, LEAD_CHARACTERS = 4, 2000
QUOTED_RUN, MOST_QUOTED = 8, 64  # words of a run inside quotation marks, and how many runs are kept: a sample by hash
MOST_FIGURES = 64
STEM = 6  # characters; measured on two streams: pair F1 + .008 over whole words, with no list of any language

CLASS_BITS = 3
_CLASS_MASK = (1 << CLASS_BITS) - 1
# Class of a stem by its length: short words are common in every language that spaces its words.
_WORD_CLASSES = (0, 0, 0, 1, 2, 3, 4)
_RARE_WORD = 4  # class of the longest stems, and of pairs of characters
_NAME_CLASS, _LONG_NAME_CLASS = 5, 6  # a name of one word, of several
# Class of a pair of words by their lengths together; the last is for all that are longer.
_PAIR_CLASSES = np.array([0, 0, 0, 2, 4, 4, 5, 6, 6, 6, 7], dtype=np.uint32)
_HASH_BITS = np.uint64(0xFFFFFFFF & ~_CLASS_MASK)

_SENTENCE_END = re.compile(r"(?:(?<![A-Z])[.]|[!?…؟])[\"”’»)\]]*\s+|[。！？।\n]+")

Terms = NDArray[np.uint32]
Counts = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Counts of hashed terms, hashes ascending; the counts of title, lead and body belong to ``words``.

    The lead counts include the title once, the body's include it twice.
    """

    words: Terms
    title: Counts
    lead: Counts
    body: Counts
    names: Terms
    name_counts: Counts
    pairs: Terms
    pair_counts: Counts
    quoted: Terms
    figures: Terms

    def pack(self) -> bytes:
        """Return the features as bytes, about 5 kB for a report."""
        sizes = (len(self.words), len(self.names), len(self.pairs), len(self.quoted), len(self.figures))
        arrays = (getattr(self, field.name) for field in fields(self))
        return _HEADER.pack(FEATURES_VERSION, *sizes) + b"".join(
            array.astype(array.dtype.newbyteorder("<")).tobytes() for array in arrays
        )

    @staticmethod
    def unpack(data: bytes) -> "Features":
        """Return the features that :meth:`pack` wrote; ValueError where another version wrote them."""
        if not is_current(data):
            raise ValueError(f"features of version {data[:1].hex()}, this is version {FEATURES_VERSION}")
        _, words, names, pairs, quoted, figures = _HEADER.unpack_from(data)
        sizes = (words, words, words, words, names, names, pairs, pairs, quoted, figures)
        arrays, at = [], _HEADER.size
        for size, dtype in zip(sizes, _DTYPES, strict=True):
            arrays.append(np.frombuffer(data, dtype=dtype, count=size, offset=at))
            at += arrays[-1].nbytes
        return Features(*arrays)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Features) and self.pack() == other.pack()

    def __hash__(self) -> int:
        return hash(self.pack())


_HEADER = struct.Struct("<BIIIII")
_DTYPES = ("<u4", "u1", "u1", "u1", "<u4", "u1", "<u4", "u1", "<u4", "<u4")


def is_current(data: bytes) -> bool:
    """Tell whether packed features are of this version."""
    return bool(data) and data[0] == FEATURES_VERSION


def features_of(title: str, body: str) -> Features:
    """Return the features of one report. Any two strings will do; the language plays no part."""
    head, headline = list(tokens(body, BODY_WORDS)), list(tokens(title, BODY_WORDS))
    lead_end = _lead_end(body)
    title_terms, body_terms = _terms(headline), _terms(head)
    in_title = Counter(map(word_hash, title_terms))
    in_lead = Counter(map(word_hash, _terms([token for token in head if token.start < lead_end]))) + in_title
    in_body = Counter(map(word_hash, body_terms)) + in_title + in_title
    words = _sorted(in_body)
    in_names = _names(head)
    names = _sorted(in_names)
    pairs, pair_counts = np.unique(np.concatenate([_pairs(title_terms), _pairs(body_terms)]), return_counts=True)
    return Features(
        words=words,
        title=_counts(in_title, words),
        lead=_counts(in_lead, words),
        body=_counts(in_body, words),
        names=names,
        name_counts=_counts(in_names, names),
        pairs=pairs,
        pair_counts=_clip(pair_counts),
        quoted=_quoted(body[: head[-1].end] if head else ""),
        figures=_figures([*headline, *head]),
    )


def term_names(title: str, body: str) -> dict[int, str]:
    """Return how the report spells each word and name of its features, by hash, to explain a score."""
    found: dict[int, str] = {}
    for text in (body, title):
        head = list(tokens(text, BODY_WORDS))
        for term, start, end in _located(head):
            found.setdefault(word_hash(term), text[start:end])
        for run in _name_runs(head):
            found.setdefault(name_hash(" ".join(token.word for token in run)), text[run[0].start : run[-1].end])
            found.update({name_hash(token.word): text[token.start : token.end] for token in run})
    return found


def phrase_names(title: str, body: str) -> dict[int, str]:
    """Return how the report spells each pair of neighbouring words of its features, by hash."""
    found: dict[int, str] = {}
    for text in (body, title):
        located = list(_located(list(tokens(text, BODY_WORDS))))
        pairs = _pairs([term for term, _, _ in located])
        for pair, (_, start, _), (_, _, end) in zip(pairs.tolist(), located, located[1:], strict=False):
            found.setdefault(pair, " ".join(text[start:end].split()))
    return found


def shared_numbers(title_a: str, body_a: str, title_b: str, body_b: str) -> tuple[str, ...]:
    """Return the words with a digit that both reports have, longest first, as the first one spells them."""
    found_a, found_b = (
        {
            token.word: text[token.start : token.end]
            for text in (body, title)
            for token in tokens(text, BODY_WORDS)
            if any(map(str.isdigit, token.word))
        }
        for title, body in ((title_a, body_a), (title_b, body_b))
    )
    return tuple(found_a[word] for word in sorted(found_a.keys() & found_b.keys(), key=lambda word: (-len(word), word)))


@lru_cache(maxsize=1 << 17)
def word_hash(term: str) -> int:
    """Return the hash of a stem, its class in the lowest bits."""
    return _classed(xxhash.xxh3_64_intdigest(term.encode("utf-8", "surrogatepass")), _word_class(term))


@lru_cache(maxsize=1 << 16)
def name_hash(name: str) -> int:
    """Return the hash of a name, its words separated by spaces."""
    rarity = _LONG_NAME_CLASS if " " in name else _NAME_CLASS
    return _classed(xxhash.xxh3_64_intdigest(b"name " + name.encode("utf-8", "surrogatepass")), rarity)


def _word_class(term: str) -> int:
    return _RARE_WORD if is_unspaced(term) else _WORD_CLASSES[len(term)]


def _classed(digest: int, rarity: int) -> int:
    return (digest & 0xFFFFFFFF & ~_CLASS_MASK) | rarity


def _located(head: Sequence[Token]) -> Iterator[tuple[str, int, int]]:
    """Yield stems with their offsets; where words are not spaced, each character with the one after it."""
    for token, following in zip_longest(head, head[1:]):
        if not is_unspaced(token.word):
            yield token.word[:STEM], token.start, token.end
        elif following and following.start == token.end and is_unspaced(following.word):
            yield token.word + following.word, token.start, following.end


def _terms(head: Sequence[Token]) -> list[str]:
    return [term for term, _, _ in _located(head)]


def _lead_end(body: str) -> int:
    ends = islice(_SENTENCE_END.finditer(body, 0, LEAD_CHARACTERS), LEAD_SENTENCES)
    return max(
        (match.end() for number, match in enumerate(ends, 1) if number == LEAD_SENTENCES), default=LEAD_CHARACTERS
    )


def _name_runs(head: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield the runs of capitalised words that the text never writes in lower case."""
    common = {token.word for token in head if token.lower}
    run: list[Token] = []
    for token in head:
        if run and token.start > run[-1].end + 1:  # more than a space between them
            yield run
            run = []
        if token.upper and token.word not in common:
            run.append(token)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _names(head: Sequence[Token]) -> Counter[int]:
    """Count names by hash: each run of several words, and each word."""
    found: Counter[int] = Counter()
    for run in _name_runs(head):
        found.update(name_hash(token.word) for token in run)
        if len(run) > 1:
            found[name_hash(" ".join(token.word for token in run))] += 1
    return found


def _pairs(terms: Sequence[str]) -> Terms:
    """Return the hash of each pair of neighbours, with repetitions, classed by how long both are together."""
    if len(terms) < 2:
        return np.zeros(0, dtype=np.uint32)
    lengths = np.fromiter((len(term) for term in terms), dtype=np.int64, count=len(terms))
    rarity = _PAIR_CLASSES[np.minimum(lengths[1:] + lengths[:-1], len(_PAIR_CLASSES) - 1)]
    hashes: Terms = (shingles(word_hashes(terms), 2) & _HASH_BITS).astype(np.uint32) | rarity
    return hashes


def _figures(head: Sequence[Token]) -> Terms:
    """Return the hashes of the words that hold a digit, of many those that are lowest."""
    found = sorted({token.word for token in head if any(map(str.isdigit, token.word))})
    return np.unique(word_hashes(found).astype(np.uint32))[:MOST_FIGURES]


def _quoted(text: str) -> Terms:
    """Return the hashes of the runs of words that stand in quotation marks, of many those that are lowest."""
    runs = [shingles(word_hashes(quote.words), QUOTED_RUN) for quote in quotes(text)]
    return np.unique(np.concatenate([np.zeros(0, dtype=np.uint64), *runs]).astype(np.uint32))[:MOST_QUOTED]


def _counts(count: Counter[int], order: Terms) -> Counts:
    return _clip(np.fromiter((count[term] for term in order.tolist()), dtype=np.int64, count=len(order)))


def _sorted(hashes: Iterable[int]) -> Terms:
    return np.array(sorted(set(hashes)), dtype=np.uint32)


def _clip(counts: NDArray[np.int64]) -> Counts:
    return np.minimum(counts, 255).astype(np.uint8)
