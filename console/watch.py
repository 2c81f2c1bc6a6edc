"""`storyfold watch`: the standing queries of the configuration and what matches them; a query tried without keeping."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final

import typer
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from console.output import print_json, print_table, records, say
from console.session import NoDatabaseYet, now, reading
from console.since import moment
from foundation import query
from foundation.config import Settings, load_settings
from foundation.errors import UnusableQuery, UsageError
from storage.models import Article, Reading, Source

app = typer.Typer(
    rich_markup_mode=None,
    help="List standing queries, try one.",
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)
LIMIT: Final = 20
FETCHED: Final = 200  # texts held at once
COLUMNS: Final = {
    "watch": "watch",
    "query": "query",
    "articles": "articles",
    "stories": "stories",
    "matched_at": "latest (UTC)",
    "waiting": "not read yet",
}
FOUND_COLUMNS: Final = {"article": "article", "outlet": "outlet", "at": "at (UTC)", "story": "story", "title": "title"}
COUNTED: Final = """
SELECT
  watch.name AS watch,
  count(found.article) AS articles,
  count(DISTINCT found.story) AS stories,
  max(found.matched_at) AS matched_at,
  (SELECT count(*) FROM reading WHERE reading.is_current AND reading.id > watch.read_upto) AS waiting
FROM watch
LEFT JOIN watch_articles AS found ON found.watch = watch.name
WHERE watch.is_enabled AND watch.query = :query AND watch.name = :name
GROUP BY watch.id, watch.name, watch.read_upto
"""
STORY: Final = "SELECT story_id FROM membership WHERE article_id = :article AND left_at IS NULL"


@app.command("list")
def show(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the watches of the configuration with the articles and stories that match them so far."""
    found = counts(load_settings())
    if as_json:
        print_json(found)
    elif found:
        print_table(found, COLUMNS)
        say("", "The matches are rows: storyfold sql \"SELECT * FROM watch_articles WHERE watch = '…'\"")
    else:
        say("No watches are configured: a [[watch]] of storyfold.toml has a name and a query.")


@app.command("test")
def attempt(
    text_of_query: Annotated[str, typer.Argument(metavar="QUERY", help="As in a [[watch]].")],
    since: Annotated[str, typer.Option(help="Among articles since then: 12h, 7d, or a date.")] = "7d",
    limit: Annotated[int, typer.Option(help="Show so many.", min=1)] = LIMIT,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Try a query on the stored articles, the latest first; nothing is kept."""
    try:
        asked = query.parse(text_of_query)
    except UnusableQuery as error:
        raise UsageError(str(error)) from error
    start = moment(since, now())
    with reading() as database, database.read() as session:
        found = list(matching(session, asked, start))
        shown = [_told(session, row) for row in found[:limit]]
    if as_json:
        print_json({"query": str(asked), "since": start, "matching": len(found), "articles": shown})
    elif shown:
        print_table(shown, FOUND_COLUMNS)
        say("", f"{len(found)} articles match {asked}")
    else:
        say(f"No articles since {since} match {asked}")


def counts(settings: Settings) -> list[dict[str, Any]]:
    """Return one row for each watch of the configuration; its counts are None before the first run."""
    unseen = [dict.fromkeys(COLUMNS) | {"watch": watch.name, "query": watch.query} for watch in settings.watches]
    try:
        with reading(settings) as database, database.read() as session:
            return [row | _counted(session, row) for row in unseen]
    except NoDatabaseYet:
        return unseen


def matching(session: Session, asked: query.Query, since: datetime) -> Iterator[dict[str, Any]]:
    """Yield the articles of that time or later that match, the latest first."""
    rows = session.execute(
        select(
            Article.id.label("article"),
            Source.name.label("outlet"),
            Article.time.label("at"),
            Article.title,
            Article.url,
            Reading.text,
        )
        .join(Source, Source.id == Article.source_id)
        .join(Reading, (Reading.article_id == Article.id) & Reading.is_current)
        .where(Article.time >= since)
        .order_by(Article.time.desc(), Article.id.desc())
        .execution_options(yield_per=FETCHED)
    )
    for row in rows.mappings():
        if asked.matches(query.Text(row["title"], row["text"])):
            yield {key: row[key] for key in ("article", "outlet", "at", "title", "url")}


def _told(session: Session, row: dict[str, Any]) -> dict[str, Any]:
    return row | {"story": session.scalar(text(STORY), {"article": row["article"]})}


def _counted(session: Session, row: dict[str, Any]) -> dict[str, Any]:
    found = session.execute(text(COUNTED), {"name": row["watch"], "query": row["query"]}).mappings()
    return next(iter(records(found)), {})
