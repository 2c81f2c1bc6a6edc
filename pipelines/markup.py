"""From a page's characters to one parsed tree: what nothing can store, markup that hides articles."""

from __future__ import annotations

import re
import unicodedata

from lxml import etree
from lxml.html import HtmlComment, HtmlElement, HtmlEntity, HTMLParser, HtmlProcessingInstruction, document_fromstring

HEAD = 4096  # bytes in which a page's first element is
# lxml.html asks Python for the class of every element that anybody touches, so that forms have methods of their own:
# a fifth of all that reading a page took. Every element of ours is of the one class that the rest have, without asking.
_ONE_CLASS = etree.ElementDefaultClassLookup(
    element=HtmlElement, comment=HtmlComment, pi=HtmlProcessingInstruction, entity=HtmlEntity
)

# XML 1.0's Char production, with U+FFFE and U+FFFF out; C1 controls stay (cp1252 text read as latin-1 has them).
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_INVISIBLE = re.compile(r"[\u00ad\ufeff\u200b\u2060]")  # soft hyphens and zero-width spaces split words; joiners do not
# To put n marks on one letter in order takes n**2 steps (1.4 s for 40,000), so long texts are composed piece by piece.
PIECE = 400  # characters
SENTENCE = 20  # characters that end in a full stop, beside a time: "Published:" and its like have fewer
_STOPS = (".", "!", "?", "。", "”", "»", '"')
_PIECES = re.compile(r".{1,200}\S{0,200}", re.DOTALL)  # that end where a word does, unless it is longer than any word
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\r"))
# An article after </html> is lost by the parser; without the end tags it stays in the body, as the standard wants it.
_CUT = re.compile(rb"<(?:(?P<end>/(?:html|body)\s*)|(/?)noscript\b[^>]*)>", re.IGNORECASE)
_XML_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>", re.IGNORECASE)
_SELF_CLOSED_HTML = re.compile(rb"<html([^<>]*)/>", re.IGNORECASE)


def tree_of(html: str | bytes) -> HtmlElement | None:
    """Return the page's tree as it is read, or None where the parser finds no element at all; bytes are UTF-8."""
    tree = parse(html)
    if tree is not None:
        unwrap(tree)
    return tree


def parse(html: str | bytes) -> HtmlElement | None:
    """Return the page's parse, or None where the parser finds no element at all; bytes are UTF-8."""
    coded = html.encode("utf-8", "replace") if isinstance(html, str) else html
    page = _cut(coded.translate(None, _CONTROLS))
    page = _XML_DECLARATION.sub(b"", page, count=1)
    if _SELF_CLOSED_HTML.search(page, 0, HEAD):
        page = _SELF_CLOSED_HTML.sub(rb"<html\1>", page[:HEAD], count=1) + page[HEAD:]
    parser = HTMLParser(encoding="utf-8", collect_ids=False, remove_comments=True, remove_pis=True)
    parser.set_element_class_lookup(_ONE_CLASS)
    try:
        return document_fromstring(page, parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return None


def unwrap(tree: HtmlElement) -> None:
    """Make plain spans of quotations, data, times and labels that are words of a sentence: readers drop or split there.

    A time in a sentence tells when something happened; one in a short line may date the page, and stays.
    """
    inside: dict[HtmlElement, list[HtmlElement]] = {}
    for element in tree.iter("time", "label", "q", "data"):
        if (paragraph := next(element.iterancestors("p"), None)) is not None:
            inside.setdefault(paragraph, []).append(element)
    for paragraph, elements in inside.items():
        told = clean("".join(map(str, paragraph.itertext())))
        others = len(told) - sum(len(clean("".join(map(str, element.itertext())))) for element in elements)
        is_closed = told.endswith(_STOPS) and not str(elements[-1].text or "").rstrip().endswith(_STOPS)
        for element in elements:
            if element.tag in {"q", "data"} or (is_closed and others >= SENTENCE):
                element.tag = "span"


def lighten(tree: HtmlElement) -> None:
    """Take out what no reader of text looks at: code, styles, drawings, links to files. Scripts of data stay.

    A sixth of a page's elements and half of its characters, which trafilatura would copy four times and search.
    A drawing that holds paragraphs was never closed, and has swallowed what follows it.
    """
    unread = [script for script in tree.iter("script") if "json" not in (script.get("type") or "")]
    drawings = [svg for svg in tree.iter("svg") if next(svg.iterancestors("svg"), None) is None]
    unread += [drawing for drawing in drawings if next(drawing.iter("p", "div"), None) is None]
    for element in unread:
        element.tag = "style"  # one sweep takes all of them
    etree.strip_elements(tree, "style", "link", "meta", with_tail=False)


def clean(text: str) -> str:
    """Return one storable line: composed characters, single spaces, nothing that a database or a reader refuses."""
    if not text.isascii():
        text = _composed(_INVISIBLE.sub("", text))
    if not text.isprintable():
        text = _UNSTORABLE.sub("", text)
    return " ".join(text.split())


def _composed(text: str) -> str:
    if len(text) <= PIECE:
        return unicodedata.normalize("NFC", text)
    return "".join(unicodedata.normalize("NFC", piece) for piece in _PIECES.findall(text))


def _cut(page: bytes) -> bytes:
    """Cut the end tags of the page, and each innermost ``<noscript>…</noscript>``.

    A noscript that holds an unclosed element swallows what follows it.
    """
    cuts: list[tuple[int, int]] = []
    opened: tuple[int, int] | None = None  # where a noscript begins, and how many cuts there were before it
    for tag in _CUT.finditer(page):
        if tag["end"]:
            cuts.append(tag.span())
        elif not tag[2]:
            opened = tag.start(), len(cuts)
        elif opened is not None:
            begin, before = opened
            cuts[before:] = [(begin, tag.end())]
            opened = None
    starts, ends = [0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(page)]
    return b"".join(page[start:end] for start, end in zip(starts, ends, strict=True)) if cuts else page
