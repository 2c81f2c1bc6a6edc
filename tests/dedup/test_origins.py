"""Own texts that share an origin are told by a credit, a phrase or a copy link; nothing else brings two together."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.origins import (
    BRIEF_WORDS,
    OPENING_WORDS,
    Account,
    Basis,
    Medium,
    OwnText,
    Place,
    Statement,
    Voice,
    Whose,
    key_of,
    origins,
    reliance,
)

LONG = BRIEF_WORDS + 300


def stated(name: str, wording: str = "first_reported", block: int = 1, words_before: int = 40) -> Statement:
    return Statement(Place(block, 0, 20), name, wording, key_of(name), words_before)


def voice(whose: Whose, block: int = 2) -> Voice:
    return Voice(Place(block, 0, 50), whose)


def account(*statements: Statement, voices: Sequence[Voice] | None = (), words: int = LONG) -> Account:
    return Account(words, statements, voices)


def rests_on(said: Account, own: str = "courier") -> str | None:
    found = reliance(said, lambda key: key == own)
    assert (found.on is None) or (found.why_own is None)
    return found.on.name if found.on else None


def medium(name: str, *also: str) -> Medium:
    return Medium(name, key_of(name), frozenset(also))


def text(group: int, outlet: str, said: Account | None = None, agency: str | None = None) -> OwnText:
    carrier = medium(outlet)
    return OwnText(
        group,
        (float(group), group),
        said or Account(LONG),
        (carrier,),
        agency=medium(agency) if agency else None,
        first=None if agency else carrier,
    )


def numbers(*texts: OwnText) -> list[int]:
    return [one.number for one in origins(texts)]


def test_a_report_that_names_no_medium_is_its_own() -> None:
    assert reliance(account(), lambda key: False).why_own is None
    assert rests_on(account()) is None


def test_who_is_given_as_the_first_is_the_source_wherever_that_stands() -> None:
    assert rests_on(account(stated("Meridian Post", block=9, words_before=300))) == "Meridian Post"


def test_whom_sources_spoke_to_is_no_rival_of_the_first() -> None:
    assert rests_on(account(stated("Sky Nine", "told", block=0), stated("Meridian Post"))) == "Meridian Post"


def test_who_is_given_ahead_of_the_first_is_a_rival() -> None:
    assert rests_on(account(stated("Sky Nine", "reported", block=0), stated("Meridian Post"))) is None


def test_two_firsts_are_none() -> None:
    assert rests_on(account(stated("Meridian Post"), stated("Sky Nine", block=3))) is None


def test_an_agency_that_is_quoted_once_is_quoted_for_a_detail() -> None:
    once = stated("Reuters", "according_to")
    assert rests_on(account(once)) is None
    assert rests_on(account(once, stated("Reuters", "told", block=3))) == "Reuters"
    assert rests_on(account(once, words=BRIEF_WORDS)) == "Reuters"


def test_what_is_quoted_late_is_quoted_for_a_detail() -> None:
    late = stated("Reuters", "reported", words_before=OPENING_WORDS + 1)
    assert rests_on(account(late, stated("Reuters", "told", block=5))) is None


def test_a_voice_of_its_own_makes_a_report_its_own_and_is_pointed_at() -> None:
    said = account(stated("Meridian Post"), voices=[voice(Whose.PUBLIC), voice(Whose.OWN, block=7)])
    found = reliance(said, lambda key: False)
    assert (found.on, found.own) == (None, Place(7, 0, 50))


@pytest.mark.parametrize(("block", "expected"), [(0, None), (2, "Meridian Post")])
def test_what_is_said_in_public_before_the_source_is_named_is_its_own(block: int, expected: str | None) -> None:
    assert rests_on(account(stated("Meridian Post"), voices=[voice(Whose.PUBLIC, block)])) == expected


def test_unnamed_voices_are_a_mediums_only_where_one_is_said_to_have_spoken_to_them() -> None:
    unnamed = [voice(Whose.UNNAMED)]
    assert rests_on(account(stated("Meridian Post"), voices=unnamed)) is None
    told = stated("Sky Nine", "told", block=0)
    assert rests_on(account(told, stated("Meridian Post"), voices=unnamed)) == "Meridian Post"


def test_a_report_that_names_its_own_outlet_or_whose_language_is_not_read_is_its_own() -> None:
    assert rests_on(account(stated("Meridian Post"), stated("The Courier", "told", block=4))) is None
    assert rests_on(account(stated("Meridian Post"), voices=None)) is None


def test_reports_that_rest_on_an_outlet_never_crawled_share_it() -> None:
    on_post = account(stated("Meridian Post"))
    found = origins([text(1, "Courier", on_post), text(2, "Gazette", on_post), text(3, "Ledger")])
    assert [(one.number, one.name, one.basis) for one in found] == [
        (1, "Meridian Post", Basis.STATED),
        (1, "Meridian Post", Basis.STATED),
        (2, "Ledger", Basis.FIRST),
    ]


def test_the_stated_outlets_own_report_is_the_origin_of_what_rests_on_it() -> None:
    on_post = account(stated("Meridian Post"))
    found = origins([text(1, "Courier", on_post), text(2, "The Meridian Post")])
    assert [(one.number, one.name, one.via) for one in found] == [
        (1, "The Meridian Post", 2),
        (1, "The Meridian Post", None),
    ]


def test_an_outlet_is_known_by_its_domain_too() -> None:
    post = replace(text(2, "MP Online"), carriers=(medium("MP Online", "meridianpost"),))
    post = replace(post, first=post.carriers[0])
    assert numbers(text(1, "Courier", account(stated("Meridian Post"))), post) == [1, 1]


def test_texts_of_one_agency_share_it_and_so_does_what_rests_on_it() -> None:
    on_agency = account(stated("Norpress", "reported"), stated("Norpress", "told", block=4))
    assert numbers(
        text(1, "Courier", agency="Norpress"), text(2, "Gazette", agency="Norpress"), text(3, "Ledger", on_agency)
    ) == [1, 1, 1]


def test_an_outlet_that_only_reprints_an_agency_lends_its_name_to_nobody() -> None:
    reprint = text(1, "Meridian Post", agency="Norpress")
    assert numbers(reprint, text(2, "Courier", account(stated("Meridian Post")))) == [1, 2]


def test_what_a_medium_wrote_goes_before_what_it_may_have_reprinted() -> None:
    unknown = replace(text(1, "Meridian Post"), first=None)
    on_post = text(2, "Courier", account(stated("Meridian Post")))
    assert [(one.number, one.name, one.via) for one in origins([unknown, on_post, text(3, "Meridian Post")])] == [
        (1, None, None),
        (2, "Meridian Post", 3),
        (2, "Meridian Post", None),
    ]
    assert [(one.number, one.name, one.via) for one in origins([unknown, on_post])] == [(1, None, None), (1, None, 1)]


def test_an_excerpt_shares_the_origin_of_the_text_that_holds_it() -> None:
    brief = replace(text(2, "Gazette", account(stated("Sky Nine"))), lies_in=1)
    found = origins([text(1, "Courier", agency="Norpress"), brief])
    assert [(one.number, one.name, one.basis, one.via) for one in found] == [
        (1, "Norpress", Basis.AGENCY, None),
        (1, "Norpress", Basis.EXCERPT, 1),
    ]


def test_two_that_name_each_other_are_one_origin_of_the_earlier() -> None:
    found = origins([text(1, "Courier", account(stated("Gazette"))), text(2, "Gazette", account(stated("Courier")))])
    assert [(one.number, one.name, one.via) for one in found] == [(1, "Courier", None), (1, "Courier", 1)]


OUTLETS = ("Courier", "Gazette", "Ledger", "Sky Nine")


@st.composite
def stories(draw: st.DrawFn) -> list[OwnText]:
    made = []
    size = draw(st.integers(2, 8))
    for group in range(1, size + 1):
        on = draw(st.none() | st.sampled_from((*OUTLETS, "Norpress", "Meridian Post")))
        outlet = draw(st.sampled_from(OUTLETS))
        one = text(group, outlet, account(stated(on)) if on else None, draw(st.sampled_from((None, None, "Norpress"))))
        one = replace(one, lies_in=draw(st.none() | st.sampled_from([at for at in range(1, size + 1) if at != group])))
        made.append(replace(one, first=None) if draw(st.booleans()) and one.agency is None else one)
    return made


@given(stories(), st.randoms(use_true_random=False))
def test_every_text_has_an_origin_whatever_the_order(made: list[OwnText], pick: random.Random) -> None:
    found = origins(made)
    assert origins(pick.sample(made, len(made))) == found
    assert [one.group for one in found] == [one.group for one in made]
    assert {one.number for one in found} == set(range(1, max(one.number for one in found) + 1))
    by_group = {one.group: one for one in found}
    assert all(by_group[one.via].number == one.number for one in found if one.via is not None)
    names: dict[int, set[str | None]] = {}
    for one in found:
        names.setdefault(one.number, set()).add(one.name)
    assert all(len(shared) == 1 for shared in names.values())
