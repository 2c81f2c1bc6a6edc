"""`storyfold source`: the outlets of the configuration: add one, list them with their health, try one."""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from sqlalchemy import text

from console.output import print_json, print_table, records, say
from console.session import NoDatabaseYet, reading
from console.trial import trial
from foundation.config import FILE_NAME, Settings, load_settings
from foundation.config_template import entry
from foundation.errors import ConfigurationError, UsageError
from foundation.urls import host

app = typer.Typer(
    rich_markup_mode=None,
    help="Add, list and try outlets.",
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)
app.command("test")(trial)
COLUMNS: Final = {
    "outlet": "outlet",
    "health": "health",
    "feeds": "feeds",
    "polled_at": "polled (UTC)",
    "next_poll_at": "next",
    "pages_waiting": "waiting",
    "pages_read": "read",
    "pages_failed": "failed",
    "articles_day": "today",
    "articles_week": "week",
    "error": "error",
}
URLS = list[str] | None


@app.command("add")
def add(
    url: Annotated[str, typer.Argument(help="The outlet's homepage.")],
    name: Annotated[str | None, typer.Option(help="Its name. [default: the host]")] = None,
    feed: Annotated[URLS, typer.Option(help="An RSS, Atom or JSON feed; may be given again.")] = None,
    sitemap: Annotated[URLS, typer.Option(help="A sitemap or news sitemap; may be given again.")] = None,
    section: Annotated[URLS, typer.Option(help="A page whose links are articles; may be given again.")] = None,
    owner: Annotated[str | None, typer.Option(help="Outlets of one owner count once as owners.")] = None,
    country: Annotated[str | None, typer.Option(help="Two letters, such as GB.")] = None,
    language: Annotated[str | None, typer.Option(help="Two letters, such as en.")] = None,
    allow_private: Annotated[bool, typer.Option(help="Its hosts may have private addresses.")] = False,
) -> None:
    """Add an outlet to storyfold.toml. What the file says already, comments included, stays as it is."""
    if not (feed or sitemap or section):
        raise UsageError("where are its articles listed? Give --feed, --sitemap or --section, with the address")
    settings = load_settings()
    values: dict[str, Any] = {
        "name": name or host(url).removeprefix("www."),
        "url": url,
        "owner": owner,
        "country": country,
        "language": language,
        "feeds": feed,
        "sitemaps": sitemap,
        "sections": section,
        "allow_private": allow_private,
    }
    append(settings.path or Path(FILE_NAME), entry("source", values))
    say(f"{values['name']} added. `storyfold run --source {values['name']!r}` reads it now.")


@app.command("list")
def show(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the outlets with what they last did; those that need a look come first."""
    settings = load_settings()
    found = health(settings)
    if as_json:
        print_json(found)
    elif found:
        print_table(found, COLUMNS)
    else:
        say("No sources are configured: `storyfold source add URL --feed URL` adds one.")


def health(settings: Settings) -> list[dict[str, Any]]:
    """Return one row for each outlet of the configuration or the database, the troubled first."""
    try:
        with reading(settings) as database, database.read() as session:
            known = records(session.execute(text("SELECT * FROM source_health")).mappings())
    except NoDatabaseYet:
        known = []
    named = {row["outlet"] for row in known}
    rows = known + [_unseen(source.name) for source in settings.sources if source.name not in named]
    return sorted(rows, key=lambda row: (row["health"] == "off", row["health"] == "ok", row["outlet"]))


def append(file: Path, addition: str) -> None:
    """Write ``addition`` at the end of ``file``, unless the whole would then be wrong. Raises ConfigurationError."""
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    after = f"{before.rstrip()}\n\n{addition}" if before.strip() else addition
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as opened:
            opened.write(after)
        tomllib.loads(after)
        load_settings(draft)
        draft.replace(file)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file}: sources are written there in another form; add it by hand") from error
    except ConfigurationError as error:
        raise ConfigurationError(str(error).replace(str(draft), str(file))) from error
    finally:
        draft.unlink(missing_ok=True)


def _unseen(name: str) -> dict[str, Any]:
    return dict.fromkeys(COLUMNS) | {"outlet": name, "health": "not run yet"}
