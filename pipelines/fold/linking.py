"""Links: what the texts of candidates bear out, as rows with their proof."""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from dedup.keys import Candidate
from dedup.lineage import Moment
from dedup.links import Link as Verified
from dedup.links import LinkKind, Prepared, links_between, prepare
from pipelines.fold.candidates import Holder
from pipelines.fold.rules import FoldRules
from storage.engine import insert_missing, portions
from storage.models import Article, Link, Reading

LINKS_VERSION: Final = 2
MOST_WORDS: Final = 1_000_000  # kept prepared, some 50 bytes each: templates and crowds ask for the same texts again


class Texts:
    """The current texts of articles, prepared for comparing; the last used ones are kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[int, Prepared]] = OrderedDict()

    def load(self, session: Session, article_ids: Iterable[int]) -> dict[int, tuple[int, Prepared]]:
        """Return the current reading of each article with its text."""
        current: dict[int, int] = {}
        for portion in portions(sorted(set(article_ids))):
            rows = session.execute(
                select(Reading.article_id, Reading.id).where(Reading.article_id.in_(portion), Reading.is_current)
            )
            current |= {row.article_id: row.id for row in rows}
        found = {
            article: self._kept[article]
            for article, reading in current.items()
            if article in self._kept and self._kept[article][0] == reading
        }
        missing = [reading for article, reading in current.items() if article not in found]
        for portion in portions(missing):
            rows = session.execute(
                select(Reading.article_id, Reading.id, Article.title, Reading.text)
                .join(Article, Article.id == Reading.article_id)
                .where(Reading.id.in_(portion))
            )
            for row in rows:
                found[row.article_id] = row.id, prepare(row.article_id, row.title, row.text)
        self._keep(found)
        return found

    def _keep(self, found: Mapping[int, tuple[int, Prepared]]) -> None:
        for article, prepared in found.items():
            self._kept[article] = prepared
            self._kept.move_to_end(article)
        words = sum(len(text.starts) for _, text in self._kept.values())
        while words > MOST_WORDS:
            _, (_, text) = self._kept.popitem(last=False)
            words -= len(text.starts)


@dataclass(frozen=True, slots=True)
class Proven:
    """A link with the readings it was verified on."""

    link: Verified
    reading_a: int
    reading_b: int


def verify(
    session: Session,
    candidates: Mapping[int, Sequence[tuple[Candidate, Holder]]],
    groups: Mapping[int, int | None],
    rules: FoldRules,
    texts: Texts,
) -> list[Proven]:
    """Return the links that the texts of candidates bear out; ``groups`` are those of the articles that ask.

    Best candidates first, and a bounded number into one group: who prints a text that hundreds print is linked to
    some of them, and so belongs to all.
    """
    chosen = {article: _chosen(others, rules) for article, others in candidates.items() if others}
    loaded = texts.load(session, {*chosen, *(one.article for others in chosen.values() for one, _ in others)})
    bounds = _Bounds(rules, groups)
    found: list[Proven] = []
    compared: dict[tuple[int, int], bool] = {}  # whether they are copies
    for article in sorted(chosen):
        for one, holder in bounds.within(chosen[article]):
            pair = (min(article, one.article), max(article, one.article))
            if pair[0] not in loaded or pair[1] not in loaded:
                continue
            if pair not in compared:
                (reading_a, a), (reading_b, b) = loaded[pair[0]], loaded[pair[1]]
                links = links_between(a, b, rules.copies)
                compared[pair] = any(link.kind is LinkKind.COPY for link in links)
                found += [Proven(link, reading_a, reading_b) for link in links]
            bounds.count(article, one, holder, is_copy=compared[pair])
    return found


def _chosen(others: Sequence[tuple[Candidate, Holder]], rules: FoldRules) -> list[tuple[Candidate, Holder]]:
    """Return the best candidates, a bounded number of them in one group: whose texts are to be read."""
    into: Counter[int | None] = Counter()
    found = []
    for one, holder in others:
        into[holder.group_id] += 1
        if holder.group_id is None or into[holder.group_id] <= rules.most_compared_in_group:
            found.append((one, holder))
    return found[: rules.most_compared]


class _Bounds:
    """How far into each group an article has been compared and linked; groups grow together as links are found."""

    def __init__(self, rules: FoldRules, groups: Mapping[int, int | None]) -> None:
        self.rules = rules
        self.groups = groups
        self.parent: dict[int, int] = {}

    def within(self, candidates: Sequence[tuple[Candidate, Holder]]) -> Iterator[tuple[Candidate, Holder]]:
        """Yield the candidates of one article that are still worth comparing, as it goes on."""
        self.compared: Counter[int] = Counter()
        self.linked: Counter[int] = Counter()
        self.same: Counter[int] = Counter()
        for one, holder in candidates:
            root = self._root(self._node(one.article, holder.group_id))
            if (
                self.compared[root] < self.rules.most_compared_in_group
                and self.linked[root] < self.rules.most_links
                and not (one.is_same_text and self.same[root] >= self.rules.most_links_of_same_text)
            ):
                yield one, holder

    def count(self, article: int, one: Candidate, holder: Holder, *, is_copy: bool) -> None:
        """Note what came of a comparison."""
        root = self._root(self._node(one.article, holder.group_id))
        self.compared[root] += 1
        if is_copy:
            self.linked[root] += 1
            self.same[root] += one.is_same_text
            own = self._root(self._node(article, self.groups.get(article)))
            if own != root:
                self.parent[own] = root

    @staticmethod
    def _node(article: int, group_id: int | None) -> int:
        return article if group_id is None else -group_id

    def _root(self, node: int) -> int:
        while (above := self.parent.get(node, node)) != node:
            node = above
        return node


def store(session: Session, found: Iterable[Proven], moments: Mapping[int, Moment], now: datetime) -> None:
    """Insert the links that are not there."""
    insert_missing(session, Link, [_row(proven, moments, now) for proven in found])


def _row(proven: Proven, moments: Mapping[int, Moment], now: datetime) -> dict[str, Any]:
    link = proven.link
    return {
        "kind": str(link.kind),
        "article_a_id": link.a,
        "article_b_id": link.b,
        "reading_a_id": proven.reading_a,
        "reading_b_id": proven.reading_b,
        "jaccard": link.jaccard,
        "containment_a": link.containment_a,
        "containment_b": link.containment_b,
        "share_a": link.share_a,
        "share_b": link.share_b,
        "shared_words": link.shared_words,
        "from_article_id": _from(link, moments),
        "evidence": {"spans": [asdict(span) for span in link.spans]},
        "rules_version": LINKS_VERSION,
        "created_at": now,
    }


def _from(link: Verified, moments: Mapping[int, Moment]) -> int | None:
    """Return whose text holds an excerpt, or who printed a passage first, where the times tell."""
    if link.kind is LinkKind.EXCERPT:
        return link.b if link.inner == link.a else link.a
    a, b = moments.get(link.a), moments.get(link.b)
    if link.kind is not LinkKind.PASSAGE or a is None or b is None:
        return None
    return link.a if a.is_before(b) else link.b if b.is_before(a) else None


def by_article(found: Iterable[Proven]) -> dict[int, set[int]]:
    """Return the articles that each article is a copy of, by the links found."""
    pairs: dict[int, set[int]] = defaultdict(set)
    for proven in found:
        if proven.link.kind is LinkKind.COPY:
            pairs[proven.link.a].add(proven.link.b)
            pairs[proven.link.b].add(proven.link.a)
    return pairs
