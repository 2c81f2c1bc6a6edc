"""How long an answer stays fresh."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.polling.caching import fresh_for

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DATE, IN_AN_HOUR = "Mon, 01 Jun 2026 12:00:00 GMT", "Mon, 01 Jun 2026 13:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"cache-control": "max-age=600"}, 600),
        ({"cache-control": "public, Max-Age = 600 , must-revalidate"}, 600),
        ({"cache-control": 'max-age="600"'}, 600),
        ({"cache-control": "max-age=600", "age": "500"}, 100),
        ({"cache-control": "max-age=600", "age": "900"}, 0),
        ({"cache-control": "max-age=600", "age": "old"}, 600),
        ({"cache-control": "max-age=600, no-cache"}, 0),
        ({"cache-control": "no-store", "expires": IN_AN_HOUR}, 0),
        ({"cache-control": "s-maxage=600"}, 0),
        ({"cache-control": "max-age=-1"}, 0),
        ({"cache-control": "max-age=0", "expires": IN_AN_HOUR}, 0),
        ({"cache-control": "public", "expires": IN_AN_HOUR}, 3_600),
        ({"expires": IN_AN_HOUR, "date": "Mon, 01 Jun 2026 12:30:00 GMT"}, 1_800),
        ({"expires": IN_AN_HOUR, "date": "yesterday"}, 3_600),
        ({"expires": DATE}, 0),
        ({"expires": "0"}, 0),
        ({"expires": "-1"}, 0),
    ],
)
def test_what_servers_say(headers: dict[str, str], seconds: float) -> None:
    assert fresh_for(headers, now=NOW) == seconds


@given(st.dictionaries(st.sampled_from(["cache-control", "expires", "date", "age"]), st.text(max_size=60)))
def test_whatever_a_header_says_is_a_number_of_seconds(headers: dict[str, str]) -> None:
    assert 0.0 <= fresh_for(headers, now=NOW) < float("inf")
