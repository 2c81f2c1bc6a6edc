"""Copy groups: the connected components of current copy links, less what has drifted apart, under ids that live on.

A group that only grows is one node here, however many articles it holds: ten thousand reprints cost no more than two.
Where an article left, or changed its text, its group is taken apart into articles and put together anew.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from dedup.cohesion import FLOOR_SHARE, MOST_TEXTS, parts
from dedup.groups import carry_over, components
from dedup.links import LinkKind
from dedup.text import Hashes
from pipelines.fold.keying import FOLDED_KIND
from pipelines.fold.linking import Texts
from pipelines.fold.rules import FoldRules
from storage.engine import portions
from storage.models import Article, CopyGroup, Link, Reading


@dataclass(slots=True)
class Nodes:
    """What is to be grouped: single articles, and whole groups (numbered below zero) that stay together."""

    articles: dict[int, int | None] = field(default_factory=dict)  # article -> the group it stands in now
    groups: dict[int, int] = field(default_factory=dict)  # group -> how many articles it holds
    edges: set[tuple[int, int]] = field(default_factory=set)

    def take_apart(self, members: Mapping[int, int | None]) -> None:
        """Make the articles of some groups nodes of their own."""
        self.articles.update(members)
        self.groups = {group: size for group, size in self.groups.items() if group not in set(members.values())}

    def old(self) -> dict[int, set[int]]:
        """Return the nodes of each group as it stands."""
        found: dict[int, set[int]] = defaultdict(set)
        for article, group in self.articles.items():
            if group is not None:
                found[group].add(article)
        return found | {group: {-group} for group in self.groups}


def regroup(
    session: Session, arrived: Collection[int], left: Collection[int], rules: FoldRules, texts: Texts, now: datetime
) -> set[int]:
    """Give articles that arrived their groups; return the articles that were looked at.

    ``left`` are those that stood in a group by another text, or are no longer folded.
    """
    nodes = _nodes(session, {*arrived, *left}, left)
    folded = _folded(session, nodes.articles)
    unfolded = nodes.articles.keys() - folded
    whole = components([*folded, *(-group for group in nodes.groups)], nodes.edges)
    partition: list[set[int]] = []
    drifted: set[int] = set()
    for component in whole:
        divided = _divided(session, component, nodes, rules, texts)
        drifted |= set().union(*divided) if len(divided) > 1 else set()
        partition += divided
    carried = carry_over(nodes.old(), partition, {-group: size for group, size in nodes.groups.items()})
    ids = [group or _new_group(session, now) for group in carried.ids]
    for group_id, members in zip(ids, partition, strict=True):
        _place(session, group_id, members, nodes, is_part=not drifted.isdisjoint(members))
    _place_nowhere(session, unfolded)
    for retired, successor in carried.merged.items():
        session.execute(update(CopyGroup).where(CopyGroup.id == retired).values(merged_into_id=ids[successor]))
    return set(nodes.articles)


def _place(session: Session, group_id: int, members: Set[int], nodes: Nodes, *, is_part: bool) -> None:
    moved = [node for node in members if node > 0 and nodes.articles[node] != group_id]
    for portion in portions(sorted(moved)):
        session.execute(update(Article).where(Article.id.in_(portion)).values(copy_group_id=group_id))
    for group in sorted(-node for node in members if node < 0 and node != -group_id):
        session.execute(update(Article).where(Article.copy_group_id == group).values(copy_group_id=group_id))
    changed = update(CopyGroup).where(CopyGroup.id == group_id, CopyGroup.is_part != is_part)
    session.execute(changed.values(is_part=is_part))


def _place_nowhere(session: Session, article_ids: Iterable[int]) -> None:
    nowhere = {"copy_group_id": None, "copied_from_id": None, "copied_share": None, "copied_order": None}
    for portion in portions(sorted(article_ids)):
        session.execute(update(Article).where(Article.id.in_(portion)).values(nowhere))


def _new_group(session: Session, now: datetime) -> int:
    group_id: int = session.execute(insert(CopyGroup).values(created_at=now).returning(CopyGroup.id)).scalar_one()
    return group_id


# --- What is to be grouped --------------------------------------------------------------------------------------------


def _nodes(session: Session, around: Set[int], left: Collection[int]) -> Nodes:
    """Return the nodes around some articles, and the current copy links between them."""
    nodes = Nodes(articles=_groups_of(session, around))
    pairs: set[tuple[int, int]] = set()
    waiting = set(around)
    apart = {group for article in left if (group := nodes.articles.get(article)) is not None}
    while waiting or apart:
        members = _articles_of(session, apart)
        waiting |= members.keys() - nodes.articles.keys()
        nodes.take_apart(members)
        found = _copy_edges(session, waiting)
        pairs |= found
        reached = _groups_of(session, {article for pair in found for article in pair} - nodes.articles.keys())
        waiting = {article for article, group in reached.items() if group is None}
        nodes.articles.update(dict.fromkeys(waiting))
        sizes = _sizes(session, {group for group in reached.values() if group is not None} - nodes.groups.keys())
        nodes.groups |= {group: size for group, (size, _) in sizes.items()}
        apart = {group for group, (_, is_part) in sizes.items() if is_part}  # what it drifted from is to be seen, too
    outside = _groups_of(session, {article for pair in pairs for article in pair} - nodes.articles.keys())
    node = dict.fromkeys(nodes.articles) | {article: -group for article, group in outside.items() if group is not None}
    nodes.edges = {(node[a] or a, node[b] or b) for a, b in pairs}
    return nodes


def _groups_of(session: Session, article_ids: Iterable[int]) -> dict[int, int | None]:
    return _grouped(session, Article.id, article_ids)


def _articles_of(session: Session, groups: Iterable[int]) -> dict[int, int | None]:
    return _grouped(session, Article.copy_group_id, groups)


def _grouped(session: Session, column: InstrumentedAttribute[Any], values: Iterable[int]) -> dict[int, int | None]:
    return {
        row.id: row.copy_group_id
        for portion in portions(sorted(values))
        for row in session.execute(select(Article.id, Article.copy_group_id).where(column.in_(portion)))
    }


def _sizes(session: Session, groups: Iterable[int]) -> dict[int, tuple[int, bool]]:
    """Return how many articles each group holds, and whether it is a part of what drifted."""
    return {
        row.id: (row.articles, row.is_part)
        for portion in portions(sorted(groups))
        for row in session.execute(
            select(CopyGroup.id, CopyGroup.is_part, func.count(Article.id).label("articles"))
            .outerjoin(Article, Article.copy_group_id == CopyGroup.id)
            .where(CopyGroup.id.in_(portion))
            .group_by(CopyGroup.id, CopyGroup.is_part)
        )
    }


def _folded(session: Session, article_ids: Iterable[int]) -> set[int]:
    return {
        article_id
        for portion in portions(sorted(article_ids))
        for article_id in session.scalars(
            select(Reading.article_id).where(
                Reading.article_id.in_(portion), Reading.is_current, Reading.kind == FOLDED_KIND
            )
        )
    }


def copy_links(article_ids: Sequence[int]) -> Select[*tuple[Any, ...]]:
    """Return the query for the copy links of some articles of which both readings are current."""
    a, b = aliased(Reading), aliased(Reading)
    return (
        select(Link)
        .join(a, a.id == Link.reading_a_id)
        .join(b, b.id == Link.reading_b_id)
        .where(
            or_(Link.article_a_id.in_(article_ids), Link.article_b_id.in_(article_ids)),
            Link.kind == LinkKind.COPY,
            a.is_current,
            b.is_current,
            a.kind == FOLDED_KIND,
            b.kind == FOLDED_KIND,
        )
    )


def _copy_edges(session: Session, article_ids: Iterable[int]) -> set[tuple[int, int]]:
    return {
        (row.article_a_id, row.article_b_id)
        for portion in portions(sorted(article_ids), 2_000)
        for row in session.execute(copy_links(portion).with_only_columns(Link.article_a_id, Link.article_b_id))
    }


# --- What has drifted apart -------------------------------------------------------------------------------------------


def _divided(session: Session, component: Set[int], nodes: Nodes, rules: FoldRules, texts: Texts) -> list[set[int]]:
    """Return the parts of a component, as sets of nodes: itself, unless its texts have drifted apart."""
    floor = FLOOR_SHARE * rules.copies.copy
    articles = [node for node in component if node > 0]
    groups = [-node for node in component if node < 0]
    spoken = _texts_of(session, articles, groups, MOST_TEXTS)
    if len(spoken) < 3 or (len(groups) == 1 and spoken.keys() <= _texts_of(session, (), groups, MOST_TEXTS).keys()):
        return [set(component)]  # two texts that are copies cannot drift, and a group that was whole still is
    if len(set(parts(_shingled(session, spoken, texts), floor).values())) == 1:
        return [set(component)]
    members = _articles_of(session, groups)
    nodes.take_apart(members)
    every = {*articles, *members}
    part_of = parts(_shingled(session, _texts_of(session, sorted(every), (), None), texts), floor)
    found: dict[int, set[int]] = defaultdict(set)
    for article, key in _text_keys(session, every).items():
        found[0 if key is None else part_of.get(key, 0)].add(article)
    return [found[part] for part in sorted(found)]


def _texts_of(session: Session, articles: Sequence[int], groups: Sequence[int], most: int | None) -> dict[int, int]:
    """Return the different texts of some articles and groups by their keys, the lowest first: one article of each."""
    found: dict[int, int] = {}
    for column, values in ((Article.id, articles), (Article.copy_group_id, groups)):
        for portion in portions(values):
            rows = session.execute(
                select(Article.text_key, func.min(Article.id).label("article"))
                .where(column.in_(portion), Article.text_key.is_not(None))
                .group_by(Article.text_key)
                .order_by(Article.text_key)
                .limit(most)
            )
            for row in rows:
                found[row.text_key] = min(row.article, found.get(row.text_key, row.article))
    return {key: found[key] for key in sorted(found)[:most]}


def _text_keys(session: Session, article_ids: Iterable[int]) -> dict[int, int | None]:
    return {
        row.id: row.text_key
        for portion in portions(sorted(article_ids))
        for row in session.execute(select(Article.id, Article.text_key).where(Article.id.in_(portion)))
    }


def _shingled(session: Session, texts_of: Mapping[int, int], texts: Texts) -> dict[int, Hashes]:
    loaded = texts.load(session, texts_of.values())
    return {key: loaded[article][1].distinct for key, article in texts_of.items() if article in loaded}
