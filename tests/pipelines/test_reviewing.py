"""What operators are asked about stories, what becomes of their answers, and what these say of all joins."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, text

from foundation.errors import UsageError
from pipelines.fold import deciding
from pipelines.fold.deciding import apply
from pipelines.fold.missing import nearest_misses
from pipelines.fold.process import fold
from pipelines.fold.reviewing import Question, answer, draw, drawn, least_certain
from pipelines.fold.rules import FoldRules
from storage.engine import Database
from storage.models import Decision, DecisionLink, Reading, Review
from tests.dedup import made
from tests.pipelines.arriving import NOON, Arrival, arrive, made_text
from tests.pipelines.test_decisions import REPORTS, RULES, STRICT, folded, give, report, stories, story_of, undo

# The same event for the third time, in words of its own but for the quotation.
THIRD = Arrival(
    "orrick-c",
    f"“{made.QUOTED.format('US-supplied')},” said Mayor Ada Renfrew of Orrick.\n"
    f"Pumps of Harlow County may run on the eastern levee of the Orrick river.\n{made_text(50, 40)}",
    "Orrick mayor welcomes the pumps of Harlow County",
    2,
    "Outlet orrick-c",
)


def joins(database: Database) -> list[Question]:
    with database.read() as session:
        return least_certain(session, 10)


def by_lot(database: Database) -> list[Question]:
    with database.read() as session:
        return drawn(session, 10)


def missed(database: Database, rules: FoldRules = STRICT) -> list[Question]:
    with database.read() as session:
        return nearest_misses(session, rules, 10)


def say(database: Database, question: Question, *, is_one_event: bool, rules: FoldRules = RULES) -> int:
    with database.write() as session:
        number = answer(session, question, is_one_event=is_one_event, by="ana", why="read both", now=NOON)
    assert apply(database, rules)
    stories(database)  # what doctor checks holds
    return number


def precision(database: Database) -> dict[str, tuple[int, int]]:
    with database.read() as session:
        rows = session.execute(text("SELECT kind, answers, rightly FROM review_precision"))
        return {row.kind: (row.answers, row.rightly) for row in rows}


def test_a_join_is_asked_about_once_with_its_number_and_its_reason(database: Database) -> None:
    ids = folded(database, report("orrick-a"), report("orrick-b", 1), report("1", 2))
    (question,) = joins(database)
    assert {question.a, question.b} == {ids["orrick-a"], ids["orrick-b"]}
    assert question.score >= question.needed > 0
    assert "score 0." in question.reason
    assert [one.name for one in by_lot(database)] == [f"{ids['orrick-b']}-{ids['orrick-a']}"]
    assert not missed(database, RULES)


def test_yes_keeps_a_join_whatever_the_settings_and_is_not_asked_again(database: Database) -> None:
    folded(database, report("orrick-a"), report("orrick-b", 1))
    number = say(database, joins(database)[0], is_one_event=True, rules=STRICT)
    assert stories(database) == {frozenset(REPORTS)}
    assert (joins(database), by_lot(database)) == ([], [])
    assert precision(database) == {"least_certain": (1, 1)}
    with database.read() as session:
        given = session.get_one(Decision, number)
        assert (given.kind, given.decided_by, given.why) == ("merge", "ana", "read both")
    undo(database, number)
    assert precision(database) == {}
    assert len(joins(database)) == 1


def test_no_splits_a_join_and_undoing_it_asks_again(database: Database) -> None:
    ids = folded(database, report("orrick-a"), report("orrick-b", 1))
    number = say(database, joins(database)[0], is_one_event=False)
    assert stories(database) == {frozenset({"orrick-a"}), frozenset({"orrick-b"})}
    assert (joins(database), missed(database, RULES)) == ([], [])
    assert precision(database) == {"least_certain": (1, 0)}
    undo(database, number)
    assert story_of(database, ids["orrick-a"]) == story_of(database, ids["orrick-b"])
    assert precision(database) == {}
    assert len(joins(database)) == 1


@pytest.mark.parametrize("is_one_event", [True, False])
def test_a_near_miss_is_asked_about_and_settled(database: Database, is_one_event: bool) -> None:
    ids = arrive(database, report("orrick-a"), report("orrick-b", 1), report("1", 2))
    fold(database, STRICT)
    assert stories(database) == {frozenset({name}) for name in ids}
    (question,) = missed(database)
    assert (question.a, question.b, question.membership_id) == (ids["orrick-b"], ids["orrick-a"], None)
    assert 0 < question.score < question.needed
    assert question.reason == f"score {question.score:.2f} (needed {question.needed:.2f})"
    number = say(database, question, is_one_event=is_one_event, rules=STRICT)
    together = story_of(database, ids["orrick-a"]) == story_of(database, ids["orrick-b"])
    assert together is is_one_event
    assert (missed(database), joins(database)) == ([], [])
    assert precision(database) == {"miss": (1, int(not is_one_event))}
    with database.read() as session:
        links = session.scalars(select(DecisionLink.kind).where(DecisionLink.decision_id == number)).all()
    assert links == ["must_link" if is_one_event else "cannot_link"]
    if not is_one_event:  # what fold would join today stays apart
        with database.write() as session:
            session.execute(text("UPDATE reading SET folded_at = NULL"))
        fold(database, RULES)
        assert story_of(database, ids["orrick-a"]) != story_of(database, ids["orrick-b"])
    undo(database, number)


@pytest.mark.parametrize("first", [True, False])
def test_an_answer_on_texts_that_have_changed_is_asked_again_and_gives_way(database: Database, first: bool) -> None:
    ids = folded(database, report("orrick-a"), report("orrick-b", 1))
    number = say(database, joins(database)[0], is_one_event=first)
    title, body = REPORTS["orrick-b"]
    folded(database, Arrival("orrick-b", f"{body}\nMore is known by now.", title, 1, "Outlet orrick-b"))
    questions = joins(database) if first else missed(database, RULES)
    assert [{one.a, one.b} for one in questions] == [set(ids.values())]
    say(database, questions[0], is_one_event=not first)
    with database.read() as session:
        assert session.get_one(Decision, number).undone_by == "ana"
    assert (story_of(database, ids["orrick-a"]) == story_of(database, ids["orrick-b"])) is not first
    assert (joins(database), missed(database, RULES)) == ([], [])
    assert precision(database) == {"least_certain" if first else "miss": (1, 0)}


def test_what_other_decisions_hold_is_not_asked_about(database: Database) -> None:
    ids = folded(database, report("orrick-a"), report("orrick-b", 1))
    with database.read() as session:
        verdict = deciding.merge_articles(session, ids["orrick-b"], ids["orrick-a"])
    give(database, verdict)
    assert (joins(database), by_lot(database)) == ([], [])
    undo(database)
    with database.read() as session:
        verdict = deciding.pin(session, story_of(database, ids["orrick-a"]))
    give(database, verdict)
    assert (joins(database), by_lot(database)) == ([], [])
    folded(database, THIRD)
    assert not missed(database, RULES)  # the story is pinned


def test_a_question_that_was_overtaken_is_refused(database: Database) -> None:
    ids = folded(database, report("orrick-a"), report("orrick-b", 1))
    (question,) = joins(database)
    with database.read() as session:
        verdict = deciding.split(session, story_of(database, ids["orrick-a"]), [ids["orrick-b"]])
    give(database, verdict)
    with database.write() as session, pytest.raises(UsageError, match="is no question any more"):
        answer(session, question, is_one_event=True, by="ana", why="", now=NOON)


def test_the_least_certain_join_comes_first(database: Database) -> None:
    folded(database, report("orrick-a"), report("orrick-b", 1), THIRD)
    assert stories(database) == {frozenset({"orrick-a", "orrick-b", "orrick-c"})}
    found = joins(database)
    assert [one.score - one.needed for one in found] == sorted(one.score - one.needed for one in found)
    assert len({frozenset({one.a, one.b}) for one in found}) == len(found) == 2
    lots = [draw(one.a, one.b) for one in by_lot(database)]
    assert lots == sorted(lots)


# --- Precision --------------------------------------------------------------------------------------------------------


def answered(database: Database, *answers: tuple[str, str, int]) -> None:
    """Plant answers by kind, answer and lot, about the only two articles there are."""
    ids = folded(database, report("1"), report("2", 1))
    with database.write() as session:
        readings = session.scalars(select(Reading.id).order_by(Reading.article_id)).all()
        membership = session.execute(text("SELECT min(id) FROM membership")).scalar_one()
        for number, (kind, said, lot) in enumerate(answers, 1):
            decision = {"kind": "split", "story_id": 1, "decided_by": "ana", "why": "", "decided_at": NOON}
            session.execute(insert(Decision).values(decision | {"id": number}))
            session.execute(
                insert(Review).values(
                    kind=kind,
                    answer=said,
                    draw=lot,
                    article_a_id=ids["1"],
                    article_b_id=ids["2"],
                    reading_a_id=readings[0],
                    reading_b_id=readings[1],
                    membership_id=None if kind == "miss" else membership,
                    score=0.3,
                    needed=0.2,
                    decision_id=number,
                )
            )


def test_a_lot_counts_every_answer_up_to_the_last_one_drawn(database: Database) -> None:
    answered(
        database,
        ("least_certain", "no", 5),
        ("drawn", "yes", 3),
        ("drawn", "yes", 7),
        ("least_certain", "no", 8),
        ("miss", "no", 1),
        ("miss", "yes", 2),
    )
    assert precision(database) == {"least_certain": (2, 0), "drawn": (3, 2), "miss": (2, 1)}


def wilson(rightly: int, answers: int, z: float = 1.959964) -> tuple[float, float]:
    """The score interval as the two roots of its quadratic: |p - share| = z sqrt(p (1 - p) / n)."""
    a, b, c = answers + z * z, -(2 * rightly + z * z), rightly * rightly / answers
    root = sqrt(max(b * b - 4 * a * c, 0.0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_roots_are_an_interval_around_the_share(counts: tuple[int, int]) -> None:
    low, high = wilson(*counts)
    assert -1e-9 <= low <= counts[0] / counts[1] + 1e-9
    assert counts[0] / counts[1] - 1e-9 <= high <= 1 + 1e-9


# Published: 81 of 263 (Newcombe 1998, table I, method 3) and its other examples.
@pytest.mark.parametrize(
    ("rightly", "answers", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_view_gives_wilsons_interval(
    database: Database, rightly: int, answers: int, low: float, high: float
) -> None:
    answered(database, *[("drawn", "yes" if number < rightly else "no", number) for number in range(answers)])
    with database.read() as session:
        row = session.execute(text("SELECT * FROM review_precision")).one()
    assert (row.kind, row.answers, row.rightly) == ("drawn", answers, rightly)
    assert row.share == pytest.approx(rightly / answers)
    assert (row.low, row.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert (row.low, row.high) == pytest.approx(wilson(rightly, answers), abs=1e-9)
