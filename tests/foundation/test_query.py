"""The language of watches: what a query means, how it is spelled, and what is said of one that cannot be read."""

import re
from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import UnusableQuery
from foundation.query import MAX_DEPTH, MAX_LENGTH, And, Not, Or, Phrase, Queries, Query, Text, folded, parse

LETTERS = "abcdeß İıÉπЖ東港กักा한-'’.\u200b\u0301"
words = st.sampled_from(["a", "b", "c", "ab", "abc", "or", "not", "東", "é", "10"])
phrases = st.builds(
    Phrase, st.lists(words, min_size=1, max_size=3).map(tuple), is_prefix=st.booleans(), in_title=st.booleans()
)


def combined(parts: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    some = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, parts), st.builds(And, some), st.builds(Or, some))


queries: st.SearchStrategy[Query] = st.recursive(phrases, combined, max_leaves=8)
texts = st.builds(
    Text, *[st.lists(st.one_of(words, st.sampled_from([".", "d"])), max_size=8).map(" ".join) for _ in range(2)]
)


def matches(query: str, body: str, title: str = "") -> bool:
    return parse(query).matches(Text(title, body))


@given(queries)
def test_a_query_spelled_out_and_read_again_is_the_same(query: Query) -> None:
    assert parse(str(query)) == query


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from(LETTERS))))
def test_words_are_compared_in_one_spelling(text: str) -> None:
    for word in folded(text):
        assert folded(word) == [word]


@given(queries, queries, texts)
def test_de_morgan(one: Query, other: Query, text: Text) -> None:
    assert Not(And((one, other))).matches(text) == Or((Not(one), Not(other))).matches(text)
    assert Not(Or((one, other))).matches(text) == And((Not(one), Not(other))).matches(text)


@given(st.dictionaries(st.integers(), queries, max_size=8), texts)
def test_asking_many_queries_at_once_is_asking_each(many: Mapping[int, Query], text: Text) -> None:
    found = Queries(many).matching(text)
    assert sorted(found) == sorted(key for key, query in many.items() if query.matches(text))


@given(st.one_of(st.text(), st.text(alphabet='ab"():*- ANDORT', max_size=80)))
def test_whatever_is_typed_is_read_or_refused_in_words(typed: str) -> None:
    with suppress(UnusableQuery):
        query = parse(typed)
        assert parse(str(query)) == query


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("bridge closed", "The bridge is CLOSED."),
        ("bridge OR tunnel", "a tunnel"),
        ("bridge AND NOT toll", "a bridge"),
        ("a OR b c", "a"),
        ("(a OR b) c", "b c"),
        ('"harbour bridge"', "the harbour\n\nbridge"),
        ('"U.S. drones"', "U.S.-drones"),
        ("“harbour bridge”", "harbour, bridge"),
        ("council", "the council’s plan"),
        ("polic*", "policies"),
        ('"border polic*"', "border policy"),
        ("Müller", "MÜLLER"),
        ("Mu\u0308ller", "Müller"),
        ("Straße", "STRASSE"),
        ("istanbul", "İSTANBUL"),
        ("ﬁre", "fire"),
        ("co\u00adoperate", "cooperate"),
        ("東京", "在東京都"),
        ("กรุงเทพ", "ในกรุงเทพมหานคร"),
        ("हिन्दी", "यह हिन्दी है"),
        ("Apple", "Appleの新製品"),
        ("2.5", "2.5 million"),
        ('"or"', "une médaille d'or"),
    ],
)
def test_a_text_matches(query: str, body: str) -> None:
    assert matches(query, body)


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("bridge closed", "the bridge"),
        ("bridge", "bridges and cambridge"),
        ("a b OR c", "a"),
        ("(a OR b) c", "a b"),
        ('"harbour bridge"', "bridge harbour"),
        ("U.S.", "tell us"),
        ("東京", "京東"),
        ("हिन", "हिन्दी"),
        ("bridge NOT toll", "a bridge without toll"),
        ("title:bridge", "bridge"),
    ],
)
def test_a_text_does_not_match(query: str, body: str) -> None:
    assert not matches(query, body)


def test_a_title_is_searched_with_the_text_and_a_phrase_does_not_cross_over() -> None:
    assert matches("title:bridge ferries", "Ferries sail.", title="Bridge closed")
    assert matches('title:"bridge clos*"', "", title="Bridge closed")
    assert not matches('"closed ferries"', "Ferries sail.", title="Bridge closed")
    assert not matches("title:ferr*", "Ferries sail.", title="Bridge closed")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "a word is missing at the end"),
        ("flood OR", "a word is missing at the end"),
        ("OR flood", "a word is missing before OR (character 1 of the query)"),
        ("flood ()", "a word is missing before the bracket (character 8 of the query)"),
        ("(flood", "this bracket is never closed (character 1 of the query)"),
        ("flood)", "this closing bracket closes nothing (character 6 of the query)"),
        ('a "flood', "this quotation mark is never closed (character 3 of the query)"),
        ("flood or rain", "write OR in capitals, or 'or' in quotes to search for it (character 7 of the query)"),
        ("flood -rain", "write NOT before what must not occur (character 7 of the query)"),
        ("author:smith", "there is no field 'author', only title; in quotes it is searched for (character 1 of"),
        ("title: flood", "title: is followed by its word, without a space (character 1 of the query)"),
        ("fl*od", "a * can only stand at the end of a word or phrase (character 1 of the query)"),
        ("!?", "there is no letter or digit in '!?' (character 1 of the query)"),
        ("(" * 60 + "a" + ")" * 60, f"brackets and NOTs are more than {MAX_DEPTH} deep (character 51 of the query)"),
        ("NOT " * 400 + "a", f"brackets and NOTs are more than {MAX_DEPTH} deep (character 201 of the query)"),
        ("a" * (MAX_LENGTH + 1), "the query has 2001 characters; 2000 are allowed"),
    ],
)
def test_a_query_that_cannot_be_read_is_refused_in_words_with_the_place(query: str, message: str) -> None:
    with pytest.raises(UnusableQuery, match=f"^{re.escape(message)}"):
        parse(query)
