"""Keys: the hashes that near-duplicates share, so that a database index can find candidates without reading a text.

Five kinds serve five ends. Bands of a MinHash signature find texts that are alike as a whole; samples of the content
find a short text inside a long one; the digest finds identical texts, however many there are; quotations and the
headline find what reports of their own have in common. Measured on 638 real pages of one event day: bands alone recall
1.000 of copies and .36 of excerpts, samples alone .996 and 1.000.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import xxhash
from datasketch import MinHash
from numpy.typing import NDArray

from dedup.quotes import quotes
from dedup.text import Hashes, mix, shingles, word_hashes, words

ALGORITHM = 2  # mixed into each key; raise it with any change to words, shingles, signatures or datasketch's scheme

PERMUTATIONS, BANDS, ROWS = 128, 42, 3  # measured: every copy of Jaccard .40 and more is a candidate
SIGNATURE_WORDS = 3  # as the links' shingles: 5 words lose edited copies
SAMPLE_WORDS, SAMPLE_RATE = 8, 16  # about 42 samples an article
MOST_SAMPLES = 4096  # of one text: a million words do not flood the table of keys
QUOTE_WORDS = 8  # as dedup/quotes.py's shortest
QUOTE_WINDOW = 6  # of that many runs in a row one is a key (winnowing, Schleimer et al. 2003): any 13 equal words meet
MOST_QUOTES = 512  # keys of one text
HEADLINE_WORDS = 4  # "Morning briefing" is no evidence
_CHUNK = 4096  # shingles signed at once: bounds memory, 128 permutations of 4 bytes each

_KIND_BITS = 3


class KeyKind(IntEnum):
    """What a key was made from; its three lowest bits say so, so kinds never collide."""

    BAND = 0
    SAMPLE = 1
    DIGEST = 2
    HEADLINE = 3
    QUOTE = 4


Signed = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """The keys of one article, as signed 64-bit numbers (BIGINT), each once. A text without a word has none."""

    all: Signed  # what is to be stored and looked up

    def of(self, kind: KeyKind) -> Signed:
        """Return the keys of one kind, ascending."""
        found: Signed = self.all[(self.all & ((1 << _KIND_BITS) - 1)) == kind]
        return found

    @property
    def digest(self) -> int | None:
        """The key that identical texts share, and no others."""
        found = self.of(KeyKind.DIGEST)
        return int(found[0]) if len(found) else None

    def pack(self) -> bytes:
        """Return the keys as bytes, little-endian, eight for each; the kinds are in the keys."""
        return self.all.astype("<i8").tobytes()

    @staticmethod
    def unpack(data: bytes) -> "Keys":
        """Return the keys that :meth:`pack` wrote."""
        return Keys(np.frombuffer(data, dtype="<i8").astype(np.int64))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keys) and self.pack() == other.pack()

    def __hash__(self) -> int:
        return hash(self.pack())


def keys_of(texts: Sequence[str], titles: Sequence[str] = ()) -> list[Keys]:
    """Return the keys of each text (the clean body) and of its title, where titles are given."""
    unsigned = MinHash(num_perm=PERMUTATIONS, hashfunc=int)
    padded = [*titles, *[""] * (len(texts) - len(titles))]
    return [_keys(text, title, unsigned) for text, title in zip(texts, padded, strict=True)]


def kind_of(key: int) -> KeyKind:
    """Return the kind of a key; in SQL ``key & 7``, also for negative numbers."""
    return KeyKind(key & ((1 << _KIND_BITS) - 1))


@dataclass(frozen=True, slots=True)
class Candidate:
    """Another article that shares keys with one: how many, in all and of those that say something."""

    article: int
    shared: int  # bands, samples and the digest
    telling: int  # of those, the ones that few articles have
    is_same_text: bool
    is_mentioned: bool  # a headline or a quotation is shared
    is_lone_band: bool  # one band and nothing else: chance, unless both texts are short

    @property
    def rank(self) -> tuple[bool, int, int]:
        """What is compared first: the same text, then the most keys in common, then the article known longest."""
        return not self.is_same_text, -self.shared, self.article


BULK = 8  # keys, or a fifth of an article's: so much in common is worth reading however common each of them is
BULK_SHARE = 0.2
SHORT_TEXT = 150  # words; shorter texts have so few samples that one band must do


def candidates(own: Keys, holders: Mapping[int, Iterable[int]], common: Iterable[int] = ()) -> list[Candidate]:
    """Return which articles are worth reading, the likeliest first, from those that hold each of an article's keys.

    ``common`` are keys that too many articles hold (furniture that slipped through, market tables): they name nobody,
    but an article that shares keys in bulk is a copy of something often printed. Measured on 1,903 texts, 1,186 of them
    edited copies: two shared keys lose none of the copies and excerpts that any one shared key would find.
    """
    usual = set(common)
    tallies: dict[int, list[int]] = {}
    for key, articles in holders.items():
        kind, telling = kind_of(key), key not in usual
        for article in articles:
            tally = tallies.setdefault(article, [0] * (2 * len(KeyKind)))
            tally[kind] += 1
            tally[len(KeyKind) + kind] += telling
    bulk = max(BULK, BULK_SHARE * len(own.all))
    found = (_candidate(article, tally) for article, tally in tallies.items())
    return sorted((one for one in found if _is_worth_reading(one, bulk)), key=lambda one: one.rank)


def _candidate(article: int, tally: Sequence[int]) -> Candidate:
    text_kinds = (KeyKind.BAND, KeyKind.SAMPLE, KeyKind.DIGEST)
    telling = [tally[len(KeyKind) + kind] for kind in KeyKind]
    return Candidate(
        article,
        shared=sum(tally[kind] for kind in text_kinds),
        telling=sum(telling[kind] for kind in text_kinds),
        is_same_text=tally[KeyKind.DIGEST] > 0,
        is_mentioned=telling[KeyKind.HEADLINE] + telling[KeyKind.QUOTE] > 0,
        is_lone_band=telling[KeyKind.BAND] == 1 and sum(tally[kind] for kind in text_kinds) == 1,
    )


def _is_worth_reading(one: Candidate, bulk: float) -> bool:
    return one.is_same_text or one.is_mentioned or one.is_lone_band or one.telling >= 2 or one.shared >= bulk


def _keys(text: str, title: str, unsigned: MinHash) -> Keys:
    tokens, headline = words(text), words(title)
    found = []
    if tokens:
        hashes = word_hashes(tokens)
        found.append(_stamp(_bands(np.unique(shingles(hashes, SIGNATURE_WORDS)), unsigned), KeyKind.BAND))
        found.append(_stamp(_samples(shingles(hashes, SAMPLE_WORDS)), KeyKind.SAMPLE))
        found.append(_stamp(_digest(hashes), KeyKind.DIGEST))
        found.append(_stamp(_quoted(text), KeyKind.QUOTE))
    if len(headline) >= HEADLINE_WORDS:
        found.append(_stamp(_digest(word_hashes(headline)), KeyKind.HEADLINE))
    return Keys(np.concatenate(found) if found else np.zeros(0, dtype=np.int64))


def _digest(hashes: Hashes) -> Hashes:
    return np.array([xxhash.xxh3_64_intdigest(hashes.astype("<u8").tobytes())], dtype=np.uint64)


def _quoted(text: str) -> Hashes:
    """Return the smallest of each few runs of eight words inside quotation marks, so that equal quotations meet."""
    found = [_winnowed(shingles(word_hashes(quote.words), QUOTE_WORDS)) for quote in quotes(text)]
    return np.unique(np.concatenate([np.zeros(0, dtype=np.uint64), *found]))[:MOST_QUOTES]


def _winnowed(runs: Hashes) -> Hashes:
    if len(runs) <= QUOTE_WINDOW:
        return runs
    smallest: Hashes = np.lib.stride_tricks.sliding_window_view(runs, QUOTE_WINDOW).min(axis=1)
    return smallest


def _bands(shingled: Hashes, unsigned: MinHash) -> Hashes:
    """Return one hash for each band of the signature."""
    sketch = unsigned.copy()
    low = (shingled & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    for start in range(0, len(low), _CHUNK):
        sketch.update_batch(low[start : start + _CHUNK].tolist())
    rows = sketch.hashvalues[: BANDS * ROWS].astype(np.uint64).reshape(BANDS, ROWS)
    hashed = np.arange(1, BANDS + 1, dtype=np.uint64)
    for row in range(ROWS):
        hashed = mix(hashed ^ mix(rows[:, row] + np.uint64(row)))
    return hashed


def _samples(shingled: Hashes) -> Hashes:
    """Return the shingles whose own hash selects them, so that two texts select alike wherever a run stands."""
    chosen = np.unique(shingled[shingled % np.uint64(SAMPLE_RATE) == 0])
    return chosen[:MOST_SAMPLES]


def _stamp(hashes: Hashes, kind: KeyKind) -> NDArray[np.int64]:
    """Mix kind and algorithm into hashes and write the kind into their lowest bits."""
    seeded = mix(hashes ^ mix(np.array([ALGORITHM << _KIND_BITS | kind], dtype=np.uint64)))
    return np.sort((seeded >> np.uint64(_KIND_BITS) << np.uint64(_KIND_BITS) | np.uint64(kind)).view(np.int64))
