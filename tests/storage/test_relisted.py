"""Pages that are listed again: another chance, another owner, and dates that are always "now"."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from storage import pages, relisted
from storage.budgets import Limits
from storage.engine import Database
from storage.models import Page, Source
from storage.pages import Added, Ended, Leased
from tests.storage.test_pages import NOW, add, answer, end, keep, lease, link, one, run, source

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REFUSED = Ended("refused", "robots")
GIVEN_UP = Ended("failed", "timeout")
ENDS = pytest.mark.parametrize("ended", [REFUSED, GIVEN_UP], ids=["refused", "given up"])


def ended_under(database: Database, name: str, ended: Ended, run_id: int, now: datetime = NOW) -> Leased:
    (page,) = lease(database, run_id, now=now, name=name)
    assert end(database, page, ended, run_id, now)
    return page


def enable(database: Database, source_id: int, is_enabled: bool) -> None:
    with database.write() as session:
        session.execute(update(Source).where(Source.id == source_id).values(is_enabled=is_enabled))


@given(st.integers(0, 10_000))
def test_waits_grow_from_an_hour_to_a_day(unchanged: int) -> None:
    assert relisted.wait(unchanged) <= relisted.wait(unchanged + 1) <= DAY
    assert (relisted.wait(0), relisted.wait(1)) == (timedelta(0), HOUR)


@ENDS
def test_a_page_that_is_still_listed_has_another_chance_once_a_week(database: Database, ended: Ended) -> None:
    home, run_id = source(database), run(database)
    add(database, home, link(1))
    for week in range(3):
        now = NOW + 7 * DAY * week
        ended_under(database, "Outlet", ended, run_id, now)
        assert add(database, home, link(1), now=now + 7 * DAY - HOUR) == Added()
        assert add(database, home, link(1), now=now + 7 * DAY) == Added(changed=1)
        page = one(database)
        assert (page.state, page.reason, page.attempts, page.next_try_at) == ("waiting", None, 0, None)


@ENDS
def test_another_source_takes_over_what_ended_without_an_article_and_they_do_not_swap_it(
    database: Database, ended: Ended
) -> None:
    home, other, run_id = source(database), source(database, "Other"), run(database)
    add(database, home, link(1))
    assert add(database, other, link(1)) == Added()  # it waits where it is
    ended_under(database, "Outlet", ended, run_id)
    assert add(database, other, link(1)) == Added(changed=1)
    assert one(database).source_id == other
    ended_under(database, "Other", ended, run_id)
    for hours in range(0, 7 * 24, 5):
        assert add(database, home, link(1), now=NOW + HOUR * hours) == Added()
        assert add(database, other, link(1), now=NOW + HOUR * hours) == Added()
    assert add(database, home, link(1), now=NOW + 7 * DAY) == Added(changed=1)
    assert add(database, other, link(1), now=NOW + 7 * DAY) == Added()


def test_pages_of_a_disabled_source_become_those_of_one_that_lists_them(database: Database) -> None:
    home, other, off = source(database), source(database, "Other"), source(database, "Off", is_enabled=False)
    run_id = run(database)
    add(database, home, link(1), link(2), link(3), link(4))
    first, second, third, fourth = lease(database, run_id)
    end(database, first, Ended("failed", "timeout", next_try_at=NOW + DAY), run_id)
    keep(database, second.id, run_id)
    enable(database, home, is_enabled=False)
    everything = link(1), link(2), link(3), link(4)
    assert add(database, off, *everything) == Added()  # it would not ask for them either
    with database.write() as session:
        pages.give_back(session, [fourth.id], run_id=run_id)
    assert add(database, other, *everything) == Added(changed=2)
    with database.read() as session:
        owned = select(Page.id, Page.state).where(Page.source_id == other)
        states = dict(session.execute(owned).all())
    assert [states[page.id] for page in (first, second, third, fourth)] == ["waiting", "fetched", "fetching", "waiting"]
    assert end(database, third, REFUSED, run_id)
    assert len(lease(database, run_id, name="Other")) == 2


def test_dates_that_are_always_now_cost_a_request_a_day_in_the_end(database: Database) -> None:
    home, run_id = source(database), run(database)
    add(database, home, link(1, NOW))
    (page,) = lease(database, run_id)
    first = keep(database, page.id, run_id)
    with database.write() as session:
        pages.mark_read(session, first, now=NOW)
    asked = []
    for minutes in range(10, 4 * 24 * 60, 10):
        now = NOW + timedelta(minutes=minutes)
        add(database, home, link(1, now), now=now)
        for page in lease(database, run_id, now=now):
            asked.append(minutes / 60)
            end(database, page, Ended("unchanged", status=304), run_id, now)
    waits = [round(after - before) for before, after in pairwise(asked)]
    assert asked[0] < 1  # the first fetch told something new
    assert waits == [1, 2, 4, 8, 16, 24, 24]


@pytest.mark.parametrize("is_changed", [True, False])
def test_only_a_changed_text_has_a_page_asked_again_at_once(database: Database, is_changed: bool) -> None:
    home, run_id = source(database), run(database)
    add(database, home, link(1, NOW))
    for hours in (0, 1):
        now = NOW + HOUR * hours
        add(database, home, link(1, now), now=now)
        (page,) = lease(database, run_id, now=now)
        raw_id = keep(database, page.id, run_id, replace(answer(), fetched_at=now))
        with database.write() as session:
            pages.mark_read(session, raw_id, now=now, is_changed=is_changed)
    soon = now + timedelta(minutes=5)
    add(database, home, link(1, soon), now=soon)
    assert len(lease(database, run_id, now=soon)) == is_changed
    assert len(lease(database, run_id, now=now + HOUR)) == 1


@pytest.mark.parametrize(
    "ended", [Ended("gone", "http_404", 404), GIVEN_UP, Ended("failed", "x", next_try_at=NOW + DAY)]
)
def test_a_newer_date_does_not_have_what_fails_asked_at_every_poll(database: Database, ended: Ended) -> None:
    home, run_id = source(database), run(database)
    add(database, home, link(1, NOW))
    now = NOW + timedelta(minutes=1)
    ended_under(database, "Outlet", ended, run_id, now)
    asked = 0
    for minutes in range(10, 60, 10):
        now = NOW + timedelta(minutes=minutes)
        add(database, home, link(1, now), now=now)
        for page in lease(database, run_id, now=now):
            asked += 1
            end(database, page, ended, run_id, now)
    assert asked == (ended.next_try_at is None)  # once, as it may be there again


def test_pages_asked_again_count_against_the_budget_of_the_day_after_new_ones(database: Database) -> None:
    home, run_id = source(database), run(database)
    add(database, home, link(1, NOW), link(2, NOW))
    for page in lease(database, run_id):
        keep(database, page.id, run_id)
    later = NOW + HOUR
    found = [link(1, later), link(2, later), link(3, later)]
    with database.write() as session:
        added = pages.add(session, home, None, found, now=later, limits=Limits(2, 2))
    assert added == Added(new=1, changed=1, over_budget=1)
    with database.write() as session:
        added = pages.add(session, home, None, found, now=later + DAY, limits=Limits(2, 2))
    assert added == Added(changed=1)
