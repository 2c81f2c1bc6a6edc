"""Neighbours: a bounded number for each report, chosen so that what is left out can be estimated without a bias.

On a dense day a report has hundreds of similar ones. Kept are the best, and of the others a sample by hash; a kept pair
stands for as many as were left out beside it (Horvitz and Thompson 1952), so that an event of two hundred reports keeps
its mean similarity although nobody stores twenty thousand pairs. The hash is the pair's: arrival order plays no part.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.linkage import Pairs
from dedup.text import mix


@dataclass(frozen=True, slots=True)
class NeighbourRules:
    """How many neighbours a report keeps."""

    best: int = 15
    sampled: int = 15


def bounded(pairs: Pairs, ids: NDArray[np.int64], rules: NeighbourRules) -> Pairs:
    """Return the pairs that one of their ends keeps, each with its weight; ``ids`` name the items for the hash.

    An end keeps its best, ties by hash, and of the rest those of the lowest hashes. So the choice can be made again
    with every arrival, from what was kept and what is new alone.
    """
    item, drawn = np.concatenate([pairs.low, pairs.high]), np.tile(pair_hashes(ids[pairs.low], ids[pairs.high]), 2)
    chance = _chances(item, np.tile(pairs.value, 2), drawn, rules).reshape(2, -1).max(axis=0)
    kept = chance > 0
    return Pairs(pairs.low[kept], pairs.high[kept], pairs.value[kept], pairs.weight[kept] / chance[kept])


def chances(value: NDArray[np.float64], drawn: NDArray[np.uint64], rules: NeighbourRules) -> NDArray[np.float64]:
    """Return with which chance one item keeps each of its own pairs, 0 for not; ``drawn`` are the pairs' hashes."""
    return _chances(np.zeros(len(value), dtype=np.int64), value, drawn, rules)


def chosen_again(
    value: NDArray[np.float64], drawn: NDArray[np.uint64], below: float, rules: NeighbourRules
) -> tuple[NDArray[np.float64], float]:
    """Return the chances of one item's pairs where others were offered before, and the share it samples from now.

    ``below`` is that share until now: every pair that was not kept then had a hash above it, as shares of all hashes.
    """
    share = drawn.astype(np.float64) / 2.0**64
    best, others = np.split(np.lexsort((drawn, -value)), [rules.best])
    others = others[np.argsort(share[others], kind="stable")]
    if len(others) > rules.sampled:
        below = min(below, float(share[others[rules.sampled]]))
    chance = np.zeros(len(value))
    chance[best] = 1.0
    chance[others[share[others] < below]] = below
    return chance, below


def _chances(
    item: NDArray[np.int64], value: NDArray[np.float64], drawn: NDArray[np.uint64], rules: NeighbourRules
) -> NDArray[np.float64]:
    is_best = _ranks(item, np.lexsort((drawn, -value, item))) < rules.best
    rank = _ranks(item, np.lexsort((drawn, is_best, item)))  # by hash, the best behind all others
    # The first hash not kept is the chance with which the others were (rank conditioning, Duffield et al. 2007).
    first_out = np.ones(int(item.max(initial=-1)) + 1)
    at_bound = ~is_best & (rank == rules.sampled)
    first_out[item[at_bound]] = drawn[at_bound].astype(np.float64) / 2.0**64
    return np.where(is_best, 1.0, np.where(rank < rules.sampled, first_out[item], 0.0))


def pair_hashes(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return a hash of each pair of ids, whichever is named first."""
    low, high = np.minimum(one, other).astype(np.uint64), np.maximum(one, other).astype(np.uint64)
    return mix(mix(low) + high)


def _ranks(item: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rank of each within its item, where ``order`` sorts by item first."""
    sorted_item = item[order]
    ranks = np.empty(len(item), dtype=np.int64)
    ranks[order] = np.arange(len(item)) - np.searchsorted(sorted_item, sorted_item)
    return ranks
