"""Nothing but public addresses is connected to, however the address is spelt and whichever way the link came."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.guard import is_public
from tests.crawler.crawl import Site, outlet
from tests.crawler.web import ARTICLE, Web, page, redirect, rss

OUTLET = "outlet.test"
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


def test_private_addresses_are_refused_at_every_entrance(tmp_path: Path) -> None:
    with Web() as web, trap() as (port, caught):
        direct = [f"http://{spelling}:{port}/direct" for spelling in SPELLINGS]
        for number, spelling in enumerate(SPELLINGS):
            web.replies[f"/go/{number}"] = redirect(f"http://{spelling}:{port}/redirected")
            web.replies[f"/go-slow/{number}"] = redirect(f"/go/{number}")
        ways = [web.url(f"/{way}/{n}", OUTLET) for way in ("go", "go-slow") for n in range(len(SPELLINGS))]
        web.replies["/feed"] = page(rss(*direct, *ways))
        prowler = {
            "name": "Prowler",
            "url": web.url("/", OUTLET),
            "feeds": [f"http://{spelling}:{port}/feed" for spelling in SPELLINGS],
        }
        site = Site(web, tmp_path, [outlet(web, host=OUTLET), prowler], hosts=(OUTLET, INTRANET))
        site.run()
        assert caught == []
        ends = site.rows("SELECT url, state, reason FROM page")
        assert [
            (url, state, reason) for url, state, reason in ends if (state, reason) != ("refused", "private_address")
        ] == []
        assert len(ends) >= 2 * len(SPELLINGS) + 6  # five spellings are one canonical address
        polls = site.rows(
            "SELECT poll.outcome, poll.error FROM poll JOIN feed ON feed.id = feed_id"
            " JOIN source ON source.id = source_id WHERE source.name = 'Prowler'"
        )
        assert set(polls) == {("refused", "private_address")}


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
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.1.1", "172.16.0.1", "192.168.1.1", "192.0.0.8"),
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
