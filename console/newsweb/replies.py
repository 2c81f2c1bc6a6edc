"""An HTTP answer as a value, and the plain ones that several sites give."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server sends. A body that is no bytes is streamed without a length until it ends or the client goes."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | Iterable[bytes] = b""
    declared: int | None = None  # a Content-Length that is not the body's


def html(body: bytes, charset: str = "utf-8", *headers: tuple[str, str]) -> Reply:
    """A page."""
    return Reply(200, (("Content-Type", f"text/html; charset={charset}"), *headers), body)


def plain(status: int, text: str, *headers: tuple[str, str]) -> Reply:
    """A line of text."""
    return Reply(status, (("Content-Type", "text/plain; charset=utf-8"), *headers), f"{text}\n".encode())


def redirect(location: str, status: int = 302) -> Reply:
    """Send the client elsewhere."""
    return plain(status, f"See {location}", ("Location", location))


def conditional(request: Mapping[str, str], body: bytes, content_type: str, changed: datetime) -> Reply:
    """The body with its ETag and Last-Modified, or 304 when the request shows that the client has it (RFC 9110)."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    validators = (("ETag", etag), ("Last-Modified", format_datetime(changed, usegmt=True)))
    if _unchanged(request, etag, changed):
        return Reply(304, validators)
    return Reply(200, (("Content-Type", content_type), *validators), body)


def _unchanged(request: Mapping[str, str], etag: str, changed: datetime) -> bool:
    if wanted := request.get("if-none-match"):
        return etag in (part.strip().removeprefix("W/") for part in wanted.split(",")) or wanted.strip() == "*"
    if since := request.get("if-modified-since"):
        try:
            return changed <= parsedate_to_datetime(since)
        except (TypeError, ValueError):
            return False
    return False
