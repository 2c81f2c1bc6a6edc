"""What fold knows of each language's words: document frequencies that grow, and the epochs that scores refer to."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.orm import Session

from dedup.epochs import Epoch
from dedup.idf import Idf as Frequencies
from dedup.stories import Partition, StoryRules
from pipelines.fold.window import Window, features
from storage.engine import portions
from storage.models import CopyGroup, Idf, IdfEpoch, Reading, Scored


def latest(session: Session) -> dict[str, Epoch]:
    """Return the newest epoch of each language."""
    newest = select(IdfEpoch.language, func.max(IdfEpoch.number)).group_by(IdfEpoch.language)
    rows = session.scalars(select(IdfEpoch).where(tuple_(IdfEpoch.language, IdfEpoch.number).in_(newest)))
    return {row.language: _epoch(row) for row in rows}


def numbered(session: Session, language: str, number: int) -> Epoch:
    """Return an epoch by its number; 0 and what was never cut is the cold start."""
    row = session.get(IdfEpoch, (language, number))
    return _epoch(row) if row is not None else Epoch.first(language)


def learn(session: Session, window: Window, now: datetime) -> None:
    """Learn the words of each copy group once (a reprint teaches nothing), and cut the epochs that are due."""
    new = {group: window.representative(group) for group in window.groups}
    new = {group: one for group, one in new.items() if not one.is_learnt}
    texts = features(session, (one.reading_id for one in new.values()))
    for language in sorted({one.language for one in new.values()}):
        row = session.get(Idf, language)
        frequencies = Frequencies.unpack(row.counts) if row is not None else Frequencies()
        frequencies.learn(texts[one.reading_id] for one in new.values() if one.language == language)
        if row is None:
            session.add(row := Idf(language=language))
        row.articles, row.counts = frequencies.documents, frequencies.pack()
        epoch = _newest(session, language)
        if epoch.is_due(frequencies.documents):
            _add(session, epoch.next(frequencies), now)
    for portion in portions(sorted(new)):
        session.execute(update(CopyGroup).where(CopyGroup.id.in_(portion)).values(learnt_at=now))


def dominated(session: Session, newest: Epoch, found: Partition, rules: StoryRules) -> bool:
    """Tell whether the words of these stories are to be counted anew, which happens a bounded number of times."""
    same = select(func.count()).where(IdfEpoch.language == newest.language, IdfEpoch.read == newest.read)
    return rules.is_dominated(found, newest.read) and (session.scalar(same) or 0) <= rules.rounds


def count_stories_once(session: Session, language: str, found: Partition, window: Window, now: datetime) -> None:
    """Cut an epoch in which the reports of one story count as one, and let all of ``found`` be scored again."""
    told = [[window.representative(group).reading_id for group in story] for story in found.stories]
    texts = features(session, (reading for story in told if len(story) > 1 for reading in story))
    read = Frequencies.unpack(session.get_one(Idf, language).counts)
    shared = [[texts[reading] for reading in story] for story in told if len(story) > 1]
    newest = _newest(session, language)
    _add(session, replace(newest.next(read, shared), read=newest.read), now)
    for portion in portions(sorted(group for story in found.stories for group in story)):
        session.execute(update(Scored).where(Scored.group_id.in_(portion)).values(is_done=False))


def _newest(session: Session, language: str) -> Epoch:
    number = session.scalar(select(func.max(IdfEpoch.number)).where(IdfEpoch.language == language))
    return numbered(session, language, number or 0)


def _add(session: Session, epoch: Epoch, now: datetime) -> None:
    """Add an epoch. Where it makes older scores stale, whatever has one waits for its story again."""
    row = {"language": epoch.language, "number": epoch.number, "made_at": now, "read": epoch.read}
    session.add(IdfEpoch(**row, articles=epoch.idf.documents, counts=epoch.idf.pack()))
    session.flush()
    if epoch.is_young:
        speakers = select(Scored.reading_id).where(Scored.language == epoch.language)
        session.execute(update(Reading).where(Reading.id.in_(speakers), Reading.is_current).values(folded_at=None))


def _epoch(row: IdfEpoch) -> Epoch:
    return Epoch(row.language, row.number, Frequencies.unpack(row.counts), row.read)
