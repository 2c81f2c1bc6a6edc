"""Who copied whom within a copy group: the likeliest earlier text of each article, and whether the order is certain."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from dedup.lineage import Moment, Source, descent
from pipelines.fold.grouping import copy_links
from pipelines.fold.moments import stored
from storage.engine import portions
from storage.models import Article, Link
from storage.models.base import table_of

_ARTICLE = table_of(Article)
_STORE: Final = (
    update(_ARTICLE)
    .where(_ARTICLE.c.id == bindparam("article"))
    .values(copied_from_id=bindparam("source"), copied_share=bindparam("share"), copied_order=bindparam("order"))
)


@dataclass(frozen=True, slots=True)
class Printed:
    """An article as lineage sees it."""

    group: int | None
    time: datetime
    moment: Moment


def trace(session: Session, article_ids: Iterable[int]) -> None:
    """Write down whose text each of these articles prints, by the links and groups that stand now."""
    ids = sorted(set(article_ids))
    shares = _shares(session, ids)
    known = _known(session, {*ids, *(other for others in shares.values() for other in others)})
    rows = [_row(article_id, shares.get(article_id, {}), known) for article_id in ids if article_id in known]
    if rows:
        session.connection().execute(_STORE, rows)


def _row(article_id: int, shares: Mapping[int, float], known: Mapping[int, Printed]) -> dict[str, Any]:
    own = known[article_id]
    sources = [
        Source(other, share, known[other].time.timestamp(), known[other].moment)
        for other, share in shares.items()
        if other in known and own.group is not None and known[other].group == own.group
    ]
    found = descent(own.moment, (own.time.timestamp(), article_id), sources)
    return {
        "article": article_id,
        "source": found and found.source,
        "share": found and found.share,
        "order": found and str(found.order),
    }


def _shares(session: Session, article_ids: list[int]) -> dict[int, dict[int, float]]:
    """Return, for each article, the share of its words that stands in each of its copies."""
    wanted = set(article_ids)
    found: dict[int, dict[int, float]] = defaultdict(dict)
    for portion in portions(article_ids, 2_000):
        rows = session.execute(
            copy_links(portion).with_only_columns(Link.article_a_id, Link.article_b_id, Link.share_a, Link.share_b)
        )
        for a, b, share_a, share_b in rows:
            if a in wanted:
                found[a][b] = share_a
            if b in wanted:
                found[b][a] = share_b
    return found


def _known(session: Session, article_ids: Iterable[int]) -> dict[int, Printed]:
    return {
        row.id: Printed(row.copy_group_id, row.time, stored(row.earliest_at, row.latest_at))
        for portion in portions(sorted(article_ids))
        for row in session.execute(
            select(Article.id, Article.copy_group_id, Article.time, Article.earliest_at, Article.latest_at).where(
                Article.id.in_(portion)
            )
        )
    }
