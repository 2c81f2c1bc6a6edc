"""Read feeds: RSS of every age and Atom by feedparser, JSON Feed by hand; bytes in, entries out, nothing raised.

Runs in worker processes: feedparser needs over 38 CPU seconds for a hostile 100 kB. On 200 real feeds a faster parser
found the same entries 30 times sooner, but lost text at a stray ``&`` and raised on 34 of feedparser's own 1,768 cases;
bodies that did not change are not parsed at all, so the slow one costs little.
"""

from __future__ import annotations

import calendar
import io
import json
import logging
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import feedparser

from crawler.fetching.unpack import NotPacked, TooLarge, Truncated
from crawler.readers.bodies import as_utf8, first_element, local_name, unpacked
from crawler.readers.plain import HTML_TYPES, plain
from foundation.urls import MAX_LENGTH

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_ENTRIES: Final = 2_000
MAX_TITLE: Final = 1_000
MAX_SUMMARY: Final = 2_000
MAX_AUTHOR: Final = 500
MAX_ID: Final = 2_000
MAX_URL: Final = MAX_LENGTH + 1  # a link that is longer is refused as such; all of it need not leave the worker
MAX_REASON: Final = 500
UNPACKING_ERRORS: Final = (TooLarge, Truncated, NotPacked)
# We decode; feedparser is told so, and never looks a codec up by a name that a stranger chose.
HEADERS: Final = {"content-type": "application/xml; charset=utf-8"}

_YEAR_OR_MONTH: Final = re.compile(r"(\d{4})(?:-(\d\d))?")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,5}")

# Links are resolved by us against the feed's address; markup is made plain text by us, whoever wrote it.
feedparser.RESOLVE_RELATIVE_URIS = False
feedparser.SANITIZE_HTML = False
logging.getLogger("feedparser").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of a feed, as written there (it may be relative, or no web address at all).

    The texts are plain, on one line and bounded; ``language`` is the entry's own or its feed's.
    """

    url: str
    title: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    id: str | None = None
    author: str | None = None
    summary: str | None = None
    language: str | None = None

    @property
    def time(self) -> datetime | None:
        """The newest date that the feed gives."""
        return max((time for time in (self.published, self.updated) if time), default=None)


@dataclass(frozen=True, slots=True)
class FeedEntries:
    """What a feed lists, at most so many, newest first where they were too many; ``cut`` says how many are missing.

    ``home`` is the feed's link to its site, as written; ``is_news`` tells a news sitemap from a plain one; ``unlinked``
    counts the entries that were left out because they link to nothing.
    """

    entries: tuple[Entry, ...]
    cut: int = 0
    title: str | None = None
    home: str | None = None
    language: str | None = None
    is_news: bool = False
    unlinked: int = 0


@dataclass(frozen=True, slots=True)
class SitemapChild:
    """One sitemap that a sitemap index names, as written there."""

    url: str
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class SitemapIndex:
    """The sitemaps that an index names, each once, newest first where they were too many."""

    children: tuple[SitemapChild, ...]
    cut: int = 0


@dataclass(frozen=True, slots=True)
class UnreadableFeed:
    """The bytes are no feed; ``reason`` says why in words."""

    reason: str


ReadFeed: TypeAlias = FeedEntries | SitemapIndex | UnreadableFeed


def read_feed(body: bytes, content_type: str | None, url: str, limit: int = MAX_ENTRIES) -> ReadFeed:
    """Read RSS, Atom, CDF or JSON Feed, packed or not. Never raises. Relative links stay relative."""
    del url  # feedparser would resolve links with a parser that is not ours; they stay as written
    listed = everything(body, content_type)
    if isinstance(listed, UnreadableFeed):
        return listed
    linked = tuple(entry for entry in listed.entries if entry.url)
    if listed.entries and not linked:
        return UnreadableFeed("not a feed: none of its entries has a link")
    return newest(replace(listed, entries=linked, unlinked=len(listed.entries) - len(linked)), limit)


def everything(body: bytes, content_type: str | None) -> FeedEntries | UnreadableFeed:
    """Read all of a feed, also its entries without a link; their ``url`` is empty. Never raises."""
    try:
        body = as_utf8(unpacked(body), content_type).lstrip()
    except UNPACKING_ERRORS as error:
        return UnreadableFeed(f"not a feed: {type(error).__name__}: {error}"[:MAX_REASON])
    if not body:
        return UnreadableFeed("empty")
    if body.startswith(b"{"):
        return _read_json(body)
    try:
        return _read_xml(body)
    except Exception as error:  # feedparser promises none; hostile input has broken that before
        return UnreadableFeed(f"feedparser: {type(error).__name__}: {error}"[:MAX_REASON])


def newest(listed: FeedEntries, limit: int) -> FeedEntries:
    """Keep the newest ``limit`` entries; those without a date count as old, in the feed's order."""
    if len(listed.entries) <= limit:
        return listed
    oldest = datetime.min.replace(tzinfo=UTC)
    ranked = sorted(listed.entries, key=lambda entry: entry.time or oldest, reverse=True)
    return replace(listed, entries=tuple(ranked[:limit]), cut=listed.cut + len(ranked) - limit)


