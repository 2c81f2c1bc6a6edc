"""A crowd of sites on loopback, in one process: a feed and equal pages each; some of them slow, some without end."""

import asyncio
import multiprocessing
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

WORDS: Final = 2_500  # of one page: some 20 kB of text in 60 kB of markup, the median of real news pages
SLOW_SECONDS: Final = 25.0


@dataclass(frozen=True, slots=True)
class Crowd:
    """``pages`` on each of the sites ``site0000.test``, ``site0001.test``, …; two more misbehave where wanted."""

    sites: int
    pages: int
    is_spoilt: bool = False  # with `slow.test`, which answers after SLOW_SECONDS, and `endless.test`

    @property
    def hosts(self) -> list[str]:
        """The names of all sites."""
        spoilers = ["endless.test", "slow.test"] if self.is_spoilt else []
        return spoilers + [f"site{number:04}.test" for number in range(self.sites)]


def article() -> bytes:
    """Return a page like a real one: words of a made-up language inside the markup that pages have."""
    source = random.Random(1)
    words = ["".join(source.choices("abcdefghiklmnoprstu", k=source.randint(2, 9))) for _ in range(WORDS)]
    paragraphs = [" ".join(words[at : at + 60]) for at in range(0, WORDS, 60)]
    chrome = "".join(f'<div class="m{n}"><a href="/s/{n}">{word}</a></div>' for n, word in enumerate(words[:800]))
    text = "".join(f'<p class="article-body__paragraph">{paragraph}.</p>' for paragraph in paragraphs)
    return f"<!doctype html><html><head><title>A page</title></head><body>{chrome}{text}</body></html>".encode()


@contextmanager
def gathered(crowd: Crowd) -> Iterator[int]:
    """Serve the crowd from a process of its own; give the port."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(crowd, there), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def _serve(crowd: Crowd, pipe: Any) -> None:
    asyncio.run(_Sites(crowd).serve(pipe))


class _Sites:
    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.port = 0
        self.page = _answer(article(), "text/html; charset=utf-8")
        self.missing = _answer(b"", "text/plain", "404 Not Found")

    async def serve(self, pipe: Any) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        pipe.send(self.port)
        async with server:
            await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                path = head.split(" ", 2)[1]
                host = head.lower().partition("\r\nhost:")[2].strip().partition(":")[0]
                await self._reply(host, path, writer)
                await writer.drain()
        writer.close()

    async def _reply(self, host: str, path: str, writer: asyncio.StreamWriter) -> None:
        if path == "/feed.xml":
            writer.write(self._feed(host))
        elif not path.startswith("/story/"):
            writer.write(self.missing)
        elif host == "slow.test":
            await asyncio.sleep(SLOW_SECONDS)
            writer.write(self.page)
        elif host == "endless.test" and path.endswith("7"):
            await _without_end(writer)
        else:
            writer.write(self.page)

    def _feed(self, host: str) -> bytes:
        pages = 2_000 if host == "endless.test" else self.crowd.pages
        items = "".join(
            f"<item><title>Story {n}</title><link>http://{host}:{self.port}/story/{n}</link></item>"
            for n in range(pages)
        )
        feed = f"<rss version='2.0'><channel><title>{host}</title>{items}</channel></rss>"
        return _answer(feed.encode(), "application/rss+xml")


async def _without_end(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while True:
        writer.write(b"<p>and so on</p>" * 64)
        await writer.drain()
        await asyncio.sleep(0.05)


def _answer(body: bytes, content_type: str, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
