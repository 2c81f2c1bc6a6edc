"""Where the own texts of a story come from: what dedup/origins.py decides, written down with its evidence.

Done anew for a story whenever its counters are, so that a row never speaks of texts that stand there no longer.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from dedup.origins import RULES_VERSION, Basis, Origin, Place, origins
from pipelines.agencies import agency_among, at_end, credited, in_dateline
from pipelines.fold.own_texts import Excerpt, Printing, Stories, creditor, load
from storage.engine import Database
from storage.models import Article, Story, StoryOrigin

COPIES_SHOWN: Final = 20  # of a text, in its evidence; `article.copied_from_id` has them all
PHRASE: Final = 300  # characters of a sentence that evidence repeats
STORIES: Final = 500  # told in one transaction


def tell_origins(session: Session, story_ids: Sequence[int]) -> dict[int, int]:
    """Write down where the own texts of these stories come from; return how many independent origins each has."""
    stories = load(session, story_ids)
    session.execute(delete(StoryOrigin).where(StoryOrigin.story_id.in_(story_ids)))
    counted: dict[int, int] = {}
    rows: list[dict[str, Any]] = []
    for story_id, own_texts in stories.own_texts.items():
        found, held = origins(stories.of(story_id)), stories.held(story_id)
        counted[story_id] = max(one.number for one in found)
        for one in found:
            printed = own_texts[one.group]
            evidence = _evidence(session, one, printed, held.get(one.group), stories)
            rows.append({"story_id": story_id} | _row(one, printed, evidence))
    if rows:
        session.execute(insert(StoryOrigin), rows)
    return counted


def tell_missing(database: Database) -> None:
    """Tell the origins of stories that stood before there were any, a bounded number in each transaction."""
    missing = select(Story.id).where(Story.origins.is_(None), Story.state.in_(("open", "frozen"))).limit(STORIES)
    while True:
        with database.write() as session:
            story_ids = session.scalars(missing).all()
            if not story_ids:
                return
            counted = tell_origins(session, story_ids)
            for story_id in story_ids:
                session.execute(update(Story).where(Story.id == story_id).values(origins=counted.get(story_id, 0)))


def _row(found: Origin, printed: Sequence[Printing], evidence: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "copy_group_id": found.group,
        "number": found.number,
        "origin": found.name,
        "basis": str(found.basis),
        "article_id": printed[0].article,
        "via_copy_group_id": found.via,
        "evidence": evidence,
        "reason": _reason(found, printed, evidence),
        "rules_version": RULES_VERSION,
    }


def _evidence(
    session: Session, found: Origin, printed: Sequence[Printing], excerpt: Excerpt | None, stories: Stories
) -> dict[str, Any]:
    speaker, *copies = printed
    evidence: dict[str, Any] = {}
    if found.basis is Basis.EXCERPT and excerpt is not None:
        of = {"of": excerpt.of_article, "share": excerpt.share, "link": excerpt.link}
        evidence["excerpt"] = {"article": speaker.article} | of
    elif found.basis is Basis.STATED and (on := found.reliance.on) is not None:
        evidence["stated"] = {"name": on.name, "wording": on.wording} | _cited(speaker, on.at, stories)
    elif found.basis is Basis.AGENCY and (by := creditor(printed, found.name)):
        evidence["credit"] = {"agency": found.name, "article": by.article} | _credit(session, by, stories)
    if found.reliance.why_own is not None:
        own = _cited(speaker, found.reliance.own, stories) if found.reliance.own else {}
        names = list(dict.fromkeys(one.name for one in stories.stated[speaker.reading]))
        evidence["own"] = {"why": found.reliance.why_own, "names": names} | own
    if copies:
        evidence["copies"] = [
            {"article": one.article, "from": one.copied_from, "share": one.copied_share, "order": one.copied_order}
            for one in copies[:COPIES_SHOWN]
        ]
        evidence["copies_in_all"] = len(copies)
    return evidence


def _cited(speaker: Printing, at: Place, stories: Stories) -> dict[str, Any]:
    words = stories.blocks[speaker.reading].get(at.position, "")[at.start : at.end][:PHRASE]
    place = {"position": at.position, "start_at": at.start, "end_at": at.end}
    return {"article": speaker.article, "reading": speaker.reading} | place | {"phrase": words}


def _credit(session: Session, by: Printing, stories: Stories) -> dict[str, Any]:
    """Return the line that credits an agency, and where it stands; none where only the page's metadata do."""
    article = session.get_one(Article, by.article)
    fields = [("authors", article.authors), ("byline", [article.byline]), ("credits", article.credits)]
    lines = [(name, line) for name, values in fields for line in values if line]
    text_of = list(stories.blocks[by.reading].values())
    for where, line in (*lines, *(("text", line) for line in (*text_of[:3], *text_of[-2:]))):
        if by.agency in {agency_among(line), credited(line), in_dateline(line), at_end(line)}:
            return {"field": where, "line": line[:PHRASE]}
    return {"field": None, "line": None}


def _reason(found: Origin, printed: Sequence[Printing], evidence: Mapping[str, Any]) -> str:
    speaker, *copies = printed
    if found.basis is Basis.STATED:
        on = evidence["stated"]
        its_own = f", whose own report is copy group {found.via}" if found.via is not None else ""
        return f"its only source is {on['name']}{its_own}: “{on['phrase']}”"
    if found.basis is Basis.EXCERPT:
        part = evidence["excerpt"]
        return f"{part['share']:.0%} of its words stand in article {part['of']}'s text (copy group {found.via})"
    if found.basis is Basis.AGENCY:
        line = evidence.get("credit", {}).get("line")
        said = f"credited to {found.name}" + (f": “{line}”" if line else "")
    elif found.basis is Basis.FIRST:
        said = f"printed first by {found.name}" if copies else "a report of its own"
    else:
        said = f"printed by {speaker.outlet.name} and {len(copies)} more, and the times do not tell who was first"
    if (own := evidence.get("own")) is None:
        return said
    pointed_at = f"“{own['phrase']}”" if "phrase" in own else ", ".join(own["names"])
    return f"{said}; {own['why']}: {pointed_at}"
