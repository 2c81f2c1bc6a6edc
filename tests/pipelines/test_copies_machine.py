"""Whatever arrives, changes, leaves, comes back or breaks off: the copy groups are those worked out from scratch."""

import secrets
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select, text, update

from dedup.keys import ALGORITHM
from pipelines.fold.copying import Copying
from pipelines.fold.keeping import evict, wait_again
from pipelines.fold.keying import key_batch
from pipelines.fold.process import drain, fold
from pipelines.fold.rules import FoldRules
from storage.checks import breaches, invariants
from storage.engine import Database
from storage.models import Article, CopyGroup, Key, Reading
from tests.conftest import administrating
from tests.pipelines.arriving import NOON, Arrival, arrive, made_text
from tests.pipelines.reference import groups_from_scratch

SENTENCES = made_text(1, 12 * 20).split(". ")
NAMES = st.sampled_from([f"article-{number}" for number in range(7)])
# Eight or ten sentences in a row of twenty: who begins within three of another is its copy, and copies of copies drift.
BODIES = st.tuples(st.sampled_from([0, 0, 3, 6, 9, 10]), st.sampled_from([8, 8, 10]))
BATCHES = st.integers(1, 4)


def body(start: int, length: int) -> str:
    return ". ".join(SENTENCES[start : start + length])


class Copies(RuleBasedStateMachine):
    """Articles come and go in a real database; `database_of` gives an empty one."""

    database_of: Callable[[ExitStack], Database]

    @initialize()
    def begin(self) -> None:
        self.stack = ExitStack()
        self.database = type(self).database_of(self.stack)
        self.standing: dict[str, Arrival] = {}
        self.gone: dict[str, Arrival] = {}
        self.seen: set[int] = set()
        self.is_folded = True

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()

    def _arrives(self, arrival: Arrival) -> None:
        arrive(self.database, arrival)
        self.is_folded = False

    @rule(bodies=st.dictionaries(NAMES, BODIES, min_size=1, max_size=5), days=st.sampled_from([0, 0, 0, 20, 40]))
    def add_or_edit(self, bodies: dict[str, tuple[int, int]], days: int) -> None:
        for name, piece in bodies.items():
            arrival = Arrival(name, body(*piece), hours=24 * days, source=f"Outlet {name}")
            self.standing[name] = arrival
            self.gone.pop(name, None)
            self._arrives(arrival)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        if (arrival := self.standing.pop(name, None)) is not None:
            self.gone[name] = arrival
            self._arrives(Arrival(name, arrival.body, kind="live_blog", source=arrival.source))

    @rule(name=NAMES)
    def add_again(self, name: str) -> None:
        if (arrival := self.gone.pop(name, None)) is not None:
            self.standing[name] = arrival
            self._arrives(arrival)

    @rule(batch=BATCHES)
    def fold_all(self, batch: int) -> None:
        drain(self.database, FoldRules(batch=batch))
        self.is_folded = True

    @rule(batch=BATCHES, keyed=st.integers(0, 2), grouped=st.integers(0, 2))
    def fold_until_a_crash(self, batch: int, keyed: int, grouped: int) -> None:
        for _ in range(keyed):
            key_batch(self.database, batch, NOON)
        copying = Copying(self.database, FoldRules(batch=batch))
        for _ in range(grouped):
            copying.batch(NOON)

    @rule()
    def rebuild(self) -> None:
        with self.database.write() as session:
            session.execute(update(Reading).where(Reading.algorithm.is_not(None)).values(algorithm=ALGORITHM - 1))
        wait_again(self.database, NOON)
        self.is_folded = False

    @rule()
    def a_year_goes_by(self) -> None:
        if self.is_folded:
            evict(self.database, FoldRules(), datetime.now(UTC) + timedelta(days=365))

    @invariant()
    def groups_are_those_from_scratch(self) -> None:
        if not getattr(self, "database", None) or not self.is_folded:
            return
        with self.database.read() as session:
            placed = session.execute(select(Article.url, Article.copy_group_id)).all()
            ids = {row.copy_group_id for row in placed if row.copy_group_id is not None}
            found = {frozenset(row.url for row in placed if row.copy_group_id == group_id) for group_id in ids}
            assert found == groups_from_scratch(self.database, FoldRules())
            assert {row.url for row in placed if row.copy_group_id is not None} == self.standing.keys()
            self.seen |= ids
            successors = dict(session.execute(select(CopyGroup.id, CopyGroup.merged_into_id)).all())
            checked = [one for one in invariants(self.database.dialect) if "story" not in one.name]
            broken = [breach for breach in breaches(session, checked, 3) if breach is not None]
        assert not broken
        for group_id in self.seen:
            led = [group_id]
            while (after := successors[led[-1]]) is not None:
                assert after not in led
                led.append(after)


