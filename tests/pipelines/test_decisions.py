"""What operators decide stands: through folds in any order, a rebuild and other settings, until it is undone."""

import random
from collections import defaultdict
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from dedup.stories import divided
from foundation.errors import UsageError
from pipelines.fold import deciding
from pipelines.fold.deciding import Verdict, apply
from pipelines.fold.process import drain, fold
from pipelines.fold.rules import FoldRules
from storage.checks import breaches, invariants
from storage.engine import Database
from storage.models import Article, Decision, Membership, Reading, Story, StoryEvent
from tests.dedup import made
from tests.pipelines.arriving import NOON, Arrival, arrive, made_text

RULES = FoldRules()
REPORTS = {"orrick-a": made.REPORT_A, "orrick-b": (made.REPORT_B[0], made.REPORT_B[1].partition("\n\n")[0])}
STRICT = replace(RULES, stories=replace(RULES.stories, floor=0.95))


def report(name: str, hours: float = 0.0) -> Arrival:
    """One of the two reports of one event, which scores join; or a text of its own, by its number."""
    if name in REPORTS:
        title, body = REPORTS[name]
        return Arrival(name, body.replace("\n\n", "\n"), title, hours=hours, source=f"Outlet {name}")
    return Arrival(name, made_text(int(name), 150), f"{made.text(int(name), 6)}", hours=hours, source=f"Outlet {name}")


def folded(database: Database, *arrivals: Arrival) -> dict[str, int]:
    ids = arrive(database, *arrivals)
    fold(database, RULES)
    return ids


def stories(database: Database) -> set[frozenset[str]]:
    """The articles' names by story; what doctor checks holds."""
    found = defaultdict(set)
    with database.read() as session:
        rows = session.execute(
            select(Article.url, Membership.story_id)
            .join(Membership, Membership.article_id == Article.id)
            .where(Membership.left_at.is_(None))
        )
        for name, story in rows:
            found[story].add(name)
        assert not [breach for breach in breaches(session, invariants(database.dialect), 3) if breach]
    return {frozenset(names) for names in found.values()}


def story_of(database: Database, article: int) -> int:
    with database.read() as session:
        of = select(Membership.story_id).where(Membership.article_id == article, Membership.left_at.is_(None))
        return session.scalars(of).one()


def give(database: Database, verdict: Verdict, why: str = "") -> int:
    with database.write() as session:
        number = deciding.give(session, verdict, by="ana", why=why, now=NOON)
    assert apply(database, RULES)
    return number


def merge(database: Database, a: int, b: int) -> int:
    with database.read() as session:
        verdict = deciding.merge_stories(session, story_of(database, a), story_of(database, b))
    return give(database, verdict, "one event")


def split(database: Database, story: int, *articles: int) -> int:
    with database.read() as session:
        verdict = deciding.split(session, story, articles)
    return give(database, verdict, "another event")


def undo(database: Database, number: int | None = None) -> None:
    with database.write() as session:
        deciding.undo(session, number, by="ben", now=NOON)
    assert apply(database, RULES)


def rebuild(database: Database, rules: FoldRules = RULES) -> None:
    with database.write() as session:
        session.execute(update(Reading).values(folded_at=None))
    drain(database, rules)


def test_stories_that_are_merged_stay_one_and_say_who_decided(database: Database) -> None:
    ids = folded(database, report("1"), report("2", 1), report("3", 2))
    old = story_of(database, ids["2"])
    number = merge(database, ids["1"], ids["2"])
    for rules in (RULES, STRICT):
        assert stories(database) == {frozenset({"1", "2"}), frozenset({"3"})}
        rebuild(database, rules)
    with database.read() as session:
        place = session.scalars(
            select(Membership).where(Membership.article_id == ids["2"], Membership.left_at.is_(None))
        ).one()
        assert (place.basis, place.decision_id, place.via_article_id) == ("operator", number, ids["1"])
        assert place.evidence["decision"] == number
        assert place.reason == f"decision {number} by ana: one event with article {ids['1']} (one event)"
        assert session.get_one(Story, old).merged_into_id == story_of(database, ids["1"])


def test_other_settings_do_part_what_nobody_decided(database: Database) -> None:
    folded(database, report("orrick-a"), report("orrick-b", 1))
    assert stories(database) == {frozenset(REPORTS)}
    rebuild(database, STRICT)
    assert stories(database) == {frozenset({"orrick-a"}), frozenset({"orrick-b"})}


