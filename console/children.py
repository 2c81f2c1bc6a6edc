"""The child processes of a run: started together, watched together, and never left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import Final, Self

# A stop has to be quick (an operator waits, a service manager kills): what a child does not finish in this time is
# left as it stands in the database, where the next run finds it.
GRACE_SECONDS: Final = 0.5
LAST_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class Ended:
    """A child came to its end."""

    name: str
    code: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """Somebody wants the run to stop."""

    reason: str


Event = Ended | Stopped


class Child:
    """A process in a group of its own, so that a Ctrl-C reaches its parent first, and a kill reaches its workers."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        has_input: bool,
        say: Callable[[str], None],
    ) -> None:
        self.name = name
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._say = say
        self._relaying = threading.Thread(target=self._relay, daemon=True)
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
            stdout=sys.stderr,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            process_group=0,
        )

    def watch(self, events: SimpleQueue[Event]) -> None:
        """Report the end of the process to ``events``; pass on what it says until then."""
        self._relaying.start()
        threading.Thread(target=self._wait, args=(events,), daemon=True).start()

    def end_input(self) -> None:
        """Tell the child, by the end of its standard input, that nothing more will come."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the child and all that it started."""
        if number == signal.SIGKILL or self._process.poll() is None:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                return

    def wait(self, seconds: float) -> bool:
        """Return whether the child has ended within so many seconds."""
        try:
            self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return False
        return True

    def last_line(self) -> str:
        """Return the last thing that the child said, if anything."""
        self._relaying.join(GRACE_SECONDS)
        return next((line for line in reversed(self.last_lines) if line.strip()), "")

    def _relay(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.last_lines.append(line.rstrip())
            self._say(line.rstrip())

    def _wait(self, events: SimpleQueue[Event]) -> None:
        events.put(Ended(self.name, self._process.wait()))


class Children:
    """Everything that a run started; leaving the block ends all of it."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.events: SimpleQueue[Event] = SimpleQueue()
        self.by_name: dict[str, Child] = {}
        self._say = say
        self._handlers: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._handlers[number] = signal.signal(number, self._stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal gave us

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str], *, has_input: bool) -> None:
        """Start one more child."""
        child = Child(name, command, environment, has_input=has_input, say=self._say)
        self.by_name[name] = child
        child.watch(self.events)

    def next_event(self, seconds: float) -> Event | None:
        """Return what happens next, or None when nothing did for so many seconds."""
        try:
            return self.events.get(timeout=max(0.0, seconds))
        except Empty:
            return None

    def stop(self) -> None:
        """End every child: politely, and after GRACE_SECONDS for good."""
        for child in self.by_name.values():
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self.by_name.values():
            child.wait(deadline - time.monotonic())
            child.signal(signal.SIGKILL)  # its workers too
            child.wait(GRACE_SECONDS)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self.events.put(Stopped(f"stopped by {signal.Signals(number).name}"))
