"""Which reports tell one event: stories and memberships with their evidence; and who may work on them."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, one_of

BASES: Final = ("first", "copy", "same_event", "shared_quote", "operator", "merge", "split")
ORIGIN_BASES: Final = ("agency", "stated", "excerpt", "first", "undetermined")
STORY_STATES: Final = ("open", "frozen", "merged", "dissolved")

# What a current place in a story is refused without; "first" of a story of one has nobody to be like.
WHOLE_PROOF: Final = (
    "left_at IS NOT NULL OR reason <> '' AND CASE basis"
    " WHEN 'same_event' THEN runner_up IS NOT NULL AND margin IS NOT NULL AND via_article_id IS NOT NULL"
    " WHEN 'copy' THEN via_article_id IS NOT NULL"
    " WHEN 'operator' THEN decision_id IS NOT NULL"
    " ELSE TRUE END"
)


class Story(Base):
    """Copy groups about one event. The counters equal a recount; `doctor` proves it."""

    __tablename__ = "story"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("story.id"))
    title: Mapped[str] = mapped_column(comment="of its first article")
    language: Mapped[str | None]
    created_at: Mapped[datetime]
    first_at: Mapped[datetime] = mapped_column(index=True)
    last_at: Mapped[datetime] = mapped_column(index=True)
    first_article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"))
    articles: Mapped[int] = mapped_column(default=0)
    outlets: Mapped[int] = mapped_column(default=0)
    owners: Mapped[int] = mapped_column(default=0)
    copy_groups: Mapped[int] = mapped_column(default=0)
    origins: Mapped[int | None] = mapped_column(
        comment="independent ones, by `story_origin`; null: the next fold counts them"
    )
    __table_args__ = (
        CheckConstraint(one_of("state", STORY_STATES), name="state"),
        CheckConstraint("(state = 'merged') = (merged_into_id IS NOT NULL)", name="merged"),
        Index(
            "ix_story_open",
            "last_at",
            sqlite_where=sql("state = 'open'"),
            postgresql_where=sql("state = 'open'"),
        ),
        {"sqlite_autoincrement": True},
    )


class Membership(Base):
    """An article's place in a story, with its evidence. Closed, not deleted, when the article leaves."""

    __tablename__ = "membership"
    id: Mapped[int] = mapped_column(primary_key=True)
    story_id: Mapped[int] = mapped_column(ForeignKey("story.id"), index=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    reading_id: Mapped[int] = mapped_column(ForeignKey("reading.id"))
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    left_reason: Mapped[str | None]
    basis: Mapped[str]
    via_article_id: Mapped[int | None] = mapped_column(
        ForeignKey("article.id"), comment="the nearest report in the story"
    )
    score: Mapped[float | None] = mapped_column(comment="mean similarity to the rest of the story")
    threshold: Mapped[float | None]
    runner_up: Mapped[float | None] = mapped_column(comment="the best mean similarity to another story")
    margin: Mapped[float | None]
    evidence: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(comment="the evidence in one line")
    decision_id: Mapped[int | None] = mapped_column(
        ForeignKey("decision.id"), comment="of basis operator: what holds it here"
    )
    rules_version: Mapped[int]
    epoch: Mapped[int | None] = mapped_column(comment="of `idf_epoch`: what was known of words when it was scored")
    __table_args__ = (
        Index(
            "uq_membership_current",
            "article_id",
            unique=True,
            sqlite_where=sql("left_at IS NULL"),
            postgresql_where=sql("left_at IS NULL"),
        ),
        Index("ix_membership_article_id", "article_id"),
        CheckConstraint(one_of("basis", BASES), name="basis"),
        CheckConstraint("basis <> 'same_event' OR (score IS NOT NULL AND threshold IS NOT NULL)", name="proof"),
        CheckConstraint(WHOLE_PROOF, name="whole_proof"),
    )


class StoryOrigin(Base):
    """Where an own text of a story comes from, with its evidence. Made anew whenever the story's counters are."""

    __tablename__ = "story_origin"
    story_id: Mapped[int] = mapped_column(ForeignKey("story.id"), primary_key=True)
    copy_group_id: Mapped[int] = mapped_column(ForeignKey("copy_group.id"), primary_key=True)
    number: Mapped[int] = mapped_column(comment="within its story: texts with one number share an origin")
    origin: Mapped[str | None] = mapped_column(comment="an outlet or an agency; null: undetermined")
    basis: Mapped[str]
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), comment="the first that prints the text")
    via_copy_group_id: Mapped[int | None] = mapped_column(
        ForeignKey("copy_group.id"),
        comment="whose origin it shares: of basis excerpt the longer text, of basis stated the medium's own report",
    )
    evidence: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(comment="the evidence in one line")
    rules_version: Mapped[int]
    __table_args__ = (
        Index(None, "copy_group_id"),
        CheckConstraint(one_of("basis", ORIGIN_BASES), name="basis"),
        CheckConstraint("basis IN ('undetermined', 'stated', 'excerpt') OR origin IS NOT NULL", name="named"),
    )


class StoryEvent(Base):
    """What became of a story and why: created, merged, split, restored."""

    __tablename__ = "story_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    story_id: Mapped[int] = mapped_column(ForeignKey("story.id"), index=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    other_story_id: Mapped[int | None] = mapped_column(ForeignKey("story.id"))
    reason: Mapped[str]


class Lease(Base):
    """Who holds a piece of work that only one process may do (SQLite; PostgreSQL has advisory locks)."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str] = mapped_column(comment="host, process number and its start")
    expires_at: Mapped[datetime]
