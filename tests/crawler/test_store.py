"""The crawl's one door to the database: order, answers after the commit, failures that stay with whom they befell."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crawler.store import Store
from foundation.config import Settings
from storage.engine import Database
from storage.models import Source

MANY = 100
NOW = datetime(2026, 5, 1, tzinfo=UTC)


class Unwell(Exception):
    """What an act of these tests dies of."""


def add(session: Session, name: str) -> int:
    session.add(Source(name=name, url="https://example.org/", created_at=NOW))
    return session.scalars(select(func.count()).select_from(Source)).one()


def fail(session: Session) -> None:
    session.add(Source(name="never", url="https://example.org/", created_at=NOW))
    session.flush()
    raise Unwell


def rename(session: Session, old: str, new: str) -> str:
    source = session.scalars(select(Source).where(Source.name == old)).one()
    source.name = new
    return old


def names(session: Session) -> list[str]:
    return list(session.scalars(select(Source.name).order_by(Source.id)))


@pytest.fixture
def store(database_address: str) -> Iterator[Store]:
    store = Store(Settings(file={"database": database_address}))
    yield store
    store.close()


def test_what_is_asked_at_once_is_done_in_that_order(store: Store) -> None:
    async def ask() -> list[int]:
        return await asyncio.gather(*(store.write(add, f"s{number}") for number in range(MANY)))

    assert asyncio.run(ask()) == list(range(1, MANY + 1))


def test_one_failure_is_its_own(store: Store) -> None:
    async def ask() -> list[object]:
        acts = [store.write(add, "one"), store.write(fail), store.write(add, "two"), store.read(names)]
        return list(await asyncio.gather(*acts, return_exceptions=True))

    one, failed, two, seen = asyncio.run(ask())
    assert (one, two, seen) == (1, 2, ["one", "two"])
    assert isinstance(failed, Unwell)


def test_an_act_sees_what_the_one_before_it_did(store: Store) -> None:
    async def ask() -> list[object]:
        acts = [store.write(add, "a"), store.write(rename, "a", "b"), store.write(rename, "b", "c"), store.read(names)]
        return list(await asyncio.gather(*acts))

    assert asyncio.run(ask()) == [1, "a", "b", ["c"]]


def test_an_answer_comes_after_the_commit(store: Store, database_address: str) -> None:
    async def ask() -> list[str]:
        await store.write(add, "kept")
        with Database.open(database_address) as other, other.read() as session:
            return names(session)

    assert asyncio.run(ask()) == ["kept"]


def test_closing_finishes_what_was_asked_for(store: Store, database_address: str) -> None:
    async def ask() -> None:
        asking = asyncio.ensure_future(store.write(add, "last words"))
        await asyncio.sleep(0)
        store.close()
        await asking

    asyncio.run(ask())
    with Database.open(database_address) as other, other.read() as session:
        assert names(session) == ["last words"]
