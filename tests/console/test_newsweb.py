"""The news web's server, asked over real sockets, its bad manners included."""

import gzip
import http.client
import re
import socket
import threading
import tomllib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import feedparser
import pytest

from console.newsweb import NewsWeb
from console.newsweb.check import servings
from console.newsweb.hostile import SPELLINGS
from console.newsweb.server import ADDRESS

BASE = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
MIB = 1 << 20


@pytest.fixture(name="web")
def running_web() -> Iterator[NewsWeb]:
    with NewsWeb(base=BASE) as web:
        yield web


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def get(web: NewsWeb, address: str, **headers: str) -> Answer:
    host, _, path = address.partition("/")
    connection = http.client.HTTPConnection(ADDRESS, web.port, timeout=30)
    try:
        asked = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", f"/{path}", headers={"Host": f"{host}:{web.port}", **asked})
        response = connection.getresponse()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    finally:
        connection.close()


def raw(web: NewsWeb, address: str, limit: int) -> bytes:
    """Whatever comes down the socket, up to ``limit`` bytes or the end."""
    host, _, path = address.partition("/")
    received = bytearray()
    with socket.create_connection((ADDRESS, web.port), timeout=30) as client:
        client.sendall(f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        while len(received) < limit and (chunk := client.recv(65536)):
            received += chunk
    return bytes(received)


def test_the_host_header_picks_the_outlet(web: NewsWeb) -> None:
    assert "Harbour Courier" in get(web, "harbour-courier.test/").text
    assert "潮見日報" in get(web, "shiomi.test/").text
    assert get(web, "elsewhere.test/").status == 421


def test_one_connection_carries_many_requests(web: NewsWeb) -> None:
    connection = http.client.HTTPConnection(ADDRESS, web.port, timeout=30)
    for path in ("/robots.txt", "/feeds/all.xml", "/nowhere"):
        connection.request("GET", path, headers={"Host": "harbour-courier.test"})
        connection.getresponse().read()
    connection.close()
    assert [request.status for request in web.log] == [200, 200, 404]
    assert all(request.complete for request in web.log)


def test_whole_servings_are_counted_by_address(web: NewsWeb) -> None:
    census = "brannock-ledger.test/news/pigeon-census/"
    for query in ("", "?utm_source=rss"):
        get(web, census + query)
    get(web, "northlight.test/story/tunnel-treaty-signed")  # 500
    raw(web, "grabber-daily.test/endless", MIB)
    assert servings(web.log) == {census: 2}


def test_stopping_leaves_no_thread_and_no_open_port() -> None:
    before = set(threading.enumerate())
    with NewsWeb() as web:
        lingering = socket.create_connection((ADDRESS, web.port))
        lingering.sendall(b"GET /endless HTTP/1.1\r\nHost: grabber-daily.test\r\n\r\n")
        assert lingering.recv(10)
    lingering.close()
    assert set(threading.enumerate()) == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((ADDRESS, web.port))


def test_a_taken_port_is_an_error_at_the_start(web: NewsWeb) -> None:
    with pytest.raises(OSError, match="in use"), NewsWeb(port=web.port):
        pass


def test_a_client_that_leaves_in_the_middle_disturbs_nobody(web: NewsWeb) -> None:
    assert len(raw(web, "grabber-daily.test/endless", MIB)) >= MIB
    assert get(web, "grabber-daily.test/robots.txt").status == 200


def test_a_feed_is_answered_by_304_until_it_changes(web: NewsWeb) -> None:
    feed = "harbour-courier.test/feeds/all.xml"
    first = get(web, feed)
    assert get(web, feed, If_None_Match=first.headers["etag"]).status == 304
    assert get(web, feed, If_Modified_Since=first.headers["last-modified"]).status == 304
    web.tick(BASE + timedelta(minutes=1))
    second = get(web, feed, If_None_Match=first.headers["etag"])
    assert second.status == 200
    assert parsedate_to_datetime(second.headers["last-modified"]) == BASE + timedelta(minutes=1)
    unchanged = get(web, "vechirka.test/rss.xml")
    assert get(web, "vechirka.test/rss.xml", If_None_Match=unchanged.headers["etag"]).status == 304
    assert [request.conditional for request in web.log].count(True) == 4


def test_the_tick_updates_one_article_and_adds_another(web: NewsWeb) -> None:
    updated, added = "harbour-courier.test/coast/marigold-ferry-fire", "northlight.test/story/brannock-boat-commuters"
    assert "cracked fuel pipe" not in get(web, updated).text
    assert get(web, added).status == 404
    web.tick()
    assert web.phase == 2
    assert "cracked fuel pipe" in get(web, updated).text
    assert get(web, added).status == 200
    entry = feedparser.parse(get(web, "harbour-courier.test/feeds/all.xml").body).entries[0]
    assert entry.link == web.url("harbour-courier.test", "/coast/marigold-ferry-fire")


def test_some_pages_fail_once_and_recover(web: NewsWeb) -> None:
    assert [get(web, "northlight.test/story/tunnel-treaty-signed").status for _ in range(3)] == [500, 200, 200]
    limited = [get(web, "wexcombe-gazette.test/news/legionnaires-corn-street-baths/") for _ in range(2)]
    assert [answer.status for answer in limited] == [429, 200]
    assert limited[0].headers["retry-after"] == "1"


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_redirects_lead_to_the_trap_which_remembers(web: NewsWeb, spelling: str) -> None:
    answer = get(web, f"grabber-daily.test/go/{spelling}")
    assert answer.status == 302
    assert answer.headers["location"] == f"http://{SPELLINGS[spelling]}:{web.trap_port}/inside"
    assert web.trap_hits == []
    socket.create_connection((ADDRESS, web.trap_port)).close()
    assert len(web.trap_hits) == 1


def test_redirects_that_end_nowhere(web: NewsWeb) -> None:
    assert get(web, "grabber-daily.test/self").headers["location"] == web.url("grabber-daily.test", "/self")
    ring = ["/maze/0"]
    for _ in range(3):
        location = get(web, f"grabber-daily.test{ring[-1]}").headers["location"]
        ring.append(location.removeprefix(web.url("grabber-daily.test", "")))
    assert ring == ["/maze/0", "/maze/1", "/maze/2", "/maze/0"]


def test_small_parcels_unpack_to_more_than_a_crawl_may_read(web: NewsWeb) -> None:
    parcel = get(web, "grabber-daily.test/bomb/gzip")
    assert parcel.headers["content-encoding"] == "gzip"
    assert len(parcel.body) < MIB
    assert len(zlib.decompressobj(wbits=31).decompress(parcel.body, 9 * MIB)) == 9 * MIB
    smaller = get(web, "grabber-daily.test/bomb/zstd")
    assert smaller.headers["content-encoding"] == "zstd"
    assert len(smaller.body) < MIB


def test_a_body_may_be_shorter_than_it_says(web: NewsWeb) -> None:
    with pytest.raises(http.client.IncompleteRead):
        get(web, "grabber-daily.test/cut-short")
    assert not web.log[-1].complete
    with pytest.raises(EOFError):
        gzip.decompress(get(web, "grabber-daily.test/half-gzip").body)


def test_pages_that_cost_a_parser_dearly(web: NewsWeb) -> None:
    assert get(web, "grabber-daily.test/attributes").body.count(b" data-a") == 100_000
    assert get(web, "grabber-daily.test/nested").body.count(b"<div>") == 200_000


def test_a_lying_charset_over_honest_bytes(web: NewsWeb) -> None:
    answer = get(web, "grabber-daily.test/stories/rot13")
    assert answer.headers["content-type"] == "text/html; charset=rot13"
    assert "Dunmarsh town hall" in answer.text


def test_a_script_in_a_title_is_text(web: NewsWeb) -> None:
    page = get(web, "grabber-daily.test/stories/script-in-the-title").text
    assert "<title>&lt;script&gt;alert" in page
    assert "<script>alert" not in page


def test_robots_are_told_what_is_not_for_them(web: NewsWeb) -> None:
    assert "Disallow: /members/" in get(web, "capital-standard.test/robots.txt").text
    assert "/members/0007.htm" in get(web, "capital-standard.test/rss/standard.rdf").body.decode("cp1252")
    assert "Crawl-delay: 0.2" in get(web, "tolland-times.test/robots.txt").text


def test_the_configuration_names_every_outlet_as_a_source(web: NewsWeb) -> None:
    configuration = tomllib.loads(web.config_toml("sqlite:///x.db"))
    assert configuration["database"] == "sqlite:///x.db"
    assert {source["url"] for source in configuration["source"]} == {web.url(host) for host in web.content.outlets}
    assert all(source["allow_private"] for source in configuration["source"])
    assert len({source["owner"] for source in configuration["source"]}) == len(configuration["source"]) - 1


def test_times_follow_the_web_s_own_now(web: NewsWeb) -> None:
    page = get(web, "harbour-courier.test/coast/marigold-ferry-fire").text
    stated = re.search(r'<time datetime="([^"]+)"', page)
    assert stated
    assert datetime.fromisoformat(stated[1]) == BASE - timedelta(minutes=3050)
