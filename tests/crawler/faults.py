"""What servers do wrong, and how a page must end that meets it: a path, an answer, a state and a reason for each."""

import gzip
import random
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from typing import TypeAlias

import brotli  # type: ignore[import-untyped]
from backports import zstd

from tests.crawler.web import ARTICLE, Asked, Reply, page, redirect

Fault: TypeAlias = tuple[Reply, str, str | None]

LIMIT = 8 * 1024 * 1024
TIMEOUT = 6.0  # that the crawl is given: three were too few for 8 MB on a machine with much else to do
TEXT = "Wörter und Sätze. ".encode() * 50
OK = b"HTTP/1.1 200 OK\r\n"
FETCHED: tuple[str, None] = ("fetched", None)
NOTHING: tuple[str, str] = ("failed", "connection_lost")
MALFORMED = ("failed", "malformed_answer")
CUT = ("failed", "truncated_body")
HEAVY = ("failed", "headers_too_large")
LARGE = ("refused", "too_large")


def head(*lines: str | bytes, body: bytes = b"word", status: bytes = OK) -> bytes:
    """An answer with exactly these header lines."""
    encoded = [line.encode("latin-1") if isinstance(line, str) else line for line in lines]
    return status + b"".join(line + b"\r\n" for line in encoded) + b"\r\n" + body


def endless(start: bytes, more: bytes) -> Callable[[Asked], None]:
    """An answer that goes on until nobody listens any more."""

    def answer(asked: Asked) -> None:
        asked.send(start)
        while True:
            asked.send(more)

    return answer


def trickling(start: bytes) -> Callable[[Asked], None]:
    """An answer whose bytes come too slowly to be waited for, and never stop coming."""

    def answer(asked: Asked) -> None:
        asked.send(start)
        for _ in _ticks(0.1, TIMEOUT * 2):
            asked.send(b"a")

    return answer


def silent(asked: Asked) -> None:
    """Say the beginning and no more, for longer than the crawl waits."""
    asked.send(OK + b"Content-Length: 10\r\n\r\n12")
    threading.Event().wait(TIMEOUT * 2)


def reset(start: bytes) -> Callable[[Asked], None]:
    """Break the connection as a crash does, once ``start`` has arrived."""

    def answer(asked: Asked) -> None:
        asked.send(start)
        threading.Event().wait(0.3)  # a reset overtakes what was not read yet
        asked.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        asked.connection.close()

    return answer


def _ticks(every: float, until: float) -> Iterator[float]:
    end = time.monotonic() + until
    while time.monotonic() < end:
        threading.Event().wait(every)
        yield every


def packed(body: bytes, encoding: str, content_type: str = "text/html; charset=utf-8") -> bytes:
    """A whole page with this Content-Encoding."""
    return page(body, content_type=content_type, Content_Encoding=encoding)


def chunked(body: bytes) -> bytes:
    """An answer in chunks, whose framing is in ``body``."""
    return head("Transfer-Encoding: chunked", body=body)


