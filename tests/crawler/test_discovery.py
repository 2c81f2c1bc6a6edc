"""The search for a site's feeds, on webs that are only tables: what is asked, what is kept, and why not the rest."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.discovery.findings import Finding
from crawler.discovery.homepages import looks_like_feed, read_homepage
from crawler.discovery.listings import Examined, Listing, Useless, examine
from crawler.discovery.search import MAX_REQUESTS, Search
from foundation.urls import same_site

HOME = "https://a.example/"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def html(*lines: str, head: str = "") -> str:
    return f"<!doctype html><html lang='en-GB'><head>{head}</head><body>{''.join(lines)}</body></html>"


def rss(title: str, entries: Iterable[int], home: str = HOME) -> str:
    items = "".join(f"<item><title>t</title><link>{HOME}news/{number}</link></item>" for number in entries)
    return f'<rss version="2.0"><channel><title>{title}</title><link>{home}</link>{items}</channel></rss>'


def sitemap(*pages: str, news: bool = False) -> str:
    mark = "<n:news><n:title>t</n:title><n:publication_date>2026-06-01</n:publication_date></n:news>" if news else ""
    spaces = (
        'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"'
    )
    return f"<urlset {spaces}>{''.join(f'<url><loc>{HOME}{page}</loc>{mark}</url>' for page in pages)}</urlset>"


def index(*children: str) -> str:
    return (
        f"<sitemapindex>{''.join(f'<sitemap><loc>{HOME}{child}</loc></sitemap>' for child in children)}</sitemapindex>"
    )


def searched(
    web: dict[str, str], asked: str = HOME, *, is_private: bool = False, robots: tuple[str, ...] = ()
) -> Finding:
    search = Search(asked, is_private=is_private)
    while (candidate := search.next()) is not None:
        path = "/" + candidate.url.removeprefix(HOME)
        if candidate.wanted == "robots":
            search.robots(candidate, [HOME + path for path in robots])
        elif path in web:
            search.take(candidate, candidate.url, examine(web[path].encode(), None, candidate.url, NOW))
        else:
            search.take(candidate, candidate.url, Useless("http_404"))
    return search.finding()


def verdicts(finding: Finding) -> dict[str, str]:
    return {"/" + tried.url.removeprefix(HOME): tried.verdict for tried in finding.tried}


def feeds(finding: Finding) -> list[str]:
    return ["/" + place.url.removeprefix(HOME) for place in finding.feeds]


def test_declared_feeds_come_first_and_what_adds_nothing_is_dropped() -> None:
    declared = "".join(
        f'<link rel="alternate" type="application/{kind}+xml" title="{title}" href="{url}">'
        for kind, title, url in [
            ("rss", "Sport", "/sport.rss"),
            ("rss", "Courier » Comments Feed", "/comments/feed/"),
            ("atom", "Courier", "/all.atom?utm_source=home"),
            ("rss", "Kommentare zu: Deich hält", "/deich.rss"),
            ("rss", "Courier", "/all.rss"),
        ]
    )
    web = {
        "/": html(
            '<a href="/more.rss">More</a>', head='<meta property="og:site_name" content="The Courier">' + declared
        ),
        "/sport.rss": rss("Courier: Sport", range(5, 12), HOME + "sport"),
        "/all.atom": rss("Courier – RSS Feed", range(10)),
        "/all.rss": rss("Courier", range(10)),
        "/more.rss": rss("Comments on: anything", range(90, 95)),
    }
    finding = searched(web)
    assert feeds(finding) == ["/all.atom", "/sport.rss"]
    assert [(place.entries, place.kind) for place in finding.feeds] == [(10, "rss"), (7, "rss")]
    assert (finding.name, finding.language, finding.url) == ("The Courier", "en", HOME)
    told = verdicts(finding)
    assert told["/comments/feed/"] == told["/deich.rss"] == "comments of readers; not asked"
    assert told["/more.rss"] == "comments of readers"
    assert told["/all.rss"] == "lists nothing that the feeds above do not list"
    assert "/feed/" not in told  # a usual place is asked only where nothing better is known


def test_a_news_sitemap_is_better_than_any_other_and_a_plain_one_only_better_than_nothing() -> None:
    news = {
        "/sitemap-today-news.xml": sitemap("x", "y", news=True),
        "/i.xml": index("old.xml", "sitemap-today-news.xml"),
    }
    finding = searched({"/": html(), "/feed/": rss("A", range(3)), **news}, robots=("i.xml",))
    assert [(place.url, place.kind) for place in finding.sitemaps] == [
        (HOME + "sitemap-today-news.xml", "news_sitemap")
    ]
    assert (feeds(finding), finding.name) == (["/feed/"], "A")

    plain = {"/": html(), "/sitemap.xml": sitemap("x", "y")}
    assert [place.kind for place in searched(plain).sitemaps] == ["sitemap"]
    finding = searched({**plain, "/feed/": rss("A", range(3)), "/s.xml": sitemap("x")}, robots=("s.xml",))
    assert (feeds(finding), finding.sitemaps) == (["/feed/"], ())
    assert verdicts(finding)["/s.xml"] == "a plain sitemap; what is above is better"


def test_an_address_that_is_a_feed_or_sitemap_is_taken_as_it_is() -> None:
    web = {"/x.xml": rss("The Bote - RSS", range(3), "/de/"), "/": html(), "/n.xml": sitemap("x", news=True)}
    finding = searched(web, HOME + "x.xml")
    assert (feeds(finding), finding.url, finding.name) == (["/x.xml"], HOME + "de/", "The Bote")
    assert len(finding.tried) == 1
    finding = searched(web, HOME + "n.xml")
    assert ([place.kind for place in finding.sitemaps], finding.url, finding.name) == (
        ["news_sitemap"],
        HOME,
        "a.example",
    )
    finding = searched(web, HOME + "mistyped.xml")
    assert (finding.feeds, verdicts(finding)) == ((), {"/mistyped.xml": "answered 404"})


def test_a_page_that_lists_the_feeds_is_read() -> None:
    links = "".join(f'<a href="/{name}.xml?format=rss">{name}</a>' for name in ("world", "sport"))
    web = {
        "/": html('<a href="/service/feeds">RSS feeds</a>'),
        "/service/feeds": html(links),
        "/world.xml?format=rss": rss("World", range(5)),
        "/sport.xml?format=rss": rss("Sport", range(5, 9)),
    }
    assert feeds(searched(web)) == ["/world.xml?format=rss", "/sport.xml?format=rss"]


def test_nothing_found_says_what_was_tried() -> None:
    finding = searched({"/": html(), "/rss": rss("Empty", [])})
    assert (finding.feeds, finding.sitemaps, finding.name) == ((), (), "a.example")
    assert verdicts(finding)["/rss"] == "lists nothing"
    assert len(finding.tried) > 10
    search = Search(HOME)
    first = search.next()
    assert first is not None
    search.take(first, HOME, Useless("no_such_host", is_unreachable=True))
    assert (search.next(), search.finding().tried[0].verdict) == (None, "no such host")


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("<link rel=alternate type=application/rss+xml href=f>", ["https://a.example/f"]),
        (
            '<base href="/b/"><link rel="ALTERNATE" type="Application/Atom+XML; charset=x" href="f">',
            ["https://a.example/b/f"],
        ),
        (
            '<link rel="alternate" type="application/feed+json" href="//feeds.b.example/f">',
            ["https://feeds.b.example/f"],
        ),
        ('<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/1">', []),
        ('<link rel="alternate" hreflang="de" href="/de/">', []),
        ('<link rel="alternate stylesheet" type="text/css" href="/feed.css">', []),
        ('<a href="https://other.example/feed/">RSS</a>', []),
        ('<a href="https://feeds.other.example/a">RSS</a>', ["https://feeds.other.example/a"]),
        ('<a href="/abo?id=1" title="RSS-Feed"><img></a>', ["https://a.example/abo?id=1"]),
        ('<a href="/feeding-birds">Feeding birds</a><a href="/newsfeed-story">x</a>', []),
        ('<a href="javascript:feed()">RSS</a><a href="feed:https://a.example/x">RSS</a>', []),
        ("", []),
    ],
)
def test_links_that_may_be_feeds(page: str, found: list[str]) -> None:
    assert [link.url for link in read_homepage(html(head=page).encode(), None, HOME).feeds] == found


def test_a_homepage_of_noise_says_nothing() -> None:
    for body in (b"", b"\x00" * 100, b"<" * 1_000, b"<html" + b"<a href=/feed>" * 10_000, "é".encode("latin-1")):
        assert len(read_homepage(body, "text/html; charset=rot13", HOME).feeds) <= 30


def test_addresses_that_look_like_feeds() -> None:
    for path in ("feed", "feed/", "rss.xml", "a/rss/b", "x.rss", "atom.xml", "?feed=rss2", "index.rdf", "a?format=rss"):
        assert looks_like_feed(HOME + path), path
    for path in ("", "feeding", "news/rssfeeder-story", "atomic", "a.html"):
        assert not looks_like_feed(HOME + path), path


urls = st.sampled_from(
    [
        f"https://{host}/{path}"
        for host in ("a.example", "www.a.example", "b.example", "10.0.0.1")
        for path in ("", "f", "rss", "n/news.xml")
    ]
)
indexes = st.builds(
    Listing,
    url=urls,
    kind=st.just("sitemap"),
    entries=st.just(3),
    children=st.lists(urls, min_size=1, max_size=3).map(tuple),
)
listings = st.builds(
    Listing,
    url=urls,
    kind=st.sampled_from(["rss", "sitemap", "news_sitemap"]),
    entries=st.integers(0, 3),
    title=st.sampled_from([None, "A", "Comments on A"]),
    home=st.none() | urls,
    keys=st.frozensets(st.sampled_from([b"1", b"2", b"3"])),
)
pages = st.lists(urls, max_size=4).map(
    lambda found: read_homepage("".join(f'<a href="{url}">rss</a>' for url in found).encode(), None, HOME)
)
answers: st.SearchStrategy[Examined] = st.one_of(
    indexes, listings, pages, st.builds(Useless, st.just("http_500"), st.booleans())
)


@given(st.data(), st.booleans())
def test_whatever_is_answered_the_search_ends_asks_nothing_twice_and_stays_where_it_must(
    data: st.DataObject, is_private: bool
) -> None:
    search = Search(HOME, is_private=is_private)
    asked = []
    while (candidate := search.next()) is not None:
        asked.append(candidate.url)
        if candidate.wanted == "robots":
            search.robots(candidate, data.draw(st.lists(urls, max_size=5)))
        else:
            search.take(candidate, data.draw(st.just(candidate.url) | urls), data.draw(answers))
    assert len(asked) == len(set(asked)) <= MAX_REQUESTS
    finding = search.finding()
    assert finding == search.finding()
    kept = [place.url for place in (*finding.feeds, *finding.sitemaps)]
    assert len(kept) == len(set(kept))
    assert len(kept) == sum(tried.is_used for tried in finding.tried)
    if is_private:
        assert all(same_site(url, HOME) for url in [*asked, *kept, finding.url])


def test_an_endless_supply_of_candidates_is_bounded() -> None:
    search, number = Search(HOME), 0
    while (candidate := search.next()) is not None:
        number += 1
        links = "".join(f"<a href=/rss/{number}-{other}>rss</a>" for other in range(9))
        search.take(candidate, candidate.url, read_homepage(links.encode(), None, HOME))
    assert number == MAX_REQUESTS
