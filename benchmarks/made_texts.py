"""News made by program, as much of it as wanted: words of a made language, as frequent as words are, in prose.

An article has about 700 words in paragraphs, one paragraph in five a quotation. Two articles share single words and
the commonest pairs of them, and no run that means anything. The same number gives the same article.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

VOCABULARY: Final = 30_000
OUTLETS: Final = 500
HOUSE_LINE_WORDS: Final = 40
HOUSE_LINE_EVERY: Final = 10  # one article in so many carries a line of its outlet that the reader did not cut
_CONSONANTS, _VOWELS = "bcdfghjklmnprstvwz", "aeiou"


@dataclass(frozen=True, slots=True)
class Made:
    """One made article."""

    title: str
    body: str
    outlet: int


@cache
def _vocabulary() -> tuple[list[str], np.ndarray]:
    """Return the words, the commonest first and shortest, and their cumulated probabilities by Zipf's law."""
    syllables = [c + v for c in _CONSONANTS for v in _VOWELS]
    size = len(syllables)
    spelt = [
        "".join(syllables[(number // size**place) % size] for place in range(1 if number < size else 3))
        for number in range(VOCABULARY)
    ]
    weights = 1 / (np.arange(VOCABULARY) + 2.7)
    return spelt, np.cumsum(weights / weights.sum())


def words(seed: int, count: int) -> list[str]:
    """Return so many words."""
    spelt, cumulated = _vocabulary()
    drawn = np.random.default_rng(seed).random(count)
    return [spelt[min(at, VOCABULARY - 1)] for at in np.searchsorted(cumulated, drawn).tolist()]


def sentences(seed: int, count: int) -> list[str]:
    """Return sentences of eight to thirty words."""
    lengths = np.random.default_rng([seed, 1]).integers(8, 30, count).tolist()
    left = iter(words(seed, sum(lengths)))
    return [" ".join(next(left) for _ in range(length)).capitalize() + "." for length in lengths]


def house_line(outlet: int) -> str:
    """Return the line that an outlet puts under its articles."""
    return " ".join(words(1_000_000_000 + outlet, HOUSE_LINE_WORDS)).capitalize() + "."


def article(number: int) -> Made:
    """Return the article of a number."""
    found = sentences(number, 38)
    paragraphs = [" ".join(found[at : at + 2]) for at in range(0, len(found), 2)]
    told = [f"“{part[:-1]},” said Bado Keru." if at % 5 == 1 else part for at, part in enumerate(paragraphs)]
    outlet = number % OUTLETS
    if has_house_line(number):
        told.append(house_line(outlet))
    return Made(" ".join(words(2_000_000_000 + number, 9)).capitalize(), "\n\n".join(told), outlet)


def has_house_line(number: int) -> bool:
    """Tell whether an article carries its outlet's line; every outlet has some that do."""
    return number // OUTLETS % HOUSE_LINE_EVERY == 0


def edited(number: int, seed: int) -> Made:
    """Return the copy of an article by another outlet: its lead rewritten, every ninth paragraph cut, a line added."""
    original = article(number)
    paragraphs = original.body.split("\n\n")
    kept = [part for at, part in enumerate(paragraphs) if at and (at + seed) % 9]
    lead, added = sentences(3_000_000_000 + seed, 2)
    return Made(" ".join(words(4_000_000_000 + seed, 9)), "\n\n".join([lead, *kept, added]), seed % OUTLETS)
