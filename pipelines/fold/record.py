"""Write a partition down: stories and their ids, who left and who joined, what became of merged ids, the counters."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from dedup.groups import CarryOver
from pipelines.fold.origins import tell_origins
from pipelines.fold.reasons import Reason
from pipelines.fold.window import Standing, Told, Window
from storage.engine import portions
from storage.models import Article, Decision, Membership, Source, Story, StoryEvent


def write(
    session: Session,
    stories: Sequence[Told],
    carried: CarryOver,
    rows: Sequence[Sequence[Reason]],
    window: Window,
    now: datetime,
) -> None:
    """Record the stories; ``carried.ids`` and ``rows`` run parallel to them."""
    ids = [
        story_id if story_id is not None else _new_story(session, story, window, now)
        for story, story_id in zip(stories, carried.ids, strict=True)
    ]
    _tell_who_came_back(session, carried, now)
    touched = set(carried.merged)
    standing = {one.article_id: one for members in window.groups.values() for one in members}
    for story_id, reasons in zip(ids, rows, strict=True):
        for row in reasons:
            one = standing[row.article_id]
            _leave(session, one, now, "read anew" if one.story_id == story_id else f"moved to story {story_id}")
            touched |= {story_id, one.story_id or story_id}
        if reasons:
            session.execute(
                insert(Membership), [row.columns() | {"story_id": story_id, "joined_at": now} for row in reasons]
            )
    for one in window.dropped:
        _leave(session, one, now, "no longer an article")
        touched.add(one.story_id or 0)
    _tell_what_became(session, carried, ids, now)
    recount(session, touched)


def recount(session: Session, story_ids: Iterable[int]) -> None:
    """Set the counters, dates and title of stories to what their current memberships, and operators, say."""
    names = _names(session)
    for portion in portions(sorted(set(story_ids))):
        counted = {row.story_id: row for row in session.execute(_counts(portion))}
        firsts = {row.story_id: row for row in session.execute(_firsts(portion))}
        origins = tell_origins(session, portion)
        for story in session.scalars(select(Story).where(Story.id.in_(portion))):
            if story.id not in counted:
                story.articles = story.outlets = story.owners = story.copy_groups = story.origins = 0
                story.state = "merged" if story.merged_into_id is not None else "dissolved"
                continue
            count, first = counted[story.id], firsts[story.id]
            story.articles, story.outlets, story.owners = count.articles, count.outlets, count.owners
            story.copy_groups, story.first_at, story.last_at = count.copy_groups, count.first_at, count.last_at
            story.origins = origins.get(story.id, 0)
            story.first_article_id, story.language = first.id, first.language
            story.title = names.get(story.id, first.title)
            story.state, story.merged_into_id = "open", None


def _names(session: Session) -> dict[int, str]:
    """Return the titles that operators gave, by story: the latest of a story, or of those that were merged into it."""
    named = select(Decision.story_id, Decision.title).where(Decision.kind == "rename", Decision.undone_at.is_(None))
    return {successor(session, row.story_id): row.title for row in session.execute(named.order_by(Decision.id))}


def successor(session: Session, story_id: int) -> int:
    """Return the story that an id stands for today."""
    seen: set[int] = set()
    after: int | None = story_id
    while after is not None and after not in seen:
        seen.add(story_id := after)
        after = session.scalar(select(Story.merged_into_id).where(Story.id == story_id))
    return story_id


def _counts(story_ids: Sequence[int]):  # type: ignore[no-untyped-def]
    return (
        select(
            Membership.story_id,
            func.count().label("articles"),
            func.count(Article.source_id.distinct()).label("outlets"),
            func.count(func.coalesce(Source.owner, Source.name).distinct()).label("owners"),
            func.count(Article.copy_group_id.distinct()).label("copy_groups"),
            func.min(Article.time).label("first_at"),
            func.max(Article.time).label("last_at"),
        )
        .join(Article, Article.id == Membership.article_id)
        .join(Source, Source.id == Article.source_id)
        .where(Membership.left_at.is_(None), Membership.story_id.in_(story_ids))
        .group_by(Membership.story_id)
    )


def _firsts(story_ids: Sequence[int]):  # type: ignore[no-untyped-def]
    place = func.row_number().over(partition_by=Membership.story_id, order_by=(Article.time, Article.id))
    ranked = (
        select(Membership.story_id, Article.id, Article.title, Article.language, place.label("place"))
        .join(Article, Article.id == Membership.article_id)
        .where(Membership.left_at.is_(None), Membership.story_id.in_(story_ids))
        .subquery()
    )
    return select(ranked).where(ranked.c.place == 1)


def _new_story(session: Session, story: Told, window: Window, now: datetime) -> int:
    first = min((window.representative(group) for group in story.groups), key=lambda one: one.order)
    values = {"state": "open", "title": first.title, "created_at": now, "first_at": first.time, "last_at": first.time}
    story_id: int = session.execute(insert(Story).values(values).returning(Story.id)).scalar_one()
    _event(session, story_id, "created", now, f"first report: article {first.article_id}")
    return story_id


def _leave(session: Session, one: Standing, now: datetime, why: str) -> None:
    if one.membership is not None:
        closed = update(Membership).where(Membership.id == one.membership.id)
        session.execute(closed.values(left_at=now, left_reason=why))


def _tell_who_came_back(session: Session, carried: CarryOver, now: datetime) -> None:
    for portion in portions(sorted(story_id for story_id in carried.ids if story_id is not None)):
        for story_id in session.scalars(select(Story.id).where(Story.id.in_(portion), Story.state == "merged")):
            _event(session, story_id, "restored", now, "most of its reports are by themselves again")


def _tell_what_became(session: Session, carried: CarryOver, ids: Sequence[int], now: datetime) -> None:
    for retired, index in carried.merged.items():
        successor = ids[index]
        session.execute(update(Story).where(Story.id == retired).values(state="merged", merged_into_id=successor))
        _event(session, retired, "merged", now, f"its reports now stand in story {successor}", successor)
    for split, indexes in carried.split.items():
        for part in {ids[index] for index in indexes} - {split}:
            _event(session, split, "split", now, f"some of its reports now stand in story {part}", part)


def _event(session: Session, story_id: int, kind: str, now: datetime, why: str, other: int | None = None) -> None:
    session.execute(insert(StoryEvent).values(story_id=story_id, at=now, kind=kind, other_story_id=other, reason=why))
