"""Who printed whose text: keys, verified links, copy groups."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, one_of

LINK_KINDS: Final = ("copy", "revision", "excerpt", "passage", "same_headline", "shared_quote")


class Key(Base):
    """A hash that near-duplicates share, committed before candidates are looked up.

    ``hash & 3`` is its kind: 0 band, 1 sample, 2 digest of the whole text.
    """

    __tablename__ = "key"
    hash: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True, comment="of the article's time, days since 1970-01-01")
    reading_id: Mapped[int] = mapped_column(ForeignKey("reading.id"), primary_key=True)
    __table_args__ = (Index(None, "day"), {"sqlite_with_rowid": False})


class Link(Base):
    """A verified relation of two articles, citing the readings it was verified on. Current while both of them are."""

    __tablename__ = "link"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    article_a_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    article_b_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    reading_a_id: Mapped[int] = mapped_column(ForeignKey("reading.id"))
    reading_b_id: Mapped[int] = mapped_column(ForeignKey("reading.id"), index=True)
    jaccard: Mapped[float]
    containment_a: Mapped[float] = mapped_column(comment="share of a's shingles that b has")
    containment_b: Mapped[float]
    shared_words: Mapped[int]
    evidence: Mapped[dict[str, Any]]
    rules_version: Mapped[int]
    created_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("reading_a_id", "reading_b_id", "kind"),
        CheckConstraint(one_of("kind", LINK_KINDS), name="kind"),
        CheckConstraint("article_a_id < article_b_id", name="order"),
    )


class CopyGroup(Base):
    """Articles with one text: a connected component of current copy links. One vote in a story."""

    __tablename__ = "copy_group"
    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    learnt_at: Mapped[datetime | None] = mapped_column(comment="its words are in the document frequencies, once")
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("copy_group.id"), comment="an id once seen resolves")
    __table_args__ = ({"sqlite_autoincrement": True},)
