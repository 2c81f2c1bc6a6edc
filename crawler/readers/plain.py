"""Plain text of the titles and summaries of feeds, which may hold markup, entities, or whole pages."""

from __future__ import annotations

from typing import Final

from lxml import etree

MAX_MARKUP: Final = 20_000  # characters of one text that are looked at: ten times what is kept of the longest
HTML_TYPES: Final = frozenset({"text/html", "application/xhtml+xml", "html", "xhtml"})

_HIDDEN: Final = frozenset({"script", "style", "template", "noscript"})
_INLINE: Final = frozenset(
    {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd"}
    | {"mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"}
)


def plain(text: object, limit: int, kind: str | None = None) -> str | None:
    """Return at most ``limit`` characters on one line, or None for nothing; markup is read as such if ``kind`` says so.

    ``kind`` is a content type; anything but HTML and XHTML is text in which ``<`` is a less-than sign.
    """
    if not isinstance(text, str):
        return None
    text = text[:MAX_MARKUP]
    if kind in HTML_TYPES and ("<" in text or "&" in text):
        text = _without_markup(text)
    return " ".join(text.split())[:limit].rstrip() or None


def _without_markup(html: str) -> str:
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        root = etree.fromstring(f"<body>{html}".encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return html
    if root is None:
        return ""
    pieces: list[str] = []
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        gap = "" if element.tag in _INLINE else " "
        if event == "end":
            pieces += (gap, element.tail or "")
        elif element.tag in _HIDDEN:
            walk.skip_subtree()
        else:
            pieces += (gap, element.text or "")
    return "".join(pieces)
