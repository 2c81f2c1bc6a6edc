"""What pages say: articles, their versions and blocks, and the readings taken of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, false
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base
from storage.types import Sha256


class Article(Base):
    """What pages say under one canonical URL. It stands in groups and stories by its current reading."""

    __tablename__ = "article"
    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    key: Mapped[bytes] = mapped_column(Sha256, unique=True, comment="sha256 of the canonical URL")
    url: Mapped[str] = mapped_column(comment="canonical")
    kind: Mapped[str] = mapped_column(comment="only kind article is folded")
    title: Mapped[str]
    authors: Mapped[list[Any]]
    language: Mapped[str | None]
    agency: Mapped[str | None]
    byline: Mapped[str | None] = mapped_column(comment="as the page prints it")
    bio: Mapped[str | None] = mapped_column(comment="what it says of its author, one paragraph a line")
    credits: Mapped[list[Any]] = mapped_column(
        server_default=sql("'[]'"), default=list, comment="its lines of credit to agencies, photographers, owners"
    )
    section: Mapped[str | None]
    is_free: Mapped[bool | None]
    published_at: Mapped[datetime | None] = mapped_column(comment="as the page says, where plausible")
    published_from: Mapped[str | None]
    published_raw: Mapped[str | None]
    published_doubt: Mapped[str | None] = mapped_column(comment="why the date that the page claims is not believed")
    modified_at: Mapped[datetime | None]
    first_seen_at: Mapped[datetime]
    time: Mapped[datetime] = mapped_column(index=True, comment="published_at where known, else first_seen_at")
    is_timed: Mapped[bool] = mapped_column(default=True, comment="false: no time factor (imported without one)")
    gone_at: Mapped[datetime | None]
    insecure_tls: Mapped[bool] = mapped_column(
        default=False, server_default=false(), comment="it came over a connection whose certificate nobody checked"
    )
    text_key: Mapped[int | None] = mapped_column(comment="the key that articles with the same words share")
    copy_group_id: Mapped[int | None] = mapped_column(ForeignKey("copy_group.id"))
    earliest_at: Mapped[datetime | None] = mapped_column(
        comment="it was published no earlier, by its outlet's clock and our polls; null: unknown"
    )
    latest_at: Mapped[datetime | None] = mapped_column(comment="and no later")
    copied_from_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"), comment="nearest earlier copy")
    copied_share: Mapped[float | None] = mapped_column(comment="share of its words that stand in that text")
    copied_order: Mapped[str | None] = mapped_column(comment="after: certainly later than that; or undetermined")
    __table_args__ = (Index(None, "source_id", "time"), Index(None, "copy_group_id", "text_key"))


class Version(Base):
    """One state of an article's text: its blocks, immutable."""

    __tablename__ = "version"
    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    number: Mapped[int]
    page_id: Mapped[int | None] = mapped_column(ForeignKey("page.id"), comment="which of the article's pages said it")
    raw_body_id: Mapped[int | None] = mapped_column(comment="no foreign key: raw bodies are pruned, versions are not")
    seen_at: Mapped[datetime]
    title: Mapped[str]
    charset: Mapped[str | None] = mapped_column(comment="by which its bytes were read")
    is_repaired: Mapped[bool] = mapped_column(
        default=False, server_default=false(), comment="its bytes had been decoded wrongly before they came (mojibake)"
    )
    is_partial: Mapped[bool] = mapped_column(
        default=False, server_default=false(), comment="read from an answer that was cut short every time"
    )
    sha256: Mapped[bytes] = mapped_column(Sha256, comment="of title and all blocks")
    __table_args__ = (UniqueConstraint("article_id", "number"),)


class Block(Base):
    """A paragraph as the page had it. Blocks are labelled, never deleted."""

    __tablename__ = "block"
    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    said_at: Mapped[datetime | None] = mapped_column(comment="of a live blog's post: when")


class Reading(Base):
    """What we took from a version: labels, clean text, keys. Today's rules make a new reading, not a new version."""

    __tablename__ = "reading"
    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"))
    number: Mapped[int] = mapped_column(comment="within its version")
    is_current: Mapped[bool]
    kind: Mapped[str]
    reader: Mapped[str | None] = mapped_column(comment="which way of reading the page won")
    rules_version: Mapped[int]
    created_at: Mapped[datetime]
    text: Mapped[str] = mapped_column(comment="the blocks labelled `text`, joined by blank lines")
    words: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(Sha256, comment="of title, kind and clean text")
    keys: Mapped[bytes | None] = mapped_column(comment="packed; null until keyed")
    features: Mapped[bytes | None] = mapped_column(comment="packed; null until keyed")
    algorithm: Mapped[int | None] = mapped_column(comment="of keys and features")
    bucket: Mapped[int | None] = mapped_column(comment="where its keys were put")
    keyed_at: Mapped[datetime | None] = mapped_column(comment="its keys are committed")
    grouped_at: Mapped[datetime | None] = mapped_column(comment="its links and copy group are committed")
    folded_at: Mapped[datetime | None] = mapped_column(comment="its story is committed")
    __table_args__ = (
        UniqueConstraint("version_id", "number"),
        Index(None, "bucket"),
        Index(None, "algorithm", "id"),
        # Beside the partial one below: to SQLite `is_current = 1` is not its condition, and it would read every row.
        Index(None, "article_id"),
        Index(
            "uq_reading_current",
            "article_id",
            unique=True,
            sqlite_where=sql("is_current"),
            postgresql_where=sql("is_current"),
        ),
        Index(
            "ix_reading_pending",
            "id",
            sqlite_where=sql("folded_at IS NULL"),
            postgresql_where=sql("folded_at IS NULL"),
        ),
    )


class Label(Base):
    """Why a block is not part of the clean text. A block without a row here is text."""

    __tablename__ = "label"
    reading_id: Mapped[int] = mapped_column(ForeignKey("reading.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str]
    rule: Mapped[str]
    digest: Mapped[bytes | None] = mapped_column(
        LargeBinary(8), comment="where its site's memory gave the label: the digest that `site_block` knows"
    )
    __table_args__ = (
        Index(
            "ix_label_digest",
            "digest",
            sqlite_where=sql("digest IS NOT NULL"),
            postgresql_where=sql("digest IS NOT NULL"),
        ),
    )


class StatedSource(Base):
    """A medium that the text names as where a claim comes from: "Politico first reported". One row a phrase."""

    __tablename__ = "stated_source"
    reading_id: Mapped[int] = mapped_column(ForeignKey("reading.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, comment="of the block")
    start_at: Mapped[int] = mapped_column(primary_key=True, comment="in characters of the block's text, from 0")
    end_at: Mapped[int]
    name: Mapped[str] = mapped_column(index=True, comment="as it stands there, without its article")
    wording: Mapped[str] = mapped_column(comment="first_reported, according_to, told, citing, reported")
