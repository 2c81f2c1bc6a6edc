"""Polls: links and validators are committed together, or not at all."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from foundation.compress import decompress
from foundation.config_sections import SourceSettings
from foundation.process import this_process
from foundation.urls import url_key
from storage import feeds, runs, sources
from storage.engine import Database
from storage.feeds import DueFeed, Polled
from storage.models import Feed, Page, Poll, Run
from storage.pages import Found

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
        return feeds.due(session, names, now=now)


def record(database: Database, feed: DueFeed, polled: Polled, run_id: int | None = None) -> tuple[int, int]:
    with database.write() as session:
        return feeds.record(session, feed.id, polled, run_id=run_id, now=NOW)


def test_links_and_validators_are_committed_together(database: Database) -> None:
    configure(database, "a")
    (feed,) = due(database)
    with database.write() as session:
        run_id = runs.start(session, process=this_process(), now=NOW)
    polled = Polled("read", LATER, 200, '"1"', "yesterday", b"d" * 32, (link(1), link(2)), cut=3, refused=1, error="x")
    assert record(database, feed, polled, run_id) == (2, 0)
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


def test_due_feeds_come_longest_due_first_and_only_of_the_named_sources(database: Database) -> None:
    configure(database, "a", "b", "c")
    first, *_ = due(database)
    record(database, first, Polled("unchanged", NOW + timedelta(seconds=1), 304))
    assert [feed.source for feed in due(database, LATER)] == ["b", "c", "a"]
    assert [feed.source for feed in due(database, LATER, ["c", "a"])] == ["c", "a"]
    configure(database, "b")
    assert [feed.source for feed in due(database, LATER)] == ["b"]
