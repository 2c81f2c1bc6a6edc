"""A trap costs no more than its budget, and what is beyond is taken on another day."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from foundation.urls import url_key
from storage.budgets import WHOLE_HOST, Limits, decide, within
from storage.engine import Database
from storage.models import Budget, Source
from storage.pages import Found

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LIMITS = Limits(per_host=10, per_pattern=4)


def sources(database: Database) -> None:
    with database.write() as session:
        for number in (1, 2):
            session.add(Source(id=number, name=str(number), url="https://a.test/", created_at=NOW))


def links(*urls: str) -> list[Found]:
    return [Found(url, url_key(url)) for url in urls]


def taken(database: Database, found: list[Found], now: datetime = NOW, source_id: int = 1) -> list[str]:
    with database.write() as session:
        return [link.url for link in within(session, found, LIMITS, source_id=source_id, now=now)]


pairs = st.tuples(st.sampled_from(["a.test", "b.test"]), st.sampled_from(["/", "/*", "/x/*"]))
counts = st.dictionaries(
    pairs | st.tuples(st.sampled_from(["a.test", "b.test"]), st.just(WHOLE_HOST)), st.integers(0, 9)
)


@given(st.lists(pairs, max_size=40), counts, st.integers(0, 12), st.integers(0, 12))
def test_no_budget_is_overspent_and_none_is_left_that_was_wanted(
    wanted: list[tuple[str, str]], spent: dict[tuple[str, str], int], per_host: int, per_pattern: int
) -> None:
    allowed, pages = decide(wanted, spent, Limits(per_host, per_pattern))
    after = Counter(spent) + pages
    assert len(allowed) == len(wanted)
    assert sum(pages[name, WHOLE_HOST] for name in ("a.test", "b.test")) == sum(allowed)
    for key in pages:
        assert after[key] <= (per_host if key[1] == WHOLE_HOST else per_pattern)
    for (name, alike), is_allowed in zip(wanted, allowed, strict=True):
        if not is_allowed:
            assert after[name, WHOLE_HOST] >= per_host or after[name, alike] >= per_pattern


def test_a_calendar_gets_its_part_and_the_rest_of_the_host_its_own(database: Database) -> None:
    sources(database)
    days = links(*(f"https://a.test/calendar/2026/06/{day:02}" for day in range(1, 31)))
    articles = links(*(f"https://a.test/news/{letter}" for letter in "abcdefgh"))
    assert taken(database, days) == [link.url for link in days[:4]]
    assert taken(database, days[4:]) == []
    assert taken(database, articles) == [link.url for link in articles[:6]]
    assert taken(database, links("https://b.test/calendar/2026/06/01")) == ["https://b.test/calendar/2026/06/01"]


def test_tomorrow_is_another_day_and_old_days_are_forgotten(database: Database) -> None:
    sources(database)
    many = links(*(f"https://a.test/?p={number}" for number in range(700)))
    for day in range(5):
        now = NOW + timedelta(days=day)
        assert taken(database, many, now) == [link.url for link in many[:4]]
        assert taken(database, many, now) == []
    with database.read() as session:
        rows = session.execute(select(Budget.day, Budget.pattern, Budget.pages).order_by(Budget.day, Budget.pattern))
        left = [tuple(row) for row in rows]
    days = [(NOW + timedelta(days=day)).date() for day in (2, 3, 4)]
    assert left == [(day, alike, 4) for day in days for alike in (WHOLE_HOST, "/?p=*")]


def test_two_writers_do_not_spend_one_budget_twice(database: Database) -> None:
    sources(database)
    barrier = threading.Barrier(4)

    def spend(writer: str) -> list[str]:
        barrier.wait()
        pairs = [links(*(f"https://a.test/{writer}/{n}" for n in (start, start + 1))) for start in range(0, 20, 2)]
        return [url for pair in pairs for url in taken(database, pair)]

    with ThreadPoolExecutor(4) as pool:
        allowed = [url for urls in pool.map(spend, "abcd") for url in urls]
    assert len(allowed) == LIMITS.per_host
    assert max(Counter(url.split("/")[3] for url in allowed).values()) <= LIMITS.per_pattern


def test_nothing_wanted_is_nothing_spent(database: Database) -> None:
    sources(database)
    assert taken(database, []) == []
    refused = links("https://a.test/")
    with database.write() as session:
        assert within(session, refused, Limits(0, 0), source_id=1, now=NOW) == []


def test_what_one_source_lists_of_a_host_takes_nothing_from_another(database: Database) -> None:
    sources(database)
    foreign = links(*(f"https://a.test/{letter}" for letter in "abcdefghijkl"))
    own = links(*(f"https://a.test/own/{letter}" for letter in "abcdefghijkl"))
    assert len(taken(database, foreign, source_id=2)) == LIMITS.per_host
    assert len(taken(database, foreign, source_id=2)) == 0
    assert len(taken(database, own, source_id=1)) == LIMITS.per_host
