"""What every test may ask for: an empty database, on SQLite and on PostgreSQL alike."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import Connection, create_engine, text

from storage.engine import Database, database_url
from storage.migrate import upgrade
from tests import postgres

# A busy machine is no fault of a function: nothing here is a timed test.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what a run without PostgreSQL left out."""
    if postgres.binaries() is None:
        terminalreporter.write_line(f"WARNING: {postgres.MISSING}", red=True, bold=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a running PostgreSQL, with `{name}` where the database goes. CI never skips this."""
    if postgres.binaries() is None:
        if os.environ.get("CI"):
            pytest.fail(postgres.MISSING)
        pytest.skip(postgres.MISSING)
    with postgres.server() as address:
        yield address


@contextmanager
def administrating(server: str) -> Iterator[Connection]:
    """A connection that may make and drop databases."""
    engine = create_engine(database_url(server.format(name="postgres")), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of this test's own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'news.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = f"test_{secrets.token_hex(6)}"
    with administrating(server) as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield server.format(name=name)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and views, made once by the migrations."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    with Database.open(f"sqlite:///{path}") as database:
        upgrade(database)
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a PostgreSQL database with all tables and views, made once by the migrations."""
    with administrating(postgres_server) as connection:
        connection.execute(text("CREATE DATABASE template_storyfold"))
    with Database.open(postgres_server.format(name="template_storyfold")) as database:
        upgrade(database)
    return "template_storyfold"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An open database with this release's tables and views, and nothing in them."""
    if request.param == "sqlite":
        copy = tmp_path / "news.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), copy)
        with Database.open(f"sqlite:///{copy}") as database:
            yield database
        return
    template = request.getfixturevalue("postgres_template")
    server = request.getfixturevalue("postgres_server")
    name = f"test_{secrets.token_hex(6)}"
    with administrating(server) as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        with Database.open(server.format(name=name)) as database:
            yield database
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
