"""Later visits of pages that gave an article, what a deleted page makes of its article, and bodies cut short."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select, text, update
from sqlalchemy.orm import Session

from foundation.urls import url_key
from storage import pages, raw
from storage.checks import breaches, invariants
from storage.engine import Database
from storage.models import Article, Page, RawBody
from storage.pages import Ended, Leased
from storage.rereading import mark_unread
from storage.visits import YOUNG, next_visit
from tests.storage.test_pages import add, answer, end, keep, lease, link, one, run, source, states

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOURS = (1.0, 4.0, 12.0, 46.0)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
ABOUT_PAGES = {
    "page_states",
    "fetched_pages_have_bytes",
    "bytes_are_read",
    "read_pages_end",
    "gone_articles_are_gone",
}
PLANS = st.lists(st.floats(0.0001, 48, allow_nan=False), max_size=6)


@given(TIMES, st.integers(0, 8), PLANS, TIMES, TIMES)
def test_a_visit_is_of_the_plan_lies_ahead_and_comes_while_the_article_is_young(
    first: datetime, visits: int, hours: list[float], published: datetime, now: datetime
) -> None:
    moment = next_visit(first, visits, hours, published=published, now=now)
    planned = [first + timedelta(hours=offset) for offset in sorted(hours)]
    ahead = [time for time in planned[visits:] if now < time <= min(published, first) + YOUNG]
    assert moment == (ahead[0] if ahead else None)


@given(PLANS, st.lists(st.floats(0, 60), max_size=20))
def test_whenever_runs_come_each_visit_is_made_once_at_most_and_the_plan_ends(
    hours: list[float], delays: list[float]
) -> None:
    now, visits, made = NOON, 0, []
    moment = next_visit(NOON, visits, hours, published=NOON, now=now)
    for delay in [*delays, *[0.0] * len(hours)]:
        if moment is None:
            break
        assert moment > now
        now, visits = moment + timedelta(hours=delay), visits + 1
        made.append(moment)
        moment = next_visit(NOON, visits, hours, published=NOON, now=now)
    assert moment is None
    assert made == sorted(set(made))
    assert len(made) <= len(hours)


def given_article(database: Database, page_id: int, key: bytes, published: datetime | None = None) -> int:
    """Make the article that a page gave."""
    with database.write() as session:
        home = session.scalars(select(Page.source_id).where(Page.id == page_id)).one()
        made = Article(
            source_id=home,
            key=key,
            url="https://example.org/",
            kind="article",
            title="Dam opens",
            authors=[],
            first_seen_at=NOON,
            published_at=published,
            time=published or NOON,
        )
        session.add(made)
        session.flush()
        return made.id


def read(
    database: Database, raw_id: int, article_id: int | None, at: datetime = NOON, reason: str | None = None
) -> None:
    with database.write() as session:
        pages.mark_read(session, raw_id, now=at, article_id=article_id, reason=reason, revisit_hours=HOURS)


def told(database: Database, number: int = 1, published: datetime | None = None) -> tuple[int, Leased]:
    """Find, fetch and read a page that gives an article; return the article's id and the lease."""
    if not states(database):
        source(database)
    with database.read() as session:
        home = session.scalars(select(text("id")).select_from(text("source"))).first()
    assert home is not None
    add(database, home, link(number), now=NOON)
    run_id = run_of(database)
    (leased,) = lease(database, run_id, now=NOON)
    article_id = given_article(database, leased.id, url_key(leased.url), published)
    read(database, keep(database, leased.id, run_id, answer(etag='"1"')), article_id)
    return article_id, leased


def run_of(database: Database) -> int:
    with database.read() as session:
        known = session.scalar(text("SELECT max(id) FROM run"))
    return known if known is not None else run(database)


def ended(database: Database, page: Leased, how: Ended, at: datetime) -> None:
    with database.write() as session:
        assert pages.end(session, page.id, how, run_id=run_of(database), now=at, revisit_hours=HOURS)


