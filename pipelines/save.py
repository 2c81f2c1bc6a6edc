"""Put what a page said where it belongs: its article, and there a version, a reading and its labels.

One transaction a page, together with the page's own state, so that a page is `read` exactly when its article stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, exists, func, insert, select, update
from sqlalchemy.orm import Session

from foundation.urls import canonicalise, same_site, url_key
from pipelines.canonical import own_address, plain_forms
from pipelines.doubts import CLOCKS, LATE, Listing, doubt_by_listing, names_zone
from pipelines.reading import Article as Said
from pipelines.reading import Doubt, NoArticle
from pipelines.remembering import remember
from pipelines.versions import VERSION, Origin, add_version, block_digest, is_partial
from storage.models import Article, Feed, Membership, Page, Poll, RawBody, Run, Story
from storage.models.base import table_of
from storage.pages import mark_read

# A canonical that this many different texts have claimed is a template's mistake (every page naming one address).
BELIEVED_CLAIMS: Final = 2

ARTICLE, PAGE, RAW, RUN = table_of(Article), table_of(Page), table_of(RawBody), table_of(Run)
FEED, POLL = table_of(Feed), table_of(Poll)
STORY, MEMBERSHIP = table_of(Story), table_of(Membership)

_CONTEXT: Final = (
    select(
        RAW.c.id.label("raw_id"),
        RAW.c.run_id,
        RAW.c.fetched_at,
        RAW.c.final_url,
        RAW.c.is_partial,
        RAW.c.insecure_tls,
        PAGE.c.id.label("page_id"),
        PAGE.c.key,
        PAGE.c.source_id,
        PAGE.c.feed_id,
        PAGE.c.gap_id,
        PAGE.c.found_at,
        PAGE.c.feed_title,
        PAGE.c.feed_time,
        PAGE.c.feed_author,
        PAGE.c.feed_language,
        PAGE.c.reason,
    )
    .join(PAGE, PAGE.c.id == RAW.c.page_id)
    .where(RAW.c.id == bindparam("raw_id"))
)
_OWN_PAGE_SPOKE: Final = exists().where(
    VERSION.c.article_id == ARTICLE.c.id, VERSION.c.page_id == PAGE.c.id, PAGE.c.key == ARTICLE.c.key
)
_KNOWN: Final = select(
    ARTICLE.c.id,
    ARTICLE.c.first_seen_at,
    ARTICLE.c.published_at,
    ARTICLE.c.published_from,
    ARTICLE.c.agency,
    _OWN_PAGE_SPOKE.correlate(ARTICLE).label("has_own_text"),
).where(ARTICLE.c.key == bindparam("key"))
# A plain sitemap lists pages of any age, a feed what is new; and only what was read shows that a page was not there.
_WATCHED_SINCE: Final = (
    select(func.min(POLL.c.at))
    .join(FEED, FEED.c.id == POLL.c.feed_id)
    .where(FEED.c.id == bindparam("feed"), FEED.c.kind != "sitemap", POLL.c.outcome == "read")
)
_TITLE: Final = select(ARTICLE.c.title).where(ARTICLE.c.key == bindparam("key"))
_CLAIMS: Final = (
    select(func.count(VERSION.c.sha256.distinct()))
    .join(ARTICLE, ARTICLE.c.id == VERSION.c.article_id)
    .join(PAGE, PAGE.c.id == VERSION.c.page_id)
    .where(ARTICLE.c.key == bindparam("key"), PAGE.c.key != ARTICLE.c.key)  # its own page may say so
    .where(PAGE.c.id != bindparam("page"), VERSION.c.sha256 != bindparam("said"))
)
_NEW: Final = insert(ARTICLE).returning(ARTICLE.c.id)
_DESCRIBE: Final = update(ARTICLE).where(ARTICLE.c.id == bindparam("article"))
# Whose text it is may be another's now, though it is the same text and no fold reads it again: origins are told anew.
_TELL_ORIGINS: Final = (
    update(STORY)
    .where(
        STORY.c.id.in_(
            select(MEMBERSHIP.c.story_id).where(
                MEMBERSHIP.c.article_id == bindparam("article"), MEMBERSHIP.c.left_at.is_(None)
            )
        )
    )
    .values(origins=None)
)
_INSECURE: Final = update(ARTICLE).where(ARTICLE.c.id == bindparam("article")).values(insecure_tls=True)
_COUNT_NEW: Final = update(RUN).where(RUN.c.id == bindparam("run")).values(articles_new=RUN.c.articles_new + 1)
_COUNT_CHANGED: Final = (
    update(RUN).where(RUN.c.id == bindparam("run")).values(articles_changed=RUN.c.articles_changed + 1)
)


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a reading. ``is_variant``: the article stands by what another of its pages says."""

    article_id: int | None
    is_new: bool = False
    is_changed: bool = False
    is_variant: bool = False


def save(
    session: Session, raw_id: int, outcome: Said | NoArticle, now: datetime, revisit_hours: Sequence[float] = ()
) -> Saved:
    """Record what was read from one raw body, and that it was read; plan the next visit of what gave an article."""
    context = session.execute(_CONTEXT, {"raw_id": raw_id}).one()
    cut = context.reason if context.is_partial else None  # that it never came whole stays true, whatever it says
    if isinstance(outcome, NoArticle):
        mark_read(session, raw_id, now=now, reason=cut or outcome.reason, is_changed=False, revisit_hours=revisit_hours)
        return Saved(None)
    saved = _save_article(session, context, outcome, now)
    hours = () if saved.is_variant else revisit_hours
    says_new = saved.is_new or saved.is_changed
    mark_read(
        session, raw_id, now=now, article_id=saved.article_id, reason=cut, is_changed=says_new, revisit_hours=hours
    )
    if context.run_id is not None and says_new:
        session.execute(_COUNT_NEW if saved.is_new else _COUNT_CHANGED, {"run": context.run_id})
    return saved


