"""Follow a page that only sends its reader on: the ``Refresh`` header and ``<meta http-equiv="refresh">``.

Scrapy's own middleware decodes every page by the charset that it names; this one looks at bytes.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Final, Self

from crawler.middlewares.redirect import decoded, followed
from foundation.errors import UnusableUrl
from foundation.urls import absolute, canonicalise

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

# Nobody reads a page in so short a time; a live blog reloads itself after 30 s and more.
LONGEST_DELAY: Final = 5
READ: Final = 16_384  # bytes; the tag belongs into the head
HTML: Final = (b"text/html", b"application/xhtml+xml")

_UNSEEN: Final = re.compile(  # by a reader whose browser runs scripts
    rb"<!--(?:-?>|.*?(?:-->|\Z))|<(script|style|noscript|template|textarea|title|xmp)\b.*?(?:</\1|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_META: Final = re.compile(rb"<meta[\s/]([^>]{0,2000})>", re.IGNORECASE)
_IS_REFRESH: Final = re.compile(rb"""(?:^|[\s"'/])http-equiv\s*=\s*["']?\s*refresh(?=["'\s/]|\Z)""", re.IGNORECASE)
_CONTENT: Final = re.compile(rb"""(?:^|[\s"'/])content\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
# HTML, 4.2.5.3 "Refresh state": the delay, then a semicolon, a comma or space, then the address, bare or as url=….
_REFRESH: Final = re.compile(r"\s*(\d{1,9})(?:\.[\d.]*)?\s*[;,\s]\s*(?:url\s*=\s*)?(.*)", re.IGNORECASE | re.DOTALL)


class RefreshMiddleware:
    """Turns a quick refresh to another address into a request, like a redirect and within the same limit.

    A refresh that is slow, leads to the same page or to nothing that is an address leaves the page as it came.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read ``REDIRECT_MAX_TIMES``."""
        return cls(crawler.settings.getint("REDIRECT_MAX_TIMES"))

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Return the request for the other address, or the response. Raises Failed, as a redirect does."""
        if not 200 <= response.status < 300:
            return response
        target = refresh_target(response.headers.get("Refresh"), _html(response), response.url)
        return response if target is None else followed(request, response, target, self.limit)


def refresh_target(header: bytes | None, html: bytes, url: str) -> str | None:
    """Return the other address that a page at ``url`` sends its reader to at once, or None."""
    for said in (header, _meta(html)):
        parts = _REFRESH.match(decoded(said)) if said else None
        if parts is not None and int(parts[1]) <= LONGEST_DELAY:
            try:
                target = absolute(_unquoted(parts[2]), url)
                return target if canonicalise(target) != canonicalise(url) else None
            except UnusableUrl:
                return None
    return None


def _html(response: Response) -> bytes:
    """Return the beginning of an HTML page, or nothing; a page without a type may be one."""
    kind = (response.headers.get("Content-Type") or HTML[0]).split(b";")[0].strip().lower()
    return response.body[:READ] if kind in HTML else b""


def _meta(html: bytes) -> bytes | None:
    for tag in _META.finditer(_UNSEEN.sub(b" ", html)) if b"refresh" in html.lower() else ():
        content = _CONTENT.search(tag[1])
        if content and _IS_REFRESH.search(tag[1]):
            value = next(group for group in content.groups() if group is not None)
            return unescape(decoded(value)).encode("utf-8", "surrogatepass")
    return None


def _unquoted(address: str) -> str:
    """Return what stands between quotation marks, where there are some."""
    quote = address[:1]
    return address[1:].partition(quote)[0] if quote in ("'", '"') else address
