"""The step between copy groups and stories: what is new is indexed, looked up and scored, and its neighbours kept.

Postings of a batch are committed before anybody looks up, so of two that arrive together at least one sees the other;
a kill between the two leaves groups whose scores are not done, and they are scored again.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from dedup.candidates import salient
from dedup.epochs import Epoch
from dedup.features import FEATURES_VERSION, Features
from dedup.neighbours import chances, pair_hashes
from dedup.similarity import DAY, faded, scores, views
from dedup.stories import NEGLIGIBLE, RULES_VERSION, StoryRules
from pipelines.fold import epochs, neighbours
from pipelines.fold.rules import FoldRules
from pipelines.fold.window import Standing, Window, around, features
from storage import postings
from storage.engine import Database, portions
from storage.models import Scored
from storage.postings import UNTIMED

_PACKED: Final = "<i8"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a copy group's row says when its scores are those of today."""

    group_id: int
    article_id: int
    reading_id: int
    at: int
    language: str
    epoch: int
    rules: str


def score(database: Database, article_ids: Collection[int], rules: FoldRules) -> None:
    """Bring the postings and neighbours of the copy groups around some articles up to date."""
    with database.read() as session:
        known = epochs.latest(session)
        window = around(session, article_ids)
        wanted = {group: _wanted(group, window.representative(group), known, rules) for group in window.groups}
        standing = _standing(session, window)
    gone = [group for group in standing if group not in wanted]
    stale = [one for group, one in sorted(wanted.items()) if _is_stale(one, standing.get(group), known)]
    if gone:
        with database.write() as session:
            _forget(session, gone)
    for portion in portions(stale, rules.batch):
        _score(database, portion, known, rules.stories)


def _wanted(group: int, speaker: Standing, known: Mapping[str, Epoch], rules: FoldRules) -> Wanted:
    return Wanted(
        group_id=group,
        article_id=speaker.article_id,
        reading_id=speaker.reading_id,
        at=int(speaker.time.timestamp()) if speaker.is_timed else UNTIMED,
        language=speaker.language,
        epoch=known[speaker.language].number if speaker.language in known else 0,
        rules=made_by(rules.stories),
    )


def made_by(rules: StoryRules) -> str:
    """Return what scores depend on besides texts and epochs; where it differs they are made anew."""
    return f"features {FEATURES_VERSION}, rules {RULES_VERSION}, {rules.similarity.window_days:g} days"


def _standing(session: Session, window: Window) -> dict[int, Scored]:
    """Return the rows of the window's groups, and of others that one of its articles spoke for."""
    articles = sorted(one.article_id for members in window.groups.values() for one in members)
    articles += sorted(one.article_id for one in window.dropped)
    found: dict[int, Scored] = {}
    for column, ids in ((Scored.group_id, sorted(window.groups)), (Scored.article_id, articles)):
        for portion in portions(ids):
            found |= {row.group_id: row for row in session.scalars(select(Scored).where(column.in_(portion)))}
    return found


def _is_stale(one: Wanted, row: Scored | None, known: Mapping[str, Epoch]) -> bool:
    if row is None or not row.is_done:
        return True
    language = known.get(one.language)
    epoch = one.epoch if language and language.is_young else row.epoch
    said = Wanted(row.group_id, row.article_id, row.reading_id, row.at, row.language, row.epoch, row.rules)
    return said != replace(one, epoch=epoch)


# --- One portion ------------------------------------------------------------------------------------------------------


def _score(database: Database, portion: Sequence[Wanted], known: Mapping[str, Epoch], rules: StoryRules) -> None:
    with database.read() as session:
        texts = features(session, (one.reading_id for one in portion))
    words = {one.group_id: _words(one, texts[one.reading_id], known, rules) for one in portion}
    with database.write() as session:
        _forget(session, words)
        for one in portion:
            postings.put(session, one.group_id, one.at, words[one.group_id])
            packed = np.array(sorted(words[one.group_id]), dtype=_PACKED).tobytes()
            session.add(Scored(**_columns(one), terms=packed, is_done=False, sampled_below=1.0))
    with database.read() as session:
        offered = {one.group_id: _candidates(session, one, words[one.group_id], rules) for one in portion}
        rows = list(_pairs(session, portion, offered, texts, known, rules))
    with database.write() as session:
        neighbours.store(session, rows, rules)
        done = update(Scored).where(Scored.group_id.in_(sorted(words)))
        session.execute(done.values(is_done=True))


