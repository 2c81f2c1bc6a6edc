"""What is asked of the web and what came of it: sources, feeds, runs, polls, pages, raw bodies."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
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
    allow_private: Mapped[bool] = mapped_column(default=False, comment="its own hosts may be private addresses")
    is_enabled: Mapped[bool] = mapped_column(default=True, comment="false once the configuration no longer names it")
    created_at: Mapped[datetime]


class Feed(Base):
    """A place that lists links. What a poll found and the validators it was answered with are committed together."""

    __tablename__ = "feed"
    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"), index=True)
    url: Mapped[str]
    key: Mapped[bytes] = mapped_column(Sha256, comment="sha256 of the canonical URL")
    kind: Mapped[str]
    is_enabled: Mapped[bool] = mapped_column(default=True)
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    body_sha256: Mapped[bytes | None] = mapped_column(Sha256, comment="an unchanged body is not parsed again")
    polled_at: Mapped[datetime | None]
    next_poll_at: Mapped[datetime] = mapped_column(index=True)
    interval_seconds: Mapped[int]
    failures: Mapped[int] = mapped_column(default=0, comment="in a row; 0 after a success")
    error: Mapped[str | None] = mapped_column(comment="the last failure in words")
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
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"), index=True)
    __table_args__ = (
        CheckConstraint(one_of("state", PAGE_STATES), name="state"),
        CheckConstraint("state <> 'fetching' OR leased_until IS NOT NULL", name="lease"),
        CheckConstraint("state NOT IN ('refused', 'failed') OR reason IS NOT NULL", name="reason"),
        Index(None, "state", "next_try_at"),
        Index(None, "source_id", "state", "next_try_at"),
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
    read_at: Mapped[datetime | None] = mapped_column(comment="null: waits to be read; pruned some days after")
    __table_args__ = (
        Index("ix_raw_body_unread", "id", sqlite_where=sql("read_at IS NULL"), postgresql_where=sql("read_at IS NULL")),
    )
