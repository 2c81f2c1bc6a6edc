"""The neighbours of copy groups as rows: read for a partition, written and bounded when a group is scored."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.orm import Session

from dedup.linkage import Pairs
from dedup.neighbours import chosen_again, pair_hashes
from dedup.similarity import faded
from dedup.stories import NEGLIGIBLE, Place, StoryRules
from storage.engine import portions
from storage.models import Neighbour, Scored
from storage.models.base import table_of

_NEIGHBOUR = table_of(Neighbour)


@dataclass(frozen=True, slots=True)
class Score:
    """One pair: how likely it tells one event with the days between counted in, and how many pairs it stands for."""

    value: float
    weight: float


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Scores by pair of copy groups, the lower id first."""

    scores: Mapping[tuple[int, int], Score] = field(default_factory=dict)

    def __or__(self, other: Self) -> "Neighbours":
        return Neighbours({**self.scores, **other.scores})

    def between(self, groups: Collection[int]) -> "Neighbours":
        """Return those of which both are among ``groups``."""
        known = frozenset(groups)
        return Neighbours({pair: score for pair, score in self.scores.items() if known.issuperset(pair)})

    def joining(self, rules: StoryRules) -> set[int]:
        """Return the groups of all pairs that can join stories: no mean reaches what one needs without one."""
        least = rules.floor * rules.many
        return {group for pair, score in self.scores.items() if score.value >= least for group in pair}

    def pairs(self, places: Sequence[Place]) -> Pairs:
        """Return them by the numbers of ``places``; others are left out."""
        number = {place.id: index for index, place in enumerate(places)}
        known = sorted(
            (min(number[a], number[b]), max(number[a], number[b]), score.value, score.weight)
            for (a, b), score in self.scores.items()
            if a in number and b in number
        )
        low, high, value, weight = zip(*known, strict=True) if known else ((), (), (), ())
        return Pairs(
            np.array(low, dtype=np.int64),
            np.array(high, dtype=np.int64),
            np.array(value, dtype=np.float64),
            np.array(weight, dtype=np.float64),
        )


def neighbours(session: Session, groups: Collection[int], rules: StoryRules) -> Neighbours:
    """Return the scores of some groups with any other."""
    rows = _rows(session, groups)
    days = np.array([np.nan if row.days_apart is None else row.days_apart for row in rows], dtype=np.float64)
    values = faded(np.array([row.score for row in rows], dtype=np.float64), days, rules.similarity)
    near = np.nan_to_num(days) <= rules.similarity.window_days
    found = {}
    for row, value, is_near in zip(rows, values.tolist(), near.tolist(), strict=True):
        if is_near and value > NEGLIGIBLE:
            weight = row.weight / max(row.chance_a, row.chance_b)
            found[row.group_a_id, row.group_b_id] = Score(value, weight)
    return Neighbours(found)


def forget(session: Session, groups: Iterable[int]) -> None:
    """Delete all pairs of some groups."""
    for portion in portions(sorted(groups)):
        for end in (Neighbour.group_a_id, Neighbour.group_b_id):
            session.execute(delete(Neighbour).where(end.in_(portion)))


def store(session: Session, rows: Sequence[Mapping[str, float | int | None]], rules: StoryRules) -> None:
    """Insert pairs, none of which is there; then drop what neither end keeps."""
    if rows:
        session.connection().execute(insert(_NEIGHBOUR), rows)
    _bound(session, {int(row[end] or 0) for row in rows for end in ("group_a_id", "group_b_id")}, rules)


def _bound(session: Session, groups: Collection[int], rules: StoryRules) -> None:
    """Let each group that has more neighbours than it may keep choose them anew: the best, and a sample by hash.

    The choice is that of :func:`dedup.neighbours.bounded` over all that were ever offered: what was not kept had a hash
    above the one that is remembered.
    """
    most = rules.neighbours.best + rules.neighbours.sampled
    crowded = _crowded(session, groups, most)
    by_group: dict[int, list[Neighbour]] = defaultdict(list)
    for row in _rows(session, crowded):
        for group in {row.group_a_id, row.group_b_id} & crowded:
            by_group[group].append(row)
    for portion in portions(sorted(crowded)):
        for scored in session.scalars(select(Scored).where(Scored.group_id.in_(portion))):
            rows = sorted(by_group[scored.group_id], key=lambda row: (row.group_a_id, row.group_b_id))
            scored.sampled_below = _choose(scored.group_id, rows, scored.sampled_below, rules)
    session.flush()
    for portion in portions(sorted(crowded)):
        ends = or_(Neighbour.group_a_id.in_(portion), Neighbour.group_b_id.in_(portion))
        session.execute(delete(Neighbour).where(ends, Neighbour.chance_a == 0, Neighbour.chance_b == 0))


def _choose(group: int, rows: Sequence[Neighbour], below: float, rules: StoryRules) -> float:
    """Set with which chance a group keeps each of its pairs; return the share of all hashes it samples from now."""
    days = np.array([np.nan if row.days_apart is None else row.days_apart for row in rows], dtype=np.float64)
    value = faded(np.array([row.score for row in rows]), days, rules.similarity)
    ends = (np.array([getattr(row, end) for row in rows], dtype=np.int64) for end in ("group_a_id", "group_b_id"))
    chance, below = chosen_again(value, pair_hashes(*ends), below, rules.neighbours)
    for row, kept in zip(rows, chance.tolist(), strict=True):
        setattr(row, "chance_a" if row.group_a_id == group else "chance_b", kept)
    return below


def _crowded(session: Session, groups: Collection[int], most: int) -> set[int]:
    held: Counter[int] = Counter()
    for portion in portions(sorted(groups)):
        for end in (Neighbour.group_a_id, Neighbour.group_b_id):
            counted = select(end, func.count()).where(end.in_(portion)).group_by(end)
            for group, count in session.execute(counted):
                held[group] += count
    return {group for group, count in held.items() if count > most}


def _rows(session: Session, groups: Collection[int]) -> list[Neighbour]:
    found: dict[tuple[int, int], Neighbour] = {}
    for portion in portions(sorted(groups)):
        for end in (Neighbour.group_a_id, Neighbour.group_b_id):
            for row in session.scalars(select(Neighbour).where(end.in_(portion))):
                found[row.group_a_id, row.group_b_id] = row
    return list(found.values())
