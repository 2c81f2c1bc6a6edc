"""Nothing but public addresses is connected to, however the address is spelt and whichever way the link came."""

import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.fetching.guard import is_public
from foundation.urls import url_key
from tests.crawler.crawl import Site, outlet
from tests.crawler.observed import Observed
from tests.crawler.web import ARTICLE, Web, page, redirect, rss

OUTLET = "outlet.test"
LOSSY = "lossy.test"
INTRANET = "intranet.test"
SPELLINGS = [
    "127.0.0.1",
    "localhost",
    "2130706433",
    "0177.0.0.1",
    "0x7f.1",
    "127.1",
    "0.0.0.0",
    "①②⑦.⓪.⓪.①",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
    INTRANET,
]


@contextmanager
def trap() -> Iterator[tuple[int, list[object]]]:
    """A port that nobody may ever connect to, on every spelling of this machine."""
    caught: list[object] = []
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, peer = listener.accept()
                except OSError:
                    return
                caught.append(peer)
                connection.close()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1], caught
        listener.shutdown(socket.SHUT_RDWR)


def sitemap(*urls: str) -> str:
    """A sitemap of these pages."""
    return f"<urlset>{''.join(f'<url><loc>{url}</loc></url>' for url in urls)}</urlset>"


def index(*urls: str) -> str:
    """A sitemap index of these sitemaps."""
    return f"<sitemapindex>{''.join(f'<sitemap><loc>{url}</loc></sitemap>' for url in urls)}</sitemapindex>"


def refreshing(url: str) -> bytes:
    """A page that sends its reader on."""
    return page(f'<html><head><meta http-equiv="refresh" content="0;url={url}"></head></html>')


def dated(links: Sequence[str], hours: int) -> bytes:
    """A feed whose entries came up so many hours ago."""
    date = format_datetime(datetime.now(UTC) - timedelta(hours=hours))
    return page(rss(*links, dates=dict.fromkeys(links, date)))


@dataclass
class Entrances:
    """A web all of whose ways lead to ``port`` under every spelling of this machine, and a crawl of it."""

    web: Web
    port: int
    ways: list[str] = field(default_factory=list)

    def spelt(self, path: str) -> list[str]:
        return [f"http://{spelling}:{self.port}/{path}" for spelling in SPELLINGS]

    def lay(self) -> list[dict[str, Any]]:
        """Put up the pages; return the sources."""
        web = self.web
        replies: dict[str, Callable[[str], bytes]] = {
            "go": redirect,
            "go-for-ever": lambda url: redirect(url, "308 Permanent Redirect"),
            "refresh": refreshing,
            "refresh-header": lambda url: page("wait", Refresh=f"0; url={url}"),
            "map": redirect,
        }
        for number, url in enumerate(self.spelt("reached")):
            web.replies |= {f"/{way}/{number}": reply(url) for way, reply in replies.items()}
            web.replies[f"/slow/{number}"] = redirect(f"/go/{number}")
        numbers = range(len(SPELLINGS))
        self.ways = [web.url(f"/{way}/{n}", OUTLET) for way in (*replies, "slow") if way != "map" for n in numbers]
        maps = [web.url(f"/map/{n}", OUTLET) for n in numbers]
        web.replies["/feed"] = page(rss(*self.spelt("feed-link"), *self.ways))
        web.replies["/sitemap.xml"] = page(sitemap(*self.spelt("loc")))
        web.replies["/index.xml"] = page(index(*self.spelt("child"), *maps))
        web.replies["/section"] = page(
            "".join(f'<a href="{url}">A long enough title</a>' for url in self.spelt("2026/link-of-a-section"))
        )
        web.replies[f"{LOSSY}/feed"] = dated([web.url(f"/a/{n}", LOSSY) for n in range(5)], hours=9)
        web.replies[f"{LOSSY}/robots.txt"] = page("\n".join(f"Sitemap: {url}" for url in self.spelt("robots")))
        sitemaps = [web.url(path, OUTLET) for path in ("/sitemap.xml", "/index.xml")]
        return [
            outlet(web, host=OUTLET, sitemaps=sitemaps, sections=[web.url("/section", OUTLET)]),
            {"name": "Prowler", "url": web.url("/", OUTLET), "feeds": self.spelt("feed")},
            outlet(web, "Lossy", LOSSY),
        ]

    def turn_over(self, site: Site) -> None:
        """Let the feed of one source list nothing that it listed before, and be due again."""
        self.web.replies[f"{LOSSY}/feed"] = dated([self.web.url(f"/a/{n}", LOSSY) for n in range(50, 55)], hours=1)
        connection = sqlite3.connect(site.database)
        with connection:
            connection.execute("UPDATE feed SET next_poll_at = '2026-01-01T00:00:00.000Z'")
        connection.close()