def _save_article(session: Session, context: Row[*tuple[Any, ...]], said: Said, now: datetime) -> Saved:
    url = _identity(session, context, said)
    key = url_key(url)
    origin = Origin(context.fetched_at, context.page_id, context.raw_id, context.is_partial)
    known = session.execute(_KNOWN, {"key": key}).first()
    if known is None:
        first_seen = {"source_id": context.source_id, "key": key, "url": url, "first_seen_at": context.fetched_at}
        values = first_seen | _description(session, context, said, None)
        article_id: int = session.execute(_NEW, values | {"insecure_tls": context.insecure_tls}).scalar_one()
        add_version(session, article_id, remember(session, article_id, url, said, origin, now), origin, now)
        return Saved(article_id, is_new=True)
    is_own = context.key == key
    if known.has_own_text and not is_own:
        return Saved(known.id, is_variant=True)  # AMP, mobile, another address: the canonical's own text is the version
    if context.is_partial and not is_partial(session, known.id):
        return Saved(known.id)  # half a text is no new state of a whole one
    differs = add_version(session, known.id, remember(session, known.id, url, said, origin, now), origin, now)
    session.execute(_DESCRIBE.values(_description(session, context, said, known)), {"article": known.id})
    if said.agency != known.agency:
        session.execute(_TELL_ORIGINS, {"article": known.id})
    if context.insecure_tls:
        session.execute(_INSECURE, {"article": known.id})
    # The canonical's own text after a variant's tells nothing of a change.
    return Saved(known.id, is_changed=differs and (known.has_own_text or not is_own))


def _identity(session: Session, context: Row[*tuple[Any, ...]], said: Said) -> str:
    """Return the first address that holds: rel=canonical, the one after redirects, the page's own.

    A page that names none, and whose address is an AMP or mobile spelling of a known article's with the same title, is
    that article's.
    """
    final = own_address(context.final_url)
    if said.canonical_url is None:
        forms = plain_forms(final) if said.title else ()
        return next((form for form in forms if session.scalar(_TITLE, {"key": url_key(form)}) == said.title), final)
    canonical = canonicalise(said.canonical_url)
    if canonical == final:
        return final
    if not same_site(canonical, final) or _names_no_article(canonical):
        return final
    known = [session.scalar(_TITLE, {"key": url_key(url)}) is not None for url in (canonical, final)]
    if known == [False, True]:
        return final  # two pages that call each other canonical are one article all the same
    claims = {"key": url_key(canonical), "page": context.page_id, "said": block_digest(said)}
    return canonical if (session.scalar(_CLAIMS, claims) or 0) < BELIEVED_CLAIMS else final


def _names_no_article(url: str) -> bool:
    """A homepage or section: no path, or a path of one plain word (`/news/`), which no article has."""
    path = url.partition("://")[2].partition("/")[2].partition("?")
    words = [part for part in path[0].split("/") if part]
    return not path[2] and (not words or (len(words) == 1 and words[0].isalpha()))


def _description(
    session: Session, context: Row[*tuple[Any, ...]], said: Said, known: Row[*tuple[Any, ...]] | None
) -> dict[str, Any]:
    """Return the columns that an article takes from its latest version; where the page is silent, from its feed."""
    doubt = said.published_doubt or _doubt_by_listing(session, context, said)
    published, origin = (said.published_at, said.published_from) if doubt is None else (None, None)
    if doubt == "after_listed" and known is not None and known.published_at is not None:
        published, origin = known.published_at, known.published_from  # what it said before it moved its date
    if published is None and context.feed_time is not None and context.feed_time <= context.fetched_at + CLOCKS:
        published, origin = context.feed_time, "feed"
    return {
        "kind": said.kind,
        "title": said.title or context.feed_title or "",
        "authors": list(said.authors or _names(context.feed_author)),
        "language": said.language or _code(context.feed_language),
        "agency": said.agency,
        "byline": said.byline,
        "bio": said.bio,
        "credits": list(said.credits),
        "section": said.section,
        "is_free": said.is_free,
        "published_at": published,
        "published_from": origin,
        "published_raw": said.published_raw,
        "published_doubt": doubt,
        "modified_at": said.modified_at,
        "time": published or (known.first_seen_at if known else context.fetched_at),
    }


def _doubt_by_listing(session: Session, context: Row[*tuple[Any, ...]], said: Said) -> Doubt | None:
    """Return what the feed that named the page has against the date that the page claims."""
    claimed, watched = said.published_at, None
    if claimed is None or said.published_raw is None or context.feed_id is None:
        return None
    if context.gap_id is None and claimed < context.found_at - LATE:
        watched = session.scalar(_WATCHED_SINCE, {"feed": context.feed_id})
    zoned = names_zone(said.published_raw)
    return doubt_by_listing(claimed, Listing(context.found_at, context.feed_time, watched), zoned=zoned)


def _names(credit: str | None) -> list[str]:
    return [name for part in (credit or "").split(",") if (name := part.strip())]


def _code(tag: str | None) -> str | None:
    """Return the language of a tag such as `en-GB`, without its region."""
    code = (tag or "").replace("_", "-").partition("-")[0].lower()
    return code if code.isalpha() else None
