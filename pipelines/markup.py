"""From a page's bytes to one parsed tree: charset, characters that nothing can store, markup that hides articles."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import TYPE_CHECKING

from charset_normalizer import from_bytes
from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

if TYPE_CHECKING:
    from collections.abc import Iterator

SNIFFED = 4096  # bytes searched for a declared charset: the standard says 1,024, pages put it later
DETECTED = 20_000  # bytes given to charset detection

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"))
_BOMS_SHORT = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# What the WHATWG encoding standard reads under these names; Python's own tables are narrower.
_WIDER = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "johab": "cp949",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
}
# Codecs that decode text to text, or that interpret a page's characters as escapes: facts, not charsets, to a stranger.
_NOT_CHARSETS = frozenset(
    {"unicode-escape", "raw-unicode-escape", "idna", "punycode", "utf-7", "undefined", "mbcs", "oem"}
)
_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_HEADER_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)

# XML 1.0's Char production, with U+FFFE and U+FFFF out; C1 controls stay (cp1252 text read as latin-1 has them).
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_INVISIBLE = re.compile(r"[\u00ad\ufeff\u200b\u2060]")  # soft hyphens and zero-width spaces split words; joiners do not
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\r"))
_NOSCRIPT = re.compile(rb"<(/?)noscript\b[^>]*>", re.IGNORECASE)
# An article after </html> is lost by the parser; without the end tags it stays in the body, as the standard wants it.
_END_OF_PAGE = re.compile(rb"</(?:html|body)\s*>", re.IGNORECASE)
_XML_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>", re.IGNORECASE)
_SELF_CLOSED_HTML = re.compile(rb"<html([^<>]*)/>", re.IGNORECASE)


def parse(html: str) -> HtmlElement | None:
    """Return the page's one parse, or None where the parser finds no element at all."""
    page = _without_noscript(html.encode("utf-8", "replace").translate(None, _CONTROLS))
    page = _XML_DECLARATION.sub(b"", _END_OF_PAGE.sub(b"", page), count=1)
    page = _SELF_CLOSED_HTML.sub(rb"<html\1>", page[:SNIFFED], count=1) + page[SNIFFED:]
    parser = HTMLParser(encoding="utf-8", collect_ids=False, remove_comments=True, remove_pis=True)
    try:
        return document_fromstring(page, parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return None


def decode(html: bytes, content_type: str | None) -> str:
    """Return the page's characters: by byte order mark, as UTF-8 if it is that, as declared, as detected."""
    for mark, charset in (*_BOMS, *_BOMS_SHORT):
        if html.startswith(mark):
            return html.decode(charset, "replace")
    try:
        return html.decode("utf-8")
    except UnicodeDecodeError:
        pass
    declared = list(dict.fromkeys(_declared(html, content_type)))
    for charset in declared:
        try:
            return html.decode(charset)
        except UnicodeError:
            continue
    if declared:
        return html.decode(declared[0], "replace")
    best = from_bytes(html[:DETECTED]).best()
    return html.decode(text_codec(best.encoding) or "cp1252" if best else "utf-8", "replace")


def text_codec(name: str) -> str | None:
    """Return the Python codec for a charset's name on the web, or None where it names no charset."""
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    if codec.name in _NOT_CHARSETS or not codec._is_text_encoding:
        return None
    return _WIDER.get(codec.name, codec.name)


def clean(text: str) -> str:
    """Return one storable line: composed characters, single spaces, nothing that a database or a reader refuses."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    if not text.isprintable():
        text = _UNSTORABLE.sub("", text)
    return " ".join(text.split())


def _declared(html: bytes, content_type: str | None) -> Iterator[str]:
    if content_type and (match := _HEADER_CHARSET.search(content_type)) and (codec := text_codec(match[1])):
        yield codec
    for found in _CHARSET.finditer(html[:SNIFFED]):
        if codec := text_codec(found[1].decode("ascii", "replace")):
            # UTF-16 in a meta tag cannot be true: the tag was read as ASCII.
            yield "utf-8" if codec.startswith(("utf-16", "utf-32")) else codec


def _without_noscript(page: bytes) -> bytes:
    """Cut each innermost ``<noscript>…</noscript>``: one holding an unclosed element swallows what follows it."""
    kept, start, opened = [], 0, -1
    for tag in _NOSCRIPT.finditer(page):
        if not tag[1]:
            opened = tag.start()
        elif opened >= 0:
            kept.append(page[start:opened])
            start, opened = tag.end(), -1
    return b"".join([*kept, page[start:]]) if start else page
