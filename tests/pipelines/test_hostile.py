"""Pages made to break a reader: each ends as a recorded reason, and the pages beside it come through."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from foundation.pool import TaskFailed, WorkerPool
from pipelines.extract import PRELOAD, read_page
from pipelines.reading import Article, NoArticle
from pipelines.wording import is_date_line
from tests.pipelines.writing import STORY, page

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 6, 1, tzinfo=UTC)
URL = "https://www.example.org/a"
PARAGRAPH = f"<p>{STORY[0]}</p>"


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(2, cpu_seconds=3, memory_mb=512, wall_seconds=60, preload=PRELOAD) as workers:
        yield workers


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("<p " + " ".join(f"a{n}=''" for n in range(100_000)) + ">" + STORY[0], id="100,000 attributes"),
        pytest.param("<html><body>" + PARAGRAPH * 60_000, id="many paragraphs"),
        pytest.param("<html><body>" + "<div>" * 300_000 + PARAGRAPH, id="nested for ever"),
        pytest.param("<html><body>" + "<a href='/x'>a link</a> " * 200_000, id="many links"),
        pytest.param(
            "<!DOCTYPE x [<!ENTITY a 'aaaa'>" + "<!ENTITY b '&a;&a;'>" * 20_000 + "]>" + "&b;" * 100_000, id="entities"
        ),
        pytest.param("<noscript>" * 200_000 + PARAGRAPH, id="noscript never closed"),
        pytest.param(
            "<script type='application/ld+json'>" + "[" * 200_000 + "</script>" + PARAGRAPH * 3, id="nested JSON"
        ),
        pytest.param("<html><body><p>" + "1 " * 500_000, id="numbers"),
        pytest.param("<time datetime='" + "2026-" * 100_000 + "'>" + PARAGRAPH * 3, id="a long date"),
        pytest.param(
            "<h1>" + "| a " * 20_000 + "</h1><title>" + "- b " * 20_000 + "</title>" + PARAGRAPH * 3, id="a long title"
        ),
    ],
)
def test_a_hostile_page_ends_as_a_reading_or_a_reason_and_harms_no_other(pool: WorkerPool, html: str) -> None:
    hostile = pool.submit(read_page, html.encode(), URL, now=NOW)
    others = [pool.submit(read_page, page(STORY).encode(), URL, now=NOW) for _ in range(3)]
    assert all(isinstance(other.result(), Article) for other in others)
    match hostile.exception():
        case None:
            reading = hostile.result()
            assert not isinstance(reading, NoArticle) or reading.reason != "failed", reading
        case error:
            assert isinstance(error, TaskFailed)
            assert error.reason in {"timeout", "memory"}


@pytest.mark.parametrize("line", ["1" * 89, "12 " * 29 + "x", "mai am h " * 9 + "x", "1.1.1." * 14 + "x"])
def test_a_line_of_dates_is_told_in_no_time_at_all(line: str) -> None:
    assert not is_date_line(line)