def check(session: Session) -> None:
    """See that pages, bytes and articles agree; these articles have no text, which other invariants want."""
    checked = [each for each in invariants(session.get_bind().dialect.name) if each.name in ABOUT_PAGES]
    assert len(checked) == len(ABOUT_PAGES)
    assert [breach for breach in breaches(session, checked, 3) if breach] == []


def is_gone(database: Database, article_id: int) -> bool:
    with database.read() as session:
        check(session)
        return session.scalars(select(Article.gone_at).where(Article.id == article_id)).one() is not None


def hours(number: float) -> datetime:
    return NOON + timedelta(hours=number)


def test_a_page_that_gave_an_article_is_asked_again_ever_more_rarely(database: Database) -> None:
    told(database)
    asked = []
    for hour in range(1, 72):
        for page in lease(database, run_of(database), now=hours(hour)):
            assert page.etag == '"1"'
            asked.append(hour)
            ended(database, page, Ended("unchanged", status=304), hours(hour))
    assert asked == [1, 4, 12, 46]
    assert (one(database).next_visit_at, one(database).visits) == (None, 4)


def test_visits_that_nobody_was_there_to_make_are_left_out(database: Database) -> None:
    told(database)
    (page,) = lease(database, run_of(database), now=hours(5))
    ended(database, page, Ended("unchanged", status=304), hours(5))
    assert (one(database).next_visit_at, one(database).visits) == (hours(12), 1)


def test_a_changed_text_and_one_that_cannot_be_had_go_on_with_the_plan(database: Database) -> None:
    article_id, _ = told(database)
    (page,) = lease(database, run_of(database), now=hours(1))
    ended(database, page, Ended("failed", "timeout", next_try_at=hours(2)), hours(1))
    (page,) = lease(database, run_of(database), now=hours(2))
    with database.write() as session:
        changed = raw.Answer(page.url, 200, {}, b"<p>changed</p>", hours(2))
        raw_id = raw.keep(session, page.id, changed, run_id=run_of(database))
    read(database, raw_id, article_id, hours(2))
    assert (one(database).next_visit_at, one(database).visits) == (hours(4), 1)


@pytest.mark.parametrize(
    ("published", "planned"),
    [
        pytest.param(hours(-72), None, id="back catalogue"),
        pytest.param(hours(-36.5), hours(1), id="of yesterday"),
        pytest.param(hours(5), hours(1), id="ahead of time"),
    ],
)
def test_only_young_articles_are_visited(database: Database, published: datetime, planned: datetime | None) -> None:
    told(database, published=published)
    assert one(database).next_visit_at == planned


def test_pages_without_an_article_are_not_visited(database: Database) -> None:
    add(database, source(database), link(1))
    (leased,) = lease(database, run(database))
    read(database, keep(database, leased.id, run_of(database)), None, reason="index")
    assert one(database).next_visit_at is None
    assert lease(database, run_of(database), now=hours(90)) == []


def test_reading_the_same_bytes_again_is_no_visit(database: Database) -> None:
    article_id, _ = told(database)
    with database.write() as session:
        assert mark_unread(session) == 1
        raw_id = session.scalars(select(RawBody.id)).one()
    assert lease(database, run_of(database), now=hours(3)) == []  # its bytes wait to be read first
    read(database, raw_id, article_id, hours(3))
    assert (one(database).next_visit_at, one(database).visits) == (hours(1), 0)
    with database.write() as session:
        session.execute(update(Page).values(next_visit_at=None))
        mark_unread(session)
    read(database, raw_id, article_id, hours(9_000))
    assert one(database).next_visit_at is None


