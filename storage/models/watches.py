"""Standing queries over what is read, and the articles that match them."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base


class Watch(Base):
    """A query of the configuration. Readings up to ``read_upto`` have been compared with it."""

    __tablename__ = "watch"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    query: Mapped[str]
    is_enabled: Mapped[bool] = mapped_column(default=True, comment="false once the configuration no longer names it")
    read_upto: Mapped[int] = mapped_column(default=0, comment="the newest reading's id that was compared")
    created_at: Mapped[datetime]


class WatchArticle(Base):
    """An article whose current reading matches a watch."""

    __tablename__ = "watch_article"
    watch_id: Mapped[int] = mapped_column(ForeignKey("watch.id"), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True, index=True)
    reading_id: Mapped[int] = mapped_column(ForeignKey("reading.id"), comment="the reading that matched")
    matched_at: Mapped[datetime]
