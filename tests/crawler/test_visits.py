"""A web that changes between runs: corrections, deletions, halves of pages, and what the next run makes of them."""

import signal
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from storage.checks import breaches, invariants
from storage.engine import Database
from tests.crawler.crawl import Site, outlet
from tests.crawler.web import NOT_FOUND, Asked, Web, certificate, page, rss

PAST = "2026-01-01T00:00:00.000Z"
PATHS = (
    "/tagged",
    "/plain",
    "/edited",
    "/deleted",
    "/restored",
    "/walled",
    "/old",
    "/menu",
    "/cut",
    "/cut-once",
    "/cut-later",
    "/deleted-and-cut",
)


def article(name: str, sentence: str = "The gates were opened at noon.", head: str = "") -> str:
    """A page that holds an article of its own words."""
    words = " ".join(f"Engineers said that part {number} of the {name} works had gone to plan." for number in range(30))
    return (
        f"<html><head><title>The {name} dam opens</title>{head}</head>"
        f"<body><article><h1>The {name} dam opens</h1><p>{sentence}</p><p>{words}</p></article></body></html>"
    )


def cut(body: str, kept: float) -> bytes:
    """The first part of an answer that says it is longer."""
    data = body.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data[: int(len(data) * kept)]


def in_turn(*answers: bytes) -> Any:
    """Answer the first request with the first of these, and so on; the last goes on."""
    left = list(answers)
    return lambda _asked: left.pop(0) if len(left) > 1 else left[0]


def tagged(asked: Asked) -> bytes:
    if asked.headers.get("if-none-match") == '"1"':
        return b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"
    return page(article("tagged"), ETag='"1"')


FIRST = {
    "/tagged": tagged,
    "/plain": page(article("plain")),
    "/edited": page(article("edited")),
    "/deleted": page(article("deleted")),
    "/restored": page(article("restored")),
    "/walled": page(article("walled")),
    "/old": page(article("old", head='<meta property="article:published_time" content="2020-01-01T10:00:00Z">')),
    "/menu": page("<html><title>Menu</title><body><a href='/a'>A</a></body></html>"),
    "/cut": in_turn(cut(article("cut"), 0.9), cut(article("cut"), 0.5)),
    "/cut-once": in_turn(cut(article("cut-once"), 0.5), page(article("cut-once"))),
    "/cut-later": page(article("cut-later")),
    "/deleted-and-cut": cut("<p>not here</p>", 0.5).replace(b"200 OK", b"404 Not Found"),
}
SECOND = {
    "/edited": page(article("edited", "The gates stayed shut, a correction says.")),
    "/deleted": NOT_FOUND,
    "/restored": NOT_FOUND,
    "/walled": page("<html><title>Menu</title><body><a href='/a'>A</a></body></html>"),
    "/cut-later": cut(article("cut-later", "Half of a correction."), 0.9),
}
THIRD = {"/restored": page(article("restored"))}
FOURTH = {"/deleted": page(article("deleted"))}


STATES = "SELECT url, state, reason, visits, next_visit_at IS NOT NULL FROM page"
ARTICLES = (
    "SELECT article.url, gone_at IS NOT NULL, count(*) FROM article JOIN version ON article_id = article.id "
    "GROUP BY article.id"
)
BODIES = "SELECT page.url, count(*) FROM page JOIN raw_body ON page_id = page.id GROUP BY 1"
VERSIONS = "SELECT page.url, is_partial FROM version JOIN page ON page.id = page_id ORDER BY version.id"
PARTS = "SELECT page.url, is_partial FROM raw_body JOIN page ON page.id = page_id ORDER BY raw_body.id"
INSECURE = "SELECT title FROM article WHERE insecure_tls"


