"""Ask each source as its configuration says: user agent, headers, proxy; and nobody's environment decides the proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy.downloadermiddlewares.httpproxy import HttpProxyMiddleware

from crawler.store import Store

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

    from crawler.sources import Rules


class SourceMiddleware:
    """Applies a source's settings to the requests made for it (``meta["source"]`` is its name).

    Its headers, which may hold secrets, are sent to its own origins only: a redirect elsewhere goes without them, and
    so does one from https to http.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the rules from the crawler's store."""
        return cls(Store.of(crawler).rules)

    def process_request(self, request: Request) -> None:
        """Set what the source wants."""
        rules = self.rules.get(request.meta.get("source", ""))
        if rules is None:
            return
        if rules.user_agent:
            request.headers["User-Agent"] = rules.user_agent
        if rules.proxy:
            request.meta["proxy"] = rules.proxy
        if rules.headers and rules.is_own_origin(request.url) and not _is_downgraded(request):
            for name, value in rules.headers.items():
                request.headers[name] = value


def _is_downgraded(request: Request) -> bool:
    before = request.meta.get("redirected_from", ())
    return request.url.startswith("http:") and any(url.startswith("https:") for url in before)


class NamedProxyMiddleware(HttpProxyMiddleware):
    """Scrapy's middleware, deaf to ``http_proxy`` and its like: through a proxy a request walks around the guard."""

    def __init__(self, auth_encoding: str | None = "latin-1") -> None:
        super().__init__(auth_encoding)
        self.proxies = {}
