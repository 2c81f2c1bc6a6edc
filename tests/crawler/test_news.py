"""The spider against a local web: what is found, asked again, recovered, and never asked twice."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

import crawler
from crawler.spiders.news import NewsSpider
from foundation.errors import UsageError
from foundation.process import this_process
from storage import runs
from storage.engine import Database
from storage.migrate import upgrade
from tests.crawler.crawl import ROOT, Site, outlet
from tests.crawler.web import ARTICLE, Asked, Reply, Web, page, rss

ETAG = '"v1"'


def conditional(body: str, etag: str) -> Reply:
    def reply(asked: Asked) -> bytes:
        if asked.headers.get("if-none-match") == etag:
            return b"HTTP/1.1 304 Not Modified\r\nETag: " + etag.encode() + b"\r\nConnection: close\r\n\r\n"
        return page(body, ETag=etag)

    return reply


def one_by_one(*replies: bytes) -> Reply:
    left = list(replies)
    return lambda _: left.pop(0)


def articles(count: int) -> dict[str, Reply]:
    return {f"/article/{number}": ARTICLE for number in range(count)}


def test_pages_of_every_source_are_stored_once(tmp_path: Path) -> None:
    with Web(articles(5)) as web:
        links = [web.url(path) for path in articles(5)]
        web.replies["/feed"] = page(rss(*links, links[0] + "?utm_source=feed", links[1] + "#comments"))
        site = Site(web, tmp_path, [outlet(web)])
        site.run()
        assert site.ends() == dict.fromkeys(articles(5), ("fetched", None))
        site.run()
        assert [web.times_asked(path) for path in articles(5)] == [1] * 5
        assert site.rows("SELECT count(*) FROM raw_body") == [(5,)]
        assert site.rows("SELECT state, feeds_polled, pages_found, pages_fetched FROM run") == [
            ("ok", 1, 5, 5),
            ("ok", 1, 0, 0),
        ]


def test_a_feed_that_did_not_change_is_asked_conditionally_and_not_read_again(tmp_path: Path) -> None:
    with Web(articles(1)) as web:
        body = rss(web.url("/article/0"))
        web.replies["/feed"] = conditional(body, ETAG)
        web.replies["/plain"] = page(body)
        site = Site(web, tmp_path, [outlet(web, feeds=[web.url("/feed"), web.url("/plain")])])
        site.run()
        site.run()
        polls = site.rows("SELECT outcome, status, url FROM poll JOIN feed ON feed.id = feed_id ORDER BY poll.id")
        second = sorted((outcome, status, url.removeprefix(web.url(""))) for outcome, status, url in polls[2:])
        assert second == [("unchanged", 200, "/plain"), ("unchanged", 304, "/feed")]


def test_an_article_that_the_feed_dates_newer_is_asked_again_conditionally(tmp_path: Path) -> None:
    old, new = "Mon, 01 Jun 2026 10:00:00 GMT", "Mon, 01 Jun 2026 11:30:00 GMT"
    with Web() as web:
        same, changed = web.url("/same"), web.url("/changed")
        web.replies |= {"/same": conditional("<p>same</p>", ETAG), "/changed": conditional("<p>first</p>", ETAG)}
        web.replies["/feed"] = page(rss(same, changed, dates={same: old, changed: old}))
        site = Site(web, tmp_path, [outlet(web)])
        site.run()
        web.replies["/changed"] = conditional("<p>second</p>", '"v2"')
        web.replies["/feed"] = page(rss(same, changed, dates={same: new, changed: new}))
        site.run()
        assert [web.times_asked(path) for path in ("/same", "/changed")] == [2, 2]
        assert [asked.headers.get("if-none-match") for asked in web.log if asked.path == "/same"] == [None, ETAG]
        bodies = site.rows(
            "SELECT url, count(*) FROM raw_body JOIN page ON page.id = page_id GROUP BY url ORDER BY url"
        )
        assert bodies == [(changed, 2), (same, 1)]
        assert site.ends() == {"/same": ("fetched", None), "/changed": ("fetched", None)}


def test_a_page_that_failed_in_passing_is_asked_again_in_the_same_run(tmp_path: Path) -> None:
    answers = {"/busy": [page("", "503 Busy"), ARTICLE], "/limited": [page("", "429 Slow", Retry_After="1"), ARTICLE]}
    with Web() as web:
        web.replies |= {path: one_by_one(*replies) for path, replies in answers.items()}
        web.replies["/down"] = page("", "502 Bad")
        web.replies["/feed"] = page(rss(*map(web.url, ["/busy", "/limited", "/down"])))
        site = Site(web, tmp_path, [outlet(web)])
        site.run()
        assert site.ends() == {
            "/busy": ("fetched", None),
            "/limited": ("fetched", None),
            "/down": ("failed", "http_502"),
        }
        times = [asked.time for asked in web.log if asked.path == "/limited"]
        assert times[1] - times[0] >= 1.0
        assert web.times_asked("/down") == 2
        assert site.rows("SELECT attempts, next_try_at IS NOT NULL FROM page WHERE state = 'failed'") == [(2, 1)]


def test_a_server_that_asks_for_a_long_pause_is_left_alone(tmp_path: Path) -> None:
    links = [f"/article/{number}" for number in range(12)]
    with Web(dict.fromkeys(links, page("", "429 Slow", Retry_After="3600"))) as web:
        web.replies["/feed"] = page(rss(*map(web.url, links)))
        site = Site(web, tmp_path, [outlet(web)])
        site.run()
        assert sum(path in links for path in web.paths()) <= 2
        states = dict(site.rows("SELECT state, count(*) FROM page GROUP BY state"))
        assert states["failed"] <= 2
        assert states["failed"] + states["waiting"] == 12


def test_a_feed_hosted_elsewhere_that_asks_for_a_pause_stops_no_page_of_its_source(tmp_path: Path) -> None:
    links = [f"/article/{number}" for number in range(12)]
    with Web(dict.fromkeys(links, ARTICLE)) as web:
        web.replies["/feed"] = page(rss(*(web.url(link, host="paper.test") for link in links)))
        web.replies["/burnt"] = page("", "429 Slow", Retry_After="3600")
        feeds = [web.url("/burnt", host="burner.test"), web.url("/feed", host="paper.test")]
        source = outlet(web, url=web.url("/", host="paper.test"), feeds=feeds)
        site = Site(web, tmp_path, [source], hosts=("paper.test", "burner.test"))
        site.run()
        assert site.rows("SELECT state, count(*) FROM page GROUP BY state") == [("fetched", 12)]


def test_a_feed_that_cannot_be_read_backs_off_and_says_why(tmp_path: Path) -> None:
    feeds = {
        "/web-page": (page("<html><body>Please log in</body></html>"), "unreadable"),
        "/noise": (page("\x00\x01 & <rss <item", content_type="application/rss+xml"), "unreadable"),
        "/nothing": (page(" "), "unreadable"),
        "/error": (page("", "500 Oops"), "failed"),
        "/missing": (page("", "404 Not Found"), "failed"),
        "/no-answer": (b"", "failed"),
        "/disallowed": (page(rss()), "refused"),
    }
    with Web({path: reply for path, (reply, _) in feeds.items()}) as web:
        web.replies["/robots.txt"] = page("User-agent: *\nDisallow: /disallowed")
        site = Site(web, tmp_path, [outlet(web, feeds=[web.url(path) for path in feeds])])
        site.run()
        polls = site.rows(
            "SELECT feed.url, outcome, failures, poll.error, next_poll_at > polled_at"
            " FROM poll JOIN feed ON feed.id = feed_id"
        )
        for url, outcome, failures, error, is_later in polls:
            assert (outcome, failures, is_later) == (feeds[url.removeprefix(web.url(""))][1], 1, 1), url
            assert error
        assert len(polls) == len(feeds)
        assert site.rows("SELECT state FROM run") == [("failed",)]


def test_links_that_name_no_page_are_counted_and_not_followed(tmp_path: Path) -> None:
    with Web({"/a": ARTICLE}) as web:
        odd = ["file:///etc/hostname", "javascript:alert(1)", "data:text/html,hello", "http://"]
        web.replies["/feed"] = page(rss(web.url("/a"), *odd, "/a?relative=1"))
        web.replies["/a?relative=1"] = ARTICLE
        site = Site(web, tmp_path, [outlet(web)])
        site.run()
        assert site.ends() == dict.fromkeys(["/a", "/a?relative=1"], ("fetched", None))
        ((refused, sample),) = site.rows("SELECT entries_refused, error FROM poll")
        assert refused == 4
        assert "not_http: javascript:alert(1)" in sample


def test_a_crawl_that_is_killed_is_taken_up_by_the_next(tmp_path: Path) -> None:
    links = articles(30)
    with Web(dict(links)) as web:
        web.replies["/feed"] = page(rss(*map(web.url, links)))
        site = Site(web, tmp_path, [outlet(web)])
        for fetched in (0, 3, 19):
            site.run_and_kill(lambda: len(set(web.paths()) & links.keys()) >= fetched)  # noqa: B023  # used at once
        site.run()
        assert site.ends() == dict.fromkeys(links, ("fetched", None))
        # Asked once more than needed at most: two requests of a source are under way at a kill.
        assert sum(web.times_asked(path) for path in links) <= len(links) + 3 * 2
        assert {state for (state,) in site.rows("SELECT state FROM run")} == {"lost", "ok"}


def test_stored_pages_are_read_without_asking_anybody(tmp_path: Path) -> None:
    with Web(articles(3)) as web:
        web.replies["/feed"] = page(rss(*map(web.url, articles(3))))
        site = Site(web, tmp_path, [outlet(web)])
        site.run()
        asked = len(web.log)
        site.run("-a", "only=stored", keep_only=False)
        assert len(web.log) == asked
        assert {state for state, _ in site.ends().values()} == {"read"}
        assert site.rows("SELECT count(*) FROM raw_body WHERE read_at IS NULL") == [(0,)]


def test_only_the_named_sources_are_asked(tmp_path: Path) -> None:
    with Web({"/feed": page(rss()), "/other": page(rss())}) as web:
        site = Site(web, tmp_path, [outlet(web), outlet(web, "Other", feeds=[web.url("/other")])])
        site.run("-a", "sources=Other")
        assert "/feed" not in web.paths()
        assert "/other" in web.paths()


def test_a_users_own_spider_gets_its_pages_stored(tmp_path: Path) -> None:
    spider = tmp_path / "mine.py"
    spider.write_text(
        "import scrapy\n"
        "from datetime import UTC, datetime\n"
        "from crawler.items import Page\n"
        "class Mine(scrapy.Spider):\n"
        "    name = 'mine'\n"
        "    async def start(self):\n"
        "        for url in ('http://Example.org/a?utm_source=x', 'http://example.org/a', 'http://example.org/b'):\n"
        "            yield Page(url, url, 200, {'content-type': 'text/html'}, b'<p>x</p>', datetime.now(UTC), 'Mine')\n"
    )
    with Web({"/feed": page(rss())}) as web:
        site = Site(web, tmp_path, [outlet(web)])
        site.run()
        site.run_spider(spider)
        rows = site.rows(
            "SELECT url, state, count(raw_body.id) FROM page JOIN raw_body ON page_id = page.id GROUP BY url"
        )
    assert rows == [("http://example.org/a", "fetched", 2), ("http://example.org/b", "fetched", 1)]


def test_a_wrong_configuration_is_an_exit_code_and_a_line(tmp_path: Path) -> None:
    with Web() as web:
        site = Site(web, tmp_path, [outlet(web)], crawl={"dealy": 1})
        log = site.run(code=2)
        assert "dealy" in log
    with pytest.raises(UsageError, match="only"):
        NewsSpider(only="everything")


def test_a_second_crawl_leaves_the_work_to_the_first(tmp_path: Path) -> None:
    with Web({"/feed": page(rss())}) as web:
        site = Site(web, tmp_path, [outlet(web)])
        with Database.open(f"sqlite:///{site.database}") as database:
            upgrade(database)
            with database.write() as session:
                runs.start(session, process=this_process(), now=datetime.now(UTC))
        log = site.run(code=75)
        assert "is under way since" in log
        assert web.log == []


def test_scrapy_finds_the_spider_and_the_project_is_ours() -> None:
    command = [sys.executable, "-m", "scrapy", "list"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert listed.stdout.split() == ["discover", "news"]
    assert Path(crawler.__file__).parent == ROOT / "crawler"
