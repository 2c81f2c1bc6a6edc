"""Where the own texts of a story come from: independent origins, each with its evidence."""

import sqlalchemy as sa
from alembic import op

from storage.types import BigInt, Json

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change. Stories that stand already get their origins from the next fold."""
    op.add_column(
        "story",
        sa.Column(
            "origins",
            BigInt,
            nullable=True,
            comment="independent ones, by `story_origin`; null: the next fold counts them",
        ),
    )
    op.create_table(
        "story_origin",
        sa.Column("story_id", BigInt, nullable=False),
        sa.Column("copy_group_id", BigInt, nullable=False),
        sa.Column("number", BigInt, nullable=False, comment="within its story: texts with one number share an origin"),
        sa.Column("origin", sa.String(), nullable=True, comment="an outlet or an agency; null: undetermined"),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("article_id", BigInt, nullable=False, comment="the first that prints the text"),
        sa.Column(
            "via_copy_group_id",
            BigInt,
            nullable=True,
            comment="whose origin it shares: of basis excerpt the longer text, of basis stated the medium's own report",
        ),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("reason", sa.String(), nullable=False, comment="the evidence in one line"),
        sa.Column("rules_version", BigInt, nullable=False),
        sa.CheckConstraint(
            "basis IN ('agency', 'stated', 'excerpt', 'first', 'undetermined')", name=op.f("ck_story_origin_basis")
        ),
        sa.CheckConstraint(
            "basis IN ('undetermined', 'stated', 'excerpt') OR origin IS NOT NULL", name=op.f("ck_story_origin_named")
        ),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_story_origin_story_id")),
        sa.ForeignKeyConstraint(["copy_group_id"], ["copy_group.id"], name=op.f("fk_story_origin_copy_group_id")),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_story_origin_article_id")),
        sa.ForeignKeyConstraint(
            ["via_copy_group_id"], ["copy_group.id"], name=op.f("fk_story_origin_via_copy_group_id")
        ),
        sa.PrimaryKeyConstraint("story_id", "copy_group_id", name=op.f("pk_story_origin")),
    )
    op.create_index(op.f("ix_story_origin_copy_group_id"), "story_origin", ["copy_group_id"], unique=False)
