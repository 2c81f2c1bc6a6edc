"""The last step of fold: compute which copy groups tell one event, carry story ids over, and write who joined why."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dedup.groups import CarryOver, carry_over
from dedup.idf import Idf as Frequencies
from dedup.stories import Item, Partition, partition
from pipelines.fold.reasons import Reasons
from pipelines.fold.record import write
from pipelines.fold.reviving import revived
from pipelines.fold.rules import FoldRules
from pipelines.fold.rulings import stamp
from pipelines.fold.window import Told, Window, arrivals, items, load
from storage.engine import Database, portions
from storage.models import CopyGroup, Idf, Reading

PINNED_WEIGHT: Final = 1_000_000  # an article of a pinned story outweighs any other story


def tell_stories(database: Database, rules: FoldRules, now: datetime) -> int:
    """Give every grouped reading that waits its story; return how many there were."""
    while True:
        with suppress(DecidedMeanwhile):
            return _tell_stories(database, rules, now)


class DecidedMeanwhile(Exception):
    """An operator decided something while stories were computed; they are computed again."""


def _tell_stories(database: Database, rules: FoldRules, now: datetime) -> int:
    with database.read() as session:
        new = arrivals(session, rules.story_batch)
        if new is None:
            return 0
        window = load(session, new, rules)
        candidates = items(session, window)
        idf = _frequencies(session)
        learnt = _learn(idf, candidates, window)
        told = partition(candidates, idf, rules.stories, window.rulings.decisions(window.group_of()))
        stories = affected(told, window)
        carried = _carried(session, stories, window)
        rows = Reasons(session, window, candidates, told, idf).rows(stories, carried.ids)
    with database.write() as session:
        _store_frequencies(session, idf, learnt, now)
        write(session, stories, carried, rows, window, now)
        for portion in portions(new.reading_ids):
            session.execute(update(Reading).where(Reading.id.in_(portion)).values(folded_at=now))
        # Last: who decides from here on waits for this transaction before it lets these readings wait again.
        if stamp(session) != window.rulings.stamp:
            raise DecidedMeanwhile
    return len(new.reading_ids)


# --- Document frequencies ---------------------------------------------------------------------------------------------


def _frequencies(session: Session) -> dict[str, Frequencies]:
    return {row.language: Frequencies.unpack(row.counts) for row in session.scalars(select(Idf))}


def _learn(idf: dict[str, Frequencies], candidates: Iterable[Item], window: Window) -> list[int]:
    """Learn the words of each copy group once (a reprint teaches nothing); return the groups learnt now."""
    learnt = [item for item in candidates if not window.representative(item.id).is_learnt]
    for language in {item.language for item in learnt}:
        reports = [item.features for item in learnt if item.language == language]
        idf.setdefault(language, Frequencies()).learn(reports)
    return [item.id for item in learnt]


def _store_frequencies(session: Session, idf: Mapping[str, Frequencies], learnt: list[int], now: datetime) -> None:
    if not learnt:
        return
    for language, frequencies in idf.items():
        row = session.get(Idf, language) or Idf(language=language)
        row.articles, row.counts = frequencies.documents, frequencies.pack()
        session.add(row)
    for portion in portions(learnt):
        session.execute(update(CopyGroup).where(CopyGroup.id.in_(portion)).values(learnt_at=now))


# --- Which stories may change -----------------------------------------------------------------------------------------


def affected(told: Partition, window: Window) -> list[Told]:
    """Return the stories that hold a group of the core, and those that share an old story with one of them.

    What lies farther out was loaded so that neighbours are seen whole; its own neighbours were not, so it stays.
    """
    stories = [Told(groups, window.articles_of(groups)) for groups in told.stories]
    old_of = [{one.story_id for group in story.groups for one in window.groups[group]} - {None} for story in stories]
    sharing: dict[int | None, set[int]] = defaultdict(set)
    for index, old in enumerate(old_of):
        for story_id in old:
            sharing[story_id].add(index)
    chosen = {index for index, story in enumerate(stories) if not window.core.isdisjoint(story.groups)}
    waiting = list(chosen)
    while waiting:
        for story_id in old_of[waiting.pop()]:
            waiting.extend(sharing[story_id] - chosen)
            chosen |= sharing[story_id]
    return [stories[index] for index in sorted(chosen)]


def _carried(session: Session, stories: Sequence[Told], window: Window) -> CarryOver:
    """Return which ids live on: a pinned story's in any case, and a retired one where its reports are free again."""
    pinned = dict.fromkeys(window.rulings.pinned(), PINNED_WEIGHT)
    parts = [story.articles for story in stories]
    return revived(session, parts, carry_over(_old_stories(stories, window), parts, pinned))


def _old_stories(stories: Iterable[Told], window: Window) -> dict[int, set[int]]:
    old: dict[int, set[int]] = defaultdict(set)
    for story in stories:
        for group in story.groups:
            for one in window.groups[group]:
                if one.story_id is not None:
                    old[one.story_id].add(one.article_id)
    for one in window.dropped:
        if one.story_id is not None:
            old.setdefault(one.story_id, set())
    return old
