"""The story in a page's own data: the rich text that a script holds for the browser to draw.

Editors (Slate, ProseMirror, Portable Text, Contentful) write it alike: lists of objects that call themselves a
paragraph, in each of them objects with a string of text.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipelines.markup import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

PARAGRAPHS = frozenset({"paragraph", "block", "p"})
LARGEST = 3_000_000  # characters of one script; those of 528 pages that hold paragraphs have 1.1 million at most
_NAMES = ("type", "nodeType", "_type")
_INSIDE = ("content", "children")
_TEXT = ("text", "value")


def story(tree: HtmlElement) -> list[str]:
    """Return the paragraphs of the list that holds most text, of all lists in the page's data; none if there are none.

    >>> from lxml.html import fromstring
    >>> data = '{"body": [{"type": "paragraph", "content": [{"type": "text", "value": "Shut."}]}]}'
    >>> story(fromstring(f'<html><script type="application/json">{data}</script></html>'))
    ['Shut.']
    """
    told: list[list[str]] = []
    for script in tree.iter("script"):
        data = script.text or ""
        if "json" in (script.get("type") or "") and '"paragraph"' in data and len(data) <= LARGEST:
            told += _lists(data)
    return max(told, key=lambda lines: sum(map(len, lines)), default=[])


def _lists(data: str) -> Iterator[list[str]]:
    try:
        waiting: list[Any] = [json.loads(data)]
    except (ValueError, RecursionError):
        return
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            if lines := [line for item in node if _is_paragraph(item) and (line := clean(_text(item)))]:
                yield lines
            waiting += node
        elif isinstance(node, dict):
            waiting += node.values()


def _is_paragraph(node: Any) -> bool:
    return isinstance(node, dict) and any(
        isinstance(node.get(name), str) and node[name] in PARAGRAPHS for name in _NAMES
    )


def _text(node: Any) -> str:
    """Return the text in a paragraph, as its reader sees it: in order, through links and emphasis."""
    pieces: list[str] = []
    waiting: list[Any] = [node]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, list):
            waiting += reversed(inner)
        elif isinstance(inner, dict):
            pieces += [inner[name] for name in _TEXT if isinstance(inner.get(name), str)][:1]
            waiting += [inner[name] for name in _INSIDE if isinstance(inner.get(name), list)]
    return "".join(pieces)
