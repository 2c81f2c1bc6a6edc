import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.features import features_of
from dedup.idf import Idf
from dedup.stories import Basis, Item, Partition, StoryRules, partition
from tests.dedup import made

DAY = 86400.0
EVENTS = {seed: made.text(100 + seed, 120).split() for seed in range(6)}


def told(event: int, seed: int) -> tuple[str, str]:
    """A report of an event: three in four of the event's words, between words of its own."""
    pick = random.Random(1000 * event + seed)
    body = [word for word in EVENTS[event] if pick.random() < 0.75]
    for _ in range(40):
        body.insert(pick.randrange(len(body)), made.word(pick))
    return " ".join(pick.sample(EVENTS[event], 6)), " ".join(body)


def item(number: int, event: int, day: float | None = 0.0, language: str = "en") -> Item:
    return Item(number, None if day is None else day * DAY, language, features_of(*told(event, number)))


ITEMS = [item(number, number % 6, day=number / 20) for number in range(24)]


def known(items: list[Item]) -> dict[str, Idf]:
    idf = {each.language: Idf() for each in items}
    for each in items:
        idf[each.language].learn([each.features])
    return idf


IDF = known(ITEMS)


def divide(items: list[Item]) -> Partition:
    return partition(items, known(items))


def test_independent_reports_of_an_event_are_one_story() -> None:
    assert divide(ITEMS).stories == tuple(tuple(range(event, 24, 6)) for event in range(6))


@given(st.sets(st.sampled_from(ITEMS)), st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_order_is_irrelevant_and_everything_is_in_one_story(items: set[Item], pick: random.Random) -> None:
    listed = sorted(items, key=lambda each: each.id)
    found = partition(listed, IDF)
    assert partition(pick.sample(listed, len(listed)), IDF) == found
    assert sorted(number for story in found.stories for number in story) == [each.id for each in listed]
    assert set(found.evidence) == {number for story in found.stories if len(story) > 1 for number in story}


def test_the_order_is_irrelevant_without_times_too() -> None:
    untimed = [replace(each, time=None) if each.id % 2 else each for each in ITEMS]
    assert partition(untimed[::-1], IDF) == partition(untimed, IDF)
    assert len(partition(untimed, IDF).stories) == 6


def test_evidence_names_the_first_the_nearest_and_the_runner_up() -> None:
    evidence = divide(ITEMS).evidence
    assert [number for number in range(24) if evidence[number].basis is Basis.FIRST] == list(range(6))
    for number, found in evidence.items():
        assert found.item == number
        assert found.nearest is not None
        assert found.nearest % 6 == number % 6
        assert found.nearest != number
        assert found.score >= found.threshold > found.runner_up
        assert found.margin == pytest.approx(found.score - found.runner_up)
        assert found.days_apart == pytest.approx(abs(found.nearest - number) / 20)


def test_a_year_between_them_keeps_like_reports_apart() -> None:
    assert divide([item(0, 0), item(1, 0, day=365.0)]).stories == ((0,), (1,))
    assert divide([item(0, 0), item(1, 0, day=1.0)]).stories == ((0, 1),)
    assert divide([item(0, 0), item(1, 0, day=None)]).stories == ((0, 1),)


def test_two_languages_never_join() -> None:
    assert divide([item(0, 0), item(1, 0, language="sv")]).stories == ((0,), (1,))


@pytest.mark.parametrize("reports", [[("", "")] * 3, [("", "word")] * 2, [("…", "!")] * 2])
def test_empty_reports_join_nothing_and_break_nothing(reports: list[tuple[str, str]]) -> None:
    items = [Item(number, 0.0, "en", features_of(*report)) for number, report in enumerate(reports)]
    assert divide(items).stories == tuple((number,) for number in range(len(reports))) or reports[0][1] == "word"
    assert divide([]) == Partition((), {})


def test_two_reports_that_share_a_quotation_join_in_an_empty_database() -> None:
    items = [
        Item(number, number * 3600.0, "en", features_of(*report))
        for number, report in enumerate((made.REPORT_A, made.REPORT_B))
    ]
    assert divide(items).stories == ((0, 1),)


@pytest.mark.parametrize("size", [2, 3, 6])
def test_the_first_reports_of_a_new_database_do_not_join_because_nothing_is_known(size: int) -> None:
    filler = (
        "The people who were there said that they would meet again on Monday after what they had been told. Officials "
        "did not say how many would come, or when the others should be asked about their part in it. Nobody knows what "
        "will happen next, they said, because there has never been anything like this before."
    )
    items = [Item(number, 0.0, "en", features_of("", f"{made.text(number, 110)} {filler}")) for number in range(size)]
    assert divide(items).stories == tuple((number,) for number in range(size))


def test_a_database_that_knows_few_words_asks_for_more() -> None:
    rules = StoryRules()
    assert rules.threshold(50) > rules.threshold(20) > rules.threshold(2) >= rules.floor
    assert rules.threshold(50) > rules.threshold(100) >= rules.threshold(1000) == pytest.approx(rules.floor)


def test_an_event_with_many_reports_is_one_story() -> None:
    others = [Item(1000 + seed, 0.0, "en", features_of("", made.text(1000 + seed, 120))) for seed in range(200)]
    items = [item(number, 0, day=number / 60) for number in range(60)]
    assert divide([*items, *others]).stories == (tuple(range(60)), *((other.id,) for other in others))
