"""What hosts said of themselves, across runs: robots rules, trouble, and how many pages of a day they had."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base


class Robots(Base):
    """One origin's robots.txt, believed until it expires (RFC 9309, 2.4: a day at most)."""

    __tablename__ = "robots"
    id: Mapped[int] = mapped_column(primary_key=True)
    origin: Mapped[str] = mapped_column(comment="scheme, host and port")
    is_private: Mapped[bool] = mapped_column(comment="asked for a source that may reach private addresses")
    status: Mapped[int | None] = mapped_column(comment="HTTP status, where one came")
    body: Mapped[bytes | None] = mapped_column(comment="zstd; null: everything is allowed")
    fetched_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    __table_args__ = (UniqueConstraint("origin", "is_private"),)


class Host(Base):
    """A host that is in trouble: nothing is asked of it before ``paused_until``, however many runs there are."""

    __tablename__ = "host"
    name: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(comment="in a row: server errors, timeouts, lost connections")
    paused_until: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(comment="of the last failure")
    changed_at: Mapped[datetime] = mapped_column(index=True)


class Budget(Base):
    """How many pages of one URL pattern of a host a source asks for on one day; an empty pattern counts them all."""

    __tablename__ = "budget"
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"), primary_key=True)
    host: Mapped[str] = mapped_column(primary_key=True)
    pattern: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True, index=True)
    pages: Mapped[int]
