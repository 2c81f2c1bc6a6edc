"""Bring a database to this release's tables and views, or say why not.

Tables change by Alembic migrations, which ship in the package. Views are code: they are dropped and made again from
`storage/views/*.sql` at every upgrade.
"""

import re
from importlib.resources import files
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, inspect, text

from foundation.errors import DatabaseMismatch
from storage.engine import Database

HERE: Final = Path(str(files("storage")))

# What the two databases say differently, as macros of the view files: `:minutes(a, b)` is the minutes from a to b.
MACROS: Final = {
    "sqlite": {
        "minutes": r"CAST(round((julianday(\2) - julianday(\1)) * 1440) AS INTEGER)",
        "ago": r"strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || \1)",
        "list": r"group_concat(\1, ', ')",
    },
    "postgresql": {
        "minutes": r"CAST(round(extract(epoch FROM (\2) - (\1)) / 60) AS INTEGER)",
        "ago": r"(now() - CAST(\1 AS interval))",
        "list": r"string_agg(\1, ', ')",
    },
}
ARGUMENTS: Final = {
    "minutes": r"([^,()]+(?:\([^()]*\))?), ([^,()]+(?:\([^()]*\))?)",
    "ago": r"([^()]+)",
    "list": r"([^()]+)",
}


def upgrade(database: Database) -> None:
    """Make or update tables and views. Does nothing to a database that is up to date.

    Raises DatabaseMismatch where a newer release wrote the database, or where its tables are not ours.
    """
    with database.engine.connect() as connection, connection.begin():
        if database.dialect == "postgresql":
            # Two processes that start at once: one migrates, the other waits and finds nothing to do.
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('storyfold migration'))"))
        if _is_current(connection):
            return
        config = configuration(connection)
        _refuse_foreign_tables(connection)
        _drop_views(connection)
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise DatabaseMismatch(f"this database was written by a newer storyfold ({error})") from error
        make_views(connection)


def check(database: Database) -> None:
    """Raise DatabaseMismatch unless the database is at this release's revision."""
    with database.engine.connect().execution_options(storyfold_read_only=True) as connection:
        if not _is_current(connection):
            raise DatabaseMismatch("the database is not at this release's revision: run `storyfold init` to upgrade it")


def configuration(connection: Connection) -> Config:
    """Return Alembic's configuration, bound to ``connection``."""
    config = Config()
    config.set_main_option("script_location", str(HERE / "migrations"))
    config.attributes["connection"] = connection
    return config


def view_names() -> list[str]:
    """Return the views in the order they are made in; a view may stand on those before it."""
    return [path.stem.partition("_")[2] for path in _view_files()]


def make_views(connection: Connection) -> None:
    """Make every view anew."""
    _drop_views(connection)
    for path in _view_files():
        connection.exec_driver_sql(expand(path.read_text(encoding="utf-8"), connection.dialect.name).replace("%", "%%"))


def expand(sql: str, dialect: str) -> str:
    """Replace the macros of a view file by what ``dialect`` says."""
    for name, meaning in MACROS[dialect].items():
        sql = re.sub(rf":{name}\({ARGUMENTS[name]}\)", meaning, sql)
    return sql


def _view_files() -> list[Path]:
    return sorted((HERE / "views").glob("*.sql"))


def _drop_views(connection: Connection) -> None:
    existing = set(inspect(connection).get_view_names())
    for name in reversed(view_names()):
        if name in existing:
            connection.exec_driver_sql(f"DROP VIEW {name}")


def _is_current(connection: Connection) -> bool:
    heads = set(ScriptDirectory.from_config(configuration(connection)).get_heads())
    return set(MigrationContext.configure(connection).get_current_heads()) == heads


def _refuse_foreign_tables(connection: Connection) -> None:
    tables = set(inspect(connection).get_table_names())
    if tables and "alembic_version" not in tables:
        raise DatabaseMismatch(
            f"the database holds tables that are not storyfold's ({', '.join(sorted(tables)[:3])}, …)"
        )
