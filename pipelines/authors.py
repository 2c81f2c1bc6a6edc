"""Who wrote an article: persons, apart from the organisations and roles that stand in the same fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipelines import json_ld
from pipelines.agencies import agency_of
from pipelines.markup import clean
from pipelines.metadata import AUTHORS
from pipelines.segments import text_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

    from pipelines.metadata import Meta

MAX_NAME = 60  # characters; longer is a sentence about somebody
MAX_WORDS = 6
_BY = re.compile(
    r"^(?:(?:written|reported|posted|published|story|text|words)\s+by|by|von|par|por|di|door|av|af|autor(?:en|a|es)?|author|"
    r"автор|от|tekst|texte|texto|testo|text)\b\s*:?\s+",
    re.IGNORECASE,
)
_LATER_BY = re.compile(r"^(?:[a-zß-ÿ]+\s){1,3}(?:by|von|par|por)\s+(?=\S+\s+\S)")
_AND = re.compile(r"\s*(?:[,;|•·]|\s/\s|\s(?:and|und|et|y|e|en|og|och|ja|i|и|ve|&)\s)\s*", re.IGNORECASE)
_ROLE = re.compile(
    r"\b(?:staff|newsroom|redaktion|redaktionen|redacción|redacao|redação|rédaction|redazione|redactie|desk|editors?|reporters?|team|admin|"
    r"news|agency|agencies|agentur(?:en)?|agencias?|agences?|online|correspondents?|press|media|group|magazine|times|post|journal|"
    r"herald|tribune|gazette|radio|tv|television|bureau|service|associated|contributors?|guest|zeitung|nachrichten|verlag|"
    r"editorial|board|webdesk|web desk|wire|digital|network|foundation|institute|university|inc|ltd|llc|gmbh)\b|"
    r"\.(?:com|org|net|de|ru|be|fr|it|es)\b",
    re.IGNORECASE,
)
_NOT_A_NAME = re.compile(
    r"https?:|www\.|@|\d{2}|[<>{}|=]|\b(?:subscribe|follow|read more|profile|view all|published|updated)\b",
    re.IGNORECASE,
)
_BYLINE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:by-?line|author-?name|authors?|article-?author|autor|auteur|autore)(?:$|[\s_-])", re.IGNORECASE
)
_SURNAMES = re.compile(r"^(\S+\s+(?:[\w’'.-]+\s+){0,3})(y|e|i|и)\s+(\S+)$")  # "Ana Ortega y Gasset"
_PARTICLE = r"(?:van|von|de|der|den|del|della|di|da|dos|la|le|el|al|bin|ter|zu)"
_SURNAME_FIRST = re.compile(rf"^((?:{_PARTICLE}\s)*[^\s,;]+),\s*([^\s,;]+)$", re.IGNORECASE)
_DEGREE = re.compile(r"(?:[JS]r|I{2,3}|M\.?D|Ph\.?\s?D|Esq|R\.?N|M\.?B\.?A|M\.?P\.?H|M\.?Sc|B\.?Sc|J\.?D|D\.?O|CFA)\.?")
_HANDLE = re.compile(r"\s*[(<\[]?(?:(?<!\w)@\w{2,30}|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)[)>\]]?$")
_FOR = re.compile(r"\s+(?:for|via|von|para|pour|per|voor|för)\s+(?:the\s+|die\s+)?(\S.*)$", re.IGNORECASE)
_NOBODY = frozenset(
    (
        "admin",
        "administrator",
        "webmaster",
        "root",
        "user",
        "wordpress",
        "anonymous",
        "unknown",
        "null",
        "none",
        "undefined",
    )
)
_ADDRESS = re.compile(r"^(?:https?:|www\.|@|\S+@\S+$)", re.IGNORECASE)
_SIGN = re.compile(r"\s*\([^()]{1,8}\)$")  # "Elena Oberholzer (obe)": a desk's short sign
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?"
_AFTER_NUMBER = re.compile(rf"(?:\s*{_MONTH})?(?:^|\s+)\d.*$")  # "Kyle Wiggers 7 hours ago", "Kyle WiggersNovember 18"
_PICTURE = re.compile(r"\W*(?:photo|foto|bild|image|video|illustrat)", re.IGNORECASE)
_PRONOUN = re.compile(r"\s*\((?:he|she|they)[^()]{0,40}\)", re.IGNORECASE)


def marked_byline(tree: HtmlElement) -> str | None:
    """Return what the page marks as its author: rel=author, itemprop=author, a byline class; the first such element."""
    others: set[str] = set()  # classes that mark nobody: pages have a few, time and again
    for element in tree.iter("a", "span", "div", "p", "address", "li", "h4", "h5"):
        named = element.get("class")
        is_marked = element.get("rel") == "author" or element.get("itemprop") == "author"
        if not is_marked and named and named not in others:
            is_marked = _BYLINE_CLASS.search(named) is not None
            if not is_marked:
                others.add(named)
        if is_marked:
            text = clean(element.text_content())
            if 2 < len(text) <= 2 * MAX_NAME and next(element.iterancestors("figure", "figcaption"), None) is None:
                return text
    return None


def authors(meta: Meta, byline: str | None, site_name: str | None) -> tuple[str, ...]:
    """Return the persons that wrote the page, in its order: by JSON-LD, else by its byline, else by its meta elements.

    A page that names no person is credited as it credits itself, to its newsroom or agency.
    """
    sources = [list(_from_json(meta)), [byline] if byline else [], list(_from_meta(meta))]
    for names in sources:
        if persons := _persons(names, site_name):
            return persons
    for names in (sources[0], sources[2]):
        if credited := tuple(
            dict.fromkeys(
                name for raw in names if (name := _BY.sub("", clean(raw)).strip(" ,;:–—-")) and _may_be_credited(name)
            )
        ):
            return tuple(name for name in credited if len(name) <= MAX_NAME)
    return ()


def _may_be_credited(name: str) -> bool:
    return not _ADDRESS.match(name) and name.casefold() not in _NOBODY


def names_nobody(line: str) -> bool:
    """Tell whether a byline has its "By" and no name, or is a photographer's."""
    name = _BY.sub("", f"{line.strip()} ")
    return _PICTURE.match(line) is not None or not any(letter.isalpha() and not letter.islower() for letter in name)


