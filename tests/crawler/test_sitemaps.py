"""Sitemaps of every kind, whoever wrote them: entries, the sitemaps of an index, or a reason."""

import gzip
import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.readers.feeds import Entry, FeedEntries, SitemapChild, SitemapIndex, UnreadableFeed
from crawler.readers.robots_txt import MAX_SITEMAPS, sitemaps_in
from crawler.readers.sitemaps import MAX_CHILDREN, MAX_LISTED, read_sitemap
from foundation.pool import WorkerPool

URL = "https://example.org/sitemap.xml"
TIME = datetime(2026, 5, 31, 9, 30, tzinfo=UTC)
NAMESPACES = ''' xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'''
NEWS = f"""<?xml version="1.0" encoding="UTF-8"?><urlset{NAMESPACES}>
<url><loc> https://example.org/a </loc><news:news><news:publication><news:name>Paper</news:name>
<news:language>de</news:language></news:publication><news:publication_date>2026-05-31T09:30:00+00:00</news:publication_date>
<news:title>A &amp; B</news:title></news:news></url>
<url><loc>https://example.org/b</loc><lastmod>2026-05-30</lastmod></url><url><lastmod>x</lastmod></url></urlset>"""
NEWS_ENTRIES = (
    Entry("https://example.org/a", "A & B", TIME, language="de"),
    Entry("https://example.org/b", updated=datetime(2026, 5, 30, tzinfo=UTC)),
)
PLAIN = "<urlset><url><loc>https://example.org/1</loc></url><url><loc>https://example.org/2</loc></url></urlset>"
INDEX = """<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>/news.xml</loc><lastmod>2026-05-31T11:30:00+02:00</lastmod></sitemap>
<sitemap><loc>https://example.org/2025.xml.gz</loc></sitemap><sitemap><loc>/news.xml</loc></sitemap></sitemapindex>"""


def urls(body: bytes, content_type: str | None = None) -> list[str]:
    result = read_sitemap(body, content_type, URL)
    assert isinstance(result, FeedEntries), result
    return [entry.url for entry in result.entries]


@pytest.mark.parametrize(
    "body",
    [
        NEWS.encode(),
        gzip.compress(NEWS.encode()),
        b"\xef\xbb\xbf" + NEWS.encode(),
        b"\n\n " + NEWS.encode(),
        NEWS.encode("utf-16"),
        NEWS.replace("UTF-8", "utf-16").encode(),
        NEWS.replace("UTF-8", "x-unheard-of").encode(),
        NEWS.replace(NAMESPACES, "").encode(),
        NEWS.replace("news:", "n:").encode(),
        NEWS.replace("A &amp; B", "<![CDATA[A & B]]>").encode(),
        NEWS.replace("A &amp; B", "A & B").encode(),
        NEWS.removesuffix("</urlset>").encode(),
        NEWS.replace("<url>", "<s:url>").replace("</url>", "</s:url>").replace("urlset", "s:urlset").encode(),
        NEWS.replace("<urlset", "<?xml-stylesheet href='x.xsl'?><!-- a > b --><!DOCTYPE urlset><urlset").encode(),
    ],
)
def test_news_sitemaps_however_written_give_title_instant_and_language(body: bytes) -> None:
    assert read_sitemap(body, None, URL) == FeedEntries(NEWS_ENTRIES, is_news=True)


@pytest.mark.parametrize(
    ("inside", "address"),
    [
        ("?x=1&y=2", "?x=1&y=2"),
        ("?x=1&amp;y=2", "?x=1&y=2"),
        ("<![CDATA[?x=1&y=2&amp;z]]>", "?x=1&y=2&amp;z"),
        ("?a&&b&#38;c&#x26;d", "?a&&b&c&d"),
        ("/z&#252;rich", "/zürich"),
        ("a\x01\x00b", "ab"),
    ],
)
def test_no_part_of_an_address_is_lost_at_an_ampersand(inside: str, address: str) -> None:
    assert urls(PLAIN.replace("/1<", f"/{inside}<").encode())[0] == f"https://example.org/{address}"


def test_an_address_in_another_charset_is_read_as_declared() -> None:
    body = PLAIN.replace("/1<", "/zürich<").encode("latin-1")
    assert urls(b'<?xml version="1.0" encoding="ISO-8859-1"?>' + body)[0] == "https://example.org/zürich"
    assert urls(body)[0] == "https://example.org/zürich"


def test_an_images_address_is_not_the_pages() -> None:
    image = "<url><image:image><image:loc>https://example.org/i.jpg</image:loc></image:image>"
    assert urls(PLAIN.replace("<url>", image).encode()) == ["https://example.org/1", "https://example.org/2"]


def test_the_pages_are_those_of_a_plain_sitemap_and_not_news() -> None:
    result = read_sitemap(PLAIN.encode(), None, URL)
    assert isinstance(result, FeedEntries)
    assert (len(result.entries), result.is_news) == (2, False)
    assert read_sitemap(b"<urlset></urlset>", None, URL) == FeedEntries(())


def test_an_index_names_each_sitemap_once() -> None:
    children = (SitemapChild("/news.xml", TIME), SitemapChild("https://example.org/2025.xml.gz"))
    assert read_sitemap(INDEX.encode(), None, URL) == SitemapIndex(children)
    assert read_sitemap(gzip.compress(INDEX.encode()), None, URL) == SitemapIndex(children)


