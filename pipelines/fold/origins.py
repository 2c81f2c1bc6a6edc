"""Where the own texts of a story come from: read what dedup/origins.py decides on, and write down what it says.

Done anew for a story whenever its counters are, so that a row never speaks of texts that stand there no longer.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, cast

from sqlalchemy import bindparam, delete, insert, or_, select, text, update
from sqlalchemy.orm import Session

from dedup.links import LinkKind
from dedup.origins import EXCERPT_SHARE, RULES_VERSION, Account, Basis, Medium, Origin, OwnText, Place, key_of, origins
from foundation.errors import UnusableUrl
from foundation.urls import site
from pipelines.accounts import account, medium_key
from pipelines.agencies import agency_among, at_end, credited, in_dateline
from pipelines.reading import StatedSource, Wording
from storage.engine import Database, portions
from storage.models import Article, Block, Label, Link, Membership, Reading, Source, Story, StoryOrigin
from storage.models import StatedSource as StatedSourceRow

COPIES_SHOWN: Final = 20  # of a text, in its evidence; `article.copied_from_id` has them all
PHRASE: Final = 300  # characters of a sentence that evidence repeats
STORIES: Final = 500  # told in one transaction
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
class _Read:
    """The texts of a story's speakers: what they state, and the blocks of those that matter, by reading."""

    stated: dict[int, list[StatedSource]] = field(default_factory=lambda: defaultdict(list))
    blocks: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))


@dataclass(frozen=True, slots=True)
class _Held:
    """A text that holds another: its copy group, article and reading, the share of the other's words, the link."""

    holder: int
    article: int
    reading: int
    share: float
    link: int


Groups = dict[int, list[Printing]]  # copy group -> who prints it, earliest first


def tell_origins(session: Session, story_ids: Sequence[int]) -> dict[int, int]:
    """Write down where the own texts of these stories come from; return how many independent origins each has."""
    stories = _printings(session, story_ids)
    groups = {group: printed for own_texts in stories.values() for group, printed in own_texts.items()}
    authors = _authors(session, groups)
    read = _read(session, groups, authors)
    links = _excerpts(session, groups)
    session.execute(delete(StoryOrigin).where(StoryOrigin.story_id.in_(story_ids)))
    counted, rows = {}, []
    for story_id, own_texts in stories.items():
        held = _held(own_texts, links)
        found = origins(
            replace(
                _own_text(group, printed, authors[group], read), lies_in=held[group].holder if group in held else None
            )
            for group, printed in own_texts.items()
        )
        counted[story_id] = max(one.number for one in found)
        rows += [_row(session, story_id, one, own_texts[one.group], read, held.get(one.group)) for one in found]
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


# --- What is read -----------------------------------------------------------------------------------------------------


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


def _authors(session: Session, groups: Mapping[int, Sequence[Printing]]) -> dict[int, tuple[str | None, str]]:
    """Return whose text each copy group is and by what that is known, as `copy_groups` says it; alone it is plain."""
    found: dict[int, tuple[str | None, str]] = {}
    for group, (first, *copies) in groups.items():
        if not copies:
            found[group] = (first.agency, Basis.AGENCY) if first.agency else (first.outlet.name, Basis.FIRST)
    for portion in portions(sorted(groups.keys() - found.keys())):
        rows = session.execute(_GROUPS, {"groups": portion})
        found |= {row.copy_group: (row.origin, row.origin_basis) for row in rows}
    return found


def _read(
    session: Session, groups: Mapping[int, Sequence[Printing]], authors: Mapping[int, tuple[str | None, str]]
) -> _Read:
    read = _Read()
    for portion in portions(printed[0].reading for printed in groups.values()):
        rows = select(StatedSourceRow).where(StatedSourceRow.reading_id.in_(portion))
        for named in session.scalars(rows.order_by(StatedSourceRow.position, StatedSourceRow.start_at)):
            one = StatedSource(named.position, named.start_at, named.end_at, named.name, cast("Wording", named.wording))
            read.stated[named.reading_id].append(one)
    credited_by = [_creditor(printed, authors[group][0]) for group, printed in groups.items()]
    for portion in portions(sorted({*read.stated, *(one.reading for one in credited_by if one)})):
        for row in session.execute(
            select(Reading.id, Block.position, Block.text)
            .join(Block, Block.version_id == Reading.version_id)
            .outerjoin(Label, (Label.reading_id == Reading.id) & (Label.position == Block.position))
            .where(Reading.id.in_(portion), Label.label.is_(None))
            .order_by(Reading.id, Block.position)
        ):
            read.blocks[row.id][row.position] = row.text
    return read


