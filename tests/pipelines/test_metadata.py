"""What pages claim about themselves, and what of it is believed."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.charsets import text_codec
from pipelines import json_ld, metadata, titles
from pipelines.authors import authors, marked_byline
from pipelines.extract import read_page
from pipelines.language import language
from pipelines.markup import parse
from pipelines.reading import Article
from tests.pipelines.writing import STORY


def meta(head: str, body: str = "") -> metadata.Meta:
    return metadata.read(tree(head, body))


def tree(head: str, body: str = ""):  # type: ignore[no-untyped-def]
    found = parse(f"<html><head>{head}</head><body>{body}</body></html>")
    assert found is not None
    return found


def script(text: str) -> str:
    return f"<script type='application/ld+json'>{text}</script>"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"@type": "NewsArticle", "headline": "The bridge"}', id="plain"),
        pytest.param('{"@type": "NewsArticle", "headline": "The bridge",}', id="trailing comma"),
        pytest.param('//<![CDATA[\n{"@type": "NewsArticle", "headline": "The bridge"}\n//]]>', id="CDATA"),
        pytest.param('{"@type": "NewsArticle",\n "headline": "The\nbridge"}', id="line break in a string"),
        pytest.param(
            '{"@graph": [{"@type": "WebSite"}, {"@type": ["Article"], "headline": "The bridge"}]}', id="graph"
        ),
        pytest.param('{"@type": "WebSite"} {"@type": "NewsArticle", "headline": "The bridge"}', id="several objects"),
        pytest.param('[{"@type": "https://schema.org/NewsArticle", "headline": "The &quot;bridge&quot;"}]', id="list"),
        pytest.param('{"@type": "NewsArticle", "headline": "The bridge"};', id="semicolon"),
        pytest.param('{"@type": "NewsArticle", "headline": "The bridge", "x": "bad \\d escape"}', id="bad escape"),
        pytest.param(
            '/* <![CDATA[ */{"@type": "NewsArticle", "headline": "The bridge"}/* ]]> */', id="commented CDATA"
        ),
        pytest.param('<!-- {"@type": "NewsArticle", "headline": "The bridge"} -->', id="an HTML comment"),
        pytest.param('{"@type": "NewsArticle", // type\n "headline": "The bridge" /* its\n title */, }', id="comments"),
        pytest.param(
            '{"@type": "NewsArticle", "url": "https://a.example/*", "headline": "The bridge",}', id="no comment"
        ),
        pytest.param('{"@type": "NewsArticle",, "image": undefined, "headline": "The bridge"}', id="empty values"),
        pytest.param(
            "{&quot;@type&quot;:&quot;NewsArticle&quot;,&quot;headline&quot;:&quot;The bridge&quot;}", id="escaped"
        ),
        pytest.param('{"@type": "NewsArticle", "headline": "The\tbridge\x0b"}', id="control characters"),
        pytest.param('{{"@type": "NewsArticle", "headline": "The bridge"}}', id="braces of a template"),
        pytest.param(
            '{"@type": "A", "name": "a "b" c"} {"@type": "NewsArticle", "headline": "The bridge"}', id="rubbish"
        ),
        pytest.param('{"@type": "NewsArticle", "headline": "The bridge", "description": "a "b" c"}', id="bare quotes"),
        pytest.param('{"@type": "NewsArticle", "headline": "The bridge", "articleBody": "It is clo', id="cut off"),
    ],
)
def test_json_ld_is_read_however_it_is_broken(text: str) -> None:
    assert (meta(script(text)).claim("headline") or "").replace('"', "") == "The bridge"


@pytest.mark.parametrize("piece", ["{", '{"a":', '"\\"', "/*", ",", "[", '{"@type":"Article","headline":"', "//", "\\"])
def test_no_json_ld_takes_long(piece: str) -> None:
    began = time.process_time()
    json_ld.nodes(tree(script(piece * (200_000 // len(piece)))))
    assert time.process_time() - began < 2


def test_the_article_is_found_among_what_surrounds_it() -> None:
    found = meta(
        script(
            '{"@type": "WebPage", "headline": "No", "mainEntity": {"@type": "ReportageNewsArticle", "headline": "Yes"}}'
        )
        + script('{"@type": "Article"}')
    )
    assert found.claim("headline") == "Yes"


@given(st.text(max_size=200))
def test_no_json_ld_raises(text: str) -> None:
    assert isinstance(json_ld.nodes(tree(script(text))), list)


@pytest.mark.parametrize(
    ("raw", "headings", "expected"),
    [
        ("The bridge | Sound Courier", (), "The bridge"),
        ("The bridge - Sound Courier", (), "The bridge"),
        ("Sound Courier: the bridge", (), "Sound Courier: the bridge"),
        ("Sound Courier | The bridge", (), "The bridge"),
        ("Sound Courier: Bridge closed", (), "Bridge closed"),
        ("Harbour: Bridge closed", (), "Harbour: Bridge closed"),
        ("Sound Courier – Bridge closed", (), "Bridge closed"),
        ("Sound Courier – staff walk out", (), "Sound Courier – staff walk out"),
        ("Sound Courier – staff walk out", ("staff walk out",), "staff walk out"),
        ("The bridge - what we know", (), "The bridge - what we know"),
        ("The bridge – World – Sound Courier", (), "The bridge – World"),
        ("The bridge – World – Sound Courier", ("The bridge",), "The bridge"),
        ("The bridge", (), "The bridge"),
        ("The bridge-Isles | Sound Courier", (), "The bridge"),
        ("The bridge | Isles | 31.05.2026", (), "The bridge"),
        ("The bridge : Sound Courier", (), "The bridge"),
        ("The bridge-Sound Courier", (), "The bridge"),
    ],
)
def test_a_title_loses_the_sites_name_and_nothing_else(raw: str, headings: tuple[str, ...], expected: str) -> None:
    assert titles.without_site(raw, {"soundcourier", "soundcourierexample"}, headings, {"isles"}) == expected


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        pytest.param(
            script(
                '{"@type":"NewsArticle","author":[{"@type":"Person","name":"Ann Ferrier"},'
                '{"@type":"Organization","name":"Reuters"}]}'
            ),
            "",
            ("Ann Ferrier",),
            id="persons apart from organisations",
        ),
        pytest.param(
            script('{"@type":"NewsArticle","author":{"@type":"Person","givenName":"Ann","familyName":"Ferrier"}}'),
            "",
            ("Ann Ferrier",),
            id="names in two parts",
        ),
        pytest.param(
            script(
                '{"@graph":[{"@type":"NewsArticle","author":{"@id":"#a"}},'
                '{"@type":"Person","@id":"#a","name":"Ann Ferrier"}]}'
            ),
            "",
            ("Ann Ferrier",),
            id="a person by reference",
        ),
        pytest.param(
            "<meta name='author' content='By Ann Ferrier and Tam Loudon'>",
            "",
            ("Ann Ferrier", "Tam Loudon"),
            id="two in one field",
        ),
        pytest.param(
            "<meta name='author' content='https://www.facebook.com/courier'>", "", (), id="an address is nobody"
        ),
        pytest.param("", "<p class='byline'>Von Ann Ferrier</p>", ("Ann Ferrier",), id="a byline"),
        pytest.param(
            "", "<figure><span class='vm-author'>T. Loudon</span></figure>", (), id="a photographer wrote nothing"
        ),
        pytest.param(
            "<meta name='author' content='Sound Courier'>",
            "",
            ("Sound Courier",),
            id="the newsroom where nobody is named",
        ),
    ],
)
def test_authors_are_persons(head: str, body: str, expected: tuple[str, ...]) -> None:
    assert authors(meta(head, body), marked_byline(tree(head, body)), "Sound Courier") == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Ferrier, Ann", ("Ann Ferrier",)),
        ("van der Berg, Jan", ("Jan van der Berg",)),
        ("Ann Ferrier, Tam Loudon", ("Ann Ferrier", "Tam Loudon")),
        ("Ana Ortega y Gasset", ("Ana Ortega y Gasset",)),
        ("Ana Ortega y Luis Gil", ("Ana Ortega", "Luis Gil")),
        ("Ana Ortega y Redacción", ("Ana Ortega",)),
        ("Ann Ferrier for Reuters", ("Ann Ferrier",)),
        ("Ann Ferrier, Reuters", ("Ann Ferrier",)),
        ("Marc Para Moreno", ("Marc Para Moreno",)),
        ("Ann Ferrier, M.D.", ("Ann Ferrier",)),
        ("Ann Ferrier, Ph.D. and Tam Loudon", ("Ann Ferrier", "Tam Loudon")),
        ("Ann Ferrier (@annferrier)", ("Ann Ferrier",)),
        ("Ann Ferrier ann@example.org", ("Ann Ferrier",)),
        ("admin", ()),
        (", The Harbour Journal", ("The Harbour Journal",)),
        (
            [{"@type": "Person", "name": "Iris Kell"}, {"@type": "NewsMediaOrganization", "name": "Sound"}],
            ("Iris Kell",),
        ),
        ([{"@type": "Organization", "name": "Iris Kell"}], ("Iris Kell",)),
    ],
)
def test_a_field_of_authors_is_read_as_people_fill_it_in(said: object, expected: tuple[str, ...]) -> None:
    head = script(json.dumps({"@type": "NewsArticle", "headline": "The bridge", "author": said}))
    assert authors(meta(head), None, "Sound Courier") == expected


def test_a_title_cut_short_is_the_heading_that_it_was_cut_from() -> None:
    head = "<meta property='og:title' content='The harbour bridge stays ...'>"
    whole, other = "The harbour bridge stays closed until June", "Ferries run free"
    assert titles.headline(meta(head, f"<h1>{whole}</h1>"), None, "") == whole
    assert titles.headline(meta(head, f"<h1>{other}</h1>"), None, "") == "The harbour bridge stays ..."


@pytest.mark.parametrize("name", ["rot13", "hex", "unicode_escape", "idna", "punycode", "zlib", "no-such", "utf\x00"])
def test_no_page_chooses_a_codec_that_is_no_charset(name: str) -> None:
    assert text_codec(name) is None


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (script('{"@type":"NewsArticle","isAccessibleForFree":"https://schema.org/False"}'), False),
        (script('{"@type":"NewsArticle","isAccessibleForFree":true}'), True),
        (script('{"@type":"NewsArticle","hasPart":[{"@type":"WebPageElement","isAccessibleForFree":false}]}'), False),
        ("<meta property='article:content_tier' content='metered'>", False),
        ("<meta property='article:content_tier' content='free'>", True),
        ("", None),
    ],
)
def test_a_page_says_whether_it_is_free(head: str, expected: bool | None) -> None:
    assert metadata.is_free(meta(head)) is expected


def test_sections_of_json_ld_come_before_those_of_meta_elements() -> None:
    head = "<meta property='article:section' content='World'>"
    assert metadata.section(meta(head)) == "World"
    both = meta(script('{"@type":"NewsArticle","articleSection":["Isles","Bridges"]}') + head)
    assert metadata.sections(both) == ("Isles", "Bridges", "World")


@pytest.mark.parametrize(
    ("text", "claimed", "expected"),
    [
        pytest.param("Der Rat will die Brücke noch vor dem Winter reparieren, sagte er.", "en", "de", id="the text"),
        pytest.param("Fünf Tote.", "de-AT", "de", id="the claim of a short one"),
        pytest.param("", "pt_BR", "pt", id="the claim alone"),
        pytest.param("", "x", None, id="no claim either"),
    ],
)
def test_the_language_is_that_of_the_text(text: str, claimed: str, expected: str | None) -> None:
    assert language(text, claimed) == expected


def test_a_text_without_any_title_has_its_headline_among_the_open_lines_that_it_begins_with() -> None:
    above = ["Harbour media Harbour.test", "Ann Ferrier", "Council shuts the harbour bridge to lorries until autumn"]
    article = read_page(
        "".join(f"<p>{line}</p>" for line in [*above, *STORY]).encode(), "https://example.org/2026/05/a"
    )
    assert isinstance(article, Article)
    assert article.title == above[-1]
    assert article.text == "\n\n".join(STORY)


def test_a_text_that_begins_with_a_sentence_has_no_title() -> None:
    article = read_page("".join(f"<p>{line}</p>" for line in STORY).encode(), "https://example.org/2026/05/a")
    assert isinstance(article, Article)
    assert article.title is None
    assert article.text == "\n\n".join(STORY)
