"""When articles were published, as far as can be told: by what they claim, their outlet's clock, and our polls."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from math import inf, isinf
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, func, select, update
from sqlalchemy.orm import Session

from dedup.lineage import EXACT, Claim, Clock, Moment, Sighting, clock, moment
from pipelines.doubts import EASTMOST, names_zone, tells_time
from storage.engine import portions
from storage.models import Article, Feed, Page, Poll
from storage.models.base import table_of

MOST_SIGHTINGS: Final = 100  # of one outlet, the latest: enough to tell its clock, and it may be set right one day
WESTMOST: Final = timedelta(hours=12)
MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
GIVEN: Final = "file"  # the origin of a time that an operator gave
BY_FEED: Final = "feed"

_ARTICLE = table_of(Article)
# What was read, or had not changed, and did not list the page. A plain sitemap lists pages of any age, a gap is unseen.
_NOT_LISTED: Final = (
    select(func.max(Poll.at))
    .where(Poll.feed_id == Page.feed_id, Poll.at < Page.found_at, Poll.outcome.in_(("read", "unchanged")))
    .where(Feed.kind != "sitemap", Page.gap_id.is_(None))
    .correlate(Page, Feed)
    .scalar_subquery()
)
_STORE: Final = (
    update(_ARTICLE)
    .where(_ARTICLE.c.id == bindparam("article"))
    .values(earliest_at=bindparam("earliest"), latest_at=bindparam("latest"))
)


class Moments:
    """Tells when articles were published; an outlet's clock is worked out once."""

    def __init__(self) -> None:
        self._clocks: dict[int, Clock | None] = {}

    def of(self, session: Session, article_ids: Iterable[int]) -> dict[int, Moment]:
        """Return the moment of each article."""
        found: dict[int, Moment] = {}
        for portion in portions(sorted(set(article_ids))):
            for article_id, (row, sighting) in _sightings(session, _SIGHTED.where(Article.id.in_(portion))).items():
                found[article_id] = moment(sighting, self._clock(session, row)) if row.is_timed else Moment(-inf, inf)
        return found

    def _clock(self, session: Session, row: Row[*tuple[Any, ...]]) -> Clock | None:
        if row.published_from == GIVEN:
            return EXACT
        if row.source_id not in self._clocks:
            latest = (
                select(Article.id)
                .where(Article.source_id == row.source_id, Article.published_at.is_not(None))
                .order_by(Article.time.desc())
                .limit(MOST_SIGHTINGS)
            )
            sighted = _sightings(session, _SIGHTED.where(Article.id.in_(latest)))
            self._clocks[row.source_id] = clock(sighting for _, sighting in sighted.values())
        return self._clocks[row.source_id]


def store(session: Session, moments: Mapping[int, Moment]) -> None:
    """Write the bounds down, for the views."""
    rows = [
        {"article": article_id, "earliest": _instant(one.earliest), "latest": _instant(one.latest)}
        for article_id, one in moments.items()
    ]
    if rows:
        session.connection().execute(_STORE, rows)


def stored(earliest: datetime | None, latest: datetime | None) -> Moment:
    """Return the moment that :func:`store` wrote."""
    return Moment(earliest.timestamp() if earliest else -inf, latest.timestamp() if latest else inf)


_SIGHTED: Final[Select[*tuple[Any, ...]]] = (
    select(
        Article.id,
        Article.source_id,
        Article.is_timed,
        Article.first_seen_at,
        Article.published_at,
        Article.published_from,
        Article.published_raw,
        Page.found_at,
        _NOT_LISTED.label("not_listed_at"),
    )
    .select_from(Article)
    .outerjoin(Page, Page.article_id == Article.id)
    .outerjoin(Feed, Feed.id == Page.feed_id)
)


def _sightings(session: Session, query: Select[*tuple[Any, ...]]) -> dict[int, tuple[Row[*tuple[Any, ...]], Sighting]]:
    """Return what is known of each article; of several pages of one, the one found first tells."""
    rows: dict[int, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    for row in session.execute(query):
        rows[row.id].append(row)
    found = {}
    for article_id, pages in rows.items():
        row = min(pages, key=lambda page: page.found_at or page.first_seen_at)
        seen = min(row.first_seen_at, row.found_at or row.first_seen_at)
        unlisted = row.not_listed_at.timestamp() if row.not_listed_at is not None else -inf
        found[article_id] = (
            row,
            Sighting(_claim(row), unlisted, inf if row.published_from == GIVEN else seen.timestamp()),
        )
    return found


def _claim(row: Row[*tuple[Any, ...]]) -> Claim | None:
    """Return what a date as written can mean."""
    if row.published_at is None:
        return None
    at, raw = row.published_at, row.published_raw or ""
    if row.published_from == GIVEN:
        early, late = timedelta(), timedelta()
    elif row.published_from == BY_FEED or names_zone(raw):
        early, late = timedelta(), MINUTE
    elif tells_time(raw):
        early, late = EASTMOST, WESTMOST
    else:
        early, late = EASTMOST, DAY + WESTMOST
    return Claim((at - early).timestamp(), (at + late).timestamp())


def _instant(seconds: float) -> datetime | None:
    return None if isinf(seconds) else datetime.fromtimestamp(seconds, UTC)