def run(machine: type[Copies], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_copy_groups_on_sqlite_are_those_from_scratch(sqlite_template: Path, tmp_path: Path) -> None:
    def database_of(stack: ExitStack) -> Database:
        path = tmp_path / f"{secrets.token_hex(6)}.db"
        shutil.copy(sqlite_template, path)
        stack.callback(path.unlink)
        return stack.enter_context(Database.open(f"sqlite:///{path}"))

    run(type("OnSqlite", (Copies,), {"database_of": staticmethod(database_of)}), 40)


def test_copy_groups_on_postgresql_are_those_from_scratch(postgres_server: str, postgres_template: str) -> None:
    def database_of(stack: ExitStack) -> Database:
        name = f"test_{secrets.token_hex(6)}"
        with administrating(postgres_server) as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {postgres_template}"))

        def drop() -> None:
            with administrating(postgres_server) as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

        stack.callback(drop)
        return stack.enter_context(Database.open(postgres_server.format(name=name)))

    run(type("OnPostgres", (Copies,), {"database_of": staticmethod(database_of)}), 12)


def test_a_late_arrival_finds_the_copies_whose_keys_were_forgotten(database: Database) -> None:
    arrive(database, Arrival("wire", made_text(1)), Arrival("other", made_text(2)))
    fold(database, FoldRules())
    evict(database, FoldRules(), datetime.now(UTC) + timedelta(days=365))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Key)) == 0
    arrive(database, Arrival("late", made_text(1), hours=24 * 20))
    fold(database, FoldRules())
    assert frozenset({"wire", "late"}) in groups_from_scratch(database, FoldRules())
    with database.read() as session:
        groups = dict(session.execute(select(Article.url, Article.copy_group_id)).all())
    assert groups["wire"] == groups["late"] != groups["other"]


def place(database: Database) -> dict[str, int | None]:
    with database.read() as session:
        return dict(session.execute(select(Article.url, Article.copy_group_id)).all())


def chain(names: str, step: int) -> list[Arrival]:
    """Texts of eight sentences, each some sentences on from the one before: neighbours are copies."""
    return [Arrival(name, body(step * at, 8), hours=at) for at, name in enumerate(names)]


def test_copies_of_copies_that_have_drifted_apart_are_two_texts_and_one_again_without_the_ends(
    database: Database,
) -> None:
    arrive(database, *chain("abcd", step=3))
    fold(database, FoldRules())
    groups = place(database)
    assert groups["a"] == groups["b"] != groups["c"] == groups["d"]
    with database.read() as session:
        assert session.scalars(select(CopyGroup.is_part)).all() == [True, True]
    arrive(database, Arrival("d", body(6, 8)), Arrival("a", body(3, 8)))  # where its neighbour begins
    fold(database, FoldRules())
    assert len(set(place(database).values())) == 1
    with database.read() as session:
        assert session.scalars(select(CopyGroup.is_part).where(CopyGroup.merged_into_id.is_(None))).all() == [False]


def test_a_text_that_held_a_group_together_takes_the_group_apart_when_it_changes(database: Database) -> None:
    arrive(database, *chain("abc", step=2))
    fold(database, FoldRules())
    assert len(set(place(database).values())) == 1
    arrive(database, Arrival("b", made_text(9)))
    fold(database, FoldRules())
    assert len(set(place(database).values())) == 3


def test_identical_texts_whose_links_all_led_to_two_that_changed_stay_one_group(database: Database) -> None:
    arrive(database, *[Arrival(f"copy-{number}", body(0, 8), hours=number) for number in range(6)])
    fold(database, FoldRules())
    arrive(database, Arrival("copy-0", made_text(8)), Arrival("copy-1", made_text(9)))
    fold(database, FoldRules())
    groups = place(database)
    assert len({groups[f"copy-{number}"] for number in range(2, 6)}) == 1
    assert len(set(groups.values())) == 3
