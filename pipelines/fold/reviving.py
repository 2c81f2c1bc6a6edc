"""Ids that come back: a story that was merged gets its own id again when most of its reports are free again.

An operator undoes a merger and finds the story under the id it had; nobody else ever gets that id.
"""

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dedup.groups import CarryOver
from storage.engine import portions
from storage.models import Membership, Story


def revived(session: Session, parts: Sequence[Set[int]], carried: CarryOver) -> CarryOver:
    """Return ``carried`` with a retired id for each part without one that holds most of what stood there last."""
    nameless = [index for index, story_id in enumerate(carried.ids) if story_id is None]
    articles = {article: index for index in nameless for article in parts[index]}
    ids = list(carried.ids)
    for story_id, last in sorted(_last_reports(session, articles.keys()).items()):
        held = Counter(articles[article] for article in last if article in articles)
        for index, count in held.most_common(1):
            if ids[index] is None and 2 * count > len(last):
                ids[index] = story_id
    return replace(carried, ids=tuple(ids))


def _last_reports(session: Session, articles: Set[int]) -> dict[int, set[int]]:
    """Return the merged stories in which some of ``articles`` stood, with the articles that stood there to the end."""
    found: dict[int, set[int]] = {}
    for portion in portions(sorted(articles)):
        retired = (
            select(Membership.story_id)
            .join(Story, Story.id == Membership.story_id)
            .where(Membership.article_id.in_(portion), Story.state == "merged")
            .distinct()
        )
        for story_id in session.scalars(retired):
            found[story_id] = set()
    for story_id in found:
        ended = select(func.max(Membership.left_at)).where(Membership.story_id == story_id).scalar_subquery()
        last = select(Membership.article_id).where(Membership.story_id == story_id, Membership.left_at == ended)
        found[story_id] = set(session.scalars(last))
    return found
