"""Whatever arrives, changes, leaves, is decided, undone, rebuilt or breaks off: decisions hold, every id resolves."""

import secrets
import shutil
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, text

from foundation.errors import UsageError
from pipelines.fold import deciding
from pipelines.fold.copying import Copying
from pipelines.fold.deciding import Verdict
from pipelines.fold.keying import key_batch
from pipelines.fold.missing import nearest_misses
from pipelines.fold.process import drain
from pipelines.fold.rebuilding import rebuild, rehearse
from pipelines.fold.reviewing import answer, drawn, least_certain
from pipelines.fold.rules import FoldRules
from pipelines.fold.telling import tell_stories
from storage.checks import breaches, invariants
from storage.engine import Database
from storage.models import Decision, Membership, Story
from tests.conftest import administrating
from tests.dedup import made
from tests.pipelines.arriving import NOON, Arrival, arrive, made_text

NAMES = [f"article-{number}" for number in range(7)]
# Texts of one event in other words, and texts of their own; two articles with one text are copies.
TEXTS = [
    (made.REPORT_A[0], made.REPORT_A[1].replace("\n\n", "\n")),
    (made.REPORT_B[0], made.REPORT_B[1].partition("\n\n")[0]),
    (made.REPORT_B[0], made.REPORT_B[1].replace("\n\n", "\n")),
    *((made.text(seed, 6), made_text(seed, 120)) for seed in range(3)),
]
RULES = FoldRules()
STRICT = replace(RULES, stories=replace(RULES.stories, floor=0.95))
SETTINGS = st.sampled_from([RULES, STRICT, replace(RULES, story_batch=2)])
ONE = st.sampled_from(NAMES)
DAYS = st.sampled_from([0, 0, 0, 20, 300])

# What holds at every moment; the rest (keys, copy groups, counters) holds again once what was edited is folded.
ALWAYS = {
    "one_membership",
    "one_vote_a_group",
    "merged_stories_are_empty",
    "story_ids_resolve",
    "memberships_are_proven",
    "decisions_hold",
    "decisions_are_cited",
    "reviews_are_decided",
}


