"""Who speaks in a report: to its own outlet, in public, without a name; by way of a medium is nobody's voice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.origins import Whose
from pipelines.voices import voices

OWN, PUBLIC, UNNAMED = Whose.OWN, Whose.PUBLIC, Whose.UNNAMED


def heard(*blocks: str, language: str = "en", media: tuple[str, ...] = (), outlet: str = "Courier") -> list[Whose]:
    found = voices(list(enumerate(blocks)), language, media, [outlet])
    assert found is not None
    return [voice.whose for voice in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ilse Tornby, who runs a bakery, said that the sirens never sounded.", OWN),
        ("“My neighbour carried his mother out through a window,” said a woman on the quay.", OWN),
        ("The Courier has seen the letter.", OWN),
        ("The director told us that the valve was open.", OWN),
        ("Infrastructure minister Petra Hallwick said the payments were frozen.", PUBLIC),
        ("The ministry said the payments were frozen.", PUBLIC),
        ("“We have asked for every record,” Joren Maas told reporters outside.", PUBLIC),
        ("Two officials said the valve had been open.", UNNAMED),
        ("The valve, sources told a colleague, had been open.", UNNAMED),
    ],
)
def test_a_sentence_is_somebodys_voice(text: str, expected: Whose) -> None:
    assert heard(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "The gate will stay closed until Friday.",
        "The so-called “tide house” will stay closed.",
        "Engineer Joren Maas told the Meridian Post that the gate was rotten.",
        "“The gate was rotten from the first day on,” he told the newspaper.",
        "The Courier could not independently verify the report.",
    ],
)
def test_no_voice_is_what_a_medium_says_and_what_nobody_says(text: str) -> None:
    assert heard(text, media=("Meridian Post",)) == []


def test_an_office_is_remembered_by_its_holders_name() -> None:
    assert heard("President Ann Ferrier spoke in Tolland.", "“We shall pay for all of it,” Ferrier said.") == [PUBLIC]
    assert heard("Ann Ferrier, the president, spoke in Tolland.", "Ferrier said that she would pay.") == [PUBLIC]
    assert heard("Ann Ferrier spoke in Tolland.", "Ferrier said that she would pay.") == [OWN]


def test_who_goes_on_is_who_spoke_last_unless_somebody_else_was_named() -> None:
    assert heard("The minister said no.", "“It is simply not our gate,” she added.") == [PUBLIC, PUBLIC]
    assert heard("The minister said no.", "Ilse Tornby has a bakery.", "“They never came,” she said.") == [PUBLIC, OWN]
    assert heard("“They never came to us at all.”") == [OWN]


def test_verbs_inside_a_quotation_and_titles_with_a_stop_are_no_seams() -> None:
    assert heard("“He said. She said. Nobody knows,” Sen. Ann Ferrier of Tolland complained.") == [PUBLIC]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("de", "„Niemand hat uns etwas gesagt“, sagte die Bäckerin Ilse Tornby.", OWN),
        ("de", "Verkehrsministerin Petra Hallwick sagte, das Geld sei gesperrt.", PUBLIC),
        ("de", "Nach Worten aus Regierungskreisen, hieß es, sei das Geld gesperrt.", UNNAMED),
        ("fr", "« Personne ne nous a prévenus », a expliqué Ilse Tornby, boulangère.", OWN),
        ("fr", "La ministre Petra Hallwick a déclaré que les fonds étaient gelés.", PUBLIC),
        ("es", "“Nadie nos avisó de nada”, contó Ilse Tornby, panadera.", OWN),
        ("es", "El gobierno aseguró que los fondos están congelados.", PUBLIC),
    ],
)
def test_voices_are_heard_in_other_languages(language: str, text: str, expected: Whose) -> None:
    assert heard(text, language=language) == [expected]


def test_a_language_without_a_table_is_not_read() -> None:
    assert voices([(0, "Hän sanoi niin.")], "fi", [], ["Courier"]) is None


@given(st.lists(st.text(alphabet=' .“”"«»‘’ABcd said told\n', max_size=80), max_size=5))
def test_voices_stand_in_their_blocks_in_order(blocks: list[str]) -> None:
    found = voices(list(enumerate(blocks)), "en", ["Sky"], ["AB"])
    assert found is not None
    assert found == sorted(found, key=lambda voice: voice.at)
    assert all(0 <= one.at.start < one.at.end <= len(blocks[one.at.position]) for one in found)
