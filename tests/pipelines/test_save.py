"""What becomes of a page that was read: one article for each canonical URL, a version for each text."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from foundation.urls import url_key
from pipelines.fold.process import fold
from pipelines.fold.rules import FoldRules
from pipelines.reading import Article as Said
from pipelines.reading import Block, NoArticle, Reading
from pipelines.save import Saved, save
from pipelines.stated_sources import stated_sources
from storage import models, pages, raw
from storage.engine import Database

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
HOURS = (1.0, 4.0)
SITE = "https://news.example.com"


def said(text: str, canonical: str | None = None, title: str = "Dam opens", **more: object) -> Said:
    blocks = tuple(Block(part) for part in text.split("\n"))
    return Said("article", title, blocks, canonical_url=canonical, reader="test", **more)  # type: ignore[arg-type]


def fetch(
    session: Session,
    url: str,
    at: datetime = NOON,
    feed_time: datetime | None = None,
    *,
    insecure_tls: bool = False,
    is_partial: bool = False,
) -> int:
    """Store a page's bytes as the crawl does; return the raw body's id."""
    source = session.scalar(select(models.Source))
    if source is None:
        source = models.Source(name="Example", url=SITE, allow_private=False, created_at=NOON)
        session.add(source)
        session.flush()
    link = pages.Found(url, url_key(url), "From the feed", feed_time, "Jane Doe, Juan Gil", "In short.", "en-GB")
    pages.add(session, source.id, None, [link], now=at)
    page_id = session.scalars(select(models.Page.id).where(models.Page.key == url_key(url))).one()
    raw_id = raw.keep(session, page_id, raw.Answer(url, 200, {}, b"<html>", at, insecure_tls), run_id=None)
    if is_partial:
        session.execute(update(models.RawBody).where(models.RawBody.id == raw_id).values(is_partial=True))
        session.execute(update(models.Page).where(models.Page.id == page_id).values(reason="truncated_body"))
    return raw_id


def read(
    database: Database,
    url: str,
    outcome: Reading,
    at: datetime = NOON,
    feed_time: datetime | None = None,
    **came: bool,
) -> Saved:
    with database.write() as session:
        return save(session, fetch(session, url, at, feed_time, **came), outcome, at, HOURS)


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


def test_credits_and_stated_sources_are_saved_as_far_as_they_are_in_the_text(database: Database) -> None:
    blocks = (
        Block("Reuters reported that the dam opened."),
        Block("“It opened,” 🌊 she told the BBC."),
        Block("Le Monde first reported the news.", "promo", "link_alone"),
    )
    came = {"byline": "By Ann Ferrier", "bio": "Ann Ferrier covers dams.", "credits": ("© 2026 Sound Courier",)}
    sources = stated_sources(tuple(Block(block.text) for block in blocks), "en")
    assert len(sources) == 3
    saved = read(database, f"{SITE}/dam", Said("article", "Dam opens", blocks, stated_sources=sources, **came))  # type: ignore[arg-type]
    with database.read() as session:
        rows = session.execute(text("SELECT name, wording, phrase FROM stated_sources ORDER BY position")).all()
        assert [tuple(row) for row in rows] == [
            ("Reuters", "reported", "Reuters reported"),
            ("BBC", "told", "told the BBC"),
        ]
        article = session.get_one(models.Article, saved.article_id)
        assert {name: getattr(article, name) for name in came} == came | {"credits": ["© 2026 Sound Courier"]}
        assert session.execute(text("SELECT byline, agency FROM article_credits")).one() == ("By Ann Ferrier", None)


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


def test_what_a_page_says_beside_its_text_is_kept_up_to_date(database: Database) -> None:
    read(database, f"{SITE}/dam-1", said("The dam opened."))
    signed = said("The dam opened.", authors=("Ann Ferrier",), byline="By Ann Ferrier", modified_at=LATER)
    saved = read(database, f"{SITE}/dam-1", signed, LATER)
    assert not saved.is_changed
    with database.read() as session:
        article = session.scalars(select(models.Article)).one()
        assert (article.authors, article.byline, article.modified_at) == (["Ann Ferrier"], "By Ann Ferrier", LATER)
    assert count(database, models.Version) == count(database, models.Reading) == 1


def test_a_credit_that_comes_later_changes_whose_text_it_is(database: Database) -> None:
    words = "The dam opened. " * 20
    read(database, f"{SITE}/dam-1", said(words))
    fold(database, FoldRules())
    origin = select(models.StoryOrigin.origin, models.StoryOrigin.basis)
    with database.read() as session:
        assert session.execute(origin).one() == ("Example", "first")
    assert not read(database, f"{SITE}/dam-1", said(words, agency="Reuters"), LATER).is_changed
    with database.read() as session:
        assert session.scalars(select(models.Story.origins)).one() is None
    fold(database, FoldRules())
    with database.read() as session:
        assert session.execute(origin).one() == ("Reuters", "agency")
        assert session.scalars(select(models.Story.origins)).one() == 1


def test_a_page_read_by_newer_rules_has_what_these_find_in_it(database: Database) -> None:
    words = "The dam opened, Politico first reported on Monday."
    read(database, f"{SITE}/dam-1", said(words))
    with database.write() as session:
        session.execute(update(models.Reading).values(rules_version=1))
    blocks = (Block(words, said_at=NOON),)
    again = replace(said(words), blocks=blocks, stated_sources=stated_sources(blocks, "en"))
    assert not read(database, f"{SITE}/dam-1", again, LATER).is_changed
    with database.read() as session:
        names = session.scalars(
            select(models.StatedSource.name)
            .join(models.Reading, models.Reading.id == models.StatedSource.reading_id)
            .where(models.Reading.is_current)
        ).all()
        assert names == ["Politico"]
        assert session.scalars(select(models.Block.said_at)).all() == [NOON]
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


def test_what_a_page_does_not_say_its_feed_may(database: Database) -> None:
    read(database, f"{SITE}/dam-1", said("The dam opened.", title=""))
    read(database, f"{SITE}/vote-2", said("Die Wahl.", authors=("Ana Sol",), language="de"))
    with database.read() as session:
        silent, own = session.scalars(select(models.Article).order_by(models.Article.id))
        assert (silent.title, silent.authors, silent.language) == ("From the feed", ["Jane Doe", "Juan Gil"], "en")
        assert (own.title, own.authors, own.language) == ("Dam opens", ["Ana Sol"], "de")
        assert session.scalars(select(models.Page.feed_summary)).first() == "In short."


def test_a_version_says_how_its_bytes_were_read(database: Database) -> None:
    read(database, f"{SITE}/dam-1", said("Der Damm.", charset="cp1252", is_repaired=True))
    with database.read() as session:
        version = session.scalars(select(models.Version)).one()
        assert (version.charset, version.is_repaired, version.is_partial) == ("cp1252", True, False)


def test_an_article_says_that_some_of_its_bytes_came_over_a_connection_nobody_vouched_for(database: Database) -> None:
    read(database, f"{SITE}/dam-1", said("The dam opened."))
    read(database, f"{SITE}/dam-1", said("The dam overflowed."), LATER, insecure_tls=True)
    read(database, f"{SITE}/vote-2", said("The vote passed."), insecure_tls=True)
    read(database, f"{SITE}/vote-2", said("The vote failed."), LATER)
    read(database, f"{SITE}/fair-3", said("The fair opened."))
    with database.read() as session:
        told = session.scalars(select(models.Article.insecure_tls).order_by(models.Article.id))
        assert told.all() == [True, True, False]


def test_half_a_page_is_an_article_until_the_whole_comes(database: Database) -> None:
    read(database, f"{SITE}/dam-1", said("The dam"), is_partial=True)
    assert partial_versions(database) == [("The dam", True)]
    read(database, f"{SITE}/dam-1", said("The dam opened."), LATER)
    read(database, f"{SITE}/dam-1", said("The dam op"), LATER, is_partial=True)
    assert partial_versions(database) == [("The dam", True), ("The dam opened.", False)]
    with database.read() as session:
        page = session.scalars(select(models.Page)).one()
        assert (page.state, page.reason) == ("read", "truncated_body")


def test_a_whole_page_that_says_no_more_than_its_half_makes_that_whole(database: Database) -> None:
    read(database, f"{SITE}/dam-1", said("The dam opened."), is_partial=True)
    read(database, f"{SITE}/dam-1", said("The dam opened."), LATER)
    assert partial_versions(database) == [("The dam opened.", False)]


def partial_versions(database: Database) -> list[tuple[str, bool]]:
    with database.read() as session:
        query = select(models.Block.text, models.Version.is_partial).join(models.Version).order_by(models.Version.id)
        return [(text, is_partial) for text, is_partial in session.execute(query)]


def test_half_a_page_without_an_article_says_that_it_was_cut(database: Database) -> None:
    read(database, f"{SITE}/dam-1", NoArticle("no_text"), is_partial=True)
    with database.read() as session:
        assert session.scalars(select(models.Page.reason)).one() == "truncated_body"


def test_pages_of_an_article_are_visited_again_unless_another_of_them_speaks_for_it(database: Database) -> None:
    canonical = f"{SITE}/2026/dam-1"
    read(database, f"{SITE}/amp/dam-1", said("Short text.", canonical))
    assert visits(database) == [LATER]
    read(database, canonical, said("The whole text.", canonical))
    assert read(database, f"{SITE}/amp/dam-1", said("Shorter text.", canonical), LATER).is_variant
    assert visits(database) == [None, LATER]


def test_an_article_whose_page_says_nothing_any_more_stays_and_is_not_gone(database: Database) -> None:
    first = read(database, f"{SITE}/dam-1", said("The dam opened."))
    assert read(database, f"{SITE}/dam-1", NoArticle("cookie_wall"), LATER).article_id is None
    with database.read() as session:
        page = session.scalars(select(models.Page)).one()
        assert (page.article_id, page.state, page.reason) == (first.article_id, "read", "cookie_wall")
        assert session.scalars(select(models.Article.gone_at)).one() is None
    assert visits(database) == [NOON + timedelta(hours=4)]


def visits(database: Database) -> list[datetime | None]:
    with database.read() as session:
        return list(session.scalars(select(models.Page.next_visit_at).order_by(models.Page.id)))


@pytest.mark.parametrize("reason", ["not_found", "cookie_wall", "index", "no_text"])
def test_an_article_stays_when_its_page_holds_none_any_more_and_the_page_says_so(
    database: Database, reason: str
) -> None:
    saved = read(database, f"{SITE}/dam", said("The dam is open."))
    read(database, f"{SITE}/dam", NoArticle(reason, "Page not found"), LATER)
    with database.read() as session:
        page = session.scalars(select(models.Page)).one()
        assert (page.state, page.reason, page.article_id) == ("read", reason, saved.article_id)
        article = session.scalars(select(models.Article)).one()
        assert (article.kind, article.title, article.gone_at) == ("article", "Dam opens", None)
        assert session.scalars(select(models.Reading.text).where(models.Reading.is_current)).all() == [
            "The dam is open."
        ]


def test_a_line_says_why_it_went_and_a_post_when_it_was_made(database: Database) -> None:
    blocks = (
        Block("Dam opens", "title", "repeats_headline"),
        Block("Water.", said_at=NOON),
        Block("More.", said_at=LATER),
    )
    saved = read(database, f"{SITE}/dam", Said("live_blog", "Dam opens", blocks))
    with database.read() as session:
        kept = session.execute(select(models.Block.text, models.Block.said_at).order_by(models.Block.position)).all()
        assert [tuple(row) for row in kept] == [("Dam opens", None), ("Water.", NOON), ("More.", LATER)]
        rows = session.execute(text("SELECT article, version, position, label, rule, text FROM article_blocks")).all()
        assert sorted(map(tuple, rows)) == [
            (saved.article_id, 1, 0, "title", "repeats_headline", "Dam opens"),
            (saved.article_id, 1, 1, "text", None, "Water."),
            (saved.article_id, 1, 2, "text", None, "More."),
        ]


def watch_feed(database: Database, url: str, since: datetime) -> None:
    """Let a feed that was first read at that time be the one that named a page."""
    with database.write() as session:
        feed = models.Feed(
            source_id=session.scalars(select(models.Source.id)).one(),
            url=f"{SITE}/feed",
            key=url_key(f"{SITE}/feed"),
            kind="rss",
            next_poll_at=NOON,
            interval_seconds=900,
        )
        session.add(feed)
        session.flush()
        session.add(models.Poll(feed_id=feed.id, at=since, outcome="read"))
        session.execute(update(models.Page).where(models.Page.key == url_key(url)).values(feed_id=feed.id))


def dated(at: datetime, text: str = "The dam opened.") -> Said:
    return said(text, published_at=at, published_from="json_ld", published_raw=at.isoformat())


def stands(database: Database) -> tuple[datetime | None, str | None, str | None, str | None, datetime]:
    with database.read() as session:
        known = session.scalars(select(models.Article)).one()
        raw = known.published_raw
        return known.published_at, known.published_from, raw, known.published_doubt, known.time


def test_a_date_that_the_page_itself_disproves_is_kept_raw_and_the_feeds_is_taken(database: Database) -> None:
    future = said("The dam opened.", published_from="meta", published_raw="2027-06-01", published_doubt="future")
    read(database, f"{SITE}/dam-1", future, feed_time=NOON - timedelta(hours=2))
    listed = NOON - timedelta(hours=2)
    assert stands(database) == (listed, "feed", "2027-06-01", "future", listed)


def test_a_page_that_moves_its_date_keeps_the_one_that_could_be_true(database: Database) -> None:
    first, moved = NOON - timedelta(hours=3), NOON + timedelta(days=2)
    read(database, f"{SITE}/dam-1", dated(first))
    watch_feed(database, f"{SITE}/dam-1", NOON)
    read(database, f"{SITE}/dam-1", dated(moved, "The dam opened again."), moved)
    assert stands(database) == (first, "json_ld", moved.isoformat(), "after_listed", first)


def test_a_date_long_before_a_watched_feed_first_listed_the_page_is_doubted(database: Database) -> None:
    read(database, f"{SITE}/dam-1", dated(NOON))
    watch_feed(database, f"{SITE}/dam-1", NOON - timedelta(days=30))
    old = NOON - timedelta(days=400)
    read(database, f"{SITE}/dam-1", dated(old, "The dam opened, as ever."), LATER)
    assert stands(database) == (None, None, old.isoformat(), "before_listed", NOON)


def test_a_date_long_before_a_feed_that_was_new_to_us_is_believed(database: Database) -> None:
    old = NOON - timedelta(days=400)
    read(database, f"{SITE}/dam-1", dated(NOON))
    watch_feed(database, f"{SITE}/dam-1", NOON)
    read(database, f"{SITE}/dam-1", dated(old, "The dam opened, as ever."), LATER)
    assert stands(database) == (old, "json_ld", old.isoformat(), None, old)
