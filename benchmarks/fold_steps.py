"""What each step of fold costs: its functions, timed where fold calls them, the database's server included."""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from sqlalchemy import text

from pipelines.fold import copying, keying
from storage.engine import Database

STEPS: Final = ("key", "commit", "look-up", "verify", "group", "rest")
TICKS: Final = os.sysconf("SC_CLK_TCK")
# Step -> where fold calls it. The rest of `key_batch` is "commit", that of `Copying.batch` is "rest".
_PARTS: Final = {
    "key": ((keying, "_compute"),),
    "look-up": ((copying, "look_up"),),
    "verify": ((copying, "verify"),),
    "group": ((copying, "regroup"), (copying, "trace")),
}


@dataclass(slots=True)
class Cost:
    """Seconds by the clock, and of CPU here and in the server."""

    wall: float = 0.0
    cpu: float = 0.0


@dataclass(slots=True)
class Meter:
    """Adds up what steps cost."""

    backends: tuple[int, ...] = ()  # processes of the server that serve us
    costs: dict[str, Cost] = field(default_factory=lambda: defaultdict(Cost))

    @contextmanager
    def on(self, step: str) -> Iterator[None]:
        """Count what happens inside as this step's."""
        wall, cpu = time.perf_counter(), self._cpu()
        try:
            yield
        finally:
            self.costs[step].wall += time.perf_counter() - wall
            self.costs[step].cpu += self._cpu() - cpu

    def timed(self, step: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``call``, counted."""

        def counted(*args: Any, **named: Any) -> Any:
            with self.on(step):
                return call(*args, **named)

        return counted

    @contextmanager
    def inside_fold(self) -> Iterator[None]:
        """Count the steps that fold takes inside."""
        with ExitStack() as stack:
            for step, places in _PARTS.items():
                for module, name in places:
                    stack.enter_context(patch.object(module, name, self.timed(step, getattr(module, name))))
            yield

    def steps(self) -> dict[str, Cost]:
        """Return the costs of :data:`STEPS`, from those counted as "keying" and "copying" and inside of them."""
        found = {step: self.costs[step] for step in STEPS}
        found["commit"] = _less(self.costs["keying"], found["key"])
        found["rest"] = _less(self.costs["copying"], found["look-up"], found["verify"], found["group"])
        return found

    def _cpu(self) -> float:
        return time.process_time() + sum(_cpu_of(pid) for pid in self.backends)


def backends(database: Database) -> tuple[int, ...]:
    """Return the server's processes that serve this one; none where there is no server."""
    if database.dialect == "sqlite":
        return ()
    with database.read() as session:
        return (int(session.execute(text("SELECT pg_backend_pid()")).scalar_one()),)


def _less(whole: Cost, *parts: Cost) -> Cost:
    return Cost(whole.wall - sum(part.wall for part in parts), whole.cpu - sum(part.cpu for part in parts))


def _cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process: to the nearest tick, or finer where the scheduler tells."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / TICKS
