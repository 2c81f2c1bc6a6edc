"""What operators decided about stories: never deleted, only undone."""

from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, one_of

DECISION_KINDS: Final = ("merge", "split", "pin", "rename")
DECISION_LINK_KINDS: Final = ("must_link", "cannot_link")


class Decision(Base):
    """What an operator said of a story, who and why. It binds every later fold until it is undone."""

    __tablename__ = "decision"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    story_id: Mapped[int] = mapped_column(
        ForeignKey("story.id"), index=True, comment="as it was called then; merged ids lead on"
    )
    title: Mapped[str | None] = mapped_column(comment="of a rename")
    decided_by: Mapped[str]
    why: Mapped[str]
    decided_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]
    __table_args__ = (
        CheckConstraint(one_of("kind", DECISION_KINDS), name="kind"),
        CheckConstraint("(kind = 'rename') = (title IS NOT NULL)", name="title"),
        CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone"),
    )


class DecisionLink(Base):
    """What a decision says of two articles, and of all that print their texts: together, or never in one story."""

    __tablename__ = "decision_link"
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"), primary_key=True)
    article_a_id: Mapped[int] = mapped_column(
        ForeignKey("article.id"), primary_key=True, comment="of a cannot_link: the one that leaves"
    )
    article_b_id: Mapped[int] = mapped_column(
        ForeignKey("article.id"), primary_key=True, comment="of the pin of a single article: itself"
    )
    kind: Mapped[str]
    __table_args__ = (
        CheckConstraint(one_of("kind", DECISION_LINK_KINDS), name="kind"),
        Index(None, "article_a_id"),
        Index(None, "article_b_id"),
        {"sqlite_with_rowid": False},
    )
