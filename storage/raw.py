"""Raw bodies: a page's bytes, committed together with its state before anything reads them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from foundation.compress import compress, decompress
from foundation.urls import canonicalise, origin, url_key
from storage import pages
from storage.models import Page, RawBody, Run, Source
from storage.models.base import table_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

# PostgreSQL's JSON refuses U+0000, and a server may send headers without end.
MAX_HEADERS: Final = 100
MAX_HEADER: Final = 2_000

# Once for every page: made once, without objects.
_RAW, _PAGE = table_of(RawBody), table_of(Page)
_NEW: Final = insert(_RAW).returning(_RAW.c.id)
_LONGEST: Final = (
    select(_RAW.c.id)
    .join(_PAGE, _PAGE.c.id == _RAW.c.page_id)
    .where(_PAGE.c.id == bindparam("page"), _RAW.c.is_partial, _PAGE.c.article_id.is_(None))
    .order_by(_RAW.c.size.desc(), _RAW.c.id.desc())
    .limit(1)
)
_STORED: Final = (
    select(RawBody, Page.url, Source.name)
    .join(Page, Page.id == RawBody.page_id)
    .join(Source, Source.id == Page.source_id)
)
_FETCHED: Final = (
    update(_PAGE)
    .where(_PAGE.c.id == bindparam("page"))
    .values(
        state="fetched",
        reason=None,
        attempts=0,
        next_try_at=None,
        leased_until=None,
        fetched_at=bindparam("answered_at"),
        status=bindparam("answer"),
        final_url=bindparam("answering"),
        etag=bindparam("tag"),
        last_modified=bindparam("modified"),
    )
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: ``headers`` have lower-case names, ``body`` is decompressed.

    ``insecure_tls``: nobody checked the certificate of the connection that it came over.
    """

    final_url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    fetched_at: datetime
    insecure_tls: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes that wait to be read, with the page they came for."""

    raw_id: int
    page_id: int
    url: str
    source: str
    answer: Answer


def keep(session: Session, page_id: int, answer: Answer, *, run_id: int | None) -> int:
    """Store the bytes and make the page ``fetched``, whoever holds its lease: bytes that came are never thrown away.

    Returns the raw body's id.
    """
    row = _row(page_id, answer, run_id)
    raw_id: int = session.execute(_NEW, row).scalar_one()
    session.execute(
        _FETCHED,
        {
            "page": page_id,
            "answered_at": answer.fetched_at,
            "answer": answer.status,
            "answering": answer.final_url,
            "tag": row["headers"].get("etag"),
            "modified": row["headers"].get("last-modified"),
        },
    )
    if run_id is not None:
        pages.count_ended(session, run_id, "fetched")
    return raw_id


def keep_partial(
    session: Session, page_id: int, answer: Answer, failed: pages.Ended, *, run_id: int | None
) -> int | None:
    """Store the bytes of an answer that was cut short, and record the attempt as failed.

    When the page is given up and has no article, the longest such bytes are made to wait for reading: returns that raw
    body's id. Else they are there for whoever looks, and None is returned.
    """
    session.execute(_NEW, _row(page_id, answer, run_id) | {"is_partial": True, "read_at": answer.fetched_at})
    is_ours = pages.end(session, page_id, failed, run_id=run_id, now=answer.fetched_at)
    if not is_ours or failed.next_try_at is not None:
        return None
    raw_id: int | None = session.scalar(_LONGEST, {"page": page_id})
    if raw_id is not None:
        session.execute(update(RawBody).where(RawBody.id == raw_id).values(read_at=None))
        session.execute(update(Page).where(Page.id == page_id).values(state="fetched", attempts=0))
    return raw_id


def keep_foreign(session: Session, url: str, source: str, answer: Answer, *, run_id: int | None) -> tuple[int, int]:
    """Store bytes that came without a page of ours (a user's own spider), making page and source where needed.

    Returns the page's and the raw body's id. Raises UnusableUrl.
    """
    key = url_key(url)
    page_id = session.scalar(select(Page.id).where(Page.key == key))
    if page_id is None:
        source_id = session.scalar(select(Source.id).where(Source.name == source))
        if source_id is None:
            # Not enabled: the configuration does not name it, so no run asks for its pages.
            made = Source(name=source, url=origin(url), is_enabled=False, created_at=answer.fetched_at)
            session.add(made)
            session.flush()
            source_id = made.id
        pages.add(session, source_id, None, [pages.Found(canonicalise(url), key)], now=answer.fetched_at)
        page_id = session.scalars(select(Page.id).where(Page.key == key)).one()
    return page_id, keep(session, page_id, answer, run_id=run_id)


def newest_id(session: Session) -> int:
    """Return the newest raw body's id; 0 where there is none."""
    return session.scalar(select(func.max(RawBody.id))) or 0


def unread(session: Session, *, after: int, upto: int, limit: int, run_id: int | None) -> list[Stored]:
    """Return stored bytes that nobody has read, by id from ``after`` (excluded) to ``upto``.

    Bytes that another run fetched and is about to read itself are left to it.
    """
    mine_or_nobodys = or_(
        RawBody.run_id.is_(None), RawBody.run_id.is_not_distinct_from(run_id), Run.id.is_(None), Run.state != "running"
    )
    rows = session.execute(
        _STORED.outerjoin(Run, Run.id == RawBody.run_id)
        .where(RawBody.read_at.is_(None), RawBody.id > after, RawBody.id <= upto, mine_or_nobodys)
        .order_by(RawBody.id)
        .limit(limit)
    )
    return [_stored(*row) for row in rows]


def stored(session: Session, raw_id: int) -> Stored:
    """Return one page's stored bytes."""
    return _stored(*session.execute(_STORED.where(RawBody.id == raw_id)).one())


def prune(session: Session, *, read_before: datetime) -> int:
    """Delete the bytes that were read before then; return how many. Bytes that wait to be read stay, however old."""
    done = session.execute(delete(RawBody).where(RawBody.read_at < read_before).returning(RawBody.id))
    return len(done.all())


def _stored(raw: RawBody, url: str, source: str) -> Stored:
    body = decompress(raw.body)
    answer = Answer(raw.final_url, raw.status, raw.headers, body, raw.fetched_at, raw.insecure_tls)
    return Stored(raw.id, raw.page_id, url, source, answer)


def _row(page_id: int, answer: Answer, run_id: int | None) -> dict[str, Any]:
    headers = _storable(answer.headers)
    return {
        "page_id": page_id,
        "run_id": run_id,
        "fetched_at": answer.fetched_at,
        "final_url": answer.final_url,
        "status": answer.status,
        "content_type": headers.get("content-type"),
        "headers": headers,
        "size": len(answer.body),
        "sha256": hashlib.sha256(answer.body).digest(),
        "body": compress(answer.body),
        "insecure_tls": answer.insecure_tls,
    }


def _storable(headers: Mapping[str, str]) -> dict[str, str]:
    kept = list(headers.items())[:MAX_HEADERS]
    return {storable(name)[:MAX_HEADER]: storable(value)[:MAX_HEADER] for name, value in kept}


def storable(text: str) -> str:
    """Return ``text`` without what a database refuses: U+0000 (PostgreSQL) and lone surrogates (both)."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
