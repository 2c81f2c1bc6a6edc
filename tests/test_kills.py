"""kill -9 of every kind of process at seeded moments: one more run, and everything that was served is there once."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

import pytest
from sqlalchemy.exc import OperationalError

from console.newsweb import NewsWeb
from console.newsweb.check import address, compare, servings
from console.newsweb.truth import Truth
from foundation.process import this_process
from storage import runs
from storage.checks import breaches, invariants
from storage.engine import Database
from storage.migrate import upgrade
from tests.ends import HOSTILE, Desk, descendants, desk, finished, newsweb_config, truth_without, until

if TYPE_CHECKING:
    import subprocess

SEEDS: Final = 5
# A first run makes about 108 requests and 79 readings. A moment has to come while its victim lives.
REQUESTS: Final = (3, 95)
REQUESTS_WITH_WORKERS: Final = (25, 95)
ROWS: Final = (1, 55)
ROWS_OF_FOLD: Final = (1, 75)  # it lives longer: stories are told when all readings are grouped
READ: Final = "SELECT count(*) FROM page WHERE state = 'read'"
KEYED: Final = "SELECT count(*) FROM reading WHERE keyed_at IS NOT NULL"
GROUPED: Final = "SELECT count(*) FROM reading WHERE grouped_at IS NOT NULL"
NEEDED: Final = 1  # a page has to be fetched so often
SCHEDULE: Final = '\n[[schedule]]\nname = "yearly"\ncron = "0 0 1 1 *"\n'


@dataclass(slots=True)
class Stage:
    """A news web, and the desk that crawls it."""

    web: NewsWeb
    desk: Desk

    def asked(self, times: int) -> bool:
        return len(self.web.log) >= times

    def counts(self, sql: str, rows: int) -> bool:
        with suppress(OperationalError):  # no tables yet
            return bool(self.desk.scalar(sql) >= rows)
        return False

    def crawl(self) -> int:
        """The crawl's process; 0 while there is none."""
        return next((pid for pid, words in self.desk.processes().items() if {"scrapy", "crawl"} <= set(words)), 0)

    def fold(self) -> int:
        return next((pid for pid, words in self.desk.processes().items() if "pipelines.fold" in words), 0)

    def workers(self) -> list[int]:
        """The crawl's workers, and the server that forks them."""
        processes = self.desk.processes()
        return [pid for pid in descendants(self.crawl()) if "forkserver" in " ".join(processes.get(pid, []))]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with NewsWeb() as web:
        web.tick()
        config = newsweb_config(web, without=[HOSTILE]) + SCHEDULE
        with desk(tmp_path, config, web.environment) as made:
            yield Stage(web, made)


