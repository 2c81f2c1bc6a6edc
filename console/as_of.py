"""`storyfold story ID --as-of`: what a story held at a moment, by the id it has or had then."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from console.output import cell, records, say
from foundation.errors import UsageError
from storage.models import Story
from storage.types import UtcDateTime

HELD: Final = text("""
SELECT article, outlet, title, url, at, version, basis, score, reason, decision, joined_at, left_at, left_reason
FROM story_as_of
WHERE story = :story AND joined_at <= :moment AND (left_at IS NULL OR left_at > :moment)
ORDER BY at, article
""").bindparams(bindparam("moment", type_=UtcDateTime()))


def held(session: Session, story_id: int, moment: datetime) -> dict[str, Any]:
    """Return what a story held, or where it had been merged by then, its successor. Raises UsageError."""
    found = session.get(Story, story_id)
    if found is None:
        raise UsageError(f"there is no story {story_id}; `storyfold stories` lists them")
    seen: set[int] = set()
    while not (articles := _articles(session, found.id, moment)):
        seen.add(found.id)
        if found.merged_into_id is None or found.merged_into_id in seen:
            break
        found = session.get_one(Story, found.merged_into_id)
    return {"story": found.id, "asked_for": story_id, "as_of": moment, "articles": articles}


def _articles(session: Session, story_id: int, moment: datetime) -> list[dict[str, Any]]:
    return records(session.execute(HELD, {"story": story_id, "moment": moment}).mappings())


def show(told: Mapping[str, Any]) -> None:
    """Print it for people."""
    articles, at = told["articles"], f"{cell(told['as_of'])} UTC"
    if not articles:
        say(f"Story {told['asked_for']} held no article at {at}.")
        return
    if told["story"] != told["asked_for"]:
        say(f"Story {told['asked_for']} had been merged into story {told['story']}.")
    say(f"Story {told['story']} at {at}: {len(articles)} article{'s' if len(articles) > 1 else ''}")
    for one in articles:
        left = f", until {cell(one['left_at'])} UTC: {one['left_reason']}" if one["left_at"] else ""
        say(
            f"  {one['outlet']}: {one['title']} · article {one['article']} · {one['url']}",
            f"    {one['basis']}: {one['reason']}",
            f"    from {cell(one['joined_at'])} UTC{left}",
        )
