"""What pages claim about themselves, and what of it is believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.charsets import text_codec
from pipelines import dates, json_ld, metadata, titles
from pipelines.agencies import agency_of, credited
from pipelines.authors import authors
from pipelines.markup import parse

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


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
    ],
)
def test_json_ld_is_read_however_it_is_broken(text: str) -> None:
    assert (meta(script(text)).claim("headline") or "").replace('"', "") == "The bridge"


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
    ("raw", "instant"),
    [
        ("2026-06-01T12:00:00Z", NOON),
        ("2026-06-01T14:00:00+02:00", NOON),
        ("2026-06-01T14:00:00.389+0200", NOON + timedelta(milliseconds=389)),
        ("2026-06-01 12:00", NOON),
        ("20260601T120000Z", NOON),
        ("2026-06-01", NOON.replace(hour=0)),
        ("Mon, 01 Jun 2026 12:00:00 GMT", NOON),
        ("June 1, 2026 8:00 AM EDT", NOON),
        ("1780315200", NOON),
        ("1780315200000", NOON),
    ],
)
def test_a_date_is_an_instant(raw: str, instant: datetime) -> None:
    read = dates.parse(raw)
    assert read is not None
    assert read[0] == instant


@pytest.mark.parametrize(
    "raw", ["", "soon", "12:30", "0000-00-00T00:00:00", "2026-13-01", "99999-01-01", "May", "10 June"]
)
def test_what_names_no_year_or_no_day_is_no_date(raw: str) -> None:
    assert dates.parse(raw) is None


@given(st.text(max_size=60))
def test_a_date_is_in_a_zone_or_none_at_all(raw: str) -> None:
    read = dates.parse(raw)
    assert read is None or read[0].tzinfo is not None


def test_the_zone_is_kept() -> None:
    read = dates.parse("2026-06-01T14:00:00+02:00")
    assert read is not None
    assert read[0].utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        pytest.param([("json_ld", "2026-06-01T12:00:00Z"), ("meta", "2020-01-01")], ("json_ld", NOON), id="the first"),
        pytest.param(
            [("json_ld", "2026-06-01"), ("meta", "2026-06-01T12:00:00Z")],
            ("meta", NOON),
            id="the same day with a clock",
        ),
        pytest.param(
            [("json_ld", "2026-06-01T14:00:00"), ("meta", "2026-06-01T14:00:00+02:00")],
            ("meta", NOON),
            id="the same clock with a zone",
        ),
        pytest.param(
            [("json_ld", "2026-06-01"), ("meta", "2026-05-01T12:00:00Z")],
            ("json_ld", NOON.replace(hour=0)),
            id="another day",
        ),
        pytest.param(
            [("json_ld", "2031-01-01"), ("meta", "2026-06-01T12:00:00Z")], ("meta", NOON), id="not in the future"
        ),
    ],
)
def test_the_best_date_is_the_first_that_can_be_true_said_most_exactly(
    candidates: list[tuple[str, str]], expected: tuple[str, datetime]
) -> None:
    found = dates.best(candidates, NOON)
    assert found is not None
    assert (found[1], found[0]) == expected


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])))
def test_a_believable_date_is_in_its_window(moment: datetime) -> None:
    assert not dates.believable(moment, NOON) or dates.EARLIEST <= moment <= NOON + dates.AHEAD


@pytest.mark.parametrize(
    ("raw", "headings", "expected"),
    [
        ("The bridge | Sound Courier", (), "The bridge"),
        ("The bridge - Sound Courier", (), "The bridge"),
        ("Sound Courier: the bridge", (), "Sound Courier: the bridge"),
        ("Sound Courier | The bridge", (), "The bridge"),
        ("The bridge - what we know", (), "The bridge - what we know"),
        ("The bridge – World – Sound Courier", (), "The bridge – World"),
        ("The bridge – World – Sound Courier", ("The bridge",), "The bridge"),
        ("The bridge", (), "The bridge"),
    ],
)
def test_a_title_loses_the_sites_name_and_nothing_else(raw: str, headings: tuple[str, ...], expected: str) -> None:
    assert titles.without_site(raw, {"soundcourier", "soundcourierexample"}, headings) == expected


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
    assert authors(meta(head, body), tree(head, body), "Sound Courier") == expected


@pytest.mark.parametrize(
    ("line", "agency"),
    [
        ("PORT ELLEN (Reuters) - The bridge stays closed.", "Reuters"),
        ("BERLIN, 3. Mai (dpa) - Die Brücke bleibt gesperrt.", "dpa"),
        ("(Quelle: APA/sda/dpa)", "APA"),
        ("© dpa-infocom, dpa:260601-99-483045/5", "dpa"),
        ("Source: AFP", "AFP"),
        ("The AP contributed nothing.", None),
        ("The apa is a fish.", None),
    ],
)
def test_an_agency_is_credited(line: str, agency: str | None) -> None:
    assert credited(line) == agency


def test_an_agency_by_name() -> None:
    assert agency_of("The Associated Press") == "AP"
    assert agency_of("Ann Ferrier") is None


@pytest.mark.parametrize("name", ["rot13", "hex", "unicode_escape", "idna", "punycode", "zlib", "no-such", "utf\x00"])
def test_no_page_chooses_a_codec_that_is_no_charset(name: str) -> None:
    assert text_codec(name) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("Saltmere, 20 November 2026", "2026-11-20", id="English"),
        pytest.param("Published November 20, 2026 by our staff", "2026-11-20", id="the American way"),
        pytest.param("Kiel, 20. März 2026", "2026-03-20", id="German"),
        pytest.param(
            "The council met on 20 November 2026 " + "and so on " * 20, None, id="a sentence tells of something else"
        ),
        pytest.param("Call 20 11 2026 00", None, id="numbers alone"),
    ],
)
def test_a_date_that_only_a_line_on_top_writes_out_is_found(line: str, expected: str | None) -> None:
    found = dates.in_lines(["The Courier", line], datetime(2027, 1, 1, tzinfo=UTC))
    read = dates.parse(found) if found else None
    assert (read[0].date().isoformat() if read else None) == expected