def is_person(name: str, site_name: str | None) -> bool:
    """Tell whether this is likely somebody's name: short, no address, not an agency, a newsroom or the site itself."""
    if not 1 < len(name) <= MAX_NAME or len(name.split()) > MAX_WORDS or _NOT_A_NAME.search(name):
        return False
    if _ROLE.search(name) or agency_of(name) or name.casefold() in _NOBODY or _DEGREE.fullmatch(name):
        return False
    return not site_name or text_key(name) != text_key(site_name)


def _persons(names: Iterable[str], site_name: str | None) -> tuple[str, ...]:
    kept: dict[str, str] = {}
    for name in names:
        if _ADDRESS.match(name):
            continue
        for part in _parts(_without_by(_PRONOUN.sub("", clean(name)))):
            part = _without_outlet(
                _SIGN.sub("", _AFTER_NUMBER.sub("", _HANDLE.sub("", part))).strip(" .,:;-–—"), site_name
            )
            if is_person(part, site_name):
                kept.setdefault(text_key(part), part)
    return tuple(kept.values())


def _parts(names: str) -> list[str]:
    """Break up a list of names; "Ferrier, Ann" and "Ana Ortega y Gasset" are one each."""
    if (turned := _SURNAME_FIRST.match(names)) and not any(map(_is_none, turned.groups())):
        return [f"{turned[2]} {turned[1]}"]
    one = _SURNAMES.match(names)
    return [names] if one and not _is_none(one[3]) else _AND.split(names)


def _is_none(name: str) -> bool:
    return agency_of(name) is not None or _ROLE.search(name) is not None or _DEGREE.fullmatch(name) is not None


def _without_outlet(name: str, site_name: str | None) -> str:
    """Cut for whom somebody wrote: "Ann Ferrier for Reuters"."""
    match = _FOR.search(name)
    if match is None:
        return name
    is_outlet = _is_none(match[1]) or (site_name is not None and text_key(match[1]) == text_key(site_name))
    return name[: match.start()] if is_outlet else name


def _without_by(name: str) -> str:
    """Cut "By" and what stands before it in small letters: "capital von Jemima Kelly" is a section and its author."""
    return _LATER_BY.sub("", _BY.sub("", name))


def from_bylines(lines: Iterable[str], site_name: str | None) -> tuple[str, ...]:
    """Return the persons of lines that are bylines and nothing else."""
    return _persons((line for line in lines if _BY.match(line)), site_name)


def _from_json(meta: Meta) -> Iterator[str]:
    if meta.json is None:
        return
    known = {node.get("@id"): node for node in meta.nodes if isinstance(node.get("@id"), str)}
    for key in ("author", "creator"):
        values = json_ld.many(meta.json.get(key))
        persons = any(isinstance(value, Mapping) and "Person" in json_ld.types(value) for value in values)
        for value in values:
            if isinstance(value, Mapping):
                if persons and any(name.endswith("Organization") for name in json_ld.types(value)):
                    continue  # beside persons it is who they write for
                if not value.get("name") and value.get("@id") in known:
                    value = known[value.get("@id")]
                if not value.get("name") and (name := _full_name(value)):
                    yield name
                yield from (named for item in json_ld.many(value.get("name")) if (named := json_ld.text(item)))
            elif plain := json_ld.text(value):
                yield plain


def _full_name(value: json_ld.Node) -> str:
    return " ".join(part for key in ("givenName", "familyName") if (part := json_ld.text(value.get(key))))


def _from_meta(meta: Meta) -> Iterator[str]:
    for name in AUTHORS:
        if values := meta.named.get(name):
            yield from values
            return
