"""``storyfold extract``: read pages from files with the code of the live pipeline; write what each says, or why not."""

import json
import os
import pickle
import tempfile
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from console.output import line_writer, progress
from foundation.config import ExtractSettings
from foundation.errors import UnusableUrl, UsageError
from foundation.pool import TaskFailed, WorkerPool
from foundation.urls import site
from pipelines.page_sets import StoredPage, pages_in, read_stored
from pipelines.reading import Article, NoArticle, Reading
from pipelines.site_memory import SitePage, furniture, mark_furniture, page_of
from pipelines.worker import PRELOAD

AHEAD: Final = 8  # pages in flight for each worker: enough to keep it busy while the first of them is slow


def extract(
    pages: Annotated[
        Path,
        typer.Argument(
            help="One HTML file; a folder with html/*.html.gz; or JSON lines of {id, url, html} (.jsonl, .jsonl.gz)."
        ),
    ],
    out: Annotated[Path, typer.Option(help="One line per page, in the order of the pages; - is standard output.")],
    url: Annotated[str | None, typer.Option(help="The address of the page in a single HTML file.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes. [default: one for each core]")] = None,
    site_memory: Annotated[
        bool, typer.Option(help="Let the pages of a site teach each other what is furniture on it.")
    ] = True,
) -> None:
    """Read pages from files: text, furniture with its label, authors, dates, language.

    A page that holds no article, or that breaks its worker, is a line with its reason.
    """
    if url is not None and (pages.is_dir() or pages.name.endswith((".jsonl", ".jsonl.gz"))):
        raise UsageError("--url is the address of a single HTML file; a folder or JSON lines name their own")
    found = list(pages_in(pages, url)) if pages.is_dir() else pages_in(pages, url)
    with (
        line_writer(out) as write,
        progress("reading", total=len(found) if isinstance(found, list) else None) as advance,
    ):
        readings = _read(found, workers or os.cpu_count() or 1, advance)
        for page, reading in _remembered(readings) if site_memory else readings:
            write(json.dumps(as_line(page, reading), ensure_ascii=False))


def as_line(page: StoredPage, reading: Reading) -> dict[str, Any]:
    """Return a reading as one line of the output: the same keys for every page."""
    no = reading if isinstance(reading, NoArticle) else None
    article = reading if isinstance(reading, Article) else Article("", None, ())
    return {
        "id": page.id,
        "url": page.url,
        "reason": no.reason if no else None,
        "detail": no.detail if no else None,
        "kind": article.kind or None,
        "title": article.title,
        "text": article.text,
        "blocks": [
            {"text": block.text, "label": block.label, "rule": block.rule, "said_at": _iso(block.said_at)}
            for block in article.blocks
        ],
        "description": article.description,
        "authors": list(article.authors),
        "published_at": _iso(article.published_at),
        "published_from": article.published_from,
        "published_raw": article.published_raw,
        "published_doubt": article.published_doubt,
        "modified_at": _iso(article.modified_at),
        "language": article.language,
        "canonical_url": article.canonical_url,
        "site_name": article.site_name,
        "section": article.section,
        "agency": article.agency,
        "byline": article.byline,
        "bio": article.bio,
        "credits": list(article.credits),
        "stated_sources": [asdict(source) for source in article.stated],
        "is_free": article.is_free,
        "reader": article.reader or None,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _read(
    pages: Iterable[StoredPage], workers: int, advance: Callable[[int], None]
) -> Iterator[tuple[StoredPage, Reading]]:
    """Yield each page with its reading, in order, reading some pages ahead."""
    limits, now = ExtractSettings(), datetime.now(UTC)
    with WorkerPool(
        workers,
        memory_mb=limits.memory_mb,
        cpu_seconds=limits.cpu_seconds,
        wall_seconds=limits.wall_seconds,
        recycle_after=limits.recycle_after,
        preload=PRELOAD,
    ) as pool:
        waiting: deque[tuple[StoredPage, Future[Reading]]] = deque()
        for page in pages:
            waiting.append((page, pool.submit(read_stored, page, now)))
            if len(waiting) > AHEAD * workers:
                yield _finished(*waiting.popleft(), advance)
        while waiting:
            yield _finished(*waiting.popleft(), advance)


def _finished(page: StoredPage, task: Future[Reading], advance: Callable[[int], None]) -> tuple[StoredPage, Reading]:
    try:
        reading = task.result()
    except TaskFailed as failed:
        reading = NoArticle(f"extraction_{failed.reason}", failed.detail)
    advance(1)
    return StoredPage(page.id, page.url), reading


def _remembered(readings: Iterable[tuple[StoredPage, Reading]]) -> Iterator[tuple[StoredPage, Reading]]:
    """Yield the readings with what their sites print on every page labelled; they wait in a file until all are in."""
    sites: dict[str, list[SitePage]] = defaultdict(list)
    with tempfile.TemporaryFile() as spool:
        for number, (page, reading) in enumerate(readings):
            pickle.dump((page, reading), spool)
            if isinstance(reading, Article) and (name := _site(page)):
                sites[name].append(page_of(number, reading))
        learnt = furniture(sites)
        end = spool.tell()
        spool.seek(0)
        while spool.tell() < end:
            page, reading = pickle.load(spool)  # noqa: S301  # written a moment ago, by this process, to a file without a name
            known = learnt.get(_site(page))
            yield page, mark_furniture(reading, known) if known and isinstance(reading, Article) else reading


def _site(page: StoredPage) -> str:
    try:
        return site(page.url)
    except UnusableUrl:
        return ""
