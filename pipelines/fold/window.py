"""What the last step of fold looks at: the copy groups around the articles that wait, and where these stand now."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, select
from sqlalchemy.orm import Session

from dedup.features import Features, features_of, is_current
from dedup.stories import Item
from pipelines.fold.keying import FOLDED_KIND
from pipelines.fold.rules import FoldRules
from pipelines.fold.rulings import Rulings
from storage.engine import portions
from storage.models import Article, CopyGroup, Membership, Reading


@dataclass(frozen=True, slots=True)
class Place:
    """An article's current membership."""

    id: int
    story_id: int
    reading_id: int
    basis: str
    via_article_id: int | None
    decision_id: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """An article as stories need it: when, in which group, in which story, by which reading."""

    article_id: int
    reading_id: int
    group_id: int | None
    time: datetime
    is_timed: bool
    language: str
    title: str
    copied_from_id: int | None
    is_learnt: bool
    membership: "Place | None"

    @property
    def story_id(self) -> int | None:
        """The story it stands in now."""
        return self.membership.story_id if self.membership else None

    @property
    def order(self) -> tuple[datetime, int]:
        """Who comes first: by time, and by id where times are equal."""
        return self.time, self.article_id


@dataclass(frozen=True, slots=True)
class Window:
    """The articles of a recomputation, by copy group."""

    groups: dict[int, list[Standing]]  # earliest first
    core: frozenset[int]  # groups near enough to what is new for their stories to change
    dropped: tuple[Standing, ...]  # in a story, but no longer of a kind that is folded
    rulings: Rulings

    def group_of(self) -> dict[int, int]:
        """Return the copy group of each article that a decision may name."""
        return {one.article_id: group for group, members in self.groups.items() for one in members}

    def articles_of(self, groups: Iterable[int]) -> frozenset[int]:
        """The articles of some groups."""
        return frozenset(one.article_id for group in groups for one in self.groups[group])

    def representative(self, group_id: int) -> Standing:
        """The earliest article of a group: its text speaks for the group."""
        return self.groups[group_id][0]


@dataclass(frozen=True, slots=True)
class Told:
    """One story of a new partition: its copy groups, and the articles of these."""

    groups: tuple[int, ...]
    articles: frozenset[int]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The readings that wait for a story."""

    reading_ids: list[int]
    article_ids: list[int]
    earliest: datetime
    latest: datetime


def arrivals(session: Session, limit: int) -> Arrivals | None:
    """Return what waits, or None."""
    rows = session.execute(
        select(Reading.id, Reading.article_id, Article.time)
        .join(Article, Article.id == Reading.article_id)
        .where(Reading.is_current, Reading.grouped_at.is_not(None), Reading.folded_at.is_(None))
        .order_by(Article.time, Reading.id)
        .limit(limit)
    ).all()
    if not rows:
        return None
    times = [row.time for row in rows]
    return Arrivals([row.id for row in rows], [row.article_id for row in rows], min(times), max(times))


def load(session: Session, new: Arrivals, rules: FoldRules) -> Window:
    """Load what the arrivals may touch, and as much again around it, so that hubs and neighbours are seen whole."""
    reach = timedelta(days=rules.stories.similarity.window_days)
    around = Article.time.between(_back(new.earliest, 2 * reach), _forth(new.latest, 2 * reach)) | ~Article.is_timed
    standings = {one.article_id: one for one in _standings(session, around)}
    rulings = Rulings.load(session)
    _complete(session, standings, rulings)
    dropped = _no_longer_folded(session, new.article_ids)
    groups: dict[int, list[Standing]] = defaultdict(list)
    for one in sorted(standings.values(), key=lambda one: one.order):
        if one.group_id is not None:
            groups[one.group_id].append(one)
    low, high = _back(new.earliest, reach), _forth(new.latest, reach)
    core = {
        group
        for group, members in groups.items()
        if any(low <= one.time <= high or not one.is_timed for one in members)
    }
    return Window(dict(groups), frozenset(core), tuple(dropped), rulings)


def _complete(session: Session, standings: dict[int, Standing], rulings: Rulings) -> None:
    """Add the rest of every story and copy group that reaches into the window, and what must be together with them."""
    asked: set[int] = set()
    while True:
        for condition in _rest_of(standings.values()):
            standings |= {one.article_id: one for one in _standings(session, condition)}
        tied = rulings.tied(standings.keys()) - standings.keys() - asked
        if not tied:
            return
        asked |= tied
        for portion in portions(sorted(tied)):
            standings |= {one.article_id: one for one in _standings(session, Article.id.in_(portion))}


def items(session: Session, window: Window) -> list[Item]:
    """Return the copy groups as story items, each with the features of its representative."""
    of_reading = {window.representative(group).reading_id: group for group in window.groups}
    found = []
    for portion in portions(sorted(of_reading)):
        rows = session.execute(
            select(Reading.id, Reading.features).where(Reading.id.in_(portion), Reading.features.is_not(None))
        )
        for reading_id, packed in rows:
            group = of_reading[reading_id]
            speaker = window.representative(group)
            time = speaker.time.timestamp() if speaker.is_timed else None
            features = _features(session, reading_id, speaker.title, packed or b"")
            found.append(Item(group, time, speaker.language, features))
    return found


def _features(session: Session, reading_id: int, title: str, packed: bytes) -> Features:
    """Return the features of a reading; those of older rules are made anew from its text, until they are rebuilt."""
    if is_current(packed):
        return Features.unpack(packed)
    return features_of(title, session.get_one(Reading, reading_id).text)


def _standings(session: Session, condition: ColumnElement[bool]) -> list[Standing]:
    rows = session.execute(
        _standing_columns()
        .join(CopyGroup, CopyGroup.id == Article.copy_group_id)
        .where(condition, Reading.grouped_at.is_not(None), Reading.kind == FOLDED_KIND)
    )
    return [_standing(row) for row in rows]


def _no_longer_folded(session: Session, article_ids: Iterable[int]) -> list[Standing]:
    """Return those articles that stand in a story while today's reading says they are of a kind that is not folded."""
    return [
        _standing(row)
        for portion in portions(article_ids)
        for row in session.execute(
            _standing_columns()
            .outerjoin(CopyGroup, CopyGroup.id == Article.copy_group_id)
            .where(Article.id.in_(portion), Membership.id.is_not(None), Reading.kind != FOLDED_KIND)
        )
    ]


