"""What operators are asked about joins, the least certain ones or some drawn by lot; and what becomes of an answer.

An answer is a decision as `merge` and `split` give them, so `undo` takes it back. What a decision holds is not asked
about again, unless an answer was given on texts that have changed since.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Row, Select, and_, insert, or_, select
from sqlalchemy.orm import Session, aliased

from dedup.decisions import Decisions
from foundation.errors import UsageError
from pipelines.fold import deciding
from pipelines.fold.rulings import Rulings
from storage.engine import portions
from storage.models import Article, Decision, Membership, Reading, Review

Joined = Row[*tuple[Any, ...]]

LEAST_CERTAIN, DRAWN, MISS = "least_certain", "drawn", "miss"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of two reports: do they tell one event."""

    kind: str
    a: int  # article; of a join, the one that joined and that would leave
    b: int  # article; the nearest one on the other side
    score: float
    needed: float
    reason: str
    membership_id: int | None = None

    @property
    def name(self) -> str:
        """How to ask for it."""
        return f"{self.a}-{self.b}"


@dataclass(frozen=True, slots=True)
class Settled:
    """What operators have decided already, by copy group; answers on texts that have changed since are none."""

    decisions: Decisions
    stale: frozenset[int]  # decisions whose texts have changed

    @classmethod
    def load(cls, session: Session) -> "Settled":
        """Return what stands now."""
        stale = frozenset(_stale(session))
        rulings = Rulings.load(session)
        fresh = replace(rulings, links=tuple(link for link in rulings.links if link.decision_id not in stale))
        ends = {end for link in fresh.links for end in (link.a, link.b)}
        return cls(fresh.decisions(deciding.copy_groups(session, ends)), stale)


def _stale(session: Session) -> Iterable[int]:
    """Return the decisions of answers that stand, of which a text is another today than the one that was shown."""
    then_a, then_b, now_a, now_b = (aliased(Reading) for _ in range(4))
    return session.scalars(
        select(Review.decision_id)
        .join(Decision, and_(Decision.id == Review.decision_id, Decision.undone_at.is_(None)))
        .join(then_a, then_a.id == Review.reading_a_id)
        .join(then_b, then_b.id == Review.reading_b_id)
        .join(now_a, and_(now_a.article_id == Review.article_a_id, now_a.is_current))
        .join(now_b, and_(now_b.article_id == Review.article_b_id, now_b.is_current))
        .where(or_(then_a.sha256 != now_a.sha256, then_b.sha256 != now_b.sha256))
    )


# --- Joins ------------------------------------------------------------------------------------------------------------


def least_certain(session: Session, limit: int) -> list[Question]:
    """Return the joins that came nearest to another outcome: to what they needed, or to the runner-up's score."""

    def certainty(row: Joined) -> float:
        return float(min(row.score - row.threshold, row.score if row.margin is None else row.margin))

    return _joins(session, LEAST_CERTAIN, ("same_event", "first"), certainty, limit)


def drawn(session: Session, limit: int) -> list[Question]:
    """Return joins in the order of a lottery that knows nothing of them: right answers of all are as of these."""
    return _joins(session, DRAWN, ("same_event",), lambda row: draw(row.article_id, row.via_article_id), limit)


def draw(a: int, b: int) -> int:
    """Return the place of two articles in the lottery, the same whichever is named first."""
    return int.from_bytes(blake2b(f"{min(a, b)}-{max(a, b)}".encode(), digest_size=7).digest())


def _joins(
    session: Session, kind: str, bases: Iterable[str], order: Callable[[Joined], float], limit: int
) -> list[Question]:
    settled, other, beside = Settled.load(session), aliased(Article), aliased(Reading)
    joins: Select[*tuple[Any, ...]] = (
        select(
            Membership.id,
            Membership.article_id,
            Membership.via_article_id,
            Membership.story_id,
            Membership.score,
            Membership.threshold,
            Membership.margin,
            Article.copy_group_id,
            other.copy_group_id.label("other_group_id"),
        )
        .join(Article, Article.id == Membership.article_id)
        .join(other, other.id == Membership.via_article_id)
        # Where either has a new text, its fold may part them by itself.
        .join(Reading, and_(Reading.id == Membership.reading_id, Reading.is_current))
        .join(beside, and_(beside.article_id == other.id, beside.is_current, beside.grouped_at.is_not(None)))
        .where(
            Membership.left_at.is_(None),
            or_(Membership.basis.in_(bases), Membership.decision_id.in_(settled.stale)),
            Membership.score.is_not(None),
            Membership.threshold.is_not(None),
        )
        .order_by(Membership.id)
    )
    is_settled = _settled_joins(session, settled.decisions)
    chosen: dict[int, Joined] = {}  # by pair: two reports of one story name each other
    for row in sorted(session.execute(joins), key=order):
        if not is_settled(row):
            chosen.setdefault(draw(row.article_id, row.via_article_id), row)
        if len(chosen) == limit:
            break
    reasons = _reasons(session, [row.id for row in chosen.values()])
    return [
        Question(kind, row.article_id, row.via_article_id, row.score, row.threshold, reasons[row.id], row.id)
        for row in chosen.values()
    ]


