"""One parser, one spelling, one key for every page."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import UnusableUrl
from foundation.urls import MAX_LENGTH, absolute, canonicalise, host, literal_address, origin, same_site, site, url_key

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=0, max_size=20)
urls = st.builds(
    lambda scheme, name, port, path, query, fragment: f"{scheme}://{name}{port}/{path}?{query}#{fragment}",
    st.sampled_from(["http", "HTTPS", "https"]),
    st.sampled_from(["Example.org", "пример.укр", "user:pw@a.test", "127.1", "[::1]", "xn--e1afmkfd.xn--j1amh"]),
    st.sampled_from(["", ":80", ":443", ":8080"]),
    st.lists(words | st.sampled_from([";jsessionid=", ";JSESSIONID=a", ".", "..", "/", ";", "x"])).map("".join),
    st.lists(st.tuples(st.sampled_from(["id", "p", "utm_source", "fbclid", "phpsessid", "q", ""]), words)).map(
        lambda pairs: "&".join(f"{key}={value}" for key, value in pairs)
    ),
    words,
)


@given(urls)
def test_a_canonical_url_is_its_own_canonical_url(url: str) -> None:
    try:
        canonical = canonicalise(url)
    except UnusableUrl:
        return
    assert canonicalise(canonical) == canonical
    assert canonical.isascii()
    assert "#" not in canonical
    assert "@" not in canonical.split("/")[2]
    assert url_key(url) == url_key(canonical)
    assert host(canonical) == host(url)
    assert site(url) == site(canonical)


@given(st.text())
def test_any_text_is_a_url_or_unusable(text: str) -> None:
    try:
        outcome = canonicalise(text, "https://example.org/feed")
    except UnusableUrl as error:
        outcome = error.reason
    assert outcome in {"unparsable", "not_http", "too_long"} or outcome.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://Example.ORG:80/a/../b", "http://example.org/b"),
        ("https://example.org", "https://example.org/"),
        ("https://example.org/?", "https://example.org/"),
        ("https://example.org/a?#top", "https://example.org/a"),
        ("https://example.org/a?id=5", "https://example.org/a?id=5"),
        ("https://example.org/?p=123&utm_source=x&UTM_Medium=y", "https://example.org/?p=123"),
        ("https://example.org/a?b=2&fbclid=z&a=1", "https://example.org/a?b=2&a=1"),
        ("https://example.org/a?utm_source=x#b", "https://example.org/a"),
        ("https://example.org/a?%75tm_source=x", "https://example.org/a"),
        ("https://example.org/a?ref=front&source=rss", "https://example.org/a?ref=front&source=rss"),
        ("https://user:secret@example.org/a", "https://example.org/a"),
        ("  https://example.org/a\n", "https://example.org/a"),
        ("https://example.org/grüße", "https://example.org/gr%C3%BC%C3%9Fe"),
        ("http://münchen.example/", "http://xn--mnchen-3ya.example/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("https://example.org/a;jsessionid=4F3A.node1?id=5", "https://example.org/a?id=5"),
        ("https://example.org/x;JSESSIONID=1/a;v=2", "https://example.org/x/a;v=2"),
        ("https://example.org/a?PHPSESSID=e1f2&id=5", "https://example.org/a?id=5"),
        ("https://example.org/a?ASPSESSIONIDQABCDEFG=XYZ", "https://example.org/a"),
        ("https://example.org/a?sid=7&session=3&s=1", "https://example.org/a?sid=7&session=3&s=1"),
        ("https://example.org/a/..;jsessionid=1/b", "https://example.org/b"),
    ],
)
def test_spellings_of_one_page_become_one(url: str, canonical: str) -> None:
    assert canonicalise(url) == canonical


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/hostname", "not_http"),
        ("javascript:alert(1)", "not_http"),
        ("data:text/html,x", "not_http"),
        ("mailto:a@example.org", "not_http"),
        ("ftp://example.org/a", "not_http"),
        ("http://", "unparsable"),
        ("http://exa mple.org/", "unparsable"),
        ("http://example.org:99999/", "unparsable"),
        ("http://[::1", "unparsable"),
        ("http://256.256.256.256/", "unparsable"),
        ("http://a<b.example/", "unparsable"),
        ("/relative", "unparsable"),
        ("", "unparsable"),
        ("http://example.org/\ud800", "unparsable"),
        ("http://example.org/" + "a" * MAX_LENGTH, "too_long"),
        ("http://example.org/" + "ü" * (MAX_LENGTH // 3), "too_long"),
    ],
)
def test_what_names_no_page_is_refused_with_its_reason(url: str, reason: str) -> None:
    with pytest.raises(UnusableUrl) as caught:
        canonicalise(url)
    assert caught.value.reason == reason


def test_relative_links_are_resolved() -> None:
    base = "https://example.org/news/feed.xml"
    assert canonicalise("../a?id=1", base) == "https://example.org/a?id=1"
    assert canonicalise("//other.example/b", base) == "https://other.example/b"
    assert absolute("?utm_source=kept#x", base) == "https://example.org/news/feed.xml?utm_source=kept"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.news.example.co.uk/a", "example.co.uk"),
        ("https://blog.github.io/", "blog.github.io"),
        ("http://127.0.0.1:8000/", "127.0.0.1"),
        ("http://[::1]/", "::1"),
        ("http://localhost:8000/", "localhost"),
        ("http://harbour.test:8000/", "harbour.test"),
        ("http://co.uk/", "co.uk"),
    ],
)
def test_a_site_is_what_somebody_registered(url: str, name: str) -> None:
    assert site(url) == name


def test_same_site() -> None:
    assert same_site("https://amp.example.org/a", "http://www.example.org/b")
    assert not same_site("https://example.org/", "https://example.com/")
    assert not same_site("https://one.github.io/", "https://two.github.io/")
    assert not same_site("nonsense", "nonsense")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.1/", "127.0.0.1"),
        ("http://0177.0.0.1/", "127.0.0.1"),
        ("http://0x7f000001/", "127.0.0.1"),
        ("http://①②⑦.⓪.⓪.①/", "127.0.0.1"),
        ("http://[::FFFF:127.0.0.1]:8080/", "::ffff:127.0.0.1"),
        ("http://0/", "0.0.0.0"),
    ],
)
def test_every_spelling_of_an_address_is_seen_through(url: str, address: str) -> None:
    assert literal_address(url) == ip_address(address)


def test_a_name_is_no_address() -> None:
    assert literal_address("http://localhost/") is None
    assert origin("https://Example.org:443/a") == "https://example.org"
    assert origin("https://example.org:8443/a") == "https://example.org:8443"


def test_two_writers_of_one_hosting_company_are_two_sites() -> None:
    assert not same_site("https://victim.substack.com/p/scoop", "https://evil.substack.com/p/theft")
    assert same_site("https://victim.substack.com/p/scoop", "https://www.victim.substack.com/p/scoop")
