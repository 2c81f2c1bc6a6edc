"""Fifty sites between whose two polls the server dropped entries, or none: what is confirmed is what was dropped."""

import gzip
import random
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from storage.checks import breaches, invariants
from storage.engine import Database
from storage.types import iso
from tests.crawler.crawl import Site
from tests.crawler.web import ARTICLE, Web, page, rss

SEEDS = range(50)
NOW = datetime.now(UTC).replace(microsecond=0)
FIRST_POLL = NOW - timedelta(hours=6)  # when the first poll is said to have been
HISTORY = 6  # articles that were published before the first poll's list begins
PARTS = 4  # sections of a site whose feed shows one of them

# What the feed does between the polls, and how many of the seeds do so.
KINDS = (
    *("dropped",) * 4,  # more was published than it lists
    *("turned",) * 2,  # exactly as much was published as it lists
    "withdrawn",  # as dropped, but one of the articles is gone by now
    "section",  # as dropped, but it lists one of the site's sections
    "slides",  # one entry or more is seen again
    "quiet",  # nothing was published
)
# Where the sitemap is, and what it lacks.
PLACES = (
    "robots",
    "configured",
    "guessed",
    "robots",
    "configured",
    "guessed",
    "absent",
    "short",
    "undated",
    "late",
    "down",
)
WHOLE = frozenset({"robots", "configured", "guessed", "late", "down"})
FORMS = ("plain", "news", "gz", "index", "index of news", "index of gz")


