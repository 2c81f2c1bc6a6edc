"""Crontab lines mean what crontab(5) means."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.crontab import MACROS, Crontab

BERLIN = "Europe/Berlin"


def slots(line: str, start: str, count: int, timezone: str = "UTC") -> list[str]:
    moment = datetime.fromisoformat(start).replace(tzinfo=UTC)
    return [f"{slot:%m-%d %H:%M}" for slot in islice(Crontab(line, timezone).slots_after(moment), count)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("0 6 * * 0", ["06-07 06:00", "06-14 06:00"], id="0 is Sunday"),
        pytest.param("0 6 * * 7", ["06-07 06:00", "06-14 06:00"], id="so is 7"),
        pytest.param("0 6 * * sun", ["06-07 06:00", "06-14 06:00"], id="names"),
        pytest.param("0 6 * * 1-5", ["06-01 06:00", "06-02 06:00"], id="working days"),
        pytest.param("0 6 13 * 5", ["06-05 06:00", "06-12 06:00", "06-13 06:00"], id="day OR weekday"),
        pytest.param("*/25 * * * *", ["06-01 00:25", "06-01 00:50", "06-01 01:00"], id="steps begin anew each hour"),
        pytest.param("0 0 29 2 *", ["02-29 00:00"], id="leap days"),
        pytest.param("@daily", ["06-02 00:00"], id="macro"),
        pytest.param(" @Hourly ", ["06-01 01:00"], id="macro, written carelessly"),
        pytest.param("@weekly", ["06-07 00:00"], id="weekly is Sunday"),
    ],
)
def test_the_next_slots_of_a_line(line: str, expected: list[str]) -> None:
    assert slots(line, "2026-06-01T00:00", len(expected)) == expected


@pytest.mark.parametrize(
    ("line", "start", "expected"),
    [
        pytest.param(
            "0 0 * * *", "2026-03-28T12:00", ["03-28 23:00", "03-29 22:00", "03-30 22:00"], id="midnight, spring"
        ),
        pytest.param("30 2 * * *", "2026-03-28T12:00", ["03-29 01:00", "03-30 00:30"], id="an hour that is not"),
        pytest.param(
            "30 2 * * *", "2026-10-24T12:00", ["10-25 00:30", "10-26 01:30"], id="an hour that is twice: once"
        ),
        pytest.param(
            "30 * * * *", "2026-10-24T23:50", ["10-25 00:30", "10-25 01:30", "10-25 02:30"], id="hourly, autumn"
        ),
        pytest.param("30 * * * *", "2026-03-29T00:00", ["03-29 00:30", "03-29 01:30"], id="hourly, spring"),
    ],
)
def test_when_clocks_change_a_daily_job_runs_once_a_day(line: str, start: str, expected: list[str]) -> None:
    assert slots(line, start, len(expected), BERLIN) == expected


@pytest.mark.parametrize(
    "line",
    ["", "* * * *", "* * * * * *", "60 * * * *", "0 0 31 2 *", "0 0 * * 8", "@fortnightly", "a b c d e", "0 6 * * 5-1"],
)
def test_a_line_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"crontab|macro"):
        Crontab(line)


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../../etc/hostname", "/etc/localtime"])
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="unknown time zone"):
        Crontab("@daily", zone)


lines = st.one_of(
    st.sampled_from([*MACROS, "30 2 * * *", "*/7 */5 * * *", "15 10 1-7 * 1", "0 0 29 2 *", "59 23 31 12 *"]),
    st.builds("{} {} * * *".format, st.integers(0, 59), st.integers(0, 23)),
    st.builds("{} * * * {}".format, st.integers(0, 59), st.integers(0, 7)),
)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@given(lines, moments, st.sampled_from(["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]))
def test_slots_ascend_and_the_last_one_is_the_one_before_the_next(line: str, moment: datetime, zone: str) -> None:
    crontab = Crontab(line, zone)
    following = list(islice(crontab.slots_after(moment), 3))
    assert moment < following[0] < following[1] < following[2]
    last = crontab.last_slot(moment)
    assert last <= moment
    assert crontab.next_slot(last) == following[0] or crontab.next_slot(last) > moment
    assert crontab.last_slot(following[0]) == following[0]
    assert crontab.last_slot(following[1] - timedelta(microseconds=1)) == following[0]
