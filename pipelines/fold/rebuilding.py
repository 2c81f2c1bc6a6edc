"""All stories computed again, for good or on trial: the readings wait for their story again, and fold tells it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from dedup.changes import Change, changes
from pipelines.fold.keying import FOLDED_KIND
from pipelines.fold.process import LOCK
from pipelines.fold.rules import FoldRules
from pipelines.fold.telling import tell_stories
from storage.engine import Database, Trial
from storage.lease import exclusive
from storage.models import Article, Membership, Reading, Story


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did, or would do."""

    readings: int
    stories_before: int
    stories_after: int
    changes: list[Change]


Progress = Callable[[int], None]  # readings done now


def rebuild(database: Database, rules: FoldRules, since: datetime | None, progress: Progress) -> Rebuilt:
    """Compute the stories of all articles from ``since`` on anew. Raises AlreadyRunning beside a fold.

    Stories are told in the bounded steps of any fold, each committed: after a kill the next fold tells the rest.
    """
    with exclusive(database, LOCK):
        return _rebuild(database, rules, since, progress)


def rehearse(database: Database, rules: FoldRules, since: datetime | None, progress: Progress) -> Rebuilt:
    """Do the same and take it back: one transaction, which SQLite's other writers wait for.

    Raises AlreadyRunning beside a fold, and so beside the crawl that it follows.
    """
    with exclusive(database, LOCK):
        pass  # on SQLite the holder renews it by writing, which the trial keeps everybody from
    with Trial.of(database) as trial:
        return _rebuild(trial, rules, since, progress)


def _rebuild(database: Database, rules: FoldRules, since: datetime | None, progress: Progress) -> Rebuilt:
    while tell_stories(database, rules, datetime.now(UTC)):
        pass  # what waits is no change that a rebuild makes
    # Scores stay as they are: no epoch is cut for stories that are told again.
    rules = replace(rules, stories=replace(rules.stories, rounds=0))
    with database.write() as session:
        before = _places(session)
        newest = session.scalar(select(func.max(Story.id))) or 0
        _wait_for_stories(session, since)
    readings = 0
    while told := tell_stories(database, rules, datetime.now(UTC)):
        progress(told)
        readings += told
    with database.read() as session:
        after = _places(session)
    found = changes(before, after, newest)
    return Rebuilt(readings, len(set(before.values())), len(set(after.values())), found)


def _places(session: Session) -> dict[int, int]:
    rows = session.execute(select(Membership.article_id, Membership.story_id).where(Membership.left_at.is_(None)))
    return {row.article_id: row.story_id for row in rows}


def _wait_for_stories(session: Session, since: datetime | None) -> None:
    waits = update(Reading).where(Reading.is_current, Reading.folded_at.is_not(None), Reading.kind == FOLDED_KIND)
    if since is not None:
        waits = waits.where(Reading.article_id.in_(select(Article.id).where(Article.time >= since)))
    session.execute(waits.values(folded_at=None))
