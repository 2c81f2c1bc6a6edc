"""Keys: the hashes that near-duplicates share, so that a database index can find candidates without reading a text.

Three kinds serve three ends. Bands of a MinHash signature find texts that are alike as a whole; samples of the
content find a short text inside a long one; the digest finds identical texts, however many there are. Measured on 638
real pages of one event day: bands alone recall 1.000 of copies and .36 of excerpts, samples alone .996 and 1.000.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import xxhash
from datasketch import MinHash
from numpy.typing import NDArray

from dedup.text import Hashes, mix, shingles, word_hashes, words

ALGORITHM = 1  # mixed into each key; raise it with any change to words, shingles, signatures or datasketch's scheme

PERMUTATIONS, BANDS, ROWS = 128, 42, 3  # measured: every copy of Jaccard .40 and more is a candidate
SIGNATURE_WORDS = 3  # as the links' shingles: 5 words lose edited copies
SAMPLE_WORDS, SAMPLE_RATE = 8, 16  # about 42 samples an article
SAMPLE_HITS = 2  # one shared run of eight words is a phrase, two are a text
MOST_SAMPLES = 4096  # of one text: a million words do not flood the table of keys
_CHUNK = 4096  # shingles signed at once: bounds memory, 128 permutations of 4 bytes each

_KIND_BITS = 2


class KeyKind(IntEnum):
    """What a key was made from; its two lowest bits say so, so kinds never collide."""

    BAND = 0
    SAMPLE = 1
    DIGEST = 2


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """The keys of one text, as signed 64-bit numbers (BIGINT). A text without a word has none."""

    bands: NDArray[np.int64]
    samples: NDArray[np.int64]
    digest: int | None

    @property
    def all(self) -> NDArray[np.int64]:
        """Every key once: what is to be stored and looked up."""
        digests = [] if self.digest is None else [self.digest]
        return np.concatenate([self.bands, self.samples, np.array(digests, dtype=np.int64)])

    def pack(self) -> bytes:
        """Return the keys as bytes, little-endian, eight for each; the kinds are in the keys."""
        return self.all.astype("<i8").tobytes()

    @staticmethod
    def unpack(data: bytes) -> "Keys":
        """Return the keys that :meth:`pack` wrote."""
        keys = np.frombuffer(data, dtype="<i8").astype(np.int64)
        kinds = keys & ((1 << _KIND_BITS) - 1)
        digests = keys[kinds == KeyKind.DIGEST]
        return Keys(
            keys[kinds == KeyKind.BAND], keys[kinds == KeyKind.SAMPLE], int(digests[0]) if len(digests) else None
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keys) and self.pack() == other.pack()

    def __hash__(self) -> int:
        return hash(self.pack())


def keys_of(texts: Sequence[str]) -> list[Keys]:
    """Return the keys of each text (the clean body, without its title)."""
    unsigned = MinHash(num_perm=PERMUTATIONS, hashfunc=int)
    return [_keys(words(text), unsigned) for text in texts]


def kind_of(key: int) -> KeyKind:
    """Return the kind of a key; in SQL ``key & 3``, also for negative numbers."""
    return KeyKind(key & ((1 << _KIND_BITS) - 1))


def candidates(hits: Iterable[tuple[int, int]]) -> set[int]:
    """Return which articles are worth reading, from (article, shared key) pairs: a band, the digest, or two samples."""
    found: set[int] = set()
    sampled: Counter[int] = Counter()
    for article, key in set(hits):
        if kind_of(key) is KeyKind.SAMPLE:
            sampled[article] += 1
        else:
            found.add(article)
    return found | {article for article, count in sampled.items() if count >= SAMPLE_HITS}


def _keys(tokens: list[str], unsigned: MinHash) -> Keys:
    if not tokens:
        none = np.zeros(0, dtype=np.int64)
        return Keys(none, none, None)
    hashes = word_hashes(tokens)
    digest = np.array([xxhash.xxh3_64_intdigest(hashes.astype("<u8").tobytes())], dtype=np.uint64)
    return Keys(
        _stamp(_bands(np.unique(shingles(hashes, SIGNATURE_WORDS)), unsigned), KeyKind.BAND),
        _stamp(_samples(shingles(hashes, SAMPLE_WORDS)), KeyKind.SAMPLE),
        int(_stamp(digest, KeyKind.DIGEST)[0]),
    )


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
