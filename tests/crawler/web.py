"""A web server on a raw socket: what it answers is bytes, so that it can answer wrongly."""

import datetime
import ipaddress
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came; header names in lower case."""

    host: str
    path: str
    headers: dict[str, str]
    time: float
    send: "Send"
    connection: socket.socket


# Bytes, or a function that returns them, or sends them itself and returns none.
Reply: TypeAlias = bytes | Callable[[Asked], bytes | None]
Send: TypeAlias = Callable[[bytes], None]


def page(
    body: bytes | str, status: str = "200 OK", content_type: str = "text/html; charset=utf-8", **headers: str
) -> bytes:
    """A whole, correct answer; underscores in header names become hyphens."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join(
        [
            f"HTTP/1.1 {status}",
            f"Content-Type: {content_type}",
            f"Content-Length: {len(data)}",
            "Connection: close",
            *lines,
        ]
    )
    return f"{head}\r\n\r\n".encode() + data


def redirect(location: str, status: str = "302 Found") -> bytes:
    """A redirect."""
    return page("", status, Location=location)


def rss(*links: str, dates: dict[str, str] | None = None) -> str:
    """An RSS feed of these links."""
    items = "".join(
        f"<item><title>About {link[-20:]}</title><link>{link.replace('&', '&amp;')}</link>"
        + (f"<pubDate>{dates[link]}</pubDate>" if dates and link in dates else "")
        + "</item>"
        for link in links
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{items}</channel></rss>'


def certificate(folder: Path) -> ssl.SSLContext:
    """A certificate for 127.0.0.1 that its owner signed himself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "certificate.pem"
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


ARTICLE = page("<html><title>A title</title><body><p>" + "Some words of an article. " * 40 + "</p></body></html>")
NOT_FOUND = page("gone", "404 Not Found")


@dataclass
class Web:
    """Answers by path, or by host and path; whatever it does not know is 404. Every request is logged."""

    replies: dict[str, Reply] = field(default_factory=dict)
    log: list[Asked] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    address: str = "127.0.0.1"

    def __enter__(self) -> Self:
        web = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                web._answer(self.rfile, self.request)

        class Server(socketserver.ThreadingTCPServer):
            address_family = socket.AF_INET6 if ":" in web.address else socket.AF_INET

        self.server = Server((self.address, 0), Handler, bind_and_activate=False)
        self.server.daemon_threads = True
        self.server.request_queue_size = 128
        self.server.allow_reuse_address = True
        self.server.server_bind()
        self.server.server_activate()
        if self.tls is not None:
            self.server.socket = self.tls.wrap_socket(self.server.socket, server_side=True)
            self.server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that refuse us
        self.port: int = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [asked.path for asked in self.log]

    def times_asked(self, path: str) -> int:
        return self.paths().count(path)

    def _answer(self, stream: Any, connection: socket.socket) -> None:
        try:
            lines = []
            while (line := stream.readline(65_536).decode("latin-1").strip()) != "":
                lines.append(line)
            if not lines:
                return
            path = lines[0].split(" ")[1]
            headers = {
                name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
            }
            host = headers.get("host", "").split(":")[0]
            asked = Asked(host, path, headers, time.monotonic(), connection.sendall, connection)
            self.log.append(asked)
            reply = self.replies.get(host + path, self.replies.get(path, NOT_FOUND))
            connection.sendall(reply if isinstance(reply, bytes) else reply(asked) or b"")
        except OSError:
            pass  # the client went away, as clients do
