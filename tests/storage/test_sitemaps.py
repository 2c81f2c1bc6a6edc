"""Sitemaps below an index: rows for as long as it names them, asked when it says so."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from foundation.config_sections import SourceSettings
from foundation.urls import url_key
from storage import feeds, sitemaps, sources
from storage.engine import Database
from storage.feeds import DueFeed, Polled
from storage.models import Feed, Page, Poll
from storage.pages import Found
from storage.sitemaps import Child

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
INDEX = "https://a.example/index.xml"


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def configure(database: Database, *sitemaps: str, is_named: bool = True, now: datetime = NOON) -> None:
    settings = [SourceSettings(name="a", url="https://a.example/", sitemaps=sitemaps)] if is_named else []
    with database.write() as session:
        sources.sync(session, settings, now=now, interval_seconds=300)


def child(name: str, announced: datetime | None = None) -> Child:
    url = f"https://a.example/{name}.xml"
    return Child(url, url_key(url), announced)


def named(feed: DueFeed) -> str:
    return feed.url.removeprefix("https://a.example/").removesuffix(".xml")


def due(database: Database, now: datetime) -> dict[str, DueFeed]:
    with database.read() as session:
        return {named(feed): feed for feed in feeds.due(session, "a", 100, now=now)}


def poll(database: Database, feed: DueFeed, *children: Child, now: datetime, **more: object) -> list[str]:
    """Read an index, or a sitemap where there are no children; return what is due because of it."""
    values: dict[str, object] = {"outcome": "read", "next_poll_at": now + timedelta(hours=1), "body_sha256": b"d" * 32}
    polled = Polled(**values | {"children": children or None} | more)  # type: ignore[arg-type]
    with database.write() as session:
        recorded = feeds.record(session, feed.id, polled, run_id=None, now=now)
    return [named(feed) for feed in recorded.due]


def enabled(database: Database) -> list[str]:
    with database.read() as session:
        urls = session.scalars(select(Feed.url).where(Feed.is_enabled).order_by(Feed.url))
        return [url.removeprefix("https://a.example/").removesuffix(".xml") for url in urls]


def test_sitemaps_of_an_index_are_due_with_it_and_know_what_is_above_them(database: Database) -> None:
    configure(database, INDEX)
    index = due(database, NOON)["index"]
    assert poll(database, index, child("x", at(-1)), child("y"), now=NOON) == ["x", "y"]
    found = due(database, NOON)
    assert found.keys() == {"x", "y"}
    assert found["x"].lineage == (child("x").key, url_key(INDEX))
    assert poll(database, found["x"], child("z"), now=NOON) == ["z"]
    assert due(database, NOON)["z"].lineage == (child("z").key, child("x").key, url_key(INDEX))


def test_a_sitemap_is_asked_when_its_index_dates_it_newer_than_its_last_poll(database: Database) -> None:
    configure(database, INDEX)
    index = due(database, NOON)["index"]
    poll(database, index, child("dated", at(-1)), child("undated"), now=NOON)
    for feed in due(database, NOON).values():
        poll(database, feed, now=NOON)
    assert due(database, at(2)).keys() == {"index", "undated"}, "what the index does not date is asked by itself"
    assert poll(database, index, child("dated", at(-1)), child("undated"), now=at(2)) == []
    assert poll(database, index, child("dated", at(1)), child("undated"), now=at(2)) == ["dated"]
    dated = due(database, at(2))["dated"]
    poll(database, dated, now=at(2))
    assert "dated" not in due(database, at(50))


def test_a_sitemap_that_failed_is_asked_again_without_a_word_of_its_index(database: Database) -> None:
    configure(database, INDEX)
    index = due(database, NOON)["index"]
    poll(database, index, child("x", at(-1)), now=NOON)
    poll(database, due(database, NOON)["x"], now=NOON, outcome="failed", error="timeout")
    assert "x" in due(database, at(1))
    assert poll(database, index, child("x", at(0.5)), now=at(1)) == [], "it is due anyway: nobody asks twice"


def test_one_dated_by_the_day_is_not_asked_with_every_poll_of_its_index(database: Database) -> None:
    configure(database, INDEX)
    index = due(database, NOON)["index"]
    midnight = at(12)
    poll(database, index, child("today", midnight), now=NOON)
    poll(database, due(database, NOON)["today"], now=NOON)
    assert poll(database, index, child("today", midnight), now=at(0.5)) == []
    assert "today" in due(database, at(1)), "but by its own interval, while the day lasts"
    poll(database, due(database, at(1))["today"], now=at(13))
    assert "today" not in due(database, at(50))


def test_what_an_index_no_longer_names_is_disabled_with_all_below_it(database: Database) -> None:
    configure(database, INDEX)
    index = due(database, NOON)["index"]
    poll(database, index, child("x"), child("y"), now=NOON)
    poll(database, due(database, NOON)["x"], child("z"), now=NOON)
    assert enabled(database) == ["index", "x", "y", "z"]
    poll(database, index, child("y"), now=at(1))
    assert enabled(database) == ["index", "y"]
    assert poll(database, index, child("x"), child("y"), now=at(2)) == ["x"]
    assert due(database, at(2))["x"].body_sha256 is None, "it is read, for what it names was disabled"
    poll(database, index, now=at(3))
    assert enabled(database) == ["index"], "an index that became a sitemap names none"


def test_a_failed_poll_of_an_index_leaves_its_sitemaps_alone(database: Database) -> None:
    configure(database, INDEX)
    index = due(database, NOON)["index"]
    poll(database, index, child("x"), now=NOON)
    for outcome in ("failed", "unreadable", "refused", "unchanged"):
        poll(database, index, now=at(1), outcome=outcome, error="why")
    assert enabled(database) == ["index", "x"]


def test_the_configuration_keeps_what_its_indexes_name_and_drops_it_with_them(database: Database) -> None:
    configure(database, INDEX)
    index = due(database, NOON)["index"]
    poll(database, index, child("x"), child("y"), now=NOON)
    poll(database, due(database, NOON)["x"], child("z"), now=NOON)
    configure(database, INDEX)
    assert enabled(database) == ["index", "x", "y", "z"]
    configure(database, "https://a.example/y.xml")
    assert enabled(database) == ["y"]
    configure(database, INDEX, now=at(1))
    assert enabled(database) == ["index"]
    again = due(database, at(1))["index"]
    assert again.body_sha256 is None, "what it names was disabled: it must be read"
    poll(database, again, child("x"), child("y"), now=at(1))
    assert enabled(database) == ["index", "x", "y"]
    configure(database, is_named=False)
    assert enabled(database) == []


def test_what_the_configuration_names_itself_is_no_child_of_an_index(database: Database) -> None:
    configure(database, INDEX, "https://a.example/own.xml", "https://a.example/second.xml")
    found = due(database, NOON)
    assert poll(database, found["index"], child("own", at(1)), child("shared"), now=NOON) == ["shared"]
    assert poll(database, found["second"], child("shared"), now=NOON) == [], "the first index that named it keeps it"
    poll(database, found["index"], now=at(1))
    assert enabled(database) == ["index", "own", "second"]
    assert poll(database, found["second"], child("shared"), now=at(2)) == ["shared"]


def last_cut(database: Database) -> int:
    with database.read() as session:
        return session.scalars(select(Poll.entries_cut).order_by(Poll.id.desc()).limit(1)).one()


def names(*numbers: int) -> list[Child]:
    return [child(f"c{number:02}") for number in numbers]


def test_a_source_has_only_so_many_sitemaps_and_its_newest_come_first(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemaps, "MOST_ENABLED", 4)
    configure(database, INDEX, "https://a.example/second.xml")
    index, second = (due(database, NOON)[name] for name in ("index", "second"))
    assert poll(database, index, *names(1, 2, 3), now=NOON) == ["c01", "c02", "c03"]
    assert last_cut(database) == 0
    poll(database, second, *names(3, 4, 5, 6), now=NOON, cut=7)
    assert enabled(database) == ["c01", "c02", "c03", "c04", "index", "second"], "the third is the first index's"
    assert last_cut(database) == 7 + 2
    assert poll(database, index, *names(9, 1, 2, 3), now=at(1)) == ["c09"]
    assert enabled(database) == ["c01", "c02", "c04", "c09", "index", "second"]
    assert last_cut(database) == 1


def test_an_endless_index_fills_no_table_and_old_sitemaps_make_room(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemaps, "MOST_ROWS", 5)
    configure(database, INDEX)
    index = due(database, NOON)["index"]
    poll(database, index, *names(1, 2, 3), now=NOON)
    page = Found("https://a.example/page", url_key("https://a.example/page"))
    for feed in due(database, NOON).values():
        poll(database, feed, now=NOON, found=(page,) if named(feed) == "c01" else ())
    for round_ in range(1, 4):
        poll(database, index, *names(*range(10 * round_, 10 * round_ + 3)), now=at(round_))
        cut = last_cut(database)
        for name, feed in due(database, at(round_)).items():
            if name != "index":
                poll(database, feed, now=at(round_))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Feed)) == 1 + 5
    assert cut == 3
    assert enabled(database) == ["index"], "those of the past are of no use"

    month = 24 * 30 + 0.5
    assert poll(database, index, *names(3, 40, 41, 42), now=at(month)) == ["c03", "c40", "c41"]
    assert last_cut(database) == 1, "one that is named again is kept, and so are those asked lately"
    with database.read() as session:
        urls = session.scalars(select(Feed.url))
        assert sorted(url[18:21] for url in urls) == ["c03", "c10", "c11", "c40", "c41", "ind"]
        assert session.scalars(select(Page.feed_id)).one() == index.id, "its pages stay, below the index"
