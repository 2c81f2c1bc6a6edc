"""Keys by buckets of days; shares and directions of links; when articles were published, and whom they copied."""

import sqlalchemy as sa
from alembic import op

from storage.types import BigInt, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change. Keys of the algorithm before are dropped: fold makes them anew from the texts."""
    op.drop_table("key")
    op.create_table(
        "key",
        sa.Column("bucket", BigInt, nullable=False, comment="of `key_bucket`: rows of one time lie together"),
        sa.Column("hash", BigInt, nullable=False),
        sa.Column("reading_id", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("bucket", "hash", "reading_id", name=op.f("pk_key")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "key_bucket",
        sa.Column(
            "bucket",
            BigInt,
            autoincrement=False,
            nullable=False,
            comment="days since 1970-01-01, by eights; -1: without a time",
        ),
        sa.Column("touched_at", UtcDateTime(), nullable=False, comment="when keys were last put in or looked for"),
        sa.Column(
            "evicted_at", UtcDateTime(), nullable=True, comment="its rows are gone since; the packed keys are not"
        ),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_key_bucket")),
    )
    _links()
    _articles()
    op.add_column("reading", sa.Column("bucket", BigInt, nullable=True, comment="where its keys were put"))
    op.create_index(op.f("ix_reading_bucket"), "reading", ["bucket"], unique=False)
    op.create_index(op.f("ix_reading_article_id"), "reading", ["article_id"], unique=False)
    op.create_index(op.f("ix_reading_algorithm_id"), "reading", ["algorithm", "id"], unique=False)
    op.add_column(
        "copy_group",
        sa.Column(
            "is_part",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="its texts hang together with those of other groups, but have drifted too far apart to be one text",
        ),
    )


def _links() -> None:
    op.add_column(
        "link",
        sa.Column(
            "share_a",
            sa.Double(),
            server_default=sa.text("0"),
            nullable=False,
            comment="share of a's words that stand in b",
        ),
    )
    op.add_column("link", sa.Column("share_b", sa.Double(), server_default=sa.text("0"), nullable=False))
    _add_reference(
        "link",
        "from_article_id",
        "article",
        comment="of an excerpt: whose text holds the other's; of a passage: the earlier, null where times do not tell",
    )
    op.execute("UPDATE link SET share_a = containment_a, share_b = containment_b")


def _articles() -> None:
    op.add_column(
        "article",
        sa.Column("text_key", BigInt, nullable=True, comment="the key that articles with the same words share"),
    )
    op.add_column(
        "article",
        sa.Column(
            "earliest_at",
            UtcDateTime(),
            nullable=True,
            comment="it was published no earlier, by its outlet's clock and our polls; null: unknown",
        ),
    )
    op.add_column("article", sa.Column("latest_at", UtcDateTime(), nullable=True, comment="and no later"))
    op.add_column(
        "article",
        sa.Column("copied_share", sa.Double(), nullable=True, comment="share of its words that stand in that text"),
    )
    op.add_column(
        "article",
        sa.Column(
            "copied_order", sa.String(), nullable=True, comment="after: certainly later than that; or undetermined"
        ),
    )
    op.drop_index(op.f("ix_article_copy_group_id"), table_name="article")
    op.create_index(op.f("ix_article_copy_group_id_text_key"), "article", ["copy_group_id", "text_key"], unique=False)


def _add_reference(table: str, column: str, target: str, *, comment: str) -> None:
    """Add a nullable foreign key. SQLite can have it with a new column only, and Alembic would copy the whole table."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} INTEGER REFERENCES {target}(id)")
        return
    op.add_column(table, sa.Column(column, BigInt, nullable=True, comment=comment))
    op.create_foreign_key(f"fk_{table}_{column}", table, target, [column], ["id"])
