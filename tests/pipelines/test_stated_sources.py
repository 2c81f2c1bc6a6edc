"""Where reports say their claims come from: media, by name, with the place of the words; and nobody else."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.reading import WORDINGS, Article, Block
from pipelines.stated_sources import stated_sources

PIECES = (
    *("Politico first reported", "according to", "told", "citing", "the", "The", "Reuters", "Le Monde", "„Bild“", "of"),
    *(
        "'s",
        "’",
        " ",
        ". ",
        ", ",
        "“",
        "»",
        "newspaper",
        "Harbour News",
        "and",
        "Times",
        "U.S.",
        "İ",
        "新华社",
        "-",
        "(",
    ),
    *("\n", "\u00a0", "sagte", "der dpa", "selon", "l'AFP", "dijo a", "said", "reported", "\ud800"),
)
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "ru", "pl", "xx", "", None)


def found(text: str, language: str | None = "en") -> list[tuple[str, str]]:
    return [(source.name, source.wording) for source in stated_sources([Block(text)], language)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Politico first reported the news.", [("Politico", "first_reported")]),
        ("Haaretz newspaper reported the news.", [("Haaretz", "reported")]),
        ("The fire was first reported by the Harbour Herald.", [("Harbour Herald", "first_reported")]),
        ("Le Monde was first to report the deal.", [("Le Monde", "first_reported")]),
        ("The Sound Courier broke the story on Monday.", [("Sound Courier", "first_reported")]),
        ("The bridge is unsafe, according to Reuters.", [("Reuters", "according_to")]),
        ("According to a report by The Wall Street Journal, it fell.", [("Wall Street Journal", "according_to")]),
        ("“It fell,” she told the BBC’s evening programme.", [("BBC", "told")]),
        ("He told The Hill that he would resign.", [("The Hill", "told")]),
        ("It was two officials who spoke to CNN.", [("CNN", "told")]),
        ("An engineer told the Israeli newspaper Haaretz so.", [("Haaretz", "told")]),
        ("She told the Vesterhavn newspaper so.", [("Vesterhavn", "told")]),
        ("The state-run Anadolu Agency reported that it fell.", [("Anadolu Agency", "reported")]),
        ("It fell, Interfax said, citing Kommersant.", [("Interfax", "reported"), ("Kommersant", "citing")]),
        ("The Washington Post, citing two officials, said so.", [("Washington Post", "reported")]),
        ("It fell, as reported by Reuters and AFP.", [("Reuters", "reported"), ("AFP", "reported")]),
        ("Politico first reported on the deal.", [("Politico", "first_reported")]),
        ("Reuters reported later in the day that it fell.", [("Reuters", "reported")]),
        ("The minister said on CNN that it fell.", [("CNN", "told")]),
        ("He said on Geo TV Thursday that it fell.", [("Geo TV", "told")]),
        ("As The Sound Courier reported, it fell.", [("Sound Courier", "reported")]),
        ("He told FoxNews.com so.", [("FoxNews.com", "told")]),
        ("She told the Times that it fell.", [("Times", "told")]),
    ],
)
def test_a_medium_that_a_claim_comes_from_is_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The bridge is unsafe, according to police.",
        "According to the Ministry of Transport, it fell.",
        "He told Congress, the Post Office and Ann Ferrier.",
        "Smith first reported the damage to police.",
        "She told the crowd in Times Square so.",
        "A clock that tells time told people the time.",
        "The White House told the press secretary.",
        "According to Dr Rossi, the Constitution matters.",
        "He walked down the hill and told nobody.",
        "Reuters is a news agency in London.",
        "The Times is printed in Leeds.",
        "She told a Croatian newspaper so.",
        "American Express and the Czech Republic told him.",
    ],
)
def test_nobody_else_is_a_stated_source(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("de", "Das berichtet die „Bild“-Zeitung.", ("Bild", "reported")),
        ("de", "Das sagte der Minister der Deutschen Presse-Agentur.", ("Deutschen Presse-Agentur", "told")),
        ("de", "Laut der Nachrichtenagentur Reuters stürzte sie ein.", ("Reuters", "according_to")),
        ("fr", "Elle est tombée, selon Le Monde.", ("Le Monde", "according_to")),
        ("fr", "« Elle est tombée », a-t-il déclaré à l'AFP.", ("AFP", "told")),
        ("es", "Cayó, según informó el diario El País.", ("El País", "according_to")),
        ("es", "Cayó, dijo el ministro a la agencia EFE.", ("EFE", "told")),
        ("it", "È caduto, secondo quanto riporta il Corriere della Sera.", ("Corriere della Sera", "according_to")),
        ("it", "È caduto, ha detto il ministro all'ANSA.", ("ANSA", "told")),
        ("pt", "Caiu, disse o ministro à agência Lusa.", ("Lusa", "told")),
        ("nl", "De brug is gevallen, meldt de Volkskrant.", ("Volkskrant", "reported")),
        ("no", "Den falt, sier han til NRK.", ("NRK", "told")),
        ("sv", "Den föll, skriver Aftonbladet.", ("Aftonbladet", "reported")),
        ("ru", "Он упал, сообщает ТАСС.", ("ТАСС", "reported")),
        ("pl", "Spadł, jak podaje PAP.", ("PAP", "according_to")),
    ],
)
def test_other_languages_have_their_own_phrases(language: str, text: str, expected: tuple[str, str]) -> None:
    assert found(text, language) == [expected]


def test_only_the_story_states_sources_and_a_later_label_takes_them_out() -> None:
    text = Block("Politico first reported the news.")
    blocks = (Block("According to Reuters", "promo", "promo_word"), text)
    article = Article("article", None, blocks, stated_sources=stated_sources(blocks, "en"))
    assert [(source.position, source.name) for source in article.stated] == [(1, "Politico")]
    assert replace(article, blocks=(blocks[0], replace(text, label="site"))).stated == ()


@given(st.lists(st.lists(st.sampled_from(PIECES)).map(" ".join) | st.text(), max_size=4), st.sampled_from(LANGUAGES))
def test_offsets_hold_the_name_and_do_not_overlap(texts: list[str], language: str | None) -> None:
    blocks = [Block(text) for text in texts]
    sources = stated_sources(blocks, language)
    for source in sources:
        phrase = texts[source.position][source.start : source.end]
        assert source.name
        assert source.name in phrase
        assert source.wording in WORDINGS
    places = [(source.position, source.start, source.end) for source in sources]
    assert all(start < end for _, start, end in places)
    assert all(one[0] < two[0] or one[2] <= two[1] for one, two in pairwise(places))


@pytest.mark.parametrize(
    "piece", ["Times reported ", "told the ", "The The ", "a-b’", "sagte der ", "Reuters and ", "İ said "]
)
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_hostile_page_ends(piece: str, language: str) -> None:
    assert len(stated_sources([Block(piece * 20_000)], language)) <= 200
