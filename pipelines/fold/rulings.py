"""What operators have decided, as fold obeys it: by article in the database, by copy group in the partition.

A decision on one article is one on its copy group, which has one vote. It binds an article that is in no copy group (it
waits, or is of a kind that is not folded) once it is in one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dedup.decisions import Decisions
from dedup.groups import components
from storage.models import Decision, DecisionLink


@dataclass(frozen=True, slots=True)
class Ruling:
    """One link of a decision that stands."""

    decision_id: int
    is_pin: bool
    is_together: bool
    a: int
    b: int
    by: str
    why: str

    def says(self, article_id: int) -> str:
        """Return it in words, for one of its ends."""
        other = self.b if article_id == self.a else self.a
        what = "one event with" if self.is_together else "another event than"
        return f"decision {self.decision_id} by {self.by}: {what} article {other}" + (
            f" ({self.why})" if self.why else ""
        )


@dataclass(frozen=True, slots=True)
class Rulings:
    """All that stand, and how many there ever were: `stamp` differs as soon as one is given or undone."""

    links: tuple[Ruling, ...]
    stamp: tuple[int, int]

    @classmethod
    def load(cls, session: Session) -> Self:
        """Return what stands now. People give decisions, so there are few enough to look at all of them."""
        rows = session.execute(
            select(DecisionLink, Decision)
            .join(Decision, Decision.id == DecisionLink.decision_id)
            .where(Decision.undone_at.is_(None))
            .order_by(Decision.id, DecisionLink.article_a_id, DecisionLink.article_b_id)
        )
        links = tuple(
            Ruling(
                decision_id=decision.id,
                is_pin=decision.kind == "pin",
                is_together=link.kind == "must_link",
                a=link.article_a_id,
                b=link.article_b_id,
                by=decision.decided_by,
                why=decision.why,
            )
            for link, decision in rows
        )
        return cls(links, stamp(session))

    def tied(self, articles: Collection[int]) -> set[int]:
        """Return the articles that must be together with some of these, the chains followed to their ends."""
        sets = components((), ((link.a, link.b) for link in self.links if link.is_together))
        return {article for members in sets if not members.isdisjoint(articles) for article in members}

    def decisions(self, group_of: Mapping[int, int]) -> Decisions:
        """Return what follows for copy groups; ``group_of`` has each article's."""
        known = [link for link in self.links if link.a in group_of and link.b in group_of]
        together, apart = (
            [(group_of[link.a], group_of[link.b]) for link in known if link.is_together is wanted]
            for wanted in (True, False)
        )
        pinned = [group_of[end] for link in self.links if link.is_pin for end in (link.a, link.b) if end in group_of]
        return Decisions.of(together, apart, pinned)

    def pinned(self) -> set[int]:
        """Return the articles whose story keeps its id."""
        return {end for link in self.links if link.is_pin for end in (link.a, link.b)}


def stamp(session: Session) -> tuple[int, int]:
    """Return what no decision and no undoing leaves as it was."""
    row = session.execute(select(func.coalesce(func.max(Decision.id), 0), func.count(Decision.undone_at))).one()
    return row[0], row[1]


class Holding:
    """Which decision holds a copy group where it stands: the latest that puts it beside another, or took it away."""

    def __init__(self, rulings: Rulings, group_of: Mapping[int, int]) -> None:
        self.group_of = group_of
        self.of_group: dict[int, list[tuple[Ruling, int]]] = defaultdict(list)
        for link in rulings.links:
            one, other = group_of.get(link.a), group_of.get(link.b)
            if one is None or other is None or one == other:
                continue
            self.of_group[one].append((link, other))
            if link.is_together:
                self.of_group[other].append((link, one))

    def holder(self, group: int, story: Iterable[int], *, is_first: bool) -> Ruling | None:
        """Return it. A story begins with its first report whoever must be beside it: only what parted it holds that."""
        beside = set(story)
        holding = [
            link
            for link, other in self.of_group.get(group, ())
            if (other in beside if link.is_together else other not in beside) and not (is_first and link.is_together)
        ]
        return max(holding, key=lambda link: link.decision_id, default=None)
