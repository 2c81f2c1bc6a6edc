"""What the demo's outlets teach about themselves: nothing on one day, their furniture and no sentence on two."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

from sqlalchemy import select

from console.newsweb.content import load_content
from console.newsweb.site import Site
from console.newsweb.truth import load_truth
from pipelines.extract import read_page
from pipelines.reading import Article, Block
from storage import models
from storage.engine import Database
from tests.pipelines.test_remembering import check
from tests.pipelines.test_save import read

CONTENT, TRUTH = load_content(), load_truth()
BASE = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
OUTLET = "northlight.test"
SHARE = "Share this story with someone who stays up late"


@cache
def web() -> dict[str, Article]:
    """Return what the pages of the truth say, by their addresses; no rule has labelled anything."""
    site, found = Site(CONTENT, BASE, port=8000, trap=8001, tick=-1), {}
    for address in TRUTH.articles:
        host, _, path = address.partition("/")
        for _ in range(2):  # some pages fail once
            reply = site.answer(host, f"/{path}", {})
        assert isinstance(reply.body, bytes)
        charset = CONTENT.outlets[host].charset
        said = read_page(reply.body, f"http://{address}", f"text/html; charset={charset}", now=BASE)
        assert isinstance(said, Article), address
        found[address] = replace(said, blocks=tuple(Block(block.text) for block in said.blocks))
    return found


def crawl(database: Database, days: int) -> dict[str, set[str]]:
    """Save every page, on days in turn; return what was learnt of each site."""
    for number, (address, said) in enumerate(web().items()):
        read(database, f"http://{address}", said, BASE + timedelta(days=number % days))
    learnt: dict[str, set[str]] = {}
    query = select(models.Site.name, models.SiteBlock.sample).join(models.Site)
    with database.read() as session:
        for name, sample in session.execute(query.where(models.SiteBlock.furniture_since.is_not(None))):
            learnt.setdefault(name, set()).add(sample or "")
    return learnt


def test_one_day_of_the_news_web_teaches_nothing(database: Database) -> None:
    assert not crawl(database, 1)
    check(database)


def test_two_days_of_the_news_web_teach_furniture_and_no_sentence_of_a_story(database: Database) -> None:
    learnt = crawl(database, 2)
    assert SHARE in learnt[OUTLET]
    assert len(learnt[OUTLET]) >= 3
    told = {line for article in CONTENT.articles for line in article.body}
    assert not told & set().union(*learnt.values())
    check(database)
