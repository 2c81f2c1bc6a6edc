"""Polls by the real spider on a local web: when feeds are asked again, where they move, what they fail of.

A crawl takes seconds: each serves many cases.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.crawler.crawl import Site, outlet
from tests.crawler.web import ARTICLE, Asked, Reply, Web, page, redirect, rss

HOUR = 3_600
COMMIT = 20  # seconds between an answer and the commit of its poll, on a machine with much else to do
SHORTEST, LONGEST = 300, 12 * HOUR
LONG_AGO = "Mon, 01 Jan 2024 10:00:00 GMT"


def ago(**duration: float) -> str:
    return format_datetime(datetime.now(UTC) - timedelta(**duration), usegmt=True)


def busy(web: Web) -> str:
    links = [web.url(f"/busy/{number}") for number in range(20)]
    return rss(*links, dates=dict.fromkeys(links, ago(minutes=10)))


def quiet(web: Web) -> str:
    link = web.url("/busy/0")
    return rss(link, dates={link: LONG_AGO})


def at_hosts(web: Web, replies: dict[str, Reply]) -> list[dict[str, Any]]:
    """A source for each path, at a host of its own: what one server asks for holds up nobody else."""
    sources = []
    for path, reply in replies.items():
        host = f"{path.strip('/').replace('/', '-')}.test"
        web.replies[host + path] = reply
        sources.append(outlet(web, path, host, feeds=[web.url(path, host)]))
    return sources


@pytest.fixture(scope="module")
def polled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    """What one crawl of many feeds left in the database, by path."""
    ended = threading.Event()

    def never(_: Asked) -> bytes:
        ended.wait(20)
        return b""

    with Web() as web:
        replies: dict[str, Reply] = {
            "/busy": page(busy(web)),
            "/quiet": page(quiet(web)),
            "/max-age": page(busy(web), Cache_Control="public, max-age=7200"),
            "/max-age-year": page(busy(web), Cache_Control="max-age=31536000"),
            "/expires": page(busy(web), Expires=ago(hours=-3)),
            "/no-cache": page(busy(web), Cache_Control="no-cache, max-age=7200"),
            "/pause-200": page(busy(web), Retry_After="7200"),
            "/pause-date": page(busy(web), Retry_After=ago(hours=-2)),
            "/pause-429": page("", "429 Slow", Retry_After="7200"),
            "/pause-503": page("", "503 Busy", Retry_After=ago(hours=-2)),
            "/missing": page("", "404 Not Found"),
            "/unasked-304": page("", "304 Not Modified"),
            "/web-page": page("<html><body>Please log in</body></html>"),
            "/no-answer": b"",
            "/slow": never,
            "/loop": redirect("/loop"),
            "/hidden": page(busy(web)),
            "/news-map": page(NEWS_MAP.format(url=web.url("/busy/0")), content_type="application/xml"),
        }
        web.replies["hidden.test/robots.txt"] = page("User-agent: *\nDisallow: /hidden")
        sources = at_hosts(web, replies)
        sources[-1] |= {"feeds": [], "sitemaps": sources[-1]["feeds"]}
        nowhere = outlet(web, "/nowhere", "nowhere.invalid", feeds=[web.url("/nowhere", "nowhere.invalid")])
        down = [web.url(f"/down/{number}", "down.test") for number in range(9)]
        web.replies |= dict.fromkeys([f"/down/{number}" for number in range(9)], page("", "500 Oops"))
        sources += [nowhere, outlet(web, "/down", "down.test", feeds=down)]
        hosts = tuple(source["url"].split("/")[2].split(":")[0] for source in sources if source is not nowhere)
        limits = {"poll_shortest": SHORTEST, "poll_longest": LONGEST, "timeout": 6, "concurrency": 16}
        site = Site(web, tmp_path_factory.mktemp("polls"), sources, limits, hosts)
        site.run()
        columns = "feed.url, feed.kind, failures, feed.error, interval_seconds, outcome, status, failing_since, "
        columns += "round((julianday(next_poll_at) - julianday(coalesce(polled_at, :now))) * 86400) AS seconds"
        connection = sqlite3.connect(site.database)
        connection.row_factory = sqlite3.Row
        rows = connection.execute(
            f"SELECT {columns} FROM feed LEFT JOIN poll ON poll.feed_id = feed.id",  # names of columns
            {"now": datetime.now(UTC).isoformat()},
        ).fetchall()
        connection.close()
        ended.set()
        yield {row["url"].split(str(web.port))[1]: dict(row) for row in rows}


NEWS_MAP = """<?xml version="1.0"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc>{url}</loc><n:news><n:publication><n:name>N</n:name><n:language>en</n:language></n:publication>
<n:publication_date>2026-06-01T10:00:00Z</n:publication_date><n:title>About it</n:title></n:news></url></urlset>"""


@pytest.mark.parametrize(
    ("path", "shortest", "longest"),
    [
        ("/busy", SHORTEST - 30, SHORTEST),
        ("/quiet", LONGEST - 30, LONGEST),
        ("/max-age", 2 * HOUR, 2 * HOUR),
        ("/max-age-year", LONGEST, LONGEST),
        ("/expires", 3 * HOUR - 10, 3 * HOUR + 10),
        ("/no-cache", SHORTEST - 30, SHORTEST),
        ("/pause-200", 2 * HOUR, 2 * HOUR),
        ("/pause-date", 2 * HOUR - 60, 2 * HOUR),
        ("/pause-429", 2 * HOUR, 2 * HOUR),
        ("/pause-503", 2 * HOUR - 60, 2 * HOUR),
        ("/missing", SHORTEST, SHORTEST),
    ],
)
def test_a_feed_is_asked_again_when_it_has_news_and_not_before_its_server_likes(
    polled: dict[str, dict[str, Any]], path: str, shortest: float, longest: float
) -> None:
    assert shortest - COMMIT <= polled[path]["seconds"] <= longest + 1


@pytest.mark.parametrize(
    ("path", "outcome", "words"),
    [
        ("/pause-429", "failed", "HTTP 429: too many requests"),
        ("/missing", "failed", "HTTP 404: not found"),
        ("/unasked-304", "failed", "HTTP 304: not modified"),
        ("/web-page", "unreadable", "a web page"),
        ("/no-answer", "failed", "the connection broke off"),
        ("/slow", "failed", "the answer took too long: 6 s"),
        ("/loop", "failed", "a redirect to itself: http://loop.test"),
        ("/hidden", "refused", "robots.txt forbids it: http://hidden.test"),
        ("/nowhere", "failed", "no such host"),
    ],
)
def test_a_failing_feed_says_why_in_words(
    polled: dict[str, dict[str, Any]], path: str, outcome: str, words: str
) -> None:
    feed = polled[path]
    assert words in feed["error"]
    assert (feed["outcome"], feed["failures"]) == (outcome, 1)
    assert feed["failing_since"]


def test_feeds_of_a_host_in_trouble_wait_for_it_without_failing(polled: dict[str, dict[str, Any]]) -> None:
    down = [feed for path, feed in polled.items() if path.startswith("/down/")]
    asked = [feed for feed in down if feed["outcome"]]
    assert len(down) == 9
    assert 5 <= len(asked) <= 6
    waiting = [feed for feed in down if not feed["outcome"]]
    assert all(feed["failures"] == 0 and feed["error"] is None for feed in waiting)
    assert all(200 <= feed["seconds"] <= 300 for feed in waiting), "until the host is asked again: crawl.host_pause"


def test_a_news_sitemap_is_known_for_one_once_it_was_read(polled: dict[str, dict[str, Any]]) -> None:
    assert polled["/news-map"]["kind"] == "news_sitemap"


class Servant:
    """A small web whose answers change from run to run."""

    def __init__(self, web: Web) -> None:
        self.web = web

    def serve(self, path: str, body: str, content_type: str = "application/xml", etag: str | None = None) -> None:
        """Serve a document, with 304 for those who know it by its ETag."""

        def reply(asked: Asked) -> bytes:
            if etag and asked.headers.get("if-none-match") == etag:
                return b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"
            return page(body, content_type=content_type, **({"ETag": etag} if etag else {}))

        self.web.replies[path] = reply

    def index(self, path: str, entries: dict[str, str | None], etag: str | None = None) -> None:
        parts = "".join(
            f"<sitemap><loc>{loc}</loc>{f'<lastmod>{modified}</lastmod>' if modified else ''}</sitemap>"
            for loc, modified in entries.items()
        )
        namespace = "http://www.sitemaps.org/schemas/sitemap/0.9"
        self.serve(path, f'<sitemapindex xmlns="{namespace}">{parts}</sitemapindex>', etag=etag)

    def sitemap(self, path: str, *links: str) -> None:
        parts = "".join(f"<url><loc>{link}</loc></url>" for link in links)
        self.serve(path, f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{parts}</urlset>')

    def feed(self, path: str, numbers: Sequence[int], etag: str | None = None) -> None:
        links = (self.web.url(f"/story/{number}") for number in numbers)
        self.serve(path, rss(*links), "application/rss+xml", etag)


def test_indexes_moves_gaps_and_budgets_over_three_runs(tmp_path: Path) -> None:
    with Web({f"/story/{number}": ARTICLE for number in range(200)}) as web:
        servant = Servant(web)
        index, capped = web.url("/index.xml", "map.test"), web.url("/capped", "capped.test")
        sources = [
            outlet(web, "Map", "map.test", feeds=[], sitemaps=[index]),
            outlet(web, "Mover", feeds=[web.url("/moved"), web.url("/lent"), web.url("/undecided")]),
            outlet(web, "Fast", feeds=[web.url("/fast"), web.url("/steady"), web.url("/same")]),
            outlet(web, "Sections", feeds=[], sections=[web.url("/world")]),
            outlet(web, "Capped", "capped.test", feeds=[capped]),
        ]
        site = Site(web, tmp_path, sources, {"pages_per_host": 35}, hosts=("map.test", "capped.test"))

        def below(name: str) -> str:
            return web.url(f"/{name}.xml", "map.test")

        servant.index(
            "/index.xml",
            {
                below("old"): "2026-01-01T10:00:00Z",
                below("nested"): None,
                index: None,
                web.url("/other.xml", "other.test"): None,
                "http://169.254.169.254/latest.xml": None,
            },
        )
        servant.index("/nested.xml", {below("deep"): "2026-01-01T10:00:00Z", index: None})
        servant.sitemap("/old.xml", web.url("/story/100"))
        servant.sitemap("/deep.xml", web.url("/story/101"))
        web.replies |= {"/moved": redirect("/new", "301 Moved"), "/undecided": redirect("/new", "301 Moved")}
        web.replies |= {"/lent": redirect("/new", "302 Found")}
        servant.feed("/new", [1, 2])
        servant.feed("/fast", range(10, 15))
        servant.feed("/steady", range(10, 15))
        servant.feed("/same", range(10, 15), etag='"1"')
        words = [f"/world/a-headline-of-some-words-{number}" for number in range(8)]
        web.replies["/world"] = page("".join(f'<a href="{word}">A headline of words</a>' for word in words[:4]))
        links = [web.url(f"/capped/{'x' * number}", "capped.test") for number in range(1, 46)]
        servant.serve("/capped", rss(*links), etag='"1"')
        site.run()

        read = [*polls(site, "pages_new", below("old")), *polls(site, "pages_new", below("deep"))]
        assert read == [(1,), (1,)], "an index's sitemaps are read in the same run"
        assert not {"/other.xml", "/latest.xml"} & set(web.paths())
        assert web.times_asked("/index.xml") == web.times_asked("/nested.xml") == 1
        ((refused, why),) = polls(site, "entries_refused, poll.error", index)
        assert refused == 3
        assert "sitemap_loop" in why
        assert "other_site" in why
        assert polls(site, "entries_over_budget", capped) == [(10,)]
        new = web.url("/new")
        assert site.rows("SELECT url, moves FROM feed WHERE moved_to = ? ORDER BY url", new) == [
            (web.url("/moved"), 1),
            (web.url("/undecided"), 1),
        ]

        change(site, "UPDATE feed SET moves = 2 WHERE url = ?", web.url("/moved"))
        servant.index("/index.xml", {below("old"): "2026-01-01T10:00:00Z", below("nested"): None, below("young"): None})
        servant.index("/nested.xml", {below("deep"): soon()})
        servant.sitemap("/deep.xml", web.url("/story/101"), web.url("/story/102"))
        servant.sitemap("/young.xml", web.url("/story/103"))
        servant.feed("/new", [1, 2, 3])
        servant.feed("/fast", range(20, 25))
        servant.feed("/steady", range(14, 19))
        web.replies["/world"] = page("".join(f'<a href="{word}">A headline of words</a>' for word in words[4:]))
        web.log.clear()
        site.run()

        asked = set(web.paths())
        assert {"/nested.xml", "/deep.xml", "/young.xml"} <= asked
        assert "/old.xml" not in asked, "its index does not date it newer"
        assert site.rows("SELECT url, former_url FROM feed WHERE former_url IS NOT NULL") == [(new, web.url("/moved"))]
        gaps = site.rows("SELECT feed.url FROM gap JOIN feed ON feed.id = feed_id")
        assert gaps == [(web.url("/fast"),)], "no gap of a list that goes on, of the same list, of a section"
        seen = polls(
            site,
            "entries_before, entries_again",
            web.url("/steady"),
        )
        assert seen == [(0, 0), (5, 1)]
        capped_asked = [request.headers for request in web.log if request.path == "/capped"]
        assert "if-none-match" not in capped_asked[0], "it is read again for what was beyond the budget"

        change(site, "UPDATE feed SET failures = 2 WHERE former_url IS NOT NULL")
        web.replies["/new"] = page("", "404 Not Found")
        servant.index("/index.xml", {below("young"): None})
        servant.feed("/fast", [])
        web.log.clear()
        site.run()

        assert web.times_asked("/moved") == 0, "a believed address is asked, not the configured one"
        back = site.rows("SELECT url, former_url, failures, error FROM feed WHERE url = ?", web.url("/moved"))
        assert back == [(web.url("/moved"), None, 3, "HTTP 404: not found")]
        enabled = site.rows("SELECT url FROM feed WHERE is_enabled AND url LIKE '%map.test%' ORDER BY url")
        assert enabled == [(index,), (below("young"),)], "what an index no longer names is not asked any more"
        assert site.rows("SELECT count(*) FROM gap") == [(1,)], "an empty list makes none"
        first = site.rows("SELECT outlet, health, failures, error FROM source_health")[0]
        assert first == ("Mover", "failing", 3, "HTTP 404: not found")


def soon() -> str:
    return (datetime.now(UTC) + timedelta(minutes=1)).isoformat(timespec="seconds")


def polls(site: Site, columns: str, url: str) -> list[Any]:
    """What the polls of one feed were recorded as, in their order."""
    query = f"SELECT {columns} FROM poll JOIN feed ON feed.id = feed_id WHERE url = ? ORDER BY poll.id"
    return site.rows(query, url)


def change(site: Site, sql: str, *values: object) -> None:
    """Make the database say what two more runs would have left in it."""
    connection = sqlite3.connect(site.database)
    with connection:
        connection.execute(sql, values)
    connection.close()
