"""The address guard: whatever a name resolves to, only public addresses are connected to.

The check stands where the connection is made, on the address itself. Names, redirects, odd spellings of addresses and a
name that resolves differently the second time all pass through here.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any, Final

from scrapy.core.downloader.contextfactory import _ScrapyClientContextFactory
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler, _BindAddressAgent, _ScrapyAgent
from scrapy.exceptions import CannotResolveHostError
from scrapy.utils._download_handlers import normalize_bind_address, wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.web.client import URI, HTTPConnectionPool
from zope.interface import directlyProvides, providedBy  # type: ignore[import-untyped]

from crawler.fetching.answers import BoundedFactory
from crawler.fetching.outcomes import AddressRefused, Refused
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
LONGEST_LABEL: Final = 63  # RFC 1035, 2.3.4
# WHATWG fetch, 2.9 "bad ports": what listens there is no web server, and may take a request for its own commands.
BAD_PORTS: Final = frozenset(
    {
        *(0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104),
        *(109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515),
        *(526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049),
        *(3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
    }
)


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

    A source with ``allow_private`` reaches its own sites unguarded, one with ``insecure_tls`` its own sites without
    looking at certificates, over connections of pools of their own: a request must not find a connection ready that it
    could not have made. Through a source's proxy only the proxy's address is connected to, which its operator chose;
    there, an address spelt out in a URL is still checked, and a name is the proxy's to resolve.
    """

    def __init__(self, crawler: Crawler) -> None:
        from twisted.internet import reactor

        super().__init__(crawler)
        self._pool._factory = BoundedFactory
        self._rules = Store.of(crawler).rules
        self._reactors: dict[bool, Any] = {False: GuardedReactor(reactor), True: reactor}
        self._policies = {False: self._contextFactory, True: _ScrapyClientContextFactory(verify_certificates=False)}
        self._pools = {(False, False): self._pool}

    async def download_request(self, request: Request) -> Response:
        """Download, or raise Refused without having sent anything."""
        rules = self._rules.get(request.meta.get("source", ""))
        is_open = rules is not None and rules.may_be_private(request.url)
        is_unverified = rules is not None and rules.is_unverified(request.url)
        _check(request.url, is_open=is_open)
        agent = _GuardedAgent(
            self._reactors[is_open],
            contextFactory=self._policies[is_unverified],
            bindAddress=self._bind_address,
            pool=self._pool_for(is_open, is_unverified),
            maxsize=self._default_maxsize,
            warnsize=self._default_warnsize,
            fail_on_dataloss=self._fail_on_dataloss,
            crawler=self._crawler,
            tls_verbose_logging=self._tls_verbose_logging,
        )
        with wrap_twisted_exceptions():
            return await maybe_deferred_to_future(agent.download_request(request))

    async def close(self) -> None:
        """Close the idle connections of all pools."""
        for pool in self._pools.values():
            if pool is not self._pool:
                pool.closeCachedConnections()  # type: ignore[no-untyped-call]
        await super().close()

    def _pool_for(self, is_open: bool, is_unverified: bool) -> HTTPConnectionPool:
        key = (is_open, is_unverified)
        if key not in self._pools:
            self._pools[key] = _like(self._pool, self._reactors[True])
        return self._pools[key]


def _check(url: str, *, is_open: bool) -> None:
    """Refuse what no connection needs to be tried for: a port of another trade, a private address spelt out.

    So is a URL that Twisted reads otherwise than we do: rules were applied to the host that we read.
    """
    try:
        ours = host(url)
        literal = literal_address(url)
    except UnusableUrl as error:
        raise Refused(error.reason, url) from error
    theirs = URI.fromBytes(url.encode("ascii"))  # type: ignore[no-untyped-call]
    if theirs.host.decode("ascii", "replace").strip("[]") != ours:
        raise Refused("unparsable", url)
    if theirs.port in BAD_PORTS:
        raise Refused("bad_port", url)
    # The connection is checked anyway, but not through a proxy.
    if literal is not None and not is_public(literal) and not is_open:
        raise AddressRefused(str(literal))
    if literal is None and not all(0 < len(label) <= LONGEST_LABEL for label in ours.removesuffix(".").split(".")):
        # No name of the DNS; Python's encoder raises for it, and Twisted's resolver then never answers.
        raise CannotResolveHostError(ours)


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
