"""What a worker process is asked to do, named without importing it: the crawl process never loads the extraction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.reading import Reading

PRELOAD: Final = (
    "pipelines.extract",
    "crawler.readers.feeds",
)  # loaded once, in the process that the workers are forked from


def read(html: bytes, url: str, content_type: str | None, now: datetime) -> Reading:
    """Read one page; see `pipelines.extract.read_page`."""
    from pipelines.extract import read_page

    return read_page(html, url, content_type, now=now)
