"""How many pages of a host a source may ask for in one day, as a whole and for each pattern of its addresses.

Counted are new pages and those asked again because they are listed again. What one source lists of a host takes nothing
from another.

A calendar links to every day there is, a session id makes a new address of every page: such a trap costs no more than
its budget, and what is beyond is found again on the next day. Runs inside the caller's transaction.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

from sqlalchemy import bindparam, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from foundation.patterns import pattern
from foundation.urls import host
from storage.engine import portions
from storage.models import Budget
from storage.models.base import table_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy.orm import Session
    from sqlalchemy.sql.dml import ReturningInsert

    from storage.pages import Found

WHOLE_HOST: Final = ""
KEPT: Final = timedelta(days=2)  # yesterday's stay to be looked at
CHUNK: Final = 500  # rows of one statement, of five parameters

# Made once: building them for each poll took longer than running them.
_BUDGET: Final = table_of(Budget)
_SPENT: Final = select(_BUDGET.c.host, _BUDGET.c.pattern, _BUDGET.c.pages).where(
    _BUDGET.c.source_id == bindparam("source"),
    _BUDGET.c.day == bindparam("today"),
    tuple_(_BUDGET.c.host, _BUDGET.c.pattern).in_(bindparam("names", expanding=True)),
)
_OLD: Final = delete(_BUDGET).where(_BUDGET.c.day < bindparam("before"))

Spent: TypeAlias = "Counter[tuple[str, str]]"  # pages of today by host and pattern


@dataclass(frozen=True, slots=True)
class Limits:
    """Pages of one day and one source: of a host, and of one pattern of it."""

    per_host: int
    per_pattern: int


def within(session: Session, links: Sequence[Found], limits: Limits, *, source_id: int, now: datetime) -> list[Found]:
    """Return those of these links, in their order, that the source's budgets of today allow, and spend them.

    The row of a host is locked until the transaction ends: two writers never spend the same budget.
    """
    today = now.date()
    named = [(link, host(link.url), pattern(link.url)) for link in links]
    spent = _add(session, source_id, Counter({(name, WHOLE_HOST): 0 for _, name, _ in named}), today)
    spent.update(_spent(session, source_id, {(name, alike) for _, name, alike in named}, today))
    allowed, pages = decide([(name, alike) for _, name, alike in named], spent, limits)
    _add(session, source_id, pages, today)
    session.execute(_OLD, {"before": today - KEPT})
    return [link for (link, _, _), is_allowed in zip(named, allowed, strict=True) if is_allowed]


def decide(
    wanted: Iterable[tuple[str, str]], spent: Mapping[tuple[str, str], int], limits: Limits
) -> tuple[list[bool], Spent]:
    """Return for each (host, pattern) whether it is allowed, first come first served, and what this spends."""
    pages: Spent = Counter()
    allowed = []
    for host_name, alike in wanted:
        whole, part = (host_name, WHOLE_HOST), (host_name, alike)
        room = min(
            limits.per_host - spent.get(whole, 0) - pages[whole], limits.per_pattern - spent.get(part, 0) - pages[part]
        )
        allowed.append(room > 0)
        if room > 0:
            pages[whole] += 1
            pages[part] += 1
    return allowed, pages


def _add(session: Session, source_id: int, pages: Spent, day: date) -> Spent:
    """Add to the rows of a day, in one order for all writers; return what they hold now."""
    rows = [
        {"source_id": source_id, "host": name, "pattern": alike, "day": day, "pages": count}
        for (name, alike), count in sorted(pages.items())
    ]
    if not rows:
        return Counter()
    spent = session.execute(_adding(session.get_bind().dialect.name), rows)
    return Counter({(row.host, row.pattern): row.pages for row in spent})


@cache
def _adding(dialect: str) -> ReturningInsert[tuple[str, str, int]]:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(_BUDGET)
    return statement.on_conflict_do_update(
        index_elements=["source_id", "host", "pattern", "day"],
        set_={"pages": _BUDGET.c.pages + statement.excluded.pages},
    ).returning(_BUDGET.c.host, _BUDGET.c.pattern, _BUDGET.c.pages)


def _spent(session: Session, source_id: int, names: Iterable[tuple[str, str]], day: date) -> Spent:
    spent: Spent = Counter()
    for chunk in portions(names, CHUNK):
        rows = session.execute(_SPENT, {"source": source_id, "today": day, "names": chunk})
        spent.update({(row.host, row.pattern): row.pages for row in rows})
    return spent
