"""OPML 2.0 (http://opml.org/spec2.opml): what feed readers export and import; folders are tags.

Several feeds of one outlet are several outlines. What OPML has no word for stands in attributes of our own namespace,
which other programs pass over.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote, unquote

from lxml import etree

from console.sources.drafts import Bad, Draft, Read, country_code, language_code, merged, once, web_address
from foundation.config import SourceSettings
from foundation.errors import UnusableUrl
from foundation.urls import canonicalise, origin

NAMESPACE: Final = "urn:storyfold:opml"
OURS: Final = f"{{{NAMESPACE}}}"
KINDS: Final = ("feed", "sitemap", "section")
# XML 1.0, 2.2: characters that no document can hold, not even escaped.
UNSPEAKABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SEPARATORS: Final = re.compile("[%,/]")  # of a category: they are percent-encoded within a tag


def read_opml(body: bytes) -> list[Read]:
    """Return one draft for each outlet. Nothing but ``body`` is ever read; damaged XML is read as far as it goes."""
    # As with sitemaps: no entities, no network, no DTD.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        return [Bad(1, f"not XML: {error}")]
    if root is None or etree.QName(root).localname.lower() != "opml":
        return [Bad(1, "XML, but no OPML")]
    damage = [Bad(error.line, f"damaged XML: {error.message}") for error in parser.error_log[:1]]
    return [*damage, *merged(_outlines(root))]


def _outlines(root: etree._Element) -> Iterator[Read]:
    """Yield every outline that names an address. Walks without recursion: files may be nested deeper than our stack."""
    waiting: list[tuple[etree._Element, tuple[str, ...], bool]] = [(root, (), True)]
    while waiting:
        element, folders, enabled = waiting.pop()
        if isinstance(element.tag, str) and etree.QName(element).localname == "outline":
            enabled = enabled and _get(element, "isComment").lower() != "true"
            address = _get(element, "xmlUrl") or _get(element, "url") or _get(element, "htmlUrl")
            if address:
                yield _draft(element, folders, enabled)
            else:
                folders = (*folders, _get(element, "title") or _get(element, "text"))
        waiting += [(child, folders, enabled) for child in reversed(element)]


def _draft(outline: etree._Element, folders: Sequence[str], enabled: bool) -> Read:
    line = getattr(outline, "sourceline", None) or 1
    feed, home, link = (_get(outline, name) for name in ("xmlUrl", "htmlUrl", "url"))
    kind = _get(outline, f"{OURS}kind") or "feed"
    for given in filter(None, (feed, home, link)):
        if web_address(given) is None:
            return Bad(line, f"no address of the web: {given[:200]}")
    place = feed or (link if kind in KINDS and _get(outline, f"{OURS}kind") else "")
    name = _get(outline, f"{OURS}source") or _get(outline, "title") or _get(outline, "text")
    tags = [unquote(part) for group in _get(outline, "category").split(",") for part in group.split("/")]
    return Draft(
        line=line,
        url=web_address(home or ("" if place else link)) if home or not place else None,
        name=name,
        feeds=(place,) if place and kind == "feed" else (),
        sitemaps=(place,) if kind == "sitemap" and place else (),
        sections=(place,) if kind == "section" and place else (),
        tags=once((*folders, *tags)),
        owner=_get(outline, f"{OURS}owner") or None,
        country=country_code(_get(outline, f"{OURS}country")),
        language=language_code(_get(outline, "language")),
        enabled=enabled,
        group=_group(_get(outline, f"{OURS}source"), home),
    )


def _group(source: str, home: str) -> tuple[str, ...] | None:
    """Return what the outlines of one outlet share: the name we gave it, or its homepage."""
    if source:
        return ("source", source)
    try:
        return ("home", canonicalise(home)) if home else None
    except UnusableUrl:
        return None


def write_opml(sources: Sequence[SourceSettings]) -> str:
    """Return a document that lists every address of every source, the first tag of each as a folder. No secrets."""
    root = etree.Element("opml", version="2.0", nsmap={"storyfold": NAMESPACE})
    etree.SubElement(etree.SubElement(root, "head"), "title").text = "Sources of storyfold"
    body = etree.SubElement(root, "body")
    folders: dict[str, etree._Element] = {}
    for source in sources:
        parent = body
        if tags := _tags(source):
            if tags[0] not in folders:
                folders[tags[0]] = etree.SubElement(body, "outline", text=tags[0])
            parent = folders[tags[0]]
        for kind, url in _places(source):
            parent.append(_outline(source, kind, url))
    text: str = etree.tostring(root, encoding="unicode", pretty_print=True)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'


def _places(source: SourceSettings) -> list[tuple[str, str]]:
    listed = [("feed", url) for url in source.feeds]
    listed += [("sitemap", url) for url in source.sitemaps] + [("section", url) for url in source.sections]
    return listed or [("", source.url)]


def _outline(source: SourceSettings, kind: str, url: str) -> etree._Element:
    name = _speakable(source.name)
    values = {
        "type": "rss" if kind == "feed" else "link",
        "text": name,
        "xmlUrl" if kind == "feed" else "url": _address(url),
        "htmlUrl": _address(source.url),
        "category": ",".join(f"/{SEPARATORS.sub(_encoded, tag)}" for tag in _tags(source)),
        "language": source.language or "",
        "isComment": "" if source.enabled else "true",
        f"{OURS}source": name,
        f"{OURS}kind": kind,
        f"{OURS}owner": _speakable(source.owner or ""),
        f"{OURS}country": source.country or "",
    }
    return etree.Element("outline", {key: value for key, value in values.items() if value})


def _tags(source: SourceSettings) -> tuple[str, ...]:
    return once(map(_speakable, source.tags))


def _address(url: str) -> str:
    """Return an address without the blanks that a configuration may hold: lists part addresses by them."""
    return re.sub(r"\s", lambda found: quote(found[0]), _speakable(url))


def _speakable(text: str) -> str:
    return UNSPEAKABLE.sub("", text)


def _encoded(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):02X}"


def _get(element: etree._Element, name: str) -> str:
    """Return an attribute, stripped; its name's case does not matter, as it does not to most who write OPML."""
    if (value := element.get(name)) is not None:
        return str(value).strip()
    return next((str(value).strip() for key, value in element.items() if str(key).lower() == name.lower()), "")


def home_of(url: str) -> str:
    """Return what a feed without a homepage belongs to, as far as its address tells."""
    return f"{origin(url)}/"
