"""What a correct crawl and fold of the news web finds, read from truth.toml.

Addresses in it are ``host/path``: ports and dates change from run to run, the truth does not.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TRUTH = Path(__file__).parent / "truth.toml"


@dataclass(frozen=True, slots=True)
class TrueArticle:
    """One article. ``event`` names its story; without one it is a story of its own."""

    address: str
    copy_group: str
    event: str | None = None
    relation: str = "own"  # own, copy, edited_copy, excerpt, independent
    of: str | None = None  # the address of the article that it was taken from
    states_source: str | None = None  # the outlet that it names as having reported first
    pages: tuple[str, ...] = ()  # addresses of its other pages (AMP)
    versions: int = 1
    title: str = ""
    has: tuple[str, ...] = ()  # sentences of the story
    has_not: tuple[str, ...] = ()  # lines that are no part of its text, besides its outlet's furniture


@dataclass(frozen=True, slots=True)
class TruePage:
    """A page that is no article of the folded kind.

    ``optional``: a crawl may not even make a page of the link. ``readable``: a good reader gets an article out of it, a
    careful one a reason; either is right.
    """

    address: str
    states: tuple[str, ...]
    reasons: tuple[str, ...] = ()  # one of these words is in the recorded reason
    kind: str | None = None
    optional: bool = False
    readable: bool = False


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """One event and what its story amounts to."""

    name: str
    about: str
    articles: int
    outlets: int
    copy_groups: int
    first: str  # the address of the earliest article
    looks_like: str | None = None  # another event with the same actors, which must stay apart


@dataclass(frozen=True, slots=True)
class Truth:
    """The whole truth, by address and by name."""

    articles: Mapping[str, TrueArticle]
    pages: Mapping[str, TruePage]
    events: Mapping[str, TrueEvent]
    furniture: Mapping[str, tuple[str, ...]]  # host -> lines that are in none of its texts
    broken_feeds: tuple[str, ...]  # addresses


@cache
def load_truth() -> Truth:
    """Read truth.toml; raises TypeError where it holds an unknown key."""
    document = tomllib.loads(TRUTH.read_text("utf-8"))
    articles = [TrueArticle(**_tuples(table)) for table in document["article"]]
    pages = [TruePage(**_tuples(table)) for table in document["page"]]
    events = [TrueEvent(**table) for table in document["event"]]
    return Truth(
        articles={article.address: article for article in articles},
        pages={page.address: page for page in pages},
        events={event.name: event for event in events},
        furniture={host: tuple(lines) for host, lines in document["furniture"].items()},
        broken_feeds=tuple(document["broken_feeds"]),
    )


def _tuples(table: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
