"""When a feed is asked again: within bounds, sooner for news, later for quiet, before its list turns over."""

from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from crawler.polling.intervals import (
    FIRST_RATE,
    HOUR,
    LEEWAY,
    LEEWAY_SECONDS,
    Bounds,
    Seen,
    first_rate,
    interval,
    rate,
    wait,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
USUAL = Bounds(300, 43_200)

hours = st.floats(0, 1_000)
rates = st.floats(0, 10_000)
bounds = st.builds(Bounds, st.floats(0, 100_000), st.floats(0.001, 100_000))


@st.composite
def seen(draw: st.DrawFn) -> Seen:
    listed = draw(st.integers(0, 2_000))
    return Seen(draw(hours), listed, draw(st.integers(0, listed)), draw(st.booleans()))


def after(before: float, poll: Seen, limits: Bounds = USUAL) -> float:
    return interval(rate(before, poll), poll, limits)


@given(rates, seen(), bounds)
def test_an_interval_is_within_its_bounds(before: float, poll: Seen, limits: Bounds) -> None:
    seconds = after(before, poll, limits)
    assert limits.shortest <= seconds <= max(limits.shortest, limits.longest)


@given(rates, hours, st.integers(1, 2_000), st.data())
def test_more_news_never_makes_it_longer(before: float, covered: float, listed: int, data: st.DataObject) -> None:
    few = data.draw(st.integers(0, listed))
    many = data.draw(st.integers(few, listed))
    assert after(before, Seen(covered, listed, many)) <= after(before, Seen(covered, listed, few))
    assert rate(before, Seen(covered, listed, many)) >= rate(before, Seen(covered, listed, few))


@given(st.floats(0, 1_000))
def test_a_quiet_feed_reaches_the_longest_interval_and_only_grows(before: float) -> None:
    per_hour, seconds, waits = before, float(USUAL.shortest), []
    for _ in range(2_000):
        poll = Seen(seconds / HOUR)
        per_hour = rate(per_hour, poll)
        seconds = interval(per_hour, poll, USUAL)
        waits.append(seconds)
    assert waits == sorted(waits)
    assert waits[-1] == USUAL.longest


@given(st.floats(0, 1_000), st.integers(30, 200))
def test_a_busy_feed_reaches_the_shortest_interval_within_hours(before: float, published: int) -> None:
    per_hour, seconds, passed = before, float(USUAL.longest), 0.0
    while seconds > USUAL.shortest:
        new = round(seconds / HOUR * published)
        poll = Seen(seconds / HOUR, 200, min(new, 200))
        per_hour = rate(per_hour, poll)
        passed += seconds
        seconds = interval(per_hour, poll, USUAL)
        assert passed < 40 * HOUR


@given(st.floats(0.1, 12), st.floats(0, 100))
def test_a_constant_rate_keeps_one_interval(published: float, before: float) -> None:
    """One entry about every poll; after two days of it nothing of what was before is left."""
    per_hour, seconds, passed, waits = before, float(USUAL.shortest), 0.0, []
    while passed < 10 * 24:
        earlier = passed
        passed += seconds / HOUR
        poll = Seen(seconds / HOUR, 200, int(passed * published) - int(earlier * published))
        per_hour = rate(per_hour, poll)
        seconds = interval(per_hour, poll, USUAL)
        if passed > 4 * 24:
            waits.append(seconds)
    assert all(HOUR / published / 2 <= wait <= HOUR / published * 2 for wait in waits)


@given(rates, st.floats(0.1, 100), st.integers(1, 2_000), st.data())
def test_a_list_that_turns_over_is_asked_before_it_has(
    before: float, covered: float, listed: int, data: st.DataObject
) -> None:
    """At the rate of this poll, at most half of the list would be new at the next."""
    new = data.draw(st.integers(1, listed))
    seconds = after(before, Seen(covered, listed, new))
    assume(seconds > USUAL.shortest)
    assert new / covered * seconds / HOUR <= listed / 2 * 1.000_001


@given(rates, hours)
def test_a_gap_brings_the_shortest_interval_at_once(before: float, covered: float) -> None:
    assert after(before, Seen(covered, 20, 20, is_gap=True)) == USUAL.shortest


@given(rates, st.floats(0.01, 10), st.integers(1, 50))
def test_many_short_polls_say_what_one_long_poll_says(before: float, covered: float, parts: int) -> None:
    """News spread evenly: how often we asked must not change what we learnt."""
    smoothed = before
    for _ in range(parts):
        smoothed = rate(smoothed, Seen(covered / parts, 2_000, 1))
    at_once = rate(before, Seen(covered, 2_000, parts))
    assert abs(smoothed - at_once) <= 1e-6 * max(1.0, at_once)


def test_the_dates_of_a_first_list_tell_its_rate() -> None:
    every_hour = [NOW - timedelta(hours=n) for n in range(1, 13)]
    assert first_rate(every_hour, now=NOW) == 1.0
    assert first_rate([NOW - timedelta(days=n, minutes=1) for n in range(30)], now=NOW) == 1 / 24
    assert first_rate([NOW - timedelta(days=400)], now=NOW) == 0.0
    assert first_rate([NOW] * 20, now=NOW) == 20.0
    assert first_rate([None, None], now=NOW) == FIRST_RATE


@given(st.floats(0, 1e6))
def test_a_feed_is_due_a_little_before_its_interval_ends(seconds: float) -> None:
    assert seconds - LEEWAY_SECONDS <= wait(seconds) <= seconds
    assert wait(seconds) >= seconds * (1 - LEEWAY) - 1e-6
