"""Hosts in trouble, as the next run must know them. Runs inside the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select

from storage.models import Host

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

# Longer than any pause: crawl.backoff_ceiling and a server's Retry-After end within a day.
KEPT: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A host that failed ``failures`` times in a row and, with ``paused_until``, is left alone until then."""

    failures: int
    paused_until: datetime | None
    reason: str


def load(session: Session, limit: int, *, now: datetime) -> dict[str, Trouble]:
    """Return what is known of hosts in trouble, at most ``limit`` of them, the latest last; forget what is old."""
    session.execute(delete(Host).where(Host.changed_at < now - KEPT))
    latest = select(Host).order_by(Host.changed_at.desc(), Host.name).limit(limit)
    rows = list(session.scalars(latest))
    return {row.name: Trouble(row.failures, row.paused_until, row.reason or "") for row in reversed(rows)}


def record(session: Session, name: str, trouble: Trouble, *, now: datetime) -> None:
    """Keep what is known of a host, in place of what was known before."""
    session.merge(
        Host(
            name=name,
            failures=trouble.failures,
            paused_until=trouble.paused_until,
            reason=trouble.reason,
            changed_at=now,
        )
    )


def forget(session: Session, name: str) -> None:
    """Note that a host works."""
    session.execute(delete(Host).where(Host.name == name))
