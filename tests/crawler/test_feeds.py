"""Feeds of every kind give the same entries; whatever is no feed says why."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import polling
from crawler.feeds import Entry, FeedEntries, UnreadableFeed, read_feed
from crawler.sections import read_section
from crawler.sitemaps import read_sitemap

URL = "https://example.org/feed"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TIME = datetime(2026, 5, 31, 9, 30, tzinfo=UTC)
READERS = [read_feed, read_sitemap, read_section]

RSS_20 = """<?xml version="1.0"?><rss version="2.0"><channel><title>T</title><item><title>A &amp; B</title>
<link>https://example.org/a</link><pubDate>Sun, 31 May 2026 11:30:00 +0200</pubDate></item></channel></rss>"""
RSS_091 = """<?xml version="1.0"?><rss version="0.91"><channel><title>T</title><item><title>A &amp; B</title>
<link>https://example.org/a</link></item></channel></rss>"""
RSS_10 = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>T</title></channel>
<item rdf:about="https://example.org/a"><title>A &amp; B</title><link>https://example.org/a</link>
<dc:date>2026-05-31T09:30:00Z</dc:date></item></rdf:RDF>"""
ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><title>A &amp; B</title>
<link rel="alternate" href="https://example.org/a"/><link rel="self" href="https://example.org/self"/>
<updated>2026-05-31T09:30:00Z</updated></entry></feed>"""
JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [{"url": "https://example.org/a", "title": "A & B", "date_published": "2026-05-31T11:30:00+02:00"}],
    }
)


@pytest.mark.parametrize("feed", [RSS_20, RSS_10, ATOM, JSON])
def test_feeds_of_every_kind_give_link_title_and_instant(feed: str) -> None:
    result = read_feed(feed.encode(), None, URL)
    assert isinstance(result, FeedEntries)
    (entry,) = result.entries
    assert (entry.url, entry.title, entry.time) == ("https://example.org/a", "A & B", TIME)


def test_a_feed_without_dates_has_entries_without() -> None:
    result = read_feed(RSS_091.encode(), "application/rss+xml", URL)
    assert result == FeedEntries((Entry("https://example.org/a", "A & B"),))


def test_a_stray_ampersand_and_a_cut_end_lose_no_entry_before_them() -> None:
    broken = RSS_20.replace("A &amp; B", "A & B").replace("</channel></rss>", "<item><title>half")
    result = read_feed(broken.encode(), None, URL)
    assert isinstance(result, FeedEntries)
    assert [(entry.url, entry.title) for entry in result.entries] == [("https://example.org/a", "A & B")]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"<!DOCTYPE html><html><body>Log in", "a web page, not a feed"),
        (b"\x00\x01 noise <rss <item>> & ", "not a feed"),
        (b"{ not json", "not JSON"),
        (b"[" * 100_000, "not a feed"),
        (b'{"items": 5}', "no items"),
        (b'{"a": ' * 100_000, "not JSON"),
    ],
)
def test_what_is_no_feed_says_why(body: bytes, reason: str) -> None:
    result = read_feed(body, None, URL)
    assert isinstance(result, UnreadableFeed)
    assert reason in result.reason


def test_an_empty_feed_is_a_feed() -> None:
    empty = b'<?xml version="1.0"?><rss version="2.0"><channel><title>T</title></channel></rss>'
    assert read_feed(empty, None, URL) == FeedEntries(())
    assert read_feed(b'{"version": "1", "items": []}', None, URL) == FeedEntries(())


def test_the_newest_entries_are_kept_and_the_rest_counted() -> None:
    items = [
        {"url": f"https://example.org/{n}", "date_published": (TIME + timedelta(hours=n)).isoformat()}
        for n in range(10)
    ]
    result = read_feed(json.dumps({"items": items}).encode(), None, URL, 3)
    assert isinstance(result, FeedEntries)
    assert [entry.url[-1] for entry in result.entries] == ["9", "8", "7"]
    assert result.cut == 7


