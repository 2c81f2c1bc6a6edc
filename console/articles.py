"""Finding the article that somebody names, by its id or an address, and all that commands show of it."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.output import cell
from foundation.errors import UnusableUrl, UsageError
from foundation.urls import url_key
from storage.models import Article, Membership, Page, Reading, Source, Version

FOLDED_KIND: Final = "article"
_HIDDEN: Final = frozenset({"text", "is_timed", "text_key", "is_grouped", "reading"})
_NUMBERED: Final = re.compile(r"(.+)@(\d+)")


@dataclass(frozen=True, slots=True)
class Report:
    """An article as it stands now."""

    article: int
    outlet: str
    title: str
    url: str
    at: datetime
    is_timed: bool
    kind: str
    language: str | None
    agency: str | None
    copy_group: int | None
    story: int | None
    basis: str | None
    reason: str | None
    earliest_at: datetime | None
    latest_at: datetime | None
    copied_from: int | None
    copied_share: float | None
    copied_order: str | None
    text_key: int | None
    reading: int
    is_grouped: bool  # by its current text
    text: str

    def public(self) -> dict[str, Any]:
        """Return what is shown of it: all but its text."""
        return {name: getattr(self, name) for name in self.__slots__ if name not in _HIDDEN}

    @property
    def why_not_folded(self) -> str | None:
        """Why its text is not compared with others; None where it is."""
        if self.kind != FOLDED_KIND:
            return f"it is of kind {self.kind}, and only kind {FOLDED_KIND} is folded"
        return None if self.is_grouped else "it waits to be folded"


def find(session: Session, which: str) -> Report:
    """Return the article of an id or of an address, also of a page's that leads to it. Raises UsageError."""
    row = session.execute(
        select(Article, Source.name, Reading, Membership.story_id, Membership.basis, Membership.reason)
        .join(Source, Source.id == Article.source_id)
        .join(Reading, (Reading.article_id == Article.id) & Reading.is_current)
        .outerjoin(Membership, (Membership.article_id == Article.id) & Membership.left_at.is_(None))
        .where(Article.id == _id_of(session, which))
    ).first()
    if row is None:
        raise UsageError(f"there is no article {which}")
    return _report(*row)


def _report(
    article: Article, outlet: str, reading: Reading, story: int | None, basis: str | None, reason: str | None
) -> Report:
    return Report(
        article=article.id,
        outlet=outlet,
        title=article.title,
        url=article.url,
        at=article.time,
        is_timed=article.is_timed,
        kind=article.kind,
        language=article.language,
        agency=article.agency,
        copy_group=article.copy_group_id,
        story=story,
        basis=basis,
        reason=reason,
        earliest_at=article.earliest_at,
        latest_at=article.latest_at,
        copied_from=article.copied_from_id,
        copied_share=article.copied_share,
        copied_order=article.copied_order,
        text_key=article.text_key,
        reading=reading.id,
        is_grouped=reading.grouped_at is not None or reading.folded_at is not None,
        text=reading.text,
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What an article says now, or said in one of its versions."""

    article: int
    version: int
    versions: int  # how many it has
    is_current: bool
    outlet: str
    title: str
    url: str
    at: datetime  # of the article; of an older version, when it was seen
    words: int
    text: str

    @property
    def name(self) -> str:
        """How to ask for it."""
        return str(self.article) if self.is_current else f"{self.article}@{self.version}"

    def public(self) -> dict[str, Any]:
        """Return what is shown of it: all but its text."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "text"}


def say_of(session: Session, which: str) -> Said:
    """Return what an article says; `ID@N` names its version N, as today's rules read it. Raises UsageError."""
    name, number = _version_of(session, which)
    article_id = _id_of(session, name)
    versions = session.scalar(select(func.max(Version.number)).where(Version.article_id == article_id))
    if versions is None:
        raise UsageError(f"there is no article {name}")
    wanted = Reading.is_current.is_(True) if number is None else Version.number == number
    row = session.execute(
        select(Article, Source.name, Reading, Version)
        .join(Source, Source.id == Article.source_id)
        .join(Reading, Reading.article_id == Article.id)
        .join(Version, Version.id == Reading.version_id)
        .where(Article.id == article_id, wanted)
        .order_by(Reading.number.desc())
    ).first()
    if row is None:
        raise UsageError(f"article {article_id} has no version {number}: it has {versions}")
    article, outlet, reading, version = row
    return Said(
        article=article.id,
        version=version.number,
        versions=versions,
        is_current=reading.is_current,
        outlet=outlet,
        title=version.title,
        url=article.url,
        at=article.time if reading.is_current else version.seen_at,
        words=reading.words,
        text=reading.text,
    )


def _version_of(session: Session, which: str) -> tuple[str, int | None]:
    """Tell `7@2` from an address that ends like that."""
    named = _NUMBERED.fullmatch(which)
    if named is None or (not named[1].isdigit() and _at_address(session, which) is not None):
        return which, None
    return named[1], int(named[2])


def _id_of(session: Session, which: str) -> int | None:
    if which.isascii() and which.isdigit():
        return int(which) if len(which) < 19 else None  # more than a BIGINT holds
    return _at_address(session, which)


def _at_address(session: Session, url: str) -> int | None:
    try:
        key = url_key(url)
    except UnusableUrl as error:
        raise UsageError(f"neither an article's id nor an address: {url}") from error
    found = session.scalar(select(Article.id).where(Article.key == key))
    return found or session.scalar(select(Page.article_id).where(Page.key == key))


def utc(at: datetime | None) -> str:
    """Return an instant for people, to the minute, or that nobody knows it."""
    return "unknown" if at is None else f"{cell(at)} UTC"
