"""Answer a request as the outlet it names would: pages, feeds, robots.txt, and the troubles that truth.toml lists."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from console.newsweb.content import Article, Content, Feed, Outlet, newest
from console.newsweb.feeds import feed_body
from console.newsweb.hostile import hostile_reply
from console.newsweb.render import FEED_TYPES, front_page, page
from console.newsweb.replies import Reply, conditional, html, plain

ONCE = {"once_500": (500, ()), "once_429": (429, (("Retry-After", "1"),))}


@dataclass(slots=True)
class Site:
    """Every outlet of the web on one port. ``tick`` is the only thing about it that changes, besides what it counts."""

    content: Content
    base: datetime
    port: int
    trap: int
    tick: float | None = None  # when phase 2 began, in minutes before base (so it is negative)
    asked: Counter[str] = field(default_factory=Counter)

    def answer(self, host: str, target: str, headers: Mapping[str, str]) -> Reply:
        """The reply to a GET of ``target`` (path and query) on ``host`` (without a port)."""
        outlet = self.content.outlets.get(host)
        if outlet is None:
            return plain(421, f"No outlet is called {host!r}")
        path = target.partition("?")[0]
        home = f"http://{host}:{self.port}"
        if path == "/robots.txt":
            return plain(200, _robots(outlet))
        if outlet.hostile and (reply := hostile_reply(path, home, self.trap)):
            return reply
        for feed in outlet.feeds:
            if path == feed.path:
                return self._feed(feed, outlet, home, headers)
        articles = self.content.of(host, self.tick)
        if path == "/":
            return html(front_page(outlet, articles, home), outlet.charset)
        for article in articles:
            if path in (article.path, f"/amp{article.path}" if article.amp else None):
                return self._page(article, outlet, home, headers, amp=path != article.path)
        return plain(404, "There is no such page")

    def _feed(self, feed: Feed, outlet: Outlet, home: str, headers: Mapping[str, str]) -> Reply:
        dead = tuple(replace(item, path=item.path.replace("{trap}", str(self.trap))) for item in outlet.dead)
        articles = self.content.of(outlet.host, self.tick)
        body = feed_body(feed, replace(outlet, dead=dead), articles, self.base, home)
        changed = self._moment(min(newest(article) for article in articles))
        return conditional(headers, body, FEED_TYPES[feed.kind], changed)

    def _page(self, article: Article, outlet: Outlet, home: str, headers: Mapping[str, str], *, amp: bool) -> Reply:
        key = outlet.host + article.path
        self.asked[key] += 1
        if article.trouble in ONCE and self.asked[key] == 1:
            status, extra = ONCE[article.trouble]
            return plain(status, "Try again in a moment", *extra)
        body = page(article, outlet, self.content, self.base, home, amp=amp)
        charset = "rot13" if article.trouble == "rot13" else outlet.charset
        return conditional(headers, body, f"text/html; charset={charset}", self._moment(newest(article)))

    def _moment(self, minutes: float) -> datetime:
        return self.base - timedelta(minutes=minutes)


def _robots(outlet: Outlet) -> str:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in outlet.disallow)]
    if outlet.crawl_delay is not None:
        lines.append(f"Crawl-delay: {outlet.crawl_delay}")
    return "\n".join(lines if len(lines) > 1 else [*lines, "Disallow:"])
