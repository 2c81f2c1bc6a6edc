"""Polls: links and validators are committed together, or not at all."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from foundation.compress import decompress
from foundation.config_sections import SourceSettings
from foundation.process import this_process
from foundation.urls import url_key
from storage import feeds, runs, sources
from storage.budgets import Limits
from storage.engine import Database
from storage.feeds import Address, DueFeed, Listing, Polled, Recorded
from storage.gaps import Window
from storage.models import Feed, Gap, Page, Poll, Run
from storage.pages import Added, Found

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def link(number: int) -> Found:
    url = f"https://example.org/{number}"
    return Found(url, url_key(url))


def configure(database: Database, *names: str) -> None:
    settings = [
        SourceSettings(name=name, url="https://example.org/", feeds=(f"https://example.org/{name}.xml",))
        for name in names
    ]
    with database.write() as session:
        sources.sync(session, settings, now=NOW, interval_seconds=300)


def due(database: Database, now: datetime = NOW, names: list[str] | None = None) -> list[DueFeed]:
    with database.read() as session:
        sources = feeds.sources_with_due(session, names, now=now)
        return [feed for source in sources for feed in feeds.due(session, source, 100, now=now)]


def record(
    database: Database, feed: DueFeed, polled: Polled, run_id: int | None = None, now: datetime = NOW, **more: Any
) -> Recorded:
    with database.write() as session:
        return feeds.record(session, feed.id, polled, run_id=run_id, now=now, **more)


def test_links_and_validators_are_committed_together(database: Database) -> None:
    configure(database, "a")
    (feed,) = due(database)
    with database.write() as session:
        run_id = runs.start(session, process=this_process(), now=NOW)
    polled = Polled("read", LATER, 200, '"1"', "yesterday", b"d" * 32, (link(1), link(2)), cut=3, refused=1, error="x")
    assert record(database, feed, polled, run_id).added == Added(new=2)
    assert due(database) == []
    (again,) = due(database, LATER)
    assert (again.etag, again.last_modified, again.body_sha256) == ('"1"', "yesterday", b"d" * 32)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Page)) == 2
        poll = session.scalars(select(Poll)).one()
        assert (poll.entries, poll.pages_new, poll.entries_cut, poll.entries_refused) == (2, 2, 3, 1)
        run = session.scalars(select(Run)).one()
        assert (run.feeds_polled, run.feeds_failed, run.pages_found) == (1, 0, 2)


class Died(Exception):
    """The process died here."""


def test_a_crash_between_links_and_validators_loses_neither(database: Database) -> None:
    configure(database, "a")
    (feed,) = due(database)
    polled = Polled("read", LATER, 200, '"1"', found=(link(1),))

    def record_and_die() -> None:
        with database.write() as session:
            feeds.record(session, feed.id, polled, run_id=None, now=NOW)
            raise Died

    with pytest.raises(Died):
        record_and_die()
    (again,) = due(database)
    assert again.etag is None
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Page)) == 0


def test_an_unchanged_feed_keeps_its_validators(database: Database) -> None:
    configure(database, "a")
    (feed,) = due(database)
    record(database, feed, Polled("read", NOW, 200, '"1"', "yesterday", b"d" * 32))
    record(database, feed, Polled("unchanged", NOW, 304))
    (again,) = due(database)
    assert (again.etag, again.last_modified, again.body_sha256) == ('"1"', "yesterday", b"d" * 32)
    record(database, feed, Polled("read", NOW, 200, body_sha256=b"e" * 32))
    (again,) = due(database)
    assert (again.etag, again.last_modified, again.body_sha256) == (None, None, b"e" * 32)


def test_a_failure_is_counted_and_a_success_forgets_it(database: Database) -> None:
    configure(database, "a")
    (feed,) = due(database)
    record(database, feed, Polled("failed", NOW, 500, error="http_500"))
    record(database, feed, Polled("unreadable", NOW, 200, error="not a feed", body=b"<html>"))
    (again,) = due(database)
    assert again.failures == 2
    with database.read() as session:
        assert session.scalar(select(Feed.error)) == "not a feed"
        body = session.scalars(select(Poll.body).order_by(Poll.id.desc())).first()
        assert body is not None
        assert decompress(body) == b"<html>"
    record(database, feed, Polled("unchanged", NOW, 304))
    (again,) = due(database)
    assert again.failures == 0
    with database.read() as session:
        assert session.scalar(select(Feed.error)) is None


def test_only_the_last_bodies_of_a_feed_that_cannot_be_read_are_kept(database: Database) -> None:
    configure(database, "a", "b")
    feed, other = due(database)
    record(database, other, Polled("unreadable", NOW, 200, error="not a feed", body=b"other"))
    for number in range(feeds.KEPT_BODIES + 2):
        record(database, feed, Polled("unreadable", NOW, 200, error="not a feed", body=b"%d" % number))
        record(database, feed, Polled("failed", NOW, 500, error="http_500"))
    with database.read() as session:
        bodies = session.scalars(select(Poll.body).where(Poll.body.is_not(None)).order_by(Poll.id))
        assert [decompress(body) for body in bodies if body] == [b"other", b"2", b"3", b"4"]
        assert session.scalar(select(func.count()).select_from(Poll)) == 1 + 2 * (feeds.KEPT_BODIES + 2)


def test_due_feeds_come_longest_due_first_a_few_at_a_time(database: Database) -> None:
    settings = SourceSettings(
        name="a", url="https://example.org/", feeds=tuple(f"https://example.org/{n}.xml" for n in range(7))
    )
    with database.write() as session:
        sources.sync(session, [settings], now=NOW, interval_seconds=300)
    first, second, *rest = due(database)
    record(database, first, Polled("unchanged", NOW + timedelta(seconds=2), 304))
    record(database, second, Polled("unchanged", NOW + timedelta(seconds=1), 304))
    expected = [feed.url for feed in due(database, LATER)]
    assert expected == [feed.url for feed in (*rest, second, first)]
    found: list[str] = []
    place = None
    with database.read() as session:
        while portion := feeds.due(session, "a", 2, now=LATER, after=place):
            found += [feed.url for feed in portion]
            place = portion[-1].place
    assert found == expected


def test_only_the_named_sources_that_are_enabled_have_due_feeds(database: Database) -> None:
    configure(database, "a", "b", "c")
    assert [feed.source for feed in due(database)] == ["a", "b", "c"]
    assert [feed.source for feed in due(database, LATER, ["c", "a"])] == ["a", "c"]
    configure(database, "b")
    assert [feed.source for feed in due(database, LATER)] == ["b"]


def test_a_failing_feed_says_since_when_and_a_success_forgets_it(database: Database) -> None:
    configure(database, "a")
    (feed,) = due(database)
    for hours in (1, 2, 3):
        moment = NOW + timedelta(hours=hours)
        record(database, feed, Polled("failed", moment, 404, error="HTTP 404: not found"), now=moment)
    with database.read() as session:
        failing = session.scalars(select(Feed)).one()
        assert (failing.failures, failing.failing_since) == (3, NOW + timedelta(hours=1))
    record(database, feed, Polled("unchanged", LATER, 304))
    with database.read() as session:
        assert session.scalars(select(Feed)).one().failing_since is None


def test_what_a_poll_learnt_is_there_for_the_next(database: Database) -> None:
    configure(database, "a")
    (feed,) = due(database)
    assert (feed.listing, feed.new_per_hour, feed.polled_at) == (None, None, None)
    listing = Listing(NOW, b"12345678", NOW - timedelta(hours=2), NOW)
    moved = Address("https://moved.example/f", feed.url)
    polled = Polled("read", LATER, address=moved, listing=listing, interval_seconds=900, new_per_hour=2.5)
    record(database, feed, polled)
    (again,) = due(database, LATER)
    assert (again.listing, again.address, again.url) == (listing, moved, moved.url)
    assert (again.interval_seconds, again.new_per_hour, again.polled_at) == (900, 2.5, NOW)
    record(database, feed, Polled("unchanged", LATER, 304))
    (again,) = due(database, LATER)
    assert (again.listing, again.address, again.interval_seconds) == (listing, moved, 900)
    dateless = Listing(LATER, b"87654321")
    record(database, feed, Polled("read", LATER, listing=dateless))
    (again,) = due(database, LATER)
    assert again.listing == dateless


def test_a_feed_that_goes_back_to_its_configured_address_is_read_whatever_it_answers(database: Database) -> None:
    configure(database, "a")
    (feed,) = due(database)
    record(database, feed, Polled("read", NOW, 200, '"1"', "yesterday", b"d" * 32))
    record(database, feed, Polled("failed", NOW, 404, error="HTTP 404: not found", address=Address(feed.url)))
    (again,) = due(database)
    assert (again.etag, again.last_modified, again.body_sha256) == (None, None, None)


def test_links_beyond_a_budget_are_counted_and_the_feed_is_read_again_for_them(database: Database) -> None:
    configure(database, "a")
    (feed,) = due(database)
    polled = Polled("read", NOW, 200, '"1"', "yesterday", b"d" * 32, tuple(map(link, range(5))))
    assert record(database, feed, polled, limits=Limits(3, 100)).added == Added(new=3, over_budget=2)
    (again,) = due(database)
    assert (again.etag, again.last_modified, again.body_sha256) == (None, None, None)
    tomorrow = NOW + timedelta(days=1)
    assert record(database, feed, polled, now=tomorrow, limits=Limits(3, 100)).added == Added(new=2)
    (again,) = due(database)
    assert again.etag == '"1"'
    with database.read() as session:
        assert list(session.scalars(select(Poll.entries_over_budget).order_by(Poll.id))) == [2, 0]


def test_a_gap_is_opened_with_the_poll_that_saw_it(database: Database) -> None:
    configure(database, "a")
    (feed,) = due(database)
    window = Window(NOW - timedelta(hours=3), NOW - timedelta(hours=1))
    recorded = record(database, feed, Polled("read", LATER, found=(link(1),), before=20, again=0, gap=window))
    with database.read() as session:
        poll = session.scalars(select(Poll)).one()
        gap = session.scalars(select(Gap)).one()
        assert (poll.entries_before, poll.entries_again) == (20, 0)
        assert (gap.id, gap.feed_id, gap.poll_id) == (recorded.gap_id, feed.id, poll.id)
        assert (gap.since, gap.until, gap.state) == (window.since, window.until, "suspected")
    assert record(database, feed, Polled("read", LATER, found=(link(1),), before=1, again=1)).gap_id is None


def test_a_feed_whose_host_is_left_alone_is_put_off_and_not_failing(database: Database) -> None:
    configure(database, "a")
    (feed,) = due(database)
    with database.write() as session:
        feeds.postpone(session, feed.id, LATER)
    assert due(database) == []
    (again,) = due(database, LATER)
    assert (again.failures, again.polled_at) == (0, None)


HEALTH = "SELECT outlet, health, failures, error, worst_feed, failing_since, gaps_open FROM source_health"


def test_health_shows_first_what_fails_longest(database: Database) -> None:
    settings = [
        SourceSettings(
            name=name, url="https://e.example/", feeds=tuple(f"https://{name}.example/{n}" for n in range(count))
        )
        for name, count in (("well", 1), ("half", 2), ("down", 1), ("downer", 2), ("none", 0), ("off", 1))
    ]
    with database.write() as session:
        sources.sync(session, settings, now=NOW, interval_seconds=300)
    failures = {"https://half.example/1": 9, "https://down.example/0": 1, "https://downer.example/0": 2}
    failures["https://downer.example/1"] = 3
    for feed in due(database):
        record(database, feed, Polled("unchanged", LATER, 304))
        for count in range(failures.get(feed.url, 0)):
            record(database, feed, Polled("failed", LATER, error=f"HTTP {count}"), now=LATER)
        if feed.url == "https://well.example/0":
            record(database, feed, Polled("read", LATER, gap=Window(NOW, NOW)))
    with database.write() as session:
        sources.sync(session, settings[:-1], now=NOW, interval_seconds=300)
    with database.read() as session:
        rows = [tuple(row) for row in session.execute(text(HEALTH))]
    assert [(outlet, health, failed) for outlet, health, failed, *_ in rows] == [
        ("downer", "failing", 3),
        ("down", "failing", 1),
        ("half", "feed errors", 9),
        ("none", "no feeds", 0),
        ("well", "ok", 0),
        ("off", "off", 0),
    ]
    assert rows[0][3:5] == ("HTTP 2", "https://downer.example/1")
    assert [row[6] for row in rows] == [0, 0, 0, 0, 1, 0]


def test_health_tells_a_source_that_is_refused_more_than_it_is_read(database: Database) -> None:
    configure(database, "a")
    (feed,) = due(database)
    record(database, feed, Polled("read", NOW, found=(link(1), link(2))))
    with database.write() as session:
        session.execute(text("UPDATE page SET state = 'refused', reason = 'robots'"))
    with database.read() as session:
        assert [row[1] for row in session.execute(text(HEALTH))] == ["pages refused"]
