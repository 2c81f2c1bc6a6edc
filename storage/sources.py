"""The configured outlets as rows, so that everything after the configuration can speak of them in SQL."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from foundation.config_sections import SourceSettings
from foundation.urls import url_key
from storage.models import Feed, Source
from storage.sitemaps import KINDS, disable_orphans, enable


def sync(session: Session, sources: Sequence[SourceSettings], *, now: datetime, interval_seconds: int) -> None:
    """Make the source and feed rows say what ``sources`` says. Doing it twice changes nothing.

    What the configuration no longer names is disabled, never deleted: its articles stay; so are the sitemaps below an
    index. A feed that is new, or that comes back, is due ``now``. One that has moved stays where it is, as long as its
    configured address does. Headers and proxies stay out of the database. Raises UnusableUrl for an address that can
    name no feed.
    """
    known = {source.name: source for source in session.scalars(select(Source))}
    for settings in sources:
        source = known.pop(settings.name, None) or Source(name=settings.name, created_at=now)
        _describe(source, settings)
        session.add(source)
        session.flush()
        _sync_feeds(session, source, settings, now, interval_seconds)
    for gone in known.values():
        gone.is_enabled = False
        session.execute(update(Feed).where(Feed.source_id == gone.id).values(is_enabled=False))
    session.flush()


def _describe(source: Source, settings: SourceSettings) -> None:
    source.url = settings.url
    source.owner = settings.owner
    source.country = settings.country
    source.language = settings.language
    source.tags = list(settings.tags)
    source.allow_private = settings.allow_private
    source.insecure_tls = settings.insecure_tls
    source.is_enabled = settings.enabled


def _sync_feeds(session: Session, source: Source, settings: SourceSettings, now: datetime, interval: int) -> None:
    known = {feed.key: feed for feed in session.scalars(select(Feed).where(Feed.source_id == source.id))}
    wanted = {url_key(url): (url, kind) for url, kind in reversed(list(_places(settings)))}
    for key, (url, kind) in wanted.items():
        feed = known.pop(key, None)
        if feed is None:
            feed = Feed(source_id=source.id, key=key, kind=kind, next_poll_at=now, interval_seconds=interval)
            session.add(feed)
        elif not feed.is_enabled:
            enable(feed, now)
        if feed.former_url is None:
            feed.url = url
        feed.parent_id = feed.announced_at = None
        if {feed.kind, kind} != set(KINDS):  # only reading a sitemap tells which of the two it is
            feed.kind = kind
    for gone in known.values():
        gone.is_enabled = gone.is_enabled and gone.parent_id is not None
    if known:
        session.flush()
        disable_orphans(session, source.id)


def _places(settings: SourceSettings) -> Iterator[tuple[str, str]]:
    """Yield every place that lists links of a source, with its kind; the first mention of an address counts."""
    for urls, kind in ((settings.feeds, "rss"), (settings.sitemaps, "sitemap"), (settings.sections, "section")):
        for url in urls:
            yield url, kind


def make_due(session: Session, names: Sequence[str], *, now: datetime) -> None:
    """Let the feeds of some sources be asked at once, whatever their intervals say: somebody asks for them by name."""
    ids = select(Source.id).where(Source.name.in_(names))
    session.execute(update(Feed).where(Feed.source_id.in_(ids), Feed.next_poll_at > now).values(next_poll_at=now))