def _settled_joins(session: Session, decisions: Decisions) -> Callable[[Joined], bool]:
    """Return the function that tells whether a report is held in its story, or is to leave it at the next fold."""
    stories = stories_of(session, {group for members in decisions.together for group in members})

    def is_settled(row: Joined) -> bool:
        beside = decisions.home.get(row.copy_group_id, frozenset()) - {row.copy_group_id}
        is_held = any(stories.get(group) == row.story_id for group in beside)
        return is_held or decisions.part(row.copy_group_id, row.other_group_id)

    return is_settled


def _reasons(session: Session, memberships: Iterable[int]) -> dict[int, str]:
    return {
        row.id: row.reason
        for portion in portions(memberships)
        for row in session.execute(select(Membership.id, Membership.reason).where(Membership.id.in_(portion)))
    }


def stories_of(session: Session, groups: Iterable[int]) -> dict[int, int]:
    """Return the story in which each copy group stands now; its copies may still have to follow."""
    return {
        row.copy_group_id: row.story_id
        for portion in portions(sorted(groups))
        for row in session.execute(
            select(Article.copy_group_id, Membership.story_id)
            .join(Membership, and_(Membership.article_id == Article.id, Membership.left_at.is_(None)))
            .where(Article.copy_group_id.in_(portion), Membership.basis != "copy")
        )
    }


# --- Answers ----------------------------------------------------------------------------------------------------------


def answer(session: Session, question: Question, *, is_one_event: bool, by: str, why: str, now: datetime) -> int:
    """Record an answer and the decision that follows; return the decision's number.

    An earlier answer on other texts of the two is undone first. Raises UsageError where the two stand otherwise by now
    than when they were asked about, and where other decisions are against it.
    """
    places = {row.article_id: row for row in session.execute(_places(question))}
    if len(places) < 2 or (places[question.a].story_id == places[question.b].story_id) is (question.kind == MISS):
        raise UsageError(f"{question.name} is no question any more: its articles stand otherwise now")
    for number in set(_stale(session)).intersection(_asked_before(session, question)):
        deciding.undo(session, number, by=by, now=now)
    if is_one_event:
        verdict = deciding.merge_articles(session, question.a, question.b)
    elif question.kind == MISS:
        verdict = deciding.keep_apart(session, question.a, question.b)
    else:
        verdict = deciding.split(session, places[question.a].story_id, [question.a])
    number = deciding.give(session, verdict, by=by, why=why, now=now)
    values = {
        "kind": question.kind,
        "article_a_id": question.a,
        "article_b_id": question.b,
        "reading_a_id": places[question.a].reading_id,
        "reading_b_id": places[question.b].reading_id,
        "membership_id": question.membership_id,
        "draw": draw(question.a, question.b),
        "score": question.score,
        "needed": question.needed,
        "answer": "yes" if is_one_event else "no",
        "decision_id": number,
    }
    session.execute(insert(Review).values(values))
    return number


def _places(question: Question) -> Select[int, int, int]:
    """Return where the two stand, and what they say."""
    return (
        select(Membership.article_id, Membership.story_id, Reading.id.label("reading_id"))
        .join(Reading, and_(Reading.article_id == Membership.article_id, Reading.is_current))
        .where(Membership.article_id.in_((question.a, question.b)), Membership.left_at.is_(None))
    )


def _asked_before(session: Session, question: Question) -> Iterable[int]:
    ends = (question.a, question.b)
    both = and_(Review.article_a_id.in_(ends), Review.article_b_id.in_(ends))
    return session.scalars(select(Review.decision_id).where(both))
