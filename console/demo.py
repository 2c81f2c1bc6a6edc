"""``storyfold demo``: crawl a news web of our own with the real thing, fold it, hold the result against its truth."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from console.newsweb import NewsWeb
from console.newsweb.check import Found, compare
from console.output import note, out, print_json, progress, records, say
from foundation.errors import NewsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storage.engine import Database

DEFAULT: Final = Path("storyfold-demo.db")

# A loopback web is in no need of politeness; everything else is as it ships.
CRAWL: Final = """
[crawl]
delay = 0
poll_shortest = 0
poll_longest = 0.001
retry_pause = 1
backoff = 1
timeout = 10
"""

PAGES: Final = """
SELECT page.url, page.state, page.reason, article.url AS article_url, article.kind, article.copy_group_id,
       membership.story_id, story.first_article_id = article.id AS is_first, article.title, reading.text,
       (SELECT count(*) FROM version WHERE version.article_id = article.id AND version.page_id = page.id) AS versions
FROM page
LEFT JOIN article ON article.id = page.article_id
LEFT JOIN reading ON reading.article_id = article.id AND reading.is_current
LEFT JOIN membership ON membership.article_id = article.id AND membership.left_at IS NULL
LEFT JOIN story ON story.id = membership.story_id
"""

TRY_NEXT: Final = (
    "SELECT story, title, articles, outlets, copy_groups FROM stories ORDER BY articles DESC LIMIT 5",
    "SELECT outlet, title, minutes_behind, copied_from_outlet, reason FROM story_articles WHERE story = {story}",
    "SELECT state, reason, count(*) AS pages FROM page GROUP BY state, reason ORDER BY pages DESC",
)


class DemoFailed(NewsError):
    """The demo did not come out as its truth file says (exit code 1)."""


def demo(
    database: Annotated[
        Path, typer.Option(help="The SQLite file it makes; an older one of that name is replaced.")
    ] = DEFAULT,
    json: Annotated[bool, typer.Option("--json", help="Print stories and differences as JSON.")] = False,
) -> None:
    """Crawl a bundled news web into a database, fold it, print the stories, and compare them with the truth."""
    from storage.engine import Database

    began = time.monotonic()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
    with NewsWeb() as web, tempfile.TemporaryDirectory(prefix="storyfold-demo-") as folder:
        config = Path(folder, "storyfold.toml")
        config.write_text(web.config_toml(f"sqlite:///{database.absolute()}") + CRAWL, encoding="utf-8")
        with progress("crawling a news web on loopback, twice", total=2) as advance:
            _run(config, web.environment)
            advance(1)
            web.tick()  # an article is changed, another one is new
            _run(config, web.environment)
            advance(1)
        truth, trapped = web.truth, web.trap_hits
    with Database.open(f"sqlite:///{database}") as opened:
        stories = _stories(opened)
        failed = [row["url"] for row in _query(opened, "SELECT url FROM feed WHERE failures > 0")]
        differences = compare(_found(opened), truth, failed)
        differences += [f"a private address was reached: {hit}" for hit in trapped]
    if json:
        print_json({"stories": stories, "differences": differences})
    else:
        _print_stories(stories)
        _print_verdict(differences, len(truth.articles), time.monotonic() - began)
        _print_next(database, stories)
    if differences:
        raise DemoFailed(f"{len(differences)} differences from the truth file")


def _run(config: Path, environment: dict[str, str]) -> None:
    """Make one run, as an operator would; some of the sources are meant to fail."""
    command = [sys.executable, "-m", "console.main", "--config", str(config), "run", "--json"]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3):
        note(done.stdout + done.stderr)
        raise DemoFailed(f"the run ended with exit code {done.returncode}")


def _query(database: "Database", sql: str, **values: Any) -> list[dict[str, Any]]:
    from sqlalchemy import text

    with database.read() as session:
        return records(session.execute(text(sql), values).mappings())


def _found(database: "Database") -> "Iterable[Found]":
    for row in _query(database, PAGES):
        yield Found(
            url=row["url"],
            state=row["state"],
            reason=row["reason"],
            article_url=row["article_url"],
            kind=row["kind"],
            copy_group=row["copy_group_id"],
            story=row["story_id"],
            first=bool(row["is_first"]),
            title=row["title"] or "",
            text=row["text"] or "",
            versions=row["versions"],
        )


def _stories(database: "Database") -> list[dict[str, Any]]:
    stories = _query(database, "SELECT * FROM stories ORDER BY articles DESC, story")
    for story in stories:
        reports = "SELECT * FROM story_articles WHERE story = :story ORDER BY place"
        story["reports"] = _query(database, reports, story=story["story"])
    return stories


def _print_stories(stories: list[dict[str, Any]]) -> None:
    told = [story for story in stories if story["articles"] > 1]
    for story in told:
        out.print()
        out.print(f"[bold]Story {story['story']}[/bold]  ", end="")
        say(story["title"])
        say(
            f"  {story['articles']} articles, {story['outlets']} outlets ({story['owners']} owners), "
            f"{story['copy_groups']} copy groups; first: {story['first_outlet']}"
        )
        for report in story["reports"]:
            _print_report(report)
    say("", f"{len(told)} stories of several reports, {len(stories) - len(told)} of one.")


def _print_report(report: dict[str, Any]) -> None:
    behind = f"+{report['minutes_behind']} min"
    if report["copied_from"] is not None:
        what = f"copy of article {report['copied_from']} ({report['copied_from_outlet']})"
    else:
        what = f"“{report['title']}”: {report['reason']}"
    say(f"    {report['article']:>4}  {behind:>10}  {report['outlet']}: {what}")


def _print_verdict(differences: list[str], articles: int, seconds: float) -> None:
    if differences:
        say("", f"{len(differences)} differences from the truth file:", *(f"  {line}" for line in differences))
    else:
        say("", f"All {articles} articles, their texts, copy groups and stories are as the truth file has them.")
    say(f"({seconds:.0f} seconds)")


def _print_next(database: Path, stories: list[dict[str, Any]]) -> None:
    biggest = stories[0]["story"] if stories else 1
    say("", "Try next:", f"  export STORYFOLD_DATABASE=sqlite:///{database}")
    for sql in TRY_NEXT:
        say(f'  {_program()} sql "{sql.format(story=biggest)}"')


def _program() -> str:
    """How to call storyfold from here: by its name where the shell finds it, else by its path."""
    called = Path(sys.argv[0])
    if shutil.which("storyfold") or called.name != "storyfold":
        return "storyfold"
    return str(called.relative_to(Path.cwd())) if called.is_relative_to(Path.cwd()) else str(called)
