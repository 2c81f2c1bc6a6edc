"""One process at a time: an advisory lock on PostgreSQL, a lease row that its holder renews on SQLite."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete, text, update

from foundation.errors import AlreadyRunning
from foundation.process import Process, is_alive, this_process
from storage.engine import Database
from storage.models import Lease

LEASE: Final = timedelta(seconds=60)  # a holder on another host that is silent for so long has lost it
RENEW_SECONDS: Final = 15.0


@contextmanager
def exclusive(database: Database, name: str) -> Iterator[None]:
    """Hold ``name`` for the length of the block. Raises AlreadyRunning where a living process holds it."""
    holding = _advisory_lock if database.dialect == "postgresql" else _lease
    with holding(database, name):
        yield


@contextmanager
def _advisory_lock(database: Database, name: str) -> Iterator[None]:
    # The lock belongs to the connection: it is gone with the process, however that ends.
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        held = connection.scalar(text("SELECT pg_try_advisory_lock(hashtext(:name))"), {"name": f"storyfold {name}"})
        if not held:
            raise AlreadyRunning(f"another process holds {name!r}")
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(hashtext(:name))"), {"name": f"storyfold {name}"})


@contextmanager
def _lease(database: Database, name: str) -> Iterator[None]:
    holder = str(this_process())
    _take(database, name, holder)
    stop = threading.Event()
    renewal = threading.Thread(target=_renew, args=(database, name, holder, stop), name=f"lease {name}", daemon=True)
    renewal.start()
    try:
        yield
    finally:
        stop.set()
        renewal.join()
        with database.write() as session:
            session.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))


def _take(database: Database, name: str, holder: str) -> None:
    now = datetime.now(UTC)
    with database.write() as session:
        lease = session.get(Lease, name)
        if lease is not None:
            alive = is_alive(Process.parse(lease.holder))
            if alive or (alive is None and lease.expires_at > now):
                raise AlreadyRunning(
                    f"{name!r} is held by process {lease.holder.split()[1]} on {lease.holder.split()[0]}"
                )
            session.delete(lease)
            session.flush()
        session.add(Lease(name=name, holder=holder, expires_at=now + LEASE))


def _renew(database: Database, name: str, holder: str, stop: threading.Event) -> None:
    while not stop.wait(RENEW_SECONDS):
        with database.write() as session:
            mine = update(Lease).where(Lease.name == name, Lease.holder == holder)
            session.execute(mine.values(expires_at=datetime.now(UTC) + LEASE))
