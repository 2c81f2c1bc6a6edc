"""Who printed whose text: keys, verified links, copy groups."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, one_of

LINK_KINDS: Final = ("copy", "revision", "excerpt", "passage", "same_headline", "shared_quote")


class Key(Base):
    """A hash that near-duplicates share, committed before candidates are looked up.

    ``hash & 7`` is its kind: 0 band, 1 sample, 2 digest of the whole text, 3 headline, 4 quotation. Rows are made from
    ``reading.keys`` and can be made again from there; so no foreign key, whose check would cost more than the row.
    """

    __tablename__ = "key"
    bucket: Mapped[int] = mapped_column(primary_key=True, comment="of `key_bucket`: rows of one time lie together")
    hash: Mapped[int] = mapped_column(primary_key=True)
    reading_id: Mapped[int] = mapped_column(primary_key=True)
    __table_args__ = ({"sqlite_with_rowid": False},)


class KeyBucket(Base):
    """Eight days of keys, by the articles' times. Dropped when no window reaches it, filled again when one does."""

    __tablename__ = "key_bucket"
    bucket: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, comment="days since 1970-01-01, by eights; -1: without a time"
    )
    touched_at: Mapped[datetime] = mapped_column(comment="when keys were last put in or looked for")
    evicted_at: Mapped[datetime | None] = mapped_column(comment="its rows are gone since; the packed keys are not")


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
    share_a: Mapped[float] = mapped_column(server_default=text("0"), comment="share of a's words that stand in b")
    share_b: Mapped[float] = mapped_column(server_default=text("0"))
    shared_words: Mapped[int]
    from_article_id: Mapped[int | None] = mapped_column(
        ForeignKey("article.id"),
        comment="of an excerpt: whose text holds the other's; of a passage: the earlier, null where times do not tell",
    )
    evidence: Mapped[dict[str, Any]]
    rules_version: Mapped[int]
    created_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("reading_a_id", "reading_b_id", "kind"),
        CheckConstraint(one_of("kind", LINK_KINDS), name="kind"),
        CheckConstraint("article_a_id < article_b_id", name="order"),
    )


class CopyGroup(Base):
    """Articles with one text, one vote in a story: a component of current copy links, or a part of one that drifted."""

    __tablename__ = "copy_group"
    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    is_part: Mapped[bool] = mapped_column(
        default=False,
        server_default=false(),
        comment="its texts hang together with those of other groups, but have drifted too far apart to be one text",
    )
    learnt_at: Mapped[datetime | None] = mapped_column(comment="its words are in the document frequencies, once")
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("copy_group.id"), comment="an id once seen resolves")
    __table_args__ = ({"sqlite_autoincrement": True},)
