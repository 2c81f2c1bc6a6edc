"""Reasons in words: what an operator reads where a feed fails."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

_WORDS: Final = {
    "timeout": "the answer took too long",
    "no_such_host": "no such host",
    "connection_refused": "the host refuses connections",
    "proxy_refused": "the proxy refuses connections",
    "malformed_answer": "the answer is not HTTP",
    "bad_port": "browsers do not ask this port",
    "connection_lost": "the connection broke off",
    "no_connection": "no connection could be made",
    "tls": "no secure connection: the certificate or the protocol is not accepted",
    "truncated_body": "the answer was cut short",
    "empty_body": "the answer was empty",
    "too_large": "the answer is larger than is read",
    "headers_too_large": "the answer's headers are larger than is read",
    "wrongly_packed": "the answer is not packed the way it says",
    "not_http": "the address is not http or https",
    "unparsable": "the address cannot be read",
    "too_long": "the address is too long",
    "private_address": "the address is not public",
    "robots": "robots.txt forbids it",
    "robots_unreachable": "robots.txt could not be read, so nothing may be asked",
    "redirect_without_location": "a redirect that names no address",
    "redirect_to_itself": "a redirect to itself",
    "redirect_loop": "redirects in a circle",
    "redirect_limit": "too many redirects",
    "host_paused": "the host is left alone after repeated failures",
}


def in_words(reason: str, detail: str = "") -> str:
    """Return a reason as a line for people: ``HTTP 404: not found``, ``no such host``. A new reason speaks for itself.

    ``detail`` follows after a colon, such as the address or the limit.
    """
    kind, _, rest = reason.partition("_")
    if kind == "http" and rest.isdigit():
        said = _status(int(rest))
    elif kind == "unexpected":
        said = f"an error that nobody foresaw: {rest}"
    else:
        said = _WORDS.get(reason) or reason.replace("_", " ")
    return f"{said}: {detail}" if detail else said


def _status(status: int) -> str:
    try:
        return f"HTTP {status}: {HTTPStatus(status).phrase.lower()}"
    except ValueError:
        return f"HTTP {status}"
