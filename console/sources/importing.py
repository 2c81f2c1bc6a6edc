"""`storyfold source import`: sources from a file of another program, in one change of storyfold.toml."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from console.output import note, print_json, say
from console.sources.adding import found_values, places, reasons, wrong_with
from console.sources.drafts import Bad, Draft, Read, once
from console.sources.editing import editing
from console.sources.finding import find
from console.sources.naming import unused
from console.sources.opml import home_of, read_opml
from console.sources.sitelist import read_sitelist
from console.sources.tables import header_of, read_list, read_table
from crawler.discovery.homepages import looks_like_feed, looks_like_sitemap
from foundation.config import Settings, load_settings
from foundation.errors import UsageError
from foundation.urls import canonicalise

EXIT_SOME_REFUSED: Final = 3
EXIT_NONE_USABLE: Final = 2
MOST_TOLD: Final = 20  # refused lines that are shown
SITELISTS: Final = (".hjson", ".json")
MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def import_file(
    file: Annotated[
        str, typer.Argument(help="OPML, CSV, a list of addresses, or news-please's sitelist; - reads stdin.")
    ],
    tag: Annotated[list[str] | None, typer.Option(help="Give every source this tag, too; may be given again.")] = None,
    find_feeds: Annotated[
        bool,
        typer.Option(
            "--find/--no-find",
            help="Ask sites that the file names without a feed where their articles are listed; otherwise their "
            "homepages are read as sections.",
        ),
    ] = True,
    allow_private: Annotated[bool, typer.Option(help="Their hosts may have private addresses.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would be added, and change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Add the sources that a file lists to storyfold.toml, in one change; the file says by itself what it is.

    Folders and categories become tags. What is configured already is passed over, each line that cannot be used is
    named, and the rest is added. Exit codes: 3, some lines were refused; 2, none could be used.
    """
    settings = load_settings()
    body, name = _read(file)
    intake = Intake(settings, tuple(tag or ()), allow_private=allow_private)
    drafts = intake.sift(read_any(body, name))
    if find_feeds and (urls := [draft.url for draft in drafts if not draft.places and draft.url]):
        intake.found = find(settings, urls, allow_private=allow_private)
        intake.was_asked = True
    for draft in drafts:
        intake.take(draft)
    if intake.added:
        edit = editing(settings)
        edit.add(intake.added)
        if not dry_run:
            edit.save()
    _tell(intake, name, dry_run=dry_run, as_json=as_json)
    if intake.refused:
        raise typer.Exit(EXIT_SOME_REFUSED if intake.added or intake.skipped else EXIT_NONE_USABLE)


def read_any(body: bytes, name: str) -> list[Read]:
    """Read a file of whatever form: it is told by its content, never by what its name promises."""
    if body.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00").startswith(b"<"):
        return read_opml(body)
    text = _text(body)
    if "\x00" in text:
        return [Bad(1, "not a text file: it holds zero bytes")]
    if Path(name).suffix in SITELISTS or "base_urls" in text:
        return read_sitelist(text)
    if header := header_of(text):
        return read_table(text, *header)
    return read_list(text)


