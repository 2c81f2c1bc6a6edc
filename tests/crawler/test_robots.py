"""Robots rules hold for every request, also while the rules are still on their way."""

import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protego import Protego

from crawler.fetching.outcomes import Failed
from crawler.fetching.robots_rules import (
    LEAST_LIFETIME,
    READ_LIMIT,
    RULES_LIMIT,
    RobotsRules,
    TooIntricate,
    lifetime,
    product_token,
    read_part,
)
from crawler.middlewares.robots import ANSWERS_KEPT, RULES_KEPT, Answers
from storage.robots import STALE_LIMIT
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
        site.run()
        times = [asked.time for asked in web.log if asked.path != "/robots.txt"]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert len(gaps) == 3
        assert min(gaps) > 0.9
        assert max(gaps) < 10


def test_rules_address_the_name_before_the_version() -> None:
    assert product_token("storyfold/0.1 (+https://example.org)") == "storyfold"
    assert product_token("Mozilla/5.0 (X11)") == "Mozilla"
    assert product_token("oneword") == "oneword"


RUNS_RULES = page(
    "User-agent: *\nDisallow: /no/\nCrawl-delay: 1.2\n", content_type="text/plain", Cache_Control="max-age=60"
)
DOWN = page("no", "503 Down")


def test_what_a_run_was_told_later_runs_know(tmp_path: Path) -> None:
    """Four runs: told, remembered, remembered in need, and forgotten."""
    with Web(dict.fromkeys(("/1", "/2", "/3", "/4"), ARTICLE)) as web:
        web.replies["/robots.txt"] = RUNS_RULES
        site = Site(web, tmp_path, [outlet(web)], crawl={"retry_pause": 0, "robots_hours": 12})

        def run(number: int) -> tuple[object, object, int]:
            """Return how an allowed and a disallowed page ended, and how often robots.txt was asked for."""
            before = web.times_asked("/robots.txt")
            web.replies["/feed"] = page(rss(web.url(f"/{number}"), web.url(f"/no/{number}")))
            site.run()
            ends = site.ends()
            return ends.get(f"/{number}"), ends.get(f"/no/{number}"), web.times_asked("/robots.txt") - before

        def age(seconds: float) -> None:
            with sqlite3.connect(site.database) as database:
                database.execute("UPDATE robots SET expires_at = ?", (_stamp(time.time() - seconds),))
            database.close()

        assert run(1) == (OPEN, CLOSED, 1)
        [(seconds,)] = site.rows("SELECT strftime('%s', expires_at) - strftime('%s', fetched_at) FROM robots")
        assert abs(seconds - LEAST_LIFETIME) <= 1, "max-age shortens the twelve hours, but not to a minute"
        before = len(web.log)
        assert run(2) == (OPEN, CLOSED, 0)
        times = [one.time for one in web.log[before:]]
        assert min(later - earlier for earlier, later in pairwise(times)) > 1.1, "Crawl-delay holds from a kept file"

        web.replies["/robots.txt"] = DOWN
        age(60)
        assert run(3) == (OPEN, CLOSED, 1)
        age(STALE_LIMIT.total_seconds())
        assert run(4)[2] == 1
        assert site.rows("SELECT error LIKE '%robots.txt%' OR error = 'robots_unreachable' FROM feed") == [(1,)]


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_a_robots_txt_written_to_be_expensive_is_not_read() -> None:
    agents = "".join(f"User-agent: {number}\n" for number in range(5_000))
    rules = "".join(f"Disallow: /{number}\n" for number in range(5_000))
    for text in (agents + rules, agents + agents, (agents + rules).replace("\n", "\r"), agents + " " + rules):
        with pytest.raises(TooIntricate):
            RobotsRules(text.encode())
    assert RobotsRules(rules.encode()).weight < RULES_LIMIT


def test_an_address_that_is_expensive_to_judge_is_not_asked_for() -> None:
    wild = "User-agent: *\n" + "".join(f"Disallow: /*aaab{number}\n" for number in range(20_000))
    rules = RobotsRules(wild.encode())
    start = process_time()
    assert not rules.allowed("https://a.test/" + "a" * 7_900, "storyfold")
    assert process_time() - start < 0.1
    assert rules.allowed("https://a.test/b", "storyfold")
    assert not rules.allowed("https://a.test/aaab7", "storyfold")


lines = st.sampled_from(
    [
        *(
            "User-agent: *",
            "User-agent: storyfold",
            "user agent story*",
            "Useragent: else",
            "# words",
            "",
            "Crawl-delay: 3",
        ),
        *("Disallow: /", "Disallow: /a*b", "Allow: /a/b$", "disalow: /b", "Allow: /%C3%A9", "Sitemap: http://a.test/s"),
    ]
)
paths = st.text("ab/%\u00e9?.$", max_size=12)


@given(st.lists(lines, max_size=12), st.sampled_from(["\n", "\r\n", "\r"]), paths)
def test_what_is_decided_is_what_protego_decides(text: list[str], ends: str, path: str) -> None:
    body = ends.join(text)
    rules, protego = RobotsRules(body.encode()), Protego.parse(body)
    url = f"https://a.test/{path}"
    assert rules.allowed(url, "storyfold") == protego.can_fetch(url, "storyfold")
    assert rules.crawl_delay("storyfold") == protego.crawl_delay("storyfold")


@given(st.integers(0, 3), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_what_is_read_ends_with_a_whole_line(more: int, ends: bytes) -> None:
    line = b"Disallow: /somewhere" + ends
    read = read_part(line * (READ_LIMIT // len(line) + more))
    assert len(read) <= READ_LIMIT
    assert read.endswith(line)


@given(st.integers(0, 10**12), st.floats(1, 86_400))
def test_cache_control_shortens_and_never_lengthens(seconds: int, longest: float) -> None:
    for text in (f"max-age={seconds}", f'public, Max-Age="{seconds}"', f"s-maxage=5, max-age = {seconds}"):
        assert min(longest, LEAST_LIFETIME) <= lifetime(text, longest) <= longest
    assert lifetime("no-cache, s-maxage=5, xmax-age=3", longest) == longest


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), max_size=60))
def test_memory_holds_the_last_that_were_asked_for_and_no_more(asked: list[tuple[int, int]]) -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    answers = Answers(most=5, heaviest=8)
    rules = [RobotsRules(b"User-agent: *\n" + b"Disallow: /a\n" * extra) for extra in range(4)]
    recent: list[tuple[str, bool]] = []
    for origin, extra in asked:
        key = (f"https://{origin}.test", False)
        if answers.get(key, now) is None:
            answers.keep(key, rules[extra], now + timedelta(seconds=1))
        recent = [other for other in recent if other != key] + [key]
        kept = [other for other in recent if answers.get(other, now) is not None]
        assert kept == recent[len(recent) - len(kept) :]
        assert len(kept) == min(5, len(recent)) or sum(rules[3].weight for _ in kept) > 4
        for other in recent:
            assert answers.get(other, now + timedelta(seconds=1)) is None
        for other in kept:
            answers.get(other, now)


def test_what_memory_may_hold_is_bounded() -> None:
    assert ANSWERS_KEPT <= 1_000
    assert RULES_KEPT >= RULES_LIMIT, "one file always fits"
    answers = Answers(most=2, heaviest=10)
    until = datetime(2026, 6, 1, tzinfo=UTC)
    for number in range(5):
        answers.keep((f"https://{number}.test", False), Failed("robots_unreachable"), until)
    assert len(answers) == 2
