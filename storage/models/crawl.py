"""What is asked of the web and what came of it: sources, feeds, runs, polls, pages, raw bodies."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, one_of
from storage.types import Sha256

PAGE_STATES: Final = ("waiting", "fetching", "fetched", "read", "refused", "failed", "gone")
RUN_STATES: Final = ("running", "ok", "partial", "failed", "stopped", "lost")
FEED_KINDS: Final = ("rss", "sitemap", "news_sitemap", "section")


class Source(Base):
    """An outlet, written from the configuration when a run starts; headers and proxies stay out of the database."""

    __tablename__ = "source"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str]
    owner: Mapped[str | None] = mapped_column(comment="outlets of one owner count once as owners")
    country: Mapped[str | None]
    language: Mapped[str | None]
    tags: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    allow_private: Mapped[bool] = mapped_column(default=False, comment="its own hosts may be private addresses")
    insecure_tls: Mapped[bool] = mapped_column(
        default=False, server_default=false(), comment="its certificates are not verified; its articles say so, too"
    )
    is_enabled: Mapped[bool] = mapped_column(default=True, comment="false once the configuration no longer names it")
    created_at: Mapped[datetime]


class Feed(Base):
    """A place that lists links. What a poll found and the validators it was answered with are committed together."""

    __tablename__ = "feed"
    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("feed.id"), index=True, comment="the sitemap index that names it; null: the configuration does"
    )
    url: Mapped[str]
    key: Mapped[bytes] = mapped_column(Sha256, comment="sha256 of the canonical URL")  # as named, wherever it moves
    former_url: Mapped[str | None] = mapped_column(
        comment="as configured, while `url` is where permanent redirects from there led"
    )
    moved_to: Mapped[str | None] = mapped_column(comment="where permanent redirects lead, until they are believed")
    moves: Mapped[int] = mapped_column(default=0, server_default="0", comment="times in a row that they led there")
    announced_at: Mapped[datetime | None] = mapped_column(
        comment="its date in the sitemap index: it is asked while that is newer than its last poll"
    )
    kind: Mapped[str]
    is_enabled: Mapped[bool] = mapped_column(default=True)
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    body_sha256: Mapped[bytes | None] = mapped_column(Sha256, comment="an unchanged body is not parsed again")
    polled_at: Mapped[datetime | None]
    next_poll_at: Mapped[datetime] = mapped_column(index=True)
    interval_seconds: Mapped[int]
    failures: Mapped[int] = mapped_column(default=0, comment="in a row; 0 after a success")
    failing_since: Mapped[datetime | None] = mapped_column(comment="the first of those failures")
    error: Mapped[str | None] = mapped_column(comment="the last failure in words")
    entries: Mapped[bytes | None] = mapped_column(
        comment="packed: what the last poll that listed anything listed, in its order"
    )
    listed_at: Mapped[datetime | None] = mapped_column(comment="when that poll was")
    listed_from: Mapped[datetime | None] = mapped_column(comment="the oldest date among those entries")
    listed_to: Mapped[datetime | None] = mapped_column(comment="the newest date among those entries")
    new_per_hour: Mapped[float | None] = mapped_column(comment="entries, smoothed over its polls")
    __table_args__ = (UniqueConstraint("source_id", "key"), CheckConstraint(one_of("kind", FEED_KINDS), name="kind"))


class Run(Base):
    """The run ledger. Inserting a slot's row is the claim: two schedulers cannot both hold UNIQUE(schedule, slot)."""

    __tablename__ = "run"
    id: Mapped[int] = mapped_column(primary_key=True)
    schedule: Mapped[str | None] = mapped_column(comment="null for a run started by hand")
    slot: Mapped[datetime | None] = mapped_column(comment="the moment the cron line names")
    cause: Mapped[str] = mapped_column(comment="schedule, catch_up or manual")
    state: Mapped[str]
    reason: Mapped[str | None]
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    host: Mapped[str]
    pid: Mapped[int]
    process_started: Mapped[str] = mapped_column(comment="tells a living process from a later one with its number")
    feeds_polled: Mapped[int] = mapped_column(default=0)
    feeds_failed: Mapped[int] = mapped_column(default=0)
    pages_found: Mapped[int] = mapped_column(default=0)
    pages_fetched: Mapped[int] = mapped_column(default=0)
    pages_refused: Mapped[int] = mapped_column(default=0)
    pages_failed: Mapped[int] = mapped_column(default=0)
    articles_new: Mapped[int] = mapped_column(default=0)
    articles_changed: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        UniqueConstraint("schedule", "slot"),
        CheckConstraint(one_of("state", RUN_STATES), name="state"),
        CheckConstraint("(schedule IS NULL) = (slot IS NULL)", name="slot"),
        Index(  # one run at a time in one database
            "uq_run_running",
            "state",
            unique=True,
            sqlite_where=sql("state = 'running'"),
            postgresql_where=sql("state = 'running'"),
        ),
    )


