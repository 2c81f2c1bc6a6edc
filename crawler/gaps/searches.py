"""Which sitemaps to ask about the gaps of one source, in which order and how many of them. Decides, and asks nobody."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from crawler.gaps.verdicts import Listing, end_of, is_enough
from foundation.errors import UnusableUrl
from foundation.urls import absolute

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from crawler.readers.feeds import SitemapChild, SitemapIndex
    from storage.gaps import OpenGap
    from storage.pages import Found

# Where sites keep them that name none in robots.txt: sitemaps.org's own example, and the two names common for news.
GUESSES: Final = ("/sitemap.xml", "/news-sitemap.xml", "/sitemap_news.xml")
STAGES: Final = ("own", "robots", "guesses")
DOCUMENTS: Final = 20  # of one search: a site's sitemaps of a week, or of its sections
DEEPEST: Final = 3  # indexes above a sitemap; sitemaps.org has one, Google reads two
OLDER: Final = timedelta(days=1)  # than the gaps: what was listed before proves that sitemaps reach back
KEPT: Final = 10_000  # pages of one search: some 2 MB


@dataclass(frozen=True, slots=True)
class Document:
    """A sitemap to ask for on behalf of a source's gaps; or its robots.txt, for the sitemaps that it names."""

    source: str
    url: str
    depth: int = 0
    is_guess: bool = False
    is_robots: bool = False


@dataclass(slots=True)
class Search:
    """What is known so far. ``gaps`` must be there before the first answer is told."""

    source: str
    gaps: Sequence[OpenGap] = ()
    links: dict[bytes, Found] = field(default_factory=dict)  # those that may be dated within a window
    sitemap: str | None = None  # the first that lists such links, else the first that could be read
    _times: dict[bytes, datetime | None] = field(default_factory=dict)
    _queue: deque[Document] = field(default_factory=deque)
    _seen: set[str] = field(default_factory=set)
    asked: int = 0
    _stages: deque[str] = field(default_factory=lambda: deque(STAGES))
    _lacking: str | None = None

    def add(self, urls: Iterable[str], *, is_guess: bool = False) -> None:
        """Queue sitemaps that stand for themselves; those that say that they hold news come first."""
        ordered = sorted(urls, key=lambda url: "news" not in url.lower()) if not is_guess else urls
        self._queue.extend(self._unseen(Document(self.source, url, is_guess=is_guess) for url in ordered))

    def add_robots(self, url: str) -> None:
        """Queue a robots.txt."""
        self._queue.append(Document(self.source, url, is_robots=True))

    def next_stage(self) -> str | None:
        """Return where to look for more sitemaps: in the configuration, in robots.txt, then where they commonly are."""
        return self._stages.popleft() if self._stages and not self.is_enough else None

    def end(self) -> None:
        """Ask for nothing more."""
        self._queue.clear()
        self._stages.clear()

    def next(self) -> Document | None:
        """Return what to ask for now; None where nothing is left, or nothing more is needed."""
        if not self._queue or (self._queue[0].depth == 0 and self.is_enough):
            return None
        if self.asked == DOCUMENTS or len(self._times) >= KEPT:
            self._lacking = f"not all of the site's sitemaps were read: {self.asked} were"
            self._queue.clear()
            return None
        self.asked += 1
        return self._queue.popleft()

    @property
    def has_read(self) -> bool:
        """Whether any sitemap could be read."""
        return self.sitemap is not None

    @property
    def is_enough(self) -> bool:
        """Whether what was read covers every gap."""
        return bool(self._times) and all(is_enough(gap.window, self.listing()) for gap in self.gaps)

    def tell_index(self, document: Document, index: SitemapIndex, base: str) -> None:
        """Queue what an index names, newest first, less what is much older than the gaps."""
        if document.depth == DEEPEST:
            self.tell_failure(document, "a sitemap index below too many others")
            return
        since = min((gap.window.since for gap in self.gaps), default=None)
        recent = [child for child in index.children if since is None or _is_since(child, since)]
        children = (Document(self.source, url, document.depth + 1) for url in _newest_first(recent, base))
        self._queue.extendleft(reversed(list(self._unseen(children))))

    def tell_pages(self, document: Document, found: Iterable[Found]) -> None:
        """Take in what a sitemap lists; the date of a link is when its page was published, as far as it says."""
        links = list(found)
        for link in links:
            known = self._times.get(link.key)
            self._times[link.key] = known or link.time
        touching = {link.key: link for link in links if link.time and self._touches(link.time)}
        if self.sitemap is None or (touching and not self.links):
            self.sitemap = document.url
        self.links |= touching

    def tell_failure(self, document: Document, reason: str) -> None:
        """Note that a sitemap could not be had; that one we guessed is not there was to be expected."""
        if not document.is_guess:
            self._lacking = f"{document.url}: {reason}"

    def listing(self) -> Listing:
        """Return what the sitemaps list, for a verdict."""
        return Listing(self._times, self._lacking)

    def _touches(self, time: datetime) -> bool:
        return any(time <= gap.window.until and end_of(time) >= gap.window.since for gap in self.gaps)

    def _unseen(self, documents: Iterable[Document]) -> Iterable[Document]:
        for document in documents:
            if document.url not in self._seen:
                self._seen.add(document.url)
                yield document


def _is_since(child: SitemapChild, since: datetime) -> bool:
    return child.modified is None or end_of(child.modified) >= since - OLDER


def _newest_first(children: Sequence[SitemapChild], base: str) -> Iterable[str]:
    """Yield addresses: dated ones from the newest to the oldest, then the rest; of equals, what names news first."""
    dates = {child.url: child.modified.timestamp() if child.modified else 0.0 for child in children}
    ranked = sorted(children, key=lambda child: (dates[child.url], "news" in child.url.lower()), reverse=True)
    for child in ranked:
        try:
            yield absolute(child.url, base)
        except UnusableUrl:
            continue
