"""How well one partition of things agrees with another, by pairs."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PairScores:
    """Agreement over pairs of things that are together, and the adjusted Rand index (Hubert and Arabie 1985)."""

    precision: float
    recall: float
    f1: float
    ari: float


def pair_scores(truth: Sequence[Hashable], found: Sequence[Hashable]) -> PairScores:
    """Compare two labellings of the same things."""
    both = _pairs(Counter(zip(truth, found, strict=True)))
    true, said, every = _pairs(Counter(truth)), _pairs(Counter(found)), len(truth) * (len(truth) - 1) // 2
    expected = true * said / every if every else 0.0
    return PairScores(
        precision=both / said if said else 1.0,
        recall=both / true if true else 1.0,
        f1=2 * both / (true + said) if true + said else 1.0,
        ari=(both - expected) / ((true + said) / 2 - expected) if true + said != 2 * expected else 1.0,
    )


def labels(size: int, groups: Iterable[Iterable[int]]) -> list[int]:
    """Return the number of the group of each thing, from 0 to ``size``, where every thing is in one group."""
    found = [0] * size
    for number, group in enumerate(groups):
        for member in group:
            found[member] = number
    return found


def _pairs(counts: Mapping[Any, int]) -> int:
    return sum(n * (n - 1) // 2 for n in counts.values())
