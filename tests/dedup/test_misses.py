"""Misses: which two stories nearly are one, by how much, and by which two reports they are asked about."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from dedup.features import features_of
from dedup.idf import Idf
from dedup.linkage import TRUSTED_IN_TWO
from dedup.misses import Miss, misses
from dedup.similarity import DAY
from dedup.stories import Item, StoryRules, partition, similarities
from tests.dedup import made

RULES = StoryRules()
REPORTS = [made.REPORT_A, made.REPORT_B, (made.REPORT_B[0], made.REPORT_B[1].partition("\n\n")[0])]


def item(number: int, title: str, body: str, language: str = "en") -> Item:
    return Item(number, number * DAY / 24, language, features_of(title, body))


def missed(items: Sequence[Item], story_of: Mapping[int, int], rules: StoryRules = RULES) -> list[Miss]:
    return list(misses(items, story_of, similarities(items, Idf(), rules), rules.linkage(0)))


ITEMS = [item(number, *report) for number, report in enumerate(REPORTS, 1)]
OTHER = item(9, "Apples", made.text(9, 200))


def test_the_miss_of_two_lone_reports_is_their_score_and_what_a_pair_needs() -> None:
    (found,) = missed([ITEMS[0], ITEMS[1], OTHER], {1: 1, 2: 2, 9: 9})
    scored = similarities([ITEMS[0], ITEMS[1]], Idf(), RULES)
    assert (found.a, found.b, found.pairs) == (2, 1, 1)  # of two alike the later one would leave
    assert found.score == pytest.approx(scored.value[0])
    assert found.needed == pytest.approx(RULES.threshold(0))


def test_a_story_of_several_counts_with_all_its_pairs_and_the_smaller_one_would_leave() -> None:
    (found,) = missed(ITEMS, {1: 1, 2: 2, 3: 2})
    assert (found.a, found.b in {2, 3}, found.pairs) == (1, True, 2)
    scored = similarities(ITEMS, Idf(), RULES)
    between = [value for low, high, value in zip(scored.low, scored.high, scored.value, strict=True) if low == 0 < high]
    assert found.score == pytest.approx(sum(between) / 2)
    assert found.needed == pytest.approx(RULES.linkage(0).needed(2))


@pytest.mark.parametrize("above", [-0.01, 0.01])
def test_linkage_joins_exactly_what_is_no_longer_missing(above: float) -> None:
    (found,) = missed(ITEMS[:2], {1: 1, 2: 2})
    rules = replace(RULES, floor=found.score + above, cold_extra=0.0)
    (again,) = missed(ITEMS[:2], {1: 1, 2: 2}, rules)
    assert (again.missing <= 0) is (len(partition(ITEMS[:2], {}, rules).stories) == 1) is (above < 0)


def test_two_stories_close_in_themselves_need_more_of_each_other() -> None:
    items = [item(number, *report) for number, report in enumerate([*REPORTS, made.REPORT_A], 1)]
    (found,) = missed(items, {1: 1, 2: 2, 3: 2, 4: 1})
    pairs = similarities(items, Idf(), RULES)
    value = {(low, high): value for low, high, value in zip(pairs.low, pairs.high, pairs.value, strict=True)}
    looser = min(value[0, 3], value[1, 2])
    assert found.coherence == pytest.approx(RULES.coherence * TRUSTED_IN_TWO * looser)
    assert found.missing == pytest.approx(max(found.needed, found.coherence) - found.score)
    (alone,) = missed(items[:2], {1: 1, 2: 2})
    assert alone.coherence == 0


def test_what_is_one_story_or_has_nothing_in_common_is_no_miss() -> None:
    assert not missed([*ITEMS, OTHER], {1: 1, 2: 1, 3: 1, 9: 9})
    assert not missed([], {})
