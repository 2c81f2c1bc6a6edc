"""`storyfold init`: a commented configuration to begin with, and a database that fits this release."""

import os
from pathlib import Path
from typing import Annotated

import typer

from console.output import say
from console.session import writing
from foundation.config import FILE_NAME, load_settings
from foundation.config_template import template
from storage.engine import redacted


def init(
    path: Annotated[Path | None, typer.Argument(help="A folder, or the file to write.")] = None,
) -> None:
    """Write a commented storyfold.toml, where there is none, and make or upgrade the database it names.

    A file that exists is left as it is; naming it again only upgrades its database.
    """
    file = place(path)
    if file.exists():
        say(f"{file} exists and is left as it is.")
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_new(file, template())
        say(f"{file} written: every setting is in it, with its default and its meaning.")
    settings = load_settings(file)
    with writing(settings):
        say(f"The database {redacted(settings.database)} is ready.")
    if not settings.sources:
        say("Next: `storyfold source add URL` finds an outlet's feeds and adds it; `storyfold run` reads it.")


def place(path: Path | None) -> Path:
    """Return the file that is meant: a folder means the file of the usual name in it."""
    if path is None:
        return Path(os.environ.get("STORYFOLD_CONFIG") or FILE_NAME)
    return path if path.suffix == ".toml" else path / FILE_NAME


def write_new(file: Path, text: str) -> None:
    """Write a file that must not exist yet; it may come to hold passwords, so it is its owner's alone."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)