@dataclass(slots=True)
class Intake:
    """What becomes of the drafts of a file, beside what is configured already."""

    settings: Settings
    tags: tuple[str, ...]
    allow_private: bool
    found: dict[str, Any] = field(default_factory=dict)
    was_asked: bool = False
    added: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[Bad] = field(default_factory=list)
    refused: list[Bad] = field(default_factory=list)
    _names: set[str] = field(init=False)
    _places: dict[str, str] = field(init=False)
    _homes: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Remember what is configured."""
        self._names = {source.name for source in self.settings.sources}
        self._places = places(self.settings)
        self._homes = {_canonical(source.url): source.name for source in self.settings.sources}

    def sift(self, read: Sequence[Read]) -> list[Draft]:
        """Return the drafts worth asking about: not bad, and not one whose homepage or address is known."""
        kept: list[Draft] = []
        for one in read:
            if isinstance(one, Bad):
                self.refused.append(one)
            elif why := _unusable(one.url):
                self.refused.append(Bad(one.line, why))
            elif not one.places and (known := self._known_as(one.url or "")):
                self.skipped.append(Bad(one.line, f"{one.url} is configured already, as {known!r}"))
            else:
                kept.append(one)
        return kept

    def take(self, draft: Draft) -> None:
        """Add a draft, or say why not."""
        values = self._values(draft)
        if isinstance(values, Bad):
            self.refused.append(values)
            return
        new = {key: [url for url in values[key] if _canonical(url) not in self._places] for key in PLACES}
        if not any(new.values()):
            known = self._places[_canonical(next(url for key in PLACES for url in values[key]))]
            self.skipped.append(Bad(draft.line, f"configured already, as {known!r}"))
            return
        values |= new
        values["name"] = unused(values["name"], values["url"], self._names)
        if why := wrong_with(values):
            self.refused.append(Bad(draft.line, why))
            return
        self._names.add(values["name"])
        self._places |= {_canonical(url): values["name"] for urls in new.values() for url in urls}
        self._homes.setdefault(_canonical(values["url"]), values["name"])
        self.added.append({key: value for key, value in values.items() if value not in (None, [], "")})

    def _values(self, draft: Draft) -> dict[str, Any] | Bad:
        values: dict[str, Any] = {
            "name": draft.name,
            "url": draft.url or home_of(draft.places[0]),
            "owner": draft.owner,
            "country": draft.country,
            "language": draft.language,
            **{key: list(getattr(draft, key)) for key in PLACES},
            "tags": list(once((*draft.tags, *self.tags))),
            "allow_private": self.allow_private or None,
            "enabled": None if draft.enabled else False,
        }
        if draft.places:
            return values
        if self.was_asked:
            return self._with_found(draft, values)
        return values | _guessed(values["url"])

    def _with_found(self, draft: Draft, values: dict[str, Any]) -> dict[str, Any] | Bad:
        finding = self.found.get(values["url"])
        if finding is None:
            return Bad(draft.line, f"{values['url']} was not asked")
        if not (finding.feeds or finding.sitemaps):
            return Bad(draft.line, f"nothing that lists articles: {reasons(finding)}")
        return values | {key: value for key, value in found_values(finding).items() if key == "url" or not values[key]}

    def _known_as(self, url: str) -> str | None:
        return self._places.get(_canonical(url)) or self._homes.get(_canonical(url))


PLACES: Final = ("feeds", "sitemaps", "sections")


def _guessed(url: str) -> dict[str, Any]:
    """Return where an address lists articles, by its look alone: nobody was to be asked."""
    if looks_like_sitemap(url):
        return {"url": home_of(url), "sitemaps": [url]}
    if looks_like_feed(url):
        return {"url": home_of(url), "feeds": [url]}
    return {"sections": [url]}


def _unusable(url: str | None) -> str | None:
    """Say what is wrong with a homepage's address before anybody is asked for it."""
    return wrong_with({"name": "a site", "url": url}) if url else None


def _canonical(url: str) -> str:
    return canonicalise(url) if url else ""


def _read(file: str) -> tuple[bytes, str]:
    if file == "-":
        return sys.stdin.buffer.read(), "<stdin>"
    try:
        return Path(file).read_bytes(), file
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error


def _text(body: bytes) -> str:
    """Decode by the byte order mark, else as UTF-8, else as Windows tables come."""
    for mark, encoding in MARKS:
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def _tell(intake: Intake, name: str, *, dry_run: bool, as_json: bool) -> None:
    refused = sorted(intake.refused, key=lambda bad: bad.line)
    if as_json:
        print_json(
            {
                "added": intake.added,
                "skipped": list(_as_rows(intake.skipped, name)),
                "refused": list(_as_rows(refused, name)),
                "is_dry_run": dry_run,
            }
        )
        return
    for bad in refused[:MOST_TOLD]:
        note(f"{name}:{bad.line}: {bad.why}")
    if len(refused) > MOST_TOLD:
        note(f"{name}: {len(refused) - MOST_TOLD} more lines were refused; --json prints them all")
    for bad in intake.skipped:
        note(f"{name}:{bad.line}: passed over, {bad.why}")
    for values in intake.added if dry_run else ():
        say(f"{values['name']}: {', '.join(url for key in PLACES for url in values.get(key, ()))}")
    say(
        f"{len(intake.added)} sources {'would be ' if dry_run else ''}added, {len(intake.skipped)} configured already, "
        f"{len(refused)} lines refused."
    )


def _as_rows(bads: Sequence[Bad], name: str) -> Iterator[dict[str, Any]]:
    for bad in bads:
        yield {"file": name, "line": bad.line, "why": bad.why}
