"""The pool of workers: what a task does to its own worker, and what it cannot do to anybody else."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from foundation.pool import TaskFailed, WorkerPool

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
PARENT = """
import os, sys, time
from foundation.pool import WorkerPool
from tests.foundation.test_pool import spin
if __name__ == "__main__":
    pool = WorkerPool(1, cpu_seconds=60)
    print(pool.submit(os.getpid).result(), flush=True)
    pool.submit(spin)
    time.sleep(60)
"""


def spin() -> None:
    while True:
        pass


def spin_for(seconds: float) -> int:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return os.getpid()


def hold(megabytes: int) -> int:
    return len(bytearray(megabytes << 20))


def crash() -> None:
    ctypes.string_at(0)


def refuse() -> None:
    raise ValueError("not this one")


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def test_a_result_comes_back() -> None:
    with WorkerPool(1) as pool:
        assert pool.submit(pow, 2, 10).result() == 1024


def test_the_event_loop_can_wait_for_a_task() -> None:
    async def power() -> int:
        with WorkerPool(1) as pool:
            return await pool.run(pow, 2, 10)

    assert asyncio.run(power()) == 1024


def test_what_a_task_raises_is_its_failure_and_not_the_workers() -> None:
    with WorkerPool(1) as pool:
        before = pool.submit(os.getpid).result()
        with pytest.raises(TaskFailed, match="not this one") as failure:
            pool.submit(refuse).result()
        assert failure.value.reason == "error"
        assert pool.submit(os.getpid).result() == before


@pytest.mark.parametrize(
    ("function", "arguments", "reason"),
    [
        pytest.param(spin, (), "timeout", id="CPU time"),
        pytest.param(hold, (400,), "memory", id="memory"),
        pytest.param(crash, (), "crash", id="segmentation fault"),
        pytest.param(sleep, (60.0,), "timeout", id="wall clock"),
    ],
)
def test_a_bad_task_fails_with_its_reason_and_the_others_come_through(
    function: Callable[..., object], arguments: tuple[object, ...], reason: str
) -> None:
    with WorkerPool(2, cpu_seconds=1, wall_seconds=4, memory_mb=200) as pool:
        bad = pool.submit(function, *arguments)
        good = [pool.submit(pow, 2, power) for power in range(20)]
        assert [task.result() for task in good] == [2**power for power in range(20)]
        with pytest.raises(TaskFailed) as failure:
            bad.result()
        assert failure.value.reason == reason


def test_cpu_time_is_counted_per_task_and_not_per_worker() -> None:
    with WorkerPool(1, cpu_seconds=3) as pool:
        pids = {pool.submit(spin_for, 1.0).result() for _ in range(4)}
        assert len(pids) == 1


def test_memory_is_counted_beyond_what_the_worker_held_before() -> None:
    with WorkerPool(1, memory_mb=300) as pool:
        assert [pool.submit(hold, 200).result() for _ in range(3)] == [200 << 20] * 3


def test_workers_are_replaced_after_their_share_of_tasks() -> None:
    with WorkerPool(1, recycle_after=3) as pool:
        pids = [pool.submit(os.getpid).result() for _ in range(9)]
        assert len(set(pids)) == 3


def test_a_worker_killed_between_two_tasks_costs_none() -> None:
    with WorkerPool(1) as pool:
        for _ in range(3):
            os.kill(pool.submit(os.getpid).result(), signal.SIGKILL)
            assert pool.submit(pow, 2, 10).result() == 1024


@pytest.mark.parametrize("victim", ["worker", "fork server"])
def test_a_kill_from_outside_costs_no_task_even_amid_the_taking_of_one(victim: str) -> None:
    with WorkerPool(2) as pool:
        pid = pool.submit(os.getpid).result()
        if victim == "fork server":
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        # Many times what a pipe holds: a worker spends half its time with half a task.
        tasks = [pool.submit(len, bytes(3_000_000)) for _ in range(60)]
        assert tasks[5].result() == 3_000_000
        os.kill(pid, signal.SIGKILL)
        assert [task.result(timeout=60) for task in tasks] == [3_000_000] * 60


def test_cancelling_a_task_frees_its_worker() -> None:
    async def cancel() -> int:
        with WorkerPool(1, wall_seconds=60) as pool:
            first = asyncio.create_task(pool.run(sleep, 50.0))
            await asyncio.wait({first}, timeout=1.0)
            first.cancel()
            return await asyncio.wait_for(pool.run(pow, 2, 10), timeout=20)

    assert asyncio.run(cancel()) == 1024


def test_a_closed_pool_takes_no_more_tasks() -> None:
    pool = WorkerPool(1)
    pool.close()
    assert pool.submit(pow, 2, 10).cancelled()


def test_workers_die_with_the_process_that_uses_them() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    with parent, parent.stdout:
        worker = int(parent.stdout.readline())
        while not _is_running(worker):  # amid its task: an idle one would end by itself
            os.sched_yield()
        parent.kill()
    deadline = time.monotonic() + 20
    while _alive(worker):
        assert time.monotonic() < deadline, "the worker outlived its parent"
        os.sched_yield()


def _is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "R"


def _alive(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
