"""The last step of fold: compute which copy groups tell one event, carry story ids over, and write who joined why."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from dedup.epochs import Epoch
from dedup.groups import CarryOver, carry_over
from dedup.stories import Partition, divided
from pipelines.fold import epochs
from pipelines.fold.reasons import Reasons
from pipelines.fold.record import write
from pipelines.fold.reviving import revived
from pipelines.fold.rules import FoldRules
from pipelines.fold.rulings import stamp
from pipelines.fold.scoring import score
from pipelines.fold.window import Arrivals, Told, Window, around, arrivals, load
from storage.engine import Database, portions
from storage.models import Reading

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
        around_new = around(session, new.article_ids)
    with database.write() as session:
        epochs.learn(session, around_new, now)
    window, told = _computed(database, rules, now)
    with database.read() as session:
        stories = affected(told, window)
        carried = _carried(session, stories, window)
        rows = Reasons(session, window, told, epochs.latest(session)).rows(stories, carried.ids)
    with database.write() as session:
        write(session, stories, carried, rows, window, now)
        for portion in portions(window.new.reading_ids):
            session.execute(update(Reading).where(Reading.id.in_(portion)).values(folded_at=now))
        # Last: who decides from here on waits for this transaction before it lets these readings wait again.
        if stamp(session) != window.rulings.stamp:
            raise DecidedMeanwhile
    return len(new.reading_ids)


def _computed(database: Database, rules: FoldRules, now: datetime) -> tuple[Window, Partition]:
    """Score what waits and what hangs together with it, and divide it into stories.

    An epoch that makes older scores stale lets more readings wait, so they are looked up again each time.
    """
    while True:
        with database.read() as session:
            new = arrivals(session, rules.story_batch) or Arrivals([], [])
        score(database, new.article_ids, rules)
        with database.read() as session:
            window = load(session, new, rules)
            known = epochs.latest(session)
            parts = {language: _divided(window, language, known, rules) for language in window.languages()}
            dominated = [
                language
                for language, part in parts.items()
                if epochs.dominated(session, _epoch(known, language), part, rules.stories)
            ]
        if not dominated:
            return window, _united(parts, window)
        with database.write() as session:
            for language in dominated:
                epochs.count_stories_once(session, language, parts[language], window, now)
        score(database, [one.article_id for group in window.groups.values() for one in group], rules)


def _divided(window: Window, language: str, known: Mapping[str, Epoch], rules: FoldRules) -> Partition:
    places = window.places(language)
    documents = _epoch(known, language).idf.documents
    decisions = window.rulings.decisions(window.group_of())
    return divided(places, window.pairs.pairs(places), rules.stories.linkage(documents), decisions)


def _epoch(known: Mapping[str, Epoch], language: str) -> Epoch:
    return known.get(language) or Epoch.first(language)


def _united(parts: Mapping[str, Partition], window: Window) -> Partition:
    stories = [story for language in sorted(parts) for story in parts[language].stories]
    evidence = {item: one for part in parts.values() for item, one in part.evidence.items()}
    return Partition(tuple(window.rulings.decisions(window.group_of()).united(stories)), evidence)


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
