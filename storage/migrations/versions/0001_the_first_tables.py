"""The first tables."""

import sqlalchemy as sa
from alembic import op

from storage.types import BigInt, Json, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "copy_group",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("learnt_at", UtcDateTime(), nullable=True, comment="its words are in the document frequencies, once"),
        sa.Column("merged_into_id", BigInt, nullable=True, comment="an id once seen resolves"),
        sa.ForeignKeyConstraint(["merged_into_id"], ["copy_group.id"], name=op.f("fk_copy_group_merged_into_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copy_group")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "idf",
        sa.Column("language", sa.String(), nullable=False, comment="empty where unknown"),
        sa.Column("articles", BigInt, nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("language", name=op.f("pk_idf")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False, comment="host, process number and its start"),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "run",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("schedule", sa.String(), nullable=True, comment="null for a run started by hand"),
        sa.Column("slot", UtcDateTime(), nullable=True, comment="the moment the cron line names"),
        sa.Column("cause", sa.String(), nullable=False, comment="schedule, catch_up or manual"),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("heartbeat_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", BigInt, nullable=False),
        sa.Column(
            "process_started",
            sa.String(),
            nullable=False,
            comment="tells a living process from a later one with its number",
        ),
        sa.Column("feeds_polled", BigInt, nullable=False),
        sa.Column("feeds_failed", BigInt, nullable=False),
        sa.Column("pages_found", BigInt, nullable=False),
        sa.Column("pages_fetched", BigInt, nullable=False),
        sa.Column("pages_refused", BigInt, nullable=False),
        sa.Column("pages_failed", BigInt, nullable=False),
        sa.Column("articles_new", BigInt, nullable=False),
        sa.Column("articles_changed", BigInt, nullable=False),
        sa.CheckConstraint(
            "state IN ('running', 'ok', 'partial', 'failed', 'stopped', 'lost')", name=op.f("ck_run_state")
        ),
        sa.CheckConstraint("(schedule IS NULL) = (slot IS NULL)", name=op.f("ck_run_slot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("schedule", "slot", name=op.f("uq_run_schedule_slot")),
    )
    op.create_index(
        "uq_run_running",
        "run",
        ["state"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "source",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True, comment="outlets of one owner count once as owners"),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("allow_private", sa.Boolean(), nullable=False, comment="its own hosts may be private addresses"),
        sa.Column(
            "is_enabled", sa.Boolean(), nullable=False, comment="false once the configuration no longer names it"
        ),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("name", name=op.f("uq_source_name")),
    )
    op.create_table(
        "article",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("source_id", BigInt, nullable=False),
        sa.Column("key", sa.LargeBinary(length=32), nullable=False, comment="sha256 of the canonical URL"),
        sa.Column("url", sa.String(), nullable=False, comment="canonical"),
        sa.Column("kind", sa.String(), nullable=False, comment="only kind article is folded"),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("authors", Json, nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("agency", sa.String(), nullable=True),
        sa.Column("section", sa.String(), nullable=True),
        sa.Column("is_free", sa.Boolean(), nullable=True),
        sa.Column("published_at", UtcDateTime(), nullable=True, comment="as the page says, where plausible"),
        sa.Column("published_from", sa.String(), nullable=True),
        sa.Column("published_raw", sa.String(), nullable=True),
        sa.Column("modified_at", UtcDateTime(), nullable=True),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("time", UtcDateTime(), nullable=False, comment="published_at where known, else first_seen_at"),
        sa.Column("is_timed", sa.Boolean(), nullable=False, comment="false: no time factor (imported without one)"),
        sa.Column("gone_at", UtcDateTime(), nullable=True),
        sa.Column("copy_group_id", BigInt, nullable=True),
        sa.Column("copied_from_id", BigInt, nullable=True, comment="nearest earlier copy"),
        sa.ForeignKeyConstraint(["copied_from_id"], ["article.id"], name=op.f("fk_article_copied_from_id")),
        sa.ForeignKeyConstraint(["copy_group_id"], ["copy_group.id"], name=op.f("fk_article_copy_group_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_article_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        sa.UniqueConstraint("key", name=op.f("uq_article_key")),
    )
    op.create_index(op.f("ix_article_copy_group_id"), "article", ["copy_group_id"], unique=False)
    op.create_index(op.f("ix_article_source_id_time"), "article", ["source_id", "time"], unique=False)
    op.create_index(op.f("ix_article_time"), "article", ["time"], unique=False)
    op.create_table(
        "feed",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("source_id", BigInt, nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("key", sa.LargeBinary(length=32), nullable=False, comment="sha256 of the canonical URL"),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("etag", sa.String(), nullable=True),
        sa.Column("last_modified", sa.String(), nullable=True),
        sa.Column(
            "body_sha256", sa.LargeBinary(length=32), nullable=True, comment="an unchanged body is not parsed again"
        ),
        sa.Column("polled_at", UtcDateTime(), nullable=True),
        sa.Column("next_poll_at", UtcDateTime(), nullable=False),
        sa.Column("interval_seconds", BigInt, nullable=False),
        sa.Column("failures", BigInt, nullable=False, comment="in a row; 0 after a success"),
        sa.Column("error", sa.String(), nullable=True, comment="the last failure in words"),
        sa.CheckConstraint("kind IN ('rss', 'sitemap', 'news_sitemap', 'section')", name=op.f("ck_feed_kind")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_feed_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
        sa.UniqueConstraint("source_id", "key", name=op.f("uq_feed_source_id_key")),
    )
    op.create_index(op.f("ix_feed_next_poll_at"), "feed", ["next_poll_at"], unique=False)
    op.create_index(op.f("ix_feed_source_id"), "feed", ["source_id"], unique=False)
    op.create_table(
        "page",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("source_id", BigInt, nullable=False),
        sa.Column("feed_id", BigInt, nullable=True, comment="the feed that first named it"),
        sa.Column(
            "key", sa.LargeBinary(length=32), nullable=False, comment="sha256 of the canonicalised requested URL"
        ),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column(
            "reason", sa.String(), nullable=True, comment="why it was refused, failed, is gone, or gave no article"
        ),
        sa.Column("attempts", BigInt, nullable=False, comment="since the last success"),
        sa.Column(
            "next_try_at",
            UtcDateTime(),
            nullable=True,
            comment="not asked before; null = any time where waiting, never again where failed",
        ),
        sa.Column("leased_until", UtcDateTime(), nullable=True, comment="while fetching: after this the lease is void"),
        sa.Column("run_id", BigInt, nullable=True, comment="the run that holds or last held it"),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("fetched_at", UtcDateTime(), nullable=True),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("status", BigInt, nullable=True, comment="HTTP status of the last answer"),
        sa.Column("final_url", sa.String(), nullable=True, comment="after redirects"),
        sa.Column("etag", sa.String(), nullable=True),
        sa.Column("last_modified", sa.String(), nullable=True),
        sa.Column("feed_title", sa.String(), nullable=True),
        sa.Column("feed_time", UtcDateTime(), nullable=True, comment="the date the feed gives, where plausible"),
        sa.Column("article_id", BigInt, nullable=True),
        sa.CheckConstraint("state <> 'fetching' OR leased_until IS NOT NULL", name=op.f("ck_page_lease")),
        sa.CheckConstraint(
            "state IN ('waiting', 'fetching', 'fetched', 'read', 'refused', 'failed', 'gone')",
            name=op.f("ck_page_state"),
        ),
        sa.CheckConstraint("state NOT IN ('refused', 'failed') OR reason IS NOT NULL", name=op.f("ck_page_reason")),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_page_article_id")),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_page_feed_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_page_run_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_page_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page")),
        sa.UniqueConstraint("key", name=op.f("uq_page_key")),
    )
    op.create_index(op.f("ix_page_article_id"), "page", ["article_id"], unique=False)
    op.create_index(
        op.f("ix_page_source_id_state_next_try_at"), "page", ["source_id", "state", "next_try_at"], unique=False
    )
    op.create_index(op.f("ix_page_state_next_try_at"), "page", ["state", "next_try_at"], unique=False)
    op.create_table(
        "poll",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("feed_id", BigInt, nullable=False),
        sa.Column("run_id", BigInt, nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False, comment="read, unchanged, failed, unreadable or refused"),
        sa.Column("status", BigInt, nullable=True, comment="HTTP status, where one came"),
        sa.Column("entries", BigInt, nullable=False),
        sa.Column("pages_new", BigInt, nullable=False),
        sa.Column("entries_cut", BigInt, nullable=False, comment="entries beyond the limit of one poll"),
        sa.Column("entries_refused", BigInt, nullable=False, comment="links that can name no page; samples in `error`"),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True, comment="zstd; kept where the body could not be read"),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_poll_feed_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_poll_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poll")),
    )
    op.create_index(op.f("ix_poll_feed_id_at"), "poll", ["feed_id", "at"], unique=False)
    op.create_index(op.f("ix_poll_run_id"), "poll", ["run_id"], unique=False)
    op.create_table(
        "story",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("merged_into_id", BigInt, nullable=True),
        sa.Column("title", sa.String(), nullable=False, comment="of its first article"),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("first_article_id", BigInt, nullable=True),
        sa.Column("articles", BigInt, nullable=False),
        sa.Column("outlets", BigInt, nullable=False),
        sa.Column("owners", BigInt, nullable=False),
        sa.Column("copy_groups", BigInt, nullable=False),
        sa.CheckConstraint("(state = 'merged') = (merged_into_id IS NOT NULL)", name=op.f("ck_story_merged")),
        sa.CheckConstraint("state IN ('open', 'frozen', 'merged', 'dissolved')", name=op.f("ck_story_state")),
        sa.ForeignKeyConstraint(["first_article_id"], ["article.id"], name=op.f("fk_story_first_article_id")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["story.id"], name=op.f("fk_story_merged_into_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_story_first_at"), "story", ["first_at"], unique=False)
    op.create_index(op.f("ix_story_last_at"), "story", ["last_at"], unique=False)
    op.create_table(
        "raw_body",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("page_id", BigInt, nullable=False),
        sa.Column("run_id", BigInt, nullable=True),
        sa.Column("fetched_at", UtcDateTime(), nullable=False),
        sa.Column("final_url", sa.String(), nullable=False),
        sa.Column("status", BigInt, nullable=False),
        sa.Column("content_type", sa.String(), nullable=True),
        sa.Column("headers", Json, nullable=False),
        sa.Column("size", BigInt, nullable=False, comment="bytes before compression"),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="zstd"),
        sa.Column("read_at", UtcDateTime(), nullable=True, comment="null: waits to be read; pruned some days after"),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name=op.f("fk_raw_body_page_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_raw_body_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raw_body")),
    )
    op.create_index(op.f("ix_raw_body_page_id"), "raw_body", ["page_id"], unique=False)
    op.create_index(
        "ix_raw_body_unread",
        "raw_body",
        ["id"],
        unique=False,
        sqlite_where=sa.text("read_at IS NULL"),
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_table(
        "story_event",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("story_id", BigInt, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("other_story_id", BigInt, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["other_story_id"], ["story.id"], name=op.f("fk_story_event_other_story_id")),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_story_event_story_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story_event")),
    )
    op.create_index(op.f("ix_story_event_story_id"), "story_event", ["story_id"], unique=False)
    op.create_table(
        "version",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("article_id", BigInt, nullable=False),
        sa.Column("number", BigInt, nullable=False),
        sa.Column("page_id", BigInt, nullable=True, comment="which of the article's pages said it"),
        sa.Column(
            "raw_body_id", BigInt, nullable=True, comment="no foreign key: raw bodies are pruned, versions are not"
        ),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False, comment="of title and all blocks"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_version_article_id")),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name=op.f("fk_version_page_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version")),
        sa.UniqueConstraint("article_id", "number", name=op.f("uq_version_article_id_number")),
    )
    op.create_table(
        "block",
        sa.Column("version_id", BigInt, nullable=False),
        sa.Column("position", BigInt, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name=op.f("fk_block_version_id")),
        sa.PrimaryKeyConstraint("version_id", "position", name=op.f("pk_block")),
    )
    op.create_table(
        "reading",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("article_id", BigInt, nullable=False),
        sa.Column("version_id", BigInt, nullable=False),
        sa.Column("number", BigInt, nullable=False, comment="within its version"),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reader", sa.String(), nullable=True, comment="which way of reading the page won"),
        sa.Column("rules_version", BigInt, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("text", sa.String(), nullable=False, comment="the blocks labelled `text`, joined by blank lines"),
        sa.Column("words", BigInt, nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False, comment="of title, kind and clean text"),
        sa.Column("keys", sa.LargeBinary(), nullable=True, comment="packed; null until keyed"),
        sa.Column("features", sa.LargeBinary(), nullable=True, comment="packed; null until keyed"),
        sa.Column("algorithm", BigInt, nullable=True, comment="of keys and features"),
        sa.Column("keyed_at", UtcDateTime(), nullable=True, comment="its keys are committed"),
        sa.Column("grouped_at", UtcDateTime(), nullable=True, comment="its links and copy group are committed"),
        sa.Column("folded_at", UtcDateTime(), nullable=True, comment="its story is committed"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_reading_article_id")),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name=op.f("fk_reading_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading")),
        sa.UniqueConstraint("version_id", "number", name=op.f("uq_reading_version_id_number")),
    )
    op.create_index(
        "ix_reading_pending",
        "reading",
        ["id"],
        unique=False,
        sqlite_where=sa.text("folded_at IS NULL"),
        postgresql_where=sa.text("folded_at IS NULL"),
    )
    op.create_index(
        "uq_reading_current",
        "reading",
        ["article_id"],
        unique=True,
        sqlite_where=sa.text("is_current"),
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "key",
        sa.Column("hash", BigInt, nullable=False),
        sa.Column("day", BigInt, nullable=False, comment="of the article's time, days since 1970-01-01"),
        sa.Column("reading_id", BigInt, nullable=False),
        sa.ForeignKeyConstraint(["reading_id"], ["reading.id"], name=op.f("fk_key_reading_id")),
        sa.PrimaryKeyConstraint("hash", "day", "reading_id", name=op.f("pk_key")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_key_day"), "key", ["day"], unique=False)
    op.create_table(
        "label",
        sa.Column("reading_id", BigInt, nullable=False),
        sa.Column("position", BigInt, nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["reading_id"], ["reading.id"], name=op.f("fk_label_reading_id")),
        sa.PrimaryKeyConstraint("reading_id", "position", name=op.f("pk_label")),
    )
    op.create_table(
        "link",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("article_a_id", BigInt, nullable=False),
        sa.Column("article_b_id", BigInt, nullable=False),
        sa.Column("reading_a_id", BigInt, nullable=False),
        sa.Column("reading_b_id", BigInt, nullable=False),
        sa.Column("jaccard", sa.Double(), nullable=False),
        sa.Column("containment_a", sa.Double(), nullable=False, comment="share of a's shingles that b has"),
        sa.Column("containment_b", sa.Double(), nullable=False),
        sa.Column("shared_words", BigInt, nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("rules_version", BigInt, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('copy', 'revision', 'excerpt', 'passage', 'same_headline', 'shared_quote')",
            name=op.f("ck_link_kind"),
        ),
        sa.CheckConstraint("article_a_id < article_b_id", name=op.f("ck_link_order")),
        sa.ForeignKeyConstraint(["article_a_id"], ["article.id"], name=op.f("fk_link_article_a_id")),
        sa.ForeignKeyConstraint(["article_b_id"], ["article.id"], name=op.f("fk_link_article_b_id")),
        sa.ForeignKeyConstraint(["reading_a_id"], ["reading.id"], name=op.f("fk_link_reading_a_id")),
        sa.ForeignKeyConstraint(["reading_b_id"], ["reading.id"], name=op.f("fk_link_reading_b_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint(
            "reading_a_id", "reading_b_id", "kind", name=op.f("uq_link_reading_a_id_reading_b_id_kind")
        ),
    )
    op.create_index(op.f("ix_link_article_a_id"), "link", ["article_a_id"], unique=False)
    op.create_index(op.f("ix_link_article_b_id"), "link", ["article_b_id"], unique=False)
    op.create_index(op.f("ix_link_reading_b_id"), "link", ["reading_b_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("story_id", BigInt, nullable=False),
        sa.Column("article_id", BigInt, nullable=False),
        sa.Column("reading_id", BigInt, nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.Column("left_reason", sa.String(), nullable=True),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("via_article_id", BigInt, nullable=True, comment="the nearest report in the story"),
        sa.Column("score", sa.Double(), nullable=True, comment="mean similarity to the rest of the story"),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column("runner_up", sa.Double(), nullable=True, comment="the best mean similarity to another story"),
        sa.Column("margin", sa.Double(), nullable=True),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("reason", sa.String(), nullable=False, comment="the evidence in one line"),
        sa.Column("rules_version", BigInt, nullable=False),
        sa.CheckConstraint(
            "basis <> 'same_event' OR (score IS NOT NULL AND threshold IS NOT NULL)", name=op.f("ck_membership_proof")
        ),
        sa.CheckConstraint(
            "basis IN ('first', 'copy', 'same_event', 'shared_quote', 'operator', 'merge', 'split')",
            name=op.f("ck_membership_basis"),
        ),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_membership_article_id")),
        sa.ForeignKeyConstraint(["reading_id"], ["reading.id"], name=op.f("fk_membership_reading_id")),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_membership_story_id")),
        sa.ForeignKeyConstraint(["via_article_id"], ["article.id"], name=op.f("fk_membership_via_article_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index("ix_membership_article_id", "membership", ["article_id"], unique=False)
    op.create_index(op.f("ix_membership_story_id"), "membership", ["story_id"], unique=False)
    op.create_index(
        "uq_membership_current",
        "membership",
        ["article_id"],
        unique=True,
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_index(
        "uq_membership_current",
        table_name="membership",
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.drop_index(op.f("ix_membership_story_id"), table_name="membership")
    op.drop_index("ix_membership_article_id", table_name="membership")
    op.drop_table("membership")
    op.drop_index(op.f("ix_link_reading_b_id"), table_name="link")
    op.drop_index(op.f("ix_link_article_b_id"), table_name="link")
    op.drop_index(op.f("ix_link_article_a_id"), table_name="link")
    op.drop_table("link")
    op.drop_table("label")
    op.drop_index(op.f("ix_key_day"), table_name="key")
    op.drop_table("key")
    op.drop_index(
        "uq_reading_current",
        table_name="reading",
        sqlite_where=sa.text("is_current"),
        postgresql_where=sa.text("is_current"),
    )
    op.drop_index(
        "ix_reading_pending",
        table_name="reading",
        sqlite_where=sa.text("folded_at IS NULL"),
        postgresql_where=sa.text("folded_at IS NULL"),
    )
    op.drop_table("reading")
    op.drop_table("block")
    op.drop_table("version")
    op.drop_index(op.f("ix_story_event_story_id"), table_name="story_event")
    op.drop_table("story_event")
    op.drop_index(
        "ix_raw_body_unread",
        table_name="raw_body",
        sqlite_where=sa.text("read_at IS NULL"),
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.drop_index(op.f("ix_raw_body_page_id"), table_name="raw_body")
    op.drop_table("raw_body")
    op.drop_index(op.f("ix_story_last_at"), table_name="story")
    op.drop_index(op.f("ix_story_first_at"), table_name="story")
    op.drop_table("story")
    op.drop_index(op.f("ix_poll_run_id"), table_name="poll")
    op.drop_index(op.f("ix_poll_feed_id_at"), table_name="poll")
    op.drop_table("poll")
    op.drop_index(op.f("ix_page_state_next_try_at"), table_name="page")
    op.drop_index(op.f("ix_page_source_id_state_next_try_at"), table_name="page")
    op.drop_index(op.f("ix_page_article_id"), table_name="page")
    op.drop_table("page")
    op.drop_index(op.f("ix_feed_source_id"), table_name="feed")
    op.drop_index(op.f("ix_feed_next_poll_at"), table_name="feed")
    op.drop_table("feed")
    op.drop_index(op.f("ix_article_time"), table_name="article")
    op.drop_index(op.f("ix_article_source_id_time"), table_name="article")
    op.drop_index(op.f("ix_article_copy_group_id"), table_name="article")
    op.drop_table("article")
    op.drop_table("source")
    op.drop_index(
        "uq_run_running",
        table_name="run",
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.drop_table("run")
    op.drop_table("lease")
    op.drop_table("idf")
    op.drop_table("copy_group")
