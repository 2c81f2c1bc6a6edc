"""The scheduler: which slot is due, and a process that starts runs and stops at once."""

import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from foundation.config import ScheduleSettings
from foundation.crontab import Crontab
from foundation.process import this_process
from scheduler import CrontabTrigger, Due, due
from storage import runs
from storage.engine import Database
from storage.migrate import upgrade
from storage.models import Run

ROOT = Path(__file__).parent.parent
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PATIENCE = 60.0  # seconds that a busy machine may take to start processes


def schedule(**values: Any) -> ScheduleSettings:
    return ScheduleSettings(**({"name": "hourly", "cron": "0 * * * *"} | values))


@pytest.mark.parametrize(
    ("late", "last", "at_start", "catch_up", "expected"),
    [
        pytest.param(timedelta(0), None, False, False, "schedule", id="on time, the first ever"),
        pytest.param(timedelta(seconds=59), NOON - HOUR, False, False, "schedule", id="nearly on time"),
        pytest.param(timedelta(0), NOON, False, True, None, id="claimed by another scheduler"),
        pytest.param(timedelta(minutes=5), NOON - HOUR, False, True, "catch_up", id="late: caught up"),
        pytest.param(timedelta(minutes=5), NOON - HOUR, False, False, None, id="late: passed over"),
        pytest.param(timedelta(minutes=5), NOON - HOUR, True, True, "catch_up", id="missed while down"),
        pytest.param(timedelta(minutes=5), NOON - HOUR, True, False, None, id="missed while down, not wanted"),
        pytest.param(timedelta(minutes=5), None, True, True, None, id="a new schedule has missed nothing"),
        pytest.param(timedelta(minutes=5), NOON, True, True, None, id="down, but nothing missed"),
        pytest.param(timedelta(minutes=5), NOON - 9 * HOUR, True, True, "catch_up", id="of nine missed, the latest"),
    ],
)
def test_which_slot_is_due(
    late: timedelta, last: datetime | None, at_start: bool, catch_up: bool, expected: str | None
) -> None:
    found = due(schedule(catch_up=catch_up), NOON + late, last, at_start=at_start)
    assert found == (Due("hourly", NOON, expected) if expected else None)


def test_jitter_is_no_lateness() -> None:
    found = due(schedule(catch_up=False, jitter=600), NOON + timedelta(minutes=9), NOON - HOUR)
    assert found == Due("hourly", NOON, "schedule")


def test_the_trigger_fires_after_its_slot_within_the_jitter_and_never_in_the_past() -> None:
    trigger = CrontabTrigger(Crontab("0 * * * *"), jitter=300)
    fired = NOON
    for _ in range(50):
        following = trigger.get_next_fire_time(fired, fired)
        assert timedelta(0) <= following - Crontab("0 * * * *").next_slot(fired) <= timedelta(seconds=300)
        fired = following
    assert trigger.get_next_fire_time(NOON, NOON + 5 * HOUR) > NOON + 5 * HOUR


@contextmanager
def silent_site() -> Iterator[tuple[str, threading.Event]]:
    """A site that takes every connection and never answers; the event says that somebody came."""
    came, over = threading.Event(), threading.Event()

    class Silence(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            came.set()
            over.wait()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Silence) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", came
        finally:
            over.set()
            server.shutdown()


