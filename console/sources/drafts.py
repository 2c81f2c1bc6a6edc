"""What a file of sources says, before anybody has asked the web: drafts, and the lines that cannot be used."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from foundation.errors import UnusableUrl
from foundation.urls import canonicalise

MANY_TAGS: Final = re.compile(r"[|,;]")
# Addresses side by side in one cell: white space or | parts them; a comma or semicolon only before a new address.
MANY_URLS: Final = re.compile(r"[\s|]+|[,;]\s*(?=https?://)")


@dataclass(frozen=True, slots=True)
class Draft:
    """A source as a file lists it; ``line`` says where. Drafts of one ``group`` are one source with several feeds.

    ``url`` is what the file calls its homepage, and where no feed is given perhaps a feed: only asking tells.
    """

    line: int
    url: str | None = None
    name: str = ""
    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    owner: str | None = None
    country: str | None = None
    language: str | None = None
    enabled: bool = True
    group: tuple[str, ...] | None = None

    @property
    def places(self) -> tuple[str, ...]:
        """Everything that is said to list links."""
        return (*self.feeds, *self.sitemaps, *self.sections)


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that names no source, and why."""

    line: int
    why: str


Read = Draft | Bad


def merged(read: Iterable[Read]) -> list[Read]:
    """Make one draft of all that have one group, in the place of the first; the first that says something is right."""
    result: list[Read] = []
    places: dict[tuple[str, ...], int] = {}
    for one in read:
        if isinstance(one, Bad) or one.group is None:
            result.append(one)
        elif one.group not in places:
            places[one.group] = len(result)
            result.append(one)
        else:
            first = result[places[one.group]]
            assert isinstance(first, Draft)
            result[places[one.group]] = _joined(first, one)
    return result


def _joined(first: Draft, more: Draft) -> Draft:
    return replace(
        first,
        url=first.url or more.url,
        name=first.name or more.name,
        feeds=once((*first.feeds, *more.feeds)),
        sitemaps=once((*first.sitemaps, *more.sitemaps)),
        sections=once((*first.sections, *more.sections)),
        tags=once((*first.tags, *more.tags)),
        owner=first.owner or more.owner,
        country=first.country or more.country,
        language=first.language or more.language,
        enabled=first.enabled or more.enabled,
    )


def once(texts: Iterable[str]) -> tuple[str, ...]:
    """Return each of ``texts`` that says something once, stripped, in their order."""
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))


def web_address(text: str) -> str | None:
    """Return ``text`` as an address, a bare host given its https://; None where it can be none."""
    text = text.strip()
    url = text if "://" in text else f"https://{text}"
    if re.search(r"\s", text):
        return None
    if "://" not in text and not re.fullmatch(r"[^\s/?#@]+\.[^\s/?#@.]{2,}(?:[/?#]\S*)?", text):
        return None
    try:
        canonicalise(url)
    except UnusableUrl:
        return None
    return url


def country_code(text: str | None) -> str | None:
    """Return two capital letters; what is none of a country's is for the configuration to refuse."""
    return (text or "").strip().upper() or None


def language_code(text: str | None) -> str | None:
    """Return the primary subtag of a language tag: ``en`` of ``en-US``."""
    return re.split(r"[-_]", (text or "").strip().lower())[0] or None


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line that holds more than a comment (from # at its start or after a blank), with its number."""
    for number, line in enumerate(text.splitlines(), 1):
        said = re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()
        if said:
            yield number, said
