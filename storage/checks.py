"""What must hold in every database at every moment: an SQL file for each, which returns the rows that break it."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.migrate import expand

FOLDER: Final = Path(str(files("storage"))) / "invariants"


@dataclass(frozen=True, slots=True)
class Invariant:
    """One thing that must hold, in words and in SQL."""

    name: str
    sentence: str
    sql: str


@dataclass(frozen=True, slots=True)
class Breach:
    """An invariant that does not hold: how many rows break it, and the first of them."""

    invariant: Invariant
    count: int
    rows: list[dict[str, Any]]


def invariants(dialect: str) -> list[Invariant]:
    """Return what must hold on ``dialect``, in order. A file named `….sqlite.sql` concerns SQLite alone."""
    return [
        _invariant(path, dialect)
        for path in sorted(FOLDER.glob("*.sql"))
        if path.name.count(".") == 1 or path.name.endswith(f".{dialect}.sql")
    ]


def breaches(session: Session, checked: list[Invariant], samples: int) -> Iterator[Breach | None]:
    """Check one invariant after the other; yield the breach of each, or None where it holds."""
    for invariant in checked:
        rows = session.execute(text(invariant.sql)).mappings().all()
        yield Breach(invariant, len(rows), [dict(row) for row in rows[:samples]]) if rows else None


def _invariant(path: Path, dialect: str) -> Invariant:
    source = path.read_text(encoding="utf-8")
    name = path.name.partition(".")[0].partition("_")[2]
    sql = expand(source.partition("\n")[2], dialect)
    return Invariant(name, source.partition("\n")[0].removeprefix("-- "), sql)
