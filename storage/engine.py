"""Engines and sessions: the one module that knows which database it speaks to."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final, Self, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Engine, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from foundation.errors import ConfigurationError
from storage.models.base import Base, table_of

# Measured: WAL, BEGIN IMMEDIATE and a busy timeout saw no "locked" error; fold's batches hold the lock longest.
BUSY_TIMEOUT_MS: Final = 30_000
MOST_PARAMETERS: Final = 5_000  # SQLite takes 32,766 of them, PostgreSQL 65,535; longer statements gain nothing

T = TypeVar("T")


class Database:
    """An open database: ``write()`` and ``read()`` give sessions, each one transaction.

    SQLite runs in WAL mode; a writing session begins IMMEDIATE, because a read that turns into a write fails at once
    where another process writes, whatever the busy timeout says.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """Open ``url`` (``sqlite:///news.db``, a bare file name, or ``postgresql://…``) without touching what it holds.

        Raises ConfigurationError for an address that names no database of a kind we know.
        """
        parsed = database_url(url)
        if parsed.get_backend_name() == "sqlite":
            engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        else:
            engine = create_engine(parsed, pool_pre_ping=True, connect_args={"options": "-c timezone=utc"})
        return cls(engine)

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session whose changes are committed at the end, or undone if the block raises."""
        with (
            self.engine.connect() as connection,
            Session(connection, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that sees one state of the database and changes nothing."""
        with self.engine.connect() as connection:
            reading = connection.execution_options(storyfold_read_only=True)
            if self.dialect == "postgresql":
                reading = reading.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
            with Session(reading, autoflush=False, expire_on_commit=False) as session, session.begin():
                yield session

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Trial(Database):
    """A database in which everything can be done and nothing comes of it: one transaction, undone at the end.

    Its sessions are savepoints of that transaction, so each sees what those before it did.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection.engine)
        self.connection = connection

    @classmethod
    @contextmanager
    def of(cls, database: Database) -> Iterator[Self]:
        """Give a trial of ``database``."""
        with database.engine.connect() as connection, connection.begin() as transaction:
            yield cls(connection)
            transaction.rollback()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session whose changes stay for the length of the trial."""
        with (
            Session(self.connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session,
            session.begin(),
        ):
            yield session

    read = write


def insert_missing(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert those ``rows`` that no unique constraint refuses; return how many there were."""
    if not rows:
        return 0
    make = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = make(table_of(model)).on_conflict_do_nothing()
    counted = statement.execution_options(preserve_rowcount=True)  # an insert's is not kept otherwise
    return cast("CursorResult[Any]", session.execute(counted, rows)).rowcount


_FOR_EACH: Final = {
    # A LIMIT keeps SQLite from asking the inner query twice, once for the WHERE.
    "sqlite": "SELECT value, held FROM (SELECT value, (SELECT group_concat(found) FROM ({query})) AS held"
    " FROM json_each(:values) AS wanted LIMIT -1) WHERE held IS NOT NULL",
    "postgresql": "SELECT value, held FROM unnest(CAST(:values AS bigint[])) AS wanted(value) CROSS JOIN LATERAL"
    " (SELECT string_agg(CAST(found AS text), ',') AS held FROM ({query}) AS each) AS answer WHERE held IS NOT NULL",
}


def for_each(session: Session, query: str, values: Iterable[int], **parameters: Any) -> Iterator[tuple[int, list[int]]]:
    """Ask ``query`` for each of ``values``, in one statement; yield those that have an answer, with its numbers.

    The query names its one column ``found`` and speaks of ``wanted.value``; its LIMIT bounds what a value costs.
    """
    dialect = session.get_bind().dialect.name
    statement = text(_FOR_EACH[dialect].format(query=query))
    for portion in portions(values, 50_000):
        listed = json.dumps(portion) if dialect == "sqlite" else portion
        for value, held in session.execute(statement, {**parameters, "values": listed}):
            yield value, [int(number) for number in held.split(",")]


def portions(values: Iterable[T], size: int = MOST_PARAMETERS) -> Iterator[list[T]]:
    """Cut ``values`` into lists that one statement can name: both databases bound the parameters of a statement."""
    left = iter(values)
    while portion := list(islice(left, size)):
        yield portion


def database_url(url: str) -> URL:
    """Return the parsed address; a plain path means SQLite, and ``postgresql://`` means the psycopg driver."""
    if "://" not in url:
        return URL.create("sqlite", database=str(Path(url).expanduser()))
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(f"not a database address: {redacted(url)}") from error
    match parsed.get_backend_name():
        case "sqlite":
            return parsed
        case "postgresql" | "postgres":
            try:
                import psycopg  # noqa: F401  # the extra `postgres`
            except ImportError as error:
                raise ConfigurationError("PostgreSQL needs the extra: pip install 'storyfold[postgres]'") from error
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise ConfigurationError(f"unknown kind of database {other!r}: use sqlite:///FILE or postgresql://…")


def redacted(url: str) -> str:
    """Return ``url`` without its password, fit for a log."""
    return re.sub(r"://([^:/@]*):[^@]*@", r"://\1:***@", url)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction control begins late and plain: take it over (see _begin_sqlite).
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("sqrt", 1, math.sqrt, deterministic=True)  # some builds of SQLite have none


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("storyfold_read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
