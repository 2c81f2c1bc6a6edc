"""`storyfold sql` answers questions, and cannot be talked into anything else."""

import csv
import io
import json

import pytest
from sqlalchemy import text

from storage.engine import Database
from tests.console.cli import Cli
from tests.console.planted import World

COUNT = "SELECT count(*) AS n FROM article"

HOSTILE = [
    "DELETE FROM article",
    "UPDATE story SET title = 'x'",
    "INSERT INTO idf VALUES ('en', 1, 'x')",
    "DROP TABLE article",
    "DROP VIEW stories",
    "CREATE TABLE x (a int)",
    "CREATE TEMP TABLE x (a int)",
    "ALTER TABLE story ADD COLUMN x int",
    "SELECT 1; DELETE FROM article",
    "COMMIT; DELETE FROM article",
    "COMMIT",
    "BEGIN",
    "WITH gone AS (DELETE FROM label RETURNING *) SELECT * FROM gone",
    "REINDEX",
    "VACUUM",
    "",
    "/* nothing */",
    "SELEC 1",
]
HOSTILE_SQLITE = [
    "ATTACH DATABASE '/tmp/x.db' AS x",
    "VACUUM INTO '/tmp/x.db'",
    "PRAGMA writable_schema = 1",
    "PRAGMA query_only = OFF",
    "SELECT * FROM pragma_database_list",
    "SELECT load_extension('x')",
    "REPLACE INTO story (id) VALUES (1)",
    "SELECT zeroblob(1000000000)",
]
HOSTILE_POSTGRESQL = [
    "SET default_transaction_read_only = off",
    "SET TRANSACTION READ WRITE",
    "COPY article TO '/tmp/x'",
    "COPY article TO PROGRAM 'cat'",
    "DO $$ BEGIN DELETE FROM article; END $$",
    "SELECT * INTO x FROM article",
    "SELECT pg_read_file('/etc/hostname')",
    "SELECT lo_import('/etc/hostname')",
    "SELECT setval('article_id_seq', 1)",
    "SELECT 1 FROM article FOR UPDATE",
    "LOCK TABLE article",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'nobody' "
    "UNION SELECT pg_reload_conf()",
    "CREATE ROLE x",
    "CALL x()",
]


def articles(database: Database) -> int:
    with database.read() as session:
        return int(session.execute(text(COUNT)).scalar_one())


def test_a_question_is_answered_in_three_forms(cli: Cli, world: World) -> None:
    query = "SELECT story, title, first_at FROM stories ORDER BY story LIMIT 1"
    assert json.loads(cli("sql", query, "--json").out)[0]["title"] == "Bridge closed"
    header, row = csv.reader(io.StringIO(cli("sql", query, "--csv").out))
    assert (header, row[:2]) == (["story", "title", "first_at"], [str(world.bridge), "Bridge closed"])
    assert "Bridge closed" in cli("sql", query + ";").out
    assert cli("sql", "SELECT 1 AS a WHERE 1 = 0").out == "No rows.\n"
    assert "WITH" in cli("sql", "WITH x AS (SELECT 'WITH' AS w) SELECT w FROM x").out
    assert cli("sql", query, "--json", "--csv").code == 2


def test_two_columns_of_one_name_are_both_shown(cli: Cli, world: World) -> None:
    assert cli("sql", "SELECT 'x' AS a, 'y' AS a").out.split() == ["a", "a", "2", "x", "y"]


def test_more_rows_than_the_limit_are_cut_with_a_notice(cli: Cli, world: World) -> None:
    said = cli("sql", "SELECT id FROM article", "--limit", "2", "--json")
    assert len(json.loads(said.out)) == 2
    assert "first 2 rows" in said.err
    assert cli("sql", "SELECT id FROM article", "--limit", "4").err == ""


def test_whatever_is_no_question_is_refused(cli: Cli, world: World, database: Database) -> None:
    answered = []
    for statement in HOSTILE + (HOSTILE_SQLITE if database.dialect == "sqlite" else HOSTILE_POSTGRESQL):
        said = cli("sql", statement)
        if (said.code, said.out) != (2, "") or not said.err.startswith("storyfold: ") or "Traceback" in said.err:
            answered.append((statement, said))
    assert answered == []
    assert articles(database) == len(world.articles)


def test_a_question_without_end_is_stopped(cli: Cli, world: World) -> None:
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    said = cli("sql", endless, "--seconds", "0.3")
    assert said.code == 2
    assert "stopped after 0.3 s" in said.err


def test_a_question_is_read_from_standard_input(cli: Cli, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(COUNT))
    assert json.loads(cli("sql", "-", "--json").out) == [{"n": 4}]
