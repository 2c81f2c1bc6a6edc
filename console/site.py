"""`storyfold site`: what sites were seen to print on page after page, which is cut from their articles; forget it."""

from typing import Annotated, Any, Final

import typer
from sqlalchemy import text
from sqlalchemy.orm import Session

from console.output import print_json, print_table, records, say
from console.session import reading, require_database, writing
from foundation.config import load_settings
from foundation.errors import UnusableUrl, UsageError
from foundation.urls import site
from storage import sites

app = typer.Typer(
    rich_markup_mode=None,
    help="Show what sites print on page after page, forget it.",
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Named = Annotated[str, typer.Argument(metavar="SITE", help="A registered domain, or any address of the site.")]
COLUMNS: Final = {
    "page_groups": "groups",
    "days": "days",
    "first_seen": "first seen",
    "last_seen": "last seen",
    "furniture_since": "cut since (UTC)",
    "articles": "articles",
    "sample": "text",
}
LIST_COLUMNS: Final = {
    "site": "site",
    "pages": "pages",
    "blocks": "blocks",
    "furniture": "furniture",
    "is_learning": "learning",
    "cut_jump": "remark",
}
SITES: Final = """
SELECT
  site.name AS site,
  site.is_learning,
  (SELECT count(*) FROM site_page WHERE site_page.site_id = site.id AND page_group IS NOT NULL) AS pages,
  (SELECT count(*) FROM site_block WHERE site_block.site_id = site.id AND page_groups > 0) AS blocks,
  (SELECT count(*) FROM site_block WHERE site_block.site_id = site.id AND furniture_since IS NOT NULL) AS furniture,
  site.cut_jump
FROM site
WHERE CAST(:name AS text) IS NULL OR site.name = :name
ORDER BY furniture DESC, site.name
"""
LEARNT: Final = """
SELECT
  page_groups, days, first_seen, last_seen, furniture_since,
  (
    SELECT count(*) FROM label
    JOIN reading ON reading.id = label.reading_id AND reading.is_current
    WHERE label.digest = site_block.digest
  ) AS articles,
  sample
FROM site_block
JOIN site ON site.id = site_block.site_id
WHERE site.name = :name AND furniture_since IS NOT NULL
ORDER BY page_groups DESC, furniture_since, sample
"""


@app.command("list")
def show_all(as_json: Json = False) -> None:
    """List the sites whose pages are known, those with the most furniture first."""
    with reading() as database, database.read() as session:
        found = _sites(session, None)
    if as_json:
        print_json(found)
    elif found:
        print_table(found, LIST_COLUMNS)
    else:
        say("No site is known yet: `storyfold run` reads pages.")


@app.command()
def show(name: Named, as_json: Json = False) -> None:
    """List the lines that are cut from a site's articles because it prints them on page after page."""
    with reading() as database, database.read() as session:
        known = _known(session, name)
        learnt = records(session.execute(text(LEARNT), {"name": known["site"]}).mappings())
        waiting = sites.waiting_count(session)
    if as_json:
        print_json(known | {"readings_waiting": waiting, "learnt": learnt})
        return
    say(f"{known['site']}: {known['pages']} pages teach, with {known['blocks']} different blocks")
    if not known["is_learning"]:
        say("It was forgotten for good; `storyfold site forget` without --for-good lets it learn again.")
    if known["cut_jump"]:
        say(known["cut_jump"])
    if learnt:
        print_table(learnt, COLUMNS)
    else:
        say("Nothing of it is cut: no block was on enough groups of pages, on two days, and on no other site.")


@app.command()
def forget(
    name: Named,
    for_good: Annotated[bool, typer.Option(help="Learn nothing of it from now on. [default: learn anew]")] = False,
    as_json: Json = False,
) -> None:
    """Forget what was learnt of a site: its articles get their lines back, some in every run."""
    settings = load_settings()
    require_database(settings.database)
    with writing(settings) as database, database.write() as session:
        known = _known(session, name)
        locked = sites.lock(session, known["site"])
        readings = sites.forget(session, locked.id, for_good=for_good)
    if as_json:
        print_json({"site": known["site"], "furniture": known["furniture"], "readings_waiting": readings})
    else:
        say(
            f"{known['site']} is forgotten, with {known['furniture']} learnt blocks.",
            f"{readings} readings get their lines back in the next runs."
            if readings
            else "No article had lost a line to it.",
        )


def _known(session: Session, name: str) -> dict[str, Any]:
    """Return the row of a site. Raises UsageError where there is none of that name."""
    try:
        asked = site(name if "://" in name else f"https://{name}")
    except UnusableUrl as error:
        raise UsageError(f"{name!r} names no site: give a domain such as example.org") from error
    if not (found := _sites(session, asked)):
        raise UsageError(f"no page of {asked!r} is known; `storyfold site list` names the sites that are")
    return found[0]


def _sites(session: Session, name: str | None) -> list[dict[str, Any]]:
    rows = records(session.execute(text(SITES), {"name": name}).mappings())
    return [row | {"is_learning": bool(row["is_learning"])} for row in rows]
