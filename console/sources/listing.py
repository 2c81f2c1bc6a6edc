"""`storyfold source list`: what each outlet last did; those that need a look come first."""

from typing import Annotated, Any, Final

import typer
from sqlalchemy import text

from console.output import print_json, print_table, records, say
from console.session import NoDatabaseYet, reading
from foundation.config import Settings, load_settings

COLUMNS: Final = {
    "outlet": "outlet",
    "health": "health",
    "tags": "tags",
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
QUIET: Final = {"ok": 1, "disabled": 2, "removed": 3}  # what needs no look, in the order of the list's end


def show(
    tag: Annotated[str | None, typer.Option(help="Only outlets with this tag.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the outlets with what they last did; those that need a look come first.

    `disabled` outlets are not asked; `removed` ones are no longer in the configuration, and their articles stay.
    """
    settings = load_settings()
    found = [row for row in health(settings) if tag is None or tag in row["tags"]]
    if as_json:
        print_json(found)
    elif found:
        print_table([row | {"tags": ", ".join(row["tags"])} for row in found], COLUMNS)
    elif tag is not None:
        say(f"No source has the tag {tag!r}.")
    else:
        say("No sources are configured: `storyfold source add URL` adds one.")


def health(settings: Settings) -> list[dict[str, Any]]:
    """Return one row for each outlet of the configuration or the database, the troubled first."""
    try:
        with reading(settings) as database, database.read() as session:
            known = records(session.execute(text("SELECT * FROM source_health")).mappings())
    except NoDatabaseYet:
        known = []
    seen = {row["outlet"]: row for row in known}
    for source in settings.sources:
        row = seen.setdefault(source.name, dict.fromkeys(COLUMNS) | {"outlet": source.name, "health": "not run yet"})
        row["tags"] = list(source.tags)
        if not source.enabled:
            row["health"] = "disabled"
        elif row["health"] == "off":
            row["health"] = "enabled with the next run"
    configured = {source.name for source in settings.sources}
    for name in seen.keys() - configured:
        seen[name] |= {"health": "removed", "tags": []}
    return sorted(seen.values(), key=lambda row: (QUIET.get(row["health"], 0), row["outlet"]))
