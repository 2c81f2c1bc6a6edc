"""What sites print on page after page: the pages that a site's memory knows, what they show, what was learnt."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, true
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base


class Site(Base):
    """A registered domain. Whoever changes what its memory holds has locked this row: one writer a site at a time."""

    __tablename__ = "site"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True, comment="the registered domain")
    is_learning: Mapped[bool] = mapped_column(default=True, server_default=true(), comment="false: forgotten for good")
    cut_jump: Mapped[str | None] = mapped_column(comment="in words: the share of its text that is cut has jumped")


class SitePage(Base):
    """A page of a site, by its article: what it taught, and where it is to be found when its site's memory changes.

    Only the newest teach; the rows of older ones stay for the time in which articles are compared.
    """

    __tablename__ = "site_page"
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    page_group: Mapped[int | None] = mapped_column(
        comment="an article's id; pages that share half of their blocks are one; null: it teaches nothing"
    )
    day: Mapped[date] = mapped_column(comment="on which it was seen; what it says later teaches nothing")
    digests: Mapped[bytes] = mapped_column(
        comment="packed, 8 bytes each: of its text's blocks, without title and description"
    )
    later: Mapped[bytes | None] = mapped_column(comment="the same of its newest version, where it has a later one")
    words: Mapped[int] = mapped_column(comment="of its text, before anything of it was cut")
    words_cut: Mapped[int] = mapped_column(comment="of these, what the memory cut when it came")
    __table_args__ = (
        Index(
            "ix_site_page_teaching",
            "site_id",
            sqlite_where=sql("page_group IS NOT NULL"),
            postgresql_where=sql("page_group IS NOT NULL"),
        ),
        Index(None, "day"),
        {"sqlite_with_rowid": False},
    )


class SiteBlock(Base):
    """A block that a site printed, and on how many of the pages that its memory knows: often none."""

    __tablename__ = "site_block"
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(
        LargeBinary(8), primary_key=True, comment="of its words; outside sentences all numbers are one"
    )
    page_groups: Mapped[int] = mapped_column(comment="how many groups of known pages show it")
    days: Mapped[int] = mapped_column(comment="on how many days these pages were seen")
    first_seen: Mapped[date]
    last_seen: Mapped[date]
    furniture_since: Mapped[datetime | None] = mapped_column(comment="when it was learnt; null: it is text")
    sample: Mapped[str | None] = mapped_column(comment="its words on the page by which it was learnt")
    __table_args__ = (
        Index(None, "digest"),
        Index(
            "ix_site_block_unseen",
            "last_seen",
            sqlite_where=sql("page_groups = 0 AND furniture_since IS NULL"),
            postgresql_where=sql("page_groups = 0 AND furniture_since IS NULL"),
        ),
        {"sqlite_with_rowid": False},
    )


class SiteWork(Base):
    """A reading whose labels may differ from what its site's memory says now; fold looks at some in every run."""

    __tablename__ = "site_work"
    reading_id: Mapped[int] = mapped_column(ForeignKey("reading.id"), primary_key=True)
