"""What a feed may have listed between two polls without anybody seeing it."""

from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, one_of

GAP_STATES: Final = ("suspected", "confirmed", "closed", "refuted")


class Gap(Base):
    """A poll that saw nothing again of the poll before: what came and went between them was not seen.

    Suspected until the site's sitemap was asked about that window. Pages found there that no feed showed confirm it,
    having fetched them closes it, none refutes it.
    """

    __tablename__ = "gap"
    id: Mapped[int] = mapped_column(primary_key=True)
    feed_id: Mapped[int] = mapped_column(ForeignKey("feed.id"), index=True)
    poll_id: Mapped[int] = mapped_column(ForeignKey("poll.id"), comment="the poll that saw nothing again")
    since: Mapped[datetime] = mapped_column(comment="what is missing is not older")
    until: Mapped[datetime] = mapped_column(comment="what is missing is not newer")
    state: Mapped[str]
    reason: Mapped[str | None] = mapped_column(comment="what decided it, or why nothing has yet")
    sitemap_url: Mapped[str | None] = mapped_column(comment="the one that decided it")
    pages_listed: Mapped[int] = mapped_column(default=0, comment="that the sitemap dates within the window")
    pages_missed: Mapped[int] = mapped_column(default=0, comment="of those, that no feed had shown")
    checks: Mapped[int] = mapped_column(default=0, comment="times that sitemaps were asked")
    next_check_at: Mapped[datetime | None] = mapped_column(comment="while it is open; null: not asked any more")
    listed_before: Mapped[bytes | None] = mapped_column(comment="packed: what the poll before listed; while asked")
    listed_after: Mapped[bytes | None] = mapped_column(comment="packed: what that poll listed; while asked")
    opened_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint(one_of("state", GAP_STATES), name="state"),
        CheckConstraint("since <= until", name="window"),
        Index(
            "ix_gap_open",
            "next_check_at",
            sqlite_where=sql("state IN ('suspected', 'confirmed')"),
            postgresql_where=sql("state IN ('suspected', 'confirmed')"),
        ),
    )
