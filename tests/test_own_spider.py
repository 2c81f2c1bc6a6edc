"""A spider of somebody's own, which yields our `Page`, gets everything after it for nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.web import Served, resolving, serving
from foundation.compress import decompress
from tests.ends import QUICK, ROOT, Desk, desk, finished
from tests.reports import FIRST, FURNITURE, REPORTS, SECOND, semantic, soup

HOSTS: Final = ("tidewater.test", "standard.test")
PATH: Final = "/2024/11/lisse-gauges.html"
# What docs/architecture.md promises is all that it needs; it knows nothing of databases, workers or fold.
SPIDER: Final = """
from datetime import UTC, datetime

import scrapy

from crawler.items import Page


class Mine(scrapy.Spider):
    name = "mine"
    start_urls = {addresses!r}

    async def start(self):
        for url in self.start_urls:
            yield scrapy.Request(url, meta={{"source": url.split("/")[2].partition(":")[0]}})

    def parse(self, response):
        yield Page(
            url=response.request.url,
            final_url=response.url,
            status=response.status,
            headers={{"content-type": response.headers["Content-Type"].decode()}},
            body=response.body,
            fetched_at=datetime.now(UTC),
            source=response.meta["source"],
        )
        yield {{"an item": "of another kind", "title": response.css("h1::text").get()}}
"""
SETTINGS: Final = """
from crawler.settings import *

SPIDER_MODULES = ["spiders"]
"""


@contextmanager
def outlets(folder: Path) -> Iterator[tuple[Desk, list[str]]]:
    """Two outlets that no feed leads to, and the addresses of their reports."""
    pages = [Served(HOSTS[0], PATH, semantic(FIRST).encode()), Served(HOSTS[1], PATH, soup(SECOND).encode())]
    with serving(pages) as port:
        sources = [
            f'[[source]]\nname = "{host}"\nurl = "http://{host}:{port}/"\nallow_private = true' for host in HOSTS
        ]
        with desk(folder, "\n".join([QUICK, *sources]), resolving(HOSTS)) as made:
            yield made, [f"http://{host}:{port}{PATH}" for host in HOSTS]


def test_a_single_file_is_run_and_folded(tmp_path: Path) -> None:
    with outlets(tmp_path) as (made, addresses):
        (tmp_path / "mine.py").write_text(SPIDER.format(addresses=addresses))
        made.environment = {**made.environment, "SCRAPY_SETTINGS_MODULE": "crawler.settings"}
        said = finished(made.start_python("-m", "scrapy", "runspider", "mine.py", cwd=tmp_path))
        assert "Traceback" not in said.err, said.err
        everything_is_kept_and_read(made, addresses)
        the_reports_are_folded(made)
        # A second crawl of the same pages, as a schedule would do it: more bytes, no second article, nothing to fold.
        finished(made.start_python("-m", "scrapy", "runspider", "mine.py", cwd=tmp_path))
        everything_is_kept_and_read(made, addresses, times=2)
        the_reports_are_folded(made)


def test_a_project_that_takes_our_settings_is_crawled(tmp_path: Path) -> None:
    with outlets(tmp_path) as (made, addresses):
        (tmp_path / "spiders").mkdir()
        (tmp_path / "spiders" / "__init__.py").touch()
        (tmp_path / "spiders" / "mine.py").write_text(SPIDER.format(addresses=addresses))
        (tmp_path / "my_settings.py").write_text(SETTINGS)
        made.environment = {
            **made.environment,
            "SCRAPY_SETTINGS_MODULE": "my_settings",
            "PYTHONPATH": f"{ROOT}:{tmp_path}",
        }
        said = finished(made.start_python("-m", "scrapy", "crawl", "mine", cwd=tmp_path))
        assert "Traceback" not in said.err, said.err
        everything_is_kept_and_read(made, addresses)


def everything_is_kept_and_read(made: Desk, addresses: list[str], times: int = 1) -> None:
    pages = made.query("SELECT id, url, state, article_id FROM page ORDER BY id")
    assert {page.url: page.state for page in pages} == dict.fromkeys(addresses, "read")
    bodies = made.query("SELECT body FROM raw_body WHERE read_at IS NOT NULL")
    assert len(bodies) == times * len(addresses)
    assert any(FIRST.title.encode() in decompress(body.body) for body in bodies)
    articles = made.query(
        "SELECT article.title, source.name AS host, reading.text FROM article JOIN source ON source.id = source_id "
        "JOIN reading ON reading.article_id = article.id"
    )
    assert {article.host: article.title for article in articles} == {host: REPORTS[host].title for host in HOSTS}
    assert len(articles) == len(HOSTS)
    (text,) = (article.text for article in articles if article.host == HOSTS[0])
    assert FIRST.text[1] in text
    assert [words for words in FURNITURE if words in text.lower()] == []


def the_reports_are_folded(made: Desk) -> None:
    finished(made.start_python("-m", "pipelines.fold", cwd=made.folder))
    (story,) = made.ask("stories", "--json").json
    assert (story["articles"], story["outlets"], story["copy_groups"]) == (2, 2, 2)
    made.ask("doctor")
