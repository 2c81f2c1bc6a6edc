"""The nearest misses that operators are asked about: two stories that came nearest to being one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from dedup.misses import Miss, misses
from dedup.stories import Place, StoryRules, ranked
from pipelines.fold import epochs
from pipelines.fold.neighbours import neighbours
from pipelines.fold.reviewing import MISS, Question, Settled, stories_of
from pipelines.fold.rules import FoldRules
from storage.models import Article, Membership, Reading

# Own texts whose neighbours are read, the latest ones: bounds what a look at the queue costs.
MOST_TEXTS: Final = 2_000


def nearest_misses(session: Session, rules: FoldRules, limit: int) -> list[Question]:
    """Return the stories nearest to being one, each two by their likest reports; what is decided is left out."""
    texts = list(_latest_texts(session))
    article_of = {item.id: article for item, article, _ in texts}
    story_of = {item.id: story for item, _, story in texts}
    is_decided = _decided(session)
    found = [
        miss
        for miss in _misses(session, [item for item, _, _ in texts], story_of, rules.stories)
        if not is_decided(story_of[miss.a], story_of[miss.b])
    ]
    found.sort(key=lambda miss: (miss.missing, miss.a, miss.b))
    return [
        Question(
            kind=MISS,
            a=article_of[miss.a],
            b=article_of[miss.b],
            score=miss.score,
            needed=max(miss.needed, miss.coherence),
            reason=_reason(miss),
        )
        for miss in found[:limit]
    ]


def _reason(miss: Miss) -> str:
    of = "" if miss.pairs == 1 else f" in the mean of {miss.pairs} pairs"
    if miss.missing <= 0:
        return f"score {miss.score:.2f}{of} (needed {miss.needed:.2f}): enough by what is known today"
    closer = ": the looser story is so close in itself" if miss.coherence > miss.needed else ""
    return f"score {miss.score:.2f}{of} (needed {max(miss.needed, miss.coherence):.2f}{closer})"


def _misses(session: Session, texts: Sequence[Place], story_of: Mapping[int, int], rules: StoryRules) -> Iterator[Miss]:
    known = epochs.latest(session)
    scores = neighbours(session, [place.id for place in texts], rules)
    for language in sorted({place.language for place in texts}):
        places = ranked(place for place in texts if place.language == language)
        documents = known[language].idf.documents if language in known else 0
        yield from misses(places, story_of, scores.pairs(places), rules.linkage(documents))


def _latest_texts(session: Session) -> Iterator[tuple[Place, int, int]]:
    """Yield the latest own texts, each with its article and its story."""
    texts: Select[*tuple[Any, ...]] = (
        select(Article.copy_group_id, Article.time, Article.is_timed, Article.language, Article.id, Membership.story_id)
        .join(Membership, and_(Membership.article_id == Article.id, Membership.left_at.is_(None)))
        .join(Reading, and_(Reading.article_id == Article.id, Reading.is_current))
        .where(Membership.basis != "copy", Article.copy_group_id.is_not(None), Reading.folded_at.is_not(None))
        .order_by(Article.time.desc(), Article.id.desc())
        .limit(MOST_TEXTS)
    )
    for group, time, is_timed, language, article, story_id in session.execute(texts):
        yield Place(group, time.timestamp() if is_timed else None, language or ""), article, story_id


def _decided(session: Session) -> Callable[[int, int], bool]:
    """Return the function that tells whether an operator has said already that two stories are two."""
    decisions = Settled.load(session).decisions
    story_of = stories_of(session, {group for pair in decisions.apart for group in pair} | decisions.closed)
    apart = {frozenset({story_of.get(a), story_of.get(b)}) for a, b in decisions.apart}
    closed = {story_of.get(group) for group in decisions.closed}
    return lambda one, other: one in closed or other in closed or frozenset({one, other}) in apart
