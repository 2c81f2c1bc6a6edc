"""What sites print on page after page, as rows: the pages a site's memory knows, the counts of blocks, what was learnt.

`pipelines.site_memory` decides; this keeps it. Every function runs inside the caller's transaction, and whoever writes
has locked the site's row first: counts are never lost, however many crawls write at once. Digests are 8 bytes each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, bindparam, case, delete, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.engine import insert_missing, portions
from storage.models import Article, Label, Reading, Site, SiteBlock, SitePage, SiteWork
from storage.models.base import table_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date, datetime

    from sqlalchemy.orm import Session

SITE, PAGE, BLOCK, WORK = table_of(Site), table_of(SitePage), table_of(SiteBlock), table_of(SiteWork)
READING, LABEL, ARTICLE = table_of(Reading), table_of(Label), table_of(Article)
CHUNK: Final = 500  # rows of one statement

# Once for every page: made once, without objects.
_SITE: Final = select(SITE).where(SITE.c.name == bindparam("name")).with_for_update()
_TEACHING: Final = (
    select(PAGE.c.article_id, PAGE.c.page_group, PAGE.c.day, PAGE.c.digests, PAGE.c.words, PAGE.c.words_cut)
    .where(PAGE.c.site_id == bindparam("site"), PAGE.c.page_group.is_not(None))
    .order_by(PAGE.c.article_id)
)
_IS_PAGE: Final = (PAGE.c.site_id == bindparam("site")) & (PAGE.c.article_id == bindparam("article"))
_HELD: Final = select(func.coalesce(PAGE.c.later, PAGE.c.digests)).where(_IS_PAGE)
_LATER: Final = update(PAGE).where(_IS_PAGE).values(later=bindparam("held"))
_NEW_PAGE: Final = insert(PAGE)
_FORGET: Final = update(PAGE).where(_IS_PAGE).values(page_group=None)
_IS_BLOCK: Final = (BLOCK.c.site_id == bindparam("site")) & (BLOCK.c.digest == bindparam("block"))
IS_UNSEEN: Final = (BLOCK.c.page_groups == 0) & BLOCK.c.furniture_since.is_(None)
_UNSEEN: Final = update(BLOCK).where(_IS_BLOCK).values(page_groups=0, days=0)
_LEARN: Final = update(BLOCK).where(_IS_BLOCK).values(furniture_since=bindparam("now"), sample=bindparam("words"))
_OTHER: Final = BLOCK.alias("other")
_IS_SHARED: Final = exists().where(_OTHER.c.digest == BLOCK.c.digest, _OTHER.c.site_id != BLOCK.c.site_id)
_STANDING: Final = select(
    BLOCK.c.digest, BLOCK.c.furniture_since.is_not(None).label("is_furniture"), _IS_SHARED.label("is_shared")
).where(BLOCK.c.site_id == bindparam("site"), BLOCK.c.digest.in_(bindparam("blocks", expanding=True)))


@dataclass(frozen=True, slots=True)
class Count:
    """Where the known pages of a site show a block."""

    digest: bytes
    groups: int
    days: int
    first_seen: date
    last_seen: date


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a block of a site. ``is_shared``: another site prints it, too."""

    is_furniture: bool
    is_shared: bool


def lock(session: Session, name: str) -> Row[*tuple[Any, ...]]:
    """Return a site's row, made if need be, held until the transaction ends."""
    if (row := session.execute(_SITE, {"name": name}).first()) is None:
        insert_missing(session, Site, [{"name": name}])
        row = session.execute(_SITE, {"name": name}).one()
    return row


