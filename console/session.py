"""Opening the database that the configuration names, for commands that read and for commands that write."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from foundation.config import Settings, load_settings
from foundation.errors import NewsError
from storage.engine import Database, database_url


class NoDatabaseYet(NewsError):
    """There is nothing to read before the first run; nothing is made (exit code 1)."""


def now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


@contextmanager
def reading(settings: Settings | None = None) -> Iterator[Database]:
    """Give the configured database, of this release, for reading. Raises NoDatabaseYet or DatabaseMismatch."""
    from storage.migrate import check  # Alembic takes its time

    settings = settings or load_settings()
    require_database(settings.database)
    with Database.open(settings.database) as database:
        check(database)
        yield database


@contextmanager
def writing(settings: Settings) -> Iterator[Database]:
    """Give the configured database, made or upgraded as needed."""
    from storage.migrate import upgrade

    with Database.open(settings.database) as database:
        upgrade(database)
        yield database


def require_database(address: str) -> None:
    """Raise NoDatabaseYet where ``address`` is a SQLite file that is not there: opening it would make one."""
    url = database_url(address)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        raise NoDatabaseYet(f"there is no database at {url.database} yet: `storyfold run` makes it")
