"""The one pool of worker processes: what reads other people's markup runs here, under limits that the kernel enforces.

lxml and trafilatura can crash, hang in C code where no alarm reaches them, and corrupt memory in threads. A worker that
does so fails its own task and nobody else's.
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
from concurrent.futures import CancelledError, Future, TimeoutError
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
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
# A worker that dies between two tasks breaks Pebble's whole pool ("All workers expired"): its tasks go to a new one.
ATTEMPTS = 3


class TaskFailed(NewsError):
    """A task gave no result; the others in flight are unharmed.

    ``reason`` is ``timeout`` (CPU or wall), ``memory``, ``crash`` (the worker died) or ``error`` (the function raised).
    """

    def __init__(self, reason: Failure, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Failure = reason
        self.detail = detail


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
        self._pool: ProcessPool | None = None
        self._retired: list[ProcessPool] = []
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
        self._attempt(future, (function, args, kwargs), ATTEMPTS)
        return future

    def close(self) -> None:
        """Stop the workers; tasks that still run are cancelled. Idempotent."""
        with self._mutex:
            self._closed = True
            pools = [*self._retired, *([self._pool] if self._pool else [])]
            self._retired, self._pool = [], None
        for pool in pools:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()

    def _attempt(self, future: Future[T], call: tuple[Any, ...], attempts: int) -> None:
        limits = (self.memory_mb * PAGE_BYTES, self.cpu_seconds)
        try:
            pool = self._running()
            inner = pool.schedule(_call_within, args=(*limits, *call), timeout=self.wall_seconds)
        except RuntimeError as error:  # Pebble's word for a pool that broke a moment ago, or was closed
            self._again(future, call, attempts, str(error))
            return

        def done(finished: Future[T]) -> None:
            if future.done():
                return
            if finished.cancelled():
                future.cancel()
                return
            error = finished.exception()
            if error is None:
                future.set_result(finished.result())
            elif isinstance(error, BrokenProcessPool):
                self._retire(pool)
                self._again(future, call, attempts, str(error))
            elif isinstance(error, CancelledError):
                future.cancel()
            else:
                future.set_exception(_failure(error))

        def give_up(outer: Future[T]) -> None:
            if outer.cancelled():
                inner.cancel()  # type: ignore[no-untyped-call]

        future.add_done_callback(give_up)
        inner.add_done_callback(done)

    def _again(self, future: Future[T], call: tuple[Any, ...], attempts: int, detail: str) -> None:
        if attempts > 1 and not self._closed:
            self._attempt(future, call, attempts - 1)
        elif self._closed:
            future.cancel()
        else:
            future.set_exception(TaskFailed("crash", detail))

    def _running(self) -> ProcessPool:
        with self._mutex:
            if self._closed:
                raise RuntimeError("the pool is closed")
            if self._pool is not None and not self._pool.active:
                self._retired.append(self._pool)
                self._pool = None
            if self._pool is None:
                context = multiprocessing.get_context("forkserver")
                context.set_forkserver_preload(["__main__", *self.preload])
                self._pool = ProcessPool(self.workers, self.recycle_after, _enter_worker, (), context)
            return self._pool

    def _retire(self, pool: ProcessPool) -> None:
        with self._mutex:
            if self._pool is pool:
                self._retired.append(pool)
                self._pool = None


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