@given(st.binary(max_size=500), st.sampled_from(READERS))
def test_any_bytes_are_read_or_unreadable(body: bytes, reader: Any) -> None:
    assert isinstance(reader(body, None, URL), FeedEntries | UnreadableFeed)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.just("items") | st.just("url"),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["items", "url", "title", "date_published"]), inner)
        ),
    )
)
def test_any_json_is_read_or_unreadable(value: object) -> None:
    assert isinstance(read_feed(json.dumps({"items": value}).encode(), None, URL), FeedEntries | UnreadableFeed)


def test_a_feed_cannot_read_files_of_this_machine() -> None:
    feed = RSS_20.replace("<rss", '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss', 1)
    result = read_feed(feed.replace("A &amp; B", "&x;").encode(), None, URL)
    assert "root:" not in str(result)


SITEMAP = """<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc> https://example.org/a </loc><news:news>
<news:publication_date>2026-05-31T09:30:00+00:00</news:publication_date>
<news:title>A &amp; B</news:title></news:news></url>
<url><loc>https://example.org/b</loc><lastmod>2026-05-30</lastmod></url><url><lastmod>x</lastmod></url></urlset>"""


@pytest.mark.parametrize("body", [SITEMAP.encode(), gzip.compress(SITEMAP.encode())])
def test_sitemaps_packed_and_not(body: bytes) -> None:
    result = read_sitemap(body, None, URL)
    assert isinstance(result, FeedEntries)
    assert [(entry.url, entry.title, entry.time) for entry in result.entries] == [
        ("https://example.org/a", "A & B", TIME),
        ("https://example.org/b", None, datetime(2026, 5, 30, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html/>",
        gzip.compress(b"\x00" * 60_000_000),
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><urlset><url><loc>&x;</loc></url></urlset>',
    ],
)
def test_what_is_no_sitemap_gives_no_links(body: bytes) -> None:
    result = read_sitemap(body, None, URL)
    assert isinstance(result, UnreadableFeed) or result.entries == ()


def test_a_section_page_gives_the_links_that_look_like_articles() -> None:
    html = """<html><body><a href="/">Home</a><a href="/world">World news of the day</a>
    <a href="/world/ministers-agree-on-new-border-rules">Ministers agree on new border rules</a>
    <a href="/2026/05/31/storm">Storm closes the port for days</a>
    <a href="/2026/05/31/storm#c">Storm closes the port again</a>
    <a href="https://other.example/2026/05/31/elsewhere">A story from somewhere else entirely</a>
    <a href="javascript:alert(1)">Click here for more of it</a><a>no address here at all</a></body></html>"""
    result = read_section(html.encode(), "text/html", "https://example.org/world")
    assert isinstance(result, FeedEntries)
    assert [entry.url for entry in result.entries] == [
        "https://example.org/world/ministers-agree-on-new-border-rules",
        "https://example.org/2026/05/31/storm",
    ]


def test_links_are_pages_once_and_dates_are_plausible_or_none() -> None:
    entries = FeedEntries(
        (
            Entry("/a?utm_source=feed", "first", TIME),
            Entry("https://example.org/a", "second", TIME + timedelta(hours=1)),
            Entry("https://example.org/b", None, NOW + timedelta(days=400)),
            Entry("https://example.org/c", None, datetime(1970, 1, 1, tzinfo=UTC)),
            Entry("file:///etc/hostname"),
            Entry("http://["),
        )
    )
    found, refused = polling.links(entries, URL, now=NOW)
    assert [(link.url, link.title, link.time) for link in found] == [
        ("https://example.org/a", "second", TIME + timedelta(hours=1)),
        ("https://example.org/b", None, None),
        ("https://example.org/c", None, None),
    ]
    assert refused == ["not_http: file:///etc/hostname", "unparsable: http://["]
