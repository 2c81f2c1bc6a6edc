"""`storyfold sql`: read the database in its own words, and be unable to harm it.

SQLite: the file is opened read-only, an authorizer lets only reading pass, and a deadline stops what takes too long.
PostgreSQL: one statement in a read-only transaction, through a cursor (its grammar takes queries alone), with the
rights of `pg_read_all_data` where they can be had, and a timer of our own: `SET statement_timeout=0` is accepted.
"""

import csv
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer
from sqlalchemy.engine import URL

from console.output import note, print_json, print_table, records, say
from console.session import reading
from foundation.config import load_settings
from foundation.errors import UsageError
from storage.engine import database_url

LIMIT: Final = 1_000
SECONDS: Final = 60.0
MAX_VALUE_BYTES: Final = 1_000_000  # of one text or blob: `zeroblob(1000000000)` is refused
STEPS: Final = 10_000  # of SQLite's machine between two looks at the clock: about a millisecond

READING: Final = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}
FORBIDDEN_FUNCTIONS: Final = {"load_extension", "fts3_tokenizer", "writefile", "edit"}


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of a query; ``is_cut`` where there are more than were asked for."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    is_cut: bool


def sql(
    query: Annotated[str, typer.Argument(metavar="SELECT…", help="One query; `-` reads it from standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    limit: Annotated[int, typer.Option(help="Rows at most.", min=1)] = LIMIT,
    seconds: Annotated[float, typer.Option(help="Give up after so many.", min=0.01)] = SECONDS,
) -> None:
    """Ask the database a question in SQL; nothing can be changed this way.

    Begin with the views: stories, story_articles, copy_groups, source_health, runs.
    """
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other")
    settings = load_settings()
    with reading(settings):
        pass  # there is a database, and it is of this release
    answer = ask(settings.database, sys.stdin.read() if query == "-" else query, limit=limit, seconds=seconds)
    if as_json:
        print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    elif as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(answer.columns)
        writer.writerows(answer.rows)
    elif answer.rows:
        print_table(records(dict(zip(_distinct(answer.columns), row, strict=True)) for row in answer.rows))
    else:
        say("No rows.")
    if answer.is_cut:
        note(f"Only the first {limit} rows are shown; --limit shows more.")


def ask(address: str, query: str, *, limit: int = LIMIT, seconds: float = SECONDS) -> Answer:
    """Return what ``query`` finds in the database at ``address``. Raises UsageError for what is not a query."""
    url = database_url(address)
    answer = _ask_sqlite if url.get_backend_name() == "sqlite" else _ask_postgresql
    return answer(url, query.strip().removesuffix(";"), limit, seconds)


def _ask_sqlite(url: URL, query: str, limit: int, seconds: float) -> Answer:
    from pathlib import Path
    from urllib.parse import quote

    deadline = time.monotonic() + seconds
    file = f"file:{quote(str(Path(url.database or '').absolute()))}?mode=ro"
    with closing(sqlite3.connect(file, uri=True)) as connection:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
        connection.execute("PRAGMA query_only = ON")
        connection.set_authorizer(_allow)
        connection.set_progress_handler(lambda: int(time.monotonic() > deadline), STEPS)
        try:
            cursor = connection.execute(query)
            if cursor.description is None:
                raise UsageError("that is no query: a SELECT is wanted")
            return _answer([column[0] for column in cursor.description], cursor.fetchmany(limit + 1), limit)
        except sqlite3.OperationalError as error:
            raise UsageError(_too_long(seconds) if str(error) == "interrupted" else str(error)) from error
        except (sqlite3.DatabaseError, sqlite3.Warning) as error:
            raise UsageError(_refused(str(error))) from error


def _allow(action: int, first: str | None, second: str | None, _database: str | None, _by: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if (second or "").lower() in FORBIDDEN_FUNCTIONS else sqlite3.SQLITE_OK
    return sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY


def _ask_postgresql(url: URL, query: str, limit: int, seconds: float) -> Answer:
    import psycopg

    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, options="-c timezone=utc -c default_transaction_read_only=on") as connection:
        connection.read_only = True
        _lower_rights(connection)
        with _deadline(connection, seconds):
            try:
                cursor = connection.cursor()
                # Prepared, so that one statement is one statement; a cursor's grammar takes nothing but queries.
                declared = f"DECLARE answer NO SCROLL CURSOR FOR {query}"
                cursor.execute(declared.encode(), prepare=True)
                cursor.execute("FETCH FORWARD %d FROM answer" % (limit + 1))  # noqa: UP031  # an integer of ours
                columns = [column.name for column in cursor.description or ()]
                return _answer(columns, cursor.fetchall(), limit)
            except psycopg.errors.QueryCanceled as error:
                raise UsageError(_too_long(seconds)) from error
            except psycopg.Error as error:
                raise UsageError(_refused(str(error))) from error
            finally:
                connection.rollback()


def _lower_rights(connection: Any) -> None:
    """Take the rights of one who may only read, where the role we connect as may do so."""
    import psycopg

    try:
        connection.execute("SET ROLE pg_read_all_data")
        connection.commit()
    except psycopg.Error:
        connection.rollback()


@contextmanager
def _deadline(connection: Any, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, connection.cancel_safe)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _answer(columns: list[str], rows: list[tuple[Any, ...]], limit: int) -> Answer:
    return Answer(columns, rows[:limit], len(rows) > limit)


def _distinct(columns: list[str]) -> list[str]:
    """Return the columns' names, the second of one name numbered: a table needs each of them once."""
    return [
        f"{name} {columns[:at].count(name) + 1}" if name in columns[:at] else name for at, name in enumerate(columns)
    ]


def _too_long(seconds: float) -> str:
    return f"stopped after {seconds:g} s; --seconds allows more"


def _refused(message: str) -> str:
    first = message.strip().splitlines()[0] if message.strip() else "refused"
    return f"{first}: `storyfold sql` reads, it changes nothing" if "not authorized" in first else first