@dataclass
class Outlet:
    """A site and its feed, as the seed has them. Article ``n`` of the site is /a/n; all of them have their time."""

    seed: int
    web: Web
    times: dict[int, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = random.Random(self.seed)
        self.host = f"s{self.seed:02}.test"
        self.kind, self.place = KINDS[self.seed % len(KINDS)], rng.choice(PLACES)
        self.form = rng.choice(FORMS)
        self.size, self.pins = rng.randint(3, 8), rng.randint(0, 2)
        self.is_ascending, self.is_dated = rng.random() < 0.3, rng.random() < 0.6
        self.step = PARTS if self.kind == "section" else 1
        fresh = {
            "dropped": self.size + rng.randint(1, 8),
            "withdrawn": self.size + rng.randint(1, 8),
            "section": self.size + rng.randint(1, 3),
            "turned": self.size,
            "slides": rng.randint(1, self.size - 1),
            "quiet": 0,
        }[self.kind]
        seen = HISTORY + self.size * self.step
        for n in range(seen):
            self.times[n] = FIRST_POLL - timedelta(minutes=7 * (seen - n))
        minutes = (NOW - FIRST_POLL) / timedelta(minutes=1) / (fresh * self.step + 1)
        for n in range(fresh * self.step):
            self.times[seen + n] = FIRST_POLL + timedelta(minutes=minutes * (n + 1))
        shown = [n for n in self.times if n >= HISTORY and (n - HISTORY) % self.step == 0]
        self.before, self.after = shown[: self.size], shown[-self.size :]
        self.dropped = shown[self.size : -self.size]

    @property
    def has_whole_sitemap(self) -> bool:
        return self.place in WHOLE

    @property
    def state(self) -> str | None:
        """How the gap must end, if there is one."""
        if self.kind in ("slides", "quiet"):
            return None
        if self.kind == "section" or not self.has_whole_sitemap:
            return "suspected"
        return {"dropped": "closed", "withdrawn": "confirmed", "turned": "refuted"}[self.kind]

    def url(self, path: str) -> str:
        return self.web.url(path, self.host)

    def settings(self) -> dict[str, Any]:
        places = {"sitemaps": [self.url("/maps/all")]} if self.place == "configured" else {}
        feeds = {"feeds": [self.url("/feed")]}
        return {"name": self.host, "url": self.url("/"), "allow_private": True} | feeds | places

    def serve(self, listed: list[int], known: Iterable[int], round_: int) -> None:
        """Let the feed list these entries, below the pinned ones, and the sitemap all that is known."""
        entries = [*range(self.pins), *(listed if self.is_ascending else reversed(listed))]
        dates = {self.url(f"/a/{n}"): format_datetime(self.times[n], usegmt=True) for n in entries}
        body = rss(*(self.url(f"/a/{n}") for n in entries), dates=dates if self.is_dated else None)
        self.web.replies[f"{self.host}/feed"] = page(f"{body}<!-- {round_} -->", content_type="application/rss+xml")
        if self.kind == "withdrawn":
            self.web.replies[f"{self.host}/a/{self.dropped[0]}"] = page("gone", "410 Gone")
        if self.place != "absent":
            self.serve_sitemaps([n for n in known if self.place != "short" or n >= self.after[0]])

    def serve_sitemaps(self, known: list[int]) -> None:
        root = "/maps/all" if self.place in ("robots", "configured", "down") else "/sitemap.xml"
        robots = f"User-agent: *\nDisallow:\nSitemap: {self.url(root)}\n" if root == "/maps/all" else "User-agent: *\n"
        self.web.replies[f"{self.host}/robots.txt"] = page(robots, content_type="text/plain")
        is_news, is_packed = "news" in self.form, "gz" in self.form
        pages = self.sitemap(known, is_news=is_news)
        leaf = gzip.compress(pages.encode()) if is_packed else pages.encode()
        if "index" not in self.form:
            self.web.replies[self.host + root] = page(leaf, content_type="application/xml")
            return
        # The index names itself and years that the window does not touch, besides what counts.
        children = [(self.url("/maps/now"), NOW), (self.url(root), None)]
        children += [(self.url(f"/maps/{year}"), NOW - timedelta(days=365 * year)) for year in range(1, 40)]
        self.web.replies[self.host + root] = page(index(children), content_type="application/xml")
        self.web.replies[f"{self.host}/maps/now"] = page(leaf, content_type="application/octet-stream")

    def sitemap(self, known: Iterable[int], *, is_news: bool) -> str:
        return f'<?xml version="1.0"?><urlset{NAMES}>{"".join(self.entries(known, is_news=is_news))}</urlset>'

    def entries(self, known: Iterable[int], *, is_news: bool) -> Iterator[str]:
        for n in known:
            date = "" if self.place == "undated" else iso(self.times[n])
            if is_news and date:
                dated = f"<news:news><news:publication_date>{date}</news:publication_date></news:news>"
            else:
                dated = f"<lastmod>{date}</lastmod>" if date else ""
            yield f"<url><loc>{self.url(f'/a/{n}')}</loc>{dated}</url>"


NAMES = (
    ' xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
)


def index(children: Iterable[tuple[str, datetime | None]]) -> str:
    named = "".join(
        f"<sitemap><loc>{url}</loc>{f'<lastmod>{iso(date)}</lastmod>' if date else ''}</sitemap>"
        for url, date in children
    )
    return f'<?xml version="1.0"?><sitemapindex{NAMES}>{named}</sitemapindex>'


def change(site: Site, *statements: str) -> None:
    with sqlite3.connect(site.database) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


DUE = "UPDATE feed SET next_poll_at = '2026-01-01T00:00:00.000Z'"
GAPS = """
SELECT source.name, gap.state, gap.reason, gap.pages_missed, gap.pages_listed, gap.since, gap.until, gap.id
FROM gap JOIN feed ON feed.id = gap.feed_id JOIN source ON source.id = feed.source_id
"""


def found(site: Site) -> dict[str, Any]:
    """The gap of each outlet; none has two."""
    gaps = {row[0]: row for row in site.rows(GAPS)}
    assert len(gaps) == site.rows("SELECT count(*) FROM gap")[0][0]
    return gaps


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, list[Outlet], dict[str, Any]]]:
    """Two polls of every site, and a third run for the sitemaps that are late. The gaps are those after the second."""
    with Web({f"/a/{n}": ARTICLE for n in range(150)}) as web:
        outlets = [Outlet(seed, web) for seed in SEEDS]
        folder = tmp_path_factory.mktemp("gaps")
        hosts = tuple(outlet.host for outlet in outlets)
        site = Site(web, folder, [outlet.settings() for outlet in outlets], {"revisit_hours": []}, hosts)
        for outlet in outlets:
            outlet.serve(outlet.before, range(outlet.before[-1] + 1), 1)
        site.run()
        change(site, DUE, f"UPDATE feed SET listed_at = '{iso(FIRST_POLL)}' WHERE kind = 'rss'")
        for outlet in outlets:
            outlet.serve(outlet.after, range(outlet.before[-1] + 1) if outlet.place == "late" else outlet.times, 2)
            if outlet.place == "down":
                web.replies[f"{outlet.host}/maps/all"] = page("no", "500 Oops")
        asked = len(web.log)
        site.run()
        second = found(site) | {"log": web.log[asked:]}
        change(site, DUE, "UPDATE gap SET next_check_at = '2026-01-01T00:00:00.000Z' WHERE next_check_at IS NOT NULL")
        change(site, "UPDATE page SET next_try_at = '2026-01-01T00:00:00.000Z' WHERE state = 'failed'")
        for outlet in outlets:
            outlet.serve(outlet.after, outlet.times, 3)
        site.run()
        yield site, outlets, second


