"""Pages from found to read, and the bytes they came with."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from foundation.process import this_process
from foundation.urls import url_key
from storage import pages, raw, runs
from storage.engine import Database
from storage.models import Page, RawBody, Run, Source
from storage.pages import Added, Ended, Found, Leased
from storage.raw import Answer

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SOON = NOW + timedelta(minutes=10)
LATER = NOW + timedelta(hours=1)
EARLIER = NOW - timedelta(hours=1)


def link(number: int, time: datetime | None = None, title: str | None = None) -> Found:
    url = f"https://example.org/{number}"
    return Found(url, url_key(url), title, time)


def answer(body: bytes = b"<p>text</p>", **headers: str) -> Answer:
    return Answer("https://example.org/final", 200, {"content-type": "text/html", **headers}, body, NOW)


def source(database: Database, name: str = "Outlet", *, is_enabled: bool = True) -> int:
    with database.write() as session:
        made = Source(name=name, url="https://example.org/", created_at=NOW, is_enabled=is_enabled)
        session.add(made)
        session.flush()
        return made.id


def run(database: Database) -> int:
    with database.write() as session:
        return runs.start(session, process=this_process(), now=NOW)


def add(database: Database, source_id: int, *found: Found, now: datetime = NOW) -> Added:
    with database.write() as session:
        return pages.add(session, source_id, None, found, now=now)


def lease(
    database: Database, run_id: int | None, limit: int = 10, now: datetime = NOW, name: str = "Outlet"
) -> list[Leased]:
    with database.write() as session:
        return pages.lease(session, name, limit, run_id=run_id, now=now, until=now + timedelta(minutes=10))


def end(database: Database, page: Leased, ended: Ended, run_id: int | None, now: datetime = NOW) -> bool:
    with database.write() as session:
        return pages.end(session, page.id, ended, run_id=run_id, now=now)


def keep(database: Database, page_id: int, run_id: int | None, what: Answer | None = None) -> int:
    with database.write() as session:
        return raw.keep(session, page_id, what or answer(), run_id=run_id)


def read(database: Database, raw_id: int, reason: str | None = None) -> None:
    with database.write() as session:
        pages.mark_read(session, raw_id, now=LATER, reason=reason)


def states(database: Database) -> dict[str, str]:
    with database.read() as session:
        return dict(session.execute(select(Page.url, Page.state)).all())


def one(database: Database) -> Page:
    with database.read() as session:
        return session.scalars(select(Page)).one()


def test_a_link_found_twice_is_one_page(database: Database) -> None:
    home, other = source(database), source(database, "Other")
    assert add(database, home, link(1), link(2), link(1)) == Added(2, 0)
    assert add(database, other, link(2), link(3)) == Added(1, 0)
    assert len(states(database)) == 3


def test_thousands_of_links_fit_in_one_poll(database: Database) -> None:
    home = source(database)
    assert add(database, home, *map(link, range(2_000))) == Added(2_000, 0)
    assert add(database, home, *map(link, range(1_000, 2_001))) == Added(1, 0)


def test_a_page_belongs_to_one_run_at_a_time(database: Database) -> None:
    add(database, source(database), *map(link, range(5)))
    run_id = run(database)
    first = lease(database, run_id, 3)
    rest = lease(database, run_id)
    assert len(first) == 3
    assert len({page.id for page in first + rest}) == 5
    assert lease(database, run_id) == []
    assert set(states(database).values()) == {"fetching"}


def test_a_lease_is_void_when_it_ran_out_or_its_run_has_ended(database: Database) -> None:
    add(database, source(database), link(1))
    run_id = run(database)
    assert len(lease(database, run_id)) == 1
    assert len(lease(database, run_id, now=LATER)) == 1
    with database.write() as session:
        session.execute(update(Run).values(state="lost"))
    assert len(lease(database, run(database), now=LATER)) == 1


def test_what_a_run_says_after_losing_its_lease_does_not_count(database: Database) -> None:
    add(database, source(database), link(1))
    old = run(database)
    (page,) = lease(database, old)
    with database.write() as session:
        session.execute(update(Run).values(state="lost"))
    new = run(database)
    lease(database, new)
    assert not end(database, page, Ended("failed", "timeout"), old)
    assert states(database) == {page.url: "fetching"}


@pytest.mark.parametrize("state", ["refused", "failed", "gone"])
def test_an_end_without_a_page_has_state_and_reason(database: Database, state: str) -> None:
    add(database, source(database), link(1))
    run_id = run(database)
    (leased,) = lease(database, run_id)
    assert end(database, leased, Ended(state, "why", 404, "https://example.org/final"), run_id)  # type: ignore[arg-type]
    page = one(database)
    assert (page.state, page.reason, page.status, page.leased_until) == (state, "why", 404, None)
    assert page.final_url == "https://example.org/final"


def test_a_failed_page_is_asked_again_when_its_time_has_come_and_never_without_one(database: Database) -> None:
    add(database, source(database), link(1))
    run_id = run(database)
    (page,) = lease(database, run_id)
    end(database, page, Ended("failed", "timeout", next_try_at=SOON), run_id)
    assert lease(database, run_id) == []
    (again,) = lease(database, run_id, now=SOON)
    assert again.attempts == 1
    end(database, again, Ended("failed", "timeout"), run_id)
    assert one(database).attempts == 2
    assert lease(database, run_id, now=NOW + timedelta(days=365)) == []


def test_leases_that_were_not_used_are_given_back(database: Database) -> None:
    add(database, source(database), link(1), link(2))
    run_id = run(database)
    held = lease(database, run_id)
    with database.write() as session:
        pages.give_back(session, [held[0].id], run_id=run_id)
    assert sorted(states(database).values()) == ["fetching", "waiting"]


def test_only_enabled_sources_are_asked(database: Database) -> None:
    home, off = source(database), source(database, "Off", is_enabled=False)
    add(database, home, link(1))
    add(database, off, link(2))
    with database.read() as session:
        assert pages.sources_with_due(session, None, now=NOW) == ["Outlet"]
        assert pages.sources_with_due(session, ["Off"], now=NOW) == []
    assert lease(database, run(database), name="Off") == []


def test_bytes_and_state_are_committed_together(database: Database) -> None:
    add(database, source(database), link(1))
    run_id = run(database)
    (leased,) = lease(database, run_id)
    raw_id = keep(database, leased.id, run_id, answer(b"\x00\xff bytes", etag='"1"', odd="a\x00b\ud800"))
    page = one(database)
    assert (page.state, page.etag, page.leased_until, page.attempts) == ("fetched", '"1"', None, 0)
    with database.read() as session:
        (stored,) = raw.unread(session, after=0, upto=raw_id, limit=5, run_id=run_id)
        assert session.scalar(select(Run.pages_fetched)) == 1
    assert stored.answer.body == b"\x00\xff bytes"
    assert (stored.raw_id, stored.page_id, stored.source) == (raw_id, leased.id, "Outlet")
    assert stored.answer.headers["odd"] == "ab?"


def test_stored_bytes_wait_until_they_are_read(database: Database) -> None:
    add(database, source(database), *map(link, range(3)))
    run_id = run(database)
    ids = [keep(database, page.id, run_id) for page in lease(database, run_id)]
    read(database, ids[1])
    read(database, ids[1])
    with database.read() as session:
        waiting = raw.unread(session, after=0, upto=raw.newest_id(session), limit=5, run_id=None)
        portion = raw.unread(session, after=ids[0], upto=ids[2], limit=1, run_id=run_id)
    assert waiting == []  # a run that lives reads what it fetched itself
    assert [stored.raw_id for stored in portion] == [ids[2]]
    with database.write() as session:
        session.execute(update(Run).values(state="lost"))
    with database.read() as session:
        assert len(raw.unread(session, after=0, upto=ids[2], limit=5, run_id=None)) == 2


def test_reading_ends_a_page_with_the_reason_why_it_holds_no_article(database: Database) -> None:
    add(database, source(database), link(1))
    run_id = run(database)
    (leased,) = lease(database, run_id)
    read(database, keep(database, leased.id, run_id), "no_text")
    page = one(database)
    assert (page.state, page.reason, page.read_at) == ("read", "no_text", LATER)


def test_a_newer_date_in_the_feed_has_a_page_asked_again(database: Database) -> None:
    home = source(database)
    add(database, home, link(1, NOW), link(2, NOW), link(3), link(4))
    run_id = run(database)
    for leased in lease(database, run_id):
        read(database, keep(database, leased.id, run_id))
    # The third was found without a date: dated before it was fetched, it has not changed since.
    assert add(database, home, link(1, LATER), link(2, NOW), link(3, EARLIER), link(4, LATER)) == Added(0, 2)
    assert {url for url, state in states(database).items() if state == "waiting"} == {link(1).url, link(4).url}
    assert add(database, home, link(1, LATER), link(3, EARLIER), link(4, LATER)) == Added(0, 0)


def test_what_the_first_feed_did_not_say_of_a_page_another_fills_in(database: Database) -> None:
    home = source(database)
    add(database, home, link(1))
    add(database, home, link(1, NOW, "Dam opens"))
    add(database, home, link(1, NOW, "Another title"))
    page = one(database)
    assert (page.state, page.feed_time, page.feed_title) == ("waiting", NOW, "Dam opens")


def test_a_page_that_did_not_change_is_read_as_before(database: Database) -> None:
    home = source(database)
    add(database, home, link(1, NOW))
    run_id = run(database)
    (leased,) = lease(database, run_id)
    first = keep(database, leased.id, run_id, answer(etag='"1"'))
    add(database, home, link(1, LATER))
    (again,) = lease(database, run_id)
    assert again.etag == '"1"'
    end(database, again, Ended("unchanged", status=304), run_id)
    assert states(database) == {leased.url: "fetched"}  # its first bytes still wait to be read
    read(database, first)
    assert states(database) == {leased.url: "read"}


def test_a_page_asked_again_before_it_was_read_keeps_both_texts(database: Database) -> None:
    home = source(database)
    add(database, home, link(1, NOW))
    run_id = run(database)
    (leased,) = lease(database, run_id)
    first = keep(database, leased.id, run_id)
    add(database, home, link(1, LATER))
    lease(database, run_id)
    read(database, first)
    assert states(database) == {leased.url: "fetching"}
    second = keep(database, leased.id, run_id, answer(b"new"))
    assert states(database) == {leased.url: "fetched"}
    read(database, second)
    assert states(database) == {leased.url: "read"}


def test_a_page_of_nobodys_source_is_kept_and_its_source_is_not_asked(database: Database) -> None:
    with database.write() as session:
        first = raw.keep_foreign(session, "https://example.org/a?utm_source=x", "Mine", answer(), run_id=None)
    with database.write() as session:
        second = raw.keep_foreign(session, "https://example.org/a", "Mine", answer(), run_id=None)
    assert first[0] == second[0]
    assert first[1] != second[1]
    with database.read() as session:
        assert session.execute(select(Source.name, Source.is_enabled)).all() == [("Mine", False)]


def test_bytes_are_pruned_some_time_after_they_were_read_and_never_before(database: Database) -> None:
    add(database, source(database), link(1), link(2))
    run_id = run(database)
    first, _ = [keep(database, page.id, run_id) for page in lease(database, run_id)]
    read(database, first)
    with database.write() as session:
        assert raw.prune(session, read_before=LATER) == 0
        assert raw.prune(session, read_before=LATER + timedelta(seconds=1)) == 1
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(RawBody)) == 1
