"""What has drifted apart is divided by the texts alone: whoever came first, and however often each was printed."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.cohesion import MOST_TEXTS, parts, similarities
from dedup.links import prepare
from dedup.text import Hashes
from tests.dedup import made

FLOOR = 0.3
SENTENCES = [made.text(seed, 12) for seed in range(60)]


def shingled(start: int, length: int = 8) -> Hashes:
    return prepare(1, "", " ".join(SENTENCES[start : start + length])).distinct


def chain(count: int, step: int = 1) -> dict[int, Hashes]:
    """Texts each some sentences on from the one before, under digests in no order."""
    digests = random.Random(count).sample(range(1, 10_000), count)
    return {digest: shingled(step * at) for at, digest in enumerate(digests)}


def test_texts_that_are_alike_as_a_whole_are_one_part() -> None:
    assert set(parts(chain(4), FLOOR).values()) == {0}


def test_a_long_chain_is_cut_into_runs_of_neighbours() -> None:
    texts = chain(24, step=2)
    found = [parts(texts, FLOOR)[digest] for digest in texts]
    assert len(set(found)) > 2
    assert sum(one != other for one, other in pairwise(found)) == len(set(found)) - 1


@given(st.integers(3, 20), st.integers(1, 3), st.randoms(use_true_random=False))
def test_the_order_of_the_texts_is_irrelevant(count: int, step: int, pick: random.Random) -> None:
    texts = chain(count, step)
    shuffled = dict(pick.sample(list(texts.items()), count))
    assert parts(shuffled, FLOOR) == parts(texts, FLOOR)


def test_a_crowd_is_judged_by_a_sample_that_its_digests_choose() -> None:
    pick = random.Random(1)
    crowd = {
        pick.randrange(1 << 60): prepare(1, "", " ".join(pick.sample(SENTENCES[side : side + 20], 16))).distinct
        for side in (0, 30)
        for _ in range(MOST_TEXTS)
    }
    found = parts(crowd, FLOOR)
    sides = [found[digest] for digest in crowd]
    assert set(sides[:MOST_TEXTS]) | set(sides[MOST_TEXTS:]) == {0, 1}
    assert len(set(sides[:MOST_TEXTS])) == len(set(sides[MOST_TEXTS:])) == 1


def test_similarities_are_jaccard_indexes() -> None:
    one, other = shingled(0), shingled(4)
    found = similarities([one, other, np.zeros(0, dtype=np.uint64)])
    assert found[0, 1] == pytest.approx(len(np.intersect1d(one, other)) / len(np.union1d(one, other)))
    assert found[0, 0] == 1
    assert found[2, 2] == found[0, 2] == 0
