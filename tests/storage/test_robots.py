"""What a robots.txt said is known to later runs, for as long as it may be believed."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from storage import robots
from storage.engine import Database
from storage.models import Robots

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=24)
ORIGIN = "https://a.test"
RULES = b"User-agent: *\nDisallow: /no/\n" * 100


def stored(
    database: Database, body: bytes, expires_at: datetime = LATER, origin: str = ORIGIN, *, private: bool = False
) -> None:
    with database.write() as session:
        robots.store(session, origin, private, body, status=200, now=NOW, expires_at=expires_at)


def loaded(database: Database, now: datetime, *, private: bool = False) -> robots.Rules | None:
    with database.read() as session:
        return robots.load(session, ORIGIN, private, now=now)


def test_rules_are_fresh_until_they_expire_and_of_use_for_a_month_more(database: Database) -> None:
    stored(database, RULES)
    assert loaded(database, NOW) == robots.Rules(RULES, 200, LATER, is_fresh=True)
    assert loaded(database, LATER) == robots.Rules(RULES, 200, LATER, is_fresh=False)
    assert loaded(database, LATER + robots.STALE_LIMIT) is None


def test_the_last_word_counts_and_an_empty_file_allows_everything(database: Database) -> None:
    stored(database, RULES)
    stored(database, b"")
    assert loaded(database, NOW) == robots.Rules(b"", 200, LATER, is_fresh=True)


def test_what_a_private_source_was_told_is_not_told_to_others(database: Database) -> None:
    stored(database, RULES, private=True)
    assert loaded(database, NOW) is None
    assert loaded(database, NOW, private=True) is not None


def test_what_is_too_old_is_forgotten(database: Database) -> None:
    stored(database, RULES, NOW - robots.STALE_LIMIT, "https://old.test")
    stored(database, RULES)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Robots)) == 1
