"""Links, lineage and groups in the database: proof that can be worked out again, orders that do not matter, crowds."""

import random
from collections import defaultdict
from dataclasses import asdict
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from dedup.links import links_between, prepare
from foundation.urls import url_key
from pipelines.fold.process import fold, group
from pipelines.fold.rules import FoldRules
from storage.engine import Database
from storage.models import Article, CopyGroup, Feed, Link, Page, Poll, Reading, Source
from tests.dedup.made import REPORT_A, REPORT_B
from tests.pipelines.arriving import NOON, Arrival, arrive, made_text

RULES = FoldRules()


def sentences(seed: int, count: int) -> list[str]:
    return made_text(seed, 12 * count).split(". ")


def test_every_stored_link_can_be_worked_out_again_from_the_stored_texts(database: Database) -> None:
    wire, round_up = sentences(1, 40), sentences(2, 60)
    arrive(
        database,
        Arrival("wire", ". ".join(wire)),
        Arrival("reprint", ". ".join(wire[:-3]), hours=1),
        Arrival("brief", ". ".join(wire[4:11]), hours=2),
        Arrival("rewritten", ". ".join(wire[:18] + sentences(3, 20)), hours=3),
        Arrival("round-up", ". ".join(round_up[:20] + wire[20:28] + round_up[20:]), hours=4),
        Arrival("report-a", REPORT_A[1], title="Orrick gets its pumps at last", hours=5),
        Arrival("report-b", REPORT_B[1], title="Orrick gets its pumps at last", hours=6),
    )
    fold(database, RULES)
    with database.read() as session:
        links = session.scalars(select(Link)).all()
        read = {
            row.id: prepare(row.article_id, row.title, row.text)
            for row in session.execute(
                select(Reading.id, Reading.article_id, Article.title, Reading.text).join(
                    Article, Article.id == Reading.article_id
                )
            )
        }
        assert {link.kind for link in links} == {
            "copy",
            "excerpt",
            "revision",
            "passage",
            "same_headline",
            "shared_quote",
        }
        for link in links:
            again = {
                str(found.kind): found
                for found in links_between(read[link.reading_a_id], read[link.reading_b_id], RULES.copies)
            }[link.kind]
            assert (link.jaccard, link.containment_a, link.containment_b) == (
                again.jaccard,
                again.containment_a,
                again.containment_b,
            )
            assert (link.share_a, link.share_b, link.shared_words) == (again.share_a, again.share_b, again.shared_words)
            assert link.evidence == {"spans": [asdict(span) for span in again.spans]}


def test_a_link_says_which_text_lies_in_which_and_who_printed_a_passage_first(database: Database) -> None:
    wire, round_up = sentences(1, 40), sentences(2, 60)
    ids = arrive(
        database,
        Arrival("wire", ". ".join(wire)),
        Arrival("brief", ". ".join(wire[4:11]), hours=40),
        Arrival("round-up", ". ".join(round_up[:20] + wire[20:28] + round_up[20:]), hours=80),
    )
    with database.write() as session:  # times that are certain
        session.execute(update(Article).values(published_at=Article.time, published_from="file"))
    fold(database, RULES)
    with database.read() as session:
        seen = session.execute(text("SELECT kind, role, article, other FROM article_links ORDER BY kind, role")).all()
    names = {article: name for name, article in ids.items()}
    assert [(kind, role, names[article], names[other]) for kind, role, article, other in seen] == [
        ("excerpt", "holds", "wire", "brief"),
        ("excerpt", "lies_in", "brief", "wire"),
        ("passage", "earlier", "wire", "round-up"),
        ("passage", "later", "round-up", "wire"),
    ]


def lineage(database: Database) -> dict[str, tuple[str | None, str | None]]:
    """The name of the text that each article was copied from, and what is known of the order."""
    with database.read() as session:
        names = dict(session.execute(select(Article.id, Article.url)).all())
        rows = session.execute(select(Article.url, Article.copied_from_id, Article.copied_order))
        return {row.url: (names.get(row.copied_from_id), row.copied_order) for row in rows}


