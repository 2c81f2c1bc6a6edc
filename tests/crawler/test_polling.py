"""What a feed's answer means, without a network."""

from datetime import UTC, datetime, timedelta

from crawler.polling.meaning import MOST_CHILDREN, children, gap, kind_of, links, listing
from crawler.readers.feeds import Entry, FeedEntries, SitemapChild, SitemapIndex
from foundation.urls import url_key
from storage.feeds import Listing
from storage.pages import Found
from storage.sitemaps import DEEPEST

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
INDEX, HOME = "https://maps.a.example/index.xml", "https://www.a.example/"
OWN = (url_key(INDEX),)


def found(*numbers: int, hours_ago: float = 1) -> tuple[Found, ...]:
    time = NOW - timedelta(hours=hours_ago)
    urls = [f"https://a.example/{number}" for number in numbers]
    return tuple(Found(url, url_key(url), time=time) for url in urls)


def listed(*numbers: int, hours_ago: float = 5) -> Listing:
    kept, _, _ = listing(None, found(*numbers, hours_ago=hours_ago), now=NOW - timedelta(hours=hours_ago))
    assert kept is not None
    return kept


def test_a_first_list_is_kept_and_compared_with_nothing() -> None:
    kept, overlap, _ = listing(None, found(1, 2, 3), now=NOW)
    assert kept is not None
    assert (kept.at, kept.oldest, kept.newest) == (NOW, NOW - timedelta(hours=1), NOW - timedelta(hours=1))
    assert (overlap.before, overlap.again) == (0, 0)
    assert gap("rss", None, found(1, 2, 3), overlap, now=NOW) is None


def test_a_list_that_goes_on_has_no_gap_and_says_what_is_new() -> None:
    before = listed(1, 2, 3)
    _, overlap, new = listing(before, found(5, 4, 3), now=NOW)
    assert (overlap.before, overlap.again, new) == (3, 1, 2)
    assert gap("rss", before, found(5, 4, 3), overlap, now=NOW) is None


def test_a_list_that_turned_over_leaves_a_gap_of_a_feed_only() -> None:
    before = listed(1, 2, 3)
    _, overlap, new = listing(before, found(7, 8, 9), now=NOW)
    assert new == 3
    window = gap("rss", before, found(7, 8, 9), overlap, now=NOW)
    assert window is not None
    assert (window.since, window.until) == (NOW - timedelta(hours=5), NOW - timedelta(hours=1))
    for kind in ("sitemap", "news_sitemap", "section"):
        assert gap(kind, before, found(7, 8, 9), overlap, now=NOW) is None


def test_an_empty_list_is_nothing_to_compare_with() -> None:
    before = listed(1, 2, 3)
    kept, overlap, new = listing(before, (), now=NOW)
    assert (kept, new) == (None, 0), "the list before stays what the next is compared with"
    assert gap("rss", before, (), overlap, now=NOW) is None


def index(*entries: tuple[str, datetime | None], cut: int = 0) -> SitemapIndex:
    return SitemapIndex(tuple(SitemapChild(url, modified) for url, modified in entries), cut)


def test_children_of_an_index_come_newest_first_each_once_and_are_bounded() -> None:
    days = [(f"/{n}.xml", NOW - timedelta(days=n)) for n in range(MOST_CHILDREN + 20)]
    named, cut, refused = children(index(*reversed(days), days[0], ("/undated.xml", None), cut=5), INDEX, HOME, OWN)
    assert [child.url for child in named] == [f"https://maps.a.example/{n}.xml" for n in range(MOST_CHILDREN)]
    assert (cut, refused) == (20 + 1 + 5, [])


def test_children_are_of_the_same_site_and_no_loop() -> None:
    lineage = (url_key(INDEX), url_key("https://a.example/above.xml"))
    named, _, refused = children(
        index(
            ("child.xml", None),
            (HOME + "x.xml", None),
            (INDEX, None),
            ("https://a.example/above.xml#again", None),
            ("https://elsewhere.example/x.xml", None),
            ("file:///etc/hostname", None),
            ("http://", None),
        ),
        INDEX,
        HOME,
        lineage,
    )
    assert [child.url for child in named] == ["https://maps.a.example/child.xml", HOME + "x.xml"]
    assert [line.split(":")[0] for line in refused] == [
        "sitemap_loop",
        "sitemap_loop",
        "other_site",
        "not_http",
        "unparsable",
    ]


def test_indexes_below_indexes_end_somewhere() -> None:
    deep = tuple(url_key(f"https://a.example/{n}.xml") for n in range(DEEPEST))
    assert len(children(index(("x.xml", None)), INDEX, HOME, deep)[0]) == 1
    named, _, refused = children(index(("x.xml", None)), INDEX, HOME, (*deep, *OWN))
    assert (named, refused) == ((), ["too_deep: https://maps.a.example/x.xml"])


def test_a_bare_day_means_all_of_it() -> None:
    midnight = NOW.replace(hour=0)
    named, _, _ = children(index(("day.xml", midnight), ("moment.xml", NOW)), INDEX, HOME, OWN)
    assert [child.announced_at for child in named] == [midnight + timedelta(days=1), NOW]


def test_only_reading_tells_which_kind_a_sitemap_is() -> None:
    news, plain = FeedEntries((Entry("/x"),), is_news=True), FeedEntries((Entry("/x"),))
    assert [kind_of(kind, news) for kind in ("sitemap", "news_sitemap", "rss")] == ["news_sitemap"] * 2 + ["rss"]
    assert [kind_of(kind, plain) for kind in ("sitemap", "news_sitemap", "section")] == ["sitemap"] * 2 + ["section"]
    assert kind_of("news_sitemap", FeedEntries(())) == "news_sitemap", "an empty one tells nothing"


def test_links_keep_what_their_entries_say() -> None:
    entry = Entry("/a?utm_source=x", "A title", NOW, author="Ann\x00", summary="Short", language="en")
    ((link,), refused) = links(FeedEntries((entry,)), HOME, now=NOW)
    assert (link.url, link.title, link.time, link.summary, link.language) == (HOME + "a", "A title", NOW, "Short", "en")
    assert link.author is not None
    assert "\x00" not in link.author
    assert refused == []
