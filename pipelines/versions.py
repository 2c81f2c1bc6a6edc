"""Versions and readings of an article: a new version where the text changed, a new reading where only labels did.

Plain statements on tables, not objects: this runs once for every page of every run.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from pipelines.reading import RULES_VERSION, TEXT, StatedSource
from pipelines.reading import Article as Said
from pipelines.site_memory import RULE, digest, stored
from storage.models import Block, Label, Reading, Version
from storage.models import StatedSource as StatedSourceRow
from storage.models.base import table_of

VERSION, READING, BLOCK, LABEL = table_of(Version), table_of(Reading), table_of(Block), table_of(Label)

_CURRENT: Final = (
    select(
        READING.c.id,
        READING.c.sha256,
        VERSION.c.id,
        VERSION.c.number,
        VERSION.c.sha256,
        VERSION.c.is_partial,
        READING.c.kind,
        READING.c.rules_version,
    )
    .join(VERSION, VERSION.c.id == READING.c.version_id)
    .where(READING.c.article_id == bindparam("article"), READING.c.is_current)
)
RETIRE: Final = update(READING).where(READING.c.id == bindparam("reading")).values(is_current=False)
_WHOLE: Final = update(VERSION).where(VERSION.c.id == bindparam("version")).values(is_partial=False)
_READINGS: Final = select(func.max(READING.c.number)).where(READING.c.version_id == bindparam("version"))
_NEW_VERSION: Final = insert(VERSION).returning(VERSION.c.id)
_NEW_READING: Final = insert(READING).returning(READING.c.id)
_NEW_BLOCKS: Final = insert(BLOCK)
_POST_TIME: Final = (
    update(BLOCK)
    .where(BLOCK.c.version_id == bindparam("version"), BLOCK.c.position == bindparam("at"))
    .values(said_at=bindparam("time"))
)
_NEW_LABELS: Final = insert(LABEL)
_NEW_SOURCES: Final = insert(table_of(StatedSourceRow))
_LABELS: Final = select(LABEL.c.position, LABEL.c.label, LABEL.c.rule).where(LABEL.c.reading_id == bindparam("reading"))


Labels: TypeAlias = dict[int, tuple[str, str]]  # position of a block -> its label and the rule that gave it


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a version comes from."""

    seen_at: datetime
    page_id: int | None = None
    raw_id: int | None = None
    is_partial: bool = False  # the answer was cut short


def is_partial(session: Session, article_id: int) -> bool:
    """Tell whether an article stands by an answer that was cut short."""
    current = session.execute(_CURRENT, {"article": article_id}).first()
    return current is not None and bool(current[5])


def add_version(session: Session, article_id: int, said: Said, origin: Origin, now: datetime) -> bool:
    """Record what an article says now; return whether its title, kind or clean text differ from the current reading.

    The same blocks under other labels, or read by newer rules, are a new reading of the same version; what only its
    site's memory has cut since is no change of what it says.
    """
    current = session.execute(_CURRENT, {"article": article_id}).first()
    text_digest = _sha256(said.kind, said.title or "", said.text)
    said_digest, labels = block_digest(said), _labels(said)
    is_known = current is not None and current[4] == said_digest
    if current is not None and is_known and current[5] and not origin.is_partial:
        session.execute(_WHOLE, {"version": current[2]})
    before = stored_labels(session, current[0]) if current is not None and is_known else labels
    is_read_by_these_rules = current is not None and current[7] == RULES_VERSION
    if current is not None and current[1] == text_digest and before == labels and is_read_by_these_rules:
        return False
    if current is not None:
        session.execute(RETIRE, {"reading": current[0]})
    if current is not None and is_known:
        version_id, number = current[2], next_number(session, current[2])
        _date_posts(session, version_id, said)
    else:
        version_id = _new_version(session, article_id, said, origin, current[3] + 1 if current else 1, said_digest)
        number = 1
    new_reading(session, said, now, article_id=article_id, version_id=version_id, number=number)
    if current is None or current[1] == text_digest:
        return current is None
    return not (is_known and current[6] == said.kind and _memory_alone_differs(before, labels))


