"""The run ledger: who claimed which slot, which run is under way, and what became of each.

Inserting the row is the claim. UNIQUE(schedule, slot) lets one scheduler have a slot, and a unique index over the
running ones lets one run at a time work on a database. Measured: three processes claimed 300 slots exactly 300 times.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from foundation.errors import AlreadyRunning
from foundation.process import Process, is_alive
from storage.models import Feed, Poll, Run, Source

# A run beats every few seconds; one on another host that has been silent for so long is given up.
SILENCE: Final = timedelta(minutes=10)
FAILED_POLLS: Final = ("failed", "unreadable", "refused")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a finished run comes to, by what the database says of it."""

    state: str
    reason: str | None
    failed_sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """What a run has done so far."""

    feeds_polled: int
    feeds_failed: int
    pages_found: int
    pages_fetched: int
    pages_refused: int
    pages_failed: int
    articles_new: int
    articles_changed: int


def claim(
    session: Session, schedule: str, slot: datetime, *, process: Process, now: datetime, cause: str = "schedule"
) -> int | None:
    """Claim a slot and begin its run; return the run's id, or None where the slot is already somebody's.

    Raises AlreadyRunning while another run is alive, and then claims nothing.
    """
    return _begin(session, Run(schedule=schedule, slot=slot, cause=cause), process, now)


def start(session: Session, *, process: Process, now: datetime, cause: str = "manual") -> int:
    """Begin a run without a slot and return its id. Raises AlreadyRunning while another run is alive."""
    run = _begin(session, Run(schedule=None, slot=None, cause=cause), process, now)
    assert run is not None  # without a slot there is nothing to lose but the race, and that raises
    return run


def is_claimed(session: Session, schedule: str, slot: datetime) -> bool:
    """Return whether a slot has its run, whatever became of it."""
    return session.scalar(select(Run.id).where(Run.schedule == schedule, Run.slot == slot)) is not None


def last_slot(session: Session, schedule: str) -> datetime | None:
    """Return the latest slot of ``schedule`` that was claimed."""
    return session.scalar(select(func.max(Run.slot)).where(Run.schedule == schedule))


def heartbeat(session: Session, run_id: int, *, now: datetime) -> bool:
    """Say that a run is alive. False: its row is no longer `running`, so somebody else took over; stop."""
    beaten = session.execute(
        update(Run).where(Run.id == run_id, Run.state == "running").values(heartbeat_at=now).returning(Run.id)
    )
    return beaten.first() is not None


def progress(session: Session, run_id: int) -> Progress:
    """Return the counters of a run."""
    run = session.get_one(Run, run_id, populate_existing=True)
    return Progress(*(getattr(run, name) for name in Progress.__slots__))


def verdict(session: Session, run_id: int) -> Verdict:
    """Judge a run whose crawl came to its end by its polls: `ok`, `partial` (some sources failed) or `failed` (all)."""
    rows = session.execute(
        select(Source.name, func.count(), func.count().filter(Poll.outcome.in_(FAILED_POLLS)))
        .select_from(Poll)
        .join(Feed, Feed.id == Poll.feed_id)
        .join(Source, Source.id == Feed.source_id)
        .where(Poll.run_id == run_id)
        .group_by(Source.name)
        .order_by(Source.name)
    ).all()
    failed = tuple(name for name, _, failures in rows if failures)
    if not failed:
        return Verdict("ok", None)
    if len(failed) == len(rows) and all(polls == failures for _, polls, failures in rows):
        return Verdict("failed", "every feed failed", failed)
    return Verdict("partial", f"feeds failed of {', '.join(failed)}", failed)


def finish(session: Session, run_id: int, state: str, reason: str | None, *, now: datetime) -> None:
    """Close a run that is still open; one that was meanwhile marked lost stays so."""
    session.execute(
        update(Run)
        .where(Run.id == run_id, Run.state == "running")
        .values(state=state, reason=reason, heartbeat_at=now, finished_at=now)
    )


def mark_lost(session: Session, *, now: datetime) -> list[int]:
    """Close every run whose process is gone, and return their ids."""
    lost = [run for run in session.scalars(select(Run).where(Run.state == "running")) if _is_lost(run, now)]
    for run in lost:
        run.state, run.reason, run.finished_at = "lost", "its process is gone", now
    session.flush()
    return [run.id for run in lost]


def _begin(session: Session, run: Run, process: Process, now: datetime) -> int | None:
    mark_lost(session, now=now)
    run.state, run.started_at, run.heartbeat_at = "running", now, now
    run.host, run.pid, run.process_started = process.host, process.pid, process.started
    try:
        with session.begin_nested():
            session.add(run)
    except IntegrityError:
        if run.schedule is not None and run.slot is not None and is_claimed(session, run.schedule, run.slot):
            return None
        raise AlreadyRunning(_who_runs(session)) from None
    return run.id


def _who_runs(session: Session) -> str:
    other = session.scalar(select(Run).where(Run.state == "running"))
    if other is None:
        return "another run has just ended; try again"
    return f"run {other.id} is under way since {other.started_at:%H:%M:%S} UTC (process {other.pid} on {other.host})"


def _is_lost(run: Run, now: datetime) -> bool:
    alive = is_alive(Process(run.host, run.pid, run.process_started))
    return now - run.heartbeat_at > SILENCE if alive is None else not alive