Crawled = tuple[Site, list[Outlet], dict[str, Any]]


def test_every_gap_ends_as_it_must(crawled: Crawled) -> None:
    site, outlets, second = crawled
    gaps = found(site)
    table: Counter[tuple[str, str, str | None]] = Counter()
    for outlet in outlets:
        state, reason = gaps[outlet.host][1:3] if outlet.host in gaps else (None, None)
        table[outlet.kind, "whole" if outlet.has_whole_sitemap else outlet.place, state] += 1
        assert state == outlet.state, (outlet, outlet.kind, outlet.place, outlet.form, outlet.is_dated, reason)
        if outlet.place in ("late", "down") and outlet.state:
            assert second[outlet.host][1] == "suspected"
    print(
        *(f"{count:3} {kind:8} {place:10} {state}" for (kind, place, state), count in sorted(table.items(), key=str)),
        sep="\n",
    )
    made = [outlet for outlet in outlets if outlet.kind in ("dropped", "withdrawn") and outlet.has_whole_sitemap]
    confirmed = {name for name, gap in gaps.items() if gap[1] in ("confirmed", "closed")}
    assert confirmed == {outlet.host for outlet in made}
    assert len(made) >= 10
    assert {state for _, _, state in table} == {"suspected", "confirmed", "closed", "refuted", None}


def test_what_was_dropped_is_what_the_gap_has_and_all_of_it_is_fetched(crawled: Crawled) -> None:
    site, outlets, _ = crawled
    gaps = found(site)
    fetched = {url for (url,) in site.rows("SELECT url FROM page WHERE state = 'fetched'")}
    for outlet in outlets:
        gap_id = gaps[outlet.host][7] if outlet.host in gaps else None
        pages = site.rows("SELECT url FROM page WHERE gap_id = ?", gap_id)
        dropped = {outlet.url(f"/a/{n}") for n in outlet.dropped}
        if outlet.state in ("closed", "confirmed"):
            assert {url for (url,) in pages} == dropped
            assert gaps[outlet.host][3] == len(dropped)
        else:
            assert pages == []
        if outlet.has_whole_sitemap and outlet.state:
            assert dropped - fetched == (
                {outlet.url(f"/a/{outlet.dropped[0]}")} if outlet.kind == "withdrawn" else set()
            )
        if outlet.state == "confirmed":
            assert gaps[outlet.host][2] == "1 of the missed pages cannot be fetched"


def test_what_is_missing_lies_in_the_window(crawled: Crawled) -> None:
    site, outlets, _ = crawled
    gaps = found(site)
    for outlet in outlets:
        if outlet.host in gaps:
            since, until = gaps[outlet.host][5:7]
            assert all(since <= iso(outlet.times[n]) <= until for n in outlet.dropped)


def test_nobody_is_asked_for_a_sitemap_without_a_gap_and_no_sitemap_twice(crawled: Crawled) -> None:
    _, outlets, second = crawled
    asked = Counter((asked.host, asked.path) for asked in second["log"])
    for outlet in outlets:
        maps = {path: n for (host, path), n in asked.items() if host == outlet.host and "map" in path}
        if outlet.place == "configured":  # those are polled as well
            continue
        assert set(maps.values()) <= {1}
        assert not [path for path in maps if path[6:].isdigit()]  # the years before the window
        if outlet.state is None:
            assert maps == {}


def test_the_database_is_lawful_and_the_view_says_it_all(crawled: Crawled) -> None:
    site, outlets, _ = crawled
    with Database.open(f"sqlite:///{site.database}") as database, database.read() as session:
        checked = [one for one in invariants("sqlite") if "gap" in one.name]
        assert list(breaches(session, checked, 3)) == [None, None]
    rows = site.rows("SELECT outlet, state, pages_missed, pages_fetched, minutes FROM source_gaps")
    assert len(rows) == sum(outlet.state is not None for outlet in outlets)
    assert [state in ("suspected", "confirmed") for _, state, *_ in rows] == sorted(
        (state in ("suspected", "confirmed") for _, state, *_ in rows), reverse=True
    )
    assert all(missed == fetched + (state == "confirmed") for _, state, missed, fetched, _ in rows)
    assert all(minutes > 0 for *_, minutes in rows)