def test_of_a_long_index_the_newest_sitemaps_are_kept_and_the_rest_counted() -> None:
    named = [f"<sitemap><loc>/{n}</loc><lastmod>{1000 + n}</lastmod></sitemap>" for n in range(MAX_CHILDREN + 3)]
    result = read_sitemap(f"<sitemapindex>{''.join(named)}</sitemapindex>".encode(), None, URL)
    assert isinstance(result, SitemapIndex)
    assert (len(result.children), result.cut) == (MAX_CHILDREN, 3)
    assert result.children[0].url == f"/{MAX_CHILDREN + 2}"


def test_sitemaps_of_plain_text_and_feeds_given_as_sitemaps() -> None:
    text = b"https://example.org/a?x=1&y=2\r\n\r\n# not an address\nhttps://example.org/b\nhttps://example.org/b"
    assert urls(text, "text/plain") == ["https://example.org/a?x=1&y=2", "https://example.org/b"]
    rss = b"<rss version='2.0'><channel><title>T</title><item><link>https://example.org/a</link></item></channel></rss>"
    assert urls(rss) == ["https://example.org/a"]


LAUGHS = "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip(string.ascii_lowercase, string.ascii_lowercase[1:], strict=False)
)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no XML"),
        (b"<html/>", "a web page"),
        (b"plain words", "no XML"),
        (b"<urlset><url><loc>", "Premature end"),
        (gzip.compress(b"\x00" * 60_000_000), "TooLarge"),
        (gzip.compress(NEWS.encode())[:-20], "Truncated"),
        (b"\x1f\x8bjunk", "NotPacked"),
        (b"<urlset>" + b"<a>" * 1_000_000, "depth"),
        (b"<urlset><url><loc>http://x/" + b"a" * 11_000_000, "too long"),
        (
            f'<!DOCTYPE u [<!ENTITY a "aaaaaaaaaa">{LAUGHS}]><urlset><url><loc>&z;</loc></url></urlset>'.encode(),
            "entity",
        ),
    ],
)
def test_what_is_no_sitemap_says_why(body: bytes, reason: str) -> None:
    result = read_sitemap(body, None, URL)
    assert isinstance(result, UnreadableFeed)
    assert reason in result.reason


def test_a_sitemap_cannot_read_files_of_this_machine() -> None:
    declared = '<!DOCTYPE u [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    assert "root:" not in str(read_sitemap((declared + PLAIN.replace("/1<", "/&x;<")).encode(), None, URL))


def test_a_long_sitemap_is_read_within_a_workers_limits() -> None:
    page = "<url><loc>https://example.org/{}</loc><lastmod>2026-05-30</lastmod></url>"
    body = f"<urlset>{''.join(map(page.format, range(MAX_LISTED + 50_000)))}</urlset>".encode()
    with WorkerPool(1, cpu_seconds=10, wall_seconds=120, memory_mb=256, preload=["crawler.readers.sitemaps"]) as pool:
        result = pool.submit(read_sitemap, body, None, URL).result()
        assert isinstance(result, FeedEntries)
        assert (len(result.entries), result.cut) == (2_000, MAX_LISTED - 2_000)
        junk = pool.submit(read_sitemap, gzip.compress(b"<urlset>" + b"<a/>" * 12_000_000), None, URL).result()
        assert isinstance(junk, UnreadableFeed)  # more than a worker may hold
        assert "NO_MEMORY" in junk.reason
        assert isinstance(pool.submit(read_sitemap, NEWS.encode(), None, URL).result(), FeedEntries)


@given(
    st.lists(st.sampled_from(["<url>", "</url>", "<loc>", "</loc>", "http://x/", "&", "<![CDATA[", "]]>", "<!--", "é"]))
)
def test_any_pieces_of_a_sitemap_are_read_or_unreadable(pieces: list[str]) -> None:
    result = read_sitemap(f"<urlset>{''.join(pieces)}".encode(), None, URL)
    assert isinstance(result, FeedEntries | UnreadableFeed)


def test_robots_txt_names_sitemaps_of_the_web_each_once() -> None:
    body = b"""\xef\xbb\xbfSitemap: https://example.org/news.xml # the newest
User-agent: *\rsitemap:/relative.xml\r
 SITEMAP : HTTP://EXAMPLE.org/news.xml?id=5
Sitemap: https://example.org/news.xml
Sitemap: ftp://example.org/a.xml
Sitemap: file:///etc/passwd
Sitemap:
Sitemap: http://[
Disallow: /sitemap: no"""
    assert sitemaps_in(body, "https://example.org/robots.txt") == [
        "https://example.org/news.xml",
        "https://example.org/relative.xml",
        "http://example.org/news.xml?id=5",
    ]


def test_a_robots_txt_of_sitemaps_alone_gives_a_bounded_number() -> None:
    body = b"".join(b"Sitemap: https://example.org/%d\n" % n for n in range(50_000))
    assert len(sitemaps_in(body, "https://example.org/robots.txt")) == MAX_SITEMAPS


@given(st.binary())
def test_any_bytes_are_a_robots_txt(body: bytes) -> None:
    found = sitemaps_in(b"Sitemap:" + body, "https://example.org/robots.txt")
    assert all(url.startswith(("http://", "https://")) for url in found)
