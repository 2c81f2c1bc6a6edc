"""The tables are what the models say, the views work on both databases, and a foreign database is left alone."""

import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from foundation.errors import DatabaseMismatch
from storage import migrate
from storage.engine import Database
from storage.models import Base


def test_migrations_make_what_the_models_say(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [
            difference
            for difference in compare_metadata(context, Base.metadata)
            if "alembic_version" not in str(difference)
        ]
    assert not differences


def test_every_view_answers(database: Database) -> None:
    with database.read() as session:
        for name in migrate.view_names():
            session.execute(text(f"SELECT * FROM {name} LIMIT 0"))
        assert set(migrate.view_names()) == set(inspect(session.connection()).get_view_names())


def test_view_files_use_no_macro_that_is_left_over() -> None:
    for path in Path(migrate.HERE, "views").glob("*.sql"):
        for dialect in migrate.MACROS:
            assert not re.search(r"(?<!:):[a-z]+\(", migrate.expand(path.read_text(), dialect)), path


def test_an_upgrade_of_what_is_up_to_date_changes_nothing(database: Database) -> None:
    migrate.upgrade(database)
    migrate.check(database)


def test_a_database_with_foreign_tables_is_refused(database_address: str) -> None:
    with Database.open(database_address) as database:
        with database.write() as session:
            session.execute(text("CREATE TABLE customer (id INTEGER)"))
        with pytest.raises(DatabaseMismatch, match="customer"):
            migrate.upgrade(database)


def test_a_database_of_a_newer_release_is_refused(database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseMismatch, match="newer"):
        migrate.upgrade(database)
