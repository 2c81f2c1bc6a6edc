"""Alignment: nothing of either text is lost, what is shared is shared in both, and no text takes for ever."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.alignment import PieceKind, Row, align
from dedup.sequences import longest_ascending
from dedup.text import words
from tests.pipelines.arriving import made_text

A = (
    "The bridge was closed on Monday. It will be closed for a week, the mayor said.\n\n"
    "Ferries run.\n\n"
    "A third paragraph stands here unchanged, word for word, in both."
)
B = (
    "The bridge was shut on Monday.\n\n"
    "“It will be closed for a week,” the mayor told us.\n\n"
    "Buses do not.\n\n"
    "A third paragraph stands here unchanged word for word in both. And more."
)


def told(row: Row) -> str:
    return " ".join(f"{piece.kind}:{piece.text}" for piece in row.pieces)


def spoken(rows: tuple[Row, ...], *kinds: PieceKind) -> list[str]:
    return [word for row in rows for piece in row.pieces if piece.kind in kinds for word in words(piece.text)]


def test_paragraphs_are_aligned_and_words_marked() -> None:
    assert [(row.kind, told(row)) for row in align(A, B).rows] == [
        ("changed", "shared:The bridge was only_a:closed only_b:shut shared:on Monday."),
        ("changed", "shared:It will be closed for a week, the mayor only_a:said. only_b:told us."),
        ("only_a", "only_a:Ferries run."),
        ("only_b", "only_b:Buses do not."),
        (
            "changed",
            "shared:A third paragraph stands here unchanged, word for word, in both. only_b:And more.",
        ),
    ]


def test_spelling_and_punctuation_make_no_difference() -> None:
    (row,) = align("The U.S. said: “No.”", "the US said 'no'").rows
    assert (row.kind, told(row)) == ("shared", "shared:The U.S. said: “No.”")


def test_a_passage_that_was_moved_is_marked_in_both_places() -> None:
    moved, stays = "one two three four five six seven eight nine ten", made_text(1, 40)
    rows = align(f"{moved}\n\n{stays}", f"{stays}\n\n{moved}").rows
    assert [told(row) for row in (rows[0], rows[-1])] == [f"elsewhere_a:{moved}", f"elsewhere_b:{moved}"]
    assert {row.kind for row in rows[1:-1]} == {"shared"}


def test_two_reports_do_not_share_every_article_of_the_language() -> None:
    one, other = made_text(1, 120).split(), made_text(2, 120).split()
    one[10::10] = other[10::10] = ["the"] * len(one[10::10])
    assert [row.kind for row in align(" ".join(one), " ".join(other)).rows] == ["only_a", "only_b"]


def test_a_script_without_spaces_is_shown_without_them() -> None:
    (row,) = align("桥梁周一关闭了。", "桥梁周二关闭了。").rows
    assert [(piece.text, piece.is_spaced) for piece in row.pieces[1:]] == [
        ("一", False),
        ("二", False),
        ("关闭了。", False),
    ]


TEXTS = st.lists(st.sampled_from(["ba", "be", "bi", "bo.", "“bu", "the", "\n\n", "4.5", "水"]), max_size=60).map(
    " ".join
)


@given(TEXTS, TEXTS)
def test_every_word_of_both_texts_is_told_once_and_in_its_order(a: str, b: str) -> None:
    rows = align(a, b).rows
    assert spoken(rows, PieceKind.SHARED, PieceKind.ONLY_A, PieceKind.ELSEWHERE_A) == words(a)
    assert spoken(rows, PieceKind.SHARED, PieceKind.ONLY_B, PieceKind.ELSEWHERE_B) == words(b)


@given(TEXTS)
def test_a_text_is_all_shared_with_itself(text: str) -> None:
    assert {row.kind for row in align(text, text).rows} <= {"shared"}


@pytest.mark.parametrize(
    ("a", "b", "is_whole"),
    [
        (made_text(1, 100_000), made_text(2, 100_000), True),
        ("na ba bo " * 30_000, "bo na ba be " * 25_000, False),
        ("One line, again.\n\n" * 30_000, "One line, again not.\n\n" * 30_000, False),
        ("x" * 1_000_000, "", True),
    ],
    ids=["two texts", "few words", "one line", "no spaces"],
)
def test_long_and_hostile_texts_are_bounded_and_say_where_they_are_cut(a: str, b: str, is_whole: bool) -> None:
    aligned = align(a, b)
    assert aligned.is_whole is is_whole
    assert spoken(aligned.rows, PieceKind.SHARED, PieceKind.ONLY_B, PieceKind.ELSEWHERE_B) == words(b)


@given(st.lists(st.integers(0, 30), max_size=40))
def test_the_longest_ascending_part_ascends_and_none_is_longer(values: list[int]) -> None:
    found = [values[at] for at in longest_ascending(values)]
    assert found == sorted(set(found))
    best = [0] * len(values)
    for at, value in enumerate(values):
        best[at] = 1 + max((best[before] for before in range(at) if values[before] < value), default=0)
    assert len(found) == max(best, default=0)


def test_an_edited_copy_of_a_long_text_is_aligned_whole() -> None:
    pick = random.Random(1)
    sentences = made_text(1, 60_000).split(". ")
    kept = [sentence for sentence in sentences if pick.random() > 0.1]
    aligned = align("\n\n".join(sentences), "\n\n".join(kept))
    assert aligned.is_whole
    assert [row.kind for row in aligned.rows].count("shared") >= 0.99 * len(kept)
