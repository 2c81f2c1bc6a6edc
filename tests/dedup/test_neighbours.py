import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.linkage import Pairs
from dedup.neighbours import NeighbourRules, bounded, chances, pair_hashes

RULES = NeighbourRules(best=3, sampled=2)


def graph(count: int, seed: int, share: float = 1.0) -> Pairs:
    pick = random.Random(seed)
    chosen = [(a, b, pick.random()) for a in range(count) for b in range(a + 1, count) if pick.random() < share]
    low, high, value = zip(*chosen, strict=True) if chosen else ((), (), ())
    return Pairs(np.array(low, dtype=np.int64), np.array(high, dtype=np.int64), np.array(value, dtype=np.float64))


def as_dict(pairs: Pairs, ids: list[int]) -> dict[tuple[int, int], tuple[float, float]]:
    columns = (pairs.low.tolist(), pairs.high.tolist(), pairs.value.tolist(), pairs.weight.tolist())
    return {(min(ids[a], ids[b]), max(ids[a], ids[b])): (v, w) for a, b, v, w in zip(*columns, strict=True)}


@given(st.integers(0, 6), st.integers(0, 99))
def test_a_report_of_few_neighbours_keeps_them_all(count: int, seed: int) -> None:
    pairs = graph(count, seed)
    kept = bounded(pairs, np.arange(count), RULES)
    assert (kept.low.tolist(), kept.weight.tolist()) == (pairs.low.tolist(), [1.0] * len(pairs.low))


@given(st.integers(7, 20), st.integers(0, 99), st.randoms(use_true_random=False))
def test_what_is_kept_does_not_depend_on_numbering_and_holds_the_best(
    count: int, seed: int, pick: random.Random
) -> None:
    pairs, ids = graph(count, seed, 0.8), list(range(100, 100 + count))
    kept = as_dict(bounded(pairs, np.array(ids), RULES), ids)
    place = pick.sample(range(count), count)
    ends = np.array(place)[pairs.low], np.array(place)[pairs.high]
    moved = Pairs(np.minimum(*ends), np.maximum(*ends), pairs.value)
    moved_ids = [0] * count
    for number, to in enumerate(place):
        moved_ids[to] = ids[number]
    assert as_dict(bounded(moved, np.array(moved_ids), RULES), moved_ids) == kept
    for number in range(count):
        own = sorted((v for a, b, v in zip(pairs.low, pairs.high, pairs.value, strict=True) if number in (a, b)))
        held = [value for pair, (value, _) in kept.items() if ids[number] in pair]
        assert set(own[-RULES.best :]) <= set(held)
        assert len(kept) <= count * (RULES.best + RULES.sampled)


def test_the_weights_stand_for_what_was_left_out() -> None:
    totals = []
    for seed in range(40):
        pairs = graph(60, seed)
        kept = bounded(pairs, np.arange(1000 * seed, 1000 * seed + 60), NeighbourRules(best=5, sampled=10))
        assert len(kept.low) < len(pairs.low) / 2
        totals.append(float((kept.weight * kept.value).sum() / pairs.value.sum()))
    assert np.mean(totals) == pytest.approx(1.0, abs=0.03)


@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_a_pair_has_one_hash(one: int, other: int) -> None:
    a, b = np.array([one]), np.array([other])
    assert pair_hashes(a, b) == pair_hashes(b, a)


@given(st.lists(st.integers(0, 5), max_size=12), st.integers(0, 9))
def test_an_arrival_keeps_a_bounded_number(values: list[int], seed: int) -> None:
    drawn = pair_hashes(np.arange(len(values)), np.full(len(values), 100 + seed))
    found = chances(np.array(values, dtype=np.float64), drawn, RULES)
    assert int((found > 0).sum()) == min(len(values), RULES.best + RULES.sampled)
    assert ((found >= 0) & (found <= 1)).all()
