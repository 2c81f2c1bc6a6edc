"""Section pages, and what an address answers with."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.readers.feeds import FeedEntries, UnreadableFeed
from crawler.readers.sections import MAX_LINKS, looks_like_article, read_section
from crawler.readers.sniff import kind_of

URL = "https://example.org/world"


def links(html: str | bytes, content_type: str = "text/html") -> list[tuple[str, str | None]]:
    body = html.encode() if isinstance(html, str) else html
    result = read_section(body, content_type, URL)
    assert isinstance(result, FeedEntries)
    return [(entry.url.removeprefix("https://example.org/"), entry.title) for entry in result.entries]


def test_a_section_page_gives_the_links_that_look_like_articles() -> None:
    html = """<html><body><a href="/">Home</a><a href="/world">World news of the day</a>
    <a href="/world/ministers-agree-on-new-border-rules">Ministers agree on new border rules</a>
    <a href="/2026/05/31/storm">Storm closes the port for days</a>
    <a href="/2026/05/31/storm#c">Storm closes the port again</a>
    <a href="https://other.example/2026/05/31/elsewhere">A story from somewhere else entirely</a>
    <a href="javascript:alert(1)">Click here for more of it</a><a>no address here at all</a></body></html>"""
    result = read_section(html.encode(), "text/html", URL)
    assert isinstance(result, FeedEntries)
    assert [entry.url for entry in result.entries] == [
        "https://example.org/world/ministers-agree-on-new-border-rules",
        "https://example.org/2026/05/31/storm",
    ]


def test_relative_links_are_relative_to_the_pages_base() -> None:
    page = '<base target="_top"><base href="/en/"><a href="storm-closes-the-port">Storm closes the port</a>'
    assert links(page) == [("en/storm-closes-the-port", "Storm closes the port")]
    assert links(page.replace("/en/", "file:///etc/")) == [("storm-closes-the-port", "Storm closes the port")]


def test_a_link_counts_once_with_the_first_words_that_are_a_headline() -> None:
    page = """<a href="/news/12345?utm_source=top"><img></a><a href="/news/12345#c">12 comments</a>
    <a href="/news/12345"><h2>Storm closes</h2> <b>the port</b></a><a href="/news/12345">Storm closes it once more</a>
    <a href="/news/67890" aria-label="Ministers agree on new rules"><img></a>"""
    assert links(page) == [("news/12345", "Storm closes the port"), ("news/67890", "Ministers agree on new rules")]


def test_the_words_are_read_in_the_charset_of_header_or_markup() -> None:
    page = '<meta charset="windows-1251"><a href="/1/12345">Шторм закрыл порт вчера</a>'
    expected = [("1/12345", "Шторм закрыл порт вчера")]
    assert links(page.encode("cp1251")) == expected
    assert links(page.replace("windows-1251", "utf-8").encode("cp1251"), "text/html; charset=cp1251") == expected
    assert links(page.replace("windows-1251", "utf-8")) == expected


def test_a_link_farm_gives_a_bounded_number_and_says_how_many_are_missing() -> None:
    page = "".join(f"<a href='/2026/05/31/{n}'>Storm closes the port {n}" for n in range(MAX_LINKS + 50))
    result = read_section(page.encode(), None, URL)
    assert isinstance(result, FeedEntries)
    assert (len(result.entries), result.cut) == (MAX_LINKS, 50)


@pytest.mark.parametrize(
    ("path", "is_article"),
    [
        ("/world/ministers-agree-on-rules", True),
        ("/world/ministers-agree-on-rules/", True),
        ("/2026/05/31/storm", True),
        ("/2026-05/storm", True),
        ("/a-12345.html", True),
        ("/?p=12345", False),
        ("/world/asia-pacific", False),
        ("/our-long-name-here/contact", False),
        ("/" + "-" * 7_000 + "a" * 900, False),
    ],
)
def test_what_looks_like_an_article(path: str, is_article: bool) -> None:
    assert looks_like_article(f"https://example.org{path}") is is_article


JSON_FEED = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": []})
NEWS = "<urlset xmlns:n='x'><url><loc>a</loc><n:news><n:title>T</n:title></n:news></url></urlset>"


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        ("<?xml version='1.0'?><!-- <html> --><rss version='2.0'>", "text/html", "rss"),
        ("<feed xmlns='http://www.w3.org/2005/Atom'>", None, "rss"),
        ("<rdf:RDF xmlns:rdf='x'>", None, "rss"),
        (JSON_FEED, None, "rss"),
        ('{"items": []}', "application/json", None),
        ("<urlset><url><loc>http://a/news></loc>", None, "sitemap"),
        ("<urlset xmlns:news='x'><url><loc>a</loc></url>", None, "sitemap"),
        (NEWS, None, "news_sitemap"),
        ("<s:sitemapindex>", "text/xml", "sitemap_index"),
        ("https://example.org/a\nhttps://example.org/b\n", "text/plain", "sitemap"),
        ("<!DOCTYPE html [<!ENTITY a 'b'>]><HTML>", None, "page"),
        ("<!doctype html>\n<p>no html element", "text/html; charset=utf-8", "page"),
        ("words", "text/html", None),
        ("", None, None),
        ("%PDF-1.7 <", "application/pdf", None),
    ],
)
def test_what_an_address_answered_with(body: str, content_type: str | None, kind: str | None) -> None:
    assert kind_of(body.encode(), content_type, URL) == kind
    assert kind_of(gzip.compress(body.encode()), content_type, URL) == kind
    assert kind_of(body.encode("utf-16"), content_type, URL) == kind


def test_only_the_start_of_a_packed_body_is_looked_at() -> None:
    assert kind_of(gzip.compress(NEWS.encode() + b" " * 60_000_000), None, URL) == "news_sitemap"
    assert kind_of(b"\x1f\x8bnot packed at all", None, URL) is None


@given(
    st.binary(max_size=200) | st.text("<>!-?[] htmlrsu&").map(str.encode), st.sampled_from([None, "text/html", ";;"])
)
def test_any_bytes_are_of_some_kind_or_none(body: bytes, content_type: Any) -> None:
    assert kind_of(body, content_type, URL) in {"rss", "sitemap", "news_sitemap", "sitemap_index", "page", None}
    assert isinstance(read_section(body, content_type, URL), FeedEntries | UnreadableFeed)
