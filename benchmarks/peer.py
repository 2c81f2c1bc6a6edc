"""One reader of pages in a process of its own: a JSON line with a page in, a JSON line with its text out.

    python benchmarks/peer.py READER

Run by benchmarks/peers.py with the Python of the environment that the reader is installed in, so this file imports
nothing but the standard library and the one reader. CPU seconds are those of the call that reads the page. What a
reader prints goes to standard error, and what it would fetch is refused.
"""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

# A page's bytes, the same as text for readers that take no bytes, its URL, and when it was fetched.
Reader: TypeAlias = Callable[[bytes, str, str, datetime], str]

# Models, tables of months and phrases are loaded by the first page that needs them: before the clock runs.
WARM_UP = (
    b"<html lang='de'><head><title>Warm up</title><meta name='author' content='Ann Smith'>"
    b"<meta name='date' content='20. November 2025, 18:12 Uhr'></head><body><article>"
    + b"<p>The bridge will be closed on Monday, according to Reuters, the council said in a statement.</p>"
    * 20
)


def storyfold() -> Reader:
    from pipelines.extract import read_page

    return lambda html, _, url, now: getattr(read_page(html, url, now=now), "text", "")


def trafilatura(**options: Any) -> Reader:
    from trafilatura import bare_extraction

    def read(html: bytes, _text: str, url: str, _now: datetime) -> str:
        document = bare_extraction(html, url=url, include_comments=False, with_metadata=True, **options)
        return getattr(document, "text", None) or ""

    return read


def newspaper4k() -> Reader:
    from newspaper import Article  # type: ignore[import-not-found,unused-ignore]

    def read(_html: bytes, text: str, url: str, _now: datetime) -> str:
        article = Article(url, fetch_images=False)
        article.download(input_html=text)
        article.parse()
        return article.text or ""

    return read


def readability() -> Reader:
    from lxml.html import document_fromstring
    from readability import Document  # type: ignore[import-not-found,unused-ignore]

    lines = re.compile(r"(?i)(?=<(?:p|div|br|h[1-6]|li|tr|blockquote|pre|figcaption)\b)")

    # It takes bytes too, but a charset named inside a data: address then makes it fail.
    def read(_html: bytes, text: str, url: str, _now: datetime) -> str:
        summary = lines.sub("\n", Document(text, url=url).summary())
        page: Any = document_fromstring(summary)
        return str(page.text_content())

    return read


def news_please() -> Reader:
    from newsplease import NewsPlease  # type: ignore[import-not-found,unused-ignore]

    def read(_html: bytes, text: str, url: str, _now: datetime) -> str:
        return getattr(NewsPlease.from_html(text, url=url, fetch_images=False), "maintext", None) or ""

    return read


READERS: dict[str, Callable[[], Reader]] = {
    "storyfold": storyfold,
    "trafilatura fast": lambda: trafilatura(fast=True),
    "trafilatura default": lambda: trafilatura(),
    "trafilatura precision": lambda: trafilatura(favor_precision=True),
    "newspaper4k": newspaper4k,
    "readability-lxml": readability,
    "news-please": news_please,
}


def answer(read: Reader, asked: dict[str, str]) -> dict[str, Any]:
    """Return the text of the page that is asked for, the CPU seconds that it took, and what was raised."""
    html, now = base64.b64decode(asked["html"]), datetime.fromisoformat(asked["now"])
    page, text, failed = html.decode(asked["charset"], "replace"), "", ""
    start = time.process_time()
    try:
        text = read(html, page, asked["url"], now)
    except Exception as error:  # a reader that raises has read nothing, and the next page is its next chance
        failed = f"{type(error).__name__}: {error}"
    return {"text": text, "seconds": time.process_time() - start, "failed": failed}


def _no_network(*_: object) -> None:
    raise OSError("nothing is fetched here")


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    socket.socket.connect = _no_network  # type: ignore[method-assign]
    read = READERS[sys.argv[1]]()
    with_page = {"html": base64.b64encode(WARM_UP).decode(), "charset": "utf-8", "url": "https://example.org/a"}
    answer(read, {**with_page, "now": "2026-01-01T00:00:00+00:00"})
    for line in sys.stdin:
        print(json.dumps(answer(read, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
