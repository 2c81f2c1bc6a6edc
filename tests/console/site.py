"""A small news site on loopback: one feed, its pages, and a feed that is broken."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PARAGRAPHS = {
    "bridge": [
        "The bridge over the Tolland was closed on Monday after inspectors found deep cracks in two of its piers.",
        "Engineers working for the county said that the repair would take at least eleven weeks and cost four million.",
        "Ferries will carry commuters across the river from Wednesday morning, and the mayor asked them for patience.",
    ],
    "harvest": [
        "Growers across the northern valleys expect the largest apple harvest in a decade after a mild, early spring.",
        "A survey of four hundred orchards shows that nearly every tree carries more fruit than its branches can bear.",
        "Cider makers have rented a disused railway shed to store what the cooperative's presses cannot take at once.",
    ],
}


class Site:
    """What is served, and how often each path was asked for."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked: Counter[str] = Counter()

    def source(self, name: str = "Valley", feed: str = "feed.xml") -> str:
        """Return a [[source]] entry."""
        return (
            f'[[source]]\nname = "{name}"\nurl = "{self.url}/"\nfeeds = ["{self.url}/{feed}"]\nallow_private = true\n'
        )

    def answer(self, path: str) -> tuple[int, str, str]:
        name = path.strip("/").removesuffix(".html")
        if name in PARAGRAPHS:
            text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS[name])
            page = (
                f"<html><head><title>{name}</title></head><body><article><h1>{name}</h1>{text}</article></body></html>"
            )
            return 200, "text/html; charset=utf-8", page
        if path == "/feed.xml":
            items = "".join(
                f"<item><title>{name}</title><link>{self.url}/{name}.html</link></item>" for name in PARAGRAPHS
            )
            feed = f'<rss version="2.0"><channel><title>Valley</title><link>{self.url}/</link>{items}</channel></rss>'
            return 200, "application/rss+xml", feed
        return (500 if path == "/broken.xml" else 404), "text/plain", "no"


@contextmanager
def serving() -> Iterator[Site]:
    """Serve the site while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked[self.path] += 1
            status, kind, text = site.answer(self.path)
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site = Site(server.server_port)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
