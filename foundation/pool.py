"""The one pool of worker processes: what reads other people's markup runs here, under limits that the kernel enforces.

lxml and trafilatura can crash, hang in C code where no alarm reaches them, and corrupt memory in threads. A worker that
does so, or that somebody kills, fails its own task at most and nobody else's.
"""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import os
import pickle
import resource
import signal
import sys
import threading
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import wait
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Self, TypeAlias, TypeVar

from foundation.errors import NewsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

P = ParamSpec("P")
T = TypeVar("T")
Failure: TypeAlias = Literal["timeout", "memory", "crash", "error"]

PAGE_BYTES = 1 << 20
PR_SET_PDEATHSIG = 1  # linux/prctl.h
# What is killed from outside (by an operator, by a kernel that is out of memory) is no fault of the task: it is tried
# again. 255 is what multiprocessing says where the fork server was killed too.
KILLED = (-signal.SIGKILL, 255)
SPENT = (-signal.SIGPROF, -signal.SIGXCPU)  # the timer of one call; a limit that somebody set for the whole process
ATTEMPTS = 3
START_SECONDS = 60.0  # for a worker to start: the first waits for the fork server to import what is preloaded
STARTS = 10
START_PAUSE = 0.1  # seconds more before each further trial: 4.5 in all
END_SECONDS = 5.0  # for the fork server to say how a process ended whose pipe is closed already


