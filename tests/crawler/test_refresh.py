"""A page that only sends its reader on is followed; one that is there to be read is not left for a refresh."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.middlewares.refresh import LONGEST_DELAY, READ, refresh_target

URL = "https://example.org/news/a?id=1"


def meta(content: str) -> bytes:
    return f'<html><head><meta http-equiv="refresh" content="{content}"></head></html>'.encode()


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0;url=/b", "https://example.org/b"),
        ("0; URL = '/b'", "https://example.org/b"),
        ("0, https://other.example/b?utm_source=x", "https://other.example/b?utm_source=x"),
        ("0 /b", "https://example.org/b"),
        ("5.9;url=b&amp;c", "https://example.org/news/b&c"),
        ("  3 ;  url=/b  ", "https://example.org/b"),
        ("0;url='/b' and more", "https://example.org/b"),
        ("0;url=/gr\u00fc\u00dfe", "https://example.org/gr%C3%BC%C3%9Fe"),
        ("0;url=", None),
        ("0", None),
        ("6;url=/b", None),
        ("300;url=/b", None),
        ("99999999999;url=/b", None),
        ("soon;url=/b", None),
        ("-1;url=/b", None),
        ("0;url=/news/a?id=1", None),
        ("0;url=?id=1#top", None),
        ("0;url=/news/a?id=1&utm_source=reload", None),
        ("0;url=javascript:location.reload()", None),
        ("0;url=data:text/html,x", None),
        ("0;url=http://[bad", None),
    ],
)
def test_where_a_refresh_leads(content: str, target: str | None) -> None:
    assert refresh_target(None, meta(content), URL) == target
    if "&amp;" not in content:
        assert refresh_target(content.encode(), b"", URL) == target


@pytest.mark.parametrize(
    "tag",
    [
        "<META CONTENT='0;URL=/b' HTTP-EQUIV=Refresh>",
        '<meta\n\thttp-equiv = "refresh"\n content = "0;url=/b" />',
        "<meta http-equiv=refresh content=0;url=/b>",
        '<meta/http-equiv="refresh"/content="0;url=/b">',
        '<!-- a --><meta name="x" content="9;url=/x"><meta http-equiv="refresh" content="0;url=/b">',
        '<!--><meta http-equiv="refresh" content="0;url=/b">',
    ],
)
def test_spellings_of_the_tag(tag: str) -> None:
    assert refresh_target(None, tag.encode(), URL) == "https://example.org/b"


@pytest.mark.parametrize(
    "page",
    [
        '<!-- <meta http-equiv="refresh" content="0;url=/b"> -->',
        '<noscript><meta http-equiv="refresh" content="0;url=/b"></noscript>',
        '<script>document.write(\'<meta http-equiv="refresh" content="0;url=/b">\')</script>',
        '<SCRIPT>unended <meta http-equiv="refresh" content="0;url=/b">',
        '<textarea><meta http-equiv="refresh" content="0;url=/b"></textarea>',
        '<!--[if IE]><meta http-equiv="refresh" content="0;url=/b"><![endif]-->',
        '<meta name="refresh" content="0;url=/b">',
        '<meta http-equiv="refresh" data-content="0;url=/b">',
        '<p>&lt;meta http-equiv="refresh" content="0;url=/b"&gt;',
        '<meta http-equiv="refresh-rate" content="0;url=/b">',
    ],
)
def test_what_no_reader_sees_is_no_refresh(page: str) -> None:
    assert refresh_target(None, page.encode(), URL) is None


@given(st.binary(max_size=300), st.none() | st.binary(max_size=60))
def test_any_bytes_are_an_address_or_none(html: bytes, header: bytes | None) -> None:
    target = refresh_target(header, html, URL)
    assert target is None or (target.startswith(("http://", "https://")) and target != URL)


@given(st.integers(0, 10**12))
def test_only_a_quick_refresh_is_followed(delay: int) -> None:
    assert (refresh_target(None, meta(f"{delay};url=/b"), URL) is not None) == (delay <= LONGEST_DELAY)


@pytest.mark.parametrize("piece", ["<meta ", '<meta "', "<!--", "<script>", "<meta http-equiv=refresh content=", "0 "])
def test_a_hostile_page_costs_no_time(piece: str) -> None:
    html = (piece * READ)[:READ].encode()
    before = time.process_time()
    refresh_target(html, b"refresh" + html, URL)
    assert time.process_time() - before < 0.5
