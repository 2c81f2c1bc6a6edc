"""What operators answered when they were asked whether two reports tell one event."""

import sqlalchemy as sa
from alembic import op

from storage.types import BigInt

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

REFERENCES = {
    "article_a_id": "article",
    "article_b_id": "article",
    "reading_a_id": "reading",
    "reading_b_id": "reading",
    "membership_id": "membership",
    "decision_id": "decision",
}


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "review",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("kind", sa.String(), nullable=False, comment="how it came to be asked; a miss is no join"),
        sa.Column("article_a_id", BigInt, nullable=False, comment="of a join: the one that joined"),
        sa.Column("article_b_id", BigInt, nullable=False, comment="the nearest report on the other side"),
        sa.Column("reading_a_id", BigInt, nullable=False, comment="what it said when it was asked about"),
        sa.Column("reading_b_id", BigInt, nullable=False),
        sa.Column("membership_id", BigInt, nullable=True, comment="the join that was asked about"),
        sa.Column(
            "draw",
            BigInt,
            nullable=False,
            comment="the pair's place in the lottery, the same whenever it is asked about",
        ),
        sa.Column(
            "score",
            sa.Double(),
            nullable=False,
            comment="of a join: as it joined; of a miss: mean similarity of the two stories",
        ),
        sa.Column("needed", sa.Double(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("decision_id", BigInt, nullable=False),
        sa.CheckConstraint("kind IN ('least_certain', 'drawn', 'miss')", name=op.f("ck_review_kind")),
        sa.CheckConstraint("answer IN ('yes', 'no')", name=op.f("ck_review_answer")),
        sa.CheckConstraint("(kind = 'miss') = (membership_id IS NULL)", name=op.f("ck_review_join")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_review_{column}"))
            for column, table in REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_review_decision_id")),
    )
    for end in ("article_a_id", "article_b_id"):
        op.create_index(op.f(f"ix_review_{end}"), "review", [end], unique=False)
