"""The windows: keys that none reaches are forgotten and come back for a late arrival, stories behind theirs freeze."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dedup.keys import ALGORITHM, Keys
from pipelines.fold.keying import day_of
from pipelines.fold.rules import FoldRules
from storage import keys
from storage.engine import Database
from storage.models import Reading, Story

IDLE: Final = timedelta(days=1)  # a bucket that somebody asked for a day ago may be asked for again
REBUILT_AT_ONCE: Final = 2_000  # readings a fold: some seconds beside its own work


def evict(database: Database, rules: FoldRules, now: datetime) -> None:
    """Forget the keys that no article of today can be compared with, a second's work at a time."""
    with database.read() as session:
        idle = keys.idle(session, _horizon(rules, now), now - IDLE)
    for bucket in idle:
        more = True
        while more:
            with database.write() as session:
                more = keys.evict_some(session, bucket, now)


def freeze(database: Database, rules: FoldRules, now: datetime) -> None:
    """Note which stories no arrival of today can join. One that a late arrival or a decision touches opens again."""
    behind = now - timedelta(days=rules.stories.similarity.window_days)
    with database.write() as session:
        old = update(Story).where(Story.state == "open", Story.last_at < behind)
        session.execute(old.values(state="frozen"))


def restore(database: Database, days: Iterable[int], rules: FoldRules, now: datetime) -> None:
    """Fill the buckets again that articles of these days look into, from the packed keys of the readings."""
    horizon = _horizon(rules, now)
    late = {day for day in days if day != keys.UNTIMED and day - rules.copy_window_days < horizon}
    if not late:
        return
    with database.read() as session:
        known = keys.known_buckets(session)
    reached = {bucket for day in late for bucket in keys.reached(day, rules.copy_window_days, known)}
    for bucket in sorted(bucket for bucket in reached if known[bucket]):
        with database.write() as session:
            keys.restored(session, bucket, _packed(session, bucket), now)
    with database.write() as session:
        keys.touch(session, reached, now)


def _horizon(rules: FoldRules, now: datetime) -> int:
    """Return the first day that an article of today is compared with."""
    return day_of(now, is_timed=True) - rules.copy_window_days


def wait_again(database: Database, now: datetime) -> int:
    """Let some articles wait for keys of today's algorithm, the newest first; return how many."""
    with database.write() as session:
        stale = (
            select(Reading.id)
            .where(Reading.is_current, Reading.folded_at.is_not(None), Reading.algorithm < ALGORITHM)
            .order_by(Reading.id.desc())
            .limit(REBUILT_AT_ONCE)
        )
        ids = list(session.scalars(stale))
        if ids:
            waits = update(Reading).where(Reading.id.in_(ids))
            session.execute(waits.values(keyed_at=None, grouped_at=None, folded_at=None))
    return len(ids)


def _packed(session: Session, bucket: int) -> Iterator[dict[str, int]]:
    rows = session.execute(
        select(Reading.id, Reading.keys).where(
            Reading.bucket == bucket, Reading.is_current, Reading.algorithm == ALGORITHM
        )
    )
    for reading_id, packed in rows:
        for hash_ in Keys.unpack(packed or b"").all.tolist():
            yield {"bucket": bucket, "hash": hash_, "reading_id": reading_id}
