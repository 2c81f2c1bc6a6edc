"""Versions and readings of an article: a new version where the text changed, a new reading where only labels did.

Plain statements on tables, not objects: this runs once for every page of every run.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from pipelines.reading import RULES_VERSION, TEXT
from pipelines.reading import Article as Said
from storage.models import Block, Label, Reading, Version
from storage.models.base import table_of

VERSION, READING, BLOCK, LABEL = table_of(Version), table_of(Reading), table_of(Block), table_of(Label)

_CURRENT: Final = (
    select(READING.c.id, READING.c.sha256, VERSION.c.id, VERSION.c.number, VERSION.c.sha256, VERSION.c.is_partial)
    .join(VERSION, VERSION.c.id == READING.c.version_id)
    .where(READING.c.article_id == bindparam("article"), READING.c.is_current)
)
_RETIRE: Final = update(READING).where(READING.c.id == bindparam("reading")).values(is_current=False)
_WHOLE: Final = update(VERSION).where(VERSION.c.id == bindparam("version")).values(is_partial=False)
_READINGS: Final = select(func.max(READING.c.number)).where(READING.c.version_id == bindparam("version"))
_NEW_VERSION: Final = insert(VERSION).returning(VERSION.c.id)
_NEW_READING: Final = insert(READING).returning(READING.c.id)
_NEW_BLOCKS: Final = insert(BLOCK)
_NEW_LABELS: Final = insert(LABEL)
_LABELS: Final = select(LABEL.c.position, LABEL.c.label, LABEL.c.rule).where(LABEL.c.reading_id == bindparam("reading"))


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

    The same blocks under other labels are a new reading of the same version.
    """
    current = session.execute(_CURRENT, {"article": article_id}).first()
    text = said.text
    text_digest = _sha256(said.kind, said.title or "", text)
    digest = block_digest(said)
    if current is not None and current[5] and current[4] == digest and not origin.is_partial:
        session.execute(_WHOLE, {"version": current[2]})
    if (
        current is not None
        and current[1] == text_digest
        and not (current[4] == digest and _labels_differ(session, current[0], said))
    ):
        return False
    if current is not None:
        session.execute(_RETIRE, {"reading": current[0]})
    if current is not None and current[4] == digest:
        version_id, number = current[2], (session.scalar(_READINGS, {"version": current[2]}) or 0) + 1
    else:
        version_id = _new_version(session, article_id, said, origin, current[3] + 1 if current else 1, digest)
        number = 1
    reading = {
        "article_id": article_id,
        "version_id": version_id,
        "number": number,
        "is_current": True,
        "kind": said.kind,
        "reader": said.reader,
        "rules_version": RULES_VERSION,
        "created_at": now,
        "text": text,
        "words": len(text.split()),
        "sha256": text_digest,
    }
    reading_id = session.execute(_NEW_READING, reading).scalar_one()
    labels = [
        {"reading_id": reading_id, "position": position, "label": block.label, "rule": block.rule}
        for position, block in enumerate(said.blocks)
        if block.label != TEXT
    ]
    if labels:
        session.execute(_NEW_LABELS, labels)
    return current is None or current[1] != text_digest


def _labels_differ(session: Session, reading_id: int, said: Said) -> bool:
    known = {row.position: (row.label, row.rule) for row in session.execute(_LABELS, {"reading": reading_id})}
    return known != {at: (block.label, block.rule) for at, block in enumerate(said.blocks) if block.label != TEXT}


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
        {"version_id": version_id, "position": position, "text": block.text}
        for position, block in enumerate(said.blocks)
    ]
    if blocks:
        session.execute(_NEW_BLOCKS, blocks)
    return version_id


def _sha256(*parts: str) -> bytes:
    return hashlib.sha256("\x00".join(parts).encode()).digest()
