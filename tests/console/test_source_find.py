"""`storyfold source add`, `import` and `test` ask a real web, as processes: what they find, keep, and say."""

import json
import signal
import threading
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.console.cli import Cli
from tests.crawler.web import Asked, Web, page, redirect, rss

PATIENCE = 120.0
QUICK = "[crawl]\ndelay = 0\npoll_shortest = 0\nretry_pause = 0\ntimeout = 5\n[extract]\nworkers = 1\n"
NAMES = ("declared", "usual", "json", "itself", "listed", "closed", "lured", "foreign", "plain", "silent", "mistyped")
HOSTS = [f"{name}.test" for name in NAMES]
SITEMAP = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"'
NEWS = "<n:news><n:title>t</n:title><n:publication_date>2026-06-01</n:publication_date></n:news>"


def link(href: str, title: str = "News", kind: str = "rss") -> str:
    return f'<link rel="alternate" type="application/{kind}+xml" title="{title}" href="{href}">'


def html(head: str = "", body: str = "") -> bytes:
    return page(f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>')


@pytest.fixture
def web(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """One server that is many sites, each with its own way of hiding its feed."""
    with Web() as web:
        feed = page(rss(*(f"/{number}" for number in range(3))), content_type="application/rss+xml")
        at = {name: web.url("", f"{name}.test") for name in NAMES}
        items = [{"url": f"{at['json']}/{number}", "title": "t"} for number in range(4)]
        news = f"<urlset {SITEMAP}><url><loc>{at['declared']}/1</loc>{NEWS}</url></urlset>"
        index = f"<sitemapindex><sitemap><loc>{at['declared']}/news.xml</loc></sitemap></sitemapindex>"
        web.replies = {
            "declared.test/": html(
                '<meta property="og:site_name" content="The Declared">' + link("/f") + link("/comments/feed")
            ),
            "declared.test/f": feed,
            "declared.test/robots.txt": page(f"User-agent: *\nDisallow: /2\nSitemap: {at['declared']}/all.xml"),
            "declared.test/all.xml": page(index),
            "declared.test/news.xml": page(news),
            "usual.test/": html(),
            "usual.test/feed/": redirect("/feed/all/", "301 Moved Permanently"),
            "usual.test/feed/all/": feed,
            "json.test/": html(link("feed.json", kind="feed").replace("+xml", "+json")),
            "json.test/feed.json": page(
                json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Jay", "items": items})
            ),
            "itself.test/atom.xml": page(
                '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Selbst</title>'
                f'<link href="{at["itself"]}/de/"/>'
                "<entry><title>t</title><link href='/1'/></entry></feed>"
            ),
            "listed.test/": html(body='<a href="/feeds">Our RSS feeds</a>'),
            "listed.test/feeds": html(body='<a href="/world.rss">World</a>'),
            "listed.test/world.rss": feed,
            "closed.test/robots.txt": page("User-agent: *\nDisallow: /"),
            "lured.test/": redirect("http://10.0.0.1/"),
            "foreign.test/": html(link("http://127.0.0.1:1/feed") + link(web.url("/f", "declared.test"))),
            "plain.test/": html(),
            "plain.test/sitemap.xml": page(f"<urlset {SITEMAP}><url><loc>{at['plain']}/1</loc></url></urlset>"),
            "silent.test/": lambda asked: None,
        }
        monkeypatch.setenv("STORYFOLD_DNS_RESOLVER", "console.newsweb.resolver.StaticHostsResolver")
        monkeypatch.setenv("STORYFOLD_STATIC_HOSTS", ",".join(f"{host}=127.0.0.1" for host in HOSTS))
        yield web


def told(cli: Cli, *arguments: str) -> tuple[int, Any, str]:
    """Run a command as a process and read its JSON."""
    process = cli.process(*arguments, "--json")
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert "Traceback" not in err, err
    return process.returncode, json.loads(out) if out else None, err


def test_one_crawl_finds_the_feeds_of_many_sites_and_says_why_not_of_others(cli: Cli, web: Web) -> None:
    file = cli.configure(QUICK)
    paths = {"itself": "/atom.xml  # a feed", "mistyped": "/rss.xlm"}
    sites = [web.url(paths.get(name, "/"), f"{name}.test") for name in NAMES]
    (cli.folder / "sites.txt").write_text("\n".join(sites))
    code, result, err = told(cli, "source", "import", "sites.txt", "--allow-private", "--tag", "trial")
    assert code == 3, err
    port = f":{web.port}"
    found = {source["url"].split("//")[1].replace(port, ""): source for source in result["added"]}
    places = {
        url: [place.split(port)[1] for key in ("feeds", "sitemaps") for place in source.get(key, ())]
        for url, source in found.items()
    }
    assert places == {
        "declared.test/": ["/f", "/news.xml"],
        "usual.test/": ["/feed/all/"],
        "json.test/": ["/feed.json"],
        "itself.test/de/": ["/atom.xml"],
        "listed.test/": ["/world.rss"],
        "plain.test/": ["/sitemap.xml"],
    }
    assert [found[url]["name"] for url in places] == [
        "The Declared",
        "News",
        "Jay",
        "Selbst",
        "News (listed.test)",
        "plain.test",
    ]
    assert (found["itself.test/de/"]["language"], found["declared.test/"]["language"]) == ("de", "en")
    assert tomllib.loads(file.read_text())["source"] == result["added"]
    assert all(source["tags"] == ["trial"] and source["allow_private"] for source in result["added"])

    why = {HOSTS[bad["line"] - 1].removesuffix(".test"): bad["why"] for bad in result["refused"]}
    assert why.keys() == {"closed", "lured", "foreign", "silent", "mistyped"}
    assert "its robots.txt forbids it" in why["closed"]
    assert "not public" in why["lured"]
    assert "another site" in why["foreign"]
    assert "connection lost" in why["silent"]
    assert "answered 404" in why["mistyped"]
    asked = [entry.host + entry.path for entry in web.log]
    assert "declared.test/comments/feed" not in asked
    assert not [path for path in asked if path.startswith("closed.test/") and path != "closed.test/robots.txt"]
    assert (
        max(sum(path.startswith(host) for path in asked) for host in HOSTS) <= 32
    )  # and robots.txt itself, read twice

    asked_before = len(web.log)
    code, result, err = told(cli, "source", "import", "sites.txt", "--allow-private", "--no-find")
    assert (code, len(web.log)) == (0, asked_before), err
    assert len(result["skipped"]) == 6  # known by homepage or feed
    assert {key for source in result["added"] for key in source} >= {"sections"}


def test_a_source_is_found_added_tried_and_refused_the_second_time(cli: Cli, web: Web) -> None:
    file = cli.configure(QUICK)
    home = web.url("/", "declared.test")
    code, result, err = told(cli, "source", "test", home, "--allow-private", "--pages", "1")
    assert code == 0, err
    assert [(feed["kind"], feed["outcome"]) for feed in result["feeds"]] == [("news_sitemap", "read"), ("rss", "read")]
    what = {one["url"].rpartition("/")[2]: one["what"] for one in result["pages"]}
    assert what["2"] == "refuse it: robots.txt"
    assert sorted(what[number] for number in "01") == ["fetch it", "find it gone: answered 404"]
    assert [path.name for path in cli.folder.iterdir()] == ["storyfold.toml"]

    process = cli.process("source", "add", home, "--allow-private", "--owner", "Declared Media")
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    for line in (
        f"feed: {web.url('/f', 'declared.test')} (News: 3 entries)",
        "news sitemap: ",
        "comments of readers; not asked",
    ):
        assert line in out
    (source,) = tomllib.loads(file.read_text())["source"]
    assert (source["name"], source["owner"], len(source["feeds"])) == ("The Declared", "Declared Media", 1)

    before = file.read_text()
    assert "configured already, as 'The Declared'" in cli("source", "add", home).err
    code, result, err = told(cli, "source", "add", web.url("/", "closed.test"), "--allow-private")
    assert (code, result["source"], result["found"]["feeds"]) == (1, None, [])
    assert file.read_text() == before


def test_a_search_that_is_stopped_adds_nothing_and_says_so(cli: Cli, web: Web) -> None:
    file = cli.configure(QUICK.replace("timeout = 5", "timeout = 60"))
    is_asked, is_over = threading.Event(), threading.Event()

    def endless(asked: Asked) -> None:
        is_asked.set()
        is_over.wait(PATIENCE)

    web.replies["silent.test/"] = endless
    process = cli.process("source", "add", web.url("/", "silent.test"), "--allow-private")
    try:
        assert is_asked.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        is_over.set()
        process.kill()
    assert (process.returncode, out, err) == (1, "", "storyfold: stopped by SIGINT\n")
    assert file.read_text() == QUICK.replace("timeout = 5", "timeout = 60")
