"""One slow or endless source delays no other: the slow one answers only after all the others have been asked."""

import threading
from pathlib import Path

from tests.crawler.crawl import Site, outlet
from tests.crawler.web import ARTICLE, Asked, Web, page, rss

PATIENT = 20.0  # seconds after which the slow answers come anyway, and the test fails
GOOD = [f"good{number:02}.test" for number in range(20)]
PAGES = 4


def test_slow_and_endless_sources_delay_no_other(tmp_path: Path) -> None:
    with Web() as web:
        wanted = {(host, f"/{number}") for host in GOOD for number in range(PAGES)}
        all_asked = threading.Event()

        def good(asked: Asked) -> bytes:
            wanted.discard((asked.host, asked.path))
            if not wanted:
                all_asked.set()
            return ARTICLE

        def slow(asked: Asked) -> bytes:
            all_asked.wait(PATIENT)
            return ARTICLE

        def endless(asked: Asked) -> None:
            asked.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
            while not all_asked.wait(0.02):
                asked.send(b"<p>and so on</p>")

        hosts = (*GOOD, "slow.test", "endless.test", "trickle.test")
        for host in GOOD:
            web.replies[f"{host}/feed"] = page(rss(*(web.url(f"/{number}", host) for number in range(PAGES))))
            web.replies |= {f"{host}/{number}": good for number in range(PAGES)}
        for host, reply in (("slow.test", slow), ("trickle.test", endless), ("endless.test", ARTICLE)):
            pages = 300 if host == "endless.test" else PAGES
            web.replies[f"{host}/feed"] = page(rss(*(web.url(f"/{number}", host) for number in range(pages))))
            web.replies |= {f"{host}/{number}": reply for number in range(pages)}
        sources = [outlet(web, host, host) for host in (*hosts[-3:], *GOOD)]
        site = Site(web, tmp_path, sources, hosts=hosts, crawl={"concurrency": 8, "timeout": PATIENT + 10})
        site.run()
        assert all_asked.is_set()
        assert not wanted
        good_end, spoilt_end = site.rows(
            "SELECT max(fetched_at) FILTER (WHERE name LIKE 'good%'), max(fetched_at) FILTER (WHERE name = 'slow.test')"
            " FROM page JOIN source ON source.id = source_id"
        )[0]
        assert good_end < spoilt_end


SPIDER = """
from crawler.spiders.news import NewsSpider

class Impatient(NewsSpider):
    name = "impatient"
    soonest = 0.2
"""


def test_a_long_run_asks_other_feeds_again_when_they_are_due_and_ends(tmp_path: Path) -> None:
    many = 6
    asked_again, times, rounds = threading.Event(), list[str](), 3
    with Web() as web:

        def quick(asked: Asked) -> bytes:
            times.append(asked.path)
            if len(times) >= rounds:
                asked_again.set()
            return page(rss(web.url("/0", "quick.test")))

        def long(asked: Asked) -> bytes:
            asked_again.wait(PATIENT)
            return ARTICLE

        web.replies |= {"quick.test/feed": quick, "quick.test/0": ARTICLE}
        web.replies["long.test/feed"] = page(rss(*(web.url(f"/{number}", "long.test") for number in range(many))))
        web.replies |= {f"long.test/{number}": long for number in range(many)}
        hosts = ("long.test", "quick.test")
        sources = [outlet(web, host, host) for host in hosts]
        site = Site(web, tmp_path, sources, hosts=hosts, crawl={"timeout": PATIENT + 10, "poll_longest": 1})
        spider = tmp_path / "impatient.py"
        spider.write_text(SPIDER, encoding="utf-8")
        site.run_spider(spider)
        assert asked_again.is_set()
        assert site.rows("SELECT DISTINCT state FROM page") == [("fetched",)]
        ((long_polls, quick_polls),) = site.rows(
            "SELECT count(*) FILTER (WHERE name = 'long.test'), count(*) FILTER (WHERE name = 'quick.test')"
            " FROM poll JOIN feed ON feed.id = feed_id JOIN source ON source.id = source_id"
        )
        assert quick_polls >= rounds
        assert long_polls >= 1