def _excerpts(session: Session, groups: Mapping[int, Sequence[Printing]]) -> dict[int, list[_Held]]:
    """Return what holds nearly all of a text, by the reading of its speaker."""
    speakers = {printed[0].reading for printed in groups.values()}
    found: dict[int, list[_Held]] = defaultdict(list)
    for portion in portions(sorted(speakers), 2_000):
        rows = session.scalars(
            select(Link).where(
                Link.kind == LinkKind.EXCERPT,
                or_(Link.reading_a_id.in_(portion), Link.reading_b_id.in_(portion)),
                or_(Link.share_a >= EXCERPT_SHARE, Link.share_b >= EXCERPT_SHARE),
            )
        )
        for link in rows:
            a, b = (link.reading_a_id, link.article_a_id), (link.reading_b_id, link.article_b_id)
            (part, _), (holder, article) = (b, a) if link.from_article_id == link.article_a_id else (a, b)
            share = link.share_b if holder == link.reading_a_id else link.share_a
            if part in speakers and share >= EXCERPT_SHARE:
                found[part].append(_Held(0, article, holder, share, link.id))
    return found


def _held(own_texts: Groups, links: Mapping[int, Sequence[_Held]]) -> dict[int, _Held]:
    """Return which own text of the story holds nearly all of another, the one that holds most: by the other's group."""
    group_of = {one.reading: group for group, printed in own_texts.items() for one in printed}
    found: dict[int, _Held] = {}
    for group, (speaker, *_) in own_texts.items():
        inside = [link for link in links.get(speaker.reading, ()) if group_of.get(link.reading, group) != group]
        if inside:
            best = min(inside, key=lambda link: (-link.share, link.article))
            found[group] = replace(best, holder=group_of[best.reading])
    return found


def _creditor(printed: Sequence[Printing], agency: str | None) -> Printing | None:
    """Return the first article that credits an agency."""
    return next((one for one in printed if agency and one.agency == agency), None)


def _own_text(group: int, printed: Sequence[Printing], author: tuple[str | None, str], read: _Read) -> OwnText:
    name, basis = author
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
    if speaker.reading not in read.stated:
        return bare
    blocks, stated = read.blocks[speaker.reading], read.stated[speaker.reading]
    said = account(blocks, stated, speaker.language, by_name, bare.is_of)
    return replace(bare, account=said)


# --- What is written --------------------------------------------------------------------------------------------------


def _row(
    session: Session, story_id: int, found: Origin, printed: Sequence[Printing], read: _Read, held: _Held | None
) -> dict[str, Any]:
    evidence = _evidence(session, found, printed, read)
    if found.basis is Basis.EXCERPT and held is not None:
        evidence["excerpt"] = {
            "article": printed[0].article,
            "of": held.article,
            "share": held.share,
            "link": held.link,
        }
    return {
        "story_id": story_id,
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


def _evidence(session: Session, found: Origin, printed: Sequence[Printing], read: _Read) -> dict[str, Any]:
    speaker, *copies = printed
    evidence: dict[str, Any] = {}
    if found.reliance.on is not None and found.basis is Basis.STATED:
        on = found.reliance.on
        evidence["stated"] = {"name": on.name, "wording": on.wording} | _cited(speaker, on.at, read)
    elif found.basis is Basis.AGENCY and (creditor := _creditor(printed, found.name)):
        evidence["credit"] = {"agency": found.name, "article": creditor.article} | _credit(session, creditor, read)
    if found.reliance.why_own is not None:
        own = _cited(speaker, found.reliance.own, read) if found.reliance.own else {}
        names = list(dict.fromkeys(one.name for one in read.stated[speaker.reading]))
        evidence["own"] = {"why": found.reliance.why_own, "names": names} | own
    if copies:
        evidence["copies"] = [
            {"article": one.article, "from": one.copied_from, "share": one.copied_share, "order": one.copied_order}
            for one in copies[:COPIES_SHOWN]
        ]
        evidence["copies_in_all"] = len(copies)
    return evidence


def _cited(speaker: Printing, at: Place, read: _Read) -> dict[str, Any]:
    words = read.blocks[speaker.reading].get(at.position, "")[at.start : at.end][:PHRASE]
    place = {"position": at.position, "start_at": at.start, "end_at": at.end}
    return {"article": speaker.article, "reading": speaker.reading} | place | {"phrase": words}


def _credit(session: Session, creditor: Printing, read: _Read) -> dict[str, Any]:
    """Return the line that credits an agency, and where it stands; none where only the page's metadata do."""
    article = session.get_one(Article, creditor.article)
    fields = [("authors", article.authors), ("byline", [article.byline]), ("credits", article.credits)]
    lines = [(name, line) for name, values in fields for line in values if line]
    text_of = list(read.blocks[creditor.reading].values())
    for where, line in (*lines, *(("text", line) for line in (*text_of[:3], *text_of[-2:]))):
        if creditor.agency in {agency_among(line), credited(line), in_dateline(line), at_end(line)}:
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