@dataclass
class Told:
    """What the database said after a run, by path, and what the run had asked for."""

    states: dict[str, tuple[Any, ...]]
    articles: dict[str, tuple[Any, ...]]  # whether it is gone, how many versions it has
    bodies: dict[str, tuple[Any, ...]]
    versions: list[tuple[Any, ...]]
    parts: list[tuple[Any, ...]]
    insecure: list[str]
    asked: set[str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    folder = tmp_path_factory.mktemp("visits")
    runs = []
    with Web(dict(FIRST)) as web, Web({"/secret": page(article("secret"))}, tls=certificate(folder)) as secure:
        web.replies["/feed"] = page(rss(*map(web.url, PATHS)), content_type="application/rss+xml")
        secure.replies["/feed"] = page(rss(secure.url("/secret")), content_type="application/rss+xml")
        sources = [outlet(web), outlet(secure, "Secure", insecure_tls=True)]
        site = Site(web, folder, sources, crawl={"attempts": 2})
        for changes in ({}, SECOND, THIRD, FOURTH):
            web.replies |= changes
            if changes is FOURTH:
                dated = rss(web.url("/deleted"), dates={web.url("/deleted"): _soon()})
                web.replies["/feed"] = page(dated, content_type="application/rss+xml")
            web.log.clear()
            site.run(keep_only=False)
            runs.append(_look(site))
            _let_time_pass(site)
    return runs


def _soon() -> str:
    """A date that is newer than all that was fetched so far."""
    return format_datetime(datetime.now(UTC) + timedelta(hours=1))


def _look(site: Site) -> Told:
    def rows(sql: str) -> list[tuple[Any, ...]]:
        return [(url.removeprefix(site.web.url("")), *rest) for url, *rest in site.rows(sql)]

    def by_path(sql: str) -> dict[str, tuple[Any, ...]]:
        return {path: tuple(rest) for path, *rest in rows(sql)}

    with Database.open(f"sqlite:///{site.database}") as database, database.read() as session:
        assert [breach for breach in breaches(session, invariants("sqlite"), 3) if breach] == []
    asked = set(site.web.paths()) & set(PATHS)
    insecure = [title for (title,) in site.rows(INSECURE)]
    return Told(by_path(STATES), by_path(ARTICLES), by_path(BODIES), rows(VERSIONS), rows(PARTS), insecure, asked)


def _let_time_pass(site: Site) -> None:
    """Bring forward what is planned, instead of waiting for it."""
    with Database.open(f"sqlite:///{site.database}") as database, database.write() as session:
        connection = session.connection()
        connection.exec_driver_sql("UPDATE page SET next_visit_at = ? WHERE next_visit_at IS NOT NULL", (PAST,))
        connection.exec_driver_sql("UPDATE page SET next_try_at = ? WHERE next_try_at IS NOT NULL", (PAST,))


def test_only_young_pages_that_gave_an_article_are_visited(told: list[Told]) -> None:
    planned = {path for path, (_, _, _, is_planned) in told[0].states.items() if is_planned}
    assert planned >= {"/tagged", "/plain", "/edited", "/deleted", "/restored", "/walled", "/cut", "/cut-once"}
    assert not planned & {"/old", "/menu", "/deleted-and-cut"}
    assert told[1].asked == planned & set(PATHS)


def test_a_page_that_did_not_change_is_asked_again_and_neither_stored_nor_read(told: list[Told]) -> None:
    for path in ("/tagged", "/plain"):
        assert told[1].states[path] == ("read", None, 1, 1)
        assert [run.bodies[path] for run in told] == [(1,)] * 4
        assert told[3].articles[path] == (0, 1)


def test_a_correction_is_a_new_version_of_the_same_article(told: list[Told]) -> None:
    assert told[0].articles["/edited"] == (0, 1)
    assert told[1].articles["/edited"] == (0, 2)
    assert told[3].bodies["/edited"] == (2,)


def test_a_page_not_found_twice_is_gone_and_its_article_stays(told: list[Told]) -> None:
    assert told[1].states["/deleted"][:2] == ("failed", "http_404")
    assert told[1].articles["/deleted"] == (0, 1)
    assert told[2].states["/deleted"][:2] == ("gone", "http_404")
    assert told[2].articles["/deleted"] == (1, 1)


def test_a_page_found_again_is_no_longer_gone(told: list[Told]) -> None:
    assert told[1].states["/restored"][:2] == ("failed", "http_404")
    assert told[2].states["/restored"][:2] == ("read", None)
    assert told[2].articles["/restored"] == (0, 1)
    assert told[3].states["/deleted"][:2] == ("read", None)
    assert told[3].articles["/deleted"] == (0, 1)


def test_a_page_that_never_gave_an_article_is_gone_at_once(told: list[Told]) -> None:
    assert told[0].states["/deleted-and-cut"][:2] == ("gone", "http_404")


def test_an_article_whose_page_turns_into_something_else_stays_with_the_reason(told: list[Told]) -> None:
    state, reason, *_ = told[1].states["/walled"]
    assert state == "read"
    assert reason
    assert told[1].articles["/walled"] == (0, 1)


def test_of_a_page_that_never_comes_whole_the_longest_part_is_read_and_marked(told: list[Told]) -> None:
    assert told[0].states["/cut"][:2] == ("read", "truncated_body")
    assert [part for path, part in told[0].parts if path == "/cut"] == [1, 1]
    assert ("/cut", 1) in told[0].versions


def test_a_page_cut_short_once_is_asked_again_and_read_whole(told: list[Told]) -> None:
    assert told[0].states["/cut-once"][:2] == ("read", None)
    assert [part for path, part in told[0].parts if path == "/cut-once"] == [1, 0]
    assert ("/cut-once", 0) in told[0].versions


def test_half_a_correction_is_kept_and_changes_nothing(told: list[Told]) -> None:
    assert told[1].states["/cut-later"][:2] == ("failed", "truncated_body")
    assert told[1].articles["/cut-later"] == (0, 1)
    assert [part for path, part in told[1].parts if path == "/cut-later"] == [0, 1, 1]


def test_articles_say_when_nobody_checked_the_certificate(told: list[Told]) -> None:
    assert told[3].insecure == ["The secret dam opens"]


def test_pages_that_were_taken_and_not_asked_are_given_back_when_the_crawl_is_stopped(tmp_path: Path) -> None:
    asked, release = threading.Event(), threading.Event()

    def slow(_asked: Asked) -> bytes:
        asked.set()
        release.wait(20)
        return page(article("slow"))

    with Web({f"/{number}": slow for number in range(12)}) as web:
        web.replies["/feed"] = page(rss(*(web.url(f"/{number}") for number in range(12))))
        site = Site(web, tmp_path, [outlet(web)], crawl={"timeout": 20})
        process = site.start()
        assert asked.wait(60)
        assert ("fetching", 8) in site.rows("SELECT state, count(*) FROM page GROUP BY state")
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert any("Received SIGTERM" in line for line in process.stdout)
        release.set()
        process.communicate(timeout=60)
        states = dict(site.rows("SELECT state, count(*) FROM page GROUP BY state"))
        assert set(states) == {"waiting", "fetched"}, states
        assert states["waiting"] >= 10
