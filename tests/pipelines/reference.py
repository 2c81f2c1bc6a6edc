"""Copy groups worked out from scratch, from the stored texts alone: what fold must arrive at by whatever way."""

from collections import defaultdict
from itertools import combinations

from sqlalchemy import select

from dedup.cohesion import FLOOR_SHARE, parts
from dedup.groups import components
from dedup.keys import Keys, candidates, keys_of
from dedup.links import LinkKind, Prepared, compare, prepare
from pipelines.fold.keying import day_of
from pipelines.fold.rules import FoldRules
from storage.engine import Database
from storage.models import Article, Reading


def groups_from_scratch(database: Database, rules: FoldRules) -> set[frozenset[str]]:
    """Return the names of the articles by copy group."""
    with database.read() as session:
        rows = session.execute(
            select(Article.url, Article.title, Reading.text, Article.time, Article.is_timed)
            .join(Reading, (Reading.article_id == Article.id) & Reading.is_current)
            .where(Reading.kind == "article")
            .order_by(Article.id)
        ).all()
    names = [row.url for row in rows]
    prepared = [prepare(at, row.title, row.text) for at, row in enumerate(rows)]
    keys = keys_of([row.text for row in rows], [row.title for row in rows])
    days = [day_of(row.time, is_timed=row.is_timed) for row in rows]
    pairs = [
        (a, b)
        for a, b in combinations(range(len(rows)), 2)
        if abs(days[a] - days[b]) <= rules.copy_window_days
        and _is_candidate(keys[a], keys[b])
        and (link := compare(prepared[a], prepared[b], rules.copies)) is not None
        and link.kind is LinkKind.COPY
    ]
    return {
        frozenset(names[at] for at in part)
        for component in components(range(len(rows)), pairs)
        for part in _parts(component, keys, prepared, rules)
    }


def _is_candidate(one: Keys, other: Keys) -> bool:
    shared = set(one.all.tolist()) & set(other.all.tolist())
    return bool(candidates(one, {key: [1] for key in shared}))


def _parts(component: frozenset[int], keys: list[Keys], prepared: list[Prepared], rules: FoldRules) -> list[set[int]]:
    digests = {at: keys[at].digest or 0 for at in component}
    texts = {digests[at]: prepared[at].distinct for at in component}
    if len(texts) < 3:
        return [set(component)]
    part_of = parts(texts, FLOOR_SHARE * rules.copies.copy)
    found: dict[int, set[int]] = defaultdict(set)
    for at, digest in digests.items():
        found[part_of[digest]].add(at)
    return list(found.values())
