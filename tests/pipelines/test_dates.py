"""When pages say they were published: what is read, what is believed, and where it is looked for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import dates, doubts, written_dates
from pipelines.doubts import Listing
from pipelines.extract import read_page
from pipelines.reading import DOUBTS, Article

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
BODY = "<p>" + "The council will repair the bridge before the winter, said the mayor. " * 4 + "</p>"


def article(head: str, body: str = BODY, address: str = "/bridge") -> Article:
    html = f"<html lang='en'><head>{head}</head><body><h1>The bridge</h1>{body}</body></html>"
    read = read_page(html.encode(), f"https://courier.example{address}", now=NOON)
    assert isinstance(read, Article), read
    return read


def json_ld(**said: str | None) -> str:
    return f"<script type='application/ld+json'>{json.dumps({'@type': 'NewsArticle', **said})}</script>"


def meta(name: str, content: str) -> str:
    return f"<meta property='{name}' content='{content}'>"


@pytest.mark.parametrize(
    ("raw", "instant"),
    [
        ("2026-06-01T12:00:00Z", NOON),
        ("2026-06-01T14:00:00+02:00", NOON),
        ("2026-06-01T14:00:00.389+0200", NOON + timedelta(milliseconds=389)),
        ("2026-06-01T14:00+02:00[Europe/Berlin]", NOON),
        ("2026-06-01 12:00", NOON),
        ("20260601T120000Z", NOON),
        ("2026-06-01", NOON.replace(hour=0)),
        ("Mon, 01 Jun 2026 12:00:00 GMT", NOON),
        ("June 1, 2026 8:00 AM EDT", NOON),
        ("1 June 2026 12:00", NOON),
        ("01.06.2026 12:00", NOON),
        ("1780315200", NOON),
        ("1780315200000", NOON),
        ("Mon Jun 01 2026 14:00:00 GMT+0200 (Central European Summer Time)", NOON),
        ("2026-06-01 15:00 UTC+3", NOON),
    ],
)
def test_a_date_is_an_instant(raw: str, instant: datetime) -> None:
    read = dates.parse(raw)
    assert read is not None
    assert read[0] == instant


@pytest.mark.parametrize(
    "raw",
    [
        *("", "soon", "12:30", "0000-00-00T00:00:00", "2026-13-01", "99999-01-01", "May", "10 June"),
        pytest.param("06/05/2026 10:00", id="two readings"),
        *("0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1969-12-31T19:00:00-05:00", "1900-01-01"),
    ],
)
def test_what_names_no_day_is_no_date_nor_what_programs_write_for_none(raw: str) -> None:
    assert dates.parse(raw) is None


@given(st.text(max_size=60), st.sampled_from([None, "en", "en-US", "de-CH", "ko", "no such tag", ""]))
def test_a_date_is_in_a_zone_or_none_at_all(raw: str, language: str | None) -> None:
    read = dates.parse(raw, language)
    assert read is None or read[0].tzinfo is not None


def test_the_zone_is_kept() -> None:
    read = dates.parse("2026-06-01T14:00:00+02:00")
    assert read is not None
    assert read[0].utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2026-06-01T12:00:00Z", True),
        ("2026-06-01T12:00:00.000+0200", True),
        ("Mon, 01 Jun 2026 12:00:00 GMT", True),
        ("June 1, 2026 8:00 AM EDT", True),
        ("1780315200", True),
        ("Mon Jun 01 2026 14:00:00 GMT+0200 (Central European Summer Time)", True),
        ("2026-06-01T12:00+02:00[Europe/Berlin]", True),
        ("2026-06-01", False),
        ("2026-06-01T12:00:00", False),
        ("June 1, 2026 8:00 AM", False),
    ],
)
def test_a_date_as_written_names_its_zone_or_does_not(raw: str, expected: bool) -> None:
    read = dates.parse(raw)
    assert read is not None
    assert doubts.names_zone(raw) is expected
    assert read[1] is expected


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
            id="ahead of our clock without a zone",
        ),
        pytest.param(
            [("json_ld", "2026-05-31T14:00"), ("meta", "2026-05-31T14:00:35+02:00")],
            ("meta", NOON - timedelta(seconds=86_365)),
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


DATES = st.from_regex(r"(?:19|20|0|9)\d{2,3}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?", fullmatch=True)


@given(st.lists(st.tuples(st.just("meta"), DATES | st.text(max_size=30)), max_size=4))
def test_a_claim_is_believed_within_the_window_or_doubted_in_a_word(claims: list[tuple[str, str]]) -> None:
    found, refused = dates.best(claims, NOON), dates.doubted(claims, NOON)
    if found:
        assert found[0].tzinfo is not None
        assert doubts.EARLIEST <= found[0] <= NOON + doubts.CLOCKS
    elif any(dates.parse(raw) for _, raw in claims):
        assert refused is not None
        assert refused[2] in DOUBTS


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])))
def test_a_believable_date_is_in_its_window(moment: datetime) -> None:
    assert not dates.believable(moment, NOON) or doubts.EARLIEST <= moment <= NOON + doubts.CLOCKS


@pytest.mark.parametrize(
    ("ahead", "zoned", "expected"),
    [
        (timedelta(0), True, None),
        (timedelta(minutes=59), True, None),
        (timedelta(hours=2), True, "future"),
        (timedelta(hours=2), False, "no_zone"),
        (timedelta(hours=15), False, "future"),
        (timedelta(days=-20_000), True, "too_early"),
    ],
)
def test_a_date_that_our_clock_refutes_is_doubted(ahead: timedelta, zoned: bool, expected: str | None) -> None:
    assert doubts.doubt(NOON + ahead, NOON, zoned=zoned) == expected


WATCHED = Listing(NOON, None, NOON - timedelta(days=30))
LONG_AGO = NOON - timedelta(days=99)


@pytest.mark.parametrize(
    ("claimed", "listing", "expected"),
    [
        pytest.param(NOON, WATCHED, None, id="when it was listed"),
        pytest.param(NOON - timedelta(days=13), WATCHED, None, id="a little before"),
        pytest.param(LONG_AGO, WATCHED, "before_listed", id="long before, on a feed that was watched"),
        pytest.param(LONG_AGO, Listing(NOON), None, id="nobody watched"),
        pytest.param(LONG_AGO, Listing(NOON, None, NOON - timedelta(days=2)), None, id="watched too shortly"),
        pytest.param(LONG_AGO, replace(WATCHED, feed_time=LONG_AGO), None, id="the feed says so, too"),
        pytest.param(LONG_AGO, replace(WATCHED, feed_time=NOON), "before_listed", id="the feed says otherwise"),
        pytest.param(NOON + timedelta(hours=2), Listing(NOON), "after_listed", id="it had been listed before"),
        pytest.param(NOON, Listing(NOON, NOON - timedelta(days=2)), "after_listed", id="the feed had dated it before"),
    ],
)
def test_a_date_that_the_feed_refutes_is_doubted(claimed: datetime, listing: Listing, expected: str | None) -> None:
    assert doubts.doubt_by_listing(claimed, listing, zoned=True) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        pytest.param("Saltmere, 20 November 2026", "en", "2026-11-20", id="English"),
        pytest.param("Published November 20, 2026 by our staff", "en-US", "2026-11-20", id="the American way"),
        pytest.param("Kiel, 20. März 2026", "de", "2026-03-20", id="German"),
        pytest.param("Datum 06.01.2026", "de", "2026-01-06", id="German numbers"),
        pytest.param("Madrid, 3 de enero de 2026", "es-ES", "2026-01-03", id="Spanish"),
        pytest.param("1 июня 2026", "ru", "2026-06-01", id="Russian"),
        pytest.param("2026년 6월 1일", "ko", "2026-06-01", id="Korean"),
        pytest.param("12 listopada 2026", "pl", "2026-11-12", id="November in Polish"),
        pytest.param("12. listopada 2026.", "hr", "2026-10-12", id="October in Croatian"),
        pytest.param("3/4/2026", "en-GB", "2026-04-03", id="the British order"),
        pytest.param("3/4/2026", "en-US", "2026-03-04", id="the American order"),
        pytest.param("3/4/2026", "en", None, id="which English?"),
        pytest.param("13/4/2026", None, "2026-04-13", id="one order only"),
        pytest.param("Call 20 11 2026 00", "en", None, id="numbers alone"),
        pytest.param("31 June 2026", "en", None, id="no such day"),
    ],
)
def test_a_date_is_read_as_the_pages_language_writes_it(text: str, language: str | None, expected: str | None) -> None:
    found = written_dates.find(text, language)
    assert (found[0].date().isoformat() if found else None) == expected


@given(st.text(max_size=300), st.text(max_size=12) | st.none())
def test_no_text_and_no_language_raises(text: str, language: str | None) -> None:
    found = written_dates.find(text, language)
    assert found is None or found[1] in text


@pytest.mark.parametrize(
    ("address", "head", "body", "expected"),
    [
        pytest.param("/2026/05/31/bridge", "", BODY, ("2026-05-31", "url"), id="the folders of its address"),
        pytest.param("/bridge-20260531-x1.html", "", BODY, ("2026-05-31", "url"), id="digits in its address"),
        pytest.param(
            "/b", "<title>The bridge | Courier | 31.05.2026</title>", BODY, ("2026-05-31", "title"), id="its title"
        ),
        pytest.param("/b", "", f"<p>31 May 2026</p>{BODY}", ("2026-05-31", "text"), id="a line under its headline"),
        pytest.param(
            "/b",
            "",
            f"<p>Updated 1 June 2026</p><p>Published 31 May 2026</p>{BODY}",
            ("2026-05-31", "text"),
            id="not the day of a change",
        ),
        pytest.param(
            "/b",
            "",
            f"{BODY}<ul><li>Date 31 May 2026</li></ul><p>The ferry</p><p>3 May 2024</p>",
            ("2026-05-31", "text"),
            id="a line that calls it so; not another page's",
        ),
        pytest.param(
            "/b",
            "",
            f"<p><time datetime='2026-05-31T18:00:00+02:00'>31 May 2026</time></p>{BODY}",
            ("2026-05-31", "html"),
            id="to the second where that is told",
        ),
    ],
)
def test_a_page_without_metadata_is_dated_by_what_stands_about_its_headline(
    address: str, head: str, body: str, expected: tuple[str, str]
) -> None:
    read = article(head, body, address)
    assert read.published_at is not None
    assert (read.published_at.date().isoformat(), read.published_from) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(
            meta("article:published_time", "2026-05-31T12:00:00Z") + json_ld(datePublished="2026-06-01T12:00:00Z"),
            ("json_ld", "2026-06-01T12:00:00Z", None),
            id="JSON-LD before OpenGraph",
        ),
        pytest.param(
            meta("date", "2026-05-30") + meta("article:published_time", "2026-05-31T12:00:00Z"),
            ("meta", "2026-05-31T12:00:00Z", None),
            id="OpenGraph before meta",
        ),
        pytest.param(
            meta("date", "2026-05-30") + "<time pubdate datetime='2026-05-29'></time>",
            ("meta", "2026-05-30", None),
            id="meta before what the page shows",
        ),
        pytest.param(
            json_ld(datePublished="2026-07-01T12:00:00Z"), ("json_ld", "2026-07-01T12:00:00Z", "future"), id="future"
        ),
        pytest.param(
            json_ld(datePublished="2026-06-01T20:00"), ("json_ld", "2026-06-01T20:00", "no_zone"), id="ahead, no zone"
        ),
        pytest.param(json_ld(datePublished="1899-06-01"), ("json_ld", "1899-06-01", "too_early"), id="too early"),
    ],
)
def test_a_date_says_where_it_comes_from_and_why_it_is_not_believed(
    head: str, expected: tuple[str, str, str | None]
) -> None:
    read = article(head)
    assert (read.published_from, read.published_raw, read.published_doubt) == expected
    assert (read.published_at is None) == (read.published_doubt is not None)


@pytest.mark.parametrize("none", ["1970-01-01", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00"])
def test_what_stands_for_no_date_is_doubted(none: str) -> None:
    read = article(json_ld(datePublished=none))
    assert (read.published_at, read.published_raw, read.published_doubt) == (None, none, "too_early")
    told = article(json_ld(datePublished=none) + meta("article:published_time", "2026-05-31T12:00:00Z"))
    assert (told.published_from, told.published_doubt) == ("meta", None)


@pytest.mark.parametrize("rest", [".", ", and it took the town four years to build another one in its place."])
def test_a_time_in_a_sentence_does_not_date_the_page(rest: str) -> None:
    fell = f"<p>The first bridge fell on <time datetime='1998-03-02'>2 March 1998</time>{rest}</p>"
    assert article("", f"{BODY}{fell}{BODY}").published_at is None
    assert article("", f"{fell}{BODY}").published_at is None


def test_when_it_was_changed_is_not_when_it_was_published() -> None:
    head = json_ld(datePublished=None, dateModified="2026-05-31T12:00:00Z")
    read = article(head, f"{BODY}<footer><time datetime='2026-05-31T12:00:00Z'>yesterday</time></footer>")
    assert read.published_at is None
    assert read.modified_at == NOON - timedelta(days=1)


def test_when_it_was_changed_is_apart_from_when_it_was_published() -> None:
    both = article(json_ld(datePublished="2026-05-31T12:00:00+02:00", dateModified="2026-06-01T12:00:00Z"))
    assert (both.published_at, both.modified_at) == (NOON - timedelta(days=1, hours=2), NOON)
