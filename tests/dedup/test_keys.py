from time import process_time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedup.keys import BANDS, KeyKind, Keys, candidates, keys_of, kind_of
from tests.dedup import made


def key_set(text: str) -> set[int]:
    return set(keys_of([text])[0].all.tolist())


@given(st.text())
def test_keys_are_the_same_every_time_and_survive_packing(text: str) -> None:
    first, again = keys_of([text, text])
    assert first == again == Keys.unpack(first.pack())
    assert len(set(first.all.tolist())) == len(first.all)


def test_a_key_says_its_kind() -> None:
    keys = keys_of([made.text(1)])[0]
    assert {kind_of(key) for key in keys.bands.tolist()} == {KeyKind.BAND}
    assert {kind_of(key) for key in keys.samples.tolist()} == {KeyKind.SAMPLE}
    assert keys.digest is not None
    assert kind_of(keys.digest) is KeyKind.DIGEST
    assert len(keys.bands) == BANDS
    assert keys.all.dtype == np.int64


def test_a_text_without_words_has_no_keys_and_one_word_has_some() -> None:
    assert not len(keys_of(["… – ”"])[0].all)
    assert key_set("Fire") & key_set("fire!")


def test_spelling_leaves_the_digest_alone_and_a_word_does_not() -> None:
    one, same, other = keys_of(["The U.S. “counter-fire”", "the US counterfire", "the US counter"])
    assert one.digest == same.digest != other.digest


def test_edited_copies_and_excerpts_are_candidates_and_other_texts_are_not() -> None:
    text = made.text(1, 900)
    tokens = text.split()
    edited = " ".join(token for index, token in enumerate(tokens) if index % 15)
    known = {1: edited, 2: " ".join(tokens[300:450]), 3: made.text(2, 900), 4: text}
    own = key_set(text)
    hits = [(article, key) for article, other in known.items() for key in key_set(other) & own]
    assert candidates(hits) == {1, 2, 4}


def test_one_shared_sample_is_no_candidate_and_two_are() -> None:
    first, second = keys_of([made.text(1)])[0].samples[:2].tolist()
    assert candidates([(7, first), (7, first)]) == set()
    assert candidates([(7, first), (7, second)]) == {7}


def test_a_million_words_are_affordable() -> None:
    started = process_time()
    keys = keys_of([" ".join(f"word{number % 50_000}" for number in range(1_000_000))])[0]
    assert process_time() - started < 20
    assert len(keys.all) < 5000
