"""Where does a site list its articles? Decides what to ask next and what to keep; asks nobody itself.

A search is told what each answer held (`crawler.discovery.listings.examine`) and names the next address worth a
request: what the homepage links, what robots.txt names, and the usual places only as long as nothing better is known.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from crawler.discovery.findings import Finding, Place, Tried, in_words
from crawler.discovery.homepages import HomePage
from crawler.discovery.listings import Examined, Listing, Useless
from foundation.errors import UnusableUrl
from foundation.urls import canonicalise, host, origin, same_site

MAX_REQUESTS: Final = 30  # of one site: a search costs it no more than a reader who looks around
MAX_SITEMAPS: Final = 5  # read in one search; an archive may be cut into thousands
MAX_FEEDS: Final = 10  # kept of one site, each with something the ones before it have not

FEED_PLACES: Final = (
    "/feed/",
    "/rss.xml",
    "/feed.xml",
    "/rss",
    "/atom.xml",
    "/index.xml",
    "/feed.json",
    "/feed",
    "/rss/",
)
NEWS_SITEMAP_PLACES: Final = ("/news-sitemap.xml", "/sitemap_news.xml", "/sitemap-news.xml")
SITEMAP_PLACES: Final = ("/sitemap.xml", "/sitemap_index.xml")
USUAL: Final = "a usual place"
NEWS_IN_NAME: Final = re.compile(r"news", re.IGNORECASE)
# WordPress and its like give every page a feed of its comments; their titles are translated.
COMMENTS_PLACE: Final = re.compile(r"/comments?(?:/|$)|comments-rss|[?&]feed=comments", re.IGNORECASE)
COMMENTS_TITLE: Final = re.compile(
    r"^\s*(?:comments? (?:on|for|to)|kommentare? (?:zu|für)|commentaires? (?:sur|pour)|comentarios (?:en|de|para)"
    r"|coment[aá]rios (?:sobre|em|para)|commenti (?:su|a|per)|reacties (?:op|voor))\b|\bcomments feed\s*$",
    re.IGNORECASE,
)
WORDS_IN_TITLE: Final = re.compile(
    r"\s*(?:[-–—|»:]\s*)?(?:\b(?:rss|atom)\b\s*)?(?:\b(?:feed|rss|atom)\b)\s*$", re.IGNORECASE
)

# How likely an address is to be worth a request: the least is asked first.
GIVEN: Final = 0  # what the operator typed
DECLARED: Final = 10  # by the homepage; what it only links comes after
ROBOTS: Final = 20
NEWS: Final = 30  # named by robots.txt or an index, with "news" in the name
NAMED: Final = 35
USUAL_NEWS: Final = 40
LISTED: Final = 50  # on a page that lists the feeds
USUAL_FEED: Final = 60
USUAL_SITEMAP: Final = 70

Wanted = Literal["page", "feed", "robots", "sitemap"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address to try, and why; the least ``rank`` comes first."""

    url: str
    wanted: Wanted
    why: str
    rank: int


