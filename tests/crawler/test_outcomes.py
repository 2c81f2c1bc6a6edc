"""Every error and every status means something for the page; waits grow and stay within bounds."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL.SSL import Error as SSLError
from scrapy.exceptions import DownloadFailedError, DownloadTimeoutError
from service_identity import VerificationError
from twisted.internet.error import ConnectError, ConnectionClosed, ConnectionLost
from twisted.python.failure import Failure
from twisted.web._newclient import ParseError, ResponseFailed

from crawler.fetching.outcomes import (
    JITTER,
    RETRY_AFTER_CEILING,
    AddressRefused,
    Backoff,
    Failed,
    Outcome,
    of_error,
    of_status,
    seconds_until,
)
from foundation.errors import UnusableUrl

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
BACKOFF = Backoff(first=60, ceiling=3_600, attempts=4, pause=5)
BUSY = Outcome("failed", "http_503", is_passing=True)
FORBIDDEN = Outcome("failed", "http_403")


def test_errors_have_states_and_reasons() -> None:
    assert of_error(AddressRefused("10.0.0.1")) == Outcome("refused", "private_address")
    assert of_error(Failed("truncated_body", is_passing=True)) == Outcome("failed", "truncated_body", is_passing=True)
    assert of_error(UnusableUrl("x", "not_http")) == Outcome("refused", "not_http")
    assert of_error(DownloadTimeoutError()) == Outcome("failed", "timeout", is_passing=True)
    assert of_error(ZeroDivisionError()) == Outcome("failed", "unexpected_ZeroDivisionError")


def kinds_of(*roots: type[BaseException]) -> list[type[BaseException]]:
    """These kinds of errors and all that are made of them."""
    found: dict[type[BaseException], None] = dict.fromkeys(roots)
    for kind in roots:
        found |= dict.fromkeys(kinds_of(*kind.__subclasses__()))
    return list(found)


@pytest.mark.parametrize(
    "kind", kinds_of(DownloadFailedError, ConnectError, ConnectionClosed, SSLError, ParseError, VerificationError)
)
def test_every_error_of_the_network_has_a_reason_alone_and_wrapped(kind: type[BaseException]) -> None:
    error = kind.__new__(kind)
    wrapped = DownloadFailedError("outer")
    wrapped.__cause__ = ResponseFailed([Failure(error)])  # type: ignore[no-untyped-call]
    for one in (error, wrapped):
        outcome = of_error(one)
        assert outcome.state == "failed"
        assert not outcome.reason.startswith("unexpected")


def test_the_innermost_cause_decides() -> None:
    def wrapped(*causes: Exception) -> Exception:
        try:
            raise DownloadFailedError("outer") from ResponseFailed([Failure(cause) for cause in causes])  # type: ignore[no-untyped-call]
        except DownloadFailedError as error:
            return error

    assert of_error(wrapped(ConnectionLost())).reason == "connection_lost"
    assert of_error(wrapped(SSLError([("SSL routines", "", "wrong version number")]))).reason == "tls"
    assert of_error(wrapped(ConnectionLost(), Failed("headers_too_large"))).reason == "headers_too_large"
    assert of_error(wrapped(AddressRefused("10.0.0.1"))) == Outcome("refused", "private_address")


def test_a_paused_host_says_until_when() -> None:
    assert of_error(Failed("host_paused", resume_at=NOW)) == Outcome("failed", "host_paused", resume_at=NOW)


@given(st.integers(0, 999))
def test_every_status_is_a_page_or_an_end_with_a_reason(status: int) -> None:
    outcome = of_status(status, None, now=NOW)
    if outcome is None:
        assert 200 <= status < 300
    else:
        assert outcome.reason == f"http_{status}"
        assert outcome.state in {"failed", "gone"}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("99999999999999999999", RETRY_AFTER_CEILING),
        (format_datetime(NOW + timedelta(minutes=5), usegmt=True), 300.0),
        (format_datetime(NOW - timedelta(days=5), usegmt=True), 0.0),
        ("Mon, 01 Jun 2026 12:01:00 -0000", 60.0),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_in_seconds_and_dates(header: str | None, seconds: float | None) -> None:
    assert seconds_until(header, now=NOW) == seconds


@given(st.text())
def test_any_retry_after_is_a_bounded_wait_or_nothing(header: str) -> None:
    seconds = seconds_until(header, now=NOW)
    assert seconds is None or 0 <= seconds <= RETRY_AFTER_CEILING


def test_a_passing_failure_is_tried_again_in_seconds_and_then_ever_later() -> None:
    waits = []
    for failures in range(1, 5):
        at = BACKOFF.next_page_try(BUSY, failures, now=NOW, random=lambda: 0.5)
        waits.append((at - NOW).total_seconds() if at else None)
    assert waits == [5, 120, 240, None]
    first = BACKOFF.next_page_try(FORBIDDEN, 1, now=NOW, random=lambda: 0.5)
    assert first == NOW + timedelta(seconds=60)


def test_a_server_that_names_a_wait_gets_at_least_that() -> None:
    asked = Outcome("failed", "http_429", is_passing=True, retry_after=1_000.0)
    assert BACKOFF.next_page_try(asked, 1, now=NOW, random=lambda: 0.5) == NOW + timedelta(seconds=1_000)
    assert BACKOFF.next_feed_poll(300, 1, 1_000.0, now=NOW, random=lambda: 0.5) == NOW + timedelta(seconds=1_000)


@given(st.integers(1, 10_000), st.floats(0, 1), st.floats(0, 100_000))
def test_a_feed_is_never_given_up_and_never_asked_more_often(failures: int, chance: float, interval: float) -> None:
    wait = (BACKOFF.next_feed_poll(interval, failures, None, now=NOW, random=lambda: chance) - NOW).total_seconds()
    assert interval - 1e-3 <= wait <= max(interval, BACKOFF.ceiling * (1 + JITTER)) + 1e-3
