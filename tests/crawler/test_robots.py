"""Robots rules hold for every request, also while the rules are still on their way."""

import threading
from itertools import pairwise
from pathlib import Path

from crawler.middlewares.robots import product_token
from tests.crawler.crawl import Site, outlet
from tests.crawler.web import ARTICLE, Asked, Reply, Web, page, redirect, rss

RULES = page("User-agent: *\nDisallow: /no/\n", content_type="text/plain")
DISALLOWED = [f"/no/{number}" for number in range(20)]


def slow_rules(_: Asked) -> bytes:
    threading.Event().wait(0.5)  # the time in which all the others join the queue
    return RULES


def test_twenty_disallowed_pages_that_wait_for_one_robots_txt_are_never_fetched(tmp_path: Path) -> None:
    spider = tmp_path / "race.py"
    with Web({"/robots.txt": slow_rules, **dict.fromkeys(DISALLOWED, ARTICLE), "/yes": ARTICLE}) as web:
        spider.write_text(
            "import scrapy\n"
            "class Race(scrapy.Spider):\n"
            "    name = 'race'\n"
            "    custom_settings = {'CONCURRENT_REQUESTS': 40, 'CONCURRENT_REQUESTS_PER_DOMAIN': 40}\n"
            "    async def start(self):\n"
            f"        for path in {[*DISALLOWED, '/yes']}:\n"
            f"            yield scrapy.Request('{web.url('')}' + path, meta={{'source': 'Outlet'}})\n"
            "    def parse(self, response):\n"
            "        yield {'url': response.url}\n"
        )
        site = Site(web, tmp_path, [outlet(web)])
        site.run_spider(spider)
        assert sorted(set(web.paths())) == ["/robots.txt", "/yes"]
        assert web.times_asked("/robots.txt") == 1


def endless(asked: Asked) -> None:
    asked.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nUser-agent: *\nDisallow: /no/\n")
    while True:
        asked.send(b"# and so on\n" * 5_000)


UNREACHABLE = ("failed", "robots_unreachable")
OPEN = ("fetched", None)
CLOSED = ("refused", "robots")
ANSWERS: dict[str, tuple[Reply, tuple[str, str | None], tuple[str, str | None]]] = {
    "rules.test": (RULES, OPEN, CLOSED),
    "not-found.test": (page("no", "404 Not Found"), OPEN, OPEN),
    "forbidden.test": (page("no", "403 Forbidden"), OPEN, OPEN),
    "ring.test": (redirect("/robots.txt"), OPEN, OPEN),
    "moved.test": (redirect("/rules"), OPEN, CLOSED),
    "endless.test": (endless, OPEN, CLOSED),
    "error.test": (page("no", "500 Oops"), UNREACHABLE, UNREACHABLE),
    "busy.test": (page("no", "429 Slow"), UNREACHABLE, UNREACHABLE),
    "no-answer.test": (b"", UNREACHABLE, UNREACHABLE),
}


def test_the_answer_to_robots_txt_opens_or_closes_a_site(tmp_path: Path) -> None:
    with Web({"/yes": ARTICLE, "/no/1": ARTICLE, "/rules": RULES}) as web:
        sources = []
        for name, (reply, _, _) in ANSWERS.items():
            web.replies[f"{name}/robots.txt"] = reply
            feeds = [web.url(f"/{name}", "feeds.test")]
            web.replies[f"/{name}"] = page(rss(web.url("/yes", name), web.url("/no/1", name)))
            # The feed's host is the source's own: its robots.txt is not there and so allows all.
            sources.append(outlet(web, name, name, feeds=feeds))
        Site(web, tmp_path, sources, hosts=("feeds.test", *ANSWERS)).run()
        ends = Site(web, tmp_path, sources).rows("SELECT url, state, reason FROM page")
        found = {url: (state, reason) for url, state, reason in ends}
        for name, (_, allowed, disallowed) in ANSWERS.items():
            assert (found[web.url("/yes", name)], found[web.url("/no/1", name)]) == (allowed, disallowed), name


def test_crawl_delay_is_kept_up_to_the_ceiling(tmp_path: Path) -> None:
    links = [f"/a/{number}" for number in range(3)]
    with Web(dict.fromkeys(links, ARTICLE)) as web:
        web.replies["/robots.txt"] = page("User-agent: *\nCrawl-delay: 600\n")
        web.replies["/feed"] = page(rss(*map(web.url, links)))
        site = Site(web, tmp_path, [outlet(web)], crawl={"crawl_delay_ceiling": 1.0})
        site.run("-s", "DOWNLOAD_DELAY_JITTER=0")
        times = [asked.time for asked in web.log if asked.path != "/robots.txt"]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert len(gaps) == 3
        assert min(gaps) > 0.9
        assert max(gaps) < 10


def test_rules_address_the_name_before_the_version() -> None:
    assert product_token("storyfold/0.1 (+https://example.org)") == "storyfold"
    assert product_token("Mozilla/5.0 (X11)") == "Mozilla"
    assert product_token("oneword") == "oneword"
