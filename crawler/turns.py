"""Whose turn it is: a fair order of feeds and pages, so that one slow or endless source delays no other.

Pure bookkeeping over source names; the spider acts on what it says. Times are seconds of any one clock.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

F = TypeVar("F")
P = TypeVar("P")

# Requests of one source under way at once: one on the wire, one behind it so that the wire is never idle.
PER_SOURCE: Final = 2
# Seconds after which a request no longer takes up one of the places: a host that does not answer must not keep others
# waiting for its time-out. With one slow and one endless site among sixteen places the others took 14 % longer.
PATIENCE: Final = 2.0
CROWD: Final = 2  # times the limit: so many requests are under way at most, the slow ones counted


@dataclass(frozen=True, slots=True)
class Ask(Generic[P]):
    """Ask for this feed or page now."""

    source: str
    what: P


@dataclass(frozen=True, slots=True)
class Look:
    """Take more due feeds of this source from the database, then say so with ``looked``."""

    source: str


@dataclass(frozen=True, slots=True)
class Lease:
    """Take more pages of this source from the database, then say so with ``leased``."""

    source: str


Job: TypeAlias = "Ask[F] | Ask[P] | Look | Lease"


@dataclass(slots=True)
class _Source(Generic[F, P]):
    feeds: list[F] = field(default_factory=list)
    pages: list[P] = field(default_factory=list)
    has_feeds: bool = False
    has_pages: bool = False
    is_reading: bool = False  # a Look or a Lease was handed out
    busy: int = 0
    held_until: float = 0.0

    @property
    def wants(self) -> bool:
        return bool(self.feeds or self.pages or self.has_feeds or self.has_pages)

    def is_idle(self, now: float) -> bool:
        return not (self.wants or self.is_reading or self.busy or self.held_until > now)


class Turns(Generic[F, P]):
    """Feeds of a source go before its pages; sources take turns; none has more than ``per_source`` requests under way.

    A source dropped stays out until the end of the run; one that wants nothing is forgotten. Any job with a request of
    its own may be queued as a feed.
    """

    def __init__(self, limit: int, per_source: int = PER_SOURCE) -> None:
        self.limit = limit
        self.per_source = per_source
        self._under_way: list[tuple[float, str]] = []  # since when, and of which source
        self._sources: OrderedDict[str, _Source[F, P]] = OrderedDict()  # whose turn it is comes first
        self._dropped: set[str] = set()
        self._retries: list[tuple[float, str]] = []
        self._changed = asyncio.Event()

    def add_feed(self, source: str, feed: F) -> bool:
        """Queue a feed; False where its source was dropped."""
        if state := self._wanting(source):
            state.feeds.append(feed)
        return state is not None

    def may_have_feeds(self, source: str) -> None:
        """Say that the database may hold due feeds of the source."""
        if state := self._wanting(source):
            state.has_feeds = True

    def may_have_pages(self, source: str) -> None:
        """Say that the database may hold pages of the source to ask for."""
        if state := self._wanting(source):
            state.has_pages = True

    def looked(self, source: str, feeds: Collection[F], *, has_more: bool) -> None:
        """Queue the feeds that a look brought."""
        state = self._sources[source]
        state.is_reading = False
        if source not in self._dropped:
            state.has_feeds = has_more
            state.feeds.extend(feeds)

    def leased(self, source: str, pages: Collection[P]) -> None:
        """Queue the pages that a lease brought; none means that the source has no more.

        Those of a source that was dropped meanwhile are not asked; they are given back with the run's end.
        """
        state = self._sources[source]
        state.is_reading = False
        if source not in self._dropped:
            state.has_pages = bool(pages)
            state.pages.extend(pages)

    def done(self, source: str) -> None:
        """Say that a request handed out has ended."""
        self._sources[source].busy -= 1
        self._under_way.remove(next(entry for entry in self._under_way if entry[1] == source))
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
        state.has_feeds = state.has_pages = False
        return pages

    def retry(self, source: str, at: float) -> None:
        """Look for pages of the source again at that time."""
        self._retries.append((at, source))

    def next(self, now: float) -> Ask[F] | Ask[P] | Look | Lease | None:
        """Return what to do now; None while there is nothing: see ``is_finished`` and ``pause``."""
        self._wake(now)
        if self._is_full(now):
            return None
        second = None  # one that has a request under way: asked only where no other wants anything
        for _ in range(len(self._sources)):
            name, state = next(iter(self._sources.items()))
            self._sources.move_to_end(name)
            if state.is_idle(now):
                del self._sources[name]
            elif state.wants and state.busy < self.per_source and state.held_until <= now and not state.is_reading:
                if not state.busy:
                    return self._job(name, state, now)
                second = second or name
        return self._job(second, self._sources[second], now) if second else None

    @property
    def wanting(self) -> set[str]:
        """The sources that want something now, or wait for an answer."""
        return {name for name, state in self._sources.items() if state.wants or state.busy}

    @property
    def is_finished(self) -> bool:
        """Whether nothing is under way and nothing will come."""
        wants = any(state.wants for state in self._sources.values())
        return not (self._under_way or self._retries or wants)

    def pause(self, now: float) -> float | None:
        """Return the seconds until a retry, the end of a hold or of patience; None where only an answer brings more."""
        times = [at for at, _ in self._retries]
        times += [state.held_until for state in self._sources.values() if state.wants and state.held_until > now]
        times += [since + PATIENCE for since, _ in self._under_way if now - since < PATIENCE]
        return max(0.0, min(times) - now) if times else None

    async def wait(self, seconds: float | None) -> None:
        """Wait until something is done or comes in, ``seconds`` at most."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    def _is_full(self, now: float) -> bool:
        prompt = sum(now - since < PATIENCE for since, _ in self._under_way)
        return prompt >= self.limit or len(self._under_way) >= CROWD * self.limit

    def _job(self, name: str, state: _Source[F, P], now: float) -> Ask[F] | Ask[P] | Look | Lease:
        if state.feeds or (state.pages and not state.has_feeds):
            state.busy += 1
            self._under_way.append((now, name))
            return Ask(name, state.feeds.pop(0)) if state.feeds else Ask(name, state.pages.pop(0))
        # It stays its turn: were all sources read before the first is asked, all of their feeds would be in memory.
        self._sources.move_to_end(name, last=False)
        state.is_reading = True
        return Look(name) if state.has_feeds else Lease(name)

    def _wake(self, now: float) -> None:
        for _, source in [entry for entry in self._retries if entry[0] <= now]:
            self.may_have_pages(source)
        self._retries = [entry for entry in self._retries if entry[0] > now]

    def _wanting(self, name: str) -> _Source[F, P] | None:
        if name in self._dropped:
            return None
        self._changed.set()
        return self._source(name)

    def _source(self, name: str) -> _Source[F, P]:
        return self._sources.setdefault(name, _Source())
