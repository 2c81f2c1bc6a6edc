from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.quotes import SHORTEST_QUOTE, quotes, shared_quotes
from tests.dedup import made

WORDS = "one two three four five six seven eight nine"


@pytest.mark.parametrize("marks", ["“”", "„“", "«»", "»«", '""', "''", "‘’", "「」", "『』"])
def test_every_style_of_quotation_mark_is_read(marks: str) -> None:
    text = f"He said: {marks[0]}{WORDS}{marks[1]} and left."
    (quote,) = quotes(text)
    assert " ".join(quote.words) == WORDS
    assert text[quote.start : quote.end] == WORDS


def test_apostrophes_are_no_quotation_marks() -> None:
    assert not quotes(
        "It's the council's view that the town's people won't leave before the river's crest, she's sure."
    )


def test_a_quotation_may_go_on_in_the_next_paragraph_but_a_lone_mark_swallows_nothing() -> None:
    assert [quote.words[0] for quote in quotes(f"“{WORDS}.\n\n“again {WORDS},” he said.")] == ["one", "again"]
    assert not quotes(f'A 12" pipe burst: {WORDS}.\n\nNobody was hurt.')


def test_short_quotations_are_left_out() -> None:
    assert not quotes("“No comment at all,” he said, “not one.”")


def test_one_broken_hyphen_and_other_words_do_not_hide_a_shared_quotation() -> None:
    a, b = made.REPORT_A[1], made.REPORT_B[1]
    (shared,) = shared_quotes(a, b)
    assert shared.words >= 30
    assert a[shared.start_a : shared.end_a] == shared.text_a
    assert b[shared.start_b : shared.end_b] == shared.text_b
    assert "US-supplied pumps for flood-control" in shared.text_a
    assert "U.S. pumps for floodcontrol" in shared.text_b


def test_equal_words_outside_quotation_marks_are_not_shared_quotes() -> None:
    assert not shared_quotes(f"“{WORDS}”", WORDS)


@given(st.text(st.sampled_from("ab “”\"'‘’«»„\n"), max_size=200), st.text(max_size=100))
def test_no_text_breaks_it_and_offsets_are_true(one: str, other: str) -> None:
    for quote in quotes(one):
        assert 0 <= quote.start < quote.end <= len(one)
        assert len(quote.words) >= SHORTEST_QUOTE
    for shared in shared_quotes(one, one + other):
        assert one[shared.start_a : shared.end_a] == shared.text_a


@pytest.mark.parametrize("part", ["“", '"', "'", " '", "‘ ", '\n\n"', "«", "“word ", '" a '])
def test_odd_marks_take_linear_time(part: str) -> None:
    started = process_time()
    quotes(part * 100_000)
    assert process_time() - started < 5
