"""The headline of a page, without the name of the site that hangs on it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipelines.segments import text_key

if TYPE_CHECKING:
    from pipelines.metadata import Meta

_SEPARATOR = re.compile(r"\s+[|•·»«›‹/*–—-]+\s+|\s*[|•»｜ㅣ]\s*|\s+::\s+|\s*_{1,2}\s*(?=\S+$)")
LONGEST = 400  # characters: longer is a text in the wrong place, or an attack
SUFFIX_WORDS = 5  # a site's name is short; a headline's second half behind a dash is not


def headline(meta: Meta, site_name: str | None, host: str) -> str | None:
    """Return the page's headline: OpenGraph's without the site's suffix, else JSON-LD's, the heading's, the title's.

    Measured on 96 pages of 96 outlets: this order is right more often than JSON-LD first or the heading first.
    """
    names = {
        text_key(name)
        for name in (site_name, host.removeprefix("www."), host.removeprefix("www.").partition(".")[0])
        if name
    }
    for raw in (
        meta.first("og:title"),
        meta.claim("headline", "name"),
        *meta.headings[:1],
        meta.first("twitter:title"),
        meta.head_title,
    ):
        if (
            raw
            and len(raw) <= LONGEST
            and (title := without_site(raw, names, meta.headings))
            and text_key(title) not in names
        ):
            return title
    return None


def without_site(title: str, names: set[str], headings: tuple[str, ...] = ()) -> str:
    """Cut what stands before or behind a separator and names the site; ``names`` are text keys.

    A part also goes where a heading of the page is the rest, letter for letter.
    """
    keys = {text_key(heading) for heading in headings}
    cuts = [(match.start(), match.end()) for match in _SEPARATOR.finditer(title)]
    for start, end in reversed(cuts):
        head, tail = title[:start].strip(), title[end:].strip()
        if head and tail and (_names_site(tail, names) or text_key(head) in keys):
            return without_site(head, names, headings)
    for start, end in cuts[:1]:
        head, tail = title[:start].strip(), title[end:].strip()
        if head and tail and (_names_site(head, names) or text_key(tail) in keys):
            return tail
    return title.strip()


def _names_site(part: str, names: set[str]) -> bool:
    key = text_key(part)
    if not key or len(part.split()) > SUFFIX_WORDS:
        return False
    return any(
        key == name or (len(key) >= 4 and name.startswith(key)) or (len(name) >= 4 and key.startswith(name))
        for name in names
        if name
    )
