"""What the news web holds: outlets and articles, read from the TOML files beside this module.

A text is written once and printed by several articles, each with the edits its desk made: paragraphs cut, words
replaced, another headline. Times are minutes before the web's own "now", so that the articles are always recent.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

CONTENT = Path(__file__).parent / "content"


@dataclass(frozen=True, slots=True)
class Insert:
    """Furniture that an outlet puts after a given paragraph (0 = before the first) of each of its articles."""

    after: int
    html: str


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed of an outlet. ``section`` limits it to one section; ``links`` says which address of a page it names."""

    path: str
    kind: str  # rss2, rss1, rss091, atom, json, broken
    section: str | None = None
    links: str = "page"  # page, amp


@dataclass(frozen=True, slots=True)
class Dead:
    """A link that a feed of the outlet names and that leads nowhere useful."""

    path: str  # a path of the outlet, or an absolute URL
    title: str


@dataclass(frozen=True, slots=True)
class Outlet:
    """A newspaper with its own host, template, furniture and feeds."""

    host: str
    name: str
    owner: str
    country: str
    language: str
    template: str
    feeds: tuple[Feed, ...]
    zone: int = 0  # hours east of UTC
    charset: str = "utf-8"
    tagline: str = ""
    figure: str = '<figure><img src="$image" alt=""><figcaption>$caption</figcaption></figure>'
    paragraph: str = "<p>$text</p>"
    credit: str = "<p>$agency</p>"
    default_caption: str = ""
    inserts: tuple[Insert, ...] = ()
    bios: Mapping[str, str] = field(default_factory=dict)
    disallow: tuple[str, ...] = ()
    crawl_delay: float | None = None
    tracking: str = ""  # query that its feeds append to links
    dead: tuple[Dead, ...] = ()
    hostile: bool = False


@dataclass(frozen=True, slots=True)
class Article:
    """One article of one outlet, as printed there."""

    host: str
    path: str
    title: str
    body: tuple[str, ...]
    minutes: int  # published so many minutes before the web's "now"
    dek: str = ""
    author: str = ""
    section: str = "news"
    caption: str = ""
    agency: str = ""
    kind: str = "article"  # article, live_blog, video
    phase: int = 1  # the phase from which on it is there
    amp: bool = False
    trouble: str = ""  # once_500, once_429
    update: "Article | None" = None  # what it says from phase 2 on
    modified: float | None = None  # minutes before "now"; negative: after it


@dataclass(frozen=True, slots=True)
class Content:
    """The whole web."""

    outlets: Mapping[str, Outlet]
    articles: tuple[Article, ...]

    def of(self, host: str, tick: float | None = None) -> list[Article]:
        """The host's articles, newest first, as they stand. ``tick``: when phase 2 began, in minutes before "now"."""
        phase = 1 if tick is None else 2
        current = [
            replace(article.update, modified=tick) if article.update and phase > 1 else article
            for article in self.articles
            if article.host == host and article.phase <= phase
        ]
        return sorted(current, key=lambda article: (newest(article), article.path))


def newest(article: Article) -> float:
    """Minutes before "now" at which the article was last touched."""
    return article.minutes if article.modified is None else article.modified


@cache
def load_content() -> Content:
    """Read every file of the content folder; raises KeyError or TypeError where a file says something unknown."""
    outlets = {}
    for path in sorted((CONTENT / "outlets").glob("*.toml")):
        outlet = _outlet(tomllib.loads(path.read_text("utf-8")))
        outlets[outlet.host] = outlet
    articles = tuple(article for path in sorted((CONTENT / "articles").glob("*.toml")) for article in _articles(path))
    return Content(outlets, articles)


def _outlet(table: dict[str, Any]) -> Outlet:
    table["feeds"] = tuple(Feed(**feed) for feed in table["feeds"])
    table["inserts"] = tuple(Insert(**insert) for insert in table.pop("insert", ()))
    table["dead"] = tuple(Dead(**dead) for dead in table.get("dead", ()))
    table["disallow"] = tuple(table.get("disallow", ()))
    return Outlet(**table)


def _articles(path: Path) -> Iterator[Article]:
    document = tomllib.loads(path.read_text("utf-8"))
    texts = document.get("texts", {})
    for table in document["article"]:
        text = texts.get(table.pop("text", None), {})
        update = table.pop("update", None)
        article = _edited(Article(host="", path="", title="", body=(), minutes=0), text | table)
        if update:
            article = replace(article, update=_edited(article, update))
        yield article


def _edited(article: Article, table: dict[str, Any]) -> Article:
    """The article with a table's values, after the table's edits of its text.

    Edits, in this order: ``keep`` or ``cut`` paragraphs by number from 1, ``replace`` pairs of words, ``append``.
    """
    table = dict(table)
    body = paragraphs(table.pop("body")) if "body" in table else article.body
    keep, cut = table.pop("keep", None), table.pop("cut", ())
    body = tuple(text for number, text in enumerate(body, 1) if number not in cut and (keep is None or number in keep))
    for old, new in table.pop("replace", ()):
        if not any(old in text for text in body):
            raise ValueError(f"{table.get('path', article.path)}: nothing reads {old!r}")
        body = tuple(text.replace(old, new) for text in body)
    return replace(article, body=body + paragraphs(table.pop("append", "")), **table)


def paragraphs(text: str) -> tuple[str, ...]:
    """Split at empty lines; a line break inside a paragraph is a space."""
    return tuple(" ".join(part.split()) for part in text.split("\n\n") if part.strip())
