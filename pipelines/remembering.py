"""Site memory of the live crawl: an article's blocks are counted and labelled as it is saved, in its transaction.

What is learnt or undone later reaches older articles by `pipelines.relabelling`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from foundation.urls import site
from pipelines.site_memory import (
    MOST_BLOCKS,
    RECENT,
    Lesson,
    SitePage,
    cut_words,
    digest,
    is_learnt,
    jump,
    lesson,
    packed,
    page_of,
    relabel,
    stored,
    unpacked,
)
from storage import sites

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime
    from typing import Any

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from pipelines.reading import Article as Said
    from pipelines.versions import Origin
    from storage.sites import Standing

SAMPLE: Final = 300  # characters


def remember(session: Session, article_id: int, url: str, said: Said, origin: Origin, now: datetime) -> Said:
    """Let an article teach its site's memory, once; return it with what its site is known to print labelled.

    Answers that were cut short teach nothing, later versions only where to look for what is learnt afterwards; but all
    that any site prints is noted, for it to be nobody else's furniture. Of pages with too many blocks, nothing is.
    """
    if len(said.blocks) > MOST_BLOCKS:
        return said
    known = sites.lock(session, site(url))
    page = page_of(article_id, said, origin.seen_at.date())
    before = sites.held(session, known.id, article_id)
    if known.is_learning and before is None and not origin.is_partial:
        return _teach(session, known, page, said, now)
    if before != packed(page.digests):
        _note(session, known.id, page)
        sites.keep_later(session, known.id, article_id, packed(page.digests))
    return replace(said, blocks=relabel(said.blocks, furniture(session, known.id, page.digests)))


def _teach(session: Session, known: Row[*tuple[Any, ...]], page: SitePage, said: Said, now: datetime) -> Said:
    assert page.day
    rows = sites.teaching(session, known.id)
    taught = lesson([(SitePage(row.article_id, unpacked(row.digests), row.day), row.page_group) for row in rows], page)
    if taught:
        _write(session, known.id, taught, page.day)
    else:
        _note(session, known.id, page)
    standing = _standing(session, known.id, page.digests)
    learnt = {block for block, one in standing.items() if one.is_furniture and not one.is_shared}
    if taught and (new := _crossed(taught, standing)):
        texts = {digest(block.text): block.text for block in said.blocks}
        sites.learn(session, known.id, {stored(block): texts[block][:SAMPLE] for block in new}, now)
        learnt |= new
    marked = replace(said, blocks=relabel(said.blocks, learnt))
    words, words_cut = cut_words(marked.blocks)
    sites.add_page(
        session,
        site_id=known.id,
        article_id=page.id,
        page_group=taught.group if taught else None,
        day=page.day,
        digests=packed(page.digests),
        later=None,
        words=words,
        words_cut=words_cut,
    )
    if taught:
        _judge(session, known, [*((row.words, row.words_cut) for row in rows), (words, words_cut)])
    return marked


def _write(session: Session, site_id: int, taught: Lesson, today: date) -> None:
    if taught.moved:
        sites.regroup(session, site_id, taught.moved, taught.group)
    sites.forget_pages(session, site_id, taught.forgotten)
    counts = (
        sites.Count(stored(block), seen.groups, len(seen.days), *_span(seen.days, today))
        for block, seen in sorted(taught.counts.items())
    )
    sites.count(session, site_id, list(counts))


def _note(session: Session, site_id: int, page: SitePage) -> None:
    assert page.day
    sites.note_printed(session, site_id, sorted(map(stored, page.digests)), page.day)


def _span(days: Collection[date], today: date) -> tuple[date, date]:
    return min(days, default=today), max(days, default=today)


def _crossed(taught: Lesson, standing: Mapping[int, Standing]) -> set[int]:
    """Return the page's blocks that have become furniture by it."""
    return {
        block
        for block, one in standing.items()
        if not one.is_furniture
        and is_learnt(taught.counts[block].groups, len(taught.counts[block].days), 1 + one.is_shared)
    }


def furniture(session: Session, site_id: int, digests: Collection[int]) -> set[int]:
    """Return which of these blocks are the site's furniture, and no other site's text."""
    standing = _standing(session, site_id, digests)
    return {block for block, one in standing.items() if one.is_furniture and not one.is_shared}


def _standing(session: Session, site_id: int, digests: Collection[int]) -> dict[int, Standing]:
    by_bytes = {stored(block): block for block in digests}
    return {by_bytes[name]: one for name, one in sites.standing(session, site_id, by_bytes).items()}


def _judge(session: Session, known: Row[*tuple[Any, ...]], came: Sequence[tuple[int, int]]) -> None:
    shares = jump(came)
    words = shares and (
        f"{shares[0]:.0%} of the text of the last {RECENT} pages of {known.name} is cut as the site's own, "
        f"{shares[1]:.0%} of the pages before"
    )
    if words != known.cut_jump:
        sites.note_jump(session, known.id, words)
