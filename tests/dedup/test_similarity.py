from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.features import Features, features_of
from dedup.idf import Idf
from dedup.similarity import SimilarityRules, faded, parts, scores, similarity, views
from tests.dedup import made

RULES = SimilarityRules()
TEXTS = [made.text(seed, 120) for seed in range(4)]


def known(*reports: Features) -> Idf:
    idf = Idf()
    idf.learn([*reports, *(features_of("", made.text(50 + seed)) for seed in range(100))])
    return idf


@given(st.text(), st.text(), st.text(), st.text())
@settings(max_examples=50)
def test_a_score_is_a_likelihood_and_the_same_both_ways(a: str, b: str, c: str, d: str) -> None:
    one, other = features_of(a, b), features_of(c, d)
    idf = known(one, other)
    score = similarity(one, other, idf, RULES)
    assert 0 <= score <= 1
    assert score == pytest.approx(similarity(other, one, idf, RULES))


def test_the_same_phrases_prove_more_in_short_texts_than_in_long_ones() -> None:
    shared = "Ada Renfrew drained the Marl reservoir"
    short = [features_of("", f"{text} {shared}") for text in TEXTS[:2]]
    long = [features_of("", f"{text} {text[::-1]} {shared}") for text in TEXTS[:2]]
    idf = known(*short, *long)
    assert parts(short[0], short[1], idf).phrases > parts(long[0], long[1], idf).phrases


def test_a_title_that_is_missing_is_no_title_that_differs() -> None:
    one, other = (features_of("Marl reservoir drained", f"Marl reservoir drained. {text}") for text in TEXTS[:2])
    bare, different = (features_of(title, f"Marl reservoir drained. {TEXTS[1]}") for title in ("", TEXTS[2][:60]))
    idf = known(one, other, bare, different)
    found = [similarity(one, each, idf, RULES) for each in (other, bare, different)]
    assert found == sorted(found, reverse=True)


def test_pairs_are_scored_the_same_alone_and_among_others() -> None:
    reports = [features_of(text[:20], f"{text} {TEXTS[0][:200]}") for text in TEXTS]
    idf = known(*reports)
    low, high = (np.array(side, dtype=np.int64) for side in zip(*[(0, 1), (0, 3), (1, 2)], strict=True))
    together = scores(views(reports, idf), low, high, RULES)
    alone = [similarity(reports[a], reports[b], idf, RULES) for a, b in zip(low, high, strict=True)]
    assert together == pytest.approx(alone, rel=1e-4)


def test_days_take_off_and_an_unknown_day_does_not() -> None:
    value = faded(np.ones(3), np.array([0.0, 3.0, np.nan]), RULES)
    assert value[0] == value[2] == 1 > value[1] > 0


@pytest.mark.parametrize(
    "name", [field.name for field in fields(RULES) if field.name not in ("constant", "window_days")]
)
def test_each_rule_counts(name: str) -> None:
    one, other = (features_of(TEXTS[0][:30], f"{TEXTS[0][:300]} {text}") for text in TEXTS[1:3])
    idf, changed = known(one, other), replace(RULES, **{name: 0.5 * getattr(RULES, name)})
    days = np.ones(1)
    before, after = (
        float(faded(np.array([similarity(one, other, idf, rules)]), days, rules)[0]) for rules in (RULES, changed)
    )
    assert before != after
