"""When a host is left alone: a circuit breaker for each. Decides, and does nothing: no clock, no database."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from crawler.fetching.outcomes import PASSING_STATUSES
from storage.hosts import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crawler.fetching.outcomes import Outcome

# What a host in trouble answers, or why it does not: a page that is missing, forbidden or odd says nothing of its host.
TROUBLE: Final = frozenset(
    {"timeout", "connection_lost", "connection_refused", "no_connection", "no_such_host", "tls"}
    | {f"http_{status}" for status in PASSING_STATUSES}
)
PAUSING_STATUSES: Final = frozenset({429, 503})  # whose Retry-After speaks of the host (RFC 6585, 4; RFC 9110, 15.6.4)
PROBE: Final = 5.0  # seconds after which a request that met a probe under way is tried again
CAPACITY: Final = 10_000  # hosts in trouble that are known at once: about 3 MB


class Breaker:
    """Closed, a host is asked; open, it is not; half open, once its pause is over, one request at a time is the probe.

    ``pause`` and its doublings up to ``ceiling`` are seconds. Only hosts in trouble cost memory.
    """

    def __init__(
        self, failures: int, pause: float, ceiling: float, known: Mapping[str, Trouble], capacity: int = CAPACITY
    ) -> None:
        self.failures = failures
        self.pause = pause
        self.ceiling = ceiling
        self.capacity = capacity
        self._hosts = dict(known)
        self._probes: set[str] = set()

    def ask(self, host: str, *, now: datetime) -> datetime | None:
        """Return None where the host may be asked; every such request must end in ``answered`` or ``failed``.

        Otherwise return when to ask again.
        """
        trouble = self._hosts.get(host)
        if trouble is None or trouble.paused_until is None:
            return None
        if trouble.paused_until > now:
            return trouble.paused_until
        if host in self._probes:
            return now + timedelta(seconds=min(self.pause, PROBE))
        self._probes.add(host)
        return None

    def answered(self, host: str) -> bool:
        """Note that a host works; True where it was in trouble before."""
        self._probes.discard(host)
        return self._hosts.pop(host, None) is not None

    def failed(self, host: str, outcome: Outcome, *, now: datetime) -> Trouble:
        """Note that a request ended in trouble; return what is known of the host now.

        What was under way when the pause began says nothing new, unless the server itself asks for longer.
        """
        self._probes.discard(host)
        before = self._hosts.pop(host, None) or Trouble(0, None, "")
        asked = now + timedelta(seconds=outcome.retry_after) if outcome.retry_after else None
        if before.paused_until is not None and before.paused_until > now:
            after = Trouble(before.failures, max(before.paused_until, asked or now), before.reason)
        else:
            failures = before.failures + 1
            after = Trouble(failures, _later(self._pause_after(failures, now), asked), outcome.reason)
        self._hosts[host] = after  # the newest are last
        if len(self._hosts) > self.capacity:
            self._probes.discard(oldest := next(iter(self._hosts)))
            del self._hosts[oldest]
        return after

    def _pause_after(self, failures: int, now: datetime) -> datetime | None:
        if failures < self.failures:
            return None
        doubled = self.pause * 2.0 ** min(failures - self.failures, 30)
        return now + timedelta(seconds=min(doubled, self.ceiling))


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)
