"""`storyfold source add`: find out where a site lists its articles, say so, and write it to storyfold.toml."""

from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError

from console.output import note, print_json, print_table, say
from console.sources.editing import editing
from console.sources.finding import as_row, find
from console.sources.naming import unused
from crawler.discovery.findings import Finding
from foundation.config import Settings, SourceSettings, load_settings
from foundation.config_template import entry
from foundation.errors import UnusableUrl, UsageError
from foundation.urls import canonicalise, host

URLS = list[str] | None
COLUMNS: Final = {"url": "address", "verdict": "what it is", "why": "why it was asked"}


def add(
    url: Annotated[str, typer.Argument(help="The outlet's homepage, or one of its feeds.")],
    name: Annotated[str | None, typer.Option(help="Its name. [default: what the site calls itself]")] = None,
    feed: Annotated[URLS, typer.Option(help="An RSS, Atom or JSON feed; may be given again.")] = None,
    sitemap: Annotated[URLS, typer.Option(help="A sitemap or news sitemap; may be given again.")] = None,
    section: Annotated[URLS, typer.Option(help="A page whose links are articles; may be given again.")] = None,
    tag: Annotated[URLS, typer.Option(help="A word of your own; may be given again.")] = None,
    owner: Annotated[str | None, typer.Option(help="Outlets of one owner count once as owners.")] = None,
    country: Annotated[str | None, typer.Option(help="Two letters, such as GB.")] = None,
    language: Annotated[str | None, typer.Option(help="Two letters, such as en. [default: what its feed says]")] = None,
    allow_private: Annotated[bool, typer.Option(help="Its hosts may have private addresses.")] = False,
    no_find: Annotated[bool, typer.Option("--no-find", help="Ask nobody: its homepage is read as a section.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would be added, and change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Add an outlet to storyfold.toml. What the file says already, comments included, stays as it is.

    Its feeds and its news sitemap are looked for on the site itself, unless --feed, --sitemap or --section say where
    its articles are listed. Exit code 1: nothing was found, and nothing is added.
    """
    settings = load_settings()
    finding = None
    values: dict[str, Any] = {
        "name": name,
        "url": address(url),
        "owner": owner,
        "country": country,
        "language": language,
        "feeds": feed,
        "sitemaps": sitemap,
        "sections": section,
        "tags": tag,
        "allow_private": allow_private or None,
    }
    if no_find and not (feed or sitemap or section):
        values["sections"] = [values["url"]]
    elif not (feed or sitemap or section):
        _refuse_known_home(settings, values["url"])
        finding = find(settings, [values["url"]], allow_private=allow_private)[values["url"]]
        values |= {key: value for key, value in found_values(finding).items() if not values.get(key)}
        values["url"] = finding.url
    taken = {source.name for source in settings.sources}
    values["name"] = name or unused(values["name"] or "", values["url"], taken)
    is_found = finding is None or bool(finding.feeds or finding.sitemaps)
    if is_found:
        _refuse_known(settings, values)
        edit = editing(settings)
        edit.add([values])
        if not dry_run:
            edit.save()
    if as_json:
        print_json({"source": values if is_found else None, "found": as_row(finding) if finding else None})
    else:
        _tell(finding, values, is_found=is_found, dry_run=dry_run)
    if not is_found:
        raise typer.Exit(1)


def address(text: str) -> str:
    """Return what somebody typed as an address: a bare host is one as well. Raises UsageError."""
    url = text.strip() if "://" in text else f"https://{text.strip()}"
    try:
        canonicalise(url)
    except UnusableUrl as error:
        raise UsageError(f"{text!r} is no address of the web ({error.reason})") from error
    if "://" not in text and "." not in host(url):
        raise UsageError(f"{text!r} is no address of the web")
    if why := wrong_with({"name": "a site", "url": url}):
        raise UsageError(why)
    return url


def found_values(finding: Finding) -> dict[str, Any]:
    """Return the settings that a search found for a source."""
    return {
        "name": finding.name,
        "url": finding.url,
        "language": finding.language,
        "feeds": [place.url for place in finding.feeds],
        "sitemaps": [place.url for place in finding.sitemaps],
    }


def reasons(finding: Finding) -> str:
    """Return in one line why a search found nothing."""
    told = [f"{tried.url}: {tried.verdict}" for tried in finding.tried if tried.verdict != "the homepage"]
    return "; ".join(told[:3]) + (f"; and {len(told) - 3} more" if len(told) > 3 else "")


def _refuse_known_home(settings: Settings, url: str) -> None:
    """Raise UsageError, before anybody is asked, where another source has this very homepage or feed."""
    homes = {_canonical(source.url): source.name for source in settings.sources}
    if known := places(settings).get(_canonical(url)) or homes.get(_canonical(url)):
        raise UsageError(f"{url} is configured already, as {known!r}; --feed adds a feed of it by hand")


def _refuse_known(settings: Settings, values: dict[str, Any]) -> None:
    """Raise UsageError where every feed of a new source is another source's already."""
    known = places(settings)
    new = [url for key in ("feeds", "sitemaps", "sections") for url in values[key] or ()]
    owners = {known.get(_canonical(url)) for url in new}
    if new and None not in owners:
        raise UsageError(f"that is configured already, as {owners.pop()!r}")


def places(settings: Settings) -> dict[str, str]:
    """Return which source has each place that lists links, by its canonical address."""
    found: dict[str, str] = {}
    for source in settings.sources:
        for url in (*source.feeds, *source.sitemaps, *source.sections):
            found.setdefault(_canonical(url), source.name)
    return found


def _canonical(url: str) -> str:
    try:
        return canonicalise(url)
    except UnusableUrl:
        return url  # the configuration will say what is wrong with it


def _tell(finding: Finding | None, values: dict[str, Any], *, is_found: bool, dry_run: bool) -> None:
    if finding:
        for place in (*finding.feeds, *finding.sitemaps):
            newest = f", newest {place.newest:%Y-%m-%d %H:%M} UTC" if place.newest else ""
            kind = {"rss": "feed", "news_sitemap": "news sitemap"}.get(place.kind, place.kind)
            say(f"{kind}: {place.url} ({place.title or 'no title'}: {place.entries} entries{newest})")
        unused_places = [
            {"url": tried.url, "verdict": tried.verdict, "why": tried.why}
            for tried in finding.tried
            if not tried.is_used and tried.verdict != "the homepage"
        ]
        if unused_places:
            say("", "Not used:")
            print_table(unused_places, COLUMNS)
            say("")
    if not is_found:
        note(f"Nothing was found that lists articles of {values['url']}; nothing is added.")
        note("Where you know a page of it that links them, --section ADDRESS takes that.")
    elif dry_run:
        say(f"{values['name']} would be added:", "", *entry("source", values).splitlines())
    else:
        say(f"{values['name']} added. `storyfold run --source {values['name']!r}` reads it now.")


def wrong_with(values: dict[str, Any]) -> str | None:
    """Say what keeps ``values`` from making a source, without repeating them; None where nothing does."""
    try:
        SourceSettings(**{key: value for key, value in values.items() if value not in (None, [], ())})
    except ValidationError as error:
        wrong = error.errors()[0]
        return f"{'.'.join(map(str, wrong['loc'][:1]))}: {wrong['msg'].removeprefix('Value error, ')}"
    return None
