"""Gaps of feeds, robots rules, troubled hosts and budgets across runs, later visits of pages, watches."""

import sqlalchemy as sa
from alembic import op

from storage.types import BigInt, Json, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "budget",
        sa.Column("source_id", BigInt, nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pattern", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("pages", BigInt, nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_budget_source_id")),
        sa.PrimaryKeyConstraint("source_id", "host", "pattern", "day", name=op.f("pk_budget")),
    )
    op.create_index(op.f("ix_budget_day"), "budget", ["day"], unique=False)
    op.create_table(
        "host",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("failures", BigInt, nullable=False, comment="in a row: server errors, timeouts, lost connections"),
        sa.Column("paused_until", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True, comment="of the last failure"),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_host")),
    )
    op.create_index(op.f("ix_host_changed_at"), "host", ["changed_at"], unique=False)
    op.create_table(
        "robots",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("origin", sa.String(), nullable=False, comment="scheme, host and port"),
        sa.Column(
            "is_private", sa.Boolean(), nullable=False, comment="asked for a source that may reach private addresses"
        ),
        sa.Column("status", BigInt, nullable=True, comment="HTTP status, where one came"),
        sa.Column("body", sa.LargeBinary(), nullable=True, comment="zstd; null: everything is allowed"),
        sa.Column("fetched_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_robots")),
        sa.UniqueConstraint("origin", "is_private", name=op.f("uq_robots_origin_is_private")),
    )
    op.create_index(op.f("ix_robots_expires_at"), "robots", ["expires_at"], unique=False)
    op.create_table(
        "watch",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column(
            "is_enabled", sa.Boolean(), nullable=False, comment="false once the configuration no longer names it"
        ),
        sa.Column("read_upto", BigInt, nullable=False, comment="the newest reading's id that was compared"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch")),
        sa.UniqueConstraint("name", name=op.f("uq_watch_name")),
    )
    op.create_table(
        "gap",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("feed_id", BigInt, nullable=False),
        sa.Column("poll_id", BigInt, nullable=False, comment="the poll that saw nothing again"),
        sa.Column("since", UtcDateTime(), nullable=False, comment="what is missing is not older"),
        sa.Column("until", UtcDateTime(), nullable=False, comment="what is missing is not newer"),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True, comment="what decided it, or why nothing has yet"),
        sa.Column("sitemap_url", sa.String(), nullable=True, comment="the one that decided it"),
        sa.Column("pages_listed", BigInt, nullable=False, comment="that the sitemap dates within the window"),
        sa.Column("pages_missed", BigInt, nullable=False, comment="of those, that no feed had shown"),
        sa.Column("checks", BigInt, nullable=False, comment="times that sitemaps were asked"),
        sa.Column("next_check_at", UtcDateTime(), nullable=True, comment="while it is open; null: not asked any more"),
        sa.Column(
            "listed_before", sa.LargeBinary(), nullable=True, comment="packed: what the poll before listed; while asked"
        ),
        sa.Column(
            "listed_after", sa.LargeBinary(), nullable=True, comment="packed: what that poll listed; while asked"
        ),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("state IN ('suspected', 'confirmed', 'closed', 'refuted')", name=op.f("ck_gap_state")),
        sa.CheckConstraint("since <= until", name=op.f("ck_gap_window")),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_gap_feed_id")),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name=op.f("fk_gap_poll_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gap")),
    )
    op.create_index(op.f("ix_gap_feed_id"), "gap", ["feed_id"], unique=False)
    op.create_index(
        "ix_gap_open",
        "gap",
        ["next_check_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('suspected', 'confirmed')"),
        postgresql_where=sa.text("state IN ('suspected', 'confirmed')"),
    )
    op.create_table(
        "watch_article",
        sa.Column("watch_id", BigInt, nullable=False),
        sa.Column("article_id", BigInt, nullable=False),
        sa.Column("reading_id", BigInt, nullable=False, comment="the reading that matched"),
        sa.Column("matched_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_watch_article_article_id")),
        sa.ForeignKeyConstraint(["reading_id"], ["reading.id"], name=op.f("fk_watch_article_reading_id")),
        sa.ForeignKeyConstraint(["watch_id"], ["watch.id"], name=op.f("fk_watch_article_watch_id")),
        sa.PrimaryKeyConstraint("watch_id", "article_id", name=op.f("pk_watch_article")),
    )
    op.create_index(op.f("ix_watch_article_article_id"), "watch_article", ["article_id"], unique=False)
    op.add_column(
        "article",
        sa.Column(
            "insecure_tls",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="it came over a connection whose certificate nobody checked",
        ),
    )
    _add_reference("feed", "parent_id", "feed", comment="the sitemap index that names it; null: the configuration does")
    op.add_column(
        "feed",
        sa.Column(
            "former_url",
            sa.String(),
            nullable=True,
            comment="as configured, while `url` is where permanent redirects from there led",
        ),
    )
    op.add_column(
        "feed",
        sa.Column(
            "moved_to", sa.String(), nullable=True, comment="where permanent redirects lead, until they are believed"
        ),
    )
    op.add_column(
        "feed",
        sa.Column("moves", BigInt, server_default="0", nullable=False, comment="times in a row that they led there"),
    )
    op.add_column(
        "feed",
        sa.Column(
            "announced_at",
            UtcDateTime(),
            nullable=True,
            comment="its date in the sitemap index: it is asked while that is newer than its last poll",
        ),
    )
    op.add_column(
        "feed", sa.Column("failing_since", UtcDateTime(), nullable=True, comment="the first of those failures")
    )
    op.add_column(
        "feed",
        sa.Column(
            "entries",
            sa.LargeBinary(),
            nullable=True,
            comment="packed: what the last poll that listed anything listed, in its order",
        ),
    )
    op.add_column("feed", sa.Column("listed_at", UtcDateTime(), nullable=True, comment="when that poll was"))
    op.add_column(
        "feed", sa.Column("listed_from", UtcDateTime(), nullable=True, comment="the oldest date among those entries")
    )
    op.add_column(
        "feed", sa.Column("listed_to", UtcDateTime(), nullable=True, comment="the newest date among those entries")
    )
    op.add_column(
        "feed", sa.Column("new_per_hour", sa.Double(), nullable=True, comment="entries, smoothed over its polls")
    )
    op.create_index(op.f("ix_feed_parent_id"), "feed", ["parent_id"], unique=False)
    op.add_column("page", sa.Column("feed_author", sa.String(), nullable=True))
    op.add_column(
        "page",
        sa.Column(
            "feed_summary",
            sa.String(),
            nullable=True,
            comment="plain text: all there is of a page that may not be read",
        ),
    )
    op.add_column("page", sa.Column("feed_language", sa.String(), nullable=True))
    _add_reference("page", "gap_id", "gap", comment="the gap that it was lost in")
    op.add_column(
        "page",
        sa.Column("next_visit_at", UtcDateTime(), nullable=True, comment="when a page that was read is asked again"),
    )
    op.add_column("page", sa.Column("visits", BigInt, server_default="0", nullable=False, comment="such visits so far"))
    op.add_column(
        "page",
        sa.Column(
            "unchanged",
            BigInt,
            server_default="0",
            nullable=False,
            comment="answers in a row, other than to visits, with nothing new",
        ),
    )
    op.add_column(
        "page",
        sa.Column("ended_at", UtcDateTime(), nullable=True, comment="when it was last refused, given up or gone"),
    )
    op.add_column(
        "page", sa.Column("handed_at", UtcDateTime(), nullable=True, comment="when another source took it over")
    )
    op.create_index(op.f("ix_page_gap_id"), "page", ["gap_id"], unique=False)
    op.create_index(
        "ix_page_next_visit_at",
        "page",
        ["source_id", "next_visit_at"],
        unique=False,
        sqlite_where=sa.text("next_visit_at IS NOT NULL"),
        postgresql_where=sa.text("next_visit_at IS NOT NULL"),
    )
    op.add_column(
        "poll",
        sa.Column(
            "entries_over_budget",
            BigInt,
            server_default="0",
            nullable=False,
            comment="new links beyond a budget of the day; the feed is read again for them",
        ),
    )
    op.add_column(
        "poll",
        sa.Column(
            "entries_before",
            BigInt,
            server_default="0",
            nullable=False,
            comment="entries of the poll before that listed any",
        ),
    )
    op.add_column(
        "poll",
        sa.Column(
            "entries_again",
            BigInt,
            server_default="0",
            nullable=False,
            comment="of those, how many this poll saw again; pinned ones left aside",
        ),
    )
    op.add_column(
        "raw_body",
        sa.Column(
            "is_partial",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="cut short or wrongly packed: the page is asked again",
        ),
    )
    op.add_column(
        "raw_body",
        sa.Column(
            "insecure_tls",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="it came over a connection whose certificate nobody checked",
        ),
    )
    op.add_column("source", sa.Column("tags", Json, server_default="[]", nullable=False))
    op.add_column(
        "source",
        sa.Column(
            "insecure_tls",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="its certificates are not verified; its articles say so, too",
        ),
    )
    op.add_column("version", sa.Column("charset", sa.String(), nullable=True, comment="by which its bytes were read"))
    op.add_column(
        "version",
        sa.Column(
            "is_repaired",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="its bytes had been decoded wrongly before they came (mojibake)",
        ),
    )
    op.add_column(
        "version",
        sa.Column(
            "is_partial",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="read from an answer that was cut short every time",
        ),
    )


def _add_reference(table: str, column: str, target: str, *, comment: str) -> None:
    """Add a nullable foreign key. SQLite can have it with a new column only, and Alembic would copy the whole table."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} INTEGER REFERENCES {target}(id)")
        return
    op.add_column(table, sa.Column(column, BigInt, nullable=True, comment=comment))
    op.create_foreign_key(f"fk_{table}_{column}", table, target, [column], ["id"])
