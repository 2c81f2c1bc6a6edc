"""What a listing's bytes are before anything reads them: unpacked, their charset, and the name of their first element.

Servers name charsets that are not theirs, and send packed files without a word in the headers.
"""

from __future__ import annotations

import re
import zlib
from typing import Final

from crawler.fetching.unpack import GZIP, unpack
from foundation.charsets import marked, text_codec

GZIP_MAGIC: Final = b"\x1f\x8b"
UNPACKED_LIMIT: Final = 50 * 1024 * 1024  # sitemaps.org's own limit for one sitemap
DECLARED_WITHIN: Final = 4_096  # bytes searched for a declaration: HTML's standard says 1,024, pages put it later
START: Final = 64 * 1024  # enough to tell what a body is: prolog, first element, first entries
FEW: Final = 10
REPLACEMENT: Final = "\ufffd"

_DECLARED: Final = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_HEADER_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_SPACE: Final = re.compile(r"[\s\x00]*")
_NAME: Final = re.compile(r"<([^\s<>/!?][^\s<>/]{0,99})")
_SKIPPED: Final = (("<?", "?>"), ("<!--", "-->"), ("<!", ">"))


def unpacked(body: bytes) -> bytes:
    """Return what a gzip file holds, or the body itself. Raises TooLarge, Truncated or NotPacked."""
    return unpack(body, ["gzip"], UNPACKED_LIMIT) if body.startswith(GZIP_MAGIC) else body


def start_of(body: bytes) -> bytes:
    """Return the first bytes of what `unpacked` returns, without unpacking the rest. Raises zlib.error."""
    return zlib.decompressobj(GZIP).decompress(body, START) if body.startswith(GZIP_MAGIC) else body[:START]


def declared_codec(body: bytes, content_type: str | None) -> str | None:
    """Return the codec that the header, the XML declaration or a meta element names; None where none does."""
    names = []
    if content_type and (header := _HEADER_CHARSET.search(content_type)):
        names.append(header[1])
    names += [found[1].decode("ascii", "replace") for found in _DECLARED.finditer(body[:DECLARED_WITHIN])]
    return next(filter(None, map(text_codec, names)), None)


def as_utf8(body: bytes, content_type: str | None) -> bytes:
    """Recode: by byte order mark, as UTF-8 if it is that, as declared, and as cp1252 if nothing says better."""
    if mark := marked(body):
        return body.decode(mark, "replace").lstrip("\ufeff").encode("utf-8", "replace")
    text = body.decode("utf-8", "replace")
    bad = text.count(REPLACEMENT)
    if not bad:
        return body
    codec = declared_codec(body, content_type)
    # A cut or a slip in UTF-8: of the bytes that follow others in a character, those that do not fit are few.
    if codec in (None, "utf-8") and bad * FEW <= len(body) - len(text):
        return text.encode()
    # Bytes without a mark in which ASCII could be read are not UTF-16, whatever their declaration says.
    if codec is None or codec.startswith(("utf-16", "utf-32")):
        codec = "cp1252"
    return body.decode(codec, "replace").encode("utf-8", "replace")


def first_element(body: bytes) -> str | None:
    """Return the name of the first element as written, prefix and all; None where something else comes first."""
    text = as_utf8(start_of(body), None).decode("utf-8", "replace")
    place = 0
    while (begin := _SPACE.match(text, place)) and (place := begin.end()) < len(text):
        if name := _NAME.match(text, place):
            return name[1]
        end = next((end for start, end in _SKIPPED if text.startswith(start, place)), None)
        if end == ">" and "[" in text[place : text.find(">", place)]:  # a DOCTYPE with declarations inside
            end = "]>"
        close = text.find(end, place) if end else -1
        if not end or close < 0:
            return None
        place = close + len(end)
    return None


def local_name(name: str) -> str:
    """Return an element's name without namespace or prefix: of ``{uri}url`` and ``sm:url`` it is ``url``."""
    return name.rpartition("}")[2].rpartition(":")[2]
