"""The comparison of a crawl with the truth finds each kind of difference and nothing in a perfect crawl."""

from dataclasses import replace

import pytest

from console.newsweb.check import Found, compare
from console.newsweb.truth import load_truth

TRUTH = load_truth()
WEB = ":8000/"


def url(address: str) -> str:
    return address if ":" in address else f"http://{address.replace('/', WEB, 1)}"


def perfect() -> dict[str, Found]:
    """What a perfect crawl and fold finds, by address."""
    rows = {}
    firsts = {event.first for event in TRUTH.events.values()}
    for article in TRUTH.articles.values():
        for address in (article.address, *article.pages):
            rows[address] = Found(
                url=url(address),
                state="read",
                reason=None,
                article_url=url(article.address),
                kind="article",
                copy_group=article.copy_group,
                story=article.event or article.address,
                first=article.address in firsts,
                title=article.title,
                text="\n\n".join(article.has),
                versions=article.versions,
            )
    for page in TRUTH.pages.values():
        if not page.optional:
            reason = page.reasons[0] if page.reasons else None
            own = url(page.address) if page.kind else None
            rows[page.address] = Found(url(page.address), page.states[0], reason, own, page.kind)
    return rows


def differences(rows: dict[str, Found]) -> list[str]:
    return compare(rows.values(), TRUTH)


def test_a_perfect_crawl_differs_in_nothing() -> None:
    assert differences(perfect()) == []


FIRST = "meridian-post.test/politics/marrack-drones-harrow-line"
REPORT = "northlight.test/story/rescue-drones-harrow-strait"
WIRE = "brannock-ledger.test/news/calvaine-lets-coast-guard-fly-drones/"
OTHER = "meridian-post.test/politics/fuel-levy-passes"


@pytest.mark.parametrize(
    ("address", "change", "words"),
    [
        (FIRST, {"state": "failed", "reason": "timeout"}, "should be an article"),
        (FIRST, {"article_url": "http://meridian-post.test/other"}, "should belong to"),
        (FIRST, {"kind": "video"}, "kind 'video'"),
        (FIRST, {"title": "Something else"}, "title 'Something else'"),
        (FIRST, {"text": ""}, "its text lacks"),
        (FIRST, {"text": "Follow us on social media"}, "holds the furniture"),
        (FIRST, {"versions": 2}, "2 versions"),
        (FIRST, {"first": False}, "first is said to be nobody"),
        (REPORT, {"first": True}, "first is said to be"),
        (REPORT, {"story": "elsewhere"}, "the story 'rescue-drones' is in 2 pieces"),
        (WIRE, {"copy_group": "alone"}, "the copy group 'rescue-drones: wire' is in 2 pieces"),
        (OTHER, {"story": "rescue-drones"}, "story rescue-drones joins what is apart"),
        (OTHER, {"copy_group": None}, "in no copy group"),
        ("grabber-daily.test/go/decimal", {"state": "read", "reason": None}, "should be refused"),
        ("grabber-daily.test/endless", {"reason": "robots"}, "names none of"),
        ("grabber-daily.test/self", {"article_url": "http://grabber-daily.test/self"}, "should be none"),
        ("northlight.test/live/storm-petrel", {"kind": "article"}, "should be 'live_blog'"),
        ("northlight.test/live/storm-petrel", {"story": 7}, "should be in none"),
    ],
)
def test_each_difference_is_said_in_words(address: str, change: dict[str, object], words: str) -> None:
    rows = perfect()
    rows[address] = replace(rows[address], **change)  # type: ignore[arg-type]
    assert any(words in line for line in differences(rows)), differences(rows)


@pytest.mark.parametrize(
    "address", [FIRST, "northlight.test/amp/story/rescue-drones-harrow-strait", "grabber-daily.test/self"]
)
def test_a_missing_page_is_missed(address: str) -> None:
    rows = perfect()
    del rows[address]
    assert any(line == f"{address}: never found" for line in differences(rows))


def test_a_page_that_may_be_read_or_not_is_right_either_way() -> None:
    rows = perfect()
    nested = "grabber-daily.test/nested"
    rows[nested] = Found(url(nested), "read", None, url(nested), "article", copy_group=1, story=1)
    assert differences(rows) == []


def test_a_page_from_nowhere_is_noticed() -> None:
    rows = perfect()
    rows["x"] = Found("http://127.0.0.1:9/inside", "read", None)
    assert any("127.0.0.1/inside: a page that the news web does not have" in line for line in differences(rows))


def test_feeds_fail_where_they_should_and_only_there() -> None:
    broken = [url(feed) for feed in TRUTH.broken_feeds]
    assert compare(perfect().values(), TRUTH, failed_feeds=broken) == []
    assert "passed for one" in compare(perfect().values(), TRUTH, failed_feeds=[])[0]
    found = compare(perfect().values(), TRUTH, failed_feeds=[*broken, url("shiomi.test/feed.json")])
    assert found == ["shiomi.test/feed.json: the feed failed, should have been read"]


def test_ports_and_tracking_make_no_difference() -> None:
    rows = perfect()
    rows[WIRE] = replace(rows[WIRE], url=f"http://{WIRE}?utm_source=rss&utm_medium=feed")
    assert differences(rows) == []