def test_private_addresses_are_refused_at_every_entrance_and_nothing_is_sent(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    with Web({f"/a/{n}": ARTICLE for n in range(60)}) as web, trap() as (port, caught):
        entrances = Entrances(web, port)
        sources = entrances.lay()
        hosts = (OUTLET, INTRANET, LOSSY)
        site = Site(web, tmp_path, sources, hosts=hosts, environment=observed.environment)
        site.run()
        entrances.turn_over(site)
        site.run()
        gaps = site.rows("SELECT reason FROM gap")
        site.discover(tmp_path / "found")
        assert caught == []
        assert observed.connected() == {("127.0.0.1", web.port)}

    ends = {url: (state, reason) for url, state, reason in site.rows("SELECT url, state, reason FROM page")}
    refused = {url for url in ends if f":{port}/" in url} | set(entrances.ways)
    assert {ends[url] for url in refused} == {("refused", "private_address")}
    for path in ("feed-link", "loc"):
        assert {url_key(url) for url in entrances.spelt(path)} <= set(map(url_key, refused)), path
    polls = site.rows(
        "SELECT source.name, poll.outcome, poll.error FROM poll JOIN feed ON feed.id = feed_id"
        " JOIN source ON source.id = source_id"
    )
    words = {(outcome, error.split(":")[0]) for name, outcome, error in polls if name == "Prowler"}
    assert words == {("refused", "the address is not public")}
    assert len(gaps) == 1
    assert "not public" in gaps[0][0]
    assert web.times_asked("/index.xml") > 0


def test_a_canonical_that_names_a_private_address_is_not_believed_and_not_fetched(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    with Web() as web, trap() as (port, caught):
        for number, spelling in enumerate(SPELLINGS):
            url = f"http://{spelling}:{port}/canonical"
            claims = f'<link rel="canonical" href="{url}"><link rel="amphtml" href="{url}">'
            claims += f'<meta property="og:url" content="{url}">'
            text = "".join(f"<p>Paragraph {n} of article {number} says something of its own.</p>" for n in range(12))
            head = f"<head><title>Article {number}</title>{claims}</head>"
            web.replies[f"/news/{number}"] = page(f"<html>{head}<body><article>{text}</article></body></html>")
        links = [web.url(f"/news/{n}", OUTLET) for n in range(len(SPELLINGS))]
        web.replies["/feed"] = page(rss(*links))
        site = Site(
            web, tmp_path, [outlet(web, host=OUTLET)], hosts=(OUTLET, INTRANET), environment=observed.environment
        )
        site.run(keep_only=False)
        assert caught == []
        assert observed.connected() == {("127.0.0.1", web.port)}
        assert {url for (url,) in site.rows("SELECT url FROM article")} == set(links)
        assert {url for (url,) in site.rows("SELECT url FROM page")} == set(links)


def test_a_private_source_reaches_its_own_hosts_only(tmp_path: Path) -> None:
    with Web({"/own": ARTICLE, "/other": ARTICLE}) as web:
        web.replies["outlet.test/feed"] = page(rss(web.url("/own", OUTLET), web.url("/other", "neighbour.test")))
        web.replies["neighbour.test/feed"] = page(rss(web.url("/own", "neighbour.test")))
        sources = [outlet(web, "Outlet", OUTLET), outlet(web, "Neighbour", "neighbour.test")]
        site = Site(web, tmp_path, sources, hosts=(OUTLET, "neighbour.test"))
        site.run()
        ends = dict(site.rows("SELECT url, state FROM page"))
    assert ends[web.url("/own", OUTLET)] == "fetched"
    assert ends[web.url("/own", "neighbour.test")] == "fetched"
    # The neighbour's connections are there to be used again; the outlet must not get hold of one.
    assert ends[web.url("/other", "neighbour.test")] == "refused"


def test_the_environment_cannot_lead_around_the_guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Web() as web, trap() as (port, caught):
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        web.replies["/feed"] = page(rss(web.url("/a")))
        web.replies["/a"] = ARTICLE
        site = Site(web, tmp_path, [outlet(web)])
        site.run()
        assert site.ends() == {"/a": ("fetched", None)}
        assert caught == []


def test_secret_headers_do_not_follow_a_redirect_to_another_origin(tmp_path: Path) -> None:
    with Web() as web, Web({"/landing": ARTICLE}) as other:
        web.replies["/feed"] = page(rss(web.url("/away"), web.url("/here")))
        web.replies["/away"] = redirect(other.url("/landing"))
        web.replies["/here"] = ARTICLE
        source = outlet(web, headers={"Authorization": "Bearer s3cret"}, user_agent="press-review/1")
        site = Site(web, tmp_path, [source])
        log = site.run()
        assert {asked.headers.get("authorization") for asked in web.log} == {"Bearer s3cret"}
        assert [asked.headers.get("authorization") for asked in other.log] == [None] * len(other.log)
        assert "/landing" in other.paths()
        assert {asked.headers["user-agent"] for asked in web.log} == {"press-review/1"}
        assert "s3cret" not in log
        assert b"s3cret" not in site.database.read_bytes()


@pytest.mark.parametrize(
    "address",
    [
        *(
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.1.1",
            "192.0.0.8",
        ),
        *("198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fec0::1"),
        *("ff02::1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:a00:1::", "2001:0:1::1", "::7f00:1"),
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::"]
)
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_wrapping_an_address_changes_nothing(address: IPv4Address) -> None:
    mapped = IPv6Address(int(IPv6Address("::ffff:0:0")) + int(address))
    nat64 = IPv6Address(int(IPv6Address("64:ff9b::")) + int(address))
    six_to_four = IPv6Address((0x2002 << 112) + (int(address) << 80))
    assert {is_public(mapped), is_public(nat64), is_public(six_to_four)} == {is_public(address)}
