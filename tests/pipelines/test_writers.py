"""Four writers in lockstep: keys committed before the look-up lose no pair, the other way round they do."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from dedup.keys import keys_of
from pipelines.fold.candidates import Asking, look_up
from pipelines.fold.keying import day_of
from pipelines.fold.rules import FoldRules
from storage import keys
from storage.engine import Database
from storage.models import Article, Reading
from tests.pipelines.arriving import NOON, Arrival, arrive, made_text

if TYPE_CHECKING:
    from queue import Queue

WRITERS, ROUNDS = 4, 15
Pair = tuple[int, int]


@pytest.mark.parametrize("is_committed_first", [True, False])
def test_no_pair_is_missed_where_keys_are_committed_first_and_pairs_are_where_not(
    database: Database, is_committed_first: bool
) -> None:
    names = [[f"{turn}-{writer}" for writer in range(WRITERS)] for turn in range(ROUNDS)]
    ids = arrive(database, *[Arrival(name, made_text(int(name.split("-")[0]))) for turn in names for name in turn])
    wanted = {pair for turn in names for pair in combinations(sorted(ids[name] for name in turn), 2)}
    found = write_in_lockstep(
        database, [[ids[turn[writer]] for turn in names] for writer in range(WRITERS)], is_committed_first
    )
    missed = wanted - found
    assert found <= wanted
    assert not missed if is_committed_first else missed


def write_in_lockstep(database: Database, articles: list[list[int]], is_committed_first: bool) -> set[Pair]:
    address = database.engine.url.render_as_string(hide_password=False)
    context = get_context("spawn")
    barrier, results = context.Barrier(WRITERS, timeout=60), context.Queue()
    writers = [
        context.Process(target=write, args=(address, own, is_committed_first, barrier, results)) for own in articles
    ]
    for writer in writers:
        writer.start()
    found = {pair for _ in writers for pair in results.get(timeout=120)}
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    return found


def write(
    address: str, articles: list[int], is_committed_first: bool, barrier: Barrier, results: "Queue[list[Pair]]"
) -> None:
    """Insert the keys of one article after the other and look for its candidates, at the same time as the others."""
    found: list[Pair] = []
    with Database.open(address) as database:
        for article in articles:
            with turn(barrier):
                one = asking(database, article)
            if is_committed_first:
                insert(database, one)
            with database.read() as session:
                others = look_up(session, [one], FoldRules())[article]
            found += [(min(article, other.article), max(article, other.article)) for other, _ in others]
            if not is_committed_first:
                with turn(barrier):
                    pass  # as late as the slowest: what happens now and then on a busy machine, every time
                insert(database, one)
    results.put(found)


@contextmanager
def turn(barrier: Barrier) -> Iterator[None]:
    """Begin what follows when all writers do."""
    yield
    barrier.wait()


def asking(database: Database, article: int) -> Asking:
    with database.read() as session:
        row = session.execute(
            select(Reading.id, Reading.text, Article.time)
            .join(Article, Article.id == Reading.article_id)
            .where(Reading.article_id == article)
        ).one()
    return Asking(article, row.id, day_of(row.time, is_timed=True), keys_of([row.text])[0])


def insert(database: Database, one: Asking) -> None:
    bucket = keys.bucket_of(one.day)
    with database.write() as session:
        rows = [{"bucket": bucket, "hash": hash_, "reading_id": one.reading_id} for hash_ in one.keys.all.tolist()]
        keys.put(session, rows, NOON)