def watched(database: Database, name: str, *, not_listed: float, listed: float) -> None:
    """Let a feed of the article's outlet have been read at two hours, and have listed it at the second."""
    with database.write() as session:
        article = session.scalars(select(Article).where(Article.url == name)).one()
        source = session.get_one(Source, article.source_id)
        url = f"https://example.com/{name}"
        feed = Feed(
            source_id=source.id,
            url=url,
            key=url_key(url),
            kind="rss",
            next_poll_at=NOON,
            interval_seconds=300,
        )
        session.add(feed)
        session.flush()
        article.first_seen_at = NOON + timedelta(hours=listed)
        times = [NOON + timedelta(hours=hours) for hours in (not_listed, listed)]
        session.add_all(Poll(feed_id=feed.id, at=at, outcome="read") for at in times)
        session.add(
            Page(
                source_id=source.id,
                feed_id=feed.id,
                key=url_key(url + "/page"),
                url=url,
                state="read",
                found_at=times[1],
                article_id=article.id,
            )
        )


def claim(database: Database, name: str, hours: float, raw: str) -> None:
    with database.write() as session:
        at = NOON + timedelta(hours=hours)
        values = {"published_at": at, "published_from": "json_ld", "published_raw": raw, "time": at}
        session.execute(update(Article).where(Article.url == name).values(values))


ZONED = "2026-06-01T12:00:00+00:00"


def test_who_copied_whom_is_certain_where_polls_tell_and_undetermined_where_they_overlap(database: Database) -> None:
    body = made_text(1)
    arrive(database, *[Arrival(name, body, source=name) for name in ("first", "second", "third")])
    for name, hours in (("first", 0.0), ("second", 3.0), ("third", 3.2)):
        claim(database, name, hours, ZONED)
        watched(database, name, not_listed=hours - 0.3, listed=hours + 0.3)
    fold(database, RULES)
    assert lineage(database) == {"first": (None, None), "second": ("first", "after"), "third": ("first", "after")}
    with database.read() as session:
        row = session.execute(text("SELECT origin, origin_basis, texts, articles FROM copy_groups")).one()
    assert tuple(row) == ("first", "first", 1, 3)


def test_an_outlet_that_dates_itself_early_is_not_called_the_first(database: Database) -> None:
    body = made_text(1)
    arrive(database, *[Arrival(name, body, source=name) for name in ("honest", "boaster")])
    claim(database, "honest", 0.0, ZONED)
    watched(database, "honest", not_listed=-0.3, listed=0.3)
    claim(database, "boaster", -5.0, ZONED)
    watched(database, "boaster", not_listed=1.7, listed=2.3)
    fold(database, RULES)
    with database.read() as session:
        row = session.execute(text("SELECT origin, origin_basis FROM copy_groups")).one()
    assert tuple(row) == ("honest", "first")
    assert lineage(database)["boaster"] == ("honest", "after")


def test_without_polls_nobody_within_the_doubt_of_clocks_is_called_the_first(database: Database) -> None:
    body = made_text(1)
    arrive(database, *[Arrival(name, body, source=name) for name in ("early", "late")])
    claim(database, "early", 0.0, ZONED)
    claim(database, "late", 1.0, ZONED)
    with database.write() as session:
        session.execute(update(Article).values(first_seen_at=NOON + timedelta(hours=9)))
    fold(database, RULES)
    assert lineage(database) == {"early": (None, None), "late": ("early", "undetermined")}
    with database.read() as session:
        row = session.execute(text("SELECT origin, origin_basis, first_outlet FROM copy_groups")).one()
    assert tuple(row) == (None, "undetermined", "early")


def test_a_credited_agency_is_the_origin_though_its_page_was_never_crawled(database: Database) -> None:
    arrive(database, *[Arrival(name, made_text(1), source=name, hours=number) for number, name in enumerate("abc")])
    with database.write() as session:
        session.execute(update(Article).where(Article.url != "a").values(agency="Reuters"))
    fold(database, RULES)
    with database.read() as session:
        row = session.execute(text("SELECT origin, origin_basis, outlets FROM copy_groups")).one()
    assert tuple(row) == ("Reuters", "agency", 3)


