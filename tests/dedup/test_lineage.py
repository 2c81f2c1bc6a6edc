"""Who was first is never claimed wrongly, and how much was copied is what was planted."""

import random
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.lineage import (
    CLOCKS,
    EXACT,
    HOUR,
    LISTING_LAG,
    MINUTE,
    Claim,
    Clock,
    Moment,
    Order,
    Sighting,
    Source,
    clock,
    descent,
    first,
    moment,
)
from dedup.links import compare, prepare
from tests.dedup import made

MOMENTS = st.tuples(st.floats(0, 1e6), st.floats(0, 1e5)).map(lambda pair: Moment(pair[0], pair[0] + pair[1]))


class Outlet:
    """One whose clock is wrong by so much, and whose feed is read every so often, starting somewhere."""

    def __init__(self, pick: random.Random) -> None:
        self.skew = pick.choice([0.0, 0.0, pick.uniform(-12, 12) * HOUR, pick.uniform(-3, 3) * MINUTE])
        self.interval = pick.uniform(3, 60) * MINUTE
        self.phase = pick.uniform(0, self.interval)
        self.lag = pick.uniform(0, LISTING_LAG)

    def sighting(self, published: float) -> Sighting:
        listed = published + self.lag
        polls = (listed - self.phase) // self.interval
        before = self.phase + polls * self.interval
        stamp = (published + self.skew) // MINUTE * MINUTE
        return Sighting(Claim(stamp, stamp + MINUTE), before, before + self.interval)


@pytest.mark.parametrize("seed", range(20))
def test_first_is_never_claimed_wrongly_whatever_the_clocks(seed: int) -> None:
    pick = random.Random(seed)
    outlets = [Outlet(pick) for _ in range(12)]
    clocks = [
        clock(outlet.sighting(pick.uniform(0, 30 * 24 * HOUR)) for _ in range(pick.choice([0, 3, 80])))
        for outlet in outlets
    ]
    said = 0
    for _ in range(400):
        event = pick.uniform(30 * 24 * HOUR, 40 * 24 * HOUR)
        printers = pick.sample(range(12), pick.randint(2, 5))
        printed = {outlet: event + pick.expovariate(1 / (2 * HOUR)) for outlet in printers}
        moments = [moment(outlets[outlet].sighting(printed[outlet]), clocks[outlet]) for outlet in printers]
        for outlet, found in zip(printers, moments, strict=True):
            assert found.earliest <= printed[outlet] <= found.latest
        winner = first(moments)
        if winner is not None:
            said += 1
            assert printed[printers[winner]] == min(printed.values())
    assert said > 40  # and it does say so, where it can be told


def test_a_clock_is_told_from_polls_and_one_that_contradicts_itself_is_not_believed() -> None:
    def seen(skew: float, published: float) -> Sighting:
        return Sighting(Claim(published + skew, published + skew), published - MINUTE, published + MINUTE)

    steady = clock(seen(30 * MINUTE, at * HOUR) for at in range(50))
    assert steady is not None
    assert steady.low <= -30 * MINUTE <= steady.high < -28 * MINUTE
    assert clock(seen((-1.0) ** at * 50 * MINUTE, at * HOUR) for at in range(50)) is None
    assert clock([]) == Clock(-CLOCKS, CLOCKS)


def test_a_claim_that_observation_contradicts_is_left_aside() -> None:
    seen = Sighting(Claim(0, 0), not_before=5 * HOUR, seen_by=6 * HOUR)
    assert moment(seen, Clock()) == Moment(5 * HOUR - LISTING_LAG, 6 * HOUR)
    assert moment(Sighting(Claim(7, 7)), EXACT) == Moment(7, 7)
    assert moment(Sighting(None), Clock()) == Moment(-inf, inf)


@given(st.lists(MOMENTS, max_size=6), st.randoms(use_true_random=False))
def test_whoever_is_first_is_before_all_others_in_any_order(moments: list[Moment], pick: random.Random) -> None:
    found = first(moments)
    if found is not None:
        assert all(moments[found].is_before(other) for at, other in enumerate(moments) if at != found)
    shuffled = pick.sample(moments, len(moments))
    again = first(shuffled)
    assert (found is None) == (again is None)
    assert found is None or again is None or moments[found] == shuffled[again]


def test_the_source_is_the_earlier_text_that_most_words_stand_in_and_of_equals_the_earliest() -> None:
    own = Moment(100, 110)
    sources = [
        Source(1, 0.995, 10, Moment(5, 15)),
        Source(2, 1.0, 50, Moment(45, 55)),
        Source(3, 0.6, 1, Moment(0, 2)),
        Source(4, 1.0, 200, Moment(190, 210)),  # later
    ]
    found = descent(own, (105, 9), sources)
    assert found is not None
    assert (found.source, found.share, found.order) == (1, 0.995, Order.AFTER)
    assert descent(own, (105, 9), sources[3:]) is None


def test_an_order_that_times_leave_open_is_undetermined_and_goes_by_the_best_guess() -> None:
    own, other = Moment(100, 200), Moment(90, 190)
    found = descent(own, (150, 9), [Source(1, 1.0, 140, other)])
    assert found is not None
    assert found.order is Order.UNDETERMINED
    assert descent(other, (140, 1), [Source(9, 1.0, 150, own)]) is None  # nobody copies in a circle


@pytest.mark.parametrize("share", [0.5, 0.6, 0.75, 0.9, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_share_of_words_is_the_one_that_was_planted(share: float, seed: int) -> None:
    pick = random.Random(seed)
    sentences = made.text(seed, 1_200).split(". ")
    taken = round(share * len(sentences))
    own = made.text(100 + seed, 1_200).split(". ")[: len(sentences) - taken]
    places = sorted(pick.sample(range(len(sentences)), taken))
    mixed = [sentences[place] for place in places]
    for sentence in own:
        mixed.insert(pick.randint(0, len(mixed)), sentence)
    planted = sum(len(sentences[place].split()) for place in places) / sum(len(part.split()) for part in mixed)
    link = compare(prepare(1, "", ". ".join(mixed)), prepare(2, "", ". ".join(sentences)))
    assert link is not None
    assert link.share_a == pytest.approx(planted, abs=0.02)
