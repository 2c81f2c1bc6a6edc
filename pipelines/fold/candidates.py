"""Which articles are worth comparing: those that hold the same keys within the window, the likeliest first.

Looked up in a transaction after the one that committed the keys of whoever asks: of two that arrive together at least
one sees the other.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from dedup.keys import SHORT_TEXT, Candidate, Keys, candidates
from pipelines.fold.keying import FOLDED_KIND, day_of
from pipelines.fold.rules import FoldRules
from storage import keys
from storage.engine import portions
from storage.keys import UNTIMED
from storage.models import Article, Reading

_OF_READING: Final = select(Reading.id, Reading.article_id, Article.time, Article.is_timed, Article.copy_group_id).join(
    Article, Article.id == Reading.article_id
)


@dataclass(frozen=True, slots=True)
class Asking:
    """A reading that looks for others that share its text."""

    article_id: int
    reading_id: int
    day: int
    keys: Keys


@dataclass(frozen=True, slots=True)
class Holder:
    """An article, by its current reading, that holds a key."""

    article_id: int
    day: int
    group_id: int | None


def look_up(session: Session, asking: Sequence[Asking], rules: FoldRules) -> dict[int, list[tuple[Candidate, Holder]]]:
    """Return the candidates of each article that asks, best first."""
    held = _held(session, asking, rules)
    holders = _holders(
        session, {reading for found in held.values() for readings in found.values() for reading in readings}
    )
    found = {one.article_id: _candidates(one, held[one.article_id], holders, rules) for one in asking}
    return _without_chance(session, found)


def _held(session: Session, asking: Sequence[Asking], rules: FoldRules) -> dict[int, dict[int, list[int]]]:
    """Return, for each article that asks, the readings that hold each of its keys: a bounded number for each bucket."""
    known = keys.known_buckets(session)
    wanted: dict[int, list[Asking]] = defaultdict(list)
    for one in asking:
        for bucket in keys.reached(one.day, rules.copy_window_days, known):
            wanted[bucket].append(one)
    held: dict[int, dict[int, list[int]]] = {one.article_id: defaultdict(list) for one in asking}
    for bucket, askers in wanted.items():
        owners: dict[int, list[int]] = defaultdict(list)
        for one in askers:
            for key in one.keys.all.tolist():
                owners[key].append(one.article_id)
        for key, readings in keys.holders(session, bucket, owners, rules.key_cap + 1):
            for article_id in owners[key]:
                held[article_id][key] += readings
    return held


def _holders(session: Session, reading_ids: Iterable[int]) -> dict[int, Holder]:
    """Return the articles of readings that are current and of the kind that is folded."""
    return {
        row.id: Holder(row.article_id, day_of(row.time, is_timed=row.is_timed), row.copy_group_id)
        for portion in portions(sorted(reading_ids))
        for row in session.execute(
            _OF_READING.where(Reading.id.in_(portion), Reading.is_current, Reading.kind == FOLDED_KIND)
        )
    }


def _candidates(
    one: Asking, held: dict[int, list[int]], holders: dict[int, Holder], rules: FoldRules
) -> list[tuple[Candidate, Holder]]:
    by_article: dict[int, Holder] = {}
    by_key: dict[int, list[int]] = {}
    for key, readings in held.items():
        near = [holder for reading in readings if (holder := holders.get(reading)) and _is_near(one, holder, rules)]
        by_article.update((holder.article_id, holder) for holder in near)
        by_key[key] = [holder.article_id for holder in near]
    common = [key for key, readings in held.items() if len(readings) > rules.key_cap]
    return [(found, by_article[found.article]) for found in candidates(one.keys, by_key, common)]


def _is_near(one: Asking, holder: Holder, rules: FoldRules) -> bool:
    if holder.article_id == one.article_id:
        return False
    return UNTIMED in (one.day, holder.day) or abs(one.day - holder.day) <= rules.copy_window_days


def _without_chance(
    session: Session, found: dict[int, list[tuple[Candidate, Holder]]]
) -> dict[int, list[tuple[Candidate, Holder]]]:
    """Drop the candidates that share one band and nothing else, unless both texts are short."""
    lone = {article for article, others in found.items() for one, _ in others if one.is_lone_band}
    partners = {one.article for others in found.values() for one, _ in others if one.is_lone_band}
    words: dict[int, int] = {}
    for portion in portions(sorted(lone | partners)):
        rows = session.execute(
            select(Reading.article_id, Reading.words).where(Reading.article_id.in_(portion), Reading.is_current)
        )
        words |= {row.article_id: row.words for row in rows}
    return {
        article: [
            (one, holder)
            for one, holder in others
            if not one.is_lone_band or max(words.get(article, 0), words.get(one.article, 0)) <= SHORT_TEXT
        ]
        for article, others in found.items()
    }