class Poll(Base):
    """One reading of one feed, whatever came of it."""

    __tablename__ = "poll"
    id: Mapped[int] = mapped_column(primary_key=True)
    feed_id: Mapped[int] = mapped_column(ForeignKey("feed.id"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"), index=True)
    at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(comment="read, unchanged, failed, unreadable or refused")
    status: Mapped[int | None] = mapped_column(comment="HTTP status, where one came")
    entries: Mapped[int] = mapped_column(default=0)
    pages_new: Mapped[int] = mapped_column(default=0)
    entries_cut: Mapped[int] = mapped_column(default=0, comment="entries beyond the limit of one poll")
    entries_refused: Mapped[int] = mapped_column(default=0, comment="links that can name no page; samples in `error`")
    entries_over_budget: Mapped[int] = mapped_column(
        default=0, server_default="0", comment="new links beyond a budget of the day; the feed is read again for them"
    )
    entries_before: Mapped[int] = mapped_column(
        default=0, server_default="0", comment="entries of the poll before that listed any"
    )
    entries_again: Mapped[int] = mapped_column(
        default=0, server_default="0", comment="of those, how many this poll saw again; pinned ones left aside"
    )
    error: Mapped[str | None]
    body: Mapped[bytes | None] = mapped_column(comment="zstd; kept where the body could not be read")
    __table_args__ = (Index(None, "feed_id", "at"),)


class Page(Base):
    """A URL we mean to read, and how far we are: the whole truth of the crawl."""

    __tablename__ = "page"
    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    feed_id: Mapped[int | None] = mapped_column(ForeignKey("feed.id"), comment="the feed that first named it")
    key: Mapped[bytes] = mapped_column(Sha256, unique=True, comment="sha256 of the canonicalised requested URL")
    url: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None] = mapped_column(comment="why it was refused, failed, is gone, or gave no article")
    attempts: Mapped[int] = mapped_column(default=0, comment="since the last success")
    next_try_at: Mapped[datetime | None] = mapped_column(
        comment="not asked before; null = any time where waiting, never again where failed"
    )
    leased_until: Mapped[datetime | None] = mapped_column(comment="while fetching: after this the lease is void")
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"), comment="the run that holds or last held it")
    found_at: Mapped[datetime]
    fetched_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    status: Mapped[int | None] = mapped_column(comment="HTTP status of the last answer")
    final_url: Mapped[str | None] = mapped_column(comment="after redirects")
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    feed_title: Mapped[str | None]
    feed_time: Mapped[datetime | None] = mapped_column(comment="the date the feed gives, where plausible")
    feed_author: Mapped[str | None]
    feed_summary: Mapped[str | None] = mapped_column(comment="plain text: all there is of a page that may not be read")
    feed_language: Mapped[str | None]
    gap_id: Mapped[int | None] = mapped_column(ForeignKey("gap.id"), index=True, comment="the gap that it was lost in")
    next_visit_at: Mapped[datetime | None] = mapped_column(comment="when a page that was read is asked again")
    visits: Mapped[int] = mapped_column(default=0, server_default="0", comment="such visits so far")
    unchanged: Mapped[int] = mapped_column(
        default=0, server_default="0", comment="answers in a row, other than to visits, with nothing new"
    )
    ended_at: Mapped[datetime | None] = mapped_column(comment="when it was last refused, given up or gone")
    handed_at: Mapped[datetime | None] = mapped_column(comment="when another source took it over")
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"), index=True)
    __table_args__ = (
        CheckConstraint(one_of("state", PAGE_STATES), name="state"),
        CheckConstraint("state <> 'fetching' OR leased_until IS NOT NULL", name="lease"),
        CheckConstraint("state NOT IN ('refused', 'failed') OR reason IS NOT NULL", name="reason"),
        Index(None, "state", "next_try_at"),
        Index(None, "source_id", "state", "next_try_at"),
        Index(
            "ix_page_next_visit_at",
            "source_id",
            "next_visit_at",
            sqlite_where=sql("next_visit_at IS NOT NULL"),
            postgresql_where=sql("next_visit_at IS NOT NULL"),
        ),
    )


class RawBody(Base):
    """One answer's bytes as they came (after decompression), committed before anything reads them."""

    __tablename__ = "raw_body"
    id: Mapped[int] = mapped_column(primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id"), index=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    fetched_at: Mapped[datetime]
    final_url: Mapped[str]
    status: Mapped[int]
    content_type: Mapped[str | None]
    headers: Mapped[dict[str, Any]]
    size: Mapped[int] = mapped_column(comment="bytes before compression")
    sha256: Mapped[bytes] = mapped_column(Sha256)
    body: Mapped[bytes] = mapped_column(comment="zstd")
    is_partial: Mapped[bool] = mapped_column(
        default=False, server_default=false(), comment="cut short or wrongly packed: the page is asked again"
    )
    insecure_tls: Mapped[bool] = mapped_column(
        default=False, server_default=false(), comment="it came over a connection whose certificate nobody checked"
    )
    read_at: Mapped[datetime | None] = mapped_column(comment="null: waits to be read; pruned some days after")
    __table_args__ = (
        Index("ix_raw_body_unread", "id", sqlite_where=sql("read_at IS NULL"), postgresql_where=sql("read_at IS NULL")),
    )