def moment(text: Any) -> datetime | None:
    """Read a date as JSON Feed and sitemaps write it: ISO 8601, also a year or month alone; RFC 822 by mistake.

    A zoneless one is UTC.
    """
    if not isinstance(text, str):
        return None
    text = text.strip()
    try:
        if alone := _YEAR_OR_MONTH.fullmatch(text):
            return datetime(int(alone[1]), int(alone[2] or 1), 1, tzinfo=UTC)
        time = datetime.fromisoformat(text) if text[:4].isdigit() else parsedate_to_datetime(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def language(tag: Any) -> str | None:
    """Return a language tag as written, or None for what is none."""
    tag = tag.strip() if isinstance(tag, str) else ""
    return tag if _LANGUAGE.fullmatch(tag) else None


def _read_xml(body: bytes) -> FeedEntries | UnreadableFeed:
    root = local_name(first_element(body) or "").lower()
    if root == "html":
        return UnreadableFeed("a web page, not a feed")
    parsed = feedparser.parse(io.BytesIO(body), response_headers=HEADERS)
    title, home = _plain(parsed.feed, "title", MAX_TITLE), _link(parsed.feed)
    spoken = language(parsed.feed.get("language"))
    entries = tuple(_entry(item, spoken) for item in parsed.entries)
    # feedparser makes something of anything: noise that holds "<rss" comes out as an RSS feed of empty entries.
    is_known = bool(parsed.get("version")) or root == "channel"  # CDF has no version
    if not (is_known and (title or home or not parsed.bozo)) and not any(entry.url or entry.title for entry in entries):
        return UnreadableFeed(f"not a feed: {parsed.get('bozo_exception') or root or 'no XML'}"[:MAX_REASON])
    return FeedEntries(entries, title=title, home=home or None, language=spoken)


def _entry(item: Any, feed_language: str | None) -> Entry:
    said = (item.get("language"), *(item.get(f"{text}_detail", {}).get("language") for text in ("title", "summary")))
    return Entry(
        url=_link(item),
        title=_plain(item, "title", MAX_TITLE),
        published=_time(item.get("published_parsed")) or _time(item.get("created_parsed")),
        updated=_time(item.get("updated_parsed")) if "updated_parsed" in item else None,
        id=plain(item.get("id"), MAX_ID),
        author=_author(item),
        summary=_plain(item, "summary", MAX_SUMMARY),
        language=next(filter(None, map(language, said)), feed_language),
    )


def _link(item: Any) -> str:
    """Return the link: a web page that the item calls its own, before whatever feedparser took for it.

    An RSS guid that is a permalink counts (feedparser makes it ``link`` by itself).
    """
    own = [link for link in item.get("links", ()) if link.get("rel") in (None, "alternate") and link.get("href")]
    pages = [link["href"] for link in own if link.get("type") in (None, *HTML_TYPES)]
    link = item.get("link")
    if not link or (pages and link not in pages):
        link = next(iter(pages or [link["href"] for link in own]), link)
    return link.strip()[:MAX_URL] if isinstance(link, str) else ""


def _plain(item: Any, name: str, limit: int) -> str | None:
    return plain(item.get(name), limit, item.get(f"{name}_detail", {}).get("type", "text/html"))


def _author(item: Any) -> str | None:
    """Return the author as the feed credits him; of several their names, or the addresses of those without."""
    said = (author.get("name") or author.get("email") for author in item.get("authors", ()))
    names = [name for name in said if name]
    return plain(", ".join(dict.fromkeys(names)) if len(names) > 1 else item.get("author"), MAX_AUTHOR)


def _time(parsed: Any) -> datetime | None:
    """Turn feedparser's UTC tuple into an instant; years that no clock has are no date."""
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def _read_json(body: bytes) -> FeedEntries | UnreadableFeed:
    """Read JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/)."""
    try:
        feed = json.loads(body)
    except (ValueError, RecursionError) as error:
        return UnreadableFeed(f"not JSON: {error}"[:MAX_REASON])
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        return UnreadableFeed("JSON, but not a JSON Feed: no items")
    home = plain(feed.get("home_page_url"), MAX_ID)
    own = language(feed.get("language"))
    entries = tuple(_json_entry(item, own) for item in items if isinstance(item, dict))
    return FeedEntries(entries, title=plain(feed.get("title"), MAX_TITLE), home=home, language=own)


def _json_entry(item: dict[str, Any], feed_language: str | None) -> Entry:
    links = (item.get("url"), item.get("external_url"))
    id_ = item.get("id")
    summary = plain(item.get("summary") or item.get("content_text"), MAX_SUMMARY)
    return Entry(
        url=next((link.strip()[:MAX_URL] for link in links if isinstance(link, str) and link.strip()), ""),
        title=plain(item.get("title"), MAX_TITLE),
        published=moment(item.get("date_published")),
        updated=moment(item.get("date_modified")),
        id=plain(str(id_) if isinstance(id_, int) else id_, MAX_ID),
        author=_json_author(item),
        summary=summary or plain(item.get("content_html"), MAX_SUMMARY, "html"),
        language=language(item.get("language")) or feed_language,
    )


def _json_author(item: dict[str, Any]) -> str | None:
    """Return the names of ``authors`` (1.1), or of ``author`` (1.0)."""
    authors: Any = item.get("authors") or [item.get("author")]
    listed: Sequence[Any] = authors if isinstance(authors, list) else ()
    names = [author["name"] for author in listed if isinstance(author, dict) and isinstance(author.get("name"), str)]
    return plain(", ".join(names), MAX_AUTHOR)
