"""Which sitemaps are asked: the newest first, none twice, a bounded number, and none beyond need."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from crawler.gaps.checks import AT_ONCE, Gaps
from crawler.gaps.searches import DEEPEST, DOCUMENTS, KEPT, OLDER, Document, Search
from crawler.readers.feeds import SitemapChild, SitemapIndex
from crawler.store import Store
from crawler.turns import Ask, Turns
from foundation.config import Settings
from foundation.config_sections import SourceSettings
from foundation.pool import WorkerPool
from foundation.urls import url_key
from storage import gaps, sources
from storage.gaps import OpenGap, Window
from storage.models import Feed, Gap, Poll
from storage.pages import Found

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROOT = "https://example.org/map.xml"


def link(name: object, time: datetime | None = NOON) -> Found:
    url = f"https://example.org/{name}"
    return Found(url, url_key(url), time=time)


def search(*urls: str) -> Search:
    window = Window(NOON - timedelta(hours=6), NOON, link("old").key[:8], link("new").key[:8])
    begun = Search("Outlet", [OpenGap(1, "Outlet", 1, window, 0)])
    begun.add(urls)
    return begun


def rest(begun: Search) -> list[str]:
    return [document.url for document in iter(begun.next, None)]


def take(begun: Search) -> Document:
    document = begun.next()
    assert document is not None
    return document


def children(**dates: datetime | None) -> SitemapIndex:
    return SitemapIndex(tuple(SitemapChild(f"/{name}", date) for name, date in dates.items()))


def test_news_go_first_and_an_index_is_read_before_its_neighbours_newest_first() -> None:
    begun = search(ROOT, "https://example.org/news.xml")
    assert take(begun).url == "https://example.org/news.xml"
    hours = {name: NOON - timedelta(hours=hours) for name, hours in (("c", 5), ("a", 1), ("b", 3))}
    begun.tell_index(take(begun), children(**hours, undated=None, old=NOON - OLDER - timedelta(hours=7)), ROOT)
    begun.add(["https://example.org/last.xml"])
    assert rest(begun) == [f"https://example.org/{name}" for name in ("a", "b", "c", "undated", "last.xml")]


def test_the_sitemap_of_the_day_before_is_asked_for_it_proves_that_they_reach_back() -> None:
    begun = search(ROOT)
    since = NOON - timedelta(hours=6)
    begun.tell_index(take(begun), children(now=NOON, yesterday=since - timedelta(minutes=15)), ROOT)
    begun.tell_pages(take(begun), [link("new")])
    assert not begun.is_enough
    document = take(begun)
    assert document.url == "https://example.org/yesterday"
    begun.tell_pages(document, [link("old", since - timedelta(minutes=20))])
    assert begun.is_enough


def test_an_index_that_names_itself_or_its_own_is_read_once_and_depth_is_bounded() -> None:
    begun = search(ROOT)
    document = take(begun)
    for depth in range(1, DEEPEST + 1):
        begun.tell_index(document, children(**{f"{depth}": None, "map.xml": None}), ROOT)
        document = take(begun)
        assert (document.depth, document.url) == (depth, f"https://example.org/{depth}")
    begun.tell_index(document, children(deeper=None), ROOT)
    assert begun.next() is None
    assert "below too many" in (begun.listing().lacking or "")


@given(st.integers(0, 60))
def test_no_more_than_so_many_are_read_and_it_is_said(count: int) -> None:
    begun = search(ROOT)
    begun.tell_index(take(begun), children(**{str(n): None for n in range(count)}), ROOT)
    assert len(rest(begun)) == min(count, DOCUMENTS - 1)
    assert (begun.listing().lacking is not None) == (count > DOCUMENTS - 1)


def test_an_endless_list_of_pages_ends_the_search() -> None:
    begun = search(ROOT, "https://example.org/other.xml")
    begun.tell_pages(take(begun), [link(n) for n in range(KEPT)])
    assert begun.next() is None


def test_nothing_more_is_asked_once_both_ends_of_the_gap_are_known() -> None:
    begun = search(ROOT, "https://example.org/other.xml")
    begun.tell_pages(take(begun), [link("new"), link("old", NOON - timedelta(hours=7))])
    assert begun.next() is None
    assert begun.next_stage() is None


def test_the_places_come_in_order_and_a_guess_that_fails_says_nothing() -> None:
    begun = search()
    assert [begun.next_stage() for _ in range(4)] == ["own", "robots", "guesses", None]
    begun.add([ROOT], is_guess=True)
    begun.tell_failure(take(begun), "http_404")
    assert begun.listing().lacking is None
    assert not begun.has_read


def test_only_links_that_may_be_of_the_gap_are_kept_and_the_first_date_counts() -> None:
    begun = search(ROOT)
    document = take(begun)
    inside, outside = link("inside", NOON - timedelta(hours=1)), link("outside", NOON - timedelta(days=3))
    midnight = link("midnight", NOON.replace(hour=0))
    begun.tell_pages(document, [inside, outside, midnight, link("undated", None)])
    begun.tell_pages(document, [link("inside", NOON + timedelta(hours=9)), link("undated")])
    assert set(begun.links) == {inside.key, midnight.key, link("undated").key}
    assert begun.listing().times[inside.key] == inside.time
    assert begun.listing().times[link("undated").key] == NOON


@pytest.fixture
def store(database_address: str) -> Iterator[Store]:
    store = Store(Settings(file={"database": database_address}))
    yield store
    store.close()


def lose(session: Session, *names: str) -> None:
    """Make sources with a feed and a sitemap each, and a gap of each feed."""
    settings = [
        SourceSettings(
            name=name,
            url=f"https://{name}.test/",
            feeds=(f"https://{name}.test/rss",),
            sitemaps=(f"https://{name}.test/map.xml",),
        )
        for name in names
    ]
    sources.sync(session, settings, now=NOON, interval_seconds=300)
    for feed_id in session.scalars(select(Feed.id).where(Feed.kind == "rss")).all():
        poll = Poll(feed_id=feed_id, at=NOON, outcome="read")
        session.add(poll)
        session.flush()
        gaps.open(session, feed_id, poll.id, Window(NOON - timedelta(hours=6), NOON), now=NOON)


@pytest.mark.parametrize("is_dropped_before", [True, False])
def test_sources_that_were_dropped_keep_no_other_from_being_searched(store: Store, is_dropped_before: bool) -> None:
    dropped = [f"dropped{n}" for n in range(AT_ONCE)]
    turns: Turns[Any, Any] = Turns(100)
    store.write_now(lose, *dropped, "other")
    checks = Gaps(store, turns, WorkerPool(1))

    async def search_all() -> None:
        for when in (is_dropped_before, True):
            for name in dropped:
                if when:
                    turns.drop(name)
                await checks.suspect(name)
        await checks.suspect("other")

    asyncio.run(search_all())
    job = turns.next(0.0)
    assert isinstance(job, Ask)
    assert job.what.url == "https://other.test/map.xml"
    with store.database.read() as session:
        assert {(gap.state, gap.checks) for gap in session.scalars(select(Gap))} == {("suspected", 0)}
