"""Pages on disk: one file, a folder of compressed ones, or JSON lines; and how a worker reads each."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from foundation.errors import UsageError
from pipelines.reading import NoArticle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from pipelines.reading import Reading

SUFFIXES = (".html.gz", ".htm.gz", ".html", ".htm")
LINES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".json.gz")


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page to be read: its bytes, or the file that holds them."""

    id: str
    url: str
    file: Path | None = None
    html: bytes = b""


def pages_in(path: Path, url: str | None = None) -> Iterator[StoredPage]:
    """Yield the pages of a file or folder, in the order of the lines or of the names; raises UsageError.

    A folder's ``truth.jsonl.gz`` gives addresses and nothing else. ``url`` is the address of a single file.
    """
    if path.is_dir():
        yield from _in_folder(path)
    elif not path.is_file():
        raise UsageError(f"{path}: there is no such file or folder")
    elif path.name.endswith(LINES):
        yield from _in_lines(path)
    else:
        yield StoredPage(_name(path), url or "", path)


def read_stored(page: StoredPage, now: datetime) -> Reading:
    """Read one page; in a worker process. A file that cannot be read is a reason."""
    from pipelines.extract import read_page

    try:
        html = _bytes(page.file) if page.file else page.html
    except (OSError, EOFError, ValueError) as error:
        return NoArticle("failed", f"{type(error).__name__}: {error}")
    return read_page(html, page.url, now=now)


def _in_folder(folder: Path) -> Iterator[StoredPage]:
    inside = folder / "html" if (folder / "html").is_dir() else folder
    truth = folder / "truth.jsonl.gz"
    urls = {page.id: page.url for page in _in_lines(truth)} if truth.is_file() else {}
    files = sorted(path for path in inside.iterdir() if path.name.endswith(SUFFIXES))
    if not files:
        raise UsageError(f"{inside}: no page in it (*.html.gz)")
    for file in files:
        yield StoredPage(_name(file), urls.get(_name(file), ""), file)


def _in_lines(path: Path) -> Iterator[StoredPage]:
    with gzip.open(path, "rt", encoding="utf-8") if path.name.endswith(".gz") else path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                page: dict[str, Any] = json.loads(line)
                html = str(page.get("html") or "").encode("utf-8", "replace")
                yield StoredPage(str(page["id"]), str(page.get("url") or ""), html=html)
            except (ValueError, KeyError, AttributeError) as error:
                raise UsageError(f"{path}:{number}: not a page: {error!r}") from error


def _name(path: Path) -> str:
    return next((path.name.removesuffix(suffix) for suffix in SUFFIXES if path.name.endswith(suffix)), path.stem)


def _bytes(file: Path) -> bytes:
    return gzip.decompress(file.read_bytes()) if file.name.endswith(".gz") else file.read_bytes()
