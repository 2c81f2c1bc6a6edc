"""`storyfold source export`: the sources as OPML, for feed readers and for `storyfold source import`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from console.output import line_writer, note
from console.sources.opml import write_opml
from foundation.config import SourceSettings, load_settings

# How a source is asked is this machine's business, and partly secret: none of it leaves.
NOT_EXPORTED: Final = ("allow_private", "insecure_tls", "basic_auth", "headers", "user_agent", "proxy")


def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write; - is standard output.")] = Path(
        "-"
    ),
    tag: Annotated[str | None, typer.Option(help="Only sources with this tag.")] = None,
) -> None:
    """Write the sources as OPML, which feed readers and `storyfold source import` read; tags are folders.

    How a source is asked (headers, passwords, proxies, allow_private …) is never exported.
    """
    sources = [source for source in load_settings().sources if tag is None or tag in source.tags]
    with line_writer(output) as write:
        write(write_opml(sources).rstrip("\n"))
    if left := sum(map(_has_more, sources)):
        note(f"{left} sources are asked in a way that is not exported: {', '.join(NOT_EXPORTED)}.")
    if str(output) != "-":
        note(f"{len(sources)} sources written to {output}.")


def _has_more(source: SourceSettings) -> bool:
    return bool(set(NOT_EXPORTED) & source.model_fields_set)
