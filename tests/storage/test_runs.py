"""The run ledger: one claim a slot, one run at a time, and nobody's run for ever."""

import os
import socket
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from foundation.errors import AlreadyRunning
from foundation.process import Process, this_process
from storage import runs
from storage.engine import Database
from storage.models import Feed, Poll, Run, Source

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROOT = Path(__file__).parent.parent.parent


def claim(database: Database, slot: datetime, *, process: Process | None = None, now: datetime = NOON) -> int | None:
    with database.write() as session:
        return runs.claim(session, "hourly", slot, process=process or this_process(), now=now)


def finish(database: Database, run_id: int, state: str = "ok", reason: str | None = None) -> None:
    with database.write() as session:
        runs.finish(session, run_id, state, reason, now=NOON + timedelta(minutes=1))


def state_of(database: Database, run_id: int) -> str:
    with database.read() as session:
        return session.get_one(Run, run_id).state


def gone() -> Process:
    """A process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    process = Process(socket.gethostname(), child.pid, "1@an earlier boot")
    child.wait()
    return process


def test_a_slot_is_claimed_once(database: Database) -> None:
    run_id = claim(database, NOON)
    assert run_id is not None
    finish(database, run_id)
    assert claim(database, NOON) is None
    assert claim(database, NOON + timedelta(hours=1)) is not None
    with database.read() as session:
        assert runs.is_claimed(session, "hourly", NOON)
        assert not runs.is_claimed(session, "daily", NOON)
        assert runs.last_slot(session, "hourly") == NOON + timedelta(hours=1)
        assert runs.last_slot(session, "daily") is None


def test_one_run_at_a_time(database: Database) -> None:
    run_id = claim(database, NOON)
    assert run_id is not None
    with database.write() as session, pytest.raises(AlreadyRunning, match=f"run {run_id} .*process {os.getpid()}"):
        runs.start(session, process=this_process(), now=NOON)
    with pytest.raises(AlreadyRunning):
        claim(database, NOON + timedelta(hours=1))
    finish(database, run_id)
    with database.write() as session:
        assert runs.start(session, process=this_process(), now=NOON) != run_id


def test_a_claim_that_was_refused_leaves_nothing_behind(database: Database) -> None:
    run_id = claim(database, NOON)
    with pytest.raises(AlreadyRunning):
        claim(database, NOON + timedelta(hours=1))
    with database.read() as session:
        assert list(session.scalars(select(Run.id))) == [run_id]


def test_the_run_of_a_dead_process_is_lost_and_its_place_taken(database: Database) -> None:
    dead = claim(database, NOON, process=gone())
    assert dead is not None
    assert claim(database, NOON + timedelta(hours=1)) is not None
    assert state_of(database, dead) == "lost"
    assert claim(database, NOON) is None  # its slot stays claimed: what it began is carried on by the next run


def test_a_process_number_that_was_given_again_is_not_the_run(database: Database) -> None:
    reused = Process(socket.gethostname(), os.getpid(), "1@an earlier boot")
    dead = claim(database, NOON, process=reused)
    assert dead is not None
    with database.write() as session:
        assert runs.mark_lost(session, now=NOON) == [dead]


@pytest.mark.parametrize(("silent", "is_lost"), [(timedelta(minutes=9), False), (timedelta(minutes=11), True)])
def test_a_run_on_another_host_is_lost_when_silent(database: Database, silent: timedelta, is_lost: bool) -> None:
    far = claim(database, NOON, process=Process("another-host", os.getpid(), ""))
    assert far is not None
    with database.write() as session:
        assert runs.mark_lost(session, now=NOON + silent) == ([far] if is_lost else [])


def test_a_heartbeat_keeps_a_run_alive_and_tells_when_it_was_given_up(database: Database) -> None:
    far = claim(database, NOON, process=Process("another-host", os.getpid(), ""))
    assert far is not None
    with database.write() as session:
        assert runs.heartbeat(session, far, now=NOON + timedelta(minutes=9))
    with database.write() as session:
        assert runs.mark_lost(session, now=NOON + timedelta(minutes=15)) == []
        assert runs.mark_lost(session, now=NOON + timedelta(minutes=20)) == [far]
        assert not runs.heartbeat(session, far, now=NOON + timedelta(minutes=20))


def test_what_was_marked_lost_stays_lost(database: Database) -> None:
    dead = claim(database, NOON, process=gone())
    assert dead is not None
    with database.write() as session:
        runs.mark_lost(session, now=NOON)
    finish(database, dead, "ok")
    assert state_of(database, dead) == "lost"


@pytest.mark.parametrize(
    ("outcomes", "state", "failed"),
    [
        ({}, "ok", ()),
        ({"a": ["read"], "b": ["unchanged"]}, "ok", ()),
        ({"a": ["read", "failed"], "b": ["read"]}, "partial", ("a",)),
        ({"a": ["failed"], "b": ["read"]}, "partial", ("a",)),
        ({"a": ["failed", "unreadable"], "b": ["refused"]}, "failed", ("a", "b")),
    ],
)
def test_the_polls_decide_what_a_run_comes_to(
    database: Database, outcomes: dict[str, list[str]], state: str, failed: tuple[str, ...]
) -> None:
    run_id = claim(database, NOON)
    with database.write() as session:
        for name, polled in outcomes.items():
            source = Source(name=name, url="https://x.example/", created_at=NOON)
            session.add(source)
            session.flush()
            for number, outcome in enumerate(polled):
                key = f"{name}{number}".encode().ljust(32, b"0")
                feed = Feed(source_id=source.id, url="x", key=key, kind="rss", next_poll_at=NOON, interval_seconds=300)
                session.add(feed)
                session.flush()
                session.add(Poll(feed_id=feed.id, run_id=run_id, at=NOON, outcome=outcome))
    with database.read() as session:
        assert run_id is not None
        verdict = runs.verdict(session, run_id)
    assert (verdict.state, verdict.failed_sources) == (state, failed)


CLAIMER = """
    import sys
    from datetime import UTC, datetime, timedelta
    from foundation.errors import AlreadyRunning
    from foundation.process import this_process
    from storage import runs
    from storage.engine import Database

    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    print("ready", flush=True)
    sys.stdin.readline()
    with Database.open(sys.argv[1]) as database:
        for hour in range(int(sys.argv[2])):
            slot = noon + timedelta(hours=hour)
            while True:
                try:
                    with database.write() as session:
                        run_id = runs.claim(session, "hourly", slot, process=this_process(), now=slot)
                    break
                except AlreadyRunning:
                    continue
            if run_id is not None:
                print(hour, flush=True)
                with database.write() as session:
                    runs.finish(session, run_id, "ok", None, now=slot)
"""
PROCESSES, SLOTS = 3, 30


def test_processes_that_race_claim_every_slot_exactly_once(database: Database) -> None:
    address = database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", textwrap.dedent(CLAIMER), address, str(SLOTS)]
    racers = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    claimed = [int(line) for racer in racers for line in racer.communicate(timeout=120)[0].split()]
    assert [racer.returncode for racer in racers] == [0] * PROCESSES
    assert sorted(claimed) == list(range(SLOTS))
