"""Whose turn it is: a fair order of feeds and pages, so that one slow or endless source delays no other.

Pure bookkeeping over source names; the spider acts on what it says. Times are seconds of any one clock.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

F = TypeVar("F")
P = TypeVar("P")

# Requests of one source under way at once: one on the wire, one behind it so that the wire is never idle.
PER_SOURCE: Final = 2


@dataclass(frozen=True, slots=True)
class Ask(Generic[P]):
    """Ask for this feed or page now."""

    source: str
    what: P


@dataclass(frozen=True, slots=True)
class Lease:
    """Take more pages of this source from the database, then say so with ``leased``."""

    source: str


Job: TypeAlias = "Ask[F] | Ask[P] | Lease"


@dataclass(slots=True)
class _Source(Generic[F, P]):
    feeds: deque[F] = field(default_factory=deque)
    pages: deque[P] = field(default_factory=deque)
    has_pages: bool = False
    is_leasing: bool = False
    busy: int = 0
    held_until: float = 0.0

    @property
    def wants(self) -> bool:
        return bool(self.feeds or self.pages or self.has_pages)


class Turns(Generic[F, P]):
    """Feeds of a source go before its pages; sources take turns; none has more than ``per_source`` requests under way.

    A source dropped stays out until the end of the run.
    """

    def __init__(self, limit: int, per_source: int = PER_SOURCE) -> None:
        self.limit = limit
        self.per_source = per_source
        self.busy = 0
        self._sources: dict[str, _Source[F, P]] = {}
        self._order: deque[str] = deque()  # sources that want something, each once
        self._dropped: set[str] = set()
        self._retries: list[tuple[float, str]] = []
        self._changed = asyncio.Event()

    def add_feed(self, source: str, feed: F) -> None:
        """Queue a feed."""
        if source not in self._dropped:
            self._source(source).feeds.append(feed)
            self._changed.set()

    def may_have_pages(self, source: str) -> None:
        """Say that the database may hold pages of the source to ask for."""
        if source not in self._dropped:
            self._source(source).has_pages = True
            self._changed.set()

    def leased(self, source: str, pages: Iterable[P]) -> None:
        """Queue the pages that a lease brought; none means that the source has no more."""
        state = self._source(source)
        state.is_leasing = False
        before = len(state.pages)
        state.pages.extend(pages)
        if len(state.pages) == before:
            state.has_pages = False

    def done(self, source: str) -> None:
        """Say that a request handed out has ended."""
        self._source(source).busy -= 1
        self.busy -= 1
        self._changed.set()

    @contextlib.contextmanager
    def ending(self, source: str) -> Iterator[None]:
        """Say ``done`` at the end of the block, however it ends; a request never done would keep the run waiting."""
        try:
            yield
        finally:
            self.done(source)

    def hold(self, source: str, until: float) -> None:
        """Ask nothing of the source before then."""
        state = self._source(source)
        state.held_until = max(state.held_until, until)

    def drop(self, source: str) -> list[P]:
        """Ask nothing more of the source in this run; return its leased pages, to be given back."""
        self._dropped.add(source)
        state = self._source(source)
        pages = list(state.pages)
        state.feeds.clear()
        state.pages.clear()
        state.has_pages = False
        return pages

    def retry(self, source: str, at: float) -> None:
        """Look for pages of the source again at that time."""
        self._retries.append((at, source))

    def next(self, now: float) -> Ask[F] | Ask[P] | Lease | None:
        """Return what to do now; None while there is nothing: see ``is_finished`` and ``pause``."""
        self._wake(now)
        if self.busy >= self.limit:
            return None
        for _ in range(len(self._order)):
            name = self._order[0]
            self._order.rotate(-1)
            state = self._sources[name]
            if not state.wants:
                self._order.pop()
            elif state.busy < self.per_source and state.held_until <= now and not state.is_leasing:
                return self._job(name, state)
        return None

    @property
    def is_finished(self) -> bool:
        """Whether nothing is under way and nothing will come."""
        wants = any(state.wants for state in self._sources.values())
        return not (self.busy or self._retries or wants)

    def pause(self, now: float) -> float | None:
        """Return the seconds until a retry or the end of a hold; None where only an answer can bring something new."""
        times = [at for at, _ in self._retries]
        times += [state.held_until for state in self._sources.values() if state.wants and state.held_until > now]
        return max(0.0, min(times) - now) if times else None

    async def wait(self, seconds: float | None) -> None:
        """Wait until something is done or comes in, ``seconds`` at most."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    def _job(self, name: str, state: _Source[F, P]) -> Ask[F] | Ask[P] | Lease:
        if not state.feeds and not state.pages:
            state.is_leasing = True
            return Lease(name)
        state.busy += 1
        self.busy += 1
        return Ask(name, state.feeds.popleft()) if state.feeds else Ask(name, state.pages.popleft())

    def _wake(self, now: float) -> None:
        for _, source in [entry for entry in self._retries if entry[0] <= now]:
            self.may_have_pages(source)
        self._retries = [entry for entry in self._retries if entry[0] > now]

    def _source(self, name: str) -> _Source[F, P]:
        state = self._sources.get(name)
        if state is None:
            state = self._sources[name] = _Source()
        if name not in self._order:
            self._order.append(name)
        return state
