"""What becomes of a page that was read: one article for each canonical URL, a version for each text."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from foundation.urls import url_key
from pipelines.reading import Article as Said
from pipelines.reading import Block, NoArticle, Reading
from pipelines.save import Saved, save
from storage import models, pages, raw
from storage.engine import Database

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SITE = "https://news.example.com"


def said(text: str, canonical: str | None = None, title: str = "Dam opens", **more: object) -> Said:
    blocks = tuple(Block(part) for part in text.split("\n"))
    return Said("article", title, blocks, canonical_url=canonical, reader="test", **more)  # type: ignore[arg-type]


def fetch(session: Session, url: str, at: datetime = NOON, feed_time: datetime | None = None) -> int:
    """Store a page's bytes as the crawl does; return the raw body's id."""
    source = session.scalar(select(models.Source))
    if source is None:
        source = models.Source(name="Example", url=SITE, allow_private=False, created_at=NOON)
        session.add(source)
        session.flush()
    pages.add(session, source.id, None, [pages.Found(url, url_key(url), "From the feed", feed_time)], now=at)
    page_id = session.scalars(select(models.Page.id).where(models.Page.key == url_key(url))).one()
    return raw.keep(session, page_id, raw.Answer(url, 200, {}, b"<html>", at), run_id=None)


def read(
    database: Database, url: str, outcome: Reading, at: datetime = NOON, feed_time: datetime | None = None
) -> Saved:
    with database.write() as session:
        return save(session, fetch(session, url, at, feed_time), outcome, at)


def count(database: Database, table: type[models.Base]) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_an_article_is_saved_with_its_blocks_and_labels(database: Database) -> None:
    blocks = (Block("The dam opened."), Block("Follow us", "share", "wording"), Block("Water flowed."))
    saved = read(database, f"{SITE}/dam-1", Said("article", "Dam opens", blocks, reader="fast"))
    assert saved.is_new
    with database.read() as session:
        reading = session.scalars(select(models.Reading)).one()
        assert reading.text == "The dam opened.\n\nWater flowed."
        assert reading.is_current
        assert session.scalars(select(models.Block.text).order_by(models.Block.position)).all() == [
            b.text for b in blocks
        ]
        label = session.scalars(select(models.Label)).one()
        assert (label.position, label.label, label.rule) == (1, "share", "wording")
        page = session.scalars(select(models.Page)).one()
        assert (page.state, page.article_id, page.reason) == ("read", saved.article_id, None)


def test_a_page_without_article_is_read_with_its_reason(database: Database) -> None:
    assert read(database, f"{SITE}/empty", NoArticle("no_text")).article_id is None
    with database.read() as session:
        page = session.scalars(select(models.Page)).one()
        assert (page.state, page.reason) == ("read", "no_text")
        assert session.scalars(select(models.RawBody.read_at)).one() is not None


def test_the_same_text_again_is_no_new_version(database: Database) -> None:
    first = read(database, f"{SITE}/dam-1", said("The dam opened."))
    again = read(database, f"{SITE}/dam-1", said("The dam opened."), NOON + timedelta(hours=1))
    assert again == Saved(first.article_id)
    assert count(database, models.Version) == 1


def test_a_changed_text_is_a_new_version_of_the_same_article(database: Database) -> None:
    first = read(database, f"{SITE}/dam-1", said("The dam opened."))
    changed = read(database, f"{SITE}/dam-1", said("The dam opened and overflowed."), NOON + timedelta(hours=1))
    assert (changed.article_id, changed.is_new, changed.is_changed) == (first.article_id, False, True)
    with database.read() as session:
        assert session.scalars(select(models.Version.number).order_by(models.Version.number)).all() == [1, 2]
        current = session.scalars(select(models.Reading).where(models.Reading.is_current)).one()
        assert current.text == "The dam opened and overflowed."


def test_other_labels_on_the_same_blocks_are_a_new_reading_of_the_same_version(database: Database) -> None:
    read(database, f"{SITE}/dam-1", said("The dam opened.\nFollow us"))
    relabelled = (Block("The dam opened."), Block("Follow us", "share", "wording"))
    read(database, f"{SITE}/dam-1", Said("article", "Dam opens", relabelled, reader="test"))
    assert count(database, models.Version) == 1
    with database.read() as session:
        assert session.scalars(select(models.Reading.number).order_by(models.Reading.number)).all() == [1, 2]


def test_other_furniture_labels_on_the_same_text_are_a_new_reading_too(database: Database) -> None:
    blocks = (Block("The dam opened."), Block("Follow us", "ad", "wording"))
    read(database, f"{SITE}/dam-1", Said("article", "Dam opens", blocks, reader="test"))
    again = (blocks[0], Block("Follow us", "share", "wording"))
    assert not read(database, f"{SITE}/dam-1", Said("article", "Dam opens", again, reader="test")).is_changed
    with database.read() as session:
        current = session.scalars(select(models.Reading).where(models.Reading.is_current)).one()
        assert current.number == 2
        assert session.scalars(select(models.Label.label).where(models.Label.reading_id == current.id)).one() == "share"


def test_pages_with_one_canonical_are_one_article_with_the_canonicals_own_text(database: Database) -> None:
    canonical = f"{SITE}/2026/dam-1"
    variant = read(database, f"{SITE}/amp/dam-1", said("Short text.", canonical))
    own = read(database, canonical, said("The whole text.", canonical))
    later = read(database, f"{SITE}/m/dam-1", said("Mobile text.", canonical))
    assert variant.article_id == own.article_id == later.article_id
    assert count(database, models.Article) == 1
    with database.read() as session:
        current = session.scalars(select(models.Reading).where(models.Reading.is_current)).one()
        assert current.text == "The whole text."


@pytest.mark.parametrize(
    "canonical",
    [
        pytest.param("https://elsewhere.example.org/dam-1", id="another site"),
        pytest.param(f"{SITE}/", id="the homepage"),
        pytest.param(f"{SITE}/news", id="a section"),
    ],
)
def test_a_canonical_that_cannot_name_this_article_is_not_believed(database: Database, canonical: str) -> None:
    one = read(database, f"{SITE}/dam-1", said("The dam opened.", canonical))
    other = read(database, f"{SITE}/vote-2", said("The vote passed.", canonical))
    assert one.article_id != other.article_id


def test_a_canonical_that_a_third_text_claims_is_a_templates_mistake(database: Database) -> None:
    canonical = f"{SITE}/2026/top-story"
    ids = [
        read(database, f"{SITE}/2026/{number}", said(f"Text number {number}.", canonical)).article_id
        for number in ("a1", "b2", "c3", "d4")
    ]
    assert len(set(ids)) == 3  # the first two share it; from the third text on, pages stand for themselves


def test_an_article_without_a_date_of_its_own_takes_the_feeds_and_else_when_it_was_seen(database: Database) -> None:
    listed = NOON - timedelta(hours=3)
    read(database, f"{SITE}/dam-1", said("The dam opened."), feed_time=listed)
    read(database, f"{SITE}/vote-2", said("The vote passed."))
    with database.read() as session:
        times = session.execute(select(models.Article.time, models.Article.published_from).order_by(models.Article.id))
        assert [tuple(row) for row in times] == [(listed, "feed"), (NOON, None)]
