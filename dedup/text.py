"""Words as matching sees them: one spelling for what desks spell in several ways, apart from the text that is shown.

Case, Unicode form, quotes, dashes, apostrophes and the dots of abbreviations do not survive ("U.S." is "us"); digits
do. A hyphen joins ("counter-fire" is "counterfire"), a dash separates. Scripts that put no space between words give one
token per character. There is no list of stop words of any language.
"""

import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby, islice
from typing import NamedTuple

import numpy as np
import xxhash
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

# Han, kana, Thai, Lao, Burmese, Khmer: no spaces between words. Hangul has them.
UNSPACED = (
    "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)


def _marks() -> str:
    """Return the combining marks, which the class of word characters lacks, as the inside of a character class."""
    points = [p for p in range(0x300, 0x11000) if unicodedata.category(chr(p)) in ("Mn", "Mc")]
    runs = [[p for _, p in run] for _, run in groupby(enumerate(points), key=lambda pair: pair[1] - pair[0])]
    return "".join(f"{chr(run[0])}-{chr(run[-1])}" for run in runs)


# No possessive quantifiers: Python 3.11.2, Debian 12's, loses the last letter of what several nested ones match. What
# follows another here never begins with what it ends with, so there is nothing to go back over.
_LETTERS = rf"[^\W_{UNSPACED}]+(?:[{_marks()}\u00ad\u200b-\u200d\u2060]+[^\W_{UNSPACED}]*)*"
_JOINED = rf"(?:(?:['’ʼ]|(?<!\d)[\-\u2010\u2011]|[\-\u2010\u2011](?!\d)){_LETTERS})*"  # but 2016-17 and 3-0 are two
_WORD = re.compile(
    rf"(?:[^\W\d_{UNSPACED}]\.){{2,}}(?:[^\W\d_{UNSPACED}](?![^\W_]))?{_JOINED}"  # U.S., U.S, U.S.-made
    rf"|\d+(?:[.,]\d+)+(?![^\W_])"  # 1,000 and 2.5
    rf"|{_LETTERS}{_JOINED}"  # words, with the apostrophes and hyphens inside them
    rf"|[{UNSPACED}]"
)
_DROPPED = {ord(c): None for c in ".,'’ʼ-\u2010\u2011\u00ad\u200b\u200c\u200d\u2060"}
_UNSPACED = re.compile(f"[{UNSPACED}]")

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_EMPTY: Hashes = np.zeros(0, dtype=np.uint64)


@lru_cache(maxsize=1 << 17)
def normalise(word: str) -> str:
    """Return the one spelling of a word that :data:`_WORD` found."""
    if word.isascii() and word.isalnum():
        return word.lower()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold())
    if "." in word and word[0].isdigit():
        return folded.replace(",", "")  # 2.5 million is not 25 million
    return sys.intern(folded.translate(_DROPPED))


def words(text: str) -> list[str]:
    """Return the normalised words of ``text`` in order. Linear in its length; any string is fine."""
    return [word for word in map(normalise, _WORD.findall(text)) if word]


def word_spans(text: str) -> list[tuple[str, int, int]]:
    """Return the words as :func:`words` does, each with its character offsets in ``text``."""
    found = ((normalise(match[0]), match.start(), match.end()) for match in _WORD.finditer(text))
    return [span for span in found if span[0]]


class Token(NamedTuple):
    """One word of a text: its normal spelling, whether it begins with a capital or a small letter, and where it is.

    A tuple, because there is one for every word: measured, a frozen dataclass took a third longer for all features.
    """

    word: str
    upper: bool
    lower: bool
    start: int
    end: int


def tokens(text: str, limit: int) -> Iterator[Token]:
    """Yield the first ``limit`` words of a text."""
    for match in islice(_WORD.finditer(text), limit):
        if word := normalise(match[0]):
            yield Token(word, match[0][0].isupper(), match[0][0].islower(), match.start(), match.end())


def is_unspaced(word: str) -> bool:
    """Tell whether a word is a character of a script without spaces."""
    return len(word) <= 2 and bool(_UNSPACED.match(word))


@lru_cache(maxsize=1 << 17)
def _hash(word: str) -> int:
    return xxhash.xxh3_64_intdigest(word.encode("utf-8", "surrogatepass"))


def word_hashes(spelled: Sequence[str]) -> Hashes:
    """Return the 64-bit xxhash of each word, in order."""
    return np.fromiter(map(_hash, spelled), dtype=np.uint64, count=len(spelled))


def mix(values: Hashes) -> Hashes:
    """Scramble 64-bit values (the finaliser of splitmix64, a bijection): sums of hashes become hashes again."""
    values = (values ^ (values >> np.uint64(30))) * _MIX_1
    values = (values ^ (values >> np.uint64(27))) * _MIX_2
    return values ^ (values >> np.uint64(31))


def shingles(hashes: Hashes, size: int) -> Hashes:
    """Return the hash of each run of ``size`` words, in order and with repetitions.

    A text that is shorter than ``size`` has one shingle, itself; a text without words has none.
    """
    if not len(hashes):
        return _EMPTY
    size = min(size, len(hashes))
    rolled = np.zeros(len(hashes) - size + 1, dtype=np.uint64)
    for offset in range(size):
        rolled = rolled * _MULTIPLIER + hashes[offset : offset + len(rolled)]
    return mix(rolled + np.uint64(size))
