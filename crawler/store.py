"""The crawl's one door to the database: a thread of its own, so that no transaction ever blocks the reactor."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from scrapy import signals

from crawler.sources import Rules
from foundation.config import Settings, load_settings
from storage.engine import Database
from storage.migrate import upgrade

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.crawler import Crawler
    from sqlalchemy.orm import Session

P = ParamSpec("P")
T = TypeVar("T")


class Store:
    """Transactions on one thread, in the order they were asked for. One store serves a whole Scrapy crawler.

    ``settings`` is the configuration, ``run_id`` the run that everything is recorded under (None: no run).
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.run_id: int | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database")

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
        return await self._in_thread(partial(self.write_now, act, *args, **kwargs))

    async def read(self, act: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return ``act(session, …)`` from a session that sees one state and changes nothing."""
        return await self._in_thread(partial(self._read_now, act, *args, **kwargs))

    def write_now(self, act: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the same in the caller's thread: for the crawl's first and last moments, when nothing else runs."""
        with self.database.write() as session:
            return act(session, *args, **kwargs)

    def close(self) -> None:
        """Finish what was asked for and let go of the database. Idempotent."""
        self._thread.shutdown(wait=True)
        if "database" in self.__dict__:
            self.database.close()

    def _read_now(self, act: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        with self.database.read() as session:
            return act(session, *args, **kwargs)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        # A cancelled request must not leave a caller unsure whether its transaction went through.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, call))


_STORES: Final[WeakKeyDictionary[Crawler, Store]] = WeakKeyDictionary()
