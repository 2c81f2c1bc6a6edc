"""What a feed's answer means: turned into links to insert and validators to keep. Decides, and does nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from crawler.gaps import overlap
from crawler.gaps.overlap import Overlap
from crawler.readers.feeds import FeedEntries, ReadFeed, SitemapIndex, read_feed
from crawler.readers.sections import read_section
from crawler.readers.sitemaps import read_sitemap
from foundation.errors import UnusableUrl
from foundation.urls import canonicalise, same_site, url_key
from storage.feeds import Listing
from storage.pages import Found
from storage.raw import storable
from storage.sitemaps import DEEPEST, KINDS, Child

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.readers.feeds import Entry
    from storage.gaps import Window

Reader: TypeAlias = Callable[[bytes, str | None, str, int], ReadFeed]

# Feeds carry dates of any year; one far ahead would look newer than every correction to come.
EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
DAY: Final = timedelta(days=1)
AHEAD: Final = DAY
MOST_CHILDREN: Final = 50  # of one index: the archives of big sites have thousands, the newest come first
# A sitemap that changed counts as that many entries, so that an index that always names one is asked more often.
NEWS: Final = 2
SAMPLES: Final = 3  # refused links that a poll's record quotes

READERS: Final[dict[str, Reader]] = {
    "rss": read_feed,
    "sitemap": read_sitemap,
    "news_sitemap": read_sitemap,
    "section": read_section,
}


def digest(body: bytes) -> bytes:
    """Return what tells one body of a feed from another."""
    return hashlib.sha256(body).digest()


def links(entries: FeedEntries, url: str, *, now: datetime) -> tuple[tuple[Found, ...], list[str]]:
    """Return the links of a feed at ``url`` that can name a page, each once, and those that cannot, with the reason."""
    found: dict[bytes, Found] = {}
    refused = []
    for entry in entries.entries:
        try:
            link = _found(entry, url, now)
        except UnusableUrl as error:
            refused.append(f"{error.reason}: {storable(entry.url[:200])}")
            continue
        known = found.get(link.key)
        if known is None or (link.time is not None and (known.time is None or link.time > known.time)):
            found[link.key] = link
    return tuple(found.values()), refused


def listing(before: Listing | None, found: Sequence[Found], *, now: datetime) -> tuple[Listing | None, Overlap, int]:
    """Return what is kept of a list, how it overlaps the one before, and how many of its links are new."""
    if not found:
        return None, Overlap(0, 0), 0
    entries = before.entries if before else None
    times = [link.time for link in found if link.time is not None]
    kept = Listing(now, overlap.pack(found), min(times, default=None), max(times, default=None))
    known = set(overlap.unpack(entries))
    new = sum(key not in known for key in overlap.unpack(kept.entries))
    return kept, overlap.compare(entries, found), new


def gap(kind: str, before: Listing | None, found: Sequence[Found], seen: Overlap, *, now: datetime) -> Window | None:
    """Return where links may be missing. Only feeds lose what they no longer list: sitemaps are asked to say what."""
    if kind != "rss" or before is None or not seen.is_gap:
        return None
    return overlap.window(before.entries, found, listed_at=before.at, listed_to=before.newest, now=now)


def children(
    index: SitemapIndex, base: str, home: str, lineage: Sequence[bytes]
) -> tuple[tuple[Child, ...], int, list[str]]:
    """Return the sitemaps of an index at ``base`` to follow, newest first, how many more there are, and the refused.

    Refused are those of another site than the index's or the source's, those above the index, and all of them below
    an index that is too deep.
    """
    found: dict[bytes, Child] = {}
    refused = []
    for child in index.children:
        try:
            url = canonicalise(child.url, base)
            why = _why_not(url, base, home, lineage)
        except UnusableUrl as error:
            url, why = child.url, error.reason
        if why:
            refused.append(f"{why}: {storable(url[:200])}")
        else:
            found.setdefault(url_key(url), Child(url, url_key(url), _announced(child.modified)))
    newest = sorted(found.values(), key=lambda child: child.announced_at or EARLIEST, reverse=True)
    return tuple(newest[:MOST_CHILDREN]), len(newest[MOST_CHILDREN:]) + index.cut, refused


def dated_newer(children: Sequence[Child], polled_at: datetime | None) -> int:
    """Return how many sitemaps an index dates after its last poll."""
    dates = [child.announced_at for child in children if child.announced_at]
    return sum(polled_at is None or date > polled_at for date in dates)


def kind_of(kind: str, entries: FeedEntries) -> str:
    """Return what kind of feed lists these entries: only reading a sitemap tells which of the two kinds it is."""
    if kind not in KINDS or not entries.entries:
        return kind
    return "news_sitemap" if entries.is_news else "sitemap"


def described(refused: list[str]) -> str | None:
    """Return a few of the refused links for the poll's record."""
    return "; ".join(refused[:SAMPLES]) or None


def _why_not(url: str, base: str, home: str, lineage: Sequence[bytes]) -> str | None:
    if len(lineage) > DEEPEST:
        return "too_deep"
    if url_key(url) in lineage:
        return "sitemap_loop"
    return None if same_site(url, base) or same_site(url, home) else "other_site"


def _announced(modified: datetime | None) -> datetime | None:
    """Return up to when the index speaks of a sitemap: a bare day, which reads as its midnight, means all of it."""
    if modified is None or (modified.hour, modified.minute, modified.second) != (0, 0, 0):
        return modified
    return modified + DAY


def _found(entry: Entry, base: str, now: datetime) -> Found:
    url = canonicalise(entry.url, base)
    time = entry.time
    if time is not None and not EARLIEST <= time <= now + AHEAD:
        time = None
    return Found(
        url,
        url_key(url),
        _text(entry.title),
        time,
        author=_text(entry.author),
        summary=_text(entry.summary),
        language=_text(entry.language),
    )


def _text(value: str | None) -> str | None:
    return storable(value) if value else None
