from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.features import CLASS_BITS, FEATURES_VERSION, Features, features_of, name_hash, term_names, word_hash
from tests.dedup import made


@given(st.text(), st.text())
def test_any_report_has_features_that_survive_packing(title: str, body: str) -> None:
    found = features_of(title, body)
    assert Features.unpack(found.pack()) == found
    for terms in (found.words, found.names, found.pairs):
        assert (np.diff(terms.astype(np.int64)) > 0).all()
    assert (found.body >= found.title).all()
    named = term_names(title, body)
    assert {*found.words.tolist(), *found.names.tolist()} <= named.keys()


def test_features_of_another_version_are_refused() -> None:
    packed = features_of("a", "b").pack()
    with pytest.raises(ValueError, match="version"):
        Features.unpack(bytes([FEATURES_VERSION + 1]) + packed[1:])


def test_names_are_what_is_never_written_small() -> None:
    found = features_of("", "The crews met Ada Renfrew in Orrick. Pumps ran; the pumps of Harlow County. Crews left.")
    names = set(found.names.tolist())
    assert {name_hash(name) for name in ("ada renfrew", "ada", "orrick", "harlow county")} <= names
    assert not {name_hash(name) for name in ("the", "pumps", "crews")} & names


def test_inflected_words_share_a_stem_and_the_title_counts_in_every_view() -> None:
    one, other = features_of("Flooding", "Rain."), features_of("", "It was flooded. Rain fell.")
    assert word_hash("floodi") in one.words.tolist()
    place = one.words.tolist().index(word_hash("floodi"))
    assert (one.title[place], one.lead[place], one.body[place]) == (1, 1, 2)
    assert word_hash("flooded"[:6]) in other.words.tolist()


def test_scripts_without_spaces_give_pairs_of_characters() -> None:
    found = features_of("東京で地震", "東京で地震があった。")
    assert {word_hash(pair) for pair in ("東京", "京で", "地震")} <= set(found.words.tolist())
    assert word_hash("震が") in found.words.tolist()
    assert not len(found.names)


def test_a_hash_says_how_common_such_terms_are() -> None:
    mask = (1 << CLASS_BITS) - 1
    assert word_hash("of") & mask < word_hash("with") & mask < word_hash("levees") & mask
    assert word_hash("orrick") & mask < name_hash("orrick") & mask < name_hash("ada renfrew") & mask


def test_a_million_words_are_affordable() -> None:
    body = made.text(1, 1000) * 1000
    started = process_time()
    packed = features_of("title", body).pack()
    assert process_time() - started < 2
    assert len(packed) < 20_000
