"""The own texts of stories, with what tells where they come from: credits, stated sources, links, who printed them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final, cast

from sqlalchemy import bindparam, or_, select, text
from sqlalchemy.orm import Session

from dedup.links import LinkKind
from dedup.origins import EXCERPT_SHARE, Account, Basis, Medium, OwnText, key_of
from foundation.errors import UnusableUrl
from foundation.urls import site
from pipelines.accounts import account, medium_key
from pipelines.reading import StatedSource, Wording
from storage.engine import portions
from storage.models import Article, Block, Label, Link, Membership, Reading, Source
from storage.models import StatedSource as StatedSourceRow

_GROUPS: Final = text(
    "SELECT copy_group, origin, origin_basis FROM copy_groups WHERE copy_group IN :groups"
).bindparams(bindparam("groups", expanding=True))


@dataclass(frozen=True, slots=True)
class Printing:
    """An article of a story as its origin needs it."""

    article: int
    reading: int
    time: datetime
    outlet: Medium
    agency: str | None
    language: str | None
    copied_from: int | None
    copied_share: float | None
    copied_order: str | None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """That nearly all of a text lies in another: the share of its words, the other's article and reading, the link."""

    share: float
    of_article: int
    of_reading: int
    link: int


Groups = dict[int, list[Printing]]  # copy group -> who prints it, earliest first
Author = tuple[str | None, str]  # whose text it is, and by what that is known


@dataclass(frozen=True, slots=True)
class Stories:
    """Some stories as their origins need them. Of each copy group the earliest article speaks."""

    own_texts: dict[int, Groups]  # by story
    authors: dict[int, Author]  # by copy group
    stated: dict[int, list[StatedSource]]  # by reading, of the speakers
    blocks: dict[int, dict[int, str]]  # by reading: the text of those that state sources or credit an agency
    excerpts: dict[int, list[Excerpt]]  # by reading, of the speakers

    def of(self, story_id: int) -> list[OwnText]:
        """Return a story's own texts."""
        groups = self.own_texts[story_id]
        held = self.held(story_id)
        group_of = {one.reading: group for group, printed in groups.items() for one in printed}
        return [
            replace(self._own_text(group, printed), lies_in=group_of[held[group].of_reading] if group in held else None)
            for group, printed in groups.items()
        ]

    def held(self, story_id: int) -> dict[int, Excerpt]:
        """Return the own texts of a story that lie in others of it, each in the one that holds most."""
        groups = self.own_texts[story_id]
        group_of = {one.reading: group for group, printed in groups.items() for one in printed}
        found: dict[int, Excerpt] = {}
        for group, (speaker, *_) in groups.items():
            links = self.excerpts.get(speaker.reading, ())
            if inside := [link for link in links if group_of.get(link.of_reading, group) != group]:
                found[group] = min(inside, key=lambda link: (-link.share, link.of_article))
        return found

    def _own_text(self, group: int, printed: Sequence[Printing]) -> OwnText:
        name, basis = self.authors[group]
        speaker = printed[0]
        by_name = {one.outlet.name: one.outlet for one in printed}
        bare = OwnText(
            group,
            (speaker.time.timestamp(), speaker.article),
            Account(0),
            tuple(by_name.values()),
            agency=Medium(name, medium_key(name)) if name and basis == Basis.AGENCY else None,
            first=by_name.get(name, Medium(name, medium_key(name))) if name and basis == Basis.FIRST else None,
        )
        stated = self.stated.get(speaker.reading)
        if stated is None:
            return bare
        said = account(self.blocks[speaker.reading], stated, speaker.language, by_name, bare.is_of)
        return replace(bare, account=said)


def load(session: Session, story_ids: Sequence[int]) -> Stories:
    """Read what tells where the own texts of these stories come from."""
    own_texts = _printings(session, story_ids)
    groups = {group: printed for of_story in own_texts.values() for group, printed in of_story.items()}
    authors = _authors(session, groups)
    speakers = {printed[0].reading for printed in groups.values()}
    stated = _stated(session, speakers)
    credited = [creditor(printed, authors[group][0]) for group, printed in groups.items()]
    blocks = _blocks(session, {*stated, *(one.reading for one in credited if one)})
    return Stories(own_texts, authors, stated, blocks, _excerpts(session, speakers))


