from time import process_time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedup.keys import BANDS, Candidate, KeyKind, Keys, candidates, keys_of, kind_of
from tests.dedup import made


def key_set(text: str) -> set[int]:
    return set(keys_of([text])[0].all.tolist())


@given(st.text())
def test_keys_are_the_same_every_time_and_survive_packing(text: str) -> None:
    first, again = keys_of([text, text])
    assert first == again == Keys.unpack(first.pack())
    assert len(set(first.all.tolist())) == len(first.all)


def test_a_key_says_its_kind() -> None:
    (keys,) = keys_of([f"“{made.text(2, 40)}” {made.text(1)}"], ["Orrick gets its pumps"])
    for kind in KeyKind:
        assert {kind_of(key) for key in keys.of(kind).tolist()} == {kind}
    assert len(keys.of(KeyKind.BAND)) == BANDS
    assert keys.of(KeyKind.DIGEST).tolist() == [keys.digest]
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
    (own,) = keys_of([text])
    holders = {key: [article for article, other in known.items() if key in key_set(other)] for key in own.all.tolist()}
    found = candidates(own, holders)
    assert [one.article for one in found] == [4, 1, 2]  # the likeliest first
    assert found[0].is_same_text


def named(own: Keys, holders: dict[int, list[int]], common: list[int] | None = None) -> list[Candidate]:
    return candidates(own, holders, common or [])


def test_one_shared_sample_is_no_candidate_and_two_are() -> None:
    (own,) = keys_of([made.text(1)])
    first, second = own.of(KeyKind.SAMPLE)[:2].tolist()
    assert not named(own, {first: [7]})
    assert [one.article for one in named(own, {first: [7], second: [7]})] == [7]


def test_what_too_many_hold_names_nobody_unless_shared_in_bulk_and_a_digest_always_does() -> None:
    (own,) = keys_of([made.text(1)])
    keys = own.of(KeyKind.BAND).tolist() + own.of(KeyKind.SAMPLE).tolist()
    furniture = {key: [1, 2, 3] for key in keys[:7]}
    assert not named(own, furniture, keys)
    assert [one.article for one in named(own, furniture | {keys[7]: [2]}, keys[:7])] == []
    assert [one.article for one in named(own, furniture | {keys[7]: [2], keys[8]: [2]}, keys[:7])] == [2]
    assert [one.article for one in named(own, {key: [9] for key in keys}, keys)] == [9]
    assert own.digest is not None
    assert [one.article for one in named(own, {own.digest: [5]}, [own.digest])] == [5]


def test_one_band_alone_is_marked_as_chance() -> None:
    (own,) = keys_of([made.text(1)])
    one, other = own.of(KeyKind.BAND)[:2].tolist()
    assert [found.is_lone_band for found in named(own, {one: [1, 2], other: [2]})] == [False, True]


def test_reports_that_share_a_quotation_or_a_headline_are_worth_comparing() -> None:
    texts, titles = (
        [made.REPORT_A[1], made.REPORT_B[1], made.text(3)],
        ["A", "Orrick gets its pumps", "Orrick gets its PUMPS"],
    )
    a, b, c = keys_of(texts, titles)
    assert set(a.of(KeyKind.QUOTE).tolist()) & set(b.of(KeyKind.QUOTE).tolist())
    assert b.of(KeyKind.HEADLINE).tolist() == c.of(KeyKind.HEADLINE).tolist() != []
    shared = int(b.of(KeyKind.HEADLINE)[0])
    assert named(b, {shared: [3]})[0].is_mentioned
    assert not named(b, {shared: [3]}, [shared])


def test_a_million_words_are_affordable() -> None:
    started = process_time()
    keys = keys_of([" ".join(f"word{number % 50_000}" for number in range(1_000_000))])[0]
    assert process_time() - started < 20
    assert len(keys.all) < 5000
