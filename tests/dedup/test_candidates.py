import random
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.candidates import CandidateRules, Index, Salient, candidates, salient
from dedup.features import features_of, word_hash
from dedup.idf import Idf
from tests.dedup import made

RULES = CandidateRules()


def report(words: set[int]) -> Salient:
    terms = np.array(sorted(words), dtype=np.uint32)
    return Salient(terms, np.full(len(terms), 1 / max(1, len(terms)) ** 0.5))


def pairs(reports: list[Salient], times: list[float], rules: CandidateRules = RULES) -> dict[tuple[int, int], float]:
    low, high, value = candidates(reports, np.array(times), 14.0, rules)
    return dict(zip(zip(low.tolist(), high.tolist(), strict=True), value.tolist(), strict=True))


@given(st.lists(st.tuples(st.sets(st.integers(0, 12), max_size=6), st.none() | st.integers(0, 40)), max_size=9))
def test_candidates_are_all_pairs_that_share_a_word_within_the_window(told: list[tuple[set[int], int | None]]) -> None:
    told.sort(key=lambda one: (one[1] is not None, one[1] or 0))
    reports = [report(words) for words, _ in told]
    expected = {}
    for one, other in combinations(range(len(told)), 2):
        a, b = told[one], told[other]
        near = a[1] is None or b[1] is None or abs(a[1] - b[1]) <= 14
        if near and a[0] & b[0]:
            expected[one, other] = len(a[0] & b[0]) / (len(a[0]) * len(b[0])) ** 0.5
    found = pairs(reports, [np.nan if day is None else float(day) for _, day in told])
    assert found == pytest.approx({pair: value for pair, value in expected.items() if value >= RULES.least})


@given(st.integers(1, 4), st.integers(1, 30))
@settings(max_examples=20)
def test_a_word_of_a_dense_day_lists_only_the_nearest(postings: int, count: int) -> None:
    found = pairs([report({1})] * count, [number / 100 for number in range(count)], CandidateRules(postings=postings))
    assert set(found) == {(a, b) for a, b in combinations(range(count), 2) if b - a <= postings}


def test_a_block_more_changes_nothing() -> None:
    pick = random.Random(1)
    reports = [report(set(pick.sample(range(60), 8))) for _ in range(50)]
    times = [number / 10 for number in range(50)]
    assert pairs(reports, times, CandidateRules(block=7)) == pairs(reports, times)


def test_salient_words_are_few_and_those_of_the_lead_come_first() -> None:
    idf = Idf()
    idf.learn(features_of("", made.text(seed)) for seed in range(20))
    found = salient(features_of("Orrick floods", f"Orrick is flooded. {made.text(3)}"), idf, RULES)
    assert found.terms[0] == word_hash("orrick")
    assert len(found.terms) == RULES.words
    assert float((found.weights**2).sum()) == pytest.approx(1)
    assert not len(salient(features_of("", "the of and"), Idf(), RULES).terms)


@given(st.lists(st.tuples(st.sets(st.integers(0, 9), max_size=5), st.integers(0, 40)), max_size=12), st.integers(1, 4))
def test_an_arrival_finds_what_the_whole_window_would(told: list[tuple[set[int], int]], postings: int) -> None:
    told.sort(key=lambda one: one[1])
    reports, times = [report(words) for words, _ in told], [float(day) for _, day in told]
    rules = CandidateRules(postings=postings)
    whole = pairs(reports, times, rules)
    for place in range(len(told)):
        index = Index(reports[:place], np.array(times[:place]))
        found, value = index.lookup(reports[place], times[place], 14.0, rules)
        expected = {low: cosine for (low, high), cosine in whole.items() if high == place}
        assert dict(zip(found.tolist(), value.tolist(), strict=True)) == pytest.approx(expected)
