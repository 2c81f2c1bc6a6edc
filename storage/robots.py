"""Robots rules across runs: what an origin's robots.txt said, believed until it expires, and a while longer in need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from foundation.compress import compress, decompress
from storage.models import Robots

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

# RFC 9309, 2.3.1.4: while robots.txt is unreachable a cached copy may be used "for a reasonably long period of time
# (for example, 30 days)". Its other reading, that everything is allowed by then, is not ours.
STALE_LIMIT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a robots.txt said; an empty ``body`` allows everything. One that is not fresh counts in need only."""

    body: bytes
    status: int | None
    expires_at: datetime
    is_fresh: bool


def load(session: Session, origin: str, is_private: bool, *, now: datetime) -> Rules | None:
    """Return the rules of an origin (``https://example.org``) as last read; None where they are unknown or too old.

    ``is_private``: as asked by a source that may reach private addresses; it may have met another server.
    """
    row = session.execute(
        select(Robots.body, Robots.status, Robots.expires_at).where(
            Robots.origin == origin, Robots.is_private == is_private, Robots.expires_at > now - STALE_LIMIT
        )
    ).one_or_none()
    if row is None:
        return None
    return Rules(decompress(row.body) if row.body else b"", row.status, row.expires_at, row.expires_at > now)


def store(
    session: Session,
    origin: str,
    is_private: bool,
    body: bytes,
    *,
    status: int | None,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Keep what a robots.txt said until ``expires_at``, in place of what it said before; forget what is too old."""
    values = {
        "status": status,
        "body": compress(body) if body else None,
        "fetched_at": now,
        "expires_at": expires_at,
    }
    row = values | {"origin": origin, "is_private": is_private}
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert(Robots).values(row) if dialect == "postgresql" else sqlite.insert(Robots).values(row)
    session.execute(insert.on_conflict_do_update(index_elements=["origin", "is_private"], set_=values))
    session.execute(delete(Robots).where(Robots.expires_at <= now - STALE_LIMIT))
