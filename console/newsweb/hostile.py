"""The hostile outlet: what a crawler meets on a bad day, made at serve time so that the package holds no bombs.

Each path has its expected end in truth.toml. Nothing here leads off this machine: every redirect names loopback.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from functools import cache

from console.newsweb.replies import Reply, html, redirect
from foundation.compress import compress

BOMB_MIB = 64  # eight times what a crawl may read of one page
ATTRIBUTES = 100_000
NESTING = 200_000

# Spellings of 127.0.0.1 that a check of the URL's text misses; intranet.test is a name that resolves to it.
SPELLINGS = {
    "loopback": "127.0.0.1",
    "localhost": "localhost",
    "decimal": "2130706433",
    "octal": "0177.0.0.1",
    "short": "127.1",
    "mapped": "[::ffff:127.0.0.1]",
    "zero": "0.0.0.0",  # noqa: S104 - a redirect's target, nothing is bound to it
    "name": "intranet.test",
}

_STORY = (
    b"<!doctype html><html lang=en><head><title>Grabber Daily</title></head><body><article><h1>%s</h1>"
    b"<p>The page before you is longer than it looks, and the part that matters never quite arrives.</p>"
)


def hostile_reply(path: str, home: str, trap: int) -> Reply | None:
    """The answer of a hostile path, or None when the path is none of these. ``trap`` is the port nobody may reach."""
    if path.startswith("/go/"):
        return redirect(f"http://{SPELLINGS[path.removeprefix('/go/')]}:{trap}/inside")
    if path.startswith("/maze/"):
        step = int(path.removeprefix("/maze/"))
        return redirect(f"{home}/maze/{(step + 1) % 3}")
    make = PAGES.get(path)
    return make(home) if make else None


def _endless(_: str) -> Reply:
    return Reply(200, (("Content-Type", "text/html; charset=utf-8"),), _paragraphs_for_ever())


def _paragraphs_for_ever() -> Iterator[bytes]:
    yield _STORY % b"The story that does not end"
    paragraph = (
        b"<p>And then the committee met again, and again nothing was decided about the harbour wall.</p>\n" * 700
    )
    while True:
        yield paragraph


@cache
def _gzip_bomb() -> bytes:
    zeros = bytes(1 << 20)
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([packer.compress(_STORY), *(packer.compress(zeros) for _ in range(BOMB_MIB)), packer.flush()])


@cache
def _zstd_bomb() -> bytes:
    return compress(_STORY + bytes(BOMB_MIB << 20))


def _packed(encoding: str, body: bytes) -> Reply:
    return Reply(200, (("Content-Type", "text/html; charset=utf-8"), ("Content-Encoding", encoding)), body)


def _attributes(_: str) -> Reply:
    attributes = b" ".join(b"data-a%d=x" % number for number in range(ATTRIBUTES))
    return html(_STORY % b"A paragraph with a past" + b"<p " + attributes + b">It had a hundred thousand of them.</p>")


def _nested(_: str) -> Reply:
    return html(_STORY % b"Boxes in boxes" + b"<div>" * NESTING + b"The innermost box was empty.")


def _cut_short(_: str) -> Reply:
    body = _STORY % b"Half a report" + b"<p>The minister then said that the" * 20
    return Reply(200, (("Content-Type", "text/html; charset=utf-8"),), body, declared=len(body) + 5000)


def _half_gzip(_: str) -> Reply:
    whole = gzip.compress(
        _STORY % b"The other half" + b"<p>Only the first half of these bytes is sent.</p>" * 200, mtime=0
    )
    return _packed("gzip", whole[: len(whole) // 2])


PAGES: dict[str, Callable[[str], Reply]] = {
    "/endless": _endless,
    "/bomb/gzip": lambda _: _packed("gzip", _gzip_bomb()),
    "/bomb/zstd": lambda _: _packed("zstd", _zstd_bomb()),
    "/attributes": _attributes,
    "/nested": _nested,
    "/cut-short": _cut_short,
    "/half-gzip": _half_gzip,
    "/self": lambda home: redirect(f"{home}/self"),
}
