"""Pages made to break a reader: each ends as a recorded reason, and the pages beside it come through."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crawler.items import Page
from foundation.pool import TaskFailed, WorkerPool
from pipelines import worker
from pipelines.extract import read_page
from pipelines.reading import REASONS, Article, NoArticle
from pipelines.save import save
from pipelines.stages import Extract
from pipelines.wording import is_date_line
from storage import models
from tests.pipelines.test_save import fetch
from tests.pipelines.writing import STORY, page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from pipelines.reading import Reading
    from storage.engine import Database

NOW = datetime(2026, 6, 1, tzinfo=UTC)
URL = "https://www.example.org/a"
PARAGRAPH = f"<p>{STORY[0]}</p>"
HEAD, BODY = "<html><head>", "<html><body>" + PARAGRAPH * 3
CPU_SECONDS: Final = 3  # a crawl gives 10: what ends at 3 ends there too, and the suite is not kept waiting
JSON_LD = "<script type='application/ld+json'>"


def json_ld(script: str) -> str:
    return f"{HEAD}{JSON_LD}{script}</script></head>{BODY}"


# Pages that cost more than a page may: whether they are read or end by a limit is the machine's to say.
HUGE: Final = {
    "1 MB of attributes on one element": "<p " + " ".join(f"a{n}=''" for n in range(120_000)) + ">" + STORY[0],
    "20 MB of paragraphs": "<html><body>" + PARAGRAPH * (20_000_000 // len(PARAGRAPH)),
    "half a million links": "<html><body>" + "<a href='/x'>a link</a> " * 500_000,
    "nesting of a million": "<html><body>" + "<div>" * 1_000_000 + PARAGRAPH,
    "an entity bomb": (
        "<!DOCTYPE x [<!ENTITY a0 'lol'>"
        + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
        + f"]><html><body><p>&a11;</p>{PARAGRAPH * 3}"
    ),
    "300,000 paragraphs of a letter": "<html><body>" + "<p>x</p>" * 300_000,
    "100,000 lists": BODY + "<ul><li>one</li></ul>" * 100_000,
    "100,000 tables": BODY + "<table><tr><td>one</td></tr></table>" * 100_000,
    "200,000 figures": BODY + "<figure><img src='x'><figcaption>one</figcaption></figure>" * 200_000,
}
SLOW: Final = {"100,000 lists", "100,000 tables", "200,000 figures"}  # as the others, only with other markup


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    limits = {"cpu_seconds": CPU_SECONDS, "memory_mb": 512}
    with WorkerPool(2, **limits, wall_seconds=120, preload=worker.PRELOAD) as workers:
        yield workers


def asked(pool: WorkerPool, html: str) -> Future[Reading]:
    return pool.submit(worker.read, html.encode("utf-8", "surrogatepass"), URL, None, NOW)


@pytest.mark.parametrize(
    "html", [pytest.param(html, id=name, marks=[pytest.mark.slow] * (name in SLOW)) for name, html in HUGE.items()]
)
def test_a_hostile_page_ends_as_a_reading_or_a_reason_and_harms_no_other(pool: WorkerPool, html: str) -> None:
    hostile = asked(pool, html)
    others = [asked(pool, page(STORY)) for _ in range(3)]
    assert all(isinstance(other.result(), Article) for other in others)
    match hostile.exception():
        case None:
            reading = hostile.result()
            assert not isinstance(reading, NoArticle) or reading.reason != "failed", reading
        case error:
            assert isinstance(error, TaskFailed)
            assert error.reason in {"timeout", "memory"}
            assert f"extraction_{error.reason}" in REASONS


def test_a_page_that_ends_by_a_limit_keeps_its_bytes_and_tells_why(pool: WorkerPool, database: Database) -> None:
    body = HUGE["1 MB of attributes on one element"].encode()
    with database.write() as session:
        raw_id = fetch(session, URL)
    ended = asyncio.run(Extract(pool).process_item(Page(URL, URL, 200, {}, body, NOW, "Example", raw_id=raw_id)))
    assert ended.page.body is body
    with database.write() as session:
        save(session, raw_id, ended.outcome, NOW, (1.0, 4.0))
    with database.read() as session:
        page = session.scalars(select(models.Page)).one()
        assert (page.state, page.reason) == ("read", "extraction_timeout")
        assert session.scalars(select(models.RawBody.body)).one()


# Each of these grows with the number it is given, and what it costs must grow no faster.
GROWING: Final[dict[str, Callable[[int], str]]] = {
    "one line": lambda n: f"{BODY}<p>{'a word ' * n}</p>",
    "spaces": lambda n: f"{BODY}<p>a{chr(0xA0) * n}b</p>",
    "dashes": lambda n: f"{BODY}<p>{'- ' * n}</p>",
    "capitals": lambda n: f"{BODY}<p>{'A' * n}</p>",
    "By By By": lambda n: f"{BODY}<p>{'By ' * n}</p>",
    "numbers": lambda n: f"{BODY}<p>{'1 ' * n}</p>",
    "marks piled on a letter": lambda n: f"{BODY}<p>a{chr(0x301) * n}{chr(0x316) * n}b</p>",
    "mojibake": lambda n: f"{BODY}<p>{'Ã©' * n}</p>",
    "NUL": lambda n: f"{BODY}<p>{'a' + chr(0) * n}</p>",
    "lone surrogates": lambda n: f"{BODY}<p>{chr(0xD800) * n}</p>",
    "paragraphs that no line is like": lambda n: (
        BODY + "".join(f"<p>{m} {STORY[0][:60]}<button>b</button>{STORY[1][:60]} {m}</p>" for m in range(n // 20))
    ),
    "inline nesting": lambda n: f"{BODY}<p>{'<b>' * n}{STORY[1]}",
    "noscript never closed": lambda n: "<noscript>" * n + PARAGRAPH * 3,
    "scripts never closed": lambda n: "<script>" * n + PARAGRAPH * 3,
    "templates never closed": lambda n: "<template>" * n + PARAGRAPH * 3,
    "tags never closed": lambda n: BODY + "<p " * n,
    "comments never closed": lambda n: BODY + "<!-- " * n,
    "a title": lambda n: f"{HEAD}<title>{'word - ' * n}</title></head>{BODY}",
    "a heading": lambda n: f"{BODY}<h1>{'word | ' * n}</h1>",
    "a description": lambda n: f"{HEAD}<meta name='description' content='{'word ' * n}'></head>{BODY}",
    "an author": lambda n: f"{HEAD}<meta name='author' content='{'By ' * n}'></head>{BODY}",
    "pronouns never closed": lambda n: f"{HEAD}<meta name='author' content='{'a (she ' * n}'></head>{BODY}",
    "a date": lambda n: f"{HEAD}<meta name='date' content='{'2026-' * n}'></head>{BODY}",
    "a canonical": lambda n: f"{HEAD}<link rel='canonical' href='https://www.example.org/{'a/' * n}'></head>{BODY}",
    "a class": lambda n: f"{BODY}<div class='{'oneWord two ' * (n // 10)}'>{PARAGRAPH * 3}</div>",
    "JSON-LD": lambda n: json_ld('{"@type":"NewsArticle","articleBody":"' + "word " * n + '"}'),
    "JSON-LD scripts": lambda n: json_ld(f"[1,]</script>{JSON_LD}" * (n // 10)),
    "JSON-LD that only opens": lambda n: json_ld("[ " * n),
    "JSON-LD cut off": lambda n: json_ld('{"a": ' * n),
    "JSON-LD of quotes": lambda n: json_ld("{" + '"' * n),
    "JSON-LD of slashes": lambda n: json_ld("{" + "/*" * n),
    "JSON-LD of commas": lambda n: json_ld("{" + ", " * n),
    "JSON-LD of articles": lambda n: json_ld('[{"@type":"NewsArticle","headline":"a"} ' * (n // 10)),
}
SIZE: Final = 20_000
TIMES: Final = 4
# Twice what a linear step costs, and what a busy machine adds to milliseconds; a quadratic one costs sixteen times.
SLACK, LEAST = 2.0, 0.1


def cost(html: str) -> float:
    start = time.process_time()
    reading = read_page(html.encode("utf-8", "surrogatepass"), URL, now=NOW)
    assert not isinstance(reading, NoArticle) or reading.reason != "failed", reading
    return time.process_time() - start


@pytest.mark.parametrize("growing", GROWING.values(), ids=GROWING)
def test_what_a_page_costs_grows_no_faster_than_the_page(growing: Callable[[int], str]) -> None:
    cost(growing(10))
    assert cost(growing(TIMES * SIZE)) <= SLACK * TIMES * (cost(growing(SIZE)) + LEAST)


@pytest.mark.parametrize(
    "charset", ["x-user-defined", "utf-7", "utf-32", "ebcdic-cp-us", "rot13", "hex", "\x00", "a" * 9000]
)
def test_an_odd_charset_is_read(charset: str) -> None:
    html = page(STORY, head=f"<meta charset='{charset}'>").encode()
    reading = read_page(html, URL, f"text/html; charset={charset}", now=NOW)
    assert isinstance(reading, Article)
    assert reading.text == "\n\n".join(STORY)


PIECES: Final = (
    *("<p>", "</p>", "<div class='", "'>", "<!--", "-->", "<title>", "<meta name='author' content='", STORY[0], " "),
    *("<script type='application/ld+json'>", "</script>", '{"@type":', "[", "}", "\x00", "\ud800", "&#0;", "&#xD800;"),
)


@given(
    st.lists(
        st.sampled_from(PIECES),
        max_size=40,
    ).map("".join)
)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_reading_never_raises_and_gives_the_same_each_time(html: str) -> None:
    given_bytes = html.encode("utf-8", "surrogatepass")
    reading = read_page(given_bytes, URL, now=NOW)
    assert reading == read_page(given_bytes, URL, now=NOW)
    assert not isinstance(reading, NoArticle) or reading.reason != "failed", reading


@pytest.mark.parametrize("line", ["1" * 89, "12 " * 29 + "x", "mai am h " * 9 + "x", "1.1.1." * 14 + "x"])
def test_a_line_of_dates_is_told_in_no_time_at_all(line: str) -> None:
    assert not is_date_line(line)
