"""`storyfold source test`: one real poll of a source and its newest pages, in a database that is thrown away.

The very crawl does it, with its robots rules, limits and address guard, so what it shows is what a run would do.
"""

import json
import signal
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from sqlalchemy import select, text

from console.children import Children, Ended, Stopped
from console.output import err, note, print_json, print_table, records, say
from console.session import NoDatabaseYet, reading
from console.sources.adding import address, found_values, reasons
from console.sources.finding import find
from crawler.discovery.findings import in_words
from foundation import lifeline
from foundation.config import CONFIG_VARIABLE, Settings, SourceSettings, load_settings
from foundation.errors import NewsError, UsageError
from storage.engine import Database
from storage.models import Page

SECONDS: Final = 120.0
SHOWN: Final = 20  # pages in the table for people; --json has them all
FEEDS: Final = """
SELECT
  feed.url AS feed, feed.kind, poll.outcome, poll.status, poll.entries, poll.pages_new AS pages,
  poll.entries_cut AS beyond_limit, poll.entries_refused AS unusable, poll.entries_over_budget AS over_budget,
  poll.error
FROM feed
JOIN source ON source.id = feed.source_id
LEFT JOIN poll ON poll.feed_id = feed.id
WHERE source.name = :source
ORDER BY feed.id
"""
PAGES: Final = """
SELECT
  page.url, page.state, page.reason, article.kind, coalesce(article.title, page.feed_title) AS title,
  article.published_at, page.feed_time, reading.words, page.key
FROM page
LEFT JOIN article ON article.id = page.article_id
LEFT JOIN reading ON reading.article_id = article.id AND reading.is_current
ORDER BY page.id
"""
NOT_IN_TABLE: Final = ("error",)  # has a line of its own
PAGE_COLUMNS: Final = {"what": "a run would", "title": "title", "url": "address", "words": "words"}


class TrialFailed(NewsError):
    """The crawl of a trial broke down or took too long (exit code 1)."""


def trial(
    which: Annotated[str, typer.Argument(metavar="NAME|URL", help="A configured source, or any address.")],
    pages: Annotated[int, typer.Option(help="Fetch so many of its newest pages.", min=1, max=100)] = 3,
    seconds: Annotated[float, typer.Option(help="Give up after so many.", min=1)] = SECONDS,
    allow_private: Annotated[bool, typer.Option(help="For an address: its host may be private.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask a source once and say what a run would do with it, and why; nothing of it is kept.

    Its newest pages are really fetched and read; the others are judged by what is known: already in the database,
    forbidden by robots.txt, or to be fetched. For an address, its feeds are found first. Exit code 3: a feed failed.
    """
    from console.sources.judging import Judge  # imports Scrapy: a second that no other command need spend

    settings = load_settings()
    source = settings.source(which)
    environment = {CONFIG_VARIABLE: str(settings.path)} if settings.path else {}
    if source is None:
        values = _found(settings, which, allow_private=allow_private)
        source = SourceSettings(**values)
        environment["STORYFOLD_SOURCE"] = json.dumps([values])
    elif not source.enabled:
        raise UsageError(f"{source.name!r} is disabled: a run would not ask it; `storyfold source enable` changes that")
    with tempfile.TemporaryDirectory(prefix="storyfold-") as folder:
        environment["STORYFOLD_DATABASE"] = f"sqlite:///{Path(folder) / 'trial.db'}"
        _crawl(source.name, environment, pages, seconds)
        with Database.open(environment["STORYFOLD_DATABASE"]) as database, database.read() as session:
            feeds = records(session.execute(text(FEEDS), {"source": source.name}).mappings())
            rows = records(session.execute(text(PAGES)).mappings())
            judge = Judge(session, settings, source, _known(settings, [row["key"] for row in rows]))
            told = [judge.told(row) for row in rows]
    _show({"source": source.name, "feeds": feeds, "pages": told}, as_json=as_json)
    if any(feed["outcome"] not in ("read", "unchanged") for feed in feeds):
        raise typer.Exit(3)


def _found(settings: Settings, which: str, *, allow_private: bool) -> dict[str, Any]:
    """Return the source that an address would become. Raises UsageError or TrialFailed, with the reasons."""
    if "://" not in which and "." not in which:
        raise UsageError(f"no source has the name {which!r}, and it is no address")
    url = address(which)
    finding = find(settings, [url], allow_private=allow_private)[url]
    if not (finding.feeds or finding.sitemaps):
        raise TrialFailed(f"nothing that lists articles was found: {reasons(finding)}")
    return {key: value for key, value in found_values(finding).items() if value} | {"allow_private": allow_private}


def _crawl(source: str, environment: Mapping[str, str], pages: int, seconds: float) -> None:
    arguments = ["crawl", "news", "-s", "LOG_LEVEL=ERROR", "-a", f"sources={source}", "-a", f"pages={pages}"]
    crawl = lifeline.command("scrapy", *arguments, on_death=signal.SIGKILL)
    environment = {"SCRAPY_SETTINGS_MODULE": "crawler.settings", **environment}
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


def _known(settings: Settings, keys: Sequence[bytes]) -> set[bytes]:
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
    print_table([{name: feed[name] for name in feed if name not in NOT_IN_TABLE} for feed in told["feeds"]])
    for feed in told["feeds"]:
        if feed["error"]:
            say(f"{feed['feed']}: {in_words(feed['error'])}")
    say("")
    if told["pages"]:
        print_table(told["pages"][:SHOWN], PAGE_COLUMNS)
        counts = Counter(page["what"].partition(":")[0] for page in told["pages"])
        say(
            "", f"Of {len(told['pages'])} pages a run would: {', '.join(f'{what} {n}×' for what, n in counts.items())}."
        )
    else:
        say("No pages were found in them.")
    say("Nothing of this was kept.")