def test_undoing_a_merger_brings_the_stories_back_under_their_ids(database: Database) -> None:
    ids = folded(database, report("1"), report("2", 1))
    before = {name: story_of(database, ids[name]) for name in ids}
    merge(database, ids["1"], ids["2"])
    undo(database)
    assert stories(database) == {frozenset({"1"}), frozenset({"2"})}
    assert {name: story_of(database, ids[name]) for name in ids} == before
    with database.read() as session:
        assert session.scalars(select(Membership.basis).where(Membership.left_at.is_(None))).all() == ["first"] * 2
        retired = before["2"]
        events = session.scalars(select(StoryEvent.kind).where(StoryEvent.story_id == retired).order_by(StoryEvent.id))
        assert events.all() == ["created", "merged", "restored"]


def test_articles_that_are_split_off_do_not_come_back_by_score(database: Database) -> None:
    ids = folded(database, report("orrick-a"), report("orrick-b", 1), report("3", 2))
    assert frozenset(REPORTS) in stories(database)
    story = story_of(database, ids["orrick-a"])
    number = split(database, story, ids["orrick-b"])
    apart = {frozenset({"orrick-a"}), frozenset({"orrick-b"}), frozenset({"3"})}
    assert stories(database) == apart
    rebuild(database)
    folded(database, report("4", 3))
    assert stories(database) == apart | {frozenset({"4"})}
    assert story_of(database, ids["orrick-a"]) == story
    with database.read() as session:
        place = session.scalars(
            select(Membership).where(Membership.article_id == ids["orrick-b"], Membership.left_at.is_(None))
        ).one()
        assert (place.basis, place.evidence["decision"]) == ("operator", number)
    undo(database, number)
    assert stories(database) == {frozenset(REPORTS), frozenset({"3"}), frozenset({"4"})}
    assert story_of(database, ids["orrick-b"]) == story


def test_copies_go_where_their_text_goes(database: Database) -> None:
    copy = replace(report("orrick-b", 2), name="copy", source="Another")
    ids = folded(database, report("orrick-a"), report("orrick-b", 1), copy)
    split(database, story_of(database, ids["orrick-a"]), ids["copy"])
    assert stories(database) == {frozenset({"orrick-a"}), frozenset({"orrick-b", "copy"})}
    with pytest.raises(UsageError, match="nothing would stay"):
        split(database, story_of(database, ids["copy"]), ids["copy"])


def test_a_pinned_story_takes_in_copies_and_nothing_else(database: Database) -> None:
    ids = folded(database, report("orrick-a"))
    story = story_of(database, ids["orrick-a"])
    with database.read() as session:
        verdict = deciding.pin(session, story)
    give(database, verdict)
    folded(database, report("orrick-b", 1), replace(report("orrick-a", 2), name="copy"))
    assert stories(database) == {frozenset({"orrick-a", "copy"}), frozenset({"orrick-b"})}
    merge(database, ids["orrick-a"], arrive(database, report("orrick-b", 1))["orrick-b"])
    assert stories(database) == {frozenset({"orrick-a", "orrick-b", "copy"})}
    undo(database)
    undo(database)
    assert stories(database) == {frozenset({"orrick-a", "orrick-b", "copy"})}
    assert story_of(database, ids["orrick-a"]) == story


def test_a_pinned_story_keeps_its_id_when_a_larger_one_is_merged_with_it(database: Database) -> None:
    ids = folded(database, report("orrick-a"), report("orrick-b", 1), report("3", 2))
    story = story_of(database, ids["3"])
    with database.read() as session:
        verdict = deciding.pin(session, story)
    give(database, verdict)
    merge(database, ids["orrick-a"], ids["3"])
    assert {story_of(database, article) for article in ids.values()} == {story}


def test_a_name_stays_with_its_story_and_with_the_one_it_is_merged_into(database: Database) -> None:
    ids = folded(database, report("orrick-a"), report("orrick-b", 1), report("3", 2))
    with database.read() as session:
        verdict = deciding.rename(session, story_of(database, ids["3"]), "  The  harvest ")
    number = give(database, verdict)
    merge(database, ids["orrick-a"], ids["3"])
    rebuild(database)
    story = story_of(database, ids["3"])
    with database.read() as session:
        assert session.get_one(Story, story).title == "The harvest"
    undo(database, number)
    with database.read() as session:
        assert session.get_one(Story, story).title == made.REPORT_A[0]


