import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.features import Features, features_of, word_hash
from dedup.idf import COMMON, PRIOR_DOCUMENTS, PRIOR_SHARES, Idf
from tests.dedup import made

REPORTS = [features_of("", made.text(seed, 40)) for seed in range(8)]


def weight(idf: Idf, term: str) -> float:
    return float(idf.weight(np.array([word_hash(term)], dtype=np.uint32))[0])


@given(st.lists(st.sampled_from(REPORTS)), st.randoms(use_true_random=False))
def test_the_order_and_batches_of_learning_are_irrelevant(reports: list[Features], pick: random.Random) -> None:
    at_once, one_by_one = Idf(), Idf()
    at_once.learn(reports)
    for report in pick.sample(reports, len(reports)):
        one_by_one.learn([report])
    assert at_once == one_by_one == Idf.unpack(at_once.pack())
    assert at_once.documents == len(reports)


def test_an_unpacked_table_learns_on() -> None:
    idf = Idf()
    idf.learn(REPORTS[:4])
    again = Idf.unpack(idf.pack())
    idf.learn(REPORTS[4:])
    again.learn(REPORTS[4:])
    assert idf == again


def test_a_table_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version"):
        Idf.unpack(b"\xff" + Idf().pack()[1:])


def test_a_cold_table_tells_short_words_from_long_ones_and_names() -> None:
    assert weight(Idf(), "the") == 0 < weight(Idf(), "flood") < weight(Idf(), "levees")


def test_what_everybody_writes_weighs_nothing_and_what_nobody_wrote_most() -> None:
    idf = Idf()
    idf.learn(features_of("", f"reservoir {made.text(seed, 20)}") for seed in range(300))
    assert weight(idf, "reserv") == 0
    assert weight(idf, "unseen") > weight(Idf(), "unseen")


def test_the_prior_is_forgotten_by_and_by() -> None:
    idf = Idf()
    idf.learn(REPORTS * 100)
    seen = float(idf.weight(REPORTS[0].words[:1])[0])
    share = (100 + PRIOR_SHARES[REPORTS[0].words[0] & 7] * PRIOR_DOCUMENTS) / (800 + PRIOR_DOCUMENTS)
    assert seen == pytest.approx(np.log1p(1 / share) if share <= COMMON else 0.0)


@given(st.lists(st.lists(st.sampled_from(REPORTS), max_size=3), max_size=3))
def test_the_reports_of_a_story_count_as_one(stories: list[list[Features]]) -> None:
    idf, once = Idf(), Idf()
    idf.learn([report for story in stories for report in story])
    before = idf.pack()
    found = idf.without_repeats(stories)
    assert idf.pack() == before
    once.learn([report for story in stories for report in story[:1]])
    for story in stories:
        terms = story[0].pairs if story else REPORTS[0].pairs
        assert (found.frequency(terms) >= 1).all()
        if all(len(set(map(id, one))) == 1 for one in stories if one):
            assert (found.frequency(terms) == once.frequency(terms)).all()
    assert once.documents <= max(1, found.documents) <= max(1, idf.documents)


def test_rare_terms_prove_more_and_common_ones_nothing() -> None:
    idf = Idf()
    idf.learn(REPORTS * 30)
    idf.learn(features_of("", f"reservoir {made.text(seed, 20)}") for seed in range(900))
    unseen, seen, common = (
        np.array([term], dtype=np.uint32) for term in map(word_hash, ("unseen", "ledger", "reservoir"[:6]))
    )
    idf.learn([features_of("", "ledger")] * 20)
    assert float(idf.rarity(unseen)[0]) > float(idf.rarity(seen)[0]) > 0 == float(idf.rarity(common)[0])
