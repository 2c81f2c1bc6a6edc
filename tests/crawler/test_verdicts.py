"""What sitemaps say of a gap: confirmed where they list what no feed showed, refuted where they cover it, else open."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crawler.gaps.overlap import WIDTH
from crawler.gaps.verdicts import LEAST_SAMPLE, Judgement, Listing, is_enough, judge
from storage.gaps import Window

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def key(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def at(number: int) -> datetime:
    return NOON + timedelta(minutes=number, seconds=1)


def packed(numbers: Iterable[int]) -> bytes:
    return b"".join(key(number)[:WIDTH] for number in numbers)


@dataclass(frozen=True)
class World:
    """A site that publishes article n at minute n; a poll saw ``size`` articles, and ``size`` more after the gap."""

    size: int
    unseen: int
    shows_every: int = 1  # article of the site; the others belong to sections that this feed does not show
    is_dated: bool = True

    @property
    def before(self) -> list[int]:
        return [n * self.shows_every for n in range(self.size)]

    @property
    def after(self) -> list[int]:
        return [n * self.shows_every for n in range(self.size + self.unseen, 2 * self.size + self.unseen)]

    @property
    def missed(self) -> list[int]:
        return [n * self.shows_every for n in range(self.size, self.size + self.unseen)]

    @property
    def everything(self) -> list[int]:
        return list(range(self.after[-1] + 1))

    @property
    def window(self) -> Window:
        since, until = at(self.before[-1]), at(self.after[0] if self.is_dated else self.after[-1] + 1)
        return Window(since, until, packed(self.before), packed(self.after))

    def judge(self, listed: Iterable[int], **more: object) -> Judgement:
        listing = Listing({key(n): at(n) for n in listed}, **more)  # type: ignore[arg-type]
        return judge(self.window, listing, {key(n) for n in (*self.before, *self.after)})


worlds = st.builds(World, st.integers(1, 30), st.integers(0, 30), is_dated=st.booleans())


@given(worlds)
def test_a_whole_sitemap_tells_exactly_what_was_missed(world: World) -> None:
    judged = world.judge(world.everything)
    assert judged.missed == {key(n) for n in world.missed}
    assert judged.state == ("confirmed" if world.missed else "refuted")
    assert is_enough(world.window, Listing({key(n): at(n) for n in world.everything}))


@given(worlds, st.data())
def test_whatever_a_sitemap_leaves_out_nothing_is_confirmed_that_was_not_missed(
    world: World, data: st.DataObject
) -> None:
    listed = data.draw(st.sets(st.sampled_from(world.everything)))
    judged = world.judge(listed)
    assert judged.missed == {key(n) for n in world.missed if n in listed}
    if judged.state == "confirmed":
        assert judged.missed
    if judged.state == "refuted":
        assert set(listed) & set(world.before)
        assert set(listed) & set(world.after)


@given(worlds, st.integers(0, 60))
def test_a_sitemap_that_begins_within_the_window_refutes_nothing(world: World, start: int) -> None:
    listed = [n for n in world.everything if n >= world.before[-1] + 1 + start]
    assert world.judge(listed).state != "refuted"


@given(worlds, st.integers(0, 60))
def test_a_sitemap_that_ends_within_the_window_refutes_nothing(world: World, cut: int) -> None:
    listed = [n for n in world.everything if n < world.after[0] - cut]
    assert world.judge(listed).state != "refuted"


@given(st.integers(LEAST_SAMPLE, 30), st.integers(0, 10), st.integers(3, 9))
def test_a_feed_of_one_section_is_not_judged_by_the_rest_of_the_site(size: int, unseen: int, every: int) -> None:
    world = World(size, unseen, shows_every=every)
    judged = world.judge(world.everything)
    assert judged.state == "suspected"
    assert "more than this feed" in judged.reason
    assert {key(n) for n in world.missed} <= judged.missed  # they are fetched all the same


@given(st.integers(5, 40), st.integers(3, 20), st.data())
def test_videos_that_no_feed_ever_shows_are_no_gap(size: int, every: int, data: st.DataObject) -> None:
    world = World(size, 0)
    videos = {-n: at(n) + timedelta(seconds=20) for n in range(1, 2 * size - 1, every)}
    assume(len(videos) >= 3)  # one alone may stand outside the time that both lists span
    inside = at(size - 1) + timedelta(seconds=data.draw(st.integers(1, 58)))
    shown = {key(n) for n in (*world.before, *world.after)}
    times = {key(n): at(n) for n in world.everything} | {key(n): time for n, time in videos.items()}
    times = {one: time for one, time in times.items() if one in shown or not at(size - 1) <= time <= at(size)}
    judged = judge(world.window, Listing(times | {key(-999): inside}), shown)
    assert judged.missed == {key(-999)}  # fetched all the same
    assert (judged.state, judged.reason[:17]) == ("suspected", "around that time,")


def test_a_window_with_clearly_more_than_around_it_is_a_gap_all_the_same() -> None:
    world = World(20, 10)
    listing = {key(n): at(n) for n in world.everything} | {key(-n): at(n) for n in (5, 12, 25, 37, 44)}
    judged = judge(world.window, Listing(listing), {key(n) for n in (*world.before, *world.after)})
    assert judged.state == "confirmed"
    assert judged.missed == {key(n) for n in (*world.missed, -25)}


@given(worlds, st.integers(0, 3))
def test_pinned_entries_cover_nothing(world: World, pins: int) -> None:
    pinned = list(range(-1000, -1000 + pins))
    window = Window(
        world.window.since,
        world.window.until,
        packed([*pinned, *world.before]),
        packed([*pinned, *world.after]),
    )
    shown = {key(n) for n in (*pinned, *world.before, *world.after)}
    only_pins = Listing({key(n): at(n) for n in pinned})
    assert judge(window, only_pins, shown).state == "suspected"
    everything = Listing({key(n): at(n) for n in (*pinned, *world.everything)})
    assert judge(window, everything, shown).state == ("confirmed" if world.missed else "refuted")


def test_days_are_no_times() -> None:
    day = NOON.replace(hour=0)
    window = Window(NOON, NOON + timedelta(hours=2), packed([1]), packed([2]))
    times = {key(1): at(-5), key(2): at(120), key(3): day}
    judged = judge(window, Listing(times), {key(1), key(2)})
    assert judged.state == "suspected"
    assert judged.missed == {key(3)}
    whole = Window(NOON - timedelta(days=2), NOON + timedelta(days=2), packed([1]), packed([2]))
    assert judge(whole, Listing(times | {key(1): at(-4000), key(2): at(4000)}), {key(1), key(2)}).state == "confirmed"


@pytest.mark.parametrize(
    ("listing", "reason"),
    [
        (Listing({}), "empty"),
        (Listing({}, lacking="timeout"), "timeout"),
        (Listing({key(0): at(0), key(2): at(60)}, lacking="timeout"), "timeout"),
        (Listing({key(0): at(0)}), "does not list what the feed lists now"),
        (Listing({key(2): at(60)}), "does not reach back"),
        (Listing({key(7): at(-9999), key(2): at(60)}), "does not reach back"),
        (Listing({key(0): at(0), key(2): at(60), key(9): None}), "does not date 1 page that"),
        (Listing({key(9): at(30)}), "other addresses"),
    ],
)
def test_what_cannot_be_told_stays_suspected_with_a_reason(listing: Listing, reason: str) -> None:
    window = Window(at(0), at(60), packed([0]), packed([2]))
    judged = judge(window, listing, {key(0), key(2), key(7)})
    assert judged.state == "suspected"
    assert reason in judged.reason
