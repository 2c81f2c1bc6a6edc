"""Where a crawl connects, what it says of itself there, and what it keeps to itself."""

import base64
import json
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crawler.fetching.guard import BAD_PORTS
from crawler.sources import Rules
from foundation.config import SourceSettings
from tests.crawler.crawl import Site, outlet
from tests.crawler.web import ARTICLE, Asked, Web, certificate, page, redirect, rss

LONG_NAME = f"http://{'a' * 64}.test/page"
TWO_DOTS = "http://a..test/page"
LOGIN = "reader:s3cret-login"
KEY = "s3cret-key"
PROXY_LOGIN = "gate:s3cret-gate"
BASIC = f"Basic {base64.b64encode(LOGIN.encode()).decode()}"
PROXY_BASIC = f"Basic {base64.b64encode(PROXY_LOGIN.encode()).decode()}"
COOKIE = {"Set_Cookie": "visitor=1; Path=/"}


@dataclass
class Crawled:
    """What one crawl of many kinds of sources left behind, and what its servers saw of it."""

    site: Site
    web: Web
    other: Web
    six: Web
    secure: Web
    proxy: Web
    log: str
    ends: dict[str, tuple[str, str | None]]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    folder = tmp_path_factory.mktemp("access")
    tls = certificate(folder)
    (folder / "key").write_text(f"{KEY}\n")
    with (
        Web() as web,
        Web() as other,
        Web(address="::1") as six,
        Web(tls=tls) as secure,
        Web() as proxy,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("LOGIN_OF_MEMBER", LOGIN)
        environment.setenv("PROXY_OF_FAR", f"http://{PROXY_LOGIN}@127.0.0.1:{proxy.port}")
        _fill(web, other, six, secure, proxy)
        site = Site(web, folder, _sources(web, six, secure), crawl={"retry_pause": 0})
        log = site.run()
        ends = {url: (state, reason) for url, state, reason in site.rows("SELECT url, state, reason FROM page")}
        yield Crawled(site, web, other, six, secure, proxy, log, ends)


def _fill(web: Web, other: Web, six: Web, secure: Web, proxy: Web) -> None:
    web.replies = {
        "/plain": page(
            rss(
                *(f"http://127.0.0.1:{port}/port" for port in (22, 6000)),
                *(LONG_NAME, TWO_DOTS, web.url("/near", "localhost")),
                *map(web.url, ("/a", "/b", "/to-file", "/to-port")),
                *(secure.url("/unverified"), "file:///etc/hostname", "data:text/html,x", "ftp://a.test/x"),
            ),
            **COOKIE,
        ),
        "/a": page("<p>A</p>", **COOKIE),
        "/b": page("<p>B</p>", **COOKIE),
        "/to-file": redirect("file:///etc/hostname"),
        "/to-port": redirect("http://127.0.0.1:25/"),
        "/member": page(rss(web.url("/away"), web.url("/here"))),
        "/away": redirect(other.url("/landing")),
        "/here": ARTICLE,
    }
    other.replies = {"/landing": ARTICLE}
    six.replies = {"/feed": page(rss(f"http://[::1]:{six.port}/six")), "/six": ARTICLE}
    secure.replies = {
        "/feed": page(rss(secure.url("/own"), secure.url("/down"))),
        "/own": ARTICLE,
        "/down": redirect(web.url("/plainly")),
    }
    web.replies["/plainly"] = ARTICLE
    proxy.replies = {
        "http://far.example/feed": page(rss("http://far.example/far", "http://10.0.0.1/near", web.url("/through"))),
        "http://far.example/far": ARTICLE,
    }


def _sources(web: Web, six: Web, secure: Web) -> list[dict[str, Any]]:
    return [
        outlet(web, "Plain", feeds=[web.url("/plain")]),
        outlet(
            web,
            "Member",
            feeds=[web.url("/member")],
            basic_auth={"env": "LOGIN_OF_MEMBER"},
            headers={"X-Key": {"file": "key"}},
        ),
        outlet(web, "Six", url=f"http://[::1]:{six.port}/", feeds=[f"http://[::1]:{six.port}/feed"]),
        outlet(
            web,
            "Homemade",
            url=secure.url("/"),
            feeds=[secure.url("/feed"), web.url("/nothing")],
            insecure_tls=True,
            headers={"X-Homemade": KEY},
        ),
        {
            "name": "Far",
            "url": "http://far.example/",
            "feeds": ["http://far.example/feed"],
            "proxy": {"env": "PROXY_OF_FAR"},
        },
    ]


def test_scrapy_spoke_file_data_and_ftp_and_we_do_not(crawled: Crawled) -> None:
    polls = crawled.site.rows(
        "SELECT entries_refused, poll.error FROM poll JOIN feed ON feed.id = feed_id WHERE url LIKE '%/plain'"
    )
    assert [(refused, "not_http" in error) for refused, error in polls] == [(3, True)]
    assert crawled.ends[crawled.web.url("/to-file")] == ("refused", "not_http")


def test_ports_of_other_trades_are_refused(crawled: Crawled) -> None:
    assert {crawled.ends[f"http://127.0.0.1:{port}/port"] for port in (22, 6000)} == {("refused", "bad_port")}
    assert crawled.ends[crawled.web.url("/to-port")] == ("refused", "bad_port")
    assert {22, 25, 6667, 10080} <= BAD_PORTS
    assert not {80, 443, 8000, 8080, 8443} & BAD_PORTS


def test_a_name_that_cannot_be_one_fails_at_once(crawled: Crawled) -> None:
    assert {crawled.ends[url] for url in (LONG_NAME, TWO_DOTS)} == {("failed", "no_such_host")}
    assert "Unhandled" not in crawled.log


def test_a_site_that_speaks_ipv6_alone_is_reached(crawled: Crawled) -> None:
    assert crawled.ends[f"http://[::1]:{crawled.six.port}/six"] == ("fetched", None)


def test_a_name_with_private_addresses_of_both_kinds_is_refused(crawled: Crawled) -> None:
    kinds = {kind for kind, *_ in socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)}
    assert socket.AF_INET in kinds  # and AF_INET6 on most machines
    assert crawled.ends[crawled.web.url("/near", "localhost")] == ("refused", "private_address")
    assert crawled.web.times_asked("/near") == 0


