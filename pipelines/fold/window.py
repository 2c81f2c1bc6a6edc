"""What the last step of fold looks at: the copy groups around the articles that wait, and where these stand now."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, select
from sqlalchemy.orm import Session

from dedup.features import Features, features_of, is_current
from dedup.stories import Place, ranked
from pipelines.fold.keying import FOLDED_KIND
from pipelines.fold.neighbours import Neighbours, neighbours
from pipelines.fold.rules import FoldRules
from pipelines.fold.rulings import Rulings
from storage.engine import portions
from storage.models import Article, CopyGroup, Membership, Reading, Scored


@dataclass(frozen=True, slots=True)
class Stand:
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
    membership: Stand | None

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
    core: frozenset[int]  # groups all of whose neighbours are here, so that their stories may change
    dropped: tuple[Standing, ...]  # in a story, but no longer of a kind that is folded
    rulings: Rulings
    pairs: Neighbours
    new: "Arrivals"

    def group_of(self) -> dict[int, int]:
        """Return the copy group of each article that a decision may name."""
        return {one.article_id: group for group, members in self.groups.items() for one in members}

    def articles_of(self, groups: Iterable[int]) -> frozenset[int]:
        """The articles of some groups."""
        return frozenset(one.article_id for group in groups for one in self.groups[group])

    def representative(self, group_id: int) -> Standing:
        """The earliest article of a group: its text speaks for the group."""
        return self.groups[group_id][0]

    def places(self, language: str) -> list[Place]:
        """Return the copy groups of a language as the partition takes them."""
        speakers = ((group, self.representative(group)) for group in self.groups)
        return ranked(
            Place(group, one.time.timestamp() if one.is_timed else None, language)
            for group, one in speakers
            if one.language == language
        )

    def languages(self) -> list[str]:
        """Return the languages of the copy groups."""
        return sorted({self.representative(group).language for group in self.groups})


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


def arrivals(session: Session, limit: int) -> Arrivals | None:
    """Return what waits, or None."""
    rows = session.execute(
        select(Reading.id, Reading.article_id)
        .join(Article, Article.id == Reading.article_id)
        .where(Reading.is_current, Reading.grouped_at.is_not(None), Reading.folded_at.is_(None))
        .order_by(Article.time, Reading.id)
        .limit(limit)
    ).all()
    if not rows:
        return None
    return Arrivals([row.id for row in rows], [row.article_id for row in rows])


def around(session: Session, article_ids: Iterable[int]) -> Window:
    """Load some articles with all that shares a story or a copy group with them, or must be together with them."""
    loading = _Loading(session)
    loading.articles(article_ids)
    return loading.window(loading.groups(), Neighbours(), Arrivals([], []))


def load(session: Session, new: Arrivals, rules: FoldRules) -> Window:
    """Load what the arrivals may touch: everything that hangs together with them by a score that can join stories.

    On dense days most of a window does. Beyond a number of groups what hangs together more loosely stays as it is.
    """
    loading, core, pairs = _Loading(session), frozenset[int](), Neighbours()
    loading.articles(new.article_ids)
    rim = loading.groups()
    while rim:
        found = neighbours(session, rim, rules.stories)
        if core and len(core) + len(rim) > rules.most_told:
            pairs |= found.between(loading.groups())
            break
        pairs |= found
        core |= rim
        loading.of_groups(found.joining(rules.stories) - core)
        rim = loading.groups() - core
    return loading.window(core, pairs, new)


class _Loading:
    """Standings by article, always complete: with the rest of their stories and copy groups, and what is tied."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.rulings = Rulings.load(session)
        self.standings: dict[int, Standing] = {}
        self._stories: set[int] = set()
        self._groups: set[int] = set()
        self._asked: set[int] = set()

    def articles(self, article_ids: Iterable[int]) -> None:
        """Load articles; also the copy groups they spoke for when these were last scored."""
        ids = sorted(set(article_ids))
        self._asked |= set(ids)
        for portion in portions(ids):
            self._add(Article.id.in_(portion))
            spoken = select(Scored.group_id).where(Scored.article_id.in_(portion))
            self._add(Article.copy_group_id.in_(spoken))
        self._complete()

    def of_groups(self, group_ids: Iterable[int]) -> None:
        """Load copy groups."""
        for portion in portions(sorted(group_ids)):
            self._add(Article.copy_group_id.in_(portion))
        self._complete()

    def groups(self) -> frozenset[int]:
        """Return the copy groups loaded so far."""
        return frozenset(one.group_id for one in self.standings.values() if one.group_id is not None)

    def window(self, core: frozenset[int], pairs: Neighbours, new: "Arrivals") -> Window:
        """Return what was loaded."""
        groups: dict[int, list[Standing]] = defaultdict(list)
        for one in sorted(self.standings.values(), key=lambda one: one.order):
            if one.group_id is not None:
                groups[one.group_id].append(one)
        dropped = _no_longer_folded(self.session, self._asked)
        return Window(dict(groups), core, tuple(dropped), self.rulings, pairs, new)

    def _add(self, condition: ColumnElement[bool]) -> None:
        self.standings |= {one.article_id: one for one in _standings(self.session, condition)}

    def _complete(self) -> None:
        while True:
            stories = {one.story_id for one in self.standings.values() if one.story_id is not None} - self._stories
            groups = self.groups() - self._groups
            tied = self.rulings.tied(self.standings.keys()) - self.standings.keys() - self._asked
            if not stories and not groups and not tied:
                return
            self._stories |= stories
            self._groups |= groups
            self._asked |= tied
            for portion in portions(sorted(stories)):
                self._add(Membership.story_id.in_(portion))
            for portion in portions(sorted(groups)):
                self._add(Article.copy_group_id.in_(portion))
            for portion in portions(sorted(tied)):
                self._add(Article.id.in_(portion))


def features(session: Session, reading_ids: Iterable[int]) -> dict[int, Features]:
    """Return the features of readings; those of older rules are made anew from the text, until they are rebuilt."""
    found = {}
    for portion in portions(sorted(set(reading_ids))):
        rows = session.execute(
            select(Reading.id, Reading.features, Article.title)
            .join(Article, Article.id == Reading.article_id)
            .where(Reading.id.in_(portion))
        )
        for reading_id, packed, title in rows:
            found[reading_id] = (
                Features.unpack(packed)
                if packed and is_current(packed)
                else features_of(title, session.get_one(Reading, reading_id).text)
            )
    return found


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
        place = Stand(
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
