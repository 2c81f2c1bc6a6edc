"""Follow redirects as the rest of the crawl reads addresses, and say so when one cannot be followed.

Scrapy's own middleware joins addresses with another parser than the guard's, and a redirect to itself vanishes in its
duplicate filter without item, error or log line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from crawler.fetching.outcomes import Failed
from foundation.urls import absolute

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# Conditional headers belong to the page, wherever it moved; any other header is set anew for the new address.
KEPT_HEADERS: Final = (b"If-None-Match", b"If-Modified-Since", b"Accept")
OF_ONE_REQUEST: Final = frozenset({"download_slot", "proxy", "_auth_proxy"})  # of meta: another host has its own


class RedirectMiddleware:
    """Turns a redirect into a request that passes robots rules and address guard like any other.

    Raises Failed (a redirect in a circle, without a target, or too many) or UnusableUrl (not http, unparsable).
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read ``REDIRECT_MAX_TIMES``."""
        return cls(crawler.settings.getint("REDIRECT_MAX_TIMES"))

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Return the request for the new address, or the response where it is no redirect."""
        if response.status not in REDIRECTS:
            return response
        location = response.headers.get("Location")
        if not location or not location.strip():
            raise Failed("redirect_without_location", request.url)
        return followed(request, response, absolute(decoded(location), request.url), self.limit)


def followed(request: Request, response: Response, target: str, limit: int) -> Request:
    """Return the request for ``target``, which ``response`` sends us to. Raises Failed.

    ``meta["redirected_from"]`` lists the addresses on the way, ``meta["redirect_statuses"]`` what each answered.
    """
    statuses = request.meta.get("redirect_statuses", ())
    seen = [*request.meta.get("redirected_from", ()), request.url]
    if target == absolute(request.url):
        raise Failed("redirect_to_itself", target)
    if target in seen:
        raise Failed("redirect_loop", target)
    if len(seen) > limit:
        raise Failed("redirect_limit", target)
    kept = {key: value for key, value in request.meta.items() if key not in OF_ONE_REQUEST}
    return request.replace(
        url=target,
        headers={name: request.headers[name] for name in KEPT_HEADERS if name in request.headers},
        meta=kept | {"redirected_from": seen, "redirect_statuses": [*statuses, response.status]},
        priority=request.priority + 1,
        dont_filter=True,
    )


def decoded(address: bytes) -> str:
    """Read an address as browsers do: UTF-8 where it is, else byte by byte."""
    try:
        return address.decode("utf-8")
    except UnicodeDecodeError:
        return address.decode("latin-1")
