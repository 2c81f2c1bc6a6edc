"""Who a page credits: the agency, wherever it is named as one, and the lines that became fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from pipelines import metadata
from pipelines.agencies import agency_among, agency_of, at_end, credited, in_dateline
from pipelines.credits import agency, bio, byline, credit_lines
from pipelines.reading import Block

STORY = "The bridge stays closed until the spring, the council said."


def credit(*blocks: Block, head: str = "", authors: tuple[str, ...] = ()) -> str | None:
    tree = lxml_html.document_fromstring(f"<html><head>{head}</head><body></body></html>")
    return agency(metadata.read(tree), authors, blocks)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("The Associated Press", "AP"),
        ("AP Sports Writer", "AP"),
        ("Reuters Staff", "Reuters"),
        ("dpa-infocom", "dpa"),
        ("ASSOCIATED PRESS", "AP"),
        ("Ann Ferrier", None),
        ("Ann Ferrier, Associated Press", None),
        ("Apa", None),
        ("Beta", None),
    ],
)
def test_a_name_is_an_agency_or_is_not(name: str, expected: str | None) -> None:
    assert agency_of(name) == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("Ann Ferrier, Associated Press", "AP"),
        ("By Ann Ferrier and The Associated Press", "AP"),
        ("Ann Ferrier The Associated Press", "AP"),
        ("APA/dpa", "APA"),
        ("Ann Ferrier, PA", None),
        ("Ann Ferrier, Harbour Correspondent", None),
    ],
)
def test_an_author_field_may_name_an_agency_beside_persons(field: str, expected: str | None) -> None:
    assert agency_among(field) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("PORT ELLEN (Reuters) - The bridge stays closed.", "Reuters"),
        ("ST. IVES, Mich. (AP) — The bridge stays closed.", "AP"),
        ("(Reuters) — The bridge stays closed.", "Reuters"),
        ("Bern (sda/awp) - Die Brücke bleibt gesperrt.", "Keystone-SDA"),
        ("Berlin (dpa/tmn) - Die Brücke bleibt gesperrt.", "dpa"),
        ("Madrid, 5 may (EFE).- El puente sigue cerrado.", "EFE"),
        ("MOSCOW, May 3. /TASS/. The bridge stays closed.", "TASS"),
        ("KYIV, Ukrinform - The bridge stays closed.", "Ukrinform"),
        ("Reuters, LONDON - The bridge stays closed.", "Reuters"),
        ("The Associated Press (AP) - an agency of newspapers - was founded in 1846.", None),
        ("AP, the agency, said that the bridge stays closed.", None),
        ("According to Reuters - and others - the bridge stays closed.", None),
    ],
)
def test_a_dateline_names_its_agency(line: str, expected: str | None) -> None:
    assert in_dateline(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("© 2024 Agence France-Presse", "AFP"),
        ("© 2019 Associated Press. All Rights Reserved.", "AP"),
        ("(Quelle: APA/sda/dpa)", "APA"),
        ("Reporting by The Associated Press.", "AP"),
        ("(Reporting by Ann Ferrier in Kiel; Editing by Tom Brown) (c) Thomson Reuters", "Reuters"),
        ("(Reporting by Ann Ferrier in Kiel; Editing by Tom Brown)", None),
        ("Reporting by Ann Ferrier of the Courier; editing by Bob Gull", None),
        ("With material from Reuters", "Reuters"),
        ("The Associated Press contributed to this report.", "AP"),
        ("Ferrier reported from Kiel. Associated Press writer Tom Brown in Leeds contributed.", "AP"),
        ("– Reuters", "Reuters"),
        ("Reporting by Ann Ferrier.", None),
        ("Mit Agenturmaterial.", None),
        ("Photo: AP", None),
        ("The bridge is closed, according to Reuters.", None),
        ("The AP contributed nothing.", None),
    ],
)
def test_a_line_credits_an_agency(line: str, expected: str | None) -> None:
    assert credited(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{STORY} (AFP)", "AFP"),
        (f"{STORY} PTI", "PTI"),
        ("The report is by the Associated Press (AP).", None),
        ("The bridge is closed, said the AP", None),
    ],
)
def test_a_story_closes_with_its_agency(line: str, expected: str | None) -> None:
    assert at_end(line) == expected


def test_the_surest_place_decides() -> None:
    node = '{"@type": "NewsArticle", "headline": "x", "publisher": {"name": "AFP"}}'
    in_graph = f'<script type="application/ld+json">{node}</script>'
    assert credit(Block(STORY), head=in_graph) == "AFP"
    assert credit(Block(f"KIEL (dpa) - {STORY}"), head=in_graph) == "dpa"
    assert credit(Block(STORY), authors=("Ann Ferrier",)) is None


def test_the_form_of_thanks_is_reuters_where_reuters_is_named() -> None:
    form = Block("Reporting by Ann Ferrier in Kiel; Editing by Bob Gull", "agency", "contributed")
    assert credit(Block(STORY), form) is None
    assert credit(Block(f"KIEL, May 5 (Reuters) - {STORY}"), form) == "Reuters"
    assert credit(Block(STORY), form, Block("© 2026 Thomson Reuters", "legal", "legal_phrase")) == "Reuters"
    assert credit(Block(STORY), form, head='<meta property="og:site_name" content="Reuters">') == "Reuters"
    assert credit(Block(STORY), form, head='<meta property="og:site_name" content="Sound Courier">') is None


def test_a_story_about_an_agency_and_a_pictures_credit_credit_none() -> None:
    about = Block("The Associated Press (AP) said on Monday that it would sue, according to Reuters.")
    assert credit(about, Block("Photo: AFP", "credit", "credit_phrase"), Block(STORY)) is None
    assert credit(Block(STORY), Block("Source: AFP", "credit", "credit_phrase"), Block(STORY)) is None


def test_labelled_lines_become_fields() -> None:
    blocks = (
        Block("Published by", "byline", "byline_phrase"),
        Block("By Ann Ferrier, Harbour Correspondent", "byline", "byline_class"),
        Block("The bridge in May. Photo: Tom Brown/AFP", "caption", "figure"),
        Block("The bridge in June.", "caption", "figure"),
        Block(STORY),
        Block("Sources:", "agency", "contributed"),
        Block("© 2026 Sound Courier", "legal", "legal_phrase"),
        Block("Ann Ferrier covers rivers.", "bio", "bio_phrase"),
        Block("Write to her at ann@courier.example.", "bio", "bio_contact"),
    )
    assert byline(blocks, ("Ann Ferrier",)) == "By Ann Ferrier, Harbour Correspondent"
    assert bio(blocks) == "Ann Ferrier covers rivers.\nWrite to her at ann@courier.example."
    assert credit_lines(blocks) == ("Photo: Tom Brown/AFP", "© 2026 Sound Courier")
    assert (byline((), ()), bio(()), credit_lines(())) == (None, None, ())


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(["AP", "(", ")", " - ", "/", ", ", "Reporting by ", "©", "\n"])).map("".join)
)
def test_no_line_raises(line: str) -> None:
    for read in (agency_of, agency_among, in_dateline, credited, at_end):
        assert read(line) is None or isinstance(read(line), str)
    credit_lines([Block(line, label, "") for label in ("caption", "credit", "legal", "agency")])
    byline([Block(line, "byline", "")], ("",))


@pytest.mark.parametrize("piece", ["A", "AP/", "with ", "(AP ", "Reporting by ", "© ", "credit "])
def test_a_hostile_line_ends(piece: str) -> None:
    line = piece * 100_000
    for read in (agency_of, agency_among, in_dateline, credited, at_end):
        read(line)
    credit_lines([Block(line, "caption", "")])
