import random

from hypothesis import given
from hypothesis import strategies as st

from dedup.groups import carry_over, components

MEMBERS = st.integers(0, 30)
PAIRS = st.lists(st.tuples(MEMBERS, MEMBERS), max_size=40)


@given(st.sets(MEMBERS), PAIRS, st.randoms(use_true_random=False))
def test_components_do_not_depend_on_order(
    members: set[int], pairs: list[tuple[int, int]], pick: random.Random
) -> None:
    found = components(members, pairs)
    shuffled = [pair if pick.random() < 0.5 else pair[::-1] for pair in pick.sample(pairs, len(pairs))]
    assert components(pick.sample(sorted(members), len(members)), shuffled) == found
    assert sorted(member for group in found for member in group) == sorted(
        members | {m for pair in pairs for m in pair}
    )
    assert all(any(one in group and other in group for group in found) for one, other in pairs)


def test_nothing_is_joined_without_a_pair() -> None:
    assert components([3, 1, 2], [(1, 2)]) == [frozenset({1, 2}), frozenset({3})]


def test_a_merger_keeps_the_id_of_its_larger_part() -> None:
    change = carry_over({7: {1, 2}, 3: {4}}, [{1, 2, 4, 5}])
    assert change.ids == (7,)
    assert change.merged == {3: 0}
    assert not change.split


def test_a_split_leaves_the_id_with_the_larger_part() -> None:
    change = carry_over({7: {1, 2, 3}}, [{1}, {2, 3}])
    assert change.ids == (None, 7)
    assert change.split == {7: (0, 1)}


def test_an_id_whose_members_are_gone_has_vanished() -> None:
    assert carry_over({7: {1}}, [{2}]).vanished == (7,)


def partitions(ids: st.SearchStrategy[int]) -> st.SearchStrategy[dict[int, set[int]]]:
    def grouped(labels: dict[int, int]) -> dict[int, set[int]]:
        return {label: {member for member in labels if labels[member] == label} for label in labels.values()}

    return st.dictionaries(MEMBERS, ids, max_size=20).map(grouped)


@given(partitions(st.integers(0, 9)), partitions(st.integers(0, 9)), st.randoms(use_true_random=False))
def test_every_old_id_is_kept_merged_or_vanished_once_whatever_the_order(
    old: dict[int, set[int]], new: dict[int, set[int]], pick: random.Random
) -> None:
    sets = list(new.values())
    change = carry_over(old, sets)
    kept = [id_ for id_ in change.ids if id_ is not None]
    assert sorted([*kept, *change.merged, *change.vanished]) == sorted(old)
    assert all(old[id_] & sets[index] for id_, index in change.merged.items())
    assert all(change.ids[index] is not None for index in change.merged.values())
    order = pick.sample(range(len(sets)), len(sets))
    again = carry_over(dict(pick.sample(list(old.items()), len(old))), [sets[index] for index in order])
    assert [change.ids[index] for index in order] == list(again.ids)
    assert {id_: sets[index] for id_, index in change.merged.items()} == {
        id_: sets[order[index]] for id_, index in again.merged.items()
    }