def seeded(victim: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("seed", [f"{victim} {number}" for number in range(SEEDS)])


def moment(
    stage: Stage, random: Random, *tables: str, requests: tuple[int, int] = REQUESTS, rows: tuple[int, int] = ROWS
) -> Callable[[], bool]:
    """A moment of a run: so many requests were answered, or so many rows are in one of ``tables``."""
    by = random.choice(["requests", *tables])
    if by == "requests":
        asked = random.randint(*requests)
        return lambda: stage.asked(asked)
    there = random.randint(*rows)
    return lambda: stage.asked(requests[0]) and stage.counts(by, there)


def kill(pid: int, process: "subprocess.Popen[str]") -> None:
    assert pid, f"the moment came too late: {process.poll()}"
    os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
@seeded("crawl")
def test_a_killed_crawl(stage: Stage, seed: str) -> None:
    random = Random(seed)
    run, come = stage.desk.start("run"), moment(stage, random, READ)
    until(come, "the moment", while_alive=run)
    kill(stage.crawl(), run)
    said = finished(run, codes=[1])
    assert "crawl was killed by signal 9" in said.out
    all_is_there_once_after_one_more_run(stage)


@pytest.mark.slow
@seeded("worker")
def test_a_killed_worker(stage: Stage, seed: str) -> None:
    random = Random(seed)
    run, come = stage.desk.start("run"), moment(stage, random, READ, requests=REQUESTS_WITH_WORKERS)
    until(lambda: come() and len(stage.workers()) > 1, "the moment", while_alive=run)
    kill(random.choice(stage.workers()), run)
    finished(run)
    all_is_there_once_after_one_more_run(stage)


@pytest.mark.slow
@seeded("fold")
def test_a_killed_fold(stage: Stage, seed: str) -> None:
    random = Random(seed)
    run, come = stage.desk.start("run"), moment(stage, random, KEYED, GROUPED, rows=ROWS_OF_FOLD)
    until(lambda: come() and stage.fold(), "the moment", while_alive=run)
    kill(stage.fold(), run)
    said = finished(run, codes=[1])
    assert "fold was killed by signal 9" in said.out
    all_is_there_once_after_one_more_run(stage)


@pytest.mark.slow
@seeded("scheduler")
def test_a_killed_scheduler(stage: Stage, seed: str) -> None:
    random = Random(seed)
    a_slot_was_missed(stage.desk)
    scheduler, come = stage.desk.start("schedule"), moment(stage, random, READ, KEYED)
    until(come, "the moment", while_alive=scheduler)
    kill(scheduler.pid, scheduler)
    finished(scheduler, codes=[-signal.SIGKILL])
    all_is_there_once_after_one_more_run(stage)
    assert stage.desk.query("SELECT state FROM run WHERE cause = 'catch_up'") == [("stopped",)]


def a_slot_was_missed(desk: Desk) -> None:
    """Claim a slot of long ago, so that the scheduler has one to catch up with as soon as it starts."""
    slot = datetime(2001, 1, 1, tzinfo=UTC)
    with Database.open(desk.address) as database:
        upgrade(database)
        with database.write() as session:
            run_id = runs.claim(session, "yearly", slot, process=this_process(), now=slot)
            assert run_id is not None
            runs.finish(session, run_id, "ok", None, now=slot)


def all_is_there_once_after_one_more_run(stage: Stage) -> None:
    until(lambda: not stage.desk.processes(), "what remains ends")
    before = servings(stage.web.log)
    stage.desk.run()
    until(lambda: not stage.desk.processes(), "the run leaves nothing behind")
    if stage.desk.scalar(PUT_OFF):  # a host's pause outlived the run: seconds, said in the page's row
        until(lambda: stage.desk.scalar(DUE), "what was put off is due")
        stage.desk.run()
        until(lambda: not stage.desk.processes(), "the run leaves nothing behind")
    truth = truth_of_one_phase(stage.web.truth)
    found = stage.desk.found()
    differences = compare(found, truth, stage.desk.failed_feeds())
    assert not differences, "\n".join(differences)
    served = servings(stage.web.log)
    pages = {name: row for row in found if (name := address(row.url)) in served}
    assert {*before} & {*truth.articles} <= {*pages}
    assert {row.state for row in pages.values()} == {"read"}
    assert Counter(row.url for row in found).most_common(1)[0][1] == 1
    assert {name: times for name, times in served.items() if name in pages and times > NEEDED + 1} == {}
    assert broken(stage.desk) == []


PUT_OFF = "SELECT count(*) FROM page WHERE state = 'waiting' AND next_try_at IS NOT NULL"
DUE = f"SELECT ({PUT_OFF} AND next_try_at >= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) = 0"


def truth_of_one_phase(truth: Truth) -> Truth:
    """Nothing changes between the two runs, so that every article has one version; nobody asks the hostile outlet."""
    rest = truth_without(truth, HOSTILE)
    return replace(rest, articles={name: replace(one, versions=1) for name, one in rest.articles.items()})


def broken(desk: Desk) -> list[str]:
    """What `storyfold doctor` finds."""
    with Database.open(desk.address) as database, database.read() as session:
        checked = invariants(database.dialect)
        return [found.invariant.name for found in breaches(session, checked, 3) if found]