def teaching(session: Session, site_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the pages that the counts of a site's blocks come from, those that came first before the others."""
    return session.execute(_TEACHING, {"site": site_id}).all()


def held(session: Session, site_id: int, article_id: int) -> bytes | None:
    """Return the packed digests of what an article's newest version shows; None where the memory does not know it."""
    found: bytes | None = session.scalar(_HELD, {"site": site_id, "article": article_id})
    return found


def add_page(session: Session, **row: Any) -> None:
    """Insert a page: a value for every column."""
    session.execute(_NEW_PAGE, row)


def keep_later(session: Session, site_id: int, article_id: int, digests: bytes) -> None:
    """Note what a page's newest version shows, so that it is found when one of these blocks is learnt."""
    session.execute(_LATER, {"site": site_id, "article": article_id, "held": digests})


def regroup(session: Session, site_id: int, article_ids: Collection[int], group: int) -> None:
    """Put pages into one group."""
    moved = update(PAGE).where(PAGE.c.site_id == site_id, PAGE.c.article_id.in_(article_ids))
    session.execute(moved.values(page_group=group))


def forget_pages(session: Session, site_id: int, article_ids: Iterable[int]) -> None:
    """Let pages teach nothing any more; their counts are the caller's to correct."""
    if gone := [{"site": site_id, "article": article_id} for article_id in article_ids]:
        session.connection().execute(_FORGET, gone)


def count(session: Session, site_id: int, counts: Sequence[Count]) -> None:
    """Write where blocks are seen. The row of what no known page shows any more stays: its site has printed it."""
    if unseen := [{"site": site_id, "block": one.digest} for one in counts if not one.groups]:
        session.connection().execute(_UNSEEN, unseen)
    rows = [
        {
            "site_id": site_id,
            "digest": one.digest,
            "page_groups": one.groups,
            "days": one.days,
            "first_seen": one.first_seen,
            "last_seen": one.last_seen,
        }
        for one in counts
        if one.groups
    ]
    if rows:
        session.execute(_COUNT[session.get_bind().dialect.name], rows)


def note_printed(session: Session, site_id: int, digests: Collection[bytes], day: date) -> None:
    """Note that a site has printed blocks, on a page that teaches nothing."""
    seen = {"site_id": site_id, "page_groups": 0, "days": 0, "first_seen": day, "last_seen": day}
    if digests:
        rows = [seen | {"digest": digest} for digest in digests]
        session.execute(_PRINTED[session.get_bind().dialect.name], rows)


def standing(session: Session, site_id: int, digests: Collection[bytes]) -> dict[bytes, Standing]:
    """Return what is known of these blocks of a site."""
    rows = session.execute(_STANDING, {"site": site_id, "blocks": list(digests)})
    return {bytes(digest): Standing(bool(furniture), bool(shared)) for digest, furniture, shared in rows}


def learn(session: Session, site_id: int, samples: dict[bytes, str], now: datetime) -> None:
    """Make blocks furniture, and have the readings of every page that shows one looked at again."""
    learnt = [{"site": site_id, "block": block, "words": words, "now": now} for block, words in samples.items()]
    session.connection().execute(_LEARN, learnt)
    shown = select(PAGE.c.article_id, PAGE.c.digests, PAGE.c.later).where(PAGE.c.site_id == site_id)
    holders = [row.article_id for row in session.execute(shown) if _holds(row.later or row.digests, samples)]
    for some in portions(holders, CHUNK):
        _look_again(session, READING.c.article_id.in_(some))


def unlearn(session: Session, site_id: int, digests: Collection[bytes]) -> None:
    """Make furniture text again, and have every reading that it was cut from looked at again."""
    for some in portions(digests, CHUNK):
        mine = (BLOCK.c.site_id == site_id) & BLOCK.c.digest.in_(some)
        session.execute(update(BLOCK).where(mine).values(furniture_since=None, sample=None))
        _look_again(session, exists().where(LABEL.c.reading_id == READING.c.id, LABEL.c.digest.in_(some)))


def furniture(session: Session, site_id: int) -> list[bytes]:
    """Return everything that was learnt of a site."""
    learnt = select(BLOCK.c.digest).where(BLOCK.c.site_id == site_id, BLOCK.c.furniture_since.is_not(None))
    return [bytes(digest) for digest in session.scalars(learnt)]


def shared_furniture(session: Session) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return (site, digest) of furniture that another site has printed since."""
    query = select(SITE.c.name, BLOCK.c.digest).join(SITE, SITE.c.id == BLOCK.c.site_id)
    return session.execute(query.where(BLOCK.c.furniture_since.is_not(None), _IS_SHARED)).all()


def forget(session: Session, site_id: int, *, for_good: bool) -> int:
    """Forget what a locked site taught; return how many readings have to be looked at for it. It learns anew, or never.

    That it has printed its blocks stays known, so that they become no other site's furniture.
    """
    before = waiting_count(session)
    unlearn(session, site_id, furniture(session, site_id))
    session.execute(update(BLOCK).where(BLOCK.c.site_id == site_id).values(page_groups=0, days=0))
    session.execute(delete(PAGE).where(PAGE.c.site_id == site_id))
    session.execute(update(SITE).where(SITE.c.id == site_id).values(is_learning=not for_good, cut_jump=None))
    return waiting_count(session) - before


def note_jump(session: Session, site_id: int, words: str | None) -> None:
    """Write, in words, that the share of text that is cut from a site has jumped; None: it has not, or no longer."""
    session.execute(update(SITE).where(SITE.c.id == site_id).values(cut_jump=words))


def waiting(session: Session, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return (reading_id, url of its article) of readings that have to be looked at again, the oldest first."""
    query = select(WORK.c.reading_id, ARTICLE.c.url).join(READING, READING.c.id == WORK.c.reading_id)
    query = query.join(ARTICLE, ARTICLE.c.id == READING.c.article_id).order_by(WORK.c.reading_id)
    return session.execute(query.limit(limit)).all()


def waiting_count(session: Session) -> int:
    """Return how many readings wait to be looked at again."""
    return session.scalar(select(func.count()).select_from(WORK)) or 0


def looked_at(session: Session, reading_ids: Collection[int]) -> None:
    """Take readings off the list."""
    session.execute(delete(WORK).where(WORK.c.reading_id.in_(reading_ids)))


def prune(session: Session, *, seen_before: date) -> None:
    """Drop the rows of older pages that teach nothing, and of what only they printed.

    Nobody compares their articles with new ones any more.
    """
    session.execute(delete(BLOCK).where(BLOCK.c.last_seen < seen_before, IS_UNSEEN))
    session.execute(delete(PAGE).where(PAGE.c.day < seen_before, PAGE.c.page_group.is_(None)))


def _look_again(session: Session, where: Any) -> None:
    ids = session.scalars(select(READING.c.id).where(READING.c.is_current, where))
    insert_missing(session, SiteWork, [{"reading_id": reading_id} for reading_id in ids])


def _holds(digests: bytes, wanted: Collection[bytes]) -> bool:
    return any(digests.find(block) >= 0 for block in wanted)  # one that begins inside another is looked at in vain


def _printed(insertion: Any, *counts: str) -> Any:
    """Insert blocks; of those that are known, set the days between which they were seen, and these counts."""
    new = insertion(BLOCK)
    given, first, last = new.excluded, BLOCK.c.first_seen, BLOCK.c.last_seen
    span = {
        "first_seen": case((given.first_seen < first, given.first_seen), else_=first),
        "last_seen": case((given.last_seen > last, given.last_seen), else_=last),
    }
    return new.on_conflict_do_update(
        index_elements=["site_id", "digest"], set_=span | {name: given[name] for name in counts}
    )


_INSERTS: Final = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_PRINTED: Final = {name: _printed(insertion) for name, insertion in _INSERTS.items()}
_COUNT: Final = {name: _printed(insertion, "page_groups", "days") for name, insertion in _INSERTS.items()}
