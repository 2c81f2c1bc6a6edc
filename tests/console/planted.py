"""A small lawful database, planted by hand: four reports by three outlets in two stories, one text reprinted."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dedup.idf import Idf
from foundation.urls import url_key
from pipelines.fold.record import recount
from storage.engine import Database
from storage.models import (
    Article,
    Block,
    CopyGroup,
    Decision,
    DecisionLink,
    Feed,
    Gap,
    IdfEpoch,
    Key,
    Label,
    Link,
    Membership,
    Neighbour,
    Page,
    Poll,
    RawBody,
    Reading,
    Review,
    Run,
    Scored,
    Site,
    SiteBlock,
    SitePage,
    Source,
    Story,
    StoryEvent,
    Version,
    Watch,
    WatchArticle,
)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
BRIDGE = "The bridge over the Tolland was closed on Monday after inspectors found cracks in two of its piers."
FERRIES = "Ferries will carry commuters across the river while engineers examine the damaged crossing, the mayor said."
HARVEST = "Growers expect the largest apple harvest in a decade after a mild spring, a survey of orchards shows."


@dataclass
class World:
    """What was planted, by the outlet that told it."""

    articles: dict[str, int] = field(default_factory=dict)
    readings: dict[str, int] = field(default_factory=dict)
    bridge: int = 0  # the story of the bridge: Courier, Gazette (a copy), Ledger (own words)
    harvest: int = 0  # another story: Ledger again
    merged: int = 0  # a story that was merged into the bridge
    run: int = 0


def plant(database: Database) -> World:
    """Fill an empty database."""
    world = World()
    with database.write() as session:
        world.run = _run(session)
        for name, owner in (("Courier", "Tolland Media"), ("Gazette", "Tolland Media"), ("Ledger", None)):
            session.add(Source(name=name, url=f"https://{name.lower()}.example/", owner=owner, created_at=NOON))
        session.flush()
        groups = [CopyGroup(created_at=NOON) for _ in range(3)]
        session.add_all(groups)
        session.flush()
        _article(session, world, "Courier", "Bridge closed", BRIDGE, 0, groups[0].id)
        _article(session, world, "Gazette", "Bridge closed", BRIDGE, 12, groups[0].id, copied_from="Courier")
        _article(session, world, "Ledger", "Ferries replace bridge", FERRIES, 30, groups[1].id)
        _article(session, world, "Ledger harvest", "Apple harvest", HARVEST, 60, groups[2].id)
        _link(session, world)
        _stories(session, world)
        _scores(session, world)
        _decision(session, world)
        _watch(session, world)
        _gap(session)
        _site(session, world)
    return world


def _run(session: Session) -> int:
    run = Run(
        cause="manual",
        state="ok",
        started_at=NOON,
        heartbeat_at=NOON,
        finished_at=NOON,
        host="here",
        pid=1,
        process_started="",
    )
    session.add(run)
    session.flush()
    return run.id


def _article(
    session: Session,
    world: World,
    name: str,
    title: str,
    text: str,
    minutes: int,
    group: int,
    copied_from: str | None = None,
) -> None:
    outlet = name.split()[0]
    source = session.query(Source).filter_by(name=outlet).one()
    url = f"https://{outlet.lower()}.example/{title.replace(' ', '-').lower()}"
    at = NOON + timedelta(minutes=minutes)
    article = Article(
        source_id=source.id,
        key=url_key(url),
        url=url,
        kind="article",
        title=title,
        authors=[],
        language="en",
        first_seen_at=at,
        time=at,
        copy_group_id=group,
        copied_from_id=world.articles[copied_from] if copied_from else None,
    )
    session.add(article)
    session.flush()
    page = Page(
        source_id=source.id,
        key=url_key(url),
        url=url,
        state="read",
        run_id=world.run,
        found_at=at,
        fetched_at=at,
        read_at=at,
        status=200,
        article_id=article.id,
    )
    session.add(page)
    session.flush()
    session.add(
        RawBody(
            page_id=page.id,
            run_id=world.run,
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
    world.articles[name], world.readings[name] = article.id, _reading(session, article, page, text, at)


def _reading(session: Session, article: Article, page: Page, text: str, at: datetime) -> int:
    version = Version(
        article_id=article.id, number=1, page_id=page.id, seen_at=at, title=article.title, sha256=b"1" * 32
    )
    session.add(version)
    session.flush()
    reading = Reading(
        article_id=article.id,
        version_id=version.id,
        number=1,
        is_current=True,
        kind="article",
        rules_version=1,
        created_at=at,
        text=text,
        words=len(text.split()),
        sha256=b"2" * 32,
        keyed_at=at,
        grouped_at=at,
        folded_at=at,
    )
    session.add_all([Block(version_id=version.id, position=0, text=text), reading])
    session.add(Block(version_id=version.id, position=1, text="Follow us"))
    session.flush()
    session.add(Label(reading_id=reading.id, position=1, label="share", rule="follow"))
    reading.bucket = 2_500
    session.add(Key(bucket=2_500, hash=article.id * 8 + 2, reading_id=reading.id))
    return reading.id


def _link(session: Session, world: World) -> None:
    session.add(
        Link(
            kind="copy",
            article_a_id=world.articles["Courier"],
            article_b_id=world.articles["Gazette"],
            reading_a_id=world.readings["Courier"],
            reading_b_id=world.readings["Gazette"],
            jaccard=1.0,
            containment_a=1.0,
            containment_b=1.0,
            shared_words=19,
            evidence={},
            rules_version=1,
            created_at=NOON,
        )
    )


def _stories(session: Session, world: World) -> None:
    bridge, harvest = (
        _story(session, world, "Courier", "Bridge closed", (3, 3, 2, 2), minutes=(0, 30)),
        _story(session, world, "Ledger harvest", "Apple harvest", (1, 1, 1, 1), minutes=(60, 60)),
    )
    merged = Story(state="merged", merged_into_id=bridge, title="Ferries", created_at=NOON, first_at=NOON, last_at=NOON)
    session.add(merged)
    session.flush()
    session.add(StoryEvent(story_id=merged.id, at=NOON, kind="merged", other_story_id=bridge, reason="one event"))
    _place(session, world, bridge, "Courier", "first", "the first report")
    _place(session, world, bridge, "Gazette", "copy", "prints the text of Courier", via="Courier")
    _place(session, world, bridge, "Ledger", "same_event", "bridge, Tolland, mayor", via="Courier")
    _place(session, world, harvest, "Ledger harvest", "first", "the only report so far")
    session.flush()
    recount(session, (bridge, harvest))
    world.bridge, world.harvest, world.merged = bridge, harvest, merged.id


def _story(
    session: Session, world: World, first: str, title: str, counts: tuple[int, int, int, int], minutes: tuple[int, int]
) -> int:
    articles, outlets, owners, copy_groups = counts
    story = Story(
        state="open",
        title=title,
        language="en",
        created_at=NOON,
        first_at=NOON + timedelta(minutes=minutes[0]),
        last_at=NOON + timedelta(minutes=minutes[1]),
        first_article_id=world.articles[first],
        articles=articles,
        outlets=outlets,
        owners=owners,
        copy_groups=copy_groups,
    )
    session.add(story)
    session.flush()
    return story.id


def _place(
    session: Session, world: World, story: int, name: str, basis: str, reason: str, via: str | None = None
) -> None:
    session.add(
        Membership(
            story_id=story,
            article_id=world.articles[name],
            reading_id=world.readings[name],
            joined_at=NOON,
            basis=basis,
            via_article_id=world.articles[via] if via else None,
            score=0.31 if via else None,
            threshold=0.07 if via else None,
            runner_up=0.02 if via else None,
            margin=0.29 if via else None,
            evidence={"terms": ["bridge"]} if via else {},
            reason=reason,
            rules_version=1,
        )
    )


def _scores(session: Session, world: World) -> None:
    """Every copy group was scored; the first two are neighbours."""
    session.add(IdfEpoch(language="en", number=1, made_at=NOON, read=2, articles=2, counts=Idf().pack()))
    rows = session.execute(
        select(Article.copy_group_id, func.min(Article.id))
        .where(Article.copy_group_id.is_not(None))
        .group_by(Article.copy_group_id)
        .order_by(Article.copy_group_id)
    ).all()
    names = {number: name for name, number in world.articles.items()}
    for group, article in rows:
        scored = {"group_id": group, "article_id": article, "reading_id": world.readings[names[article]], "at": 0}
        session.add(
            Scored(**scored, language="en", terms=b"", epoch=1, rules="planted", is_done=True, sampled_below=1.0)
        )
    (a, _), (b, _), *_ = rows
    pair = {"group_a_id": a, "group_b_id": b, "score": 0.5, "days_apart": 0.1, "weight": 1.0}
    session.add(Neighbour(**pair, chance_a=1.0, chance_b=1.0, epoch=1))


def _decision(session: Session, world: World) -> None:
    """Somebody was asked, and was sure that the Courier and its copy tell one event."""
    decision = Decision(kind="merge", story_id=world.bridge, decided_by="ana", why="one bridge", decided_at=NOON)
    session.add(decision)
    session.flush()
    a, b = world.articles["Courier"], world.articles["Gazette"]
    session.add(DecisionLink(decision_id=decision.id, article_a_id=a, article_b_id=b, kind="must_link"))
    session.add(
        Review(
            kind="miss",
            article_a_id=a,
            article_b_id=b,
            reading_a_id=world.readings["Courier"],
            reading_b_id=world.readings["Gazette"],
            draw=1,
            score=0.19,
            needed=0.2,
            answer="yes",
            decision_id=decision.id,
        )
    )


def _watch(session: Session, world: World) -> None:
    watch = Watch(name="bridges", query="bridge*", read_upto=max(world.readings.values()), created_at=NOON)
    session.add(watch)
    session.flush()
    for name in ("Courier", "Gazette", "Ledger"):
        article, reading = world.articles[name], world.readings[name]
        session.add(WatchArticle(watch_id=watch.id, article_id=article, reading_id=reading, matched_at=NOON))


def _gap(session: Session) -> None:
    """A closed gap of the Courier's feed, which is no longer polled: it had lost the bridge."""
    page = session.query(Page).filter(Page.url.contains("courier")).one()
    url, later = "https://courier.example/rss", NOON + timedelta(hours=2)
    feed = Feed(
        source_id=page.source_id,
        url=url,
        key=url_key(url),
        kind="rss",
        is_enabled=False,
        next_poll_at=later,
        interval_seconds=300,
    )
    session.add(feed)
    session.flush()
    poll = Poll(feed_id=feed.id, at=later, outcome="read", entries=20, entries_before=20)
    session.add(poll)
    session.flush()
    gap = Gap(
        feed_id=feed.id,
        poll_id=poll.id,
        since=NOON,
        until=later,
        state="closed",
        reason="the sitemap lists 1 page that no feed showed",
        pages_listed=1,
        pages_missed=1,
        checks=1,
        opened_at=later,
        decided_at=later,
        closed_at=later,
    )
    session.add(gap)
    session.flush()
    page.gap_id = gap.id


def _site(session: Session, world: World) -> None:
    """What the Courier's one page has taught."""
    site = Site(name="courier.example")
    session.add(site)
    session.flush()
    article, digest, day = world.articles["Courier"], b"follow u", NOON.date()
    page = SitePage(site_id=site.id, article_id=article, page_group=article, day=day, digests=digest)
    page.words, page.words_cut = 19, 0
    session.add(page)
    session.add(SiteBlock(site_id=site.id, digest=digest, page_groups=1, days=1, first_seen=day, last_seen=day))