def _date_posts(session: Session, version_id: int, said: Said) -> None:
    """Give the posts of a live blog the times that these rules find: they are no part of its text."""
    times = [
        {"version": version_id, "at": position, "time": block.said_at}
        for position, block in enumerate(said.blocks)
        if block.said_at is not None
    ]
    if times:
        session.connection().execute(_POST_TIME, times)


def next_number(session: Session, version_id: int) -> int:
    """Return the number of a version's next reading."""
    return (session.scalar(_READINGS, {"version": version_id}) or 0) + 1


def new_reading(session: Session, said: Said, now: datetime, *, rules_version: int = RULES_VERSION, **of: int) -> int:
    """Let an article stand by a new reading; return its id. ``of``: article_id, version_id and its number there."""
    text = said.text
    reading = {
        **of,
        "is_current": True,
        "kind": said.kind,
        "reader": said.reader,
        "rules_version": rules_version,
        "created_at": now,
        "text": text,
        "words": len(text.split()),
        "sha256": _sha256(said.kind, said.title or "", text),
    }
    reading_id: int = session.execute(_NEW_READING, reading).scalar_one()
    labels = [
        {
            "reading_id": reading_id,
            "position": position,
            "label": block.label,
            "rule": block.rule,
            "digest": stored(digest(block.text)) if block.rule == RULE else None,
        }
        for position, block in enumerate(said.blocks)
        if block.label != TEXT
    ]
    if labels:
        session.execute(_NEW_LABELS, labels)
    if said.stated:
        session.execute(_NEW_SOURCES, [_source(reading_id, source) for source in said.stated])
    return reading_id


def _source(reading_id: int, source: StatedSource) -> dict[str, str | int]:
    return {
        "reading_id": reading_id,
        "position": source.position,
        "start_at": source.start,
        "end_at": source.end,
        "name": source.name,
        "wording": source.wording,
    }


def stored_labels(session: Session, reading_id: int) -> Labels:
    """Return the label and the rule of every block that a reading does not call text, by its position."""
    return {row.position: (row.label, row.rule) for row in session.execute(_LABELS, {"reading": reading_id})}


def _labels(said: Said) -> Labels:
    return {at: (block.label, block.rule) for at, block in enumerate(said.blocks) if block.label != TEXT}


def _memory_alone_differs(before: Labels, after: Labels) -> bool:
    """Tell whether labels are the same but for those that the site's memory gives: the page said nothing new."""
    return set(before.items()) ^ set(after.items()) <= {
        (at, given) for labels in (before, after) for at, given in labels.items() if given[1] == RULE
    }


def block_digest(said: Said) -> bytes:
    """Return the digest of what a page said: title and all blocks, whatever they are labelled."""
    return _sha256(said.title or "", *(block.text for block in said.blocks))


def _new_version(session: Session, article_id: int, said: Said, origin: Origin, number: int, digest: bytes) -> int:
    version = {
        "article_id": article_id,
        "number": number,
        "page_id": origin.page_id,
        "raw_body_id": origin.raw_id,
        "seen_at": origin.seen_at,
        "title": said.title or "",
        "charset": said.charset,
        "is_repaired": said.is_repaired,
        "is_partial": origin.is_partial,
        "sha256": digest,
    }
    version_id: int = session.execute(_NEW_VERSION, version).scalar_one()
    blocks = [
        {"version_id": version_id, "position": position, "text": block.text, "said_at": block.said_at}
        for position, block in enumerate(said.blocks)
    ]
    if blocks:
        session.execute(_NEW_BLOCKS, blocks)
    return version_id


def _sha256(*parts: str) -> bytes:
    return hashlib.sha256("\x00".join(parts).encode()).digest()