def test_a_contradiction_is_refused_and_names_the_decisions(database: Database) -> None:
    ids = folded(database, report("1"), report("2", 1), report("3", 2))
    first, second = merge(database, ids["1"], ids["2"]), merge(database, ids["2"], ids["3"])
    with pytest.raises(UsageError, match=f"held together by decision {second} .merge by ana: one event"):
        split(database, story_of(database, ids["3"]), ids["3"])
    undo(database, second)
    undo(database, first)
    merge(database, ids["1"], ids["2"])
    undo(database)
    with database.write() as session:
        a, b = ids["1"], ids["2"]
        deciding.give(session, Verdict("split", 1, (("cannot_link", a, b),)), by="ana", why="", now=NOON)
    with pytest.raises(UsageError, match=r"held apart by decision \d+ .split by ana"):
        merge(database, a, b)


def test_two_languages_are_one_story_where_an_operator_says_so(database: Database) -> None:
    german = replace(report("7", 3), language="de")
    ids = folded(database, report("orrick-a"), report("orrick-b", 1), german)
    merge(database, ids["orrick-a"], ids["7"])
    folded(database, report("8", 4))
    assert stories(database) == {frozenset({*REPORTS, "7"}), frozenset({"8"})}
    rebuild(database, STRICT)
    assert stories(database) == {frozenset({*REPORTS, "7"}), frozenset({"8"})}


def test_what_was_kept_apart_and_has_become_one_text_has_one_vote(database: Database) -> None:
    ids = folded(database, report("orrick-a"), report("orrick-b", 1))
    split(database, story_of(database, ids["orrick-a"]), ids["orrick-b"])
    folded(database, replace(report("orrick-a", 1), name="orrick-b", source="Outlet orrick-b"))
    assert stories(database) == {frozenset(REPORTS)}
    folded(database, report("orrick-b", 1))
    assert stories(database) == {frozenset({"orrick-a"}), frozenset({"orrick-b"})}


def test_a_decision_reaches_across_any_time(database: Database) -> None:
    ids = folded(database, report("1"), report("2", 24 * 400))
    merge(database, ids["2"], ids["1"])
    folded(database, report("3", 24 * 400 + 1))
    assert stories(database) == {frozenset({"1", "2"}), frozenset({"3"})}


def test_a_decision_given_while_stories_are_computed_is_obeyed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = folded(database, report("1"), report("2", 1))
    given: list[int] = []

    def decided_meanwhile(*arguments: object) -> object:
        if not given:
            with database.write() as session:
                verdict = deciding.merge_articles(session, ids["1"], ids["2"])
                given.append(deciding.give(session, verdict, by="ana", why="", now=NOON))
        return divided(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("pipelines.fold.telling.divided", decided_meanwhile)
    rebuild(database)
    assert given
    assert stories(database) == {frozenset({"1", "2"})}


@pytest.mark.parametrize("seed", range(4))
def test_decisions_hold_in_any_order_of_arrival(database: Database, seed: int) -> None:
    pick = random.Random(seed)
    names = [*REPORTS, *map(str, range(1, 7))]
    ids = folded(database, *(report(name) for name in names))
    merge(database, ids["1"], ids["2"])
    merge(database, ids["3"], ids["2"])
    split(database, story_of(database, ids["orrick-a"]), ids["orrick-b"])
    merge(database, ids["orrick-b"], ids["4"])
    expected = {
        frozenset({"1", "2", "3"}),
        frozenset({"orrick-a"}),
        frozenset({"orrick-b", "4"}),
        frozenset({"5"}),
        frozenset({"6"}),
    }
    assert stories(database) == expected
    pick.shuffle(names)
    while names:  # each is read anew, some at a time
        taken = [names.pop() for _ in range(min(len(names), pick.randint(1, 3)))]
        with database.write() as session:
            waits = update(Reading).where(Reading.article_id.in_([ids[name] for name in taken]))
            session.execute(waits.values(grouped_at=None, folded_at=None))
        drain(database, pick.choice((RULES, STRICT)))
        assert stories(database) == expected
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 4
