"""Feeds of every kind give the same entries; whatever is no feed says why."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.polling import meaning
from crawler.readers.feeds import (
    MAX_SUMMARY,
    MAX_TITLE,
    MAX_URL,
    Entry,
    FeedEntries,
    SitemapIndex,
    UnreadableFeed,
    moment,
    read_feed,
)
from crawler.readers.sections import read_section
from crawler.readers.sitemaps import read_sitemap
from foundation.pool import TaskFailed, WorkerPool

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
    assert result == FeedEntries((Entry("https://example.org/a", "A & B"),), title="T")


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
    assert read_feed(empty, None, URL) == FeedEntries((), title="T")
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


RICH = """<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
<title>Daily &lt;b&gt;News&lt;/b&gt;</title><link>https://example.org/</link><language>de-AT</language>
<item><title>AT&amp;amp;T &lt;i&gt;wins&lt;/i&gt;</title><link>/a</link><guid isPermaLink="false">id-1</guid>
<dc:creator>Ann Example</dc:creator><dc:creator>Bob Beispiel</dc:creator>
<description>&lt;p&gt;First &lt;b&gt;para&lt;/b&gt;graph&lt;/p&gt;
&lt;script&gt;no()&lt;/script&gt;&lt;p&gt;5 &amp;lt; 6&lt;/p&gt;</description></item></channel></rss>"""
RICH_JSON = json.dumps(
    {
        "title": "Daily News",
        "home_page_url": "https://example.org/",
        "language": "de-AT",
        "items": [
            {
                "url": "/a",
                "id": "id-1",
                "title": "AT&T wins",
                "authors": [{"name": "Ann Example"}, {"name": "Bob Beispiel"}],
                "content_html": "<p>First <b>para</b>graph</p><script>no()</script><p>5 &lt; 6</p>",
            }
        ],
    }
)


@pytest.mark.parametrize("feed", [RICH, RICH_JSON])
def test_what_a_feed_says_of_its_entries_and_itself_is_plain_text(feed: str) -> None:
    assert read_feed(feed.encode(), None, URL) == FeedEntries(
        (
            Entry(
                "/a",
                "AT&T wins",
                id="id-1",
                author="Ann Example, Bob Beispiel",
                summary="First paragraph 5 < 6",
                language="de-AT",
            ),
        ),
        title="Daily News",
        home="https://example.org/",
        language="de-AT",
    )


def test_an_atom_title_that_is_text_keeps_its_less_than_sign() -> None:
    result = read_feed(ATOM.replace("A &amp; B", "a &lt;b&gt; c").encode(), None, URL)
    assert isinstance(result, FeedEntries)
    assert result.entries[0].title == "a <b> c"


def test_long_texts_are_cut_and_long_links_do_not_leave_the_worker() -> None:
    feed = RSS_20.replace("A &amp; B", "w " * 50_000).replace("org/a", "org/" + "a" * 100_000)
    result = read_feed(
        feed.replace("<pubDate>", f"<description>{'x' * 90_000}</description><pubDate>").encode(), None, URL
    )
    assert isinstance(result, FeedEntries)
    (entry,) = result.entries
    assert len(entry.title or "") <= MAX_TITLE
    assert len(entry.summary or "") == MAX_SUMMARY
    assert len(entry.url) == MAX_URL


def test_entries_without_a_link_are_counted_and_an_enclosure_is_no_link() -> None:
    feed = ATOM.replace("</feed>", "<entry><title>no link</title><id>urn:x</id></entry></feed>")
    feed = feed.replace(
        "<entry>", '<entry><link rel="enclosure" type="text/html" href="https://example.org/x.mp3"/>', 1
    )
    result = read_feed(feed.replace("<id>urn:x</id>", "").encode(), None, URL)
    assert isinstance(result, FeedEntries)
    assert ([entry.url for entry in result.entries], result.unlinked) == (["https://example.org/a"], 1)


@pytest.mark.parametrize(
    ("encoded", "content_type"),
    [
        (RSS_20.encode("utf-16"), None),
        (RSS_20.encode("utf-8-sig"), "text/xml; charset=punycode"),
        (RSS_20.replace('"1.0"?', '"1.0" encoding="iso-8859-1"?').encode("latin-1"), "text/xml; charset=rot13"),
        (RSS_20.encode("cp1252"), None),
        (RSS_20.encode("koi8-r", "ignore"), "application/xml; charset=koi8-r"),
        (gzip.compress(RSS_20.encode()), "application/gzip"),
        (b" \n\t" + RSS_20.replace('"1.0"?', '"1.0" encoding="unicode_escape"?').encode(), None),
    ],
)
def test_feeds_in_any_charset_and_packing_are_read_by_text_codecs_alone(
    encoded: bytes, content_type: str | None
) -> None:
    result = read_feed(encoded, content_type, URL)
    assert isinstance(result, FeedEntries)
    assert [(entry.url, entry.title) for entry in result.entries] == [("https://example.org/a", "A & B")]


@pytest.mark.parametrize(
    ("body", "content_type", "title"),
    [
        ("Zürich – Genève".encode("cp1252"), None, "Zürich – Genève"),
        ("Москва".encode("koi8-r"), "text/xml; charset=KOI8-R", "Москва"),
        (("Zürich " * 20).encode() + b"\xc3", None, "Zürich " * 20 + "\ufffd"),
    ],
)
def test_bytes_that_are_not_utf_8_are_read_as_declared_or_as_the_web_does(
    body: bytes, content_type: str | None, title: str
) -> None:
    result = read_feed(RSS_20.encode().replace(b"A &amp; B", body), content_type, URL)
    assert isinstance(result, FeedEntries)
    assert result.entries[0].title == title


def test_a_hostile_feed_ends_at_the_workers_limit() -> None:
    author = RSS_20.replace("<pubDate>", f"<author>{'a.' * 50_000}</author><pubDate>")
    with WorkerPool(1, cpu_seconds=1, wall_seconds=120, preload=["crawler.readers.feeds"]) as pool:
        with pytest.raises(TaskFailed, match="CPU time"):
            pool.submit(read_feed, author.encode(), None, URL).result()
        assert isinstance(pool.submit(read_feed, RSS_20.encode(), None, URL).result(), FeedEntries)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-31", datetime(2026, 5, 31, tzinfo=UTC)),
        ("2026-05", datetime(2026, 5, 1, tzinfo=UTC)),
        ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
        (" 2026-05-31T11:30+02:00 ", TIME),
        ("2026-05-31T09:30:00.0000000Z", TIME),
        ("Sun, 31 May 2026 11:30:00 +0200", TIME),
        ("2026-13-01", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        (5, None),
    ],
)
def test_dates_as_people_write_them(text: object, expected: datetime | None) -> None:
    assert moment(text) == expected


@given(st.binary(max_size=500), st.sampled_from(READERS))
def test_any_bytes_are_read_or_unreadable(body: bytes, reader: Any) -> None:
    assert isinstance(reader(body, None, URL), FeedEntries | SitemapIndex | UnreadableFeed)


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
    found, refused = meaning.links(entries, URL, now=NOW)
    assert [(link.url, link.title, link.time) for link in found] == [
        ("https://example.org/a", "second", TIME + timedelta(hours=1)),
        ("https://example.org/b", None, None),
        ("https://example.org/c", None, None),
    ]
    assert refused == ["not_http: file:///etc/hostname", "unparsable: http://["]
