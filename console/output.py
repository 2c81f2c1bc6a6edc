"""How commands speak: tables for people, JSON for programs, and a kind word where there is nothing to show."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from foundation.errors import UsageError
from storage.types import iso

Row = Mapping[str, Any]

WIDE: Final = 200  # columns of a table that goes to a file or another program

out: Final = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
err: Final = Console(stderr=True, highlight=False)


def print_json(value: object) -> None:
    """Print ``value`` as JSON: instants as ISO 8601 in UTC, bytes as hexadecimal digits."""
    sys.stdout.write(json.dumps(value, default=_plain, ensure_ascii=False, indent=2) + "\n")


def print_table(rows: Sequence[Row], columns: Mapping[str, str] | None = None, *, title: str | None = None) -> None:
    """Print ``rows`` as a table of ``columns`` (key to heading; default: all keys). Markup in values is only text."""
    headings = columns or {key: key.replace("_", " ") for key in rows[0]}
    table = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for key, heading in headings.items():
        is_number = all(isinstance(row[key], int | float | Decimal | None) for row in rows)
        is_short = is_number or all(isinstance(row[key], datetime | None) for row in rows)
        table.add_column(heading, justify="right" if is_number else "left", overflow="fold", no_wrap=is_short)
    for row in rows:
        table.add_row(*(Text(cell(row[key])) for key in headings))
    out.print(table)


def say(*lines: str) -> None:
    """Print lines for people, as they are."""
    for line in lines:
        out.print(Text(shown(line)), soft_wrap=True)


def note(message: str) -> None:
    """Print a remark that is not the command's result, to standard error."""
    err.print(Text("\n".join(map(shown, message.splitlines()))), soft_wrap=True)


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error where somebody watches; give the function that moves it on by a number of steps."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(label, total=total)
        yield lambda steps: bar.advance(task, steps)


def cell(value: object) -> str:
    """Return a value as a table shows it: control characters of pages do not reach the terminal."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.2f}"
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
        case bytes():
            return value.hex()
        case _:
            return shown(str(value))


def shown(text: str) -> str:
    """Return one line without what could steer a terminal: escapes, and marks that turn the direction of writing."""
    return "".join(character if character.isprintable() else " " for character in text)


@contextmanager
def line_writer(path: Path) -> Iterator[Callable[[str], None]]:
    """Give the function that writes a line to ``path``, `-` being standard output.

    A regular file takes its name when it is whole; a device, a pipe or a link is written to as it is. Raises UsageError
    at once where the file cannot be made, before any work is done.
    """
    if str(path) == "-":
        yield print
        return
    is_regular = not path.is_symlink() and (not path.exists() or path.is_file())
    target = path.with_name(f"{path.name}.part") if is_regular else path
    with ExitStack() as stack:
        try:
            file = stack.enter_context(target.open("w", encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from error
        if is_regular:
            stack.callback(target.unlink, missing_ok=True)
        yield lambda line: print(line, file=file)
        file.close()
        if is_regular:
            target.replace(path)


def records(rows: Iterable[Mapping[Any, Any]]) -> list[dict[str, Any]]:
    """Return the mappings of database rows as dictionaries, ISO 8601 texts of SQLite made instants."""
    return [{str(key): _instant(value) for key, value in row.items()} for row in rows]


def _instant(value: object) -> object:
    """Read SQLite's spelling of an instant; views lose the column's type."""
    if isinstance(value, str) and len(value) == len("2026-06-01T12:00:00.000Z") and value[10:11] == "T":
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    return value


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, Decimal):
        return float(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)
