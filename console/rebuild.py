"""`storyfold rebuild`: compute stories anew, also with other settings, and say which merge, split or change."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Final

import typer

from console.output import note, print_json, progress, say
from console.session import now, require_database, writing
from console.since import moment
from dedup.changes import Change, Kind, Part
from foundation.config import PREFIX, Settings, StoriesSettings, load_settings
from foundation.errors import ConfigurationError, UsageError
from pipelines.fold.rebuilding import Rebuilt, rehearse
from pipelines.fold.rebuilding import rebuild as rebuild_stories
from pipelines.fold.rules import fold_rules

SHOWN: Final = 50  # changes of a kind in the list for people


def rebuild(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    values: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Another setting: stories.threshold=0.25.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Articles from then on: 12h, 2d, 1w, or a date. [all]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compute stories anew; with --dry-run, say which would merge, split or change, and do nothing.

    Decisions hold, ids live on. A rebuild without --dry-run does what one with it says, until other articles come.
    """
    settings = settings_with(values or [])
    require_database(settings.database)
    begin = moment(since, now()) if since is not None else None
    with writing(settings) as database, progress("computing stories") as advance:
        found = (rehearse if dry_run else rebuild_stories)(database, fold_rules(settings), begin, advance)
    if as_json:
        print_json(asdict(found) | {"dry_run": dry_run})
    else:
        _print(found, dry_run=dry_run)
    if values and not dry_run:
        note(f"The next fold decides by the configuration again: to keep this, set {', '.join(values)} there.")


def settings_with(values: Sequence[str]) -> Settings:
    """Return the settings with those of the section `stories` that ``values`` name changed. Raises UsageError."""
    variables = {}
    for value in values:
        name, is_given, said = value.partition("=")
        section, _, key = name.strip().partition(".")
        if not is_given or section != "stories" or key not in StoriesSettings.model_fields:
            known = " and ".join(f"stories.{key}=…" for key in StoriesSettings.model_fields)
            raise UsageError(f"--set {value}: what can be set is {known}")
        variables[f"{PREFIX}STORIES__{key.upper()}"] = said.strip()
    with _environment(variables):
        try:
            return load_settings()
        except ConfigurationError as error:
            if not (wrong := [line for line in str(error).splitlines() if line.partition(":")[0] in variables]):
                raise
            raise UsageError("--set: " + "; ".join(wrong)) from error


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set variables for the length of the block: what the environment says wins over the file."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _print(found: Rebuilt, *, dry_run: bool) -> None:
    verb = "would be" if dry_run else "are"
    say(f"{found.readings} articles looked at: {found.stories_before} stories {verb} {found.stories_after}.")
    if not found.changes:
        say("No story changes.")
    for kind in Kind:
        of_kind = [change for change in found.changes if change.kind is kind]
        if of_kind:
            say("", f"{kind.value.capitalize()}: {len(of_kind)}")
            say(*(f"  {_line(change)}" for change in of_kind[:SHOWN]))
        if len(of_kind) > SHOWN:
            say(f"  … and {len(of_kind) - SHOWN} more; --json has them all")


def _line(change: Change) -> str:
    return f"{_parts(change.before) or 'none'} → {_parts(change.after) or 'none'}"


def _parts(parts: Sequence[Part]) -> str:
    return " + ".join(
        f"{'a new story' if part.story is None else f'story {part.story}'} "
        f"({part.articles} article{'s' if part.articles != 1 else ''})"
        for part in parts
    )
