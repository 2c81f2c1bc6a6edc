"""The crawl's one door to the database: a thread of its own, so that no transaction ever blocks the reactor.

What is asked for while a transaction runs shares the next one. A commit costs as much as what a page has to say:
measured, a page a transaction keeps the thread twice as long as thirty pages in one.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from scrapy import signals

from crawler.sources import Rules
from foundation.config import Settings, load_settings
from storage.engine import Database
from storage.migrate import upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scrapy.crawler import Crawler
    from sqlalchemy.orm import Session

P = ParamSpec("P")
T = TypeVar("T")

BATCH: Final = 32  # acts of one transaction: others who write wait for some fifty milliseconds at most


@dataclass(frozen=True, slots=True)
class _Asked:
    """Something to be done in the database, and who waits for it."""

    act: Callable[[Session], Any]
    writes: bool
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]


class Store:
    """Transactions on one thread, in the order they were asked for. One store serves a whole Scrapy crawler.

    An answer comes once its transaction is committed. Acts that share one do not share a failure: where one raises, all
    of them are done again, each in a transaction of its own. So an act may be run twice, and must leave no trace but in
    the database.

    ``settings`` is the configuration, ``run_id`` the run that everything is recorded under (None: no run).
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.run_id: int | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database")
        self._asked: deque[_Asked] = deque()
        self._lock = threading.Lock()
        self._is_busy = False

    @classmethod
    def of(cls, crawler: Crawler) -> Store:
        """Return the crawler's store; it closes itself when the engine stops."""
        if crawler not in _STORES:
            store = _STORES[crawler] = cls(load_settings())
            crawler.signals.connect(store.close, signal=signals.engine_stopped)
        return _STORES[crawler]

    @cached_property
    def database(self) -> Database:
        """The open database, brought up to this release. Raises DatabaseMismatch where that cannot be."""
        database = Database.open(self.settings.database)
        upgrade(database)
        return database

    @cached_property
    def rules(self) -> Rules:
        """The sources' rules by name."""
        return Rules(self.settings.sources)

    async def write(self, act: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return ``act(session, …)``, committed; if it raises, nothing of it stays."""
        return await self._ask(lambda session: act(session, *args, **kwargs), writes=True)

    async def read(self, act: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return ``act(session, …)``, which changes nothing, after all that was asked for before."""
        return await self._ask(lambda session: act(session, *args, **kwargs), writes=False)

    def write_now(self, act: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the same in the caller's thread: for the crawl's first and last moments, when nothing else runs."""
        with self.database.write() as session:
            return act(session, *args, **kwargs)

    def close(self) -> None:
        """Finish what was asked for and let go of the database. Idempotent."""
        self._thread.shutdown(wait=True)
        if "database" in self.__dict__:
            self.database.close()

    async def _ask(self, act: Callable[[Session], T], *, writes: bool) -> T:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        with self._lock:
            self._asked.append(_Asked(act, writes, loop, answer))
            if not self._is_busy:
                self._thread.submit(self._work)
                self._is_busy = True
        # A cancelled request must not leave a caller unsure whether its transaction went through.
        return await asyncio.shield(answer)

    def _work(self) -> None:
        while batch := self._next_batch():
            try:
                outcomes = self._together(batch)
            except Exception:
                outcomes = [self._alone(asked) for asked in batch]
            batch[0].loop.call_soon_threadsafe(_deliver, batch, outcomes)

    def _next_batch(self) -> list[_Asked]:
        with self._lock:
            batch = [self._asked.popleft() for _ in range(min(BATCH, len(self._asked)))]
            self._is_busy = bool(batch)
            return batch

    def _together(self, batch: Sequence[_Asked]) -> list[Any]:
        results = []
        database = self.database
        with database.write() if any(asked.writes for asked in batch) else database.read() as session:
            for asked in batch:
                results.append(asked.act(session))
                session.flush()
                session.expunge_all()  # the next act must see the rows, not what this one remembers of them
        return results

    def _alone(self, asked: _Asked) -> Any:
        try:
            return self._together([asked])[0]
        except Exception as error:
            return _Raised(error)


@dataclass(frozen=True, slots=True)
class _Raised:
    error: Exception


def _deliver(batch: Sequence[_Asked], outcomes: Sequence[Any]) -> None:
    for asked, outcome in zip(batch, outcomes, strict=True):
        if asked.answer.done():
            continue
        if isinstance(outcome, _Raised):
            asked.answer.set_exception(outcome.error)
        else:
            asked.answer.set_result(outcome)


_STORES: Final[WeakKeyDictionary[Crawler, Store]] = WeakKeyDictionary()
