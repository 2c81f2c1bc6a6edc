"""The second step of fold: candidates by shared keys, verified on the text, become links; links become copy groups."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dedup.keys import Keys
from dedup.links import LinkKind
from pipelines.fold.candidates import Asking, look_up
from pipelines.fold.descent import trace
from pipelines.fold.grouping import regroup
from pipelines.fold.keeping import restore
from pipelines.fold.keying import FOLDED_KIND, day_of
from pipelines.fold.linking import Proven, Texts, store, verify
from pipelines.fold.moments import Moments
from pipelines.fold.moments import store as store_moments
from pipelines.fold.rules import FoldRules
from storage.engine import Database, portions
from storage.models import Article, Link, Reading


@dataclass(frozen=True, slots=True)
class Waiting:
    """A current reading whose place among the copies is to be found."""

    article_id: int
    reading_id: int
    is_folded: bool
    day: int
    group_id: int | None
    keys: bytes | None

    @property
    def asking(self) -> Asking:
        """What it asks the table of keys."""
        return Asking(self.article_id, self.reading_id, self.day, Keys.unpack(self.keys or b""))


class Copying:
    """Links and groups, batch by batch; keeps what the next batch can use: texts, and the clocks of outlets."""

    def __init__(self, database: Database, rules: FoldRules) -> None:
        self.database = database
        self.rules = rules
        self.texts = Texts()
        self.moments = Moments()

    def batch(self, now: datetime) -> int:
        """Link and group one batch of keyed readings; return how many there were."""
        with self.database.read() as session:
            pending = _pending(session, self.rules.batch)
            if not pending:
                return 0
            bereft = _bereft(session, pending)
        asking = [one for one in pending + bereft if one.is_folded]
        restore(self.database, [one.day for one in asking], self.rules, now)
        with self.database.read() as session:
            candidates = look_up(session, [one.asking for one in asking], self.rules)
            groups = {one.article_id: one.group_id for one in asking}
            proven = verify(session, candidates, groups, self.rules, self.texts)
            moments = self.moments.of(session, _linked(proven) | {one.article_id for one in asking})
        with self.database.write() as session:
            store(session, proven, moments, now)
            store_moments(session, {one.article_id: moments[one.article_id] for one in asking})
            looked_at = self._regroup(session, pending, bereft, now)
            trace(session, looked_at | _linked(proven))
            done = update(Reading).where(Reading.id.in_([one.reading_id for one in pending]))
            session.execute(done.values(grouped_at=now))
        return len(pending)

    def _regroup(
        self, session: Session, pending: Collection[Waiting], bereft: Collection[Waiting], now: datetime
    ) -> set[int]:
        arrived = {one.article_id for one in (*pending, *bereft) if one.is_folded}
        left = {one.article_id for one in pending if one.group_id is not None}
        return regroup(session, arrived, left, self.rules, self.texts, now)


def _linked(proven: Collection[Proven]) -> set[int]:
    return {article for one in proven for article in (one.link.a, one.link.b)}


def _waiting(session: Session, condition: Any, limit: int | None = None) -> list[Waiting]:
    rows = session.execute(
        select(
            Reading.article_id,
            Reading.id,
            Reading.kind,
            Article.time,
            Article.is_timed,
            Article.copy_group_id,
            Reading.keys,
        )
        .join(Article, Article.id == Reading.article_id)
        .where(Reading.is_current, condition)
        .order_by(Reading.id)
        .limit(limit)
    )
    return [
        Waiting(article, reading, kind == FOLDED_KIND, day_of(at, is_timed=is_timed), group, keys)
        for article, reading, kind, at, is_timed, group, keys in rows
    ]


def _pending(session: Session, limit: int) -> list[Waiting]:
    waits = Reading.keyed_at.is_not(None) & Reading.grouped_at.is_(None) & Reading.folded_at.is_(None)
    return _waiting(session, waits, limit)


def _bereft(session: Session, pending: Collection[Waiting]) -> list[Waiting]:
    """Return the readings that were linked to an older reading of a pending article.

    Those links are history now, and may have been all that held a group of identical texts together (they form a star):
    whoever loses one looks for candidates again, so that the groups are those of a fresh start.
    """
    ids = [one.article_id for one in pending if one.group_id is not None]
    linked: set[int] = set()
    for here, there in ((Link.article_a_id, Link.article_b_id), (Link.article_b_id, Link.article_a_id)):
        for portion in portions(ids):
            linked |= set(session.scalars(select(there).where(here.in_(portion), Link.kind == LinkKind.COPY)))
    return [
        one
        for portion in portions(sorted(linked - set(ids)))
        for one in _waiting(session, Reading.article_id.in_(portion) & Reading.grouped_at.is_not(None))
        if one.is_folded
    ]