class TaskFailed(NewsError):
    """A task gave no result; the others in flight are unharmed.

    ``reason`` is ``timeout`` (CPU or wall), ``memory``, ``crash`` (the worker died) or ``error`` (the function raised).
    """

    def __init__(self, reason: Failure, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Failure = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class _Call:
    """A task that waits for a worker, and where its result goes."""

    future: Future[Any]
    function: Callable[..., Any]
    args: Any
    kwargs: Any


class WorkerPool:
    """Worker processes, started when the first task comes, replaced after ``recycle_after`` tasks or when they die.

    Each task may use ``cpu_seconds`` of CPU, ``wall_seconds`` from when a worker takes it up, and ``memory_mb`` beyond
    what its worker held before. Arguments and results are pickled through a pipe: keep results small. ``preload`` names
    modules that the fork server imports once, so that a worker starts in milliseconds. Workers ignore SIGINT and die
    with this process, however it dies.
    """

    def __init__(
        self,
        workers: int,
        *,
        memory_mb: int = 512,
        cpu_seconds: int = 10,
        wall_seconds: float = 30.0,
        recycle_after: int = 500,
        preload: Sequence[str] = (),
    ) -> None:
        self.workers = workers
        self.memory_mb = memory_mb
        self.cpu_seconds = cpu_seconds
        self.wall_seconds = wall_seconds
        self.recycle_after = recycle_after
        self.preload = tuple(preload)
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._workers: list[_Worker] = []
        self._mutex = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``function`` in a worker; raises ``TaskFailed``."""
        return await asyncio.wrap_future(self.submit(function, *args, **kwargs))

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call ``function`` in a worker; the future holds its result or ``TaskFailed``. Cancelling stops the worker."""
        future: Future[T] = Future()
        with self._mutex:
            if not self._closed:
                if not self._workers:
                    self._workers = [_Worker(self, self._calls) for _ in range(self.workers)]
                self._calls.put(_Call(future, function, args, kwargs))
                return future
        future.cancel()
        return future

    def close(self) -> None:
        """Stop the workers; tasks that wait or run are cancelled. Idempotent."""
        with self._mutex:
            self._closed = True
            workers, self._workers = self._workers, []
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.thread.join()


class _Worker:
    """The thread that hands one worker process one task after the other, and replaces it."""

    def __init__(self, limits: WorkerPool, calls: SimpleQueue[_Call | None]) -> None:
        self.limits = limits
        self.calls = calls
        self.thread = threading.Thread(target=self._serve, name="worker", daemon=True)
        self._process: _Process | None = None
        self._current: _Call | None = None
        self._stopped = threading.Event()
        self.thread.start()

    def stop(self) -> None:
        """End the process, whatever it does, and the thread."""
        self._stopped.set()
        self.calls.put(None)
        if (process := self._process) is not None:
            process.kill()

    def _serve(self) -> None:
        while (call := self.calls.get()) is not None:
            if self._stopped.is_set():
                call.future.cancel()
            elif not call.future.cancelled():
                self._answer(call)
        self._retire()

    def _answer(self, call: _Call) -> None:
        self._current = call
        call.future.add_done_callback(lambda _: self._give_up(call))
        try:
            result = self._tried(call)
        except TaskFailed as failure:
            self._current = None
            with suppress(InvalidStateError):  # cancelled at the last moment, here and below
                call.future.set_exception(failure)
        else:
            self._current = None
            with suppress(InvalidStateError):
                call.future.set_result(result)

    def _give_up(self, call: _Call) -> None:
        if call is self._current and call.future.cancelled() and (process := self._process) is not None:
            process.kill()

    def _tried(self, call: _Call) -> Any:
        """Return what the call returns in the process; raise ``TaskFailed``."""
        died: _Died | None = None
        for _ in range(ATTEMPTS):
            try:
                return self._call(call)
            except _Died as error:
                died = error
                self._retire()
                if died.exitcode not in KILLED or call.future.cancelled() or self._stopped.is_set():
                    break
        if self._stopped.is_set():
            call.future.cancel()
        assert died is not None
        if died.exitcode in SPENT:
            raise TaskFailed("timeout", "CPU time")
        raise TaskFailed("crash", str(died))

    def _call(self, call: _Call) -> Any:
        limits = self.limits
        if self._process is None:
            self._process = self._started()
        if self._stopped.is_set():  # it may have started too late to be killed by `stop`
            self._process.kill()
        process = self._process
        try:
            result = process.call((call.function, call.args, call.kwargs), limits.wall_seconds)
        except TimeoutError:
            process.kill()
            self._retire()
            raise TaskFailed("timeout", "wall clock") from None
        finally:
            process.calls += 1
            if process.calls >= limits.recycle_after:
                self._retire()
        return result

    def _started(self) -> _Process:
        """Start a process; where the fork server was killed a moment ago it takes more than one trial."""
        for trial in range(1, STARTS):
            try:
                return _Process(self.limits)
            except _Died:
                self._stopped.wait(START_PAUSE * trial)
        return _Process(self.limits)

    def _retire(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None


class _Died(Exception):
    """A process ended, or could not be started; with the code that it ended with, negative for a signal."""

    def __init__(self, exitcode: int | None) -> None:
        super().__init__(f"worker ended with code {exitcode}")
        self.exitcode = exitcode


class _Process:
    """A worker process and our end of the pipe to it. Nobody else has an end: whoever dies is noticed by the other."""

    # Whenever multiprocessing starts a process it asks after all others, and two who ask read one answer.
    _mutex = threading.Lock()

    def __init__(self, limits: WorkerPool) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["__main__", *limits.preload])
        self.calls = 0
        self._pipe, theirs = context.Pipe()
        within = limits.memory_mb * PAGE_BYTES, limits.cpu_seconds
        self._process = context.Process(target=_serve_calls, args=(theirs, *within), name="worker", daemon=True)
        try:
            with self._mutex, theirs:
                self._process.start()
        except (OSError, EOFError):  # the fork server was killed just now
            self._pipe.close()
            raise _Died(KILLED[-1]) from None
        try:
            self._receive(START_SECONDS)
        except TimeoutError:
            self.kill()
            self.close()
            raise _Died(None) from None

    def call(self, task: Any, seconds: float) -> Any:
        """Return what the task returns; raise ``TaskFailed``, ``_Died``, or ``TimeoutError`` when it takes longer."""
        try:
            packed = pickle.dumps(task)
        except Exception as error:
            raise TaskFailed(*_failure(error)) from error
        with suppress(OSError):  # it died since the last task, as its exit code will tell
            self._pipe.send_bytes(packed)
        failure, result = pickle.loads(self._receive(seconds))  # noqa: S301 - our own worker's
        if failure is not None:
            raise TaskFailed(*failure)
        return result

    def kill(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()

    def close(self) -> None:
        """Let go of a process: it ends when it sees that nobody will ask it again."""
        self._pipe.close()

    def _receive(self, seconds: float) -> bytes:
        ready = wait([self._pipe, self._process.sentinel], seconds)
        if not ready:
            raise TimeoutError
        try:
            if self._pipe in ready or self._pipe.poll():
                return self._pipe.recv_bytes()
        except (EOFError, OSError):
            pass
        with self._mutex:
            self._process.join(END_SECONDS)
            raise _Died(self._process.exitcode)


def _failure(error: BaseException) -> tuple[Failure, str]:
    if isinstance(error, TaskFailed):
        return error.reason, error.detail
    if isinstance(error, MemoryError):
        return "memory", "allocation refused"
    return "error", f"{type(error).__name__}: {error}"


def _serve_calls(pipe: Connection, memory: int, cpu_seconds: int) -> None:
    """Be a worker process: answer one task after the other until the other end of the pipe is closed."""
    _enter_worker()
    with suppress(EOFError, OSError):
        pipe.send_bytes(b"ready")
        while True:
            pipe.send_bytes(_outcome(pipe.recv_bytes(), memory, cpu_seconds))


def _outcome(task: bytes, memory: int, cpu_seconds: int) -> bytes:
    """Return a pickle of (None, result) or of (failure, None)."""
    try:
        function, args, kwargs = pickle.loads(task)  # noqa: S301 - the process that started this one
        return pickle.dumps((None, _call_within(memory, cpu_seconds, function, args, kwargs)))
    except BaseException as error:
        return pickle.dumps((_failure(error), None))


def _enter_worker() -> None:
    """Run in each new worker: no core files, no ears for Ctrl-C, and no life after the parent's."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    _let_go_of_the_fork_server()
    parent = multiprocessing.parent_process()
    if sys.platform == "linux":
        # The fork server is the parent that the kernel knows; it ends when the process that uses the pool does.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    elif parent is not None:
        threading.Thread(target=_die_with, args=(parent,), daemon=True).start()


def _let_go_of_the_fork_server() -> None:
    """Close the pipe by which the fork server sees that nobody needs it any more.

    It gives every child the end that keeps it alive: a worker amid a task would keep it, and it the worker, for ever.
    """
    server: Any = forkserver._forkserver
    if server._forkserver_alive_fd is not None:
        os.close(server._forkserver_alive_fd)
        server._forkserver_alive_fd = None


def _die_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _call_within(memory: int, cpu_seconds: float, function: Callable[..., T], args: Any, kwargs: Any) -> T:
    """Call the function under limits that hold for this call only.

    The timer counts the CPU time of this process from now on, in C code, too, and its signal ends the process. (A limit
    on the CPU time of its whole life was set anew for each call before: the kernel compares it with a count by ticks,
    which under load runs ahead of the exact one that a process can ask for, by more the longer it lives.)
    """
    address_space = resource.getrlimit(resource.RLIMIT_AS)
    if (held := _address_space()) is not None:
        _lower(resource.RLIMIT_AS, held + memory)
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    try:
        return function(*args, **kwargs)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, address_space)


def _lower(limit: int, value: int) -> None:
    _, hard = resource.getrlimit(limit)
    resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _address_space() -> int | None:
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:  # no /proc: not Linux, where RLIMIT_AS is not enforced either
        return None
