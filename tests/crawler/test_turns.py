"""Sources take turns, whatever one of them does."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from crawler.turns import PATIENCE, Ask, Lease, Look, Turns

sources = st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(0, 5), st.integers(0, 30)), min_size=1)


@given(sources, st.integers(1, 8), st.integers(1, 3), st.randoms(use_true_random=False))
def test_everything_is_asked_once_within_the_limits(
    work: dict[str, tuple[int, int]], limit: int, per_source: int, random: object
) -> None:
    turns: Turns[str, str] = Turns(limit, per_source)
    stored = {name: [f"{name}-page-{n}" for n in range(count)] for name, (_, count) in work.items()}
    due = {name: [f"{name}-feed-{n}" for n in range(count)] for name, (count, _) in work.items()}
    for name in work:
        turns.may_have_feeds(name)
        turns.may_have_pages(name)
    asked: list[str] = []
    under_way: list[str] = []
    while not turns.is_finished:
        job = turns.next(0.0)
        match job:
            case Look(name):
                few, due[name] = due[name][:2], due[name][2:]
                turns.looked(name, few, has_more=bool(due[name]))
            case Lease(name):
                portion, stored[name] = stored[name][:8], stored[name][8:]
                turns.leased(name, portion)
            case Ask(name, what):
                asked.append(what)
                under_way.append(name)
                assert len(under_way) <= limit
                assert under_way.count(name) <= per_source
            case None:
                assert under_way, "nothing to do, and yet not finished"
                ended = under_way.pop(random.randrange(len(under_way)))  # type: ignore[attr-defined]
                turns.done(ended)
    assert len(asked) == len(set(asked)) == sum(map(sum, work.values()))
    for name, (feeds, _) in work.items():
        order = [what for what in asked if what.startswith(name)]
        assert all("-feed-" in what for what in order[:feeds])


def test_a_source_that_never_answers_does_not_hold_up_another() -> None:
    turns: Turns[str, str] = Turns(limit=16)
    for name in ("slow", "quick"):
        turns.may_have_pages(name)
        turns.leased(name, [f"{name}-{n}" for n in range(20)])
    quick = 0
    while job := turns.next(0.0):
        if isinstance(job, Lease):
            turns.leased(job.source, [])
        elif job.source == "quick":
            quick += 1
            turns.done("quick")
    assert quick == 20


def test_a_held_source_waits_and_says_how_long() -> None:
    turns: Turns[str, str] = Turns(limit=4)
    turns.add_feed("a", "feed")
    turns.hold("a", 10.0)
    assert turns.next(0.0) is None
    assert not turns.is_finished
    assert turns.pause(4.0) == 6.0
    assert turns.next(10.0) == Ask("a", "feed")


def test_a_retry_brings_a_source_back() -> None:
    turns: Turns[str, str] = Turns(limit=4)
    turns.retry("a", 5.0)
    assert not turns.is_finished
    assert turns.pause(0.0) == 5.0
    assert turns.next(1.0) is None
    assert turns.next(5.0) == Lease("a")
    turns.leased("a", [])
    assert turns.is_finished


def test_a_dropped_source_gives_its_pages_back_and_stays_out() -> None:
    turns: Turns[str, str] = Turns(limit=4)
    turns.may_have_pages("a")
    turns.leased("a", ["1", "2"])
    assert turns.next(0.0) == Ask("a", "1")
    assert turns.drop("a") == ["2"]
    turns.may_have_pages("a")
    turns.add_feed("a", "feed")
    assert turns.next(0.0) is None
    turns.done("a")
    assert turns.is_finished


def test_waiting_ends_when_something_is_done() -> None:
    async def scenario() -> None:
        turns: Turns[str, str] = Turns(limit=1)
        turns.add_feed("a", "feed")
        turns.next(0.0)
        waiting = asyncio.create_task(turns.wait(None))
        await asyncio.sleep(0)
        with turns.ending("a"):
            assert not waiting.done()
        await waiting
        await turns.wait(0.001)

    asyncio.run(scenario())


def test_ten_thousand_sources_are_read_as_they_are_asked_and_then_forgotten() -> None:
    turns: Turns[str, str] = Turns(limit=16)
    for number in range(10_000):
        turns.may_have_feeds(f"source {number}")
    under_way: list[str] = []
    asked = read = 0
    while not turns.is_finished:
        match turns.next(0.0):
            case Look(source):
                read += 1
                turns.looked(source, ["feed"], has_more=False)
            case Ask(source, _):
                asked += 1
                under_way.append(source)
            case _:
                turns.done(under_way.pop(0))
        assert read - asked <= 1, "a feed is in memory when it is asked, and not before"
    assert asked == 10_000
    assert turns.next(0.0) is None
    assert len(turns._sources) == 0


def test_a_hold_outlives_having_nothing_to_do() -> None:
    turns: Turns[str, str] = Turns(limit=4)
    turns.hold("a", 10.0)
    assert turns.next(0.0) is None
    turns.add_feed("a", "feed")
    assert turns.next(1.0) is None
    assert turns.next(10.0) == Ask("a", "feed")


def test_a_source_dropped_while_it_is_read_stays_out() -> None:
    turns: Turns[str, str] = Turns(limit=4)
    turns.may_have_feeds("a")
    turns.may_have_pages("b")
    assert turns.next(0.0) == Look("a")
    assert turns.next(0.0) == Lease("b")
    turns.drop("a")
    turns.drop("b")
    turns.looked("a", ["feed"], has_more=True)
    turns.leased("b", ["page"])
    assert turns.next(0.0) is None
    assert turns.is_finished


def test_hosts_that_do_not_answer_give_up_their_places_to_others_and_no_more_than_there_are() -> None:
    turns: Turns[str, str] = Turns(limit=2)
    for number in range(10):
        turns.add_feed(f"s{number}", f"f{number}")
    assert [turns.next(0.0) for _ in range(3)][2] is None
    assert turns.pause(0.5) == PATIENCE - 0.5
    assert turns.next(PATIENCE - 0.1) is None
    assert turns.next(PATIENCE) is not None
    assert turns.next(PATIENCE) is not None
    assert [turns.next(at * PATIENCE) for at in (1, 2, 3, 100)] == [None] * 4
    turns.done("s0")
    assert turns.next(100 * PATIENCE) is not None
