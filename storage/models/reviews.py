"""What operators answered when they were asked whether two reports tell one event; each answer is a decision, too."""

from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, one_of

REVIEW_KINDS: Final = ("least_certain", "drawn", "miss")
REVIEW_ANSWERS: Final = ("yes", "no")


class Review(Base):
    """One answer. Who gave it, when and why, and whether it was undone, its decision says."""

    __tablename__ = "review"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(comment="how it came to be asked; a miss is no join")
    article_a_id: Mapped[int] = mapped_column(ForeignKey("article.id"), comment="of a join: the one that joined")
    article_b_id: Mapped[int] = mapped_column(ForeignKey("article.id"), comment="the nearest report on the other side")
    reading_a_id: Mapped[int] = mapped_column(ForeignKey("reading.id"), comment="what it said when it was asked about")
    reading_b_id: Mapped[int] = mapped_column(ForeignKey("reading.id"))
    membership_id: Mapped[int | None] = mapped_column(
        ForeignKey("membership.id"), comment="the join that was asked about"
    )
    draw: Mapped[int] = mapped_column(comment="the pair's place in the lottery, the same whenever it is asked about")
    score: Mapped[float] = mapped_column(
        comment="of a join: as it joined; of a miss: mean similarity of the two stories"
    )
    needed: Mapped[float]
    answer: Mapped[str]
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"), unique=True)
    __table_args__ = (
        CheckConstraint(one_of("kind", REVIEW_KINDS), name="kind"),
        CheckConstraint(one_of("answer", REVIEW_ANSWERS), name="answer"),
        CheckConstraint("(kind = 'miss') = (membership_id IS NULL)", name="join"),
        Index(None, "article_a_id"),
        Index(None, "article_b_id"),
    )
