"""Whatever a server does, the page ends in a state with a reason, and the crawl goes on."""

import gzip
import threading
import zlib
from pathlib import Path

import pytest
from backports import zstd

from tests.crawler.crawl import Site, outlet
from tests.crawler.web import ARTICLE, Asked, Reply, Web, certificate, page, redirect, rss

BOMB = gzip.compress(b"\x00" * 40_000_000)
TEXT = "Wörter und Sätze. ".encode() * 50


def cut(head: str, body: bytes = b"half") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{head}\r\n\r\n".encode() + body


def endless(asked: Asked) -> None:
    asked.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while True:
        asked.send(b"x" * 65_536)


def silent(asked: Asked) -> None:
    asked.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12")
    threading.Event().wait(8)  # longer than the crawl waits


FAULTS: dict[str, tuple[Reply, str, str | None]] = {
    "/whole": (ARTICLE, "fetched", None),
    "/forbidden": (page("no", "403 Forbidden"), "failed", "http_403"),
    "/missing": (page("no", "404 Not Found"), "gone", "http_404"),
    "/withdrawn": (page("no", "410 Gone"), "gone", "http_410"),
    "/teapot": (page("no", "418 I'm a teapot"), "failed", "http_418"),
    "/broken": (page("no", "500 Oops"), "failed", "http_500"),
    "/odd-status": (page("no", "799 What"), "failed", "http_799"),
    "/not-modified-unasked": (b"HTTP/1.1 304 Not Modified\r\n\r\n", "failed", "http_304"),
    "/no-content": (b"HTTP/1.1 204 No Content\r\n\r\n", "failed", "http_204"),
    "/partial": (page("part", "206 Partial Content"), "failed", "http_206"),
    "/empty": (page(""), "failed", "empty_body"),
    "/short": (cut("Content-Length: 100"), "failed", "truncated_body"),
    "/chunk-cut": (cut("Transfer-Encoding: chunked", b"5\r\nhello\r\n"), "failed", "truncated_body"),
    "/no-answer": (b"", "failed", "connection_lost"),
    "/garbage": (b"\x16\x03\x01 nonsense\r\n\r\n", "failed", "connection_lost"),
    "/half-gzip": (page(gzip.compress(TEXT)[:-20], Content_Encoding="gzip"), "failed", "truncated_body"),
    "/half-zstd": (page(zstd.compress(TEXT)[:-8], Content_Encoding="zstd"), "failed", "truncated_body"),
    "/not-gzip": (page(TEXT, Content_Encoding="gzip"), "fetched", None),
    "/unknown-encoding": (page(TEXT, Content_Encoding="sdch"), "fetched", None),
    "/gzip": (page(gzip.compress(TEXT), Content_Encoding="gzip"), "fetched", None),
    "/twice": (page(gzip.compress(zlib.compress(TEXT)), Content_Encoding="deflate, gzip"), "fetched", None),
    "/bomb": (page(BOMB, Content_Encoding="gzip"), "refused", "too_large"),
    "/zstd-bomb": (page(zstd.compress(b"\x00" * 40_000_000), Content_Encoding="zstd"), "refused", "too_large"),
    "/endless": (endless, "refused", "too_large"),
    "/huge": (cut("Content-Length: 99999999999"), "refused", "too_large"),
    "/silent": (silent, "failed", "timeout"),
    "/rot13": (page(TEXT, content_type="text/html; charset=rot13"), "fetched", None),
    "/unicode-escape": (page(TEXT, content_type="text/html; charset=unicode_escape"), "fetched", None),
    "/no-type": (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nword", "fetched", None),
    "/no-length": (b"HTTP/1.1 200 OK\r\n\r\n" + TEXT, "fetched", None),
    "/odd-headers": (
        b"HTTP/1.1 200 OK\r\nNo colon here\r\nX-Nul: a\x00b\r\nX-Raw: \xff\xfe\r\nContent-Length: 4\r\n\r\nword",
        "fetched",
        None,
    ),
    "/self": (redirect("/self"), "failed", "redirect_to_itself"),
    "/ring-a": (redirect("/ring-b"), "failed", "redirect_loop"),
    "/ring-b": (redirect("/ring-a"), "failed", "redirect_loop"),
    "/nowhere": (page("", "302 Found"), "failed", "redirect_without_location"),
    "/to-file": (redirect("file:///etc/hostname"), "refused", "not_http"),
    "/to-script": (redirect("javascript:alert(1)"), "refused", "not_http"),
    "/to-nonsense": (redirect("http://[bad"), "refused", "unparsable"),
    "/maze/0": (redirect("/maze/1"), "failed", "redirect_limit"),
    "/to-umlaut": (redirect("/gr\u00fc\u00df-dich"), "fetched", None),
    "/members/secret": (ARTICLE, "refused", "robots"),
}
BY_THE_WAY: dict[str, Reply] = {
    **{f"/maze/{n}": redirect(f"/maze/{n + 1}") for n in range(1, 9)},
    "/gr%C3%BC%C3%9F-dich": ARTICLE,
    "/gr%FC%DF-dich": ARTICLE,
    "/robots.txt": page("User-agent: *\nDisallow: /members/\n", content_type="text/plain"),
}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str | None]]:
    with Web({path: reply for path, (reply, _, _) in FAULTS.items()} | BY_THE_WAY) as web:
        web.replies["/feed"] = page(rss(*(web.url(path) for path in FAULTS)), content_type="application/rss+xml")
        site = Site(web, tmp_path_factory.mktemp("faults"), [outlet(web)], crawl={"timeout": 3})
        site.run()
        assert "/members/secret" not in web.paths()
        return site.ends()


@pytest.mark.parametrize("path", FAULTS)
def test_every_answer_ends_in_a_state_with_its_reason(ended: dict[str, tuple[str, str | None]], path: str) -> None:
    _, state, reason = FAULTS[path]
    assert ended[path] == (state, reason)


def test_no_page_is_left_behind(ended: dict[str, tuple[str, str | None]]) -> None:
    assert ended.keys() == FAULTS.keys()


def test_a_host_that_does_not_answer_is_a_reason_too(tmp_path: Path) -> None:
    with Web() as web:
        links = ["http://127.0.0.1:1/refused", "http://unheard-of.test/", "http://user:secret@a.test/x"]
        web.replies["/feed"] = page(rss(*links))
        site = Site(web, tmp_path, [outlet(web)], hosts=("a.test",), crawl={"retry_pause": 0})
        site.run()
        ends = {url: end for url, *end in site.rows("SELECT url, state, reason FROM page")}
    assert ends["http://unheard-of.test/"] == ["failed", "no_such_host"]
    assert ends["http://127.0.0.1:1/refused"] == ["failed", "connection_refused"]
    assert ends["http://a.test/x"] == ["refused", "private_address"]


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with Web({"/a": ARTICLE}) as web, Web({"/a": ARTICLE}, tls=certificate(tmp_path)) as secure:
        web.replies["/feed"] = page(rss(secure.url("/a")))
        site = Site(web, tmp_path, [outlet(web)])
        site.run()
        assert site.rows("SELECT state, reason FROM page") == [("failed", "tls")]
        assert secure.log == []
