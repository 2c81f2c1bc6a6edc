"""What operators decide about stories, and which decision holds an article where it stands."""

import sqlalchemy as sa
from alembic import op

from storage.types import BigInt, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "decision",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("story_id", BigInt, nullable=False, comment="as it was called then; merged ids lead on"),
        sa.Column("title", sa.String(), nullable=True, comment="of a rename"),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("undone_by", sa.String(), nullable=True),
        sa.CheckConstraint("kind IN ('merge', 'split', 'pin', 'rename')", name=op.f("ck_decision_kind")),
        sa.CheckConstraint("(kind = 'rename') = (title IS NOT NULL)", name=op.f("ck_decision_title")),
        sa.CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name=op.f("ck_decision_undone")),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_decision_story_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index(op.f("ix_decision_story_id"), "decision", ["story_id"], unique=False)
    _links()
    _membership()


def _links() -> None:
    op.create_table(
        "decision_link",
        sa.Column("decision_id", BigInt, nullable=False),
        sa.Column("article_a_id", BigInt, nullable=False, comment="of a cannot_link: the one that leaves"),
        sa.Column("article_b_id", BigInt, nullable=False, comment="of the pin of a single article: itself"),
        sa.Column("kind", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('must_link', 'cannot_link')", name=op.f("ck_decision_link_kind")),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"], name=op.f("fk_decision_link_decision_id")),
        sa.ForeignKeyConstraint(["article_a_id"], ["article.id"], name=op.f("fk_decision_link_article_a_id")),
        sa.ForeignKeyConstraint(["article_b_id"], ["article.id"], name=op.f("fk_decision_link_article_b_id")),
        sa.PrimaryKeyConstraint("decision_id", "article_a_id", "article_b_id", name=op.f("pk_decision_link")),
        sqlite_with_rowid=False,
    )
    for end in ("article_a_id", "article_b_id"):
        op.create_index(op.f(f"ix_decision_link_{end}"), "decision_link", [end], unique=False)


def _membership() -> None:
    """Add a reference. SQLite can have it with a new column only, and Alembic would copy the whole table."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("ALTER TABLE membership ADD COLUMN decision_id INTEGER REFERENCES decision(id)")
        return
    op.add_column(
        "membership", sa.Column("decision_id", BigInt, nullable=True, comment="of basis operator: what holds it here")
    )
    op.create_foreign_key("fk_membership_decision_id", "membership", "decision", ["decision_id"], ["id"])
