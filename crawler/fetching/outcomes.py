"""How a request ends when it brings no page: every error and every status has a state and a reason, in one table.

Decides, and does nothing: no clock, no database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, Literal

from OpenSSL.SSL import Error as SSLError
from scrapy.core.downloader.handlers.http11 import TunnelError
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from service_identity import VerificationError
from twisted.internet.error import ConnectError, ConnectionClosed, TCPTimedOutError
from twisted.web._newclient import ParseError, RequestNotSent, _WrapperException
from twisted.web.http import _MalformedChunkedDataError

from foundation.errors import NewsError, UnusableUrl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scrapy.http import Headers

# Answers that may be otherwise in a moment: RFC 9110 names 408, 429, 502, 503, 504; 52x are Cloudflare's names.
PASSING_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
GONE_STATUSES: Final = frozenset({404, 410})
# A server that says "in a year" is obeyed for this long: then the page is asked again.
RETRY_AFTER_CEILING: Final = 86_400.0
JITTER: Final = 0.25  # share of a wait by which it varies, so that pages that failed together do not return together


class Refused(NewsError, IgnoreRequest):
    """A rule of ours forbids the request; the page is recorded as refused and not asked again."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class AddressRefused(Refused):
    """The address that a connection would reach is not public; nothing is sent to it."""

    def __init__(self, address: str) -> None:
        super().__init__("private_address", address)


@dataclass(frozen=True, slots=True)
class Partial:
    """What came of an answer that was cut short or wrongly packed; ``body`` is unpacked as far as it goes."""

    body: bytes
    status: int
    headers: Headers
    final_url: str


class Failed(NewsError, IgnoreRequest):
    """The answer is of no use; the page is recorded as failed and asked again later.

    ``resume_at``: nothing was asked, for the host is left alone until then; this is no attempt of the page's.
    ``partial``: what came may be kept meanwhile.
    """

    def __init__(
        self,
        reason: str,
        detail: str = "",
        *,
        is_passing: bool = False,
        resume_at: datetime | None = None,
        partial: Partial | None = None,
    ) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.is_passing = is_passing
        self.resume_at = resume_at
        self.partial = partial


@dataclass(frozen=True, slots=True)
class Outcome:
    """``is_passing``: asking again in a few seconds may help. ``retry_after``: seconds that the server asked for.

    ``resume_at``: nobody was asked; see Failed.
    """

    state: Literal["refused", "failed", "gone"]
    reason: str
    is_passing: bool = False
    retry_after: float | None = None
    resume_at: datetime | None = None


# What the error or one of its causes is an instance of, first match: Twisted's reasons say more than Scrapy's wrapping.
_ERRORS: Final[tuple[tuple[tuple[type[BaseException], ...], Outcome], ...]] = (
    ((DownloadTimeoutError, TCPTimedOutError), Outcome("failed", "timeout", is_passing=True)),
    ((CannotResolveHostError,), Outcome("failed", "no_such_host")),
    ((DownloadConnectionRefusedError,), Outcome("failed", "connection_refused", is_passing=True)),
    ((SSLError, VerificationError), Outcome("failed", "tls")),
    ((ResponseDataLossError,), Outcome("failed", "truncated_body", is_passing=True)),
    ((ParseError, _MalformedChunkedDataError), Outcome("failed", "malformed_answer")),
    ((TunnelError,), Outcome("failed", "proxy_refused", is_passing=True)),
    ((DownloadCancelledError,), Outcome("refused", "too_large")),
    ((UnsupportedURLSchemeError, NotSupported), Outcome("refused", "not_http")),
    ((ConnectError,), Outcome("failed", "no_connection", is_passing=True)),
    (
        (DownloadFailedError, ConnectionClosed, _WrapperException, RequestNotSent),
        Outcome("failed", "connection_lost", is_passing=True),
    ),
)


def of_error(error: BaseException) -> Outcome:
    """Return what an error means for the page; an error that nobody foresaw is a failure named by its class."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, (Refused, UnusableUrl)):
            return Outcome("refused", cause.reason)
        if isinstance(cause, Failed):
            return Outcome("failed", cause.reason, cause.is_passing, resume_at=cause.resume_at)
    for kinds, outcome in _ERRORS:
        if any(isinstance(cause, kinds) for cause in causes):
            return outcome
    return Outcome("failed", f"unexpected_{type(error).__name__}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error, what it was raised from, and the reasons that Twisted gathers in it."""
    if error is None:
        return
    yield error
    yield from _causes(error.__cause__)
    for reason in getattr(error, "reasons", ()):
        yield from _causes(getattr(reason, "value", None))


def of_status(status: int, retry_after: str | None, *, now: datetime) -> Outcome | None:
    """Return what a status means for the page; None where the answer holds a page."""
    if status in GONE_STATUSES:
        return Outcome("gone", f"http_{status}")
    if status in PASSING_STATUSES:
        return Outcome("failed", f"http_{status}", is_passing=True, retry_after=seconds_until(retry_after, now=now))
    if 200 <= status < 300 and status not in (204, 205, 206):
        return None
    return Outcome("failed", f"http_{status}")


def seconds_until(retry_after: str | None, *, now: datetime) -> float | None:
    """Read a Retry-After header (RFC 9110, 10.2.3: seconds or a date), within bounds; None where it says nothing."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:12])
    else:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, OverflowError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    return min(max(seconds, 0.0), RETRY_AFTER_CEILING)


@dataclass(frozen=True, slots=True)
class Backoff:
    """When to ask again: doubled with every failure in a row, with jitter, up to a ceiling; all in seconds."""

    first: float
    ceiling: float
    attempts: int
    pause: float

    def next_page_try(
        self, outcome: Outcome, failures: int, *, now: datetime, random: Callable[[], float]
    ) -> datetime | None:
        """Return when a page that has now failed ``failures`` times in a row is asked again; None gives it up.

        A first failure of a passing kind waits for seconds only, so that the same run can ask again.
        """
        if failures >= self.attempts:
            return None
        if failures == 1 and outcome.is_passing and self.pause > 0:
            wait = self.pause
        else:
            wait = self._doubled(failures, random)
        return now + timedelta(seconds=max(wait, outcome.retry_after or 0.0))

    def next_feed_poll(
        self, interval: float, failures: int, retry_after: float | None, *, now: datetime, random: Callable[[], float]
    ) -> datetime:
        """Return when a feed that failed ``failures`` times in a row is polled again: ever more rarely, but always."""
        wait = max(interval, self._doubled(failures, random))
        return now + timedelta(seconds=max(wait, retry_after or 0.0))

    def _doubled(self, failures: int, random: Callable[[], float]) -> float:
        wait = self.first * 2.0 ** min(failures - 1, 30)
        return min(wait, self.ceiling) * (1 + JITTER * (2 * random() - 1))