def test_no_cookie_comes_back(crawled: Crawled) -> None:
    asked = [*crawled.web.log, *crawled.other.log, *crawled.secure.log]
    assert crawled.web.times_asked("/a") == crawled.web.times_asked("/b") == 1
    assert [one.path for one in asked if "cookie" in one.headers] == []


def test_login_and_headers_from_environment_and_file_reach_their_own_origin_only(crawled: Crawled) -> None:
    here = next(one for one in crawled.web.log if one.path == "/here")
    assert (here.headers["authorization"], here.headers["x-key"]) == (BASIC, KEY)
    assert [one.path for one in crawled.other.log if {"authorization", "x-key"} & one.headers.keys()] == []
    assert crawled.other.times_asked("/landing") == 1


def test_secrets_do_not_go_from_https_to_http(crawled: Crawled) -> None:
    own, down = (next(one for one in crawled.secure.log if one.path == path) for path in ("/own", "/down"))
    assert own.headers["x-homemade"] == down.headers["x-homemade"] == KEY
    (plainly,) = (one for one in crawled.web.log if one.path == "/plainly")
    assert "x-homemade" not in plainly.headers
    # The source names that plain origin, too: asked there at first hand, it says its word.
    assert {one.headers.get("x-homemade") for one in crawled.web.log if one.path == "/nothing"} == {KEY}


def test_unverified_tls_is_for_the_source_that_says_so_and_recorded(crawled: Crawled) -> None:
    assert crawled.ends[crawled.secure.url("/own")] == ("fetched", None)
    assert crawled.ends[crawled.secure.url("/unverified")] == ("failed", "tls")
    recorded = crawled.site.rows("SELECT url, insecure_tls FROM raw_body JOIN page ON page.id = page_id")
    by_unverified_ways = {crawled.secure.url("/own"), crawled.secure.url("/down")}
    assert {url for url, insecure in recorded if insecure} == by_unverified_ways
    assert crawled.site.rows("SELECT name FROM source WHERE insecure_tls") == [("Homemade",)]


def test_unverified_tls_is_for_a_sources_own_hosts() -> None:
    source = SourceSettings(
        name="A", url="https://www.own-paper.com/", feeds=("http://feeds.own-feeds.org/a",), insecure_tls=True
    )
    rules = Rules([source])["A"]
    assert rules.is_unverified("https://own-paper.com/page")
    assert rules.is_unverified("https://own-feeds.org:8443/")
    assert not rules.is_unverified("https://else.org/")
    assert not rules.is_unverified("http://own-paper.com/")
    assert not Rules([source.model_copy(update={"insecure_tls": False})])["A"].is_unverified("https://own-paper.com/")


