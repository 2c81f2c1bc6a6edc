"""Operators' decisions: turned into links between articles, held against those that stand, recorded and undone.

What a decision names is let wait for its story, so the next fold obeys it; `apply` is such a fold at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from dedup.decisions import chain
from foundation.errors import AlreadyRunning, UsageError
from pipelines.fold.process import LOCK
from pipelines.fold.record import recount, successor
from pipelines.fold.rules import FoldRules
from pipelines.fold.rulings import Rulings
from pipelines.fold.telling import tell_stories
from storage.engine import Database, portions
from storage.lease import exclusive
from storage.models import Article, Decision, DecisionLink, Membership, Reading, Story

MUST, CANNOT = "must_link", "cannot_link"
NEW = 0  # the number of a decision that has none yet


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision before it is given."""

    kind: str
    story_id: int
    links: tuple[tuple[str, int, int], ...] = ()  # must_link or cannot_link, and two articles
    title: str | None = None


# --- What operators say -----------------------------------------------------------------------------------------------


def merge_stories(session: Session, a: int, b: int) -> Verdict:
    """Two stories tell one event: every report that stands in either now stays with the first one of ``a``."""
    one, other = standing_story(session, a), standing_story(session, b)
    if one == other:
        raise UsageError(f"{a} and {b} are one story already: {one}")
    first, *rest = (*speakers(session, one).values(), *speakers(session, other).values())
    return Verdict("merge", one, tuple((MUST, first, article) for article in rest))


def merge_articles(session: Session, a: int, b: int) -> Verdict:
    """Two articles tell one event; the other reports of their stories follow them by likeness, or do not."""
    story_of = _stories_of(session, (a, b))
    return Verdict("merge", story_of[a], ((MUST, a, b),))


def split(session: Session, story: int, articles: Sequence[int]) -> Verdict:
    """Some articles leave a story together, with all that print their texts, and never come back by likeness."""
    story_id = standing_story(session, story)
    for article, stands_in in _stories_of(session, articles).items():
        if stands_in != story_id:
            raise UsageError(f"article {article} is not in story {story_id}, but in story {stands_in}")
    reports = speakers(session, story_id)
    group_of = copy_groups(session, articles)
    leaving = list(dict.fromkeys(reports[group_of[article]] for article in articles))
    staying = [article for article in reports.values() if article not in leaving]
    if not staying:
        raise UsageError(f"nothing would stay in story {story_id}: those that print one text leave it together")
    first, *others = leaving
    together = tuple((MUST, first, article) for article in others)
    return Verdict("split", story_id, together + tuple((CANNOT, first, article) for article in staying))


def keep_apart(session: Session, a: int, b: int) -> Verdict:
    """Two articles of two stories tell two events: they, and all that print their texts, never meet in one."""
    story_of = _stories_of(session, (a, b))
    if story_of[a] == story_of[b]:
        raise UsageError(f"articles {a} and {b} are in one story: {story_of[a]}")
    return Verdict("split", story_of[a], ((CANNOT, a, b),))


def pin(session: Session, story: int) -> Verdict:
    """A story stays as it is: its reports together, its id its own, and nothing joins it but copies of its texts."""
    story_id = standing_story(session, story)
    first, *rest = speakers(session, story_id).values()
    return Verdict("pin", story_id, tuple((MUST, first, article) for article in (first, *rest)))


def rename(session: Session, story: int, title: str) -> Verdict:
    """A story has a title of the operator's own."""
    if not (title := " ".join(title.split())):
        raise UsageError("a title has at least one word")
    return Verdict("rename", standing_story(session, story), title=title)


def standing_story(session: Session, story: int) -> int:
    """Return the story that an id stands for today. Raises UsageError where there is none, or it has ended."""
    if session.get(Story, story) is None:
        raise UsageError(f"there is no story {story}; `storyfold stories` lists them")
    found = session.get_one(Story, successor(session, story))
    if found.state == "dissolved":
        raise UsageError(f"story {found.id} has ended: no article stands in it")
    return found.id


def speakers(session: Session, story_id: int) -> dict[int, int]:
    """Return the earliest article of each copy group in a story, by group, earliest first."""
    rows = session.execute(
        select(Article.copy_group_id, Article.id)
        .join(Membership, Membership.article_id == Article.id)
        .where(Membership.story_id == story_id, Membership.left_at.is_(None))
        .order_by(Article.time, Article.id)
    )
    found: dict[int, int] = {}
    for group, article in rows:
        if group is not None:
            found.setdefault(group, article)
    return found


# --- Giving and undoing -----------------------------------------------------------------------------------------------


