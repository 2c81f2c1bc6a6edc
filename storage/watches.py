"""Standing queries as rows: what the configuration names, how far each has been compared, and what matches it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from foundation.config_sections import WatchSettings
from storage.engine import portions
from storage.models import Article, Reading, Watch, WatchArticle
from storage.models.base import table_of

MATCH: Final = table_of(WatchArticle)
_THIS: Final = (MATCH.c.watch_id == bindparam("watch")) & (MATCH.c.article_id == bindparam("article"))
_FIND: Final = insert(MATCH)
_FORGET: Final = delete(MATCH).where(_THIS)
_CITE: Final = update(MATCH).where(_THIS).values(reading_id=bindparam("reading"))


@dataclass(frozen=True, slots=True)
class Standing:
    """A watch that is on, and the newest reading that it was compared with."""

    id: int
    query: str
    read_upto: int


@dataclass(frozen=True, slots=True)
class Text:
    """The current reading of an article, as watches see it."""

    reading_id: int
    article_id: int
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Match:
    """A watch and an article that matches it by its current reading."""

    watch_id: int
    article_id: int
    reading_id: int


def sync(session: Session, watches: Sequence[WatchSettings], *, now: datetime) -> None:
    """Make the watch rows say what ``watches`` says. Doing it twice changes nothing.

    A watch that is new, or whose query changed, starts from the first article. What the configuration no longer names
    is off and keeps its matches; it goes on from there when it comes back.
    """
    known = {watch.name: watch for watch in session.scalars(select(Watch))}
    for settings in watches:
        watch = known.pop(settings.name, None)
        if watch is None:
            watch = Watch(name=settings.name, query=settings.query, created_at=now)
            session.add(watch)
        elif watch.query != settings.query:
            session.execute(delete(WatchArticle).where(WatchArticle.watch_id == watch.id))
            watch.query, watch.read_upto = settings.query, 0
        watch.is_enabled = True
    for gone in known.values():
        gone.is_enabled = False
    session.flush()


def standing(session: Session, *, lock: bool = False) -> list[Standing]:
    """Return the watches that are on; with ``lock`` nobody else changes them in this transaction's time."""
    found = select(Watch.id, Watch.query, Watch.read_upto).where(Watch.is_enabled).order_by(Watch.id)
    return [Standing(*row) for row in session.execute(found.with_for_update() if lock else found)]


def newest_reading(session: Session) -> int:
    """Return the newest reading's id; 0 where there is none."""
    return session.scalar(select(func.max(Reading.id))) or 0


def settled_reading(session: Session) -> int:
    """Return the newest reading's id when no reading with a lower one can appear any more.

    PostgreSQL hands out ids before it commits rows: the lock waits for those who are writing one now. Call it in a
    transaction that does nothing else, so that the lock is gone at once.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE reading IN SHARE MODE"))
    return newest_reading(session)


def texts(session: Session, *, after: int, upto: int, limit: int) -> list[Text]:
    """Return the current readings with ids in (``after``, ``upto``], the oldest first, ``limit`` of them at most."""
    rows = session.execute(
        select(Reading.id, Reading.article_id, Article.title, Reading.text)
        .join(Article, Article.id == Reading.article_id)
        .where(Reading.is_current, Reading.id > after, Reading.id <= upto)
        .order_by(Reading.id)
        .limit(limit)
    )
    return [Text(*row) for row in rows]


def keep(
    session: Session,
    compared: Sequence[Standing],
    article_ids: Sequence[int],
    matches: Iterable[Match],
    *,
    upto: int,
    now: datetime,
) -> None:
    """Record that ``compared`` have seen the readings up to ``upto``: of ``article_ids``, ``matches`` match them.

    Articles that matched before and do not now are taken out. A watch that has changed since it was compared is left
    as it is.
    """
    unchanged = {watch.id for watch in set(compared).intersection(standing(session, lock=True))}
    found = {(match.watch_id, match.article_id): match.reading_id for match in matches if match.watch_id in unchanged}
    known = _known(session, unchanged, article_ids)
    connection = session.connection()
    if gone := [{"watch": watch, "article": article} for watch, article in known.keys() - found.keys()]:
        connection.execute(_FORGET, gone)
    if newer := [pair for pair in known.keys() & found.keys() if known[pair] != found[pair]]:
        connection.execute(_CITE, [{"watch": one[0], "article": one[1], "reading": found[one]} for one in newer])
    if new := sorted(found.keys() - known.keys()):
        rows = [{"watch_id": one[0], "article_id": one[1], "reading_id": found[one], "matched_at": now} for one in new]
        connection.execute(_FIND, rows)
    for portion in portions(unchanged):
        session.execute(update(Watch).where(Watch.id.in_(portion)).values(read_upto=upto))


def _known(session: Session, watch_ids: set[int], article_ids: Sequence[int]) -> dict[tuple[int, int], int]:
    rows = session.execute(
        select(WatchArticle.watch_id, WatchArticle.article_id, WatchArticle.reading_id).where(
            WatchArticle.article_id.in_(article_ids)
        )
    )
    return {(row.watch_id, row.article_id): row.reading_id for row in rows if row.watch_id in watch_ids}