def test_new_pages_go_before_visits(database: Database) -> None:
    for number in (1, 2, 3):
        told(database, number)
    with database.read() as session:
        home = session.scalars(select(Page.source_id).limit(1)).one()
        assert pages.sources_with_due(session, None, now=NOON) == []
        assert pages.sources_with_due(session, None, now=hours(1)) == ["Outlet"]
    add(database, home, link(7), link(8))
    taken = lease(database, run_of(database), limit=3, now=hours(1))
    assert {page.url for page in taken[:2]} == {link(7).url, link(8).url}
    assert taken[2].url == link(1).url
    assert [page.url for page in lease(database, run_of(database), now=hours(1))] == [link(2).url, link(3).url]


def test_a_page_is_leased_with_what_its_last_answer_was(database: Database) -> None:
    told(database)
    (page,) = lease(database, run_of(database), now=hours(1))
    assert (page.status, page.has_article) == (200, True)
    with database.read() as session:
        assert page.body_sha256 == session.scalars(select(RawBody.sha256)).one()


def test_a_reason_why_there_is_no_article_outlives_an_answer_that_nothing_changed(database: Database) -> None:
    home = source(database)
    for number, reason in ((1, "index"), (2, None)):
        add(database, home, link(number, NOON))
        (page,) = lease(database, run_of(database))
        if reason:
            read(database, keep(database, page.id, run_of(database)), None, reason=reason)
        else:
            ended(database, page, Ended("gone", "http_404", 404), NOON)
    add(database, home, link(1, hours(1)), link(2, hours(1)))
    for page in lease(database, run_of(database), now=hours(1)):
        ended(database, page, Ended("unchanged", status=304), hours(1))
    with database.read() as session:
        assert session.scalars(select(Page.reason).order_by(Page.id)).all() == ["index", "unchanged"]
        check(session)


def test_the_article_of_a_deleted_page_is_marked_and_comes_back_with_it(database: Database) -> None:
    article_id, _ = told(database)
    assert not is_gone(database, article_id)
    (page,) = lease(database, run_of(database), now=hours(1))
    ended(database, page, Ended("gone", "http_410", 410), hours(1))
    assert is_gone(database, article_id)
    assert one(database).next_visit_at is None
    with database.write() as session:
        session.execute(update(Page).values(state="waiting"))
    (page,) = lease(database, run_of(database), now=hours(5))
    ended(database, page, Ended("unchanged", status=304), hours(5))
    assert not is_gone(database, article_id)


def test_a_deleted_page_that_answers_with_another_text_brings_its_article_back(database: Database) -> None:
    article_id, _ = told(database)
    (page,) = lease(database, run_of(database), now=hours(1))
    ended(database, page, Ended("gone", "http_404", 404), hours(1))
    with database.write() as session:
        session.execute(update(Page).values(state="waiting"))
    (page,) = lease(database, run_of(database), now=hours(2))
    read(database, keep(database, page.id, run_of(database)), article_id, hours(2))
    assert not is_gone(database, article_id)


@pytest.mark.parametrize(
    ("deleted", "expected"),
    [
        pytest.param(["own"], True, id="its own page"),
        pytest.param(["amp"], False, id="a variant"),
        pytest.param(["amp", "own"], True, id="both"),
    ],
)
def test_an_articles_own_page_decides_whether_it_is_gone(
    database: Database, deleted: list[str], expected: bool
) -> None:
    article_id, own = told(database, 1)
    add(database, 1, link(2))
    (amp,) = lease(database, run_of(database))
    read(database, keep(database, amp.id, run_of(database)), article_id)
    delete(database, [{"own": own, "amp": amp}[name] for name in deleted])
    assert is_gone(database, article_id) is expected


def test_an_article_without_a_page_of_its_own_address_is_gone_with_its_last_page(database: Database) -> None:
    article_id, first = told(database, 1)
    add(database, 1, link(2))
    (second,) = lease(database, run_of(database))
    read(database, keep(database, second.id, run_of(database)), article_id)
    with database.write() as session:
        session.execute(update(Article).values(key=url_key("https://example.org/after-a-redirect")))
    delete(database, [first])
    assert not is_gone(database, article_id)
    delete(database, [second])
    assert is_gone(database, article_id)


