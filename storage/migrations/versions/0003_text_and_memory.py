"""What sites print on page after page; credits, stated sources and doubts of articles; times of posts."""

import sqlalchemy as sa
from alembic import op

from storage.types import BigInt, Json, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    _site_memory()
    op.add_column(
        "article",
        sa.Column(
            "published_doubt",
            sa.String(),
            nullable=True,
            comment="why the date that the page claims is not believed",
        ),
    )
    _credits()
    op.add_column("block", sa.Column("said_at", UtcDateTime(), nullable=True, comment="of a live blog's post: when"))


def _credits() -> None:
    op.add_column("article", sa.Column("byline", sa.String(), nullable=True, comment="as the page prints it"))
    op.add_column(
        "article",
        sa.Column("bio", sa.String(), nullable=True, comment="what it says of its author, one paragraph a line"),
    )
    op.add_column(
        "article",
        sa.Column(
            "credits",
            Json,
            server_default=sa.text("'[]'"),
            nullable=False,
            comment="its lines of credit to agencies, photographers, owners",
        ),
    )
    op.create_table(
        "stated_source",
        sa.Column("reading_id", BigInt, nullable=False),
        sa.Column("position", BigInt, nullable=False, comment="of the block"),
        sa.Column("start_at", BigInt, nullable=False, comment="in characters of the block's text, from 0"),
        sa.Column("end_at", BigInt, nullable=False),
        sa.Column("name", sa.String(), nullable=False, comment="as it stands there, without its article"),
        sa.Column(
            "wording", sa.String(), nullable=False, comment="first_reported, according_to, told, citing, reported"
        ),
        sa.ForeignKeyConstraint(["reading_id"], ["reading.id"], name=op.f("fk_stated_source_reading_id")),
        sa.PrimaryKeyConstraint("reading_id", "position", "start_at", name=op.f("pk_stated_source")),
    )
    op.create_index(op.f("ix_stated_source_name"), "stated_source", ["name"], unique=False)


def _site_memory() -> None:
    op.create_table(
        "site",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("name", sa.String(), nullable=False, comment="the registered domain"),
        sa.Column(
            "is_learning", sa.Boolean(), server_default=sa.true(), nullable=False, comment="false: forgotten for good"
        ),
        sa.Column(
            "cut_jump",
            sa.String(),
            nullable=True,
            comment="in words: the share of its text that is cut has jumped",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("name", name=op.f("uq_site_name")),
    )
    op.create_table(
        "site_page",
        sa.Column("site_id", BigInt, nullable=False),
        sa.Column("article_id", BigInt, nullable=False),
        sa.Column(
            "page_group",
            BigInt,
            nullable=True,
            comment="an article's id; pages that share half of their blocks are one; null: it teaches nothing",
        ),
        sa.Column("day", sa.Date(), nullable=False, comment="on which it was seen; what it says later teaches nothing"),
        sa.Column(
            "digests",
            sa.LargeBinary(),
            nullable=False,
            comment="packed, 8 bytes each: of its text's blocks, without title and description",
        ),
        sa.Column(
            "later",
            sa.LargeBinary(),
            nullable=True,
            comment="the same of its newest version, where it has a later one",
        ),
        sa.Column("words", BigInt, nullable=False, comment="of its text, before anything of it was cut"),
        sa.Column("words_cut", BigInt, nullable=False, comment="of these, what the memory cut when it came"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_site_page_article_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_site_page_site_id")),
        sa.PrimaryKeyConstraint("site_id", "article_id", name=op.f("pk_site_page")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_site_page_teaching",
        "site_page",
        ["site_id"],
        unique=False,
        sqlite_where=sa.text("page_group IS NOT NULL"),
        postgresql_where=sa.text("page_group IS NOT NULL"),
    )
    op.create_index(op.f("ix_site_page_day"), "site_page", ["day"], unique=False)
    op.create_table(
        "site_block",
        sa.Column("site_id", BigInt, nullable=False),
        sa.Column(
            "digest",
            sa.LargeBinary(length=8),
            nullable=False,
            comment="of its words; outside sentences all numbers are one",
        ),
        sa.Column("page_groups", BigInt, nullable=False, comment="how many groups of known pages show it"),
        sa.Column("days", BigInt, nullable=False, comment="on how many days these pages were seen"),
        sa.Column("first_seen", sa.Date(), nullable=False),
        sa.Column("last_seen", sa.Date(), nullable=False),
        sa.Column("furniture_since", UtcDateTime(), nullable=True, comment="when it was learnt; null: it is text"),
        sa.Column("sample", sa.String(), nullable=True, comment="its words on the page by which it was learnt"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_site_block_site_id")),
        sa.PrimaryKeyConstraint("site_id", "digest", name=op.f("pk_site_block")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_site_block_digest"), "site_block", ["digest"], unique=False)
    op.create_index(
        "ix_site_block_unseen",
        "site_block",
        ["last_seen"],
        unique=False,
        sqlite_where=sa.text("page_groups = 0 AND furniture_since IS NULL"),
        postgresql_where=sa.text("page_groups = 0 AND furniture_since IS NULL"),
    )
    op.create_table(
        "site_work",
        sa.Column("reading_id", BigInt, nullable=False),
        sa.ForeignKeyConstraint(["reading_id"], ["reading.id"], name=op.f("fk_site_work_reading_id")),
        sa.PrimaryKeyConstraint("reading_id", name=op.f("pk_site_work")),
    )
    op.add_column(
        "label",
        sa.Column(
            "digest",
            sa.LargeBinary(length=8),
            nullable=True,
            comment="where its site's memory gave the label: the digest that `site_block` knows",
        ),
    )
    op.create_index(
        "ix_label_digest",
        "label",
        ["digest"],
        unique=False,
        sqlite_where=sa.text("digest IS NOT NULL"),
        postgresql_where=sa.text("digest IS NOT NULL"),
    )