class Stage:
    """A folder with a configuration, a database and processes that end with the test."""

    def __init__(self, folder: Path, site: str, cron: str = "0 0 1 1 *") -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[str]] = []
        (folder / "storyfold.toml").write_text(
            f'[[source]]\nname = "silent"\nurl = "{site}/"\nfeeds = ["{site}/feed"]\nallow_private = true\n'
            f'[[schedule]]\nname = "yearly"\ncron = "{cron}"\n'
        )
        self.database = Database.open(str(folder / "storyfold.db"))
        upgrade(self.database)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "console.main", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def run_once(self) -> Run | None:
        """The latest run."""
        with self.database.read() as session:
            return session.scalar(select(Run).order_by(Run.id.desc()).limit(1))

    def run_before(self) -> None:
        """Claim a slot of long ago, so that the latest one counts as missed."""
        with self.database.write() as session:
            slot = datetime(2001, 1, 1, tzinfo=UTC)
            run_id = runs.claim(session, "yearly", slot, process=this_process(), now=slot)
            assert run_id is not None
            runs.finish(session, run_id, "ok", None, now=slot)

    def children(self) -> list[int]:
        """Processes, whoever started them, that work for this stage."""
        mine = f"{self.folder}/storyfold.toml".encode()
        return [pid for pid in _pids() if mine in _environment(pid)]

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()
        self.database.close()


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def until(condition: Callable[[], object], what: str, process: "subprocess.Popen[str] | None" = None) -> None:
    """Wait for a condition, or fail; or for as long as a process lives."""
    deadline = time.monotonic() + PATIENCE
    tick = threading.Event()
    while not condition():
        if process is not None and process.poll() is not None:
            pytest.fail(f"{what}: the process ended with {process.returncode}: {process.communicate()}")
        if time.monotonic() > deadline:
            pytest.fail(f"not within {PATIENCE:g} s: {what}")
        tick.wait(0.02)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Stage, threading.Event]]:
    for name in [name for name in os.environ if name.startswith("STORYFOLD_")]:
        monkeypatch.delenv(name)
    with silent_site() as (address, came):
        stage = Stage(tmp_path, address)
        try:
            yield stage, came
        finally:
            stage.close()
            until(lambda: not stage.children(), "every process of the test ends")


def test_sigterm_stops_the_scheduler_and_the_run_under_way(stage: tuple[Stage, threading.Event]) -> None:
    here, came = stage
    here.run_before()
    scheduler = here.start("schedule")
    until(came.is_set, "the crawl asks the site", scheduler)
    run = here.run_once()
    assert run is not None
    assert (run.state, run.schedule, run.cause) == ("running", "yearly", "catch_up")
    assert run.slot == Crontab("0 0 1 1 *").last_slot(datetime.now(UTC))
    began = time.monotonic()
    scheduler.terminate()
    out, err = scheduler.communicate(timeout=10)
    took = time.monotonic() - began
    assert scheduler.returncode == 0, out + err
    assert took < 4, f"stopping took {took:.1f} s"
    run = here.run_once()
    assert run is not None
    assert (run.state, run.reason) == ("stopped", "stopped by SIGTERM")
    until(lambda: not here.children(), "crawl and fold end")
    assert "Traceback" not in err


def test_a_killed_scheduler_leaves_no_process_and_a_run_that_ended(stage: tuple[Stage, threading.Event]) -> None:
    here, came = stage
    here.run_before()
    scheduler = here.start("schedule")
    until(came.is_set, "the crawl asks the site", scheduler)
    scheduler.kill()
    until(lambda: not here.children(), "the run, its crawl and its fold end")
    run = here.run_once()
    assert run is not None
    assert run.state == "stopped"


def test_a_killed_run_leaves_no_process_and_the_next_takes_over(stage: tuple[Stage, threading.Event]) -> None:
    here, came = stage
    killed = here.start("run")
    until(came.is_set, "the crawl asks the site", killed)
    first = here.run_once()
    assert first is not None
    killed.kill()
    until(lambda: not here.children(), "crawl and fold end with the run")
    following = here.start("run", "--time-limit", "0.5", "--json")
    out, err = following.communicate(timeout=PATIENCE)
    told = json.loads(out)
    assert (following.returncode, told["state"], told["reason"]) == (1, "stopped", "time limit of 0.5 s"), err
    with here.database.read() as session:
        assert session.get_one(Run, first.id).state == "lost"
    until(lambda: not here.children(), "the time limit ends crawl and fold")


def test_a_second_run_leaves_the_work_to_the_first(stage: tuple[Stage, threading.Event]) -> None:
    here, came = stage
    first = here.start("run")
    until(came.is_set, "the crawl asks the site", first)
    second = here.start("run")
    _, err = second.communicate(timeout=PATIENCE)
    assert second.returncode == 75
    assert "is under way" in err
    first.send_signal(signal.SIGINT)
    out, _ = first.communicate(timeout=10)
    assert first.returncode == 1
    assert "stopped by SIGINT" in out


def test_next_slots_are_listed(stage: tuple[Stage, threading.Event]) -> None:
    here, _ = stage
    out, err = here.start("schedule", "--list", "--json", "--count", "2").communicate(timeout=PATIENCE)
    slots = [datetime.fromisoformat(row["slot"]) for row in json.loads(out)]
    following = Crontab("0 0 1 1 *").slots_after(datetime.now(UTC))
    assert slots == [next(following), next(following)], err
