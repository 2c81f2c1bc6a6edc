"""The crawl's place in the run ledger: the run that it works for, its own where nobody gave it one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from foundation.process import this_process
from storage import runs, sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.store import Store

logger = logging.getLogger(__name__)

BEAT: Final = 10.0  # seconds; a run on another host counts as lost after ten minutes of silence


class Ledger:
    """Opens the run before the first request and closes it after the last item.

    With ``run_id`` the run belongs to whoever started the crawl, who also keeps it alive and closes it.
    """

    def __init__(self, store: Store, run_id: int | None) -> None:
        self.store = store
        self.is_own = run_id is None
        self._beat: asyncio.Task[None] | None = None
        store.run_id = run_id

    def open(self) -> None:
        """Bring the database up to date with release and configuration, and begin the run if nobody has.

        Blocks; called before the reactor runs anything. Raises NewsError: then nothing starts.
        """
        settings, now = self.store.settings, datetime.now(UTC)
        interval = round(settings.crawl.poll_shortest)
        self.store.write_now(sources.sync, settings.sources, now=now, interval_seconds=interval)
        if self.is_own:
            self.store.run_id = self.store.write_now(runs.start, process=this_process(), now=now)

    def keep_alive(self, stop: Callable[[], None]) -> None:
        """Beat while the run is ours; call ``stop`` when the ledger says that it no longer is."""
        if self.is_own:
            self._beat = asyncio.create_task(self._beats(stop))

    async def close(self, reason: str) -> None:
        """Close a run of our own: judged by its polls where the crawl came to its end, ``stopped`` where it did not."""
        if self._beat is not None:
            self._beat.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._beat
        run_id, now = self.store.run_id, datetime.now(UTC)
        if not self.is_own or run_id is None:
            return
        if reason == "finished":
            verdict = await self.store.write(runs.verdict, run_id)
            await self.store.write(runs.finish, run_id, verdict.state, verdict.reason, now=now)
        else:
            state = "stopped" if reason == "shutdown" else "failed"
            await self.store.write(runs.finish, run_id, state, reason, now=now)

    async def _beats(self, stop: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(BEAT)
            if self.store.run_id is None:
                return
            try:
                is_ours = await self.store.write(runs.heartbeat, self.store.run_id, now=datetime.now(UTC))
            except Exception:
                logger.exception("this beat is missed; a run counts as lost after ten minutes of them")
                continue
            if not is_ours:
                stop()
                return