def test_a_proxy_is_used_by_the_source_that_names_it_and_learns_its_login_alone(crawled: Crawled) -> None:
    assert crawled.ends["http://far.example/far"] == ("fetched", None)
    assert crawled.ends["http://10.0.0.1/near"] == ("refused", "private_address")
    assert {one.headers.get("proxy-authorization") for one in crawled.proxy.log} == {PROXY_BASIC}
    assert {one.path for one in crawled.proxy.log} == {
        f"http://far.example/{path}" for path in ("robots.txt", "feed", "far")
    }
    others = [*crawled.web.log, *crawled.other.log, *crawled.six.log, *crawled.secure.log]
    assert [one.path for one in others if "proxy-authorization" in one.headers] == []


def test_no_secret_is_logged_or_stored(crawled: Crawled) -> None:
    words = ["s3cret", BASIC.split()[1], PROXY_BASIC.split()[1]]
    stored = b"".join(file.read_bytes() for file in crawled.site.folder.glob("news.db*"))
    assert [word for word in words if word in crawled.log or word.encode() in stored] == []


def test_a_running_crawl_and_its_workers_listen_nowhere(tmp_path: Path) -> None:
    looked: list[tuple[int, set[int]]] = []
    with Web() as web:

        def slow(_: Asked) -> bytes:
            processes = _family(process.pid)
            looked.append((len(processes), {pid for pid in processes if _listens(pid)}))
            return ARTICLE

        web.replies = {"/feed": page(rss(web.url("/a"))), "/a": slow}
        process = Site(web, tmp_path, [outlet(web)]).start()
        log, _ = process.communicate(timeout=60)
    ((count, listening),) = looked
    assert count >= 2, log  # the worker that read the feed is there
    assert listening == set()


def _family(pid: int) -> set[int]:
    """Return a process and all that came of it (Linux)."""
    children = [
        int(child) for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()
    ]
    return {pid}.union(*map(_family, children))


def _listens(pid: int) -> bool:
    """Tell whether a process has a listening socket (Linux: its descriptors against /proc/net)."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(str(descriptor.readlink()))
        except OSError:
            continue
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                return True
    return False


def test_the_look_for_listeners_can_find_one() -> None:
    with socket.create_server(("127.0.0.1", 0)):
        assert _listens(os.getpid())


HOSTS = ("slow.test", "asks.test")
POLITE = """
import json
import scrapy

class Polite(scrapy.Spider):
    name = "polite"
    custom_settings = {"AUTOTHROTTLE_START_DELAY": 0, "DOWNLOAD_DELAY": 0}

    async def start(self):
        for host in ("slow.test", "asks.test"):
            yield self.ask(host, "/1")

    def ask(self, host, path):
        return scrapy.Request(f"http://{host}:PORT{path}", meta={"source": host}, dont_filter=True)

    def parse(self, response):
        downloader = self.crawler.engine.downloader
        host = response.url.split("/")[2].split(":")[0]
        slot = downloader.slots[host]
        print("DELAY", json.dumps([host, response.url[-1], slot.delay, slot.jitter, slot.concurrency]))
        if response.url.endswith("/1"):
            slot.lastseen -= 1_000  # as after a long silence
            downloader._slot_gc()
            assert host not in downloader.slots
            yield self.ask(host, "/2")
"""


def test_a_hosts_delay_outlives_its_slot(tmp_path: Path) -> None:
    def slow(_: Asked) -> bytes:
        threading.Event().wait(1.0)  # the latency that AutoThrottle learns from
        return ARTICLE

    spider = tmp_path / "polite.py"
    with Web({"slow.test/1": slow, "/1": ARTICLE, "/2": ARTICLE}) as web:
        web.replies["asks.test/robots.txt"] = page("User-agent: *\nCrawl-delay: 1.5\n")
        spider.write_text(POLITE.replace("PORT", str(web.port)))
        site = Site(web, tmp_path, [outlet(web, host, host) for host in HOSTS], hosts=HOSTS)
        log = site.run_spider(spider)
    told = [json.loads(line.partition(" ")[2]) for line in log.splitlines() if line.startswith("DELAY")]
    delays = {(host, path): (delay, jitter, concurrency) for host, path, delay, jitter, concurrency in told}
    assert delays["slow.test", "2"][0] > 0.4, "half of what was learnt: the second answer came quickly"
    assert delays["asks.test", "1"] == delays["asks.test", "2"] == (1.5, 0.0, 1)
    robots, first, *_ = (one.time for one in web.log if one.host == "asks.test")
    assert first - robots > 1.4