def raw_deflate(data: bytes) -> bytes:
    """Deflate without zlib's frame."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def wide_zstd(data: bytes) -> bytes:
    """A small body that asks for a window of 128 MB."""
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    return packer.compress(data) + packer.flush()


def broken(data: bytes) -> bytes:
    """The same bytes, wrong in the middle."""
    middle = len(data) // 2
    return data[:middle] + bytes(255 - byte for byte in data[middle : middle + 40]) + data[middle + 40 :]


def gzipped(data: bytes, times: int) -> bytes:
    """Gzip in gzip."""
    for _ in range(times):
        data = gzip.compress(data)
    return data


def refreshing(content: str) -> bytes:
    """A page that sends its reader on."""
    return page(f'<html><head><META HTTP-EQUIV="Refresh" CONTENT="{content}"></head><body>wait</body></html>')


VARIED = b"".join(zlib.crc32(bytes([n % 251, n // 251])).to_bytes(4, "big").hex().encode() for n in range(20_000))
BOMB = b"\x00" * 40_000_000

STATUS: dict[str, Fault] = {
    "/whole": (ARTICLE, *FETCHED),
    "/forbidden": (page("no", "403 Forbidden"), "failed", "http_403"),
    "/missing": (page("no", "404 Not Found"), "gone", "http_404"),
    "/withdrawn": (page("no", "410 Gone"), "gone", "http_410"),
    "/teapot": (page("no", "418 I'm a teapot"), "failed", "http_418"),
    "/broken": (page("no", "500 Oops"), "failed", "http_500"),
    "/status-799": (page("no", "799 What"), "failed", "http_799"),
    "/status-999": (page("no", "999 Denied"), "failed", "http_999"),
    "/status-600": (page("no", "600 ?"), "failed", "http_600"),
    "/status-0": (page("no", "0 Nothing"), "failed", "http_0"),
    "/status-1000": (page("no", "1000 Much"), *MALFORMED),
    "/status-minus": (page("no", "-200 OK"), *MALFORMED),
    "/status-long": (page("no", "2" * 4_000 + " OK"), *MALFORMED),
    "/status-word": (page("no", "fine OK"), *MALFORMED),
    "/no-phrase": (page(TEXT, "200"), *FETCHED),
    "/two-spaces": (page("no", " 200 OK"), *MALFORMED),
    "/not-modified-unasked": (b"HTTP/1.1 304 Not Modified\r\n\r\n", "failed", "http_304"),
    "/no-content": (b"HTTP/1.1 204 No Content\r\n\r\n", "failed", "http_204"),
    "/no-content-with-body": (page(TEXT, "204 No Content"), "failed", "http_204"),
    "/reset-content": (page("", "205 Reset Content"), "failed", "http_205"),
    "/partial": (page("part", "206 Partial Content"), "failed", "http_206"),
    "/choices": (page("many", "300 Multiple Choices"), "failed", "http_300"),
    "/use-proxy": (redirect("/whole", "305 Use Proxy"), "failed", "http_305"),
    "/status-399": (redirect("/whole", "399 ?"), "failed", "http_399"),
    "/old-version": (b"HTTP/1.0 200 OK\r\n\r\n" + TEXT, *FETCHED),
    "/version-9": (b"HTTP/9.9 200 OK\r\nContent-Length: 4\r\n\r\nword", *FETCHED),
    "/version-2": (b"HTTP/2 200 OK\r\nContent-Length: 4\r\n\r\nword", *MALFORMED),
    "/icecast": (b"ICY/1.0 200 OK\r\nContent-Length: 4\r\n\r\nword", *MALFORMED),
    "/8-bit-version": (b"\xff\xfe/1.1 200 OK\r\nContent-Length: 4\r\n\r\nword", *MALFORMED),
    "/http-0.9": (b"<html><p>No status line, as in 1991.</p></html>\n", *MALFORMED),
    "/http2-preface": (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64", *NOTHING),
    "/garbage": (b"\x16\x03\x01 nonsense\r\n\r\n", *MALFORMED),
    "/no-answer": (b"", *NOTHING),
    "/reset-at-once": (reset(b""), *NOTHING),
    "/status-only": (OK, *NOTHING),
    "/half-a-head": (OK + b"Content-Ty", *NOTHING),
    "/continue-thrice": (b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + ARTICLE, *FETCHED),
    "/early-hints": (b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + ARTICLE, *FETCHED),
    "/continue-flood": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), *HEAVY),
    "/upgrade": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n\x00\x00\x12\x04", *NOTHING),
}
HEADERS: dict[str, Fault] = {
    "/headers-endless": (endless(OK, b"X-More: and more\r\n" * 1_000), *HEAVY),
    "/headers-10000": (head(*(f"X-{n}: {n}" for n in range(10_000))), *HEAVY),
    "/headers-150": (head(*(f"X-{n}: {n}" for n in range(150)), "Content-Length: 4"), *FETCHED),
    "/header-1-mb": (head("X-Long: " + "x" * 1_000_000, "Content-Length: 4"), *HEAVY),
    "/header-60-kb": (head("Content-Security-Policy: " + "x" * 60_000, "Content-Length: 4"), *FETCHED),
    "/header-without-end": (endless(OK + b"X-Long: ", b"x" * 65_536), *HEAVY),
    "/folded": (head("X-Folded: one", " two", "\tthree", "Content-Length: 4"), *FETCHED),
    "/folded-without-end": (endless(OK + b"X-Folded: one\r\n", b" more\r\n" * 1_000), *HEAVY),
    "/cookies-many": (head(*(f"Set-Cookie: c{n}={'x' * 500}" for n in range(150)), "Content-Length: 4"), *FETCHED),
    "/cookies-flood": (head(*(f"Set-Cookie: c{n}={'x' * 4_000}" for n in range(5_000))), *HEAVY),
    "/etag-1-mb": (page(TEXT, ETag='"' + "e" * 1_000_000 + '"'), *HEAVY),
    "/etag-50-kb": (page(TEXT, ETag='"' + "e" * 50_000 + '"'), *FETCHED),
    "/etag-odd": (head(b'ETag: "a\x00\xff\rX: y"', "Content-Length: 4"), *FETCHED),
    "/modified-never": (page(TEXT, Last_Modified="Thu, 99 Foo 9999 99:99:99 GMT"), *FETCHED),
    "/odd-headers": (head("No colon here", "X-Nul: a\x00b", b"X-Raw: \xff\xfe", "Content-Length: 4"), *FETCHED),
    "/no-names": (head(": nothing", " : blank", "Content-Length: 4"), *FETCHED),
    "/retry-minus": (page("", "503 Busy", Retry_After="-5"), "failed", "http_503"),
    "/retry-someday": (page("", "503 Busy", Retry_After="someday"), "failed", "http_503"),
}
# Their sources are left alone for a day: each has one of its own.
LONG_PAUSES: dict[str, Fault] = {
    "/retry-year-9999": (page("", "503 Busy", Retry_After="Fri, 31 Dec 9999 23:59:59 GMT"), "failed", "http_503"),
    "/retry-huge": (page("", "429 Many", Retry_After="9" * 5_000), "failed", "http_429"),
}
LENGTH: dict[str, Fault] = {
    "/empty": (page(""), "failed", "empty_body"),
    "/short": (head("Content-Length: 100"), *CUT),
    "/too-much": (head("Content-Length: 2"), *FETCHED),
    "/no-length": (head(body=TEXT), *FETCHED),
    "/no-type": (head("Content-Length: 4"), *FETCHED),
    "/length-minus": (head("Content-Length: -4"), *MALFORMED),
    "/length-word": (head("Content-Length: four"), *MALFORMED),
    "/length-hex": (head("Content-Length: 0x4"), *MALFORMED),
    "/length-digits": (head("Content-Length: " + "9" * 5_000), *MALFORMED),
    "/length-twice": (head("Content-Length: 4", "Content-Length: 4"), *FETCHED),
    "/lengths-differ": (head("Content-Length: 4", "Content-Length: 5"), *MALFORMED),
    "/length-and-chunks": (
        head("Content-Length: 3", "Transfer-Encoding: chunked", body=b"4\r\nword\r\n0\r\n\r\n"),
        *FETCHED,
    ),
    "/unknown-transfer": (head("Transfer-Encoding: gzip"), *MALFORMED),
    "/chunk-cut": (chunked(b"5\r\nhello\r\n"), *CUT),
    "/chunk-size-word": (chunked(b"5\r\nhello\r\nzz\r\nworld\r\n0\r\n\r\n"), *CUT),
    "/chunk-size-minus": (chunked(b"-5\r\nhello\r\n0\r\n\r\n"), *CUT),
    "/chunk-size-huge": (chunked(b"ffffffffffffffffff\r\nhello"), *CUT),
    "/chunk-size-long": (endless(chunked(b""), b"0" * 65_536), *CUT),
    "/chunk-unended": (chunked(b"5\r\nhelloXX5\r\nworld\r\n0\r\n\r\n"), *CUT),
    "/trailers-endless": (endless(chunked(b"5\r\nhello\r\n0\r\n"), b"X-More: and more\r\n" * 1_000), *CUT),
    "/reset-midway": (reset(head("Content-Length: 100")), *CUT),
    "/reset-without-length": (reset(head()), *CUT),
    "/silent": (silent, "failed", "timeout"),
    "/trickling-head": (trickling(OK + b"X-Slow: "), "failed", "timeout"),
    "/trickling-body": (trickling(head()), "failed", "timeout"),
    "/trickling-chunks": (trickling(chunked(b"ffff\r\n")), "failed", "timeout"),
    "/8-mb": (lambda _: page(b"x" * LIMIT), *FETCHED),
    "/8-mb-and-one": (lambda _: page(b"x" * (LIMIT + 1)), *LARGE),
    "/8-mb-and-one-unsaid": (lambda _: head(body=b"x" * (LIMIT + 1)), *LARGE),
    "/endless": (endless(head(), b"x" * 65_536), *LARGE),
    "/endless-chunks": (endless(chunked(b""), b"8000\r\n" + b"x" * 0x8000 + b"\r\n"), *LARGE),
    "/huge": (head("Content-Length: 99999999999"), *LARGE),
    "/two-answers": (head("Content-Length: 4", body=b"word" + page("another")), *FETCHED),
}
PACKING: dict[str, Fault] = {
    "/gzip": (packed(gzip.compress(TEXT), "gzip"), *FETCHED),
    "/gzip-shouted": (packed(gzip.compress(TEXT), "GZIP"), *FETCHED),
    "/deflate-raw": (packed(raw_deflate(TEXT), "deflate"), *FETCHED),
    "/twice": (packed(gzip.compress(zlib.compress(TEXT)), "deflate, gzip"), *FETCHED),
    "/thrice": (packed(gzipped(TEXT, 3), "gzip, gzip, gzip"), *FETCHED),
    "/ten-times": (packed(gzipped(TEXT, 10), ", ".join(["gzip"] * 10)), "failed", "wrongly_packed"),
    "/gzip-and-noise": (packed(gzip.compress(TEXT) + b"noise", "gzip"), *FETCHED),
    "/not-gzip": (packed(TEXT, "gzip"), *FETCHED),
    "/not-brotli": (packed(TEXT, "br"), *FETCHED),
    "/not-zstd": (packed(TEXT, "zstd"), *FETCHED),
    "/unknown-encoding": (packed(TEXT, "sdch"), *FETCHED),
    "/encoding-nonsense": (packed(TEXT, ",,;=,\x7f"), *FETCHED),
    "/half-gzip": (packed(gzip.compress(VARIED)[:9_000], "gzip"), *CUT),
    "/half-deflate": (packed(zlib.compress(VARIED)[:9_000], "deflate"), *CUT),
    "/half-brotli": (packed(brotli.compress(VARIED)[:9_000], "br"), *CUT),
    "/half-zstd": (packed(zstd.compress(TEXT)[:-8], "zstd"), *CUT),
    "/broken-gzip": (packed(broken(gzip.compress(VARIED)), "gzip"), *CUT),
    "/wrong-checksum": (packed(gzip.compress(TEXT)[:-8] + b"\x00" * 8, "gzip"), "failed", "wrongly_packed"),
    "/half-and-packed": (
        head("Content-Length: 9999", "Content-Encoding: gzip", body=gzip.compress(VARIED)[:999]),
        *CUT,
    ),
    "/wide-zstd": (packed(wide_zstd(TEXT), "zstd"), "failed", "wrongly_packed"),
    "/bomb": (packed(gzip.compress(BOMB), "gzip"), *LARGE),
    "/bomb-in-bomb": (packed(gzip.compress(gzip.compress(BOMB)), "gzip, gzip"), *LARGE),
    "/zstd-bomb": (packed(zstd.compress(BOMB), "zstd"), *LARGE),
    "/brotli-bomb": (packed(brotli.compress(BOMB, quality=5), "br"), *LARGE),
}
ODD_CHARSETS = ("rot13", "unicode_escape", "zlib", "idna", "utf-99", "", '"', "x" * 1_000, "a\x00b")
CHARSETS: dict[str, Fault] = {
    **{
        f"/charset/{n}": (page(TEXT, content_type=f"text/html; charset={name}"), *FETCHED)
        for n, name in enumerate(ODD_CHARSETS)
    },
    "/charset-packed": (packed(gzip.compress(TEXT), "gzip", "text/html; charset=rot13"), *FETCHED),
    "/charset-escape-packed": (packed(gzip.compress(TEXT), "gzip", "text/html; charset=unicode_escape"), *FETCHED),
    "/utf-16-without-mark": (page("Ein Satz.".encode("utf-16-le"), content_type="text/html; charset=utf-16"), *FETCHED),
    "/nul-bytes": (page(b"<html>\x00\x00" + TEXT + b"\x00"), *FETCHED),
    "/odd-types": (page(TEXT, content_type="text/html;;; =; a=b=c, image/png"), *FETCHED),
}
REDIRECTS: dict[str, Fault] = {
    "/self": (redirect("/self"), "failed", "redirect_to_itself"),
    "/ring-a": (redirect("/ring-b"), "failed", "redirect_loop"),
    "/nowhere": (page("", "302 Found"), "failed", "redirect_without_location"),
    "/blank": (redirect("   "), "failed", "redirect_without_location"),
    "/to-file": (redirect("file:///etc/hostname"), "refused", "not_http"),
    "/to-script": (redirect("javascript:alert(1)"), "refused", "not_http"),
    "/to-data": (redirect("data:text/html,<p>text"), "refused", "not_http"),
    "/to-ftp": (redirect("ftp://127.0.0.1/a"), "refused", "not_http"),
    "/to-nonsense": (redirect("http://[bad"), "refused", "unparsable"),
    "/to-length": (redirect("/" + "a" * 9_000), "refused", "too_long"),
    "/to-great-length": (redirect("/" + "a" * 150_000), *HEAVY),
    "/to-bad-port": (redirect("http://127.0.0.1:25/a"), "refused", "bad_port"),
    "/maze/0": (redirect("/maze/1"), "failed", "redirect_limit"),
    "/to-umlaut": (redirect("/gr\u00fc\u00df-dich"), *FETCHED),
    "/to-8-bit": (
        head(b"Location: /caf\xe9", "Content-Length: 0", status=b"HTTP/1.1 301 Moved\r\n", body=b""),
        *FETCHED,
    ),
    "/to-controls": (head(b"Location: /con\x01trol\x7f", status=b"HTTP/1.1 302 F\r\n", body=b""), *FETCHED),
    "/to-tabs": (head(b"Location: /t\ta\tbs", "Content-Length: 0", status=b"HTTP/1.1 302 F\r\n", body=b""), *FETCHED),
    "/splitting": (
        head(
            "Location: /landing", "", "HTTP/1.1 200 OK", "Content-Length: 5", "", "split", status=b"HTTP/1.1 302 F\r\n"
        ),
        *FETCHED,
    ),
    "/two-locations": (head("Location: /a", "Location: /landing", status=b"HTTP/1.1 302 F\r\n"), *FETCHED),
    "/with-endless-body": (endless(head("Location: /landing", status=b"HTTP/1.1 302 F\r\n"), b"x" * 65_536), *LARGE),
    "/members/secret": (ARTICLE, "refused", "robots"),
    "/refresh": (refreshing("0; url=/landing"), *FETCHED),
    "/refresh-header": (page("wait", Refresh="3;URL='/landing'"), *FETCHED),
    "/refresh-itself": (refreshing("0;url=/refresh-itself#top"), *FETCHED),
    "/refresh-ring-a": (refreshing("1;url=/refresh-ring-b"), "failed", "redirect_loop"),
    "/refresh-maze/0": (refreshing("0;url=/refresh-maze/1"), "failed", "redirect_limit"),
    "/refresh-to-file": (refreshing("0;url=file:///etc/hostname"), *FETCHED),
    "/refresh-to-secret": (refreshing("0;url=/members/secret"), "refused", "robots"),
    "/refresh-private": (refreshing("0;url=http://127.0.0.1:9999/"), "refused", "private_address"),
    "/refresh-late": (refreshing("60;url=/nowhere"), *FETCHED),
    "/refresh-nonsense": (refreshing("99999999999999;;url"), *FETCHED),
}
FAULTS = STATUS | HEADERS | LENGTH | PACKING | CHARSETS | REDIRECTS
BY_THE_WAY: dict[str, Reply] = {
    **{f"/maze/{n}": redirect(f"/maze/{n + 1}") for n in range(1, 9)},
    **{f"/refresh-maze/{n}": refreshing(f"0;url=/refresh-maze/{n + 1}") for n in range(1, 9)},
    "/ring-b": redirect("/ring-a"),
    "/refresh-ring-b": refreshing("0;url=/refresh-ring-a"),
    **dict.fromkeys(
        (
            "/gr%C3%BC%C3%9F-dich",
            "/gr%C3%83%C2%BC%C3%83%C2%9F-dich",
            "/caf%C3%A9",
            "/con%01trol%7F",
            "/tabs",
            "/landing",
        ),
        ARTICLE,
    ),
    "/robots.txt": page("User-agent: *\nDisallow: /members/\n", content_type="text/plain"),
}


def damaged(chance: random.Random) -> bytes:
    """One of the answers above with some bytes wrong, missing, twice, or from another answer."""
    whole = [reply for reply, _, _ in FAULTS.values() if isinstance(reply, bytes) and 0 < len(reply) < 20_000]
    answer = bytearray(chance.choice(whole))
    for _ in range(chance.choice([1, 1, 2, 4, 10])):
        at = chance.randrange(min(len(answer), 300) + 1)
        other = chance.choice(whole)
        start = chance.randrange(len(other))
        odd = bytes(chance.choices(b"\0\n\r :;=-0\xff", k=chance.randrange(1, 8)))
        answer[at : at + chance.choice([0, 0, 1, 20])] = chance.choice([b"", odd, other[start : start + 200]])
    return bytes(answer)
