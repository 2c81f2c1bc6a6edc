"""The demo's crawl on PostgreSQL: the same truth by the same rows."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from console.newsweb.check import compare
from tests.conftest import administrating
from tests.ends import demo


@pytest.fixture
def address(postgres_server: str) -> Iterator[str]:
    """The address of a database that is not there before the test, nor after it."""
    name = f"demo_{secrets.token_hex(6)}"
    with administrating(postgres_server) as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield postgres_server.format(name=name)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.mark.slow
def test_the_result_is_the_truth_on_postgresql(tmp_path: Path, address: str) -> None:
    with demo(tmp_path, address) as crawl:
        differences = compare(crawl.desk.found(), crawl.web.truth, crawl.desk.failed_feeds())
        assert not differences, "\n".join(differences)
        assert crawl.web.trap_hits == []
        assert crawl.desk.ask("doctor").out.startswith("All ")
        stories = crawl.desk.ask("stories", "--json", "--min-outlets", "2").json
        assert len(stories) == len([event for event in crawl.web.truth.events.values() if event.outlets > 1])