def groups(database: Database) -> set[frozenset[str]]:
    found: dict[int | None, set[str]] = defaultdict(set)
    with database.read() as session:
        for name, group in session.execute(select(Article.url, Article.copy_group_id)):
            found[group].add(name)
    return {frozenset(names) for names in found.values()}


def stream(pick: random.Random, count: int) -> list[Arrival]:
    """Texts printed once to forty times under edits, with briefs, round-ups and drifting revisions between them."""
    found: list[Arrival] = []
    while len(found) < count:
        seed = len(found) + 1
        body = sentences(seed, 16)
        copies = min(pick.choice([1, 1, 2, 3, 5, 8, 40]), count - len(found))
        for copy in range(copies):
            edited = [part for part in body if pick.random() > 0.12] + sentences(
                50_000 + len(found), pick.randint(0, 3)
            )
            found.append(Arrival(f"{seed}-{copy}", ". ".join(edited), hours=pick.uniform(0, 200), source=f"O{copy}"))
            body = edited[:16] if pick.random() < 0.2 else body
    return found


def test_a_group_that_is_taken_apart_while_one_of_its_texts_waits_loses_nobody(database: Database) -> None:
    sentences = made_text(1, 12 * 20).split(". ")

    def printed(name: str, start: int, length: int) -> Arrival:
        return Arrival(name, ". ".join(sentences[start : start + length]), source=f"Outlet {name}")

    arrive(database, printed("a", 0, 8), printed("b", 0, 8), printed("c", 0, 8))
    group(database, FoldRules())
    arrive(database, printed("d", 6, 8), printed("e", 0, 10), printed("b", 6, 8))
    group(database, FoldRules(batch=1))
    assert groups(database) == {frozenset("ace"), frozenset("bd")}


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_twenty_shuffles_of_a_thousand_articles_give_identical_groups(database: Database) -> None:
    articles = stream(random.Random(7), 1_000)
    seen = set()
    for shuffle in range(20 if database.dialect == "sqlite" else 3):
        pick = random.Random(shuffle)
        pick.shuffle(articles)
        with database.write() as session:
            for table in (
                "story_event",
                "membership",
                "neighbour",
                "posting",
                "scored",
                "link",
                "key",
                "key_bucket",
                "idf",
            ):
                session.execute(text(f"DELETE FROM {table}"))
            session.execute(text("UPDATE article SET copied_from_id = NULL, copy_group_id = NULL"))
            for table in ("story", "copy_group", "block", "reading", "version", "article"):
                session.execute(text(f"DELETE FROM {table}"))
        at = 0
        while at < len(articles):
            step = pick.choice([50, 200, 400])
            arrive(database, *articles[at : at + step])
            group(database, FoldRules(batch=pick.choice([20, 100, 200])))
            at += step
        seen.add(frozenset(groups(database)))
    assert len(seen) == 1
    assert len(next(iter(seen))) > 100


@pytest.mark.slow
@pytest.mark.parametrize("own_words", [0, 12])
def test_a_crowd_that_arrives_at_once_is_one_group_with_few_links(database: Database, own_words: int) -> None:
    body = made_text(1)
    arrive(
        database,
        *[
            Arrival(f"copy-{n}", f"{body} {made_text(1_000 + n, own_words)}", hours=n / 500, source=f"O{n % 40}")
            for n in range(1_500)
        ],
    )
    fold(database, RULES)
    with database.read() as session:
        links = session.scalar(select(func.count()).select_from(Link).where(Link.kind == "copy")) or 0
        assert (
            session.scalar(select(func.count()).select_from(CopyGroup).where(CopyGroup.merged_into_id.is_(None))) == 1
        )
    assert len(groups(database)) == 1
    assert links <= 1_500 * (RULES.most_links_of_same_text if not own_words else RULES.most_links)