def _standing_columns() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Article.id.label("article_id"),
            Reading.id.label("reading_id"),
            Article.copy_group_id,
            Article.time,
            Article.is_timed,
            Article.language,
            Article.title,
            Article.copied_from_id,
            CopyGroup.learnt_at,
            Membership.id.label("membership_id"),
            Membership.story_id,
            Membership.reading_id.label("cited_reading_id"),
            Membership.basis,
            Membership.via_article_id,
            Membership.decision_id,
        )
        .select_from(Article)
        .join(Reading, and_(Reading.article_id == Article.id, Reading.is_current))
        .outerjoin(Membership, and_(Membership.article_id == Article.id, Membership.left_at.is_(None)))
    )


def _standing(row: Row[Any]) -> Standing:
    place = None
    if row.membership_id is not None:
        place = Place(
            row.membership_id, row.story_id, row.cited_reading_id, row.basis, row.via_article_id, row.decision_id
        )
    return Standing(
        article_id=row.article_id,
        reading_id=row.reading_id,
        group_id=row.copy_group_id,
        time=row.time,
        is_timed=row.is_timed,
        language=row.language or "",
        title=row.title,
        copied_from_id=row.copied_from_id,
        is_learnt=row.learnt_at is not None,
        membership=place,
    )


def _rest_of(standings: Collection[Standing]) -> Iterable[ColumnElement[bool]]:
    """Return the conditions that name the rest of every story and copy group that reaches into the window."""
    stories = sorted({one.story_id for one in standings if one.story_id is not None})
    groups = sorted({one.group_id for one in standings if one.group_id is not None})
    for portion in portions(stories):
        yield Membership.story_id.in_(portion)
    for portion in portions(groups):
        yield Article.copy_group_id.in_(portion)


def _back(moment: datetime, by: timedelta) -> datetime:
    return moment - by if moment - datetime.min.replace(tzinfo=moment.tzinfo) > by else moment


def _forth(moment: datetime, by: timedelta) -> datetime:
    return moment + by if datetime.max.replace(tzinfo=moment.tzinfo) - moment > by else moment
