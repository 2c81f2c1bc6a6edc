import random
from itertools import combinations
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.links import CopyRules, Link, LinkKind, compare, links_between, nearest_failure, prepare
from tests.dedup import made

TEXT = made.text(1, 600)
TOKENS = TEXT.split()


def link(one: str, other: str) -> Link | None:
    return compare(prepare(1, "", one), prepare(2, "", other))


def without(share: float, seed: int = 1) -> str:
    pick = random.Random(seed)
    return " ".join(token for token in TOKENS if pick.random() > share)


def test_an_edited_text_is_a_copy_and_a_heavily_edited_one_a_revision() -> None:
    lightly, heavily = link(TEXT, without(0.05)), link(TEXT, without(0.3))
    assert lightly is not None
    assert lightly.kind is LinkKind.COPY
    assert heavily is not None
    assert heavily.kind is LinkKind.REVISION


def test_an_excerpt_says_which_text_lies_in_which() -> None:
    found = link(TEXT, " ".join(TOKENS[100:200]))
    assert found is not None
    assert (found.kind, found.inner, found.containment_b) == (LinkKind.EXCERPT, 2, 1.0)
    assert found.shared_words == 100
    assert found.swapped().inner == 2


def test_a_passage_is_found_with_its_place_in_both_texts() -> None:
    one, other = f"{TEXT} {made.text(5, 40)} {made.text(6)}", f"{made.text(7, 500)} {made.text(5, 40)}"
    found = link(one, other)
    assert found is not None
    assert found.kind is LinkKind.PASSAGE
    (span,) = found.spans
    assert one[span.start_a : span.end_a] == other[span.start_b : span.end_b]
    assert len(one[span.start_a : span.end_a].split()) == 40


def test_texts_of_their_own_are_not_linked_and_the_nearest_test_is_named() -> None:
    one, other = prepare(1, "", TEXT), prepare(2, "", without(0.5))
    failure = nearest_failure(one, other)
    assert failure is not None
    assert failure.value < failure.threshold
    assert "needed" in str(failure)
    assert nearest_failure(one, one) is None
    assert compare(one, prepare(3, "", made.text(2))) is None


def test_a_headline_and_a_quotation_are_links_beside_the_texts() -> None:
    title, (_, a), (_, b) = "Orrick gets its pumps", made.REPORT_A, made.REPORT_B
    found = links_between(prepare(1, title, a), prepare(2, title.upper(), b))
    assert [each.kind for each in found] == [LinkKind.SAME_HEADLINE, LinkKind.SHARED_QUOTE]
    span = found[1].spans[0]
    assert a[span.start_a : span.end_a].startswith("The council has now decided")
    assert b[span.start_b : span.end_b].startswith("The council has now decided")
    assert not links_between(prepare(1, "Morning briefing", TEXT), prepare(2, "Morning briefing", made.text(2)))


PIECES = st.lists(st.sampled_from([made.text(seed, 30) for seed in range(5)] + ["one", ""]), max_size=6).map(" ".join)


@given(PIECES | st.text(), PIECES | st.text())
def test_comparing_the_other_way_round_gives_the_same_links_swapped(one: str, other: str) -> None:
    a, b = prepare(1, one[:30], one), prepare(2, other[:30], other)
    link = compare(a, b)
    assert compare(b, a) == (link and link.swapped())
    assert {each.kind for each in links_between(a, b)} == {each.kind for each in links_between(b, a)}
    for each in links_between(a, b):
        assert 0 <= each.jaccard <= min(each.containment_a, each.containment_b) <= 1
        assert all(span.start_a < span.end_a <= len(one) for span in each.spans)
        assert all(span.start_b < span.end_b <= len(other) for span in each.spans)


@given(PIECES, PIECES)
def test_a_failure_is_named_exactly_where_there_is_no_copy(one: str, other: str) -> None:
    a, b = prepare(1, "", one), prepare(2, "", other)
    link = compare(a, b)
    assert (nearest_failure(a, b) is None) == (link is not None and link.kind is LinkKind.COPY)


@pytest.mark.parametrize("text", ["", "one", "one two", "line\n" * 5000, "日本語" * 400, "!?"])
def test_odd_texts_are_copies_of_themselves_unless_empty(text: str) -> None:
    found = link(text, text)
    assert found is None if not any(map(str.isalpha, text)) else found is not None and found.kind is LinkKind.COPY


def test_the_threshold_is_a_setting() -> None:
    a, b = prepare(1, "", TEXT), prepare(2, "", without(0.05))
    found = compare(a, b, CopyRules(copy=0.99))
    assert found is not None
    assert found.kind is not LinkKind.COPY


def test_long_texts_are_affordable() -> None:
    pick = np.random.default_rng(1)
    one, other = (" ".join(f"w{n}" for n in pick.integers(0, 300, 300_000)) for _ in range(2))
    started = process_time()
    link(one, other)
    assert process_time() - started < 15


def test_all_pairs_of_copies_are_equivalent() -> None:
    texts = [prepare(number, "", without(0.02, number)) for number in range(5)]
    assert all((found := compare(a, b)) and found.kind is LinkKind.COPY for a, b in combinations(texts, 2))
