"""Later visits: when a page that gave an article is asked again for corrections, and when its article counts as gone.

Visits become rarer with age and end after two days; from then on only a newer date in a feed has the page asked again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, and_, bindparam, case, exists, func, or_, select, update

from storage.models import Article, Page
from storage.models.base import table_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

# An article older than this is not visited by plan: back catalogues come from sitemaps by the thousand.
YOUNG: Final = timedelta(hours=48)

_PAGE, _ARTICLE = table_of(Page), table_of(Article)
# Once for every page: what its plan depends on. `article` is the one that it has just given, if any.
PLAN_COLUMNS: Final = (
    _PAGE.c.next_visit_at,
    _PAGE.c.visits,
    _ARTICLE.c.first_seen_at,
    _ARTICLE.c.time,
    _ARTICLE.c.gone_at,
)
GIVEN: Final = func.coalesce(bindparam("article", type_=_PAGE.c.article_id.type), _PAGE.c.article_id)
_PLAN: Final = (
    select(*PLAN_COLUMNS).join(_ARTICLE, _ARTICLE.c.id == _PAGE.c.article_id).where(_PAGE.c.id == bindparam("page"))
)
_SET: Final = (
    update(_PAGE)
    .where(_PAGE.c.id == bindparam("page"))
    .values(next_visit_at=bindparam("next_visit_at"), visits=bindparam("visits"))
)
# The article's own page speaks for it; where no page has its address (a redirect), every page of it must be gone.
_OF_IT: Final = _PAGE.c.article_id == _ARTICLE.c.id
_OWN: Final = and_(_OF_IT, _PAGE.c.key == _ARTICLE.c.key)
_IS_GONE: Final = or_(
    exists().where(_OWN, _PAGE.c.state == "gone"),
    and_(~exists().where(_OWN), ~exists().where(_OF_IT, _PAGE.c.state != "gone")),
)
_JUDGE: Final = (
    update(_ARTICLE)
    .where(_ARTICLE.c.id == select(_PAGE.c.article_id).where(_PAGE.c.id == bindparam("page")).scalar_subquery())
    .values(
        gone_at=case((_IS_GONE, func.coalesce(_ARTICLE.c.gone_at, bindparam("now", type_=_ARTICLE.c.gone_at.type))))
    )
)


def next_visit(
    first_fetched: datetime, visits: int, hours: Sequence[float], *, published: datetime, now: datetime
) -> datetime | None:
    """Return when a page that was visited ``visits`` times after its first fetch is visited next; None: not by plan.

    ``hours`` count from the first fetch. Visits whose time has passed (nobody was running) are left out, and
    none comes once the article is ``YOUNG`` no longer.
    """
    young_until = min(published, first_fetched) + YOUNG
    for offset in sorted(hours)[visits:]:
        moment = first_fetched + timedelta(hours=offset)
        if moment > now:
            return moment if moment <= young_until else None
    return None


def planned(row: Row[*tuple[Any, ...]], hours: Sequence[float], *, answered: datetime, now: datetime) -> dict[str, Any]:
    """Return a page's ``next_visit_at`` and ``visits`` after an answer of that time; ``row`` has ``PLAN_COLUMNS``.

    An answer from before the visit that is due (the page was asked for another reason, or its bytes are read again)
    leaves the plan as it is.
    """
    if not hours or row.first_seen_at is None:
        return {"next_visit_at": None, "visits": row.visits}
    if row.next_visit_at is not None and row.next_visit_at > answered:
        return {"next_visit_at": row.next_visit_at, "visits": row.visits}
    visits = row.visits + (row.next_visit_at is not None)
    return {
        "next_visit_at": next_visit(row.first_seen_at, visits, hours, published=row.time, now=now),
        "visits": visits,
    }


def go_on(session: Session, page_id: int, hours: Sequence[float], *, now: datetime) -> None:
    """Plan the next visit of a page that answered that nothing changed."""
    row = session.execute(_PLAN, {"page": page_id}).first()
    if row is not None:
        session.execute(_SET, {"page": page_id, **planned(row, hours, answered=now, now=now)})


def judge(session: Session, page_id: int, *, now: datetime) -> None:
    """Mark the page's article as gone, or as there again, by the states of its pages."""
    session.execute(_JUDGE, {"page": page_id, "now": now})
