"""What a search for a site's feeds came to, as the spider writes it down and the console tells it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Kind = Literal["rss", "sitemap", "news_sitemap"]

WORDS: Final = {
    "robots": "its robots.txt forbids it",
    "robots_unreachable": "its robots.txt cannot be had, which forbids everything for now",
    "private_address": "its address is not public; --allow-private lets this source have such",
    "tls": "its certificate cannot be verified",
}


@dataclass(frozen=True, slots=True)
class Tried:
    """One address that was asked, why, and what came of it."""

    url: str
    why: str
    verdict: str
    is_used: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A feed or sitemap worth adding."""

    url: str
    kind: Kind
    entries: int
    newest: datetime | None
    title: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """All that a search came to. ``feeds`` begin with the site-wide one; nothing found leaves both tuples empty."""

    asked: str
    url: str
    name: str
    language: str | None
    feeds: tuple[Place, ...]
    sitemaps: tuple[Place, ...]
    tried: tuple[Tried, ...]


def in_words(reason: str) -> str:
    """Return why an address is of no use, as people say it."""
    if reason.startswith("http_"):
        return f"answered {reason.removeprefix('http_')}"
    return WORDS.get(reason, reason.replace("_", " "))
