"""`storyfold source disable`, `enable` and `remove`: changes of storyfold.toml that leave the rest of it alone."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from console.output import note, say
from foundation.config import FILE_NAME, Settings, load_settings
from foundation.config_edit import Edit
from foundation.errors import UsageError

Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="As `storyfold source list` names them.")]


def disable(names: Names) -> None:
    """Ask a source no longer, until it is enabled again; its articles stay and its settings are kept."""
    _switch(names, enabled=False)


def enable(names: Names) -> None:
    """Ask a disabled source again, from the next run on."""
    _switch(names, enabled=True)


def remove(
    names: Names,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask back.")] = False,
) -> None:
    """Take a source out of storyfold.toml. Its articles stay.

    Prints the lines that were taken out: appended to the file again, they undo it (`… remove X --yes >> kept.toml`).
    """
    edit = editing(_named(names))
    if not yes:
        _confirm(names)
    removed = [edit.remove(name) for name in dict.fromkeys(names)]
    edit.save()
    print("\n".join(entry if entry.endswith("\n") else f"{entry}\n" for entry in removed), end="")
    note(f"{_listed(names)} removed from {edit.file.name}; articles stay. The lines above put it back.")


def editing(settings: Settings) -> Edit:
    """Return an edit of the file that ``settings`` came from."""
    return Edit(settings.path or Path(FILE_NAME))


def _switch(names: list[str], *, enabled: bool) -> None:
    settings = _named(names)
    state = "enabled" if enabled else "disabled"
    changed = []
    edit = editing(settings)
    for name in dict.fromkeys(names):
        source = settings.source(name)
        if source is not None and source.enabled == enabled:
            say(f"{name} is {state} already.")
        else:
            edit.switch(name, enabled=enabled)
            changed.append(name)
    if changed:
        edit.save()
        say(f"{_listed(changed)} {state}, from the next run on.")


def _named(names: list[str]) -> Settings:
    settings = load_settings()
    for name in names:
        if settings.source(name) is None:
            raise UsageError(f"no source has the name {name!r}; `storyfold source list` names them")
    return settings


def _confirm(names: list[str]) -> None:
    if not sys.stdin.isatty():
        raise UsageError(f"nobody is here to be asked whether {_listed(names)} may go: --yes removes without asking")
    typer.confirm(f"Remove {_listed(names)} from the configuration?", abort=True)


def _listed(names: list[str]) -> str:
    return ", ".join(dict.fromkeys(names))
