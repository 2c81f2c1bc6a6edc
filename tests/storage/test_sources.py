"""The configured outlets as rows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from foundation.config import Settings, SourceSettings
from storage.engine import Database
from storage.models import Feed, Source
from storage.sources import make_due, sync

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def outlet(name: str, **values: Any) -> dict[str, Any]:
    return {"name": name, "url": f"https://{name}.example/"} | values


def synced(database: Database, *outlets: dict[str, Any], now: datetime = NOON) -> None:
    sources: tuple[SourceSettings, ...] = Settings(file={"source": list(outlets)}).sources
    with database.write() as session:
        sync(session, sources, now=now, interval_seconds=300)


def rows(database: Database) -> list[tuple[Any, ...]]:
    with database.read() as session:
        found = session.execute(
            select(Source.name, Source.is_enabled, Feed.url, Feed.kind, Feed.is_enabled, Feed.next_poll_at)
            .outerjoin(Feed)
            .order_by(Source.name, Feed.url)
        )
        return [tuple(row) for row in found]


def test_outlets_and_their_places_become_rows_that_are_due(database: Database) -> None:
    synced(database, outlet("a", feeds=["https://a.example/f"], sitemaps=["https://a.example/s"], owner="Media"))
    assert rows(database) == [
        ("a", True, "https://a.example/f", "rss", True, NOON),
        ("a", True, "https://a.example/s", "sitemap", True, NOON),
    ]


def test_doing_it_again_changes_nothing(database: Database) -> None:
    given = (outlet("a", feeds=["https://a.example/f"]), outlet("b", sections=["https://b.example/world"]))
    synced(database, *given)
    before = rows(database)
    synced(database, *given, now=NOON + timedelta(days=1))
    assert rows(database) == before


def test_what_is_no_longer_named_is_disabled_and_comes_back_due(database: Database) -> None:
    synced(database, outlet("a", feeds=["https://a.example/f", "https://a.example/g"]), outlet("b"))
    synced(database, outlet("a", feeds=["https://a.example/g"]))
    assert [(name, is_on, url, feed_is_on) for name, is_on, url, _, feed_is_on, _ in rows(database)] == [
        ("a", True, "https://a.example/f", False),
        ("a", True, "https://a.example/g", True),
        ("b", False, None, None),
    ]
    later = NOON + timedelta(days=1)
    synced(database, outlet("a", feeds=["https://a.example/f"]), now=later)
    assert [(url, is_on, due) for _, _, url, _, is_on, due in rows(database) if url] == [
        ("https://a.example/f", True, later),
        ("https://a.example/g", False, NOON),
    ]


def test_two_spellings_of_one_address_are_one_feed(database: Database) -> None:
    synced(database, outlet("a", feeds=["https://a.example/f#x", "https://A.example/f?utm_source=x"]))
    assert [row[2] for row in rows(database)] == ["https://a.example/f#x"]


def test_a_sitemap_stays_what_reading_it_showed(database: Database) -> None:
    given = outlet("a", sitemaps=["https://a.example/s"])
    synced(database, given)
    with database.write() as session:
        session.execute(text("UPDATE feed SET kind = 'news_sitemap'"))
    synced(database, given)
    assert [row[3] for row in rows(database)] == ["news_sitemap"]


@pytest.mark.parametrize("secret", ["headers", "proxy"])
def test_secrets_stay_out_of_the_database(database: Database, secret: str) -> None:
    value: Any = {"Authorization": "s3cret"} if secret == "headers" else "http://s3cret@proxy.example/"
    synced(database, outlet("a", feeds=["https://a.example/f"], **{secret: value}))
    with database.read() as session:
        for table in ("source", "feed"):
            assert "s3cret" not in str(session.execute(text(f"SELECT * FROM {table}")).all())


def test_a_source_that_somebody_asks_for_by_name_is_due_at_once(database: Database) -> None:
    later = NOON + timedelta(hours=6)
    synced(database, outlet("a", feeds=["https://a.example/f"]), outlet("b", feeds=["https://b.example/f"]), now=later)
    with database.write() as session:
        make_due(session, ["a"], now=NOON)
    assert [(name, due) for name, *_, due in rows(database)] == [("a", NOON), ("b", later)]


def test_a_feed_that_moved_stays_there_until_its_configured_address_changes(database: Database) -> None:
    old, new = "https://a.example/f", "https://b.example/f"
    synced(database, outlet("a", feeds=[old]))
    with database.write() as session:
        session.execute(text("UPDATE feed SET former_url = url, url = :new"), {"new": new})
    synced(database, outlet("a", feeds=[old + "#top"]))
    assert [(row[2], row[4]) for row in rows(database)] == [(new, True)]
    synced(database, outlet("a", feeds=["https://a.example/other"]))
    assert [(row[2], row[4]) for row in rows(database)] == [("https://a.example/other", True), (new, False)]
