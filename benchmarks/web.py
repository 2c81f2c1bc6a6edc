"""A web on loopback made of given pages: each host with a feed, so that the product crawls it as any other."""

import multiprocessing
import socketserver
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any
from xml.sax.saxutils import escape


@dataclass(frozen=True, slots=True)
class Served:
    """One page: the address it is served at (without the port), and its bytes."""

    host: str
    path: str
    body: bytes


class Web(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Serves the pages and, for each host, a feed at /feed.xml and no robots.txt."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, pages: list[Served]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.port: int = self.server_address[1]
        self.pages = {(page.host, page.path): page.body for page in pages}
        self.paths: dict[str, list[str]] = defaultdict(list)
        for page in pages:
            self.paths[page.host].append(page.path)

    def answer(self, site: str, path: str) -> tuple[int, str, bytes]:
        """Return status, type and body."""
        if path == "/feed.xml":
            items = "".join(
                f"<item><link>{escape(f'http://{site}:{self.port}{page}')}</link></item>" for page in self.paths[site]
            )
            return 200, "application/rss+xml", f"<rss version='2.0'><channel>{items}</channel></rss>".encode()
        body = self.pages.get((site, path))
        return (404, "text/plain", b"") if body is None else (200, "text/html", body)


class Handler(BaseHTTPRequestHandler):
    """One connection of the web."""

    protocol_version = "HTTP/1.1"
    server: Web

    def do_GET(self) -> None:  # the name is the base class's
        """Answer a request."""
        site = self.headers.get("Host", "").partition(":")[0]
        status, kind, body = self.server.answer(site, self.path)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # the name is the base class's
        """Stay quiet."""


@contextmanager
def serving(pages: list[Served]) -> Iterator[int]:
    """Serve the pages from a process of their own; give the port."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(pages, there), daemon=True)
    process.start()
    yield here.recv()
    process.terminate()
    process.join()


def _serve(pages: list[Served], pipe: Any) -> None:
    with Web(pages) as web:
        pipe.send(web.port)
        web.serve_forever()


def configuration(database: str, hosts: Iterable[str], port: int) -> str:
    """Return a storyfold.toml that names each host as a source with its feed."""
    sources = [
        f'[[source]]\nname = "{name}"\nurl = "http://{name}:{port}/"\n'
        f'feeds = ["http://{name}:{port}/feed.xml"]\nallow_private = true\n'
        for name in hosts
    ]
    return f'database = "{database}"\n\n' + "\n".join(sources)


def resolving(hosts: Iterable[str]) -> dict[str, str]:
    """Return the environment in which the hosts' names lead to loopback."""
    return {
        "STORYFOLD_STATIC_HOSTS": ",".join(f"{name}=127.0.0.1" for name in hosts),
        "STORYFOLD_DNS_RESOLVER": "console.newsweb.resolver.StaticHostsResolver",
    }
