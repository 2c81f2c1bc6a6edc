"""The news web's content and its truth file agree with each other, and with what the texts measure."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations
from xml.etree import ElementTree

import feedparser
import pytest

from console.newsweb.check import _plain
from console.newsweb.content import Article, load_content
from console.newsweb.replies import Reply
from console.newsweb.site import Site
from console.newsweb.truth import TrueArticle, load_truth

CONTENT, TRUTH = load_content(), load_truth()
BASE = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
FEEDS = [(outlet.host, feed) for outlet in CONTENT.outlets.values() for feed in outlet.feeds]
PRINTED = {f"{item.host}{item.path}": item.update or item for item in CONTENT.articles}


def phase_two() -> Site:
    return Site(CONTENT, BASE, port=8000, trap=8001, tick=-1)


def ask(address: str) -> Reply:
    """The second answer to two requests: some pages fail once."""
    host, _, path = address.partition("/")
    site = phase_two()
    site.answer(host, f"/{path}", {})
    return site.answer(host, f"/{path}", {})


def shingles(article: Article) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", " ".join(article.body).lower())
    return {tuple(words[start : start + 3]) for start in range(len(words) - 2)}


def pairs() -> Iterator[tuple[TrueArticle, TrueArticle, float]]:
    """Each pair of articles with the Jaccard likeness of their word 3-shingles."""
    sets = {address: shingles(PRINTED[address]) for address in TRUTH.articles}
    for one, other in combinations(TRUTH.articles.values(), 2):
        a, b = sets[one.address], sets[other.address]
        yield one, other, len(a & b) / len(a | b)


def test_it_is_big_and_varied_enough() -> None:
    assert len(CONTENT.outlets) >= 8
    assert len(TRUTH.articles) >= 50
    assert len(TRUTH.events) >= 6
    assert sum(article.event is None for article in TRUTH.articles.values()) >= 15
    assert {"rss2", "rss1", "rss091", "atom", "json", "broken"} == {feed.kind for _, feed in FEEDS}
    assert {"en", "uk", "ar", "ja"} == {outlet.language for outlet in CONTENT.outlets.values()}
    assert len({outlet.template for outlet in CONTENT.outlets.values()}) >= 8


def test_every_article_of_the_truth_is_served_and_says_what_it_should() -> None:
    for article in TRUTH.articles.values():
        for address in (article.address, *article.pages):
            reply = ask(address)
            assert reply.status == 200, address
        printed = PRINTED[article.address]
        for sentence in article.has:
            assert any(sentence in text for text in printed.body), (article.address, sentence)
        assert article.title == printed.title


def test_every_article_served_is_in_the_truth() -> None:
    closed = {"capital-standard.test/members/0007.htm"}
    assert {key for key, item in PRINTED.items() if item.kind == "article"} - closed == TRUTH.articles.keys()


def test_no_line_of_furniture_is_in_the_story_itself() -> None:
    for article in TRUTH.articles.values():
        story = _plain(" ".join(PRINTED[article.address].body))
        for line in (*article.has_not, *TRUTH.furniture[article.address.partition("/")[0]]):
            assert _plain(line) not in story, (article.address, line)


@pytest.mark.parametrize("host", CONTENT.outlets)
def test_every_line_of_furniture_is_on_some_page_of_its_outlet(host: str) -> None:
    pages = ""
    for address in TRUTH.articles:
        if address.startswith(f"{host}/"):
            body = ask(address).body
            assert isinstance(body, bytes)
            text = re.sub(r"<[^>]+>|&#x27;", "", body.decode(CONTENT.outlets[host].charset))
            pages += _plain(text.replace("&amp;", "&"))
    for line in TRUTH.furniture[host]:
        assert _plain(line) in pages, line


def test_a_truth_s_event_is_the_sum_of_its_articles() -> None:
    for event in TRUTH.events.values():
        members = [article for article in TRUTH.articles.values() if article.event == event.name]
        assert event.articles == len(members)
        assert event.outlets == len({article.address.partition("/")[0] for article in members})
        assert event.copy_groups == len({article.copy_group for article in members})
        assert event.first == max(members, key=lambda article: PRINTED[article.address].minutes).address
        if event.looks_like:
            assert TRUTH.events[event.looks_like].looks_like == event.name
    assert {article.event for article in TRUTH.articles.values()} - {None} == TRUTH.events.keys()


def test_copies_are_alike_and_nothing_else_is() -> None:
    for one, other, likeness in pairs():
        if one.copy_group == other.copy_group:
            assert likeness > 0.5, (one.address, other.address)
        elif "excerpt" in (one.relation, other.relation):
            assert likeness < 0.4, (one.address, other.address)
        else:
            assert likeness < 0.05, (one.address, other.address)


def test_excerpts_lie_in_what_they_were_cut_from() -> None:
    briefs = [article for article in TRUTH.articles.values() if article.relation == "excerpt"]
    assert len(briefs) >= 3
    for brief in briefs:
        assert brief.of
        inner, outer = shingles(PRINTED[brief.address]), shingles(PRINTED[brief.of])
        assert len(inner & outer) / len(inner) > 0.8
        assert len(outer) > 2.5 * len(inner)


def test_two_reports_of_their_own_share_one_quotation_in_two_spellings() -> None:
    first = " ".join(PRINTED["meridian-post.test/politics/marrack-drones-harrow-line"].body)
    later = " ".join(PRINTED["northlight.test/story/rescue-drones-harrow-strait"].body)
    assert "use US-supplied drones for search and rescue on both sides of the line" in first
    assert "use U.S. supplied drones for search and rescue on both sides of the line" in later


@pytest.mark.parametrize(("host", "feed"), FEEDS, ids=lambda value: getattr(value, "path", value))
def test_feeds_are_well_formed_but_for_the_one_that_should_not_be(host: str, feed: object) -> None:
    path, kind = getattr(feed, "path", ""), getattr(feed, "kind", "")
    reply = phase_two().answer(host, path, {})
    assert isinstance(reply.body, bytes)
    assert (kind == "broken") == (f"{host}{path}" in TRUTH.broken_feeds)
    if kind == "json":
        assert json.loads(reply.body)["items"]
    elif kind == "broken":
        with pytest.raises(ElementTree.ParseError):
            ElementTree.fromstring(reply.body)
    else:
        ElementTree.fromstring(reply.body)
        assert feedparser.parse(reply.body).entries


def test_every_page_of_the_truth_is_linked_from_a_feed() -> None:
    site = phase_two()
    feeds = b" ".join(body for host, feed in FEEDS if isinstance(body := site.answer(host, feed.path, {}).body, bytes))
    linked = set(re.findall(r"https?://([^/:]+):\d+(/[^\s\"<?]*)", feeds.decode("utf-8", "replace")))
    addresses = {host + path for host, path in linked}
    pages = {page for article in TRUTH.articles.values() for page in (article.address, *article.pages)}
    assert pages | {name for name, page in TRUTH.pages.items() if not page.optional} <= addresses


def test_the_same_moment_and_phase_give_the_same_bytes() -> None:
    counted = Counter(ask(address).body for address in list(TRUTH.articles)[:10] * 2)
    assert set(counted.values()) == {2}


def test_unknown_words_in_a_content_file_are_refused() -> None:
    with pytest.raises(TypeError):
        TrueArticle(address="a", copy_group="b", colour="red")  # type: ignore[call-arg]
