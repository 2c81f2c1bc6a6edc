"""How alike copy groups are, in rows: postings, neighbours, and the idf epochs their scores were computed with."""

import sqlalchemy as sa
from alembic import op

from storage.types import BigInt, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change, and let every article wait for its story: nothing has a neighbour yet."""
    op.create_table(
        "idf_epoch",
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("number", BigInt, nullable=False, autoincrement=False, comment="from 1"),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("read", BigInt, nullable=False, comment="own texts read until then"),
        sa.Column(
            "articles",
            BigInt,
            nullable=False,
            comment="of those, how many count: reports of one story may count as one",
        ),
        sa.Column("counts", sa.LargeBinary(), nullable=False, comment="packed as in `idf`"),
        sa.PrimaryKeyConstraint("language", "number", name=op.f("pk_idf_epoch")),
    )
    op.create_table(
        "posting",
        sa.Column("term", BigInt, nullable=False, autoincrement=False, comment="hash of language and stem"),
        sa.Column("at", BigInt, nullable=False, comment="seconds since 1970; far below 0: without a time"),
        sa.Column("group_id", BigInt, nullable=False),
        sa.Column("weight", BigInt, nullable=False, comment="of the unit vector, in 1/1023"),
        sa.PrimaryKeyConstraint("term", "at", "group_id", name=op.f("pk_posting")),
        sqlite_with_rowid=False,
    )
    _scored()
    _neighbour()
    _proof()
    is_open = sa.text("state = 'open'")
    op.create_index("ix_story_open", "story", ["last_at"], sqlite_where=is_open, postgresql_where=is_open)
    op.execute(
        "UPDATE reading SET folded_at = NULL WHERE is_current AND grouped_at IS NOT NULL AND folded_at IS NOT NULL"
        " AND kind = 'article'"
    )


def _scored() -> None:
    op.create_table(
        "scored",
        sa.Column("group_id", BigInt, nullable=False, autoincrement=False),
        sa.Column("article_id", BigInt, nullable=False, comment="the one that speaks for it"),
        sa.Column("reading_id", BigInt, nullable=False),
        sa.Column("at", BigInt, nullable=False, comment="as in `posting`"),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column(
            "terms",
            sa.LargeBinary(),
            nullable=False,
            comment="of its postings, packed: eight bytes each, little-endian",
        ),
        sa.Column("epoch", BigInt, nullable=False, comment="of `idf_epoch`"),
        sa.Column(
            "rules",
            sa.String(),
            nullable=False,
            comment="what else its scores depend on: versions, days of the window",
        ),
        sa.Column(
            "is_done",
            sa.Boolean(),
            nullable=False,
            comment="whether its neighbours were looked for, besides its postings",
        ),
        sa.Column(
            "sampled_below",
            sa.Double(),
            nullable=False,
            comment="of neighbours beyond the best, those are kept whose hash is below this share of all hashes",
        ),
        sa.ForeignKeyConstraint(["group_id"], ["copy_group.id"], name=op.f("fk_scored_group_id")),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_scored_article_id")),
        sa.ForeignKeyConstraint(["reading_id"], ["reading.id"], name=op.f("fk_scored_reading_id")),
        sa.PrimaryKeyConstraint("group_id", name=op.f("pk_scored")),
    )
    for column in ("article_id", "language"):
        op.create_index(op.f(f"ix_scored_{column}"), "scored", [column], unique=False)


def _neighbour() -> None:
    op.create_table(
        "neighbour",
        sa.Column("group_a_id", BigInt, nullable=False),
        sa.Column("group_b_id", BigInt, nullable=False),
        sa.Column("score", sa.Double(), nullable=False, comment="0 to 1, whatever the days between them"),
        sa.Column("days_apart", sa.Double(), nullable=True, comment="empty where one has no time"),
        sa.Column(
            "weight",
            sa.Double(),
            nullable=False,
            comment="how many candidates it stands for, of which a sample was compared",
        ),
        sa.Column("chance_a", sa.Double(), nullable=False, comment="with which a keeps it; 0: it does not"),
        sa.Column("chance_b", sa.Double(), nullable=False, comment="with which b keeps it"),
        sa.Column("epoch", BigInt, nullable=False, comment="of `idf_epoch`, in the language of both"),
        sa.CheckConstraint("group_a_id < group_b_id", name=op.f("ck_neighbour_order")),
        sa.ForeignKeyConstraint(["group_a_id"], ["copy_group.id"], name=op.f("fk_neighbour_group_a_id")),
        sa.ForeignKeyConstraint(["group_b_id"], ["copy_group.id"], name=op.f("fk_neighbour_group_b_id")),
        sa.PrimaryKeyConstraint("group_a_id", "group_b_id", name=op.f("pk_neighbour")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_neighbour_group_b_id"), "neighbour", ["group_b_id"], unique=False)


# A copy of the model's words as they were then: migrations never change.
WHOLE_PROOF = (
    "left_at IS NOT NULL OR reason <> '' AND CASE basis"
    " WHEN 'same_event' THEN runner_up IS NOT NULL AND margin IS NOT NULL AND via_article_id IS NOT NULL"
    " WHEN 'copy' THEN via_article_id IS NOT NULL"
    " WHEN 'operator' THEN decision_id IS NOT NULL"
    " ELSE TRUE END"
)


def _proof() -> None:
    """Refuse current memberships without proof. SQLite can have a new rule with a new column only."""
    if op.get_bind().dialect.name == "sqlite":
        rule = f"CONSTRAINT ck_membership_whole_proof CHECK ({WHOLE_PROOF})"
        op.execute(f"ALTER TABLE membership ADD COLUMN epoch INTEGER {rule}")
        return
    comment = "of `idf_epoch`: what was known of words when it was scored"
    op.add_column("membership", sa.Column("epoch", BigInt, nullable=True, comment=comment))
    op.create_check_constraint(op.f("ck_membership_whole_proof"), "membership", WHOLE_PROOF)
