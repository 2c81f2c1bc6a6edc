"""Scores as rows: what is stored is what a fresh start would store, bounded, and can be computed again."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from dedup.linkage import Pairs
from dedup.neighbours import NeighbourRules, bounded
from dedup.similarity import scores, views
from dedup.stories import StoryRules
from pipelines.fold import epochs, neighbours
from pipelines.fold.keeping import freeze
from pipelines.fold.process import drain
from pipelines.fold.rules import FoldRules
from pipelines.fold.window import features
from storage import postings
from storage.engine import Database
from storage.models import (
    Article,
    CopyGroup,
    Idf,
    IdfEpoch,
    Membership,
    Neighbour,
    Posting,
    Reading,
    Scored,
    Story,
)
from tests.dedup import made
from tests.pipelines.arriving import NOON, Arrival, arrive, made_text

RULES = FoldRules()


def report(name: str, text: tuple[str, str], hours: float = 0.0) -> Arrival:
    return Arrival(name, text[1], text[0], hours=hours, source=f"Outlet {name}")


A, B = report("a", made.REPORT_A), report("b", made.REPORT_B, 2)
OTHERS = [Arrival(f"other {seed}", made_text(seed), f"Other {seed}", hours=seed) for seed in range(5)]


def stories(database: Database) -> set[frozenset[str]]:
    found = defaultdict(set)
    with database.read() as session:
        current = select(Article.url, Membership.story_id).join(Membership, Membership.article_id == Article.id)
        for name, story in session.execute(current.where(Membership.left_at.is_(None))):
            found[story].add(name)
    return {frozenset(names) for names in found.values()}


def stored(database: Database) -> dict[frozenset[str], tuple[float, float | None]]:
    """The pairs by what speaks for their groups, each with score and days."""
    with database.read() as session:
        rows = session.execute(select(Scored.group_id, Article.url).join(Article, Article.id == Scored.article_id))
        name = {row.group_id: row.url for row in rows}
        return {
            frozenset({name[row.group_a_id], name[row.group_b_id]}): (round(row.score, 9), row.days_apart)
            for row in session.scalars(select(Neighbour))
        }


def test_a_score_is_a_row_and_can_be_computed_again(database: Database) -> None:
    arrive(database, A, B, *OTHERS)
    drain(database, RULES)
    with database.read() as session:
        row = session.scalars(select(Neighbour).order_by(Neighbour.score.desc())).first()
        assert row is not None
        ends = [session.get_one(Scored, group) for group in (row.group_a_id, row.group_b_id)]
        texts = features(session, (end.reading_id for end in ends))
        idf = epochs.numbered(session, "en", row.epoch).idf
        shown = views([texts[end.reading_id] for end in ends], idf)
        again = scores(shown, np.array([0]), np.array([1]), RULES.stories.similarity)
        assert row.score == pytest.approx(float(again[0]), abs=1e-12)
        assert row.days_apart == pytest.approx(2 / 24)


@pytest.mark.parametrize("seed", range(4))
def test_the_rows_do_not_depend_on_the_order_of_arrival(database: Database, seed: int) -> None:
    arrivals = [A, B, *OTHERS]
    random.Random(seed).shuffle(arrivals)
    for arrival in arrivals:  # a young language: with each epoch all scores are made anew
        arrive(database, arrival)
        drain(database, RULES)
    in_turn = stored(database)
    with database.write() as session:
        for model in (Neighbour, Posting, Scored, IdfEpoch, Idf):
            session.execute(delete(model))
        session.execute(update(CopyGroup).values(learnt_at=None))
        session.execute(update(Reading).values(folded_at=None))
    drain(database, RULES)
    at_once = stored(database)
    assert {pair for pair, score in at_once.items() if score[0] > 0.1} == {frozenset("ab")}
    assert {pair for pair, score in in_turn.items() if score[0] > 0.1} == {frozenset("ab")}
    assert stories(database) == {frozenset("ab")} | {frozenset({one.name}) for one in OTHERS}


def test_a_changed_text_leaves_no_row_of_the_old_one(database: Database) -> None:
    arrive(database, A, B, *OTHERS)
    drain(database, RULES)
    assert frozenset("ab") in stories(database)
    arrive(database, Arrival("b", made_text(99), "Another matter", hours=2, source="Outlet b"))
    drain(database, RULES)
    assert frozenset("ab") not in stories(database)
    assert frozenset("ab") not in stored(database)
    with database.read() as session:
        stale = select(Scored).join(Reading, Reading.id == Scored.reading_id).where(~Reading.is_current)
        assert session.scalars(stale).all() == []
        assert_postings_belong(session)


def test_what_is_no_longer_an_article_is_looked_up_no_more(database: Database) -> None:
    arrive(database, A, B)
    drain(database, RULES)
    arrive(database, Arrival("b", made_text(98), "A gallery", hours=2, source="Outlet b", kind="gallery"))
    drain(database, RULES)
    with database.read() as session:
        assert session.scalars(select(Neighbour)).all() == []
        assert session.scalar(select(func.count()).select_from(Scored)) == 1
        assert_postings_belong(session)


def assert_postings_belong(session) -> None:  # type: ignore[no-untyped-def]
    for row in session.scalars(select(Scored)):
        terms = set(np.frombuffer(row.terms, dtype="<i8").tolist())
        held = session.scalars(select(Posting.term).where(Posting.group_id == row.group_id, Posting.at == row.at))
        assert set(held) == terms
    groups = select(Scored.group_id)
    assert session.scalar(select(func.count()).select_from(Posting).where(Posting.group_id.not_in(groups))) == 0


def test_a_kill_between_postings_and_neighbours_costs_nothing(database: Database) -> None:
    arrive(database, A, B, *OTHERS)
    drain(database, RULES)
    expected = stored(database)
    with database.write() as session:  # as a kill leaves them: indexed, not scored, not told
        session.execute(delete(Neighbour))
        session.execute(update(Scored).values(is_done=False))
        session.execute(update(Reading).values(folded_at=None))
    drain(database, RULES)
    assert stored(database) == expected


def test_a_late_arrival_joins_by_its_own_date(database: Database) -> None:
    arrive(database, A, *OTHERS)
    drain(database, RULES)
    arrive(database, *(Arrival(f"later {seed}", made_text(seed), hours=9_000 + seed) for seed in range(10, 14)))
    drain(database, RULES)
    arrive(database, B)
    drain(database, RULES)
    assert frozenset("ab") in stories(database)


def test_nothing_is_looked_up_beyond_the_window(database: Database) -> None:
    arrive(database, A, report("b", made.REPORT_B, 24 * 15), *OTHERS)
    drain(database, RULES)
    assert frozenset("ab") not in stored(database)


def test_a_place_without_its_proof_is_refused(database: Database) -> None:
    arrive(database, A, B)
    drain(database, RULES)
    proof = {"runner_up": None}, {"margin": None}, {"via_article_id": None}, {"score": None}, {"reason": ""}
    for missing in proof:
        with pytest.raises(IntegrityError), database.write() as session:
            session.execute(update(Membership).where(Membership.basis == "same_event").values(missing))


def test_what_is_proven_has_names_numbers_and_quotations_with_their_places(database: Database) -> None:
    with_number = made.REPORT_A[0], made.REPORT_A[1] + " It stood at 417 centimetres."
    other = made.REPORT_B[0], made.REPORT_B[1] + " The gauge says 417."
    arrive(database, report("a", with_number), report("b", other, 2))
    drain(database, RULES)
    with database.read() as session:
        row = session.scalars(select(Membership).where(Membership.basis == "same_event")).one()
        assert row.epoch
        assert "417" in row.evidence["numbers"]
        bodies = [session.get_one(Reading, row.reading_id).text]
        via = select(Reading.text).where(Reading.article_id == row.via_article_id, Reading.is_current)
        bodies.append(session.scalars(via).one())
        assert {place["text"] for place in row.evidence["places"]} >= {"417", row.evidence["names"][0]}
        for place in row.evidence["places"]:
            assert bodies[0][place["start_a"] : place["end_a"]] == place["text"]
            assert bodies[1][place["start_b"] : place["end_b"]] == place["text"]
        quote = row.evidence["quotes"][0]
        assert bodies[0][quote["start_a"] : quote["end_a"]] == quote["text_a"]


# --- Bounded neighbours -----------------------------------------------------------------------------------------------


def crowd(database: Database, count: int) -> None:
    """Groups that were scored, without neighbours."""
    arrive(database, *(Arrival(f"{seed}", made_text(seed), f"Title {seed}") for seed in range(count)))
    drain(database, RULES)
    with database.write() as session:
        session.execute(delete(Neighbour))


@pytest.mark.parametrize("seed", range(3))
def test_a_hub_keeps_the_neighbours_of_a_fresh_start_in_any_order(database: Database, seed: int) -> None:
    rules = StoryRules(neighbours=NeighbourRules(best=2, sampled=3))
    crowd(database, 20)
    with database.read() as session:
        hub, *rest = session.scalars(select(Scored.group_id).order_by(Scored.group_id)).all()
    value = {group: 0.2 + 0.01 * number for number, group in enumerate(rest)}
    arriving = rest[:]
    random.Random(seed).shuffle(arriving)
    while arriving:
        with database.write() as session:
            rows = [pair(hub, arriving.pop(), value) for _ in range(min(len(arriving), 1 + seed * 3))]
            neighbours.store(session, rows, rules)
    with database.read() as session:
        kept = {row.group_b_id: row.chance_a for row in session.scalars(select(Neighbour))}
        found = neighbours.neighbours(session, {hub}, rules)
    # The other ends have one neighbour each and keep it; what the hub itself keeps is what the pure rule keeps.
    ids = np.array([hub, *rest])
    pairs = Pairs(np.zeros(len(rest), dtype=np.int64), np.arange(1, len(ids)), np.array([value[one] for one in rest]))
    fresh = bounded(pairs, ids, rules.neighbours)
    assert len(kept) == len(rest) == len(fresh.low)
    assert sum(chance == 1 for chance in kept.values()) == 2
    assert sum(0 < chance < 1 for chance in kept.values()) == 3
    assert all(score.weight == 1 for score in found.scores.values())


def test_a_pair_that_neither_end_keeps_is_deleted_and_the_others_stand_for_it(database: Database) -> None:
    rules = StoryRules(neighbours=NeighbourRules(best=1, sampled=4))
    crowd(database, 16)
    with database.read() as session:
        groups = list(session.scalars(select(Scored.group_id).order_by(Scored.group_id)))
    pick = random.Random(1)
    ends = [(a, b) for number, a in enumerate(groups) for b in groups[number + 1 :]]
    value = [0.2 + 0.8 * pick.random() for _ in ends]
    rows = [pair(a, b, {b: score}) for (a, b), score in zip(ends, value, strict=True)]
    with database.write() as session:
        neighbours.store(session, rows, rules)
    with database.read() as session:
        left = neighbours.neighbours(session, groups, rules)
    low, high = (np.array([groups.index(pair[end]) for pair in ends]) for end in (0, 1))
    fresh = bounded(Pairs(low, high, np.array(value)), np.array(groups), rules.neighbours)
    expected = {
        (groups[a], groups[b]): pytest.approx(weight)
        for a, b, weight in zip(fresh.low.tolist(), fresh.high.tolist(), fresh.weight.tolist(), strict=True)
    }
    assert len(expected) < len(rows)
    assert {pair: score.weight for pair, score in left.scores.items()} == expected


def pair(a: int, b: int, value: dict[int, float]) -> dict[str, float | int | None]:
    row: dict[str, float | int | None] = {"group_a_id": min(a, b), "group_b_id": max(a, b), "score": value[b]}
    return row | {"days_apart": 0.0, "weight": 1.0, "chance_a": 1.0, "chance_b": 1.0, "epoch": 1}


# --- The inverted index -----------------------------------------------------------------------------------------------


def test_a_look_up_reads_a_bounded_number_of_postings_nearest_first(database: Database) -> None:
    term = postings.terms_of("en", [7])[0]
    at = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())
    with database.write() as session:
        for group in range(1, 101):
            postings.put(session, group, at + 3600 * (group - 50), {term: 0.5})
        postings.put(session, 500, postings.UNTIMED, {term: 0.5})
        postings.put(session, 600, at + 90 * 86400, {term: 0.5})
    with database.read() as session:
        found = postings.lookup(session, at, {term: 1.0}, 14 * 86400, most=10)
        assert sorted(found) == [*range(41, 61), 500]
        assert found[50] == pytest.approx(0.5, abs=0.001)
        assert postings.lookup(session, at, {postings.terms_of("de", [7])[0]: 1.0}, 14 * 86400, most=10) == {}
        everything = postings.lookup(session, postings.UNTIMED, {term: 1.0}, 14 * 86400, most=200)
        assert len(everything) == 102
    with database.write() as session:
        postings.take(session, 500, postings.UNTIMED, [term])
    with database.read() as session:
        assert 500 not in postings.lookup(session, at, {term: 1.0}, 14 * 86400, most=10)


def test_a_story_that_the_window_has_left_is_frozen_until_a_late_arrival_opens_it(database: Database) -> None:
    def states() -> set[str]:
        with database.read() as session:
            return set(session.scalars(select(Story.state)))

    arrive(database, A)
    drain(database, RULES)
    freeze(database, RULES, NOON + timedelta(days=13))
    assert states() == {"open"}
    freeze(database, RULES, NOON + timedelta(days=15))
    assert states() == {"frozen"}
    arrive(database, B)
    drain(database, RULES)
    assert states() == {"open"}
    assert stories(database) == {frozenset("ab")}
