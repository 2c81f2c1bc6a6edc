"""Gaps as rows: opened by a poll, decided by what sitemaps say, closed once what was missed is fetched."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from sqlalchemy import select, update

from foundation.config_sections import SourceSettings
from foundation.urls import url_key
from storage import gaps, pages, sources
from storage.budgets import Limits
from storage.engine import Database
from storage.gaps import OpenGap, Verdict, Window
from storage.models import Article, Feed, Gap, Page, Poll, Source
from storage.pages import Found

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
NIGHT = Window(NOW - timedelta(hours=8), NOW - timedelta(hours=2), b"before--", b"after---")
LATER = NOW + timedelta(hours=1)


def link(number: int, time: datetime | None = None) -> Found:
    url = f"https://example.org/{number}"
    return Found(url, url_key(url), time=time)


@pytest.fixture
def feed_ids(database: Database) -> dict[str, int]:
    """Two feeds and a sitemap of one source, each polled once, and each with a gap of the same night."""
    settings = SourceSettings(
        name="Outlet",
        url="https://example.org/",
        feeds=("https://example.org/rss", "https://example.org/atom"),
        sitemaps=("https://example.org/map",),
    )
    with database.write() as session:
        sources.sync(session, [settings], now=NOW, interval_seconds=300)
        feeds = {feed.url.rpartition("/")[2]: feed for feed in session.scalars(select(Feed))}
        feeds["rss"].entries, feeds["map"].entries = b"listed--", b"mapped--"
        for feed in feeds.values():
            session.add(Poll(feed_id=feed.id, at=NOW, outcome="read"))
        return {name: feed.id for name, feed in feeds.items()}


def open_gap(database: Database, feed_id: int, window: Window = NIGHT, now: datetime = NOW) -> OpenGap:
    with database.write() as session:
        poll_id = session.scalars(select(Poll.id).where(Poll.feed_id == feed_id)).one()
        gap_id = gaps.open(session, feed_id, poll_id, window, now=now)
    with database.read() as session:
        return next(gap for gap in gaps.due(session, None, now=now) if gap.id == gap_id)


State = Literal["suspected", "confirmed", "refuted"]


def record(
    database: Database, gap: OpenGap, state: State, missed: Sequence[Found] = (), limits: Limits | None = None
) -> int:
    verdict = Verdict(state, "because", "https://example.org/map", len(missed), tuple(missed))
    with database.write() as session:
        return gaps.record(session, gap, verdict, again_at=LATER, limits=limits, run_id=None, now=NOW)


def row(database: Database, gap: OpenGap) -> Gap:
    with database.read() as session:
        return session.get_one(Gap, gap.id)


def settle(database: Database) -> int:
    with database.write() as session:
        return gaps.settle(session, now=LATER)


def set_pages(database: Database, *numbers: int, **values: Any) -> None:
    with database.write() as session:
        keys = [link(number).key for number in numbers]
        session.execute(update(Page).where(Page.key.in_(keys)).values(values))


def is_due(database: Database, gap: OpenGap, now: datetime) -> bool:
    with database.read() as session:
        return gap.id in [one.id for one in gaps.due(session, ["Outlet"], now=now)]


def test_a_suspicion_is_due_at_once_with_what_the_two_polls_listed(
    database: Database, feed_ids: dict[str, int]
) -> None:
    gap = open_gap(database, feed_ids["rss"])
    assert (gap.source, gap.feed_id, gap.window, gap.checks) == ("Outlet", feed_ids["rss"], NIGHT, 0)
    with database.read() as session:
        assert gaps.due(session, ["Other"], now=NOW) == []
        assert gaps.places(session, "Outlet") == ("https://example.org/", ["https://example.org/map"])


def test_shown_is_what_a_feed_named_first_or_lists_now_and_never_what_only_a_sitemap_names(
    database: Database, feed_ids: dict[str, int]
) -> None:
    with database.write() as session:
        source_id = session.scalars(select(Source.id)).one()
        for number, feed in ((1, "rss"), (2, "atom"), (3, "map")):
            pages.add(session, source_id, feed_ids[feed], [link(number)], now=NOW)
        pages.add(session, source_id, None, [link(4)], now=NOW)
    with database.read() as session:
        shown = gaps.shown(session, "Outlet", [link(number).key for number in range(6)])
    assert shown.keys == {link(1).key, link(2).key}
    assert shown.lists == (b"listed--",)


def test_confirmed_pages_are_the_gaps_own_and_close_it_once_they_are_fetched(
    database: Database, feed_ids: dict[str, int]
) -> None:
    gap = open_gap(database, feed_ids["rss"])
    with database.write() as session:  # the sitemap was polled before the gap was looked into
        pages.add(session, session.scalars(select(Source.id)).one(), feed_ids["map"], [link(1)], now=NOW)
    assert record(database, gap, "confirmed", [link(1), link(2)]) == 1
    kept = row(database, gap)
    assert (kept.state, kept.pages_missed, kept.checks, kept.next_check_at) == ("confirmed", 2, 1, None)
    assert (kept.decided_at, kept.sitemap_url, kept.listed_before) == (NOW, "https://example.org/map", None)
    assert settle(database) == 0
    set_pages(database, 1, state="fetched", fetched_at=NOW)
    assert settle(database) == 0
    set_pages(database, 2, state="failed", reason="http_500", next_try_at=LATER)
    assert settle(database) == 0
    set_pages(
        database, 2, state="waiting", fetched_at=NOW, next_try_at=None
    )  # fetched, and asked again for a correction
    assert settle(database) == 1
    assert (row(database, gap).state, row(database, gap).closed_at) == ("closed", LATER)
    assert settle(database) == 0


def test_pages_that_cannot_be_fetched_keep_it_confirmed_and_are_counted(
    database: Database, feed_ids: dict[str, int]
) -> None:
    gap = open_gap(database, feed_ids["rss"])
    record(database, gap, "confirmed", [link(1), link(2), link(3), link(4)])
    set_pages(database, 1, state="fetched", fetched_at=NOW)
    set_pages(database, 2, state="refused", reason="robots")
    set_pages(database, 3, state="gone", reason="http_410")
    set_pages(database, 4, state="failed", reason="http_403", next_try_at=None)
    assert settle(database) == 0
    kept = row(database, gap)
    assert (kept.state, kept.reason, kept.closed_at) == ("confirmed", "3 of the missed pages cannot be fetched", None)


def test_two_feeds_that_lost_one_page_are_closed_together(database: Database, feed_ids: dict[str, int]) -> None:
    first, second = open_gap(database, feed_ids["rss"]), open_gap(database, feed_ids["atom"])
    record(database, first, "confirmed", [link(1)])
    record(database, second, "confirmed", [link(1)])
    assert settle(database) == 0
    set_pages(database, 1, state="fetched", fetched_at=NOW)
    assert settle(database) == 2


def test_suspected_gaps_wait_and_refuted_ones_are_done(database: Database, feed_ids: dict[str, int]) -> None:
    waits, refuted = open_gap(database, feed_ids["rss"]), open_gap(database, feed_ids["atom"])
    record(database, waits, "suspected", [link(1)])  # fetched all the same, but nobody's loss
    record(database, refuted, "refuted")
    assert not is_due(database, waits, NOW)
    assert is_due(database, waits, LATER)
    assert not is_due(database, refuted, LATER)
    assert (row(database, waits).decided_at, row(database, waits).pages_missed) == (None, 0)
    assert row(database, waits).listed_before == b"before--"
    assert row(database, refuted).decided_at == NOW
    with database.read() as session:
        assert session.execute(select(Page.state, Page.gap_id, Page.feed_id)).all() == [("waiting", None, None)]


def test_pages_beyond_a_budget_have_the_gap_asked_about_again(database: Database, feed_ids: dict[str, int]) -> None:
    gap = open_gap(database, feed_ids["rss"])
    assert record(database, gap, "confirmed", [link(1), link(2), link(3)], Limits(2, 2)) == 2
    with database.write() as session:
        session.execute(update(Page).values(state="fetched", fetched_at=NOW))
    assert settle(database) == 0
    assert is_due(database, gap, LATER)


@pytest.mark.parametrize("state", ["suspected", "refuted", "confirmed"])
def test_a_confirmed_gap_keeps_its_verdict_whatever_a_later_check_says(
    database: Database, feed_ids: dict[str, int], state: State
) -> None:
    gap = open_gap(database, feed_ids["rss"])
    record(database, gap, "confirmed", [link(1), link(2), link(3)], Limits(2, 2))
    set_pages(database, 1, 2, 3, state="fetched", fetched_at=NOW)
    later = Verdict(state, "no sitemap was found", None, 1, (link(3),))
    with database.write() as session:
        assert gaps.record(session, gap, later, again_at=None, limits=None, run_id=None, now=LATER) == 1
    kept = row(database, gap)
    assert (kept.state, kept.reason, kept.sitemap_url) == ("confirmed", "because", "https://example.org/map")
    assert (kept.pages_missed, kept.pages_listed, kept.decided_at, kept.checks) == (3, 3, NOW, 2)
    assert settle(database) == 0
    set_pages(database, 3, state="fetched", fetched_at=NOW)
    assert settle(database) == 1


def test_a_page_that_no_sitemap_lists_any_more_before_a_budget_let_it_in_keeps_its_gap_confirmed(
    database: Database, feed_ids: dict[str, int]
) -> None:
    gap = open_gap(database, feed_ids["rss"])
    record(database, gap, "confirmed", [link(1), link(2), link(3)], Limits(2, 2))
    set_pages(database, 1, 2, 3, state="fetched", fetched_at=NOW)
    record(database, gap, "refuted")
    assert settle(database) == 0
    kept = row(database, gap)
    assert (kept.state, kept.reason, kept.pages_missed) == (
        "confirmed",
        "1 of the missed pages cannot be fetched",
        3,
    )


def test_a_page_that_says_it_is_older_than_the_gap_was_not_missed(database: Database, feed_ids: dict[str, int]) -> None:
    gap = open_gap(database, feed_ids["rss"])
    record(database, gap, "confirmed", [link(1), link(2)])
    for number, days in ((1, 400), (2, 0)):
        written = NIGHT.until - timedelta(days=days)
        with database.write() as session:
            article = Article(
                source_id=session.scalars(select(Source.id)).one(),
                key=link(number).key,
                url=link(number).url,
                kind="article",
                title="A title",
                authors=[],
                published_at=written,
                first_seen_at=NOW,
                time=written,
            )
            session.add(article)
            session.flush()
            article_id = article.id
        set_pages(database, number, state="read", fetched_at=NOW, article_id=article_id)
    assert settle(database) == 1
    assert (row(database, gap).state, row(database, gap).pages_missed) == ("closed", 1)
    with database.write() as session:
        session.execute(update(Gap).values(state="confirmed", closed_at=None))
        session.execute(update(Article).values(published_at=NIGHT.since - timedelta(days=2)))
    assert settle(database) == 0
    assert (row(database, gap).state, row(database, gap).pages_missed) == ("refuted", 0)
