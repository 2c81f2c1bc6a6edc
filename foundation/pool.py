"""The one pool of worker processes: what reads other people's markup runs here, under limits that the kernel enforces.

lxml and trafilatura can crash, hang in C code where no alarm reaches them, and corrupt memory in threads. A worker that
does so, or that somebody kills, fails its own task at most and nobody else's.
"""

from __future__ import annotations

import asyncio
import ctypes
import math
import multiprocessing
import os
import resource
import signal
import sys
import threading
from concurrent.futures import CancelledError, Future, InvalidStateError, TimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Self, TypeAlias, TypeVar

from pebble import ProcessExpired, ProcessPool

from foundation.errors import NewsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

P = ParamSpec("P")
T = TypeVar("T")
Failure: TypeAlias = Literal["timeout", "memory", "crash", "error"]

PAGE_BYTES = 1 << 20
PR_SET_PDEATHSIG = 1  # linux/prctl.h
# What is killed from outside (by an operator, by a kernel that is out of memory) is no fault of the task: it is tried
# again. 255 is what multiprocessing says where the fork server was killed too.
KILLED = (-signal.SIGKILL, 255)
ATTEMPTS = 3


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
    """One worker process, and the thread that hands it one task after the other.

    A Pebble pool of its own: the workers of one pool share a pipe and its lock, and one that is killed while it takes
    a task from it leaves the lock taken and half a task in the pipe. Measured: all others then wait for ever.
    """

    def __init__(self, limits: WorkerPool, calls: SimpleQueue[_Call | None]) -> None:
        self.limits = limits
        self.calls = calls
        self.thread = threading.Thread(target=self._serve, name="worker", daemon=True)
        self._process: ProcessPool | None = None
        self._retired: list[ProcessPool] = []
        self._running: Future[Any] | None = None
        self._stopped = threading.Event()
        self.thread.start()

    def stop(self) -> None:
        """End the process, whatever it does, and the thread."""
        self._stopped.set()
        self.calls.put(None)
        if (running := self._running) is not None:
            running.cancel()

    def _serve(self) -> None:
        while (call := self.calls.get()) is not None:
            if self._stopped.is_set():
                call.future.cancel()
            elif not call.future.cancelled():
                self._answer(call)
        self._retire()
        self._end_retired()

    def _answer(self, call: _Call) -> None:
        error: BaseException | None = None
        for _ in range(ATTEMPTS):
            try:
                result = self._call(call)
            except CancelledError:
                call.future.cancel()
                return
            except (BrokenProcessPool, ProcessExpired) as died:
                self._retire()
                error = died
                if isinstance(died, ProcessExpired) and died.exitcode not in KILLED:
                    break
            except BaseException as raised:
                error = raised
                break
            else:
                with suppress(InvalidStateError):  # cancelled at the last moment
                    call.future.set_result(result)
                self._end_retired()
                return
        assert error is not None
        with suppress(InvalidStateError):
            call.future.set_exception(_failure(error))

    def _call(self, call: _Call) -> Any:
        """Return what the call returns in the process, or raise what became of it."""
        limits = self.limits
        if self._process is None:
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(["__main__", *limits.preload])
            self._process = ProcessPool(1, limits.recycle_after, _enter_worker, (), context)
        within = (limits.memory_mb * PAGE_BYTES, limits.cpu_seconds, call.function, call.args, call.kwargs)
        try:
            running = self._process.schedule(_call_within, args=within, timeout=limits.wall_seconds)
        except RuntimeError as error:  # Pebble's word for a pool whose worker died since the last call
            raise BrokenProcessPool(str(error)) from error
        self._running = running
        if self._stopped.is_set():
            running.cancel()  # type: ignore[no-untyped-call]

        def give_up(outer: Future[Any]) -> None:
            if outer.cancelled():
                running.cancel()  # type: ignore[no-untyped-call]

        call.future.add_done_callback(give_up)
        return running.result()

    def _retire(self) -> None:
        """Take another pool from now on, for who knows what the dead process left in this one.

        It is ended when its successor has done a task: Pebble is starting a process in it just now, which would
        complain aloud were it ended while it starts.
        """
        if self._process is not None:
            self._retired.append(self._process)
            self._process = None

    def _end_retired(self) -> None:
        while self._retired:
            pool = self._retired.pop()
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()


def _failure(error: BaseException) -> TaskFailed:
    if isinstance(error, TaskFailed):
        return error
    if isinstance(error, TimeoutError):
        return TaskFailed("timeout", "wall clock")
    if isinstance(error, MemoryError):
        return TaskFailed("memory", "allocation refused")
    if isinstance(error, ProcessExpired):
        if error.exitcode == -signal.SIGXCPU:
            return TaskFailed("timeout", "CPU time")
        return TaskFailed("crash", f"worker ended with code {error.exitcode}")
    if isinstance(error, BrokenProcessPool):
        return TaskFailed("crash", str(error) or "the worker died, or none could be started")
    return TaskFailed("error", f"{type(error).__name__}: {error}")


def _enter_worker() -> None:
    """Run in each new worker: no core files, no deaf ears for SIGTERM, and no life after the parent's."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Pebble's own handler is Python code and would wait for C code to return.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if sys.platform == "linux":
        # The fork server is the parent that the kernel knows; it ends when the process that uses the pool does.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    elif parent is not None:
        threading.Thread(target=_die_with, args=(parent,), daemon=True).start()


def _die_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _call_within(memory: int, cpu_seconds: int, function: Callable[..., T], args: Any, kwargs: Any) -> T:
    """Call the function under limits that hold for this call only.

    RLIMIT_CPU counts over the life of a process, so each call gets what was used before plus its own share. Outside of
    calls there is no limit: a worker that died while it held the pipe's lock would stall all others.
    """
    cpu, address_space = resource.getrlimit(resource.RLIMIT_CPU), resource.getrlimit(resource.RLIMIT_AS)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, math.ceil(usage.ru_utime + usage.ru_stime) + cpu_seconds)
    if (held := _address_space()) is not None:
        _lower(resource.RLIMIT_AS, held + memory)
    try:
        return function(*args, **kwargs)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, address_space)
        resource.setrlimit(resource.RLIMIT_CPU, cpu)


def _lower(limit: int, value: int) -> None:
    _, hard = resource.getrlimit(limit)
    resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _address_space() -> int | None:
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:  # no /proc: not Linux, where RLIMIT_AS is not enforced either
        return None
