"""Fold: the same articles give the same groups and stories, in any order, through any interruption."""

import random
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import event, func, select, update

from foundation.errors import AlreadyRunning
from pipelines.fold.copying import Copying
from pipelines.fold.keying import key_batch
from pipelines.fold.process import drain, fold
from pipelines.fold.rules import FoldRules
from storage.engine import Database
from storage.lease import exclusive
from storage.models import Article, CopyGroup, Key, Link, Membership, Reading, Story
from tests.pipelines.arriving import NOON, Arrival, arrive, made_text

RULES = FoldRules()


def edited(text: str, seed: int, share: float = 0.1) -> str:
    """The text with a share of its sentences cut."""
    pick = random.Random(seed)
    return " ".join(part for part in text.split(". ") if pick.random() > share)


def partition(database: Database, column: str) -> set[frozenset[str]]:
    """The articles' names by copy group or story."""
    groups = defaultdict(set)
    with database.read() as session:
        rows = session.execute(
            select(Article.url, Article.copy_group_id, Membership.story_id).outerjoin(
                Membership, (Membership.article_id == Article.id) & Membership.left_at.is_(None)
            )
        )
        for name, group, story in rows:
            groups[group if column == "group" else story].add(name)
    groups.pop(None, None)
    return {frozenset(group) for group in groups.values()}


def some_articles() -> list[Arrival]:
    """Three texts, printed four, two and one times, with edits."""
    return [
        Arrival(f"{seed}-{copy}", edited(made_text(seed), 10 * seed + copy), hours=copy, source=f"Outlet {copy}")
        for seed, copies in ((1, 4), (2, 2), (3, 1))
        for copy in range(copies)
    ]


EXPECTED = {
    frozenset({"1-0", "1-1", "1-2", "1-3"}),
    frozenset({"2-0", "2-1"}),
    frozenset({"3-0"}),
}


def test_copies_are_grouped_and_every_article_stands_in_one_story(database: Database) -> None:
    arrive(database, *some_articles())
    assert fold(database, RULES) == 7
    assert partition(database, "group") == EXPECTED
    assert partition(database, "story") == EXPECTED


@pytest.mark.parametrize("seed", range(3))
def test_order_and_batches_of_arrival_do_not_matter(database: Database, seed: int) -> None:
    articles = some_articles()
    pick = random.Random(seed)
    pick.shuffle(articles)
    while articles:
        arrive(database, *[articles.pop() for _ in range(min(len(articles), pick.randint(1, 3)))])
        drain(database, FoldRules(batch=pick.randint(1, 4)))
    assert partition(database, "group") == partition(database, "story") == EXPECTED


def test_a_fold_that_ended_between_two_commits_goes_on_where_it_stopped(database: Database) -> None:
    arrive(database, *some_articles())
    one = FoldRules(batch=1)
    key_batch(database, 3, NOON)
    key_batch(database, 3, NOON)
    Copying(database, one).batch(NOON)
    Copying(database, one).batch(NOON)
    assert drain(database, one) == 7
    assert partition(database, "group") == partition(database, "story") == EXPECTED


def test_folding_again_changes_nothing(database: Database) -> None:
    arrive(database, *some_articles())
    fold(database, RULES)
    with database.read() as session:
        before = session.execute(select(Membership.id, Membership.story_id).order_by(Membership.id)).all()
    assert fold(database, RULES) == 0
    with database.read() as session:
        assert session.execute(select(Membership.id, Membership.story_id).order_by(Membership.id)).all() == before