def delete(database: Database, leased: list[Leased]) -> None:
    with database.write() as session:
        session.execute(
            update(Page)
            .where(Page.id.in_([page.id for page in leased]))
            .values(state="fetching", run_id=run_of(database), leased_until=hours(2))
        )
    for page in leased:
        ended(database, page, Ended("gone", "http_404", 404), hours(1))


def partial(database: Database, page: Leased, body: bytes, next_try: datetime | None) -> int | None:
    failed = Ended("failed", "truncated_body", 200, page.url, next_try)
    with database.write() as session:
        return raw.keep_partial(session, page.id, answer(body), failed, run_id=run_of(database))


def test_bytes_of_a_body_cut_short_are_kept_and_the_longest_are_read_when_it_is_given_up(database: Database) -> None:
    add(database, source(database), link(1))
    (page,) = lease(database, run(database))
    assert partial(database, page, b"the longest half", NOON) is None
    assert (one(database).state, one(database).reason) == ("failed", "truncated_body")
    (page,) = lease(database, run_of(database))
    raw_id = partial(database, page, b"half", None)
    assert raw_id is not None
    assert one(database).state == "fetched"
    with database.read() as session:
        assert raw.stored(session, raw_id).answer.body == b"the longest half"
        assert session.scalars(select(RawBody.is_partial)).all() == [True, True]
        check(session)
    with database.write() as session:
        assert len(raw.unread(session, after=0, upto=9, limit=9, run_id=run_of(database))) == 1


def test_half_a_body_never_replaces_what_a_whole_one_gave(database: Database) -> None:
    told(database)
    (page,) = lease(database, run_of(database), now=hours(1))
    assert partial(database, page, b"half", None) is None
    assert (one(database).state, one(database).reason) == ("failed", "truncated_body")
    with database.write() as session:
        session.execute(update(Page).values(state="read"))
        assert mark_unread(session) == 1
        (waiting,) = raw.unread(session, after=0, upto=9, limit=9, run_id=run_of(database))
    assert waiting.answer.body == answer().body  # not the newer half


def test_a_page_of_a_paused_host_waits_without_having_been_tried(database: Database) -> None:
    add(database, source(database), link(1), link(2))
    first, second = lease(database, run(database))
    with database.write() as session:
        pages.give_back(session, [first.id], run_id=run_of(database), next_try_at=hours(1))
        pages.give_back(session, None, run_id=run_of(database))
    assert [page.id for page in lease(database, run_of(database))] == [second.id]
    end(database, second, Ended("failed", "timeout", next_try_at=hours(1)), run_of(database))
    again = lease(database, run_of(database), now=hours(1))
    assert [(page.id, page.attempts) for page in again] == [(first.id, 0), (second.id, 1)]


def test_what_is_due_is_found_among_many_pages_by_indexes(database: Database) -> None:
    told(database)
    add(database, 1, *map(link, range(2, 3_000)))
    with database.write() as session:
        session.execute(update(Page).where(Page.state == "waiting").values(state="read", reason="index"))
    asked: list[tuple[str, Any]] = []
    event.listen(database.engine, "before_cursor_execute", lambda *seen: asked.append((seen[2], seen[3])))
    with database.read() as session:
        assert pages.sources_with_due(session, None, now=hours(1)) == ["Outlet"]
    assert len(lease(database, run_of(database), now=hours(1))) == 1
    queries = [(sql, values) for sql, values in asked if sql.startswith("SELECT") and " <= " in sql]
    assert len(queries) == 3
    for sql, values in queries:
        plan = explained(database, sql, values)
        assert "SCAN page" not in plan, plan
        assert "Seq Scan on page" not in plan, plan


def explained(database: Database, sql: str, values: Any) -> str:
    with database.engine.connect() as connection:
        if database.dialect == "postgresql":
            connection.exec_driver_sql("ANALYZE")
        explain = "EXPLAIN" if database.dialect == "postgresql" else "EXPLAIN QUERY PLAN"
        return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {sql}", values))