@dataclass(slots=True)
class Search:
    """The search of one site. Ask `next` until it returns None, and `take` each answer; `finding` is the result.

    ``is_private``: its hosts may have private addresses, so nothing that is not on the very site counts as its own.
    """

    asked: str
    is_private: bool = False
    home: str = field(init=False)
    page: HomePage | None = None
    listings: list[tuple[Candidate, Listing]] = field(default_factory=list)
    tried: dict[str, Tried] = field(default_factory=dict)
    requests: int = 0
    _sitemaps_asked: int = 0
    _waiting: list[Candidate] = field(init=False)
    _seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin with the address itself. Raises UnusableUrl."""
        self.home = canonicalise(self.asked)
        self._waiting = [Candidate(self.home, "page", "the address given", GIVEN)]

    def next(self) -> Candidate | None:
        """Return what to ask now; None when enough is known, or enough was asked."""
        while self._waiting and self.requests < MAX_REQUESTS:
            candidate = min(self._waiting, key=lambda candidate: candidate.rank)
            self._waiting.remove(candidate)
            if candidate.url not in self._seen and self._is_needed(candidate):
                self._seen.add(candidate.url)
                self.requests += 1
                self._sitemaps_asked += candidate.wanted == "sitemap"
                return candidate
        return None

    def take(self, candidate: Candidate, url: str, examined: Examined) -> None:
        """Learn what ``candidate`` answered, at ``url`` after redirects."""
        if candidate.rank == GIVEN:
            self._begin(candidate, url, examined)
        elif isinstance(examined, Useless):
            self._note(candidate, in_words(examined.reason))
        elif isinstance(examined, HomePage):
            self._note(candidate, "a web page")
            if candidate.wanted == "feed" and candidate.rank < USUAL_FEED:
                self._add_links(examined, f"linked from {candidate.url}", LISTED)
        else:
            self._take_listing(candidate, url, examined)

    def robots(self, candidate: Candidate, sitemaps: Sequence[str]) -> None:
        """Learn which sitemaps robots.txt names, those with news in their names first."""
        self._note(candidate, f"names {len(sitemaps)} sitemaps" if sitemaps else "names no sitemap")
        for url in sitemaps:
            self._add(url, "sitemap", "named in robots.txt", NEWS if NEWS_IN_NAME.search(_path(url)) else NAMED)

    def give_up(self, why: str) -> None:
        """Learn that there is no time for more."""
        self.tried[""] = Tried(self.asked, "the whole search", why)

    def finding(self) -> Finding:
        """Return what is worth adding, and what became of the rest."""
        feeds, sitemaps = self._feeds(), self._sitemaps()
        language = next((listing.language for listing in [*feeds, *sitemaps] if listing.language), None)
        return Finding(
            asked=self.asked,
            url=self.home,
            name=self._name(feeds),
            language=_language(language) or _language(self.page.language if self.page else None),
            feeds=tuple(map(_place, feeds)),
            sitemaps=tuple(map(_place, sitemaps)),
            tried=tuple(self.tried.values()),
        )

    def _begin(self, candidate: Candidate, url: str, examined: Examined) -> None:
        if isinstance(examined, Listing):
            homes = (examined.home, f"{origin(url)}/", f"{origin(self.home)}/")
            self.home = next(home for home in homes if home and self._may_be_its_own(home))
            self._take_listing(candidate, url, examined)
            return
        if isinstance(examined, Useless):
            self._note(candidate, in_words(examined.reason))
            if examined.is_unreachable or _path(candidate.url) != "/":  # a mistyped feed wants to be told
                return
        else:
            self._note(candidate, "the homepage")
            self.page, self.home = examined, _home(self.home, url)
            self._add_links(examined, "linked from the homepage", DECLARED)
        base = url if same_site(url, self.home) else self.home
        self._add("/robots.txt", "robots", "may name sitemaps", ROBOTS, base)
        for place in NEWS_SITEMAP_PLACES:
            self._add(place, "sitemap", USUAL, USUAL_NEWS, base)
        for place in FEED_PLACES:
            self._add(place, "feed", USUAL, USUAL_FEED, base)
        for place in SITEMAP_PLACES:
            self._add(place, "sitemap", USUAL, USUAL_SITEMAP, base)

    def _take_listing(self, candidate: Candidate, url: str, listing: Listing) -> None:
        self._seen.add(url)
        listing = replace(listing, url=url)
        if not self._may_be_its_own(url):
            self._note(candidate, f"leads to another site: {url}")
        elif any(known.url == url for _, known in self.listings):
            self._note(candidate, f"the same as {url}")
        elif listing.children:
            self._note(candidate, f"an index of {len(listing.children)} sitemaps")
            for child in listing.children:
                if NEWS_IN_NAME.search(_path(child)):
                    self._add(child, "sitemap", f"named in {url}", NEWS)
            self.listings.append((candidate, listing))
        elif COMMENTS_TITLE.search(listing.title or "") or COMMENTS_PLACE.search(url):
            self._note(candidate, "comments of readers")
        elif not listing.keys:
            self._note(candidate, "lists nothing")
        else:
            self.listings.append((candidate, listing))

    def _add_links(self, page: HomePage, why: str, rank: int) -> None:
        for link in page.feeds:
            if COMMENTS_PLACE.search(link.url) or COMMENTS_TITLE.search(link.title or ""):
                self.tried.setdefault(link.url, Tried(link.url, why, "comments of readers; not asked"))
            else:
                self._add(link.url, "feed", why, rank if link.is_declared else rank + 1)

    def _add(self, url: str, wanted: Wanted, why: str, rank: int, base: str | None = None) -> None:
        try:
            url = canonicalise(url, base)
        except UnusableUrl as error:
            self.tried.setdefault(url, Tried(url, why, f"not asked: {error.reason}"))
            return
        if self._may_be_its_own(url):
            self._waiting.append(Candidate(url, wanted, why, rank))
        else:
            self.tried.setdefault(url, Tried(url, why, "not asked: another site than the one that may be private"))

    def _may_be_its_own(self, url: str) -> bool:
        return not self.is_private or same_site(url, self.asked)

    def _is_needed(self, candidate: Candidate) -> bool:
        kinds = [listing.kind for _, listing in self.listings]
        match candidate.wanted, candidate.rank:
            case "sitemap", rank if rank >= USUAL_SITEMAP:
                return not kinds
            case "sitemap", rank:
                return "news_sitemap" not in kinds and (rank == USUAL_NEWS or self._sitemaps_asked < MAX_SITEMAPS)
            case "feed", rank:
                return "rss" not in kinds or (rank < USUAL_FEED and kinds.count("rss") < 2 * MAX_FEEDS)
        return True

    def _feeds(self) -> list[Listing]:
        """Return the feeds worth adding, the site-wide one first, and note what became of each."""
        known: set[bytes] = set()
        kept: list[Listing] = []
        found = [(candidate, listing) for candidate, listing in self.listings if listing.kind == "rss"]
        for candidate, listing in sorted(found, key=self._likeness):
            if listing.keys <= known:
                self._note(candidate, "lists nothing that the feeds above do not list")
            elif len(kept) == MAX_FEEDS:
                self._note(candidate, f"beyond the first {MAX_FEEDS} feeds")
            else:
                kept.append(listing)
                known |= listing.keys
                self._note(candidate, f"{listing.entries} entries", is_used=True)
        return kept

    def _likeness(self, found: tuple[Candidate, Listing]) -> tuple[bool, int, int]:
        """Order feeds: that of the whole site, then as the site itself ranks them, then by the depth of the address."""
        candidate, listing = found
        is_whole = listing.home is not None and _path(listing.home).strip("/") == _path(self.home).strip("/")
        return not is_whole, candidate.rank, _path(listing.url).count("/")

    def _sitemaps(self) -> list[Listing]:
        """Return the news sitemap; without one and without any feed, the best plain sitemap; and note the rest."""
        found = [(candidate, listing) for candidate, listing in self.listings if listing.kind != "rss"]
        has_feeds = len(found) < len(self.listings)
        found.sort(key=lambda one: (one[1].kind != "news_sitemap", not one[1].children, one[0].rank))
        kept = [listing for _, listing in found[:1] if listing.kind == "news_sitemap" or not has_feeds]
        for candidate, listing in found:
            what = "a news sitemap" if listing.kind == "news_sitemap" else "a plain sitemap"
            if listing in kept:
                self._note(candidate, f"{what}, {listing.entries} entries", is_used=True)
            elif not listing.children:
                self._note(candidate, f"{what}; what is above is better")
        return kept

    def _name(self, feeds: Sequence[Listing]) -> str:
        title = WORDS_IN_TITLE.sub("", feeds[0].title or "") if feeds else ""
        named = (self.page.name if self.page else None) or title.strip()
        return named or host(self.home).removeprefix("www.")

    def _note(self, candidate: Candidate, verdict: str, *, is_used: bool = False) -> None:
        self.tried[candidate.url] = Tried(candidate.url, candidate.why, verdict, is_used)


def _home(given: str, reached: str) -> str:
    """Return the homepage as the site calls it; a redirect that leads to another path is not believed."""
    return reached if _path(given).strip("/") == _path(reached).strip("/") and same_site(given, reached) else given


def _place(listing: Listing) -> Place:
    return Place(listing.url, listing.kind, listing.entries, listing.newest, listing.title)


def _language(text: str | None) -> str | None:
    """Return the primary subtag of a language tag, where it is one."""
    found = re.match(r"([A-Za-z]{2,3})(?:[-_]|$)", text or "")
    return found[1].lower() if found else None


def _path(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2]