def test_an_article_that_changes_leaves_its_group_and_the_rest_stays_together(database: Database) -> None:
    # Identical texts: their links form a star around the first one, which is the one that changes.
    ids = arrive(database, *[Arrival(f"copy-{n}", made_text(1), hours=n, source=f"Outlet {n}") for n in range(5)])
    fold(database, RULES)
    with database.read() as session:
        story = session.scalars(select(Membership.story_id).distinct()).one()
    arrive(database, Arrival("copy-0", made_text(2)))
    fold(database, RULES)
    rest = frozenset(f"copy-{n}" for n in range(1, 5))
    assert partition(database, "group") == {frozenset({"copy-0"}), rest}
    with database.read() as session:
        kept = session.scalars(select(Membership.story_id).where(Membership.article_id == ids["copy-3"])).all()
        assert kept[-1] == story  # the larger part keeps the id
        left = session.scalars(
            select(Membership).where(Membership.article_id == ids["copy-0"], Membership.left_at.is_not(None))
        ).one()
        assert left.left_reason
        links = session.scalar(select(func.count()).select_from(Link).where(Link.article_a_id == ids["copy-0"]))
        assert links == 4  # what it was linked to stays as history


def test_groups_that_a_new_article_joins_become_one_and_the_retired_id_resolves(database: Database) -> None:
    # Two thirds each, that have one third in common; the whole is like both.
    one, common, other = (made_text(seed, 120) for seed in (1, 2, 3))
    arrive(database, Arrival("first", f"{one} {common}"), Arrival("second", f"{common} {other}", hours=1))
    fold(database, RULES)
    with database.read() as session:
        before = set(session.scalars(select(Article.copy_group_id)))
    assert len(before) == 2
    arrive(database, Arrival("both", f"{one} {common} {other}", hours=2))
    fold(database, RULES)
    with database.read() as session:
        (now,) = set(session.scalars(select(Article.copy_group_id)))
        retired = session.get_one(CopyGroup, (before - {now}).pop())
        assert retired.merged_into_id == now
        assert session.scalars(select(Story).where(Story.state.in_(("open", "frozen")))).one().articles == 3


def test_only_articles_are_folded_and_one_that_turns_into_something_else_leaves(database: Database) -> None:
    blog = Arrival("live", made_text(1), kind="live_blog")
    arrive(database, blog, Arrival("report", made_text(1)), Arrival("copy", made_text(1), hours=1))
    fold(database, RULES)
    assert partition(database, "story") == {frozenset({"report", "copy"})}
    arrive(database, Arrival("copy", made_text(1), kind="live_blog", hours=1))
    fold(database, RULES)
    assert partition(database, "story") == partition(database, "group") == {frozenset({"report"})}
    with database.read() as session:
        story = session.scalars(select(Story)).one()
        assert (story.articles, story.outlets, story.copy_groups) == (1, 1, 1)


def test_a_story_whose_only_article_turns_into_something_else_ends_and_begins_again_with_it(
    database: Database,
) -> None:
    ids = arrive(database, Arrival("report", made_text(1)))
    fold(database, RULES)
    arrive(database, Arrival("report", made_text(1), kind="live_blog"))
    fold(database, RULES)
    assert partition(database, "story") == partition(database, "group") == set()
    with database.read() as session:
        story = session.scalars(select(Story)).one()
        assert (story.state, story.articles) == ("dissolved", 0)
        left = session.scalars(select(Membership).where(Membership.article_id == ids["report"])).one()
        assert left.left_at
        assert left.left_reason
        assert session.scalar(select(func.count()).select_from(Key)) == 0
    arrive(database, Arrival("report", made_text(1)))
    fold(database, RULES)
    assert partition(database, "story") == partition(database, "group") == {frozenset({"report"})}


def test_keys_of_readings_that_are_no_longer_current_are_gone(database: Database) -> None:
    arrive(database, Arrival("report", made_text(1)))
    fold(database, RULES)
    arrive(database, Arrival("report", made_text(2)))
    fold(database, RULES)
    with database.read() as session:
        holders = set(session.scalars(select(Key.reading_id)))
        assert holders == set(session.scalars(select(Reading.id).where(Reading.is_current)))


def test_a_copy_says_whose_text_it_prints(database: Database) -> None:
    ids = arrive(database, Arrival("wire", made_text(1)), Arrival("reprint", edited(made_text(1), 5), hours=2))
    fold(database, RULES)
    with database.read() as session:
        membership = session.scalars(select(Membership).where(Membership.article_id == ids["reprint"])).one()
        assert (membership.basis, membership.via_article_id) == ("copy", ids["wire"])
        assert membership.evidence["copy_of"] == ids["wire"]
        assert session.get_one(Article, ids["reprint"]).copied_from_id == ids["wire"]
        assert session.get_one(Article, ids["wire"]).copied_from_id is None