def give(session: Session, verdict: Verdict, *, by: str, why: str, now: datetime) -> int:
    """Record a decision; return its number. Raises UsageError where it contradicts others, and names them."""
    _refuse_contradiction(session, verdict)
    values = {"kind": verdict.kind, "story_id": verdict.story_id, "title": verdict.title}
    values |= {"decided_by": by, "why": why, "decided_at": now}
    number: int = session.execute(insert(Decision).values(values).returning(Decision.id)).scalar_one()
    rows = [{"decision_id": number, "kind": kind, "article_a_id": a, "article_b_id": b} for kind, a, b in verdict.links]
    if rows:
        session.execute(insert(DecisionLink), rows)
    _take_effect(session, verdict.story_id, {a for _, a, _ in verdict.links})
    return number


def undo(session: Session, number: int | None, *, by: str, now: datetime) -> Decision:
    """Undo a decision, the latest that stands where none is named. Raises UsageError where there is nothing to undo."""
    latest = select(Decision).where(Decision.undone_at.is_(None)).order_by(Decision.id.desc()).limit(1)
    found = session.scalars(latest).first() if number is None else session.get(Decision, number)
    if found is None:
        raise UsageError("no decision stands" if number is None else f"there is no decision {number}")
    if found.undone_at is not None:
        raise UsageError(f"decision {number} was undone already, by {found.undone_by}")
    found.undone_at, found.undone_by = now, by
    session.flush()
    ends = select(DecisionLink.article_a_id).where(DecisionLink.decision_id == found.id).distinct()
    _take_effect(session, found.story_id, set(session.scalars(ends)))
    return found


def apply(database: Database, rules: FoldRules) -> bool:
    """Tell the stories that wait at once; return False where a fold is under way, which will see to them."""
    try:
        with exclusive(database, LOCK):
            while tell_stories(database, rules, datetime.now(UTC)):
                pass
    except AlreadyRunning:
        return False
    return True


def _take_effect(session: Session, story_id: int, articles: Iterable[int]) -> None:
    """Let the current readings of ``articles`` wait for their story; a story's name needs no fold.

    One end of each link is enough: what must be together is loaded with it, and so is all of the story it stands in.
    """
    for portion in portions(sorted(articles)):
        waits = update(Reading).where(Reading.article_id.in_(portion), Reading.is_current)
        session.execute(waits.values(folded_at=None))
    recount(session, [successor(session, story_id)])


def _refuse_contradiction(session: Session, verdict: Verdict) -> None:
    links = [(link.is_together, link.a, link.b, link.decision_id) for link in Rulings.load(session).links]
    links += [(kind == MUST, a, b, NEW) for kind, a, b in verdict.links]
    group_of = copy_groups(session, {end for _, a, b, _ in links for end in (a, b)})
    together = [(group_of[a], group_of[b], number) for is_together, a, b, number in links if is_together]
    for is_together, a, b, number in links:
        if is_together:
            continue
        between = chain(together, group_of[a], group_of[b])
        if between is None or NEW not in (number, *between):
            continue
        named = sorted({number, *between} - {NEW})
        held = "together" if number == NEW else "apart"
        raise UsageError(
            f"articles {a} and {b} are held {held} by {_named(session, named)}; "
            f"`storyfold undo {named[-1]}` would make way"
        )


def _named(session: Session, numbers: Sequence[int]) -> str:
    rows = session.scalars(select(Decision).where(Decision.id.in_(numbers)).order_by(Decision.id))
    return " and ".join(
        f"decision {row.id} ({row.kind} by {row.decided_by}" + (f": {row.why})" if row.why else ")") for row in rows
    )


def copy_groups(session: Session, articles: Iterable[int]) -> dict[int, int]:
    """Return the copy group of each article; one that is in none stands for itself, by a number no group has."""
    found: dict[int, int] = {}
    for portion in portions(sorted(articles)):
        rows = session.execute(select(Article.id, Article.copy_group_id).where(Article.id.in_(portion)))
        found |= {row.id: -row.id if row.copy_group_id is None else row.copy_group_id for row in rows}
    return found


def _stories_of(session: Session, articles: Sequence[int]) -> Mapping[int, int]:
    """Return the story of each article, which has a copy group. Raises UsageError where one is in none."""
    rows = session.execute(
        select(Membership.article_id, Membership.story_id)
        .join(Article, Article.id == Membership.article_id)
        .where(Membership.article_id.in_(articles), Membership.left_at.is_(None), Article.copy_group_id.is_not(None))
    )
    found = {row.article_id: row.story_id for row in rows}
    for article in articles:
        if article not in found:
            raise UsageError(f"article {article} is in no story: only folded articles are")
    return found
