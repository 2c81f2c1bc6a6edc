import numpy as np

from dedup.linkage import LinkageRules, Pairs
from dedup.roundups import without_round_ups

RULES = LinkageRules(single=0.2, many=0.05, coherence=0.85)


def pairs(*scored: tuple[int, int, float]) -> Pairs:
    low, high, value = zip(*scored, strict=True)
    return Pairs(np.array(low), np.array(high), np.array(value))


def left(found: Pairs) -> set[tuple[int, int]]:
    return set(zip(found.low.tolist(), found.high.tolist(), strict=True))


BRIEFING = [(0, 3, 0.5), (1, 3, 0.6), (2, 3, 0.4)]  # item 3 is like three that have nothing to do with each other


def test_a_report_that_is_like_three_unrelated_ones_proves_nothing() -> None:
    assert left(without_round_ups(6, pairs(*BRIEFING, (4, 5, 0.9)), RULES)) == {(4, 5)}


def test_what_is_like_reports_that_are_like_each_other_is_one_of_them() -> None:
    chained = [*BRIEFING, (0, 1, 0.1), (1, 2, 0.06)]
    assert len(without_round_ups(4, pairs(*chained), RULES).low) == len(chained)


def test_two_parts_are_no_round_up_and_weak_likeness_is_no_part() -> None:
    two = [(0, 3, 0.5), (1, 3, 0.6), (2, 3, 0.19)]
    assert len(without_round_ups(4, pairs(*two), RULES).low) == 3


def test_the_rest_of_each_story_stays_together() -> None:
    stories = [(0, 4, 0.7), (1, 5, 0.7), (2, 6, 0.7)]
    assert left(without_round_ups(7, pairs(*BRIEFING, *stories), RULES)) == {(0, 4), (1, 5), (2, 6)}
