"""The address guard: whatever a name resolves to, only public addresses are connected to.

The check stands where the connection is made, on the address itself. Names, redirects, odd spellings of addresses and a
name that resolves differently the second time all pass through here.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any, Final

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler, _BindAddressAgent, _ScrapyAgent
from scrapy.utils._download_handlers import normalize_bind_address, wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.web.client import URI, HTTPConnectionPool
from zope.interface import directlyProvides, providedBy  # type: ignore[import-untyped]

from crawler.outcomes import AddressRefused, Refused
from crawler.store import Store
from foundation.errors import UnusableUrl
from foundation.urls import host, literal_address

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.web.client import Agent

GLOBAL_UNICAST: Final = IPv6Network("2000::/3")  # RFC 4291: everything else is local, multicast, mapped or unassigned
# Not global by IANA's registries, though older Pythons (before 3.12.4, 3.13) say so.
SPECIAL: Final = (IPv4Network("192.0.0.0/24"), IPv6Network("3fff::/20"))
NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address belongs to the public internet, looking through the ways to wrap IPv4 in IPv6."""
    if isinstance(address, IPv6Address):
        if (inner := _wrapped(address)) is not None:
            return is_public(inner)
        if address not in GLOBAL_UNICAST or address.teredo is not None:
            return False
    if any(address.version == network.version and address in network for network in SPECIAL):
        return False
    return address.is_global and not address.is_multicast


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


class GuardedReactor:
    """A reactor that makes TCP connections to public addresses only; everything else it passes on.

    Agents resolve names first and call ``connectTCP`` with what came out. Raises AddressRefused there: the endpoint
    then tries the name's next address.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        directlyProvides(self, providedBy(reactor))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def connectTCP(self, host: str, port: int, *args: Any, **kwargs: Any) -> Any:  # Twisted's name
        """Connect, unless the address is not public or is no address at all."""
        try:
            allowed = is_public(ip_address(host))
        except ValueError:
            allowed = False
        if not allowed:
            raise AddressRefused(host)
        return self._reactor.connectTCP(host, port, *args, **kwargs)


class GuardedDownloadHandler(HTTP11DownloadHandler):
    """Scrapy's HTTP/1.1 handler behind the guard.

    A source with ``allow_private`` reaches its own sites unguarded, over connections of a pool of their own: a guarded
    request must not find a connection ready that it could not have made. Through a source's proxy only the proxy's
    address is connected to, which its operator chose; there, an address spelt out in a URL is still checked.
    """

    def __init__(self, crawler: Crawler) -> None:
        from twisted.internet import reactor

        super().__init__(crawler)
        self._rules = Store.of(crawler).rules
        self._open_reactor: Any = reactor
        self._guarded_reactor: Any = GuardedReactor(reactor)
        self._private_pool = _like(self._pool, reactor)

    async def download_request(self, request: Request) -> Response:
        """Download, or raise Refused without having sent anything."""
        self._check_spelling(request)
        is_open = self._may_be_private(request)
        agent = _GuardedAgent(
            self._open_reactor if is_open else self._guarded_reactor,
            contextFactory=self._contextFactory,
            bindAddress=self._bind_address,
            pool=self._private_pool if is_open else self._pool,
            maxsize=self._default_maxsize,
            warnsize=self._default_warnsize,
            fail_on_dataloss=self._fail_on_dataloss,
            crawler=self._crawler,
            tls_verbose_logging=self._tls_verbose_logging,
        )
        with wrap_twisted_exceptions():
            return await maybe_deferred_to_future(agent.download_request(request))

    async def close(self) -> None:
        """Close both pools' idle connections."""
        self._private_pool.closeCachedConnections()  # type: ignore[no-untyped-call]
        await super().close()

    def _may_be_private(self, request: Request) -> bool:
        rules = self._rules.get(request.meta.get("source", ""))
        return rules is not None and rules.may_be_private(request.url)

    def _check_spelling(self, request: Request) -> None:
        """Refuse a URL that Twisted reads otherwise than we do: rules were applied to the host that we read."""
        try:
            ours = host(request.url)
            literal = literal_address(request.url)
        except UnusableUrl as error:
            raise Refused(error.reason, request.url) from error
        theirs: bytes = URI.fromBytes(request.url.encode("ascii")).host  # type: ignore[no-untyped-call]
        if theirs.decode("ascii", "replace").strip("[]") != ours:
            raise Refused("unparsable", request.url)
        # The connection is checked anyway, but not through a proxy; and IPv6 literals do not even reach a connection
        # where the resolver speaks IPv4 only.
        if literal is not None and not is_public(literal) and not self._may_be_private(request):
            raise AddressRefused(str(literal))


class _GuardedAgent(_ScrapyAgent):
    """Scrapy's agent with a reactor of our choice for direct connections."""

    def __init__(self, reactor: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._reactor = reactor

    def _get_agent(self, request: Request, timeout: float) -> Agent:
        if request.meta.get("proxy"):
            return super()._get_agent(request, timeout)
        return _BindAddressAgent(
            reactor=self._reactor,
            contextFactory=self._contextFactory,
            connectTimeout=timeout,
            bindAddress=normalize_bind_address(request.meta.get("bindaddress") or self._bindAddress),
            pool=self._pool,
        )


def _like(pool: HTTPConnectionPool, reactor: Any) -> HTTPConnectionPool:
    twin = HTTPConnectionPool(reactor, persistent=True)  # type: ignore[no-untyped-call]
    twin.maxPersistentPerHost = pool.maxPersistentPerHost
    twin._factory = pool._factory
    return twin