def creditor(printed: Sequence[Printing], agency: str | None) -> Printing | None:
    """Return the first article that credits an agency."""
    return next((one for one in printed if agency and one.agency == agency), None)


def _printings(session: Session, story_ids: Sequence[int]) -> dict[int, Groups]:
    rows = session.execute(
        select(
            Membership.story_id,
            Membership.reading_id,
            Article.id,
            Article.copy_group_id,
            Article.time,
            Article.agency,
            Article.language,
            Article.copied_from_id,
            Article.copied_share,
            Article.copied_order,
            Source.name,
            Source.url,
        )
        .join(Article, Article.id == Membership.article_id)
        .join(Source, Source.id == Article.source_id)
        .where(Membership.story_id.in_(story_ids), Membership.left_at.is_(None), Article.copy_group_id.is_not(None))
        .order_by(Article.time, Article.id)
    )
    found: dict[int, Groups] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row.story_id][row.copy_group_id].append(
            Printing(
                row.id,
                row.reading_id,
                row.time,
                _outlet(row.name, row.url),
                row.agency,
                row.language,
                row.copied_from_id,
                row.copied_share,
                row.copied_order,
            )
        )
    return found


@lru_cache(maxsize=4_096)
def _outlet(name: str, url: str) -> Medium:
    """Return an outlet with what else texts call it: its domain, with and without what it ends in."""
    also: set[str] = set()
    with suppress(UnusableUrl):
        domain = site(url)
        also = {key_of(domain), key_of(domain.partition(".")[0])}
    return Medium(name, medium_key(name), frozenset(also))


def _authors(session: Session, groups: Mapping[int, Sequence[Printing]]) -> dict[int, Author]:
    """Return whose text each copy group is and by what that is known, as `copy_groups` says it; alone it is plain."""
    found: dict[int, Author] = {}
    for group, (first, *copies) in groups.items():
        if not copies:
            found[group] = (first.agency, Basis.AGENCY) if first.agency else (first.outlet.name, Basis.FIRST)
    for portion in portions(sorted(groups.keys() - found.keys())):
        rows = session.execute(_GROUPS, {"groups": portion})
        found |= {row.copy_group: (row.origin, row.origin_basis) for row in rows}
    return found


def _stated(session: Session, readings: set[int]) -> dict[int, list[StatedSource]]:
    found: dict[int, list[StatedSource]] = defaultdict(list)
    for portion in portions(sorted(readings)):
        rows = select(StatedSourceRow).where(StatedSourceRow.reading_id.in_(portion))
        for row in session.scalars(rows.order_by(StatedSourceRow.position, StatedSourceRow.start_at)):
            one = StatedSource(row.position, row.start_at, row.end_at, row.name, cast("Wording", row.wording))
            found[row.reading_id].append(one)
    return dict(found)


def _blocks(session: Session, readings: set[int]) -> dict[int, dict[int, str]]:
    found: dict[int, dict[int, str]] = {reading: {} for reading in readings}
    for portion in portions(sorted(readings)):
        rows = session.execute(
            select(Reading.id, Block.position, Block.text)
            .join(Block, Block.version_id == Reading.version_id)
            .outerjoin(Label, (Label.reading_id == Reading.id) & (Label.position == Block.position))
            .where(Reading.id.in_(portion), Label.label.is_(None))
            .order_by(Reading.id, Block.position)
        )
        for row in rows:
            found[row.id][row.position] = row.text
    return found


def _excerpts(session: Session, readings: set[int]) -> dict[int, list[Excerpt]]:
    found: dict[int, list[Excerpt]] = defaultdict(list)
    for portion in portions(sorted(readings), 2_000):
        rows = session.scalars(
            select(Link).where(
                Link.kind == LinkKind.EXCERPT,
                or_(Link.reading_a_id.in_(portion), Link.reading_b_id.in_(portion)),
                or_(Link.share_a >= EXCERPT_SHARE, Link.share_b >= EXCERPT_SHARE),
            )
        )
        for link in rows:
            part, share, holder = link.reading_a_id, link.share_a, (link.article_b_id, link.reading_b_id)
            if link.from_article_id == link.article_a_id:
                part, share, holder = link.reading_b_id, link.share_b, (link.article_a_id, link.reading_a_id)
            if part in readings and share >= EXCERPT_SHARE:
                found[part].append(Excerpt(share, *holder, link.id))
    return found
