from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.text import shingles, tokens, word_hashes, word_spans, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("U.S. weapons", "US weapons"),
        ("the U.S.-made shell", "the US-made shell"),
        ("counter-fire", "counterfire"),
        ("don’t", "don't"),
        ("a ﬁne naïve café", "A FINE naïve cafe\u0301"),
        ("Straße", "STRASSE"),
        ("soft\u00adware", "software"),
        ("1,000 men", "1000 men"),
        ("war—and peace", "war - and peace"),
    ],
)
def test_one_word_for_what_desks_spell_in_several_ways(one: str, other: str) -> None:
    assert words(one) == words(other)


@pytest.mark.parametrize(
    ("one", "other"), [("2.5 million", "25 million"), ("3-0", "30"), ("2016-17", "201617"), ("1 000", "1000")]
)
def test_digits_keep_their_meaning(one: str, other: str) -> None:
    assert words(one) != words(other)


def test_scripts_without_spaces_give_characters_and_others_whole_words() -> None:
    assert words("日本 हिन्दी ไทย 한국어 שלום") == ["日", "本", "हिन्दी", "ไ", "ท", "ย", "한국어", "שלום"]


@given(st.text())
def test_any_text_has_words_and_spans_that_agree(text: str) -> None:
    spans = word_spans(text)
    assert [word for word, _, _ in spans] == words(text)
    assert all(word and words(text[start:end]) for word, start, end in spans)
    assert [(token.start, token.end) for token in tokens(text, len(text) + 1)] == [span[1:] for span in spans]


@given(st.lists(st.text("ab", min_size=1), max_size=12), st.integers(1, 5))
def test_shingles_are_equal_where_the_runs_of_words_are(spelled: list[str], size: int) -> None:
    found = shingles(word_hashes(spelled), size)
    size = min(size, len(spelled))
    runs = [tuple(spelled[at : at + size]) for at in range(len(spelled) - size + 1)] if spelled else []
    assert len(found) == len(runs)
    assert len(np.unique(found)) == len(set(runs))


@pytest.mark.parametrize("part", ["a.", "a'", "a-", "1,", "a\u0301", "\u0301", "'", "ab cd "])
def test_no_text_takes_more_than_linear_time(part: str) -> None:
    started = process_time()
    words(part * 200_000)
    assert process_time() - started < 5
