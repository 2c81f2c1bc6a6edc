"""`storyfold source test`: one real poll of a source and its newest pages, in a database that is thrown away.

The very crawl does it, with its robots rules, limits and address guard, so what it shows is what a run would do.
"""

import json
import signal
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from sqlalchemy import select, text

from console.children import Children, Ended, Stopped
from console.output import err, note, print_json, print_table, records, say
from console.session import NoDatabaseYet, reading
from foundation import lifeline
from foundation.config import CONFIG_VARIABLE, Settings, SourceSettings, load_settings
from foundation.errors import NewsError, UsageError
from foundation.urls import host
from storage.engine import Database
from storage.models import Page

SECONDS: Final = 120.0
FEEDS: Final = """
SELECT feed.url AS feed, feed.kind, poll.outcome, poll.status, poll.entries, poll.entries_refused, poll.error
FROM feed
JOIN source ON source.id = feed.source_id
LEFT JOIN poll ON poll.feed_id = feed.id
WHERE source.name = :source
ORDER BY feed.id
"""
PAGES: Final = """
SELECT page.url, page.state, page.reason, article.kind, article.title, article.published_at, reading.words, page.key
FROM page
LEFT JOIN article ON article.id = page.article_id
LEFT JOIN reading ON reading.article_id = article.id AND reading.is_current
ORDER BY page.id
"""


class TrialFailed(NewsError):
    """The crawl of a trial broke down or took too long (exit code 1)."""


def trial(
    which: Annotated[str, typer.Argument(metavar="NAME|URL", help="A configured source, or the address of a feed.")],
    pages: Annotated[int, typer.Option(help="Fetch so many of each feed's newest pages.", min=1, max=100)] = 3,
    seconds: Annotated[float, typer.Option(help="Give up after so many.", min=1)] = SECONDS,
    allow_private: Annotated[bool, typer.Option(help="For an address: its host may be private.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask a source once and read its newest pages, as a run would; nothing of it is kept."""
    settings = load_settings()
    source = settings.source(which)
    environment = _environment(settings, pages)
    if source is None:
        unnamed = _unnamed(which) | {"allow_private": allow_private}
        source = SourceSettings(**unnamed)
        environment["STORYFOLD_SOURCE"] = json.dumps([unnamed])
    with tempfile.TemporaryDirectory(prefix="storyfold-") as folder:
        address = f"sqlite:///{Path(folder) / 'trial.db'}"
        _crawl(source.name, environment | {"STORYFOLD_DATABASE": address}, seconds)
        with Database.open(address) as database, database.read() as session:
            feeds = records(session.execute(text(FEEDS), {"source": source.name}).mappings())
            found = records(session.execute(text(PAGES)).mappings())
    known = _known(settings, [page["key"] for page in found])
    told = [
        {name: value for name, value in page.items() if name != "key"} | {"is_known": page["key"] in known}
        for page in found
    ]
    _show({"source": source.name, "feeds": feeds, "pages": told}, as_json=as_json)
    if any(feed["outcome"] not in ("read", "unchanged") for feed in feeds):
        raise typer.Exit(3)


def _environment(settings: Settings, pages: int) -> dict[str, str]:
    named = {CONFIG_VARIABLE: str(settings.path)} if settings.path else {}
    return named | {"SCRAPY_SETTINGS_MODULE": "crawler.settings", "STORYFOLD_CRAWL__ENTRIES_PER_POLL": str(pages)}


def _unnamed(url: str) -> dict[str, Any]:
    if "://" not in url:
        raise UsageError(f"no source has the name {url!r}, and it is no address")
    return {"name": host(url), "url": url, "feeds": [url]}


def _crawl(source: str, environment: Mapping[str, str], seconds: float) -> None:
    crawl = lifeline.command(
        "scrapy", "crawl", "news", "-s", "LOG_LEVEL=ERROR", "-a", f"sources={source}", on_death=signal.SIGKILL
    )
    waiting = err.status(f"asking {source}") if err.is_terminal else nullcontext()
    with waiting, Children(note) as children:
        children.start("crawl", crawl, environment, has_input=False)
        match children.next_event(seconds):
            case Ended(code=0):
                return
            case Ended(code=code):
                raise TrialFailed(f"the crawl ended with exit code {code}: {children.by_name['crawl'].last_line()}")
            case Stopped(reason):
                raise TrialFailed(reason)
            case None:
                raise TrialFailed(f"not done after {seconds:g} s; --seconds allows more")


def _known(settings: Settings, keys: list[bytes]) -> set[bytes]:
    """Return those of ``keys`` that the real database has already."""
    try:
        with reading(settings) as database, database.read() as session:
            return set(session.scalars(select(Page.key).where(Page.key.in_(keys))))
    except NoDatabaseYet:
        return set()


def _show(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    if not told["feeds"]:
        say(f"{told['source']} has no feeds, sitemaps or sections: nothing would be asked.")
        return
    print_table(told["feeds"])
    say("")
    if told["pages"]:
        print_table(told["pages"])
    else:
        say("No pages were found in them.")
    say("", "Nothing of this was kept.")
