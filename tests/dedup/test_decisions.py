"""Decisions as constraints: they hold whatever likeness says; where they say nothing it is as if there were none."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedup.decisions import NONE_YET, Decisions, chain
from dedup.linkage import LinkageRules, Pairs, average_linkage

COUNT = 8
IDS = [10 * number for number in range(COUNT)]
ITEMS = st.sampled_from(IDS)
LINKS = st.lists(st.tuples(ITEMS, ITEMS), max_size=4)
VALUES = st.dictionaries(
    st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)).filter(lambda pair: pair[0] < pair[1]),
    st.integers(0, 20).map(lambda value: value / 20),
)
RULES = LinkageRules(0.3, 0.2, 0.8)


def divided(values: dict[tuple[int, int], float], decisions: Decisions) -> set[frozenset[int]]:
    ordered = sorted((low, high, value) for (low, high), value in values.items())
    low, high, value = (np.array([row[column] for row in ordered]) for column in range(3))
    pairs = Pairs(low.astype(np.int64), high.astype(np.int64), value.astype(np.float64))
    labels = average_linkage(COUNT, decisions.opened(IDS, pairs), RULES, decisions.bound(IDS))
    return {frozenset(IDS[index] for index in np.flatnonzero(labels == label)) for label in labels}


@given(VALUES, LINKS, LINKS, st.sets(ITEMS, max_size=2))
def test_decisions_hold_whatever_likeness_says(
    values: dict[tuple[int, int], float],
    together: list[tuple[int, int]],
    apart: list[tuple[int, int]],
    closed: set[int],
) -> None:
    decisions = Decisions.of(together, apart, closed)
    home = {item: story for story in divided(values, decisions) for item in story}
    for a, b in together:
        assert home[a] == home[b]
    for a, b in apart:
        assert home[a] != home[b] or any({a, b} <= members for members in decisions.together) or a == b
    for item in closed:
        assert home[item] == decisions.home.get(item, frozenset({item}))
    assert sorted(item for story in set(home.values()) for item in story) == IDS


@given(VALUES, LINKS, LINKS)
def test_the_order_in_which_decisions_are_given_is_irrelevant(
    values: dict[tuple[int, int], float], together: list[tuple[int, int]], apart: list[tuple[int, int]]
) -> None:
    swapped = Decisions.of([(b, a) for a, b in reversed(together)], [(b, a) for a, b in reversed(apart)])
    assert divided(values, Decisions.of(together, apart)) == divided(values, swapped)


@given(VALUES)
def test_decisions_that_say_nothing_change_nothing(values: dict[tuple[int, int], float]) -> None:
    assert divided(values, Decisions.of([], [], [])) == divided(values, NONE_YET)


def test_stories_of_two_languages_are_united_whole_or_where_that_is_forbidden_only_what_is_tied() -> None:
    stories = [(1, 2), (3, 4)]
    assert Decisions.of([(1, 3)], []).united(stories) == [(1, 2, 3, 4)]
    assert Decisions.of([(1, 3)], [(2, 4)]).united(stories) == [(1, 3), (2,), (4,)]


def test_the_chain_of_decisions_between_two_items_is_named() -> None:
    links = [(1, 2, 7), (3, 2, 8), (3, 4, 9), (1, 5, 6)]
    assert chain(links, 1, 4) == [7, 8, 9]
    assert chain(links, 5, 5) == []
    assert chain(links, 1, 6) is None


def test_what_must_not_be_together_is_known_through_what_is() -> None:
    decisions = Decisions.of([(1, 2), (3, 4)], [(2, 3), (5, 6)])
    assert decisions.part(1, 4)
    assert decisions.part(4, 1)
    assert decisions.part(6, 5)
    assert not decisions.part(1, 2)
    assert not decisions.part(1, 5)