def test_copies_far_apart_in_time_are_not_looked_for(database: Database) -> None:
    arrive(database, Arrival("year", made_text(1)), Arrival("year-later", made_text(1), hours=24 * 365))
    fold(database, RULES)
    assert partition(database, "group") == {frozenset({"year"}), frozenset({"year-later"})}


def test_two_processes_cannot_fold_at_once(database: Database) -> None:
    with exclusive(database, "fold"), pytest.raises(AlreadyRunning):
        fold(database, RULES)
    assert fold(database, RULES) == 0


def texts_without_words() -> Iterable[Arrival]:
    for number, body in enumerate(["", " ", "…", "word", "same line\n" * 50, "字" * 400, "x" * 10_000]):
        yield Arrival(f"odd-{number}", body, title="")


def test_odd_texts_are_folded_like_any_other(database: Database) -> None:
    arrive(database, *texts_without_words())
    assert fold(database, RULES) == 7
    assert sum(map(len, partition(database, "story"))) == 7


@pytest.mark.slow
def test_a_thousand_identical_texts_make_a_star_and_not_every_pair(database: Database) -> None:
    arrive(
        database, *[Arrival(f"copy-{n}", made_text(1), hours=n / 100, source=f"Outlet {n % 40}") for n in range(1_000)]
    )
    fold(database, RULES)
    with database.read() as session:
        links = session.scalar(select(func.count()).select_from(Link).where(Link.kind == "copy")) or 0
        assert links < 1_000 * 30
        story = session.scalars(select(Story)).one()
        assert (story.articles, story.copy_groups, story.outlets) == (1_000, 1, 40)


def test_a_reading_that_was_replaced_while_it_waited_is_left_out(database: Database) -> None:
    arrive(database, Arrival("report", made_text(1)))
    key_batch(database, 10, NOON)
    arrive(database, Arrival("report", made_text(2)))
    assert fold(database, RULES) == 1
    with database.write() as session:
        waiting = session.execute(
            update(Reading).where(Reading.is_current, Reading.folded_at.is_(None)).values(words=0)
        )
        assert waiting.rowcount == 0  # type: ignore[attr-defined]


def test_no_step_reads_every_reading_to_find_those_of_some_articles(database: Database) -> None:
    body = made_text(1)
    arrive(database, Arrival("a", body), Arrival("b", body + " " + made_text(2, 20)), Arrival("c", made_text(3)))
    asked: list[tuple[str, Any]] = []
    event.listen(database.engine, "before_cursor_execute", lambda *seen: asked.append((seen[2], seen[3])))
    fold(database, FoldRules())
    queries = [(sql, values) for sql, values in asked if sql.startswith("SELECT") and "reading.article_id IN" in sql]
    assert len(queries) >= 3
    with database.engine.connect() as connection:
        explain = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"
        if database.dialect == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # which it prefers on three rows
        for sql, values in queries:
            plan = [str(row[-1]).strip() for row in connection.exec_driver_sql(f"{explain} {sql}", values)]
            assert "SCAN reading" not in plan, sql
            assert not any("Seq Scan on reading" in line for line in plan), sql


def test_readings_that_older_rules_took_features_from_are_compared_all_the_same(database: Database) -> None:
    arrive(database, Arrival("old", made_text(1)))
    fold(database, RULES)
    with database.write() as session:
        packed = session.scalars(select(Reading.features)).one()
        assert packed is not None
        session.execute(update(Reading).values(features=bytes([packed[0] - 1]) + packed[1:]))
    arrive(database, Arrival("new", made_text(2), hours=1), Arrival("copy", made_text(1), hours=2))
    fold(database, RULES)
    assert partition(database, "story") == {frozenset({"old", "copy"}), frozenset({"new"})}
