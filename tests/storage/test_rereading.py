"""Which stored pages are read again."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from foundation.urls import url_key
from storage.engine import Database
from storage.models import Page, RawBody, Source
from storage.rereading import mark_unread

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def stored(database: Database, name: str, *fetched: datetime, state: str = "read") -> None:
    """Put a page with the bytes of so many answers, all of them read."""
    url = f"https://a.example/{name}"
    with database.write() as session:
        source = session.scalar(select(Source)) or Source(name="a", url="https://a.example/", created_at=NOON)
        session.add(source)
        session.flush()
        page = Page(source_id=source.id, key=url_key(url), url=url, state=state, reason="none", found_at=NOON)
        session.add(page)
        session.flush()
        for at in fetched:
            session.add(
                RawBody(
                    page_id=page.id,
                    fetched_at=at,
                    final_url=url,
                    status=200,
                    headers={},
                    size=1,
                    sha256=b"0" * 32,
                    body=b"",
                    read_at=at,
                )
            )
            session.flush()


def unread(database: Database) -> list[tuple[str, str, datetime]]:
    with database.read() as session:
        rows = session.execute(
            select(Page.url, Page.state, RawBody.fetched_at)
            .join(RawBody, RawBody.page_id == Page.id)
            .where(RawBody.read_at.is_(None))
            .order_by(Page.url)
        )
        return [(row.url.rpartition("/")[2], row.state, row.fetched_at) for row in rows]


def test_the_newest_bytes_of_every_page_wait_again(database: Database) -> None:
    later = NOON + timedelta(hours=1)
    stored(database, "once", NOON)
    stored(database, "twice", NOON, later)
    stored(database, "pruned")
    with database.write() as session:
        assert mark_unread(session) == 2
    assert unread(database) == [("once", "fetched", NOON), ("twice", "fetched", later)]
    with database.write() as session:
        assert mark_unread(session) == 0  # they wait already


def test_only_what_was_fetched_since_then(database: Database) -> None:
    stored(database, "old", NOON)
    stored(database, "new", NOON + timedelta(days=1))
    with database.write() as session:
        assert mark_unread(session, since=NOON + timedelta(hours=1)) == 1
    assert [name for name, _, _ in unread(database)] == ["new"]


def test_a_page_that_is_asked_again_or_failed_since_keeps_its_state(database: Database) -> None:
    stored(database, "failed", NOON, state="failed")
    with database.write() as session:
        mark_unread(session)
    assert unread(database) == [("failed", "failed", NOON)]