def _columns(one: Wanted) -> dict[str, int | str]:
    return {name: getattr(one, name) for name in Wanted.__slots__}


def _words(one: Wanted, report: Features, known: Mapping[str, Epoch], rules: StoryRules) -> dict[int, float]:
    found = salient(report, _epoch(known, one.language).idf, rules.candidates)
    terms = postings.terms_of(one.language, found.terms.tolist())
    return dict(zip(terms, found.weights.tolist(), strict=True))


def _epoch(known: Mapping[str, Epoch], language: str) -> Epoch:
    return known.get(language) or Epoch.first(language)


def _forget(session: Session, groups: Iterable[int]) -> None:
    """Delete what is stored of groups: postings, neighbours, and that they were scored."""
    ids = sorted(groups)
    for portion in portions(ids):
        for row in session.scalars(select(Scored).where(Scored.group_id.in_(portion))):
            postings.take(session, row.group_id, row.at, np.frombuffer(row.terms, dtype=_PACKED).tolist())
        session.execute(delete(Scored).where(Scored.group_id.in_(portion)))
    neighbours.forget(session, ids)


def _candidates(session: Session, one: Wanted, words: Mapping[int, float], rules: StoryRules) -> dict[int, float]:
    """Return the groups to compare one with, and how many each stands for: of an event with more reports a sample."""
    seconds = int(rules.similarity.window_days * DAY)
    found = postings.lookup(session, one.at, words, seconds, rules.candidates.postings)
    kept = {group: like for group, like in found.items() if like >= rules.candidates.least and group != one.group_id}
    others = np.array(sorted(kept), dtype=np.int64)
    like = np.array([kept[group] for group in others.tolist()], dtype=np.float64)
    chance = chances(like, pair_hashes(np.full(len(others), one.group_id, dtype=np.int64), others), rules.tried)
    return {int(group): 1 / share for group, share in zip(others, chance.tolist(), strict=True) if share > 0}


def _pairs(
    session: Session,
    portion: Sequence[Wanted],
    offered: Mapping[int, Mapping[int, float]],
    texts: dict[int, Features],
    known: Mapping[str, Epoch],
    rules: StoryRules,
) -> Iterator[dict[str, float | int | None]]:
    """Yield the rows of all pairs that are worth keeping; ``texts`` takes up the features that were read for it."""
    rows = _scored(session, {*offered, *(group for others in offered.values() for group in others)})
    texts |= features(session, {row.reading_id for row in rows.values()} - texts.keys())
    for language in sorted({one.language for one in portion}):
        weights: dict[tuple[int, int], float] = {}
        for one in portion:
            for other, stands_for in offered[one.group_id].items() if one.language == language else ():
                if other in rows:
                    pair = (min(one.group_id, other), max(one.group_id, other))
                    weights[pair] = min(stands_for, weights.get(pair, stands_for))
        yield from _scores(weights, rows, texts, _epoch(known, language), rules)


def _scores(
    weights: Mapping[tuple[int, int], float],
    rows: Mapping[int, Scored],
    texts: Mapping[int, Features],
    epoch: Epoch,
    rules: StoryRules,
) -> Iterator[dict[str, float | int | None]]:
    places = sorted({group for pair in weights for group in pair})
    number = {group: index for index, group in enumerate(places)}
    low, high = (np.array([number[pair[end]] for pair in weights], dtype=np.int64) for end in (0, 1))
    at = np.array([rows[group].at for group in places], dtype=np.float64)
    at[at == UNTIMED] = np.nan
    days = np.abs(at[high] - at[low]) / DAY
    score = scores(views([texts[rows[group].reading_id] for group in places], epoch.idf), low, high, rules.similarity)
    value = faded(score, days, rules.similarity)
    for index, (pair, weight) in enumerate(weights.items()):
        if value[index] > NEGLIGIBLE:
            yield {
                "group_a_id": pair[0],
                "group_b_id": pair[1],
                "score": float(score[index]),
                "days_apart": None if np.isnan(days[index]) else float(days[index]),
                "weight": weight,
                "chance_a": 1.0,
                "chance_b": 1.0,
                "epoch": epoch.number,
            }


def _scored(session: Session, groups: Collection[int]) -> dict[int, Scored]:
    return {
        row.group_id: row
        for portion in portions(sorted(groups))
        for row in session.scalars(select(Scored).where(Scored.group_id.in_(portion)))
    }
