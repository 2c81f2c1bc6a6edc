"""How alike copy groups are: the words they are looked up by, their neighbours with the score, and idf epochs."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base


class Idf(Base):
    """Document frequencies of one language, learnt from the stream: packed counts of hashed terms."""

    __tablename__ = "idf"
    language: Mapped[str] = mapped_column(primary_key=True, comment="empty where unknown")
    articles: Mapped[int]
    counts: Mapped[bytes]


class IdfEpoch(Base):
    """What was known of a language's words when scores were computed; never changed, so each can be computed again."""

    __tablename__ = "idf_epoch"
    language: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="from 1")
    made_at: Mapped[datetime]
    read: Mapped[int] = mapped_column(comment="own texts read until then")
    articles: Mapped[int] = mapped_column(comment="of those, how many count: reports of one story may count as one")
    counts: Mapped[bytes] = mapped_column(comment="packed as in `idf`")


class Posting(Base):
    """A word that a copy group is looked up by: one of its rarest. Can be made again from its text; no foreign key."""

    __tablename__ = "posting"
    term: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="hash of language and stem")
    at: Mapped[int] = mapped_column(primary_key=True, comment="seconds since 1970; far below 0: without a time")
    group_id: Mapped[int] = mapped_column(primary_key=True)
    weight: Mapped[int] = mapped_column(comment="of the unit vector, in 1/1023")
    __table_args__ = ({"sqlite_with_rowid": False},)


class Scored(Base):
    """A copy group as its postings and scores have it; where its first article is another one now, they are stale."""

    __tablename__ = "scored"
    group_id: Mapped[int] = mapped_column(ForeignKey("copy_group.id"), primary_key=True, autoincrement=False)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True, comment="the one that speaks for it")
    reading_id: Mapped[int] = mapped_column(ForeignKey("reading.id"))
    at: Mapped[int] = mapped_column(comment="as in `posting`")
    language: Mapped[str] = mapped_column(index=True)
    terms: Mapped[bytes] = mapped_column(comment="of its postings, packed: eight bytes each, little-endian")
    epoch: Mapped[int] = mapped_column(comment="of `idf_epoch`")
    rules: Mapped[str] = mapped_column(comment="what else its scores depend on: versions, days of the window")
    is_done: Mapped[bool] = mapped_column(comment="whether its neighbours were looked for, besides its postings")
    sampled_below: Mapped[float] = mapped_column(
        comment="of neighbours beyond the best, those are kept whose hash is below this share of all hashes"
    )


class Neighbour(Base):
    """How likely two copy groups tell one event. Each keeps a bounded number; a pair that neither keeps is deleted."""

    __tablename__ = "neighbour"
    group_a_id: Mapped[int] = mapped_column(ForeignKey("copy_group.id"), primary_key=True)
    group_b_id: Mapped[int] = mapped_column(ForeignKey("copy_group.id"), primary_key=True, index=True)
    score: Mapped[float] = mapped_column(comment="0 to 1, whatever the days between them")
    days_apart: Mapped[float | None] = mapped_column(comment="empty where one has no time")
    weight: Mapped[float] = mapped_column(comment="how many candidates it stands for, of which a sample was compared")
    chance_a: Mapped[float] = mapped_column(comment="with which a keeps it; 0: it does not")
    chance_b: Mapped[float] = mapped_column(comment="with which b keeps it")
    epoch: Mapped[int] = mapped_column(comment="of `idf_epoch`, in the language of both")
    __table_args__ = (CheckConstraint("group_a_id < group_b_id", name="order"), {"sqlite_with_rowid": False})
