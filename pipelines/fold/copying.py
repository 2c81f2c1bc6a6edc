"""The second step of fold: candidates by shared keys, verified on the text, become links; links become copy groups."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session, aliased

from dedup.groups import carry_over, components
from dedup.keys import KeyKind, Keys, candidates, kind_of
from dedup.links import Link as Verified
from dedup.links import LinkKind, Prepared, links_between, prepare
from pipelines.fold.keying import FOLDED_KIND, UNTIMED, day_of
from pipelines.fold.rules import FoldRules
from storage.engine import Database, insert_missing, portions
from storage.models import Article, CopyGroup, Key, Link, Reading

LINKS_VERSION = 1


@dataclass(frozen=True, slots=True)
class Text:
    """A current reading, as far as links need it."""

    article_id: int
    reading_id: int
    kind: str
    title: str
    text: str
    day: int
    keys: bytes | None


def group_batch(database: Database, rules: FoldRules, now: datetime) -> int:
    """Link and group one batch of keyed readings; return how many there were."""
    with database.read() as session:
        pending = _pending(session, rules.batch)
        if not pending:
            return 0
        looked_up = {text.article_id: text for text in pending + _bereft(session, pending)}
        pairs = _candidate_pairs(session, looked_up.values(), rules)
        verified = _verify(session, pairs, looked_up, rules)
    with database.write() as session:
        _store_links(session, verified, now)
        _regroup(session, looked_up, now)
        ids = [text.reading_id for text in pending]
        session.execute(update(Reading).where(Reading.id.in_(ids)).values(grouped_at=now))
    return len(pending)


# --- What is looked at ------------------------------------------------------------------------------------------------


def _texts(session: Session, condition: Any, limit: int | None = None) -> list[Text]:
    rows = session.execute(
        select(
            Reading.article_id,
            Reading.id,
            Reading.kind,
            Article.title,
            Reading.text,
            Article.time,
            Article.is_timed,
            Reading.keys,
        )
        .join(Article, Article.id == Reading.article_id)
        .where(Reading.is_current, condition)
        .order_by(Reading.id)
        .limit(limit)
    )
    return [
        Text(article, reading, kind, title, text, day_of(at, is_timed=is_timed), keys)
        for article, reading, kind, title, text, at, is_timed, keys in rows
    ]


def _pending(session: Session, limit: int) -> list[Text]:
    waits = Reading.keyed_at.is_not(None) & Reading.grouped_at.is_(None) & Reading.folded_at.is_(None)
    return _texts(session, waits, limit)


def _bereft(session: Session, pending: Collection[Text]) -> list[Text]:
    """Return the readings that were linked to an older reading of a pending article.

    Those links are history now, and may have been all that held a group of identical texts together (they form a star):
    whoever loses one looks for candidates again, so that the groups are those of a fresh start.
    """
    ids = [text.article_id for text in pending]
    linked: set[int] = set()
    for here, there in ((Link.article_a_id, Link.article_b_id), (Link.article_b_id, Link.article_a_id)):
        for portion in portions(ids):
            linked |= set(session.scalars(select(there).where(here.in_(portion), Link.kind == LinkKind.COPY)))
    return [
        text
        for portion in portions(sorted(linked - set(ids)))
        for text in _texts(session, Reading.article_id.in_(portion) & Reading.grouped_at.is_not(None))
    ]


# --- Links ------------------------------------------------------------------------------------------------------------


def _candidate_pairs(session: Session, texts: Iterable[Text], rules: FoldRules) -> set[tuple[int, int]]:
    holders: dict[int, list[Text]] = defaultdict(list)  # key -> those of us who have it
    for text in texts:
        if text.kind == FOLDED_KIND and text.keys:
            for key in Keys.unpack(text.keys).all:
                holders[int(key)].append(text)
    hits: dict[int, set[tuple[int, int]]] = defaultdict(set)  # article -> (other article, shared key)
    digests = [key for key in holders if kind_of(key) is KeyKind.DIGEST]
    others = [key for key in holders if kind_of(key) is not KeyKind.DIGEST]
    found = [*_firsts_with(session, digests), *_with_keys(session, others, rules.key_cap)]
    for key, day, article_id in found:
        for text in holders[key]:
            is_near = UNTIMED in (text.day, day) or abs(text.day - day) <= rules.copy_window_days
            if text.article_id != article_id and is_near:
                hits[text.article_id].add((article_id, key))
    return {
        (min(article_id, other), max(article_id, other))
        for article_id, shared in hits.items()
        for other in candidates(shared)
    }


def _with_keys(session: Session, keys: Iterable[int], cap: int) -> list[tuple[int, int, int]]:
    """Return (key, day, article) for current readings with one of ``keys``, less keys that more than ``cap`` have."""
    found: list[tuple[int, int, int]] = []
    for portion in portions(keys):
        rare = select(Key.hash).where(Key.hash.in_(portion)).group_by(Key.hash).having(func.count().between(2, cap))
        rows = session.execute(
            select(Key.hash, Key.day, Reading.article_id)
            .join(Reading, Reading.id == Key.reading_id)
            .where(Key.hash.in_(rare), Reading.is_current)
        )
        found.extend((row.hash, row.day, row.article_id) for row in rows)
    return found


def _firsts_with(session: Session, digests: Iterable[int]) -> list[tuple[int, int, int]]:
    """Return, for each digest and day, the first article that has it: identical texts form a star, not every pair."""
    found: list[tuple[int, int, int]] = []
    for portion in portions(digests):
        rows = session.execute(
            select(Key.hash, Key.day, func.min(Reading.article_id).label("article_id"))
            .join(Reading, Reading.id == Key.reading_id)
            .where(Key.hash.in_(portion), Reading.is_current)
            .group_by(Key.hash, Key.day)
        )
        found.extend((row.hash, row.day, row.article_id) for row in rows)
    return found


def _verify(
    session: Session, pairs: Collection[tuple[int, int]], known: Mapping[int, Text], rules: FoldRules
) -> list[tuple[Verified, int, int]]:
    """Return each link that the texts of a pair bear out, with the readings it was verified on."""
    texts = dict(known)
    missing = sorted({article_id for pair in pairs for article_id in pair} - texts.keys())
    for portion in portions(missing):
        texts |= {text.article_id: text for text in _texts(session, Reading.article_id.in_(portion))}
    prepared: dict[int, Prepared] = {}

    def of(article_id: int) -> Prepared:
        if article_id not in prepared:
            text = texts[article_id]
            prepared[article_id] = prepare(article_id, text.title, text.text)
        return prepared[article_id]

    return [
        (link, texts[a].reading_id, texts[b].reading_id)
        for a, b in sorted(pairs)
        if a in texts and b in texts
        for link in links_between(of(a), of(b), rules.copies)
    ]


def _store_links(session: Session, verified: Iterable[tuple[Verified, int, int]], now: datetime) -> None:
    rows = [
        {
            "kind": str(link.kind),
            "article_a_id": link.a,
            "article_b_id": link.b,
            "reading_a_id": reading_a,
            "reading_b_id": reading_b,
            "jaccard": link.jaccard,
            "containment_a": link.containment_a,
            "containment_b": link.containment_b,
            "shared_words": link.shared_words,
            "evidence": {"spans": [asdict(span) for span in link.spans], "inner": link.inner},
            "rules_version": LINKS_VERSION,
            "created_at": now,
        }
        for link, reading_a, reading_b in verified
    ]
    insert_missing(session, Link, rows)


# --- Groups -----------------------------------------------------------------------------------------------------------


def _regroup(session: Session, touched: Mapping[int, Text], now: datetime) -> None:
    """Make the copy groups around ``touched`` the connected components of the copy links that are current."""
    members = _neighbourhood(session, touched)
    edges = _copy_edges(session, members)
    grouped = {article_id for article_id, article in members.items() if article.kind == FOLDED_KIND}
    new = components(grouped, edges)
    old: dict[int, set[int]] = defaultdict(set)
    for article_id, article in members.items():
        if article.copy_group_id is not None:
            old[article.copy_group_id].add(article_id)
    neighbours: dict[int, dict[int, float]] = defaultdict(dict)
    for (a, b), jaccard in edges.items():
        neighbours[a][b] = neighbours[b][a] = jaccard
    carried = carry_over(old, new)
    ids = [group_id or _new_group(session, now) for group_id in carried.ids]
    for group_id, group in zip(ids, new, strict=True):
        for article_id in group:
            _place(members[article_id], group_id, neighbours[article_id], members)
    for article_id in members.keys() - grouped:
        members[article_id].copy_group_id = members[article_id].copied_from_id = None
    for retired, successor in carried.merged.items():
        session.get_one(CopyGroup, retired).merged_into_id = ids[successor]


def _neighbourhood(session: Session, touched: Iterable[int]) -> dict[int, Article]:
    """Return the touched articles, the groups they stand in, those they are linked to now, and the groups of these."""
    ids = set(touched)
    reached = ids | {article_id for pair in _copy_edges(session, ids) for article_id in pair}
    found: dict[int, Article] = {}
    groups: set[int] = set()
    for portion in portions(sorted(reached)):
        for article in session.scalars(select(Article).where(Article.id.in_(portion))):
            found[article.id] = article
            if article.copy_group_id is not None:
                groups.add(article.copy_group_id)
    for portion in portions(sorted(groups)):
        for article in session.scalars(select(Article).where(Article.copy_group_id.in_(portion))):
            found[article.id] = article
    return found


def _copy_edges(session: Session, article_ids: Iterable[int]) -> dict[tuple[int, int], float]:
    """Return the copy links of ``article_ids`` of which both readings are current: (article, article) -> Jaccard."""
    a, b = aliased(Reading), aliased(Reading)
    edges: dict[tuple[int, int], float] = {}
    for portion in portions(sorted(article_ids), 2_000):
        rows = session.execute(
            select(Link.article_a_id, Link.article_b_id, Link.jaccard)
            .join(a, a.id == Link.reading_a_id)
            .join(b, b.id == Link.reading_b_id)
            .where(
                or_(Link.article_a_id.in_(portion), Link.article_b_id.in_(portion)),
                Link.kind == LinkKind.COPY,
                a.is_current,
                b.is_current,
                a.kind == FOLDED_KIND,
                b.kind == FOLDED_KIND,
            )
        )
        edges |= {(row.article_a_id, row.article_b_id): row.jaccard for row in rows}
    return edges


def _new_group(session: Session, now: datetime) -> int:
    group_id: int = session.execute(insert(CopyGroup).values(created_at=now).returning(CopyGroup.id)).scalar_one()
    return group_id


def _place(article: Article, group_id: int, neighbours: Mapping[int, float], members: Mapping[int, Article]) -> None:
    """Put an article in its group, and say which earlier text of the group it is nearest to."""
    article.copy_group_id = group_id
    earlier = [
        (-jaccard, members[other].time, other)
        for other, jaccard in neighbours.items()
        if (members[other].time, other) < (article.time, article.id)
    ]
    article.copied_from_id = min(earlier)[2] if earlier else None