class Deciding(RuleBasedStateMachine):
    """Articles and decisions come and go in a real database; `database_of` gives an empty one."""

    database_of: Callable[[ExitStack], Database]

    @initialize()
    def begin(self) -> None:
        self.stack = ExitStack()
        self.database = type(self).database_of(self.stack)
        self.ids: dict[str, int] = {}
        self.seen: set[int] = set()
        self.is_folded = True
        self.is_strict = False  # whether anything was told by other rules than the default ones

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()

    @rule(texts=st.dictionaries(ONE, st.sampled_from(TEXTS), min_size=1, max_size=5), days=DAYS)
    def add_or_edit(self, texts: dict[str, tuple[str, str]], days: int) -> None:
        self.is_folded = False
        for name, (title, body) in texts.items():
            self.ids |= arrive(self.database, Arrival(name, body, title, hours=24 * days, source=f"Outlet {name}"))

    @rule(name=ONE)
    def delete(self, name: str) -> None:
        if name in self.ids:
            self.is_folded = False
            arrive(self.database, Arrival(name, "Minute by minute", kind="live_blog", source=f"Outlet {name}"))

    @rule(rules=SETTINGS)
    def fold_all(self, rules: FoldRules) -> None:
        drain(self.database, rules)
        self.is_folded = True
        self.is_strict |= rules is STRICT

    @rule()
    def a_rebuild_finds_what_fold_found(self) -> None:
        drain(self.database, RULES)
        self.is_folded = True
        said = rehearse(self.database, RULES, None, lambda done: None)
        assert self.is_strict or not said.changes

    @rule(keyed=st.integers(0, 2), grouped=st.integers(0, 2), told=st.integers(0, 2))
    def fold_until_a_crash(self, keyed: int, grouped: int, told: int) -> None:
        for _ in range(keyed):
            key_batch(self.database, 2, NOON)
        for _ in range(grouped):
            Copying(self.database, FoldRules(batch=2)).batch(NOON)
        for _ in range(told):
            tell_stories(self.database, FoldRules(story_batch=2), datetime.now(UTC))

    @rule(a=ONE, b=ONE)
    def merge_stories(self, a: str, b: str) -> None:
        def verdict() -> Verdict:
            with self.database.read() as session:
                return deciding.merge_stories(session, self._story(a), self._story(b))

        self._decide(verdict)

    @rule(names=st.sets(ONE, min_size=1, max_size=2))
    def split(self, names: set[str]) -> None:
        def verdict() -> Verdict:
            with self.database.read() as session:
                leaving = [self.ids.get(name, 0) for name in sorted(names)]
                return deciding.split(session, self._story(min(names)), leaving)

        self._decide(verdict)

    @rule(name=ONE)
    def pin(self, name: str) -> None:
        def verdict() -> Verdict:
            with self.database.read() as session:
                return deciding.pin(session, self._story(name))

        self._decide(verdict)

    @rule(pick=st.integers(0, 100), is_one_event=st.booleans(), rules=SETTINGS)
    def review(self, pick: int, is_one_event: bool, rules: FoldRules) -> None:
        with self.database.read() as session:
            asked = [*least_certain(session, 9), *drawn(session, 9), *nearest_misses(session, rules, 9)]
        if not asked:
            return
        self.is_strict |= rules is STRICT
        question = asked[pick % len(asked)]
        with suppress(UsageError):  # what waits for a fold may forbid it
            with self.database.write() as session:
                answer(session, question, is_one_event=is_one_event, by="ana", why="", now=NOON)
            deciding.apply(self.database, rules)
            with self.database.read() as session:
                again = [*least_certain(session, 9), *drawn(session, 9), *nearest_misses(session, rules, 9)]
            assert question.name not in {one.name for one in again}

    @rule(pick=st.integers(0, 100), is_applied=st.booleans())
    def undo(self, pick: int, is_applied: bool) -> None:
        with self.database.write() as session:
            standing = session.scalars(select(Decision.id).where(Decision.undone_at.is_(None))).all()
            if standing:
                deciding.undo(session, standing[pick % len(standing)], by="ben", now=NOON)
        if is_applied:
            deciding.apply(self.database, RULES)

    @rule(rules=SETTINGS)
    def rebuild(self, rules: FoldRules) -> None:
        drain(self.database, rules)
        self.is_folded = True
        self.is_strict = True
        said = rehearse(self.database, rules, None, lambda done: None)
        assert rebuild(self.database, rules, None, lambda done: None) == said
        if rules.story_batch > len(NAMES):
            assert not rehearse(self.database, rules, None, lambda done: None).changes

    def _story(self, name: str) -> int:
        """The story of an article, by the id it has or by one it once had."""
        with self.database.read() as session:
            places = select(Membership.story_id).where(Membership.article_id == self.ids.get(name, 0))
            return session.scalars(places.order_by(Membership.id).limit(1)).first() or 0

    def _decide(self, verdict: Callable[[], Verdict]) -> None:
        with suppress(UsageError):  # no such story, nothing would stay, or a contradiction
            given = verdict()
            with self.database.write() as session:
                deciding.give(session, given, by="ana", why="", now=NOON)
            deciding.apply(self.database, RULES)

    @invariant()
    def everything_holds(self) -> None:
        if not getattr(self, "database", None):
            return
        with self.database.read() as session:
            checked = [one for one in invariants(self.database.dialect) if self.is_folded or one.name in ALWAYS]
            broken = [breach for breach in breaches(session, checked, 3) if breach]
            successors = dict(session.execute(select(Story.id, Story.merged_into_id)).all())
        assert not broken
        self.seen |= successors.keys()
        for story in self.seen:
            led = [story]
            while (after := successors[led[-1]]) is not None:
                assert after not in led
                led.append(after)


def run(machine: type[Deciding], examples: int) -> None:
    checked = settings(
        max_examples=examples,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=set(Phase) - {Phase.explain},  # traces every line
    )
    run_state_machine_as_test(machine, settings=checked)


def test_decisions_hold_on_sqlite_whatever_happens(sqlite_template: Path, tmp_path: Path) -> None:
    def database_of(stack: ExitStack) -> Database:
        path = tmp_path / f"{secrets.token_hex(6)}.db"
        shutil.copy(sqlite_template, path)
        stack.callback(path.unlink)
        return stack.enter_context(Database.open(f"sqlite:///{path}"))

    run(type("OnSqlite", (Deciding,), {"database_of": staticmethod(database_of)}), 20)


def test_decisions_hold_on_postgresql_whatever_happens(postgres_server: str, postgres_template: str) -> None:
    def database_of(stack: ExitStack) -> Database:
        name = f"test_{secrets.token_hex(6)}"
        with administrating(postgres_server) as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {postgres_template}"))

        def drop() -> None:
            with administrating(postgres_server) as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

        stack.callback(drop)
        return stack.enter_context(Database.open(postgres_server.format(name=name)))

    run(type("OnPostgres", (Deciding,), {"database_of": staticmethod(database_of)}), 4)
