"""Two polls of one feed: whether the second goes on where the first ended, whatever sticks at the top."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from crawler.gaps.overlap import CLOCKS, MOST, WIDTH, compare, pack, unpack, window
from storage.pages import Found

MORNING = datetime(2026, 6, 1, 6, tzinfo=UTC)
POLLED = MORNING + timedelta(days=2)


def link(name: object, minute: int | None = None) -> Found:
    url = f"https://example.org/{name}"
    time = None if minute is None else MORNING + timedelta(minutes=minute)
    return Found(url, hashlib.sha256(url.encode()).digest(), time=time)


def links(names: str) -> list[Found]:
    return [link(name) for name in names]


def is_gap(before: str, now: str) -> bool:
    return compare(pack(links(before)), links(now)).is_gap


@dataclass(frozen=True)
class Feed:
    """A window of ``size`` entries, below so many pinned ones, which are older than any other."""

    size: int
    pins: int
    is_ascending: bool
    is_dated: bool

    def at(self, newest: int) -> list[Found]:
        numbers = list(range(newest - self.size + 1, newest + 1))
        moving = [link(number, number if self.is_dated else None) for number in numbers]
        pinned = [link(f"pin{number}", -1000 - number if self.is_dated else None) for number in range(self.pins)]
        return pinned + (moving if self.is_ascending else moving[::-1])


feeds = st.builds(Feed, st.integers(1, 30), st.integers(0, 5), st.booleans(), st.booleans())


@given(feeds, st.data())
@example(Feed(1, 0, is_ascending=True, is_dated=True), None)
def test_a_list_that_slid_on_but_not_off_is_no_gap(feed: Feed, data: st.DataObject | None) -> None:
    by = data.draw(st.integers(0, feed.size - 1)) if data else 0
    overlap = compare(pack(feed.at(100)), feed.at(100 + by))
    assert not overlap.is_gap
    assert overlap.before == feed.size + feed.pins
    assert feed.size - by <= overlap.again <= feed.size - by + feed.pins


@given(feeds, st.integers(0, 50))
def test_a_list_of_which_only_pinned_entries_are_left_is_a_gap(feed: Feed, unseen: int) -> None:
    overlap = compare(pack(feed.at(100)), feed.at(100 + feed.size + unseen))
    assert overlap.is_gap
    assert (overlap.before, overlap.again) == (feed.size + feed.pins, 0)


@given(feeds)
def test_a_feed_that_grows_or_was_cut_at_its_old_end_is_no_gap(feed: Feed) -> None:
    old, new = feed.at(100), feed.at(101)
    shorter = [*old[: feed.pins], old[-1] if feed.is_ascending else old[feed.pins]]
    assert not compare(pack(old), shorter).is_gap
    assert feed.size == 1 or not compare(pack(shorter), new).is_gap


names = st.lists(st.integers(0, 40), max_size=20, unique=True)


@given(names, names)
def test_whatever_the_order_a_list_of_strangers_is_a_gap_and_an_old_entry_below_a_new_one_is_none(
    before: list[int], now: list[int]
) -> None:
    overlap = compare(pack([link(name) for name in before]), [link(name) for name in now])
    again = [name for name in now if name in before]
    assert overlap.again in (0, len(again))
    if not again:
        assert overlap.is_gap == bool(before and now)
    elif now[: len(again)] != again or again == now:
        assert not overlap.is_gap


def test_an_empty_list_hides_nothing() -> None:
    assert not is_gap("", "abc")
    assert not is_gap("abc", "")
    assert not compare(None, links("abc")).is_gap


def test_a_feed_that_shuffles_its_entries_is_no_gap_where_an_old_one_follows_a_new_one() -> None:
    assert not is_gap("abcdef", "xcya")
    assert not is_gap("abcdef", "cxya")


def test_one_entry_below_the_pinned_ones_is_enough() -> None:
    assert is_gap("PQabc", "PQxyz")
    assert is_gap("PQabc", "Qxyz")
    assert not is_gap("PQabc", "PQxya")
    assert not is_gap("PQabc", "PQcxy")  # ascending


def test_an_entry_that_was_last_and_is_pinned_now_is_told_from_an_ascending_feed_by_the_dates() -> None:
    before = pack(links("abc"))
    descending = [link("c", 3), link("x", 30), link("y", 20)]
    ascending = [link("c", 3), link("x", 20), link("y", 30)]
    assert compare(before, descending).is_gap
    assert not compare(before, ascending).is_gap


def test_all_of_the_old_list_on_top_of_new_entries_is_no_gap() -> None:
    assert not is_gap("ab", "abxy")
    assert not is_gap("a", "axy")


@given(st.lists(st.integers(), max_size=50, unique=True))
def test_packing_keeps_the_order(names: Sequence[int]) -> None:
    assert unpack(pack([link(name) for name in names])) == [link(name).key[:WIDTH] for name in names]


def test_packing_is_bounded() -> None:
    assert len(unpack(pack([link(n) for n in range(MOST + 5)]))) == MOST


minutes = st.one_of(st.none(), st.integers(-10_000, 10_000))


@given(st.lists(minutes, min_size=1), st.lists(minutes, min_size=1), st.integers(0, 5_000))
def test_a_window_is_never_turned_round_nor_in_the_future(old: list[int], new: list[int], wait: int) -> None:
    before = [link(f"old{n}", minute) for n, minute in enumerate(old)]
    after = [link(f"new{n}", minute) for n, minute in enumerate(new)]
    now = POLLED + timedelta(minutes=wait)
    newest = max((found.time for found in before if found.time), default=None)
    bounds = window(pack(before), after, listed_at=POLLED, listed_to=newest, now=now)
    assert bounds.since <= bounds.until <= now
    assert bounds.since <= POLLED
    assert (bounds.before, bounds.after) == (pack(before), pack(after))


@given(feeds, st.integers(1, 50))
def test_what_was_not_seen_lies_in_the_window(feed: Feed, unseen: int) -> None:
    old, new = feed.at(100), feed.at(100 + feed.size + unseen)
    newest = max((found.time for found in old if found.time), default=None)
    published = [MORNING + timedelta(minutes=100 + n) for n in range(1, unseen + 1)]
    listed_at, now = published[0], published[-1] + timedelta(minutes=feed.size)
    bounds = window(pack(old), new, listed_at=listed_at, listed_to=newest, now=now)
    assert all(bounds.since <= time <= bounds.until for time in published)
    assert bounds.since >= listed_at - CLOCKS
