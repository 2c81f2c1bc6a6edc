import random
from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedup.linkage import LinkageRules, Pairs, average_linkage

FLOOR = 0.3
PLAIN = LinkageRules(FLOOR, FLOOR)
VALUES = st.integers(0, 20).map(lambda value: value / 20)


def pairs_of(values: dict[tuple[int, int], float]) -> Pairs:
    ordered = sorted((*sorted(pair), value) for pair, value in values.items())
    return Pairs(
        np.array([low for low, _, _ in ordered], dtype=np.int64),
        np.array([high for _, high, _ in ordered], dtype=np.int64),
        np.array([value for _, _, value in ordered], dtype=np.float64),
    )


def clusters(count: int, values: dict[tuple[int, int], float]) -> set[frozenset[int]]:
    labels = average_linkage(count, pairs_of(values), PLAIN)
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in labels}


def slow_linkage(count: int, values: dict[tuple[int, int], float]) -> set[frozenset[int]]:
    """The definition, written down: merge the best two until none is good enough."""
    found = [frozenset([item]) for item in range(count)]

    def mean(one: frozenset[int], other: frozenset[int]) -> float:
        total = sum(values.get((min(a, b), max(a, b)), 0.0) for a in one for b in other)
        return total / (len(one) * len(other))

    while len(found) > 1:
        ranked = [(-mean(one, other), min(one), min(other)) for one, other in combinations(sorted(found, key=min), 2)]
        best, low, high = min(ranked)
        if -best < FLOOR:
            break
        merged = [cluster for cluster in found if min(cluster) in (low, high)]
        found = [cluster for cluster in found if cluster not in merged] + [merged[0] | merged[1]]
    return set(found)


@given(st.dictionaries(st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda p: p[0] < p[1]), VALUES))
def test_every_cluster_is_as_average_linkage_defines_it(values: dict[tuple[int, int], float]) -> None:
    rounded = {pair: value + 0.001 * (7 * pair[0] + pair[1]) / 49 for pair, value in values.items()}  # no ties
    assert clusters(7, rounded) == slow_linkage(7, rounded)


@given(
    st.dictionaries(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda p: p[0] < p[1]), VALUES),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_pairs_is_irrelevant(values: dict[tuple[int, int], float], pick: random.Random) -> None:
    pairs = pairs_of(values)
    shuffled = pairs.select(np.array(pick.sample(range(len(pairs.low)), len(pairs.low)), dtype=np.int64))
    assert (average_linkage(10, pairs, PLAIN) == average_linkage(10, shuffled, PLAIN)).all()


def test_one_strong_tie_does_not_glue_two_events() -> None:
    inside = {(a, b): 0.8 for group in (range(4), range(4, 8)) for a, b in combinations(group, 2)}
    assert clusters(8, {**inside, (3, 4): 0.7}) == {frozenset(range(4)), frozenset(range(4, 8))}


def test_items_without_a_pair_stay_alone() -> None:
    assert clusters(3, {(0, 2): 0.9}) == {frozenset({0, 2}), frozenset({1})}
    assert average_linkage(0, pairs_of({}), PLAIN).tolist() == []


def test_two_events_that_are_close_in_themselves_stay_apart() -> None:
    inside = {(a, b): 0.9 for group in (range(4), range(4, 8)) for a, b in combinations(group, 2)}
    across = {(a, b): 0.4 for a in range(4) for b in range(4, 8)}
    rules = LinkageRules(FLOOR, FLOOR, coherence=0.8)
    assert len(set(average_linkage(8, pairs_of(inside | across), PLAIN).tolist())) == 1
    assert average_linkage(8, pairs_of(inside | across), rules).tolist() == [0] * 4 + [4] * 4


def test_many_weak_pairs_are_as_good_as_a_strong_one() -> None:
    values = {(0, 1): 0.8, (2, 3): 0.8, **{(a, b): 0.2 for a in (0, 1) for b in (2, 3)}}
    assert average_linkage(4, pairs_of(values), LinkageRules(0.3, 0.1)).tolist() == [0] * 4
    assert average_linkage(2, pairs_of({(0, 1): 0.2}), LinkageRules(0.3, 0.1)).tolist() == [0, 1]


def test_a_pair_counts_as_often_as_its_weight_says() -> None:
    values = {(0, 1): 0.9, (2, 3): 0.9, (0, 2): 0.5}
    pairs = pairs_of(values)
    assert average_linkage(4, pairs, PLAIN).tolist() == [0, 0, 2, 2]
    weighted = Pairs(pairs.low, pairs.high, pairs.value, np.array([1.0, 4.0, 1.0]))
    assert average_linkage(4, weighted, PLAIN).tolist() == [0] * 4


def test_a_big_story_does_not_grow_by_what_is_a_little_like_it() -> None:
    rules = LinkageRules(0.3, 0.1)
    for size, joined in ((4, True), (24, False)):
        inside = dict.fromkeys(combinations(range(size), 2), 0.9)
        outside = {(member, size): 0.2 for member in range(size)}
        assert (average_linkage(size + 1, pairs_of(inside | outside), rules)[size] == 0) == joined
