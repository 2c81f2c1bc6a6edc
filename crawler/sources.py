"""What the configuration says of each source, as the crawl needs it: its own sites, its headers, its proxy."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from foundation.errors import UnusableUrl
from foundation.urls import origin, site

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from foundation.config import SourceSettings


@dataclass(frozen=True, slots=True)
class SourceRules:
    """How a source is asked.

    ``headers``, its login among them, go to its own origins only; private addresses and certificates that nobody
    checks are for its own sites only.
    """

    home: str  # the site of its own address; ``sites`` are those of its feeds too
    sites: frozenset[str]
    origins: frozenset[str]
    allow_private: bool
    insecure_tls: bool
    headers: Mapping[str, str] = field(repr=False)
    user_agent: str | None
    proxy: str | None = field(repr=False)

    def may_be_private(self, url: str) -> bool:
        """Tell whether ``url`` may have an address that is not public."""
        return self.allow_private and self.is_own_site(url)

    def is_unverified(self, url: str) -> bool:
        """Tell whether nobody checks the certificate of what ``url`` answers."""
        return self.insecure_tls and url.startswith("https:") and self.is_own_site(url)

    def is_own_origin(self, url: str) -> bool:
        """Tell whether ``url`` has scheme, host and port of one of the source's addresses."""
        try:
            return origin(url) in self.origins
        except UnusableUrl:
            return False

    def is_own_site(self, url: str) -> bool:
        """Tell whether ``url`` belongs to one of the sites that the source's addresses name."""
        try:
            return site(url) in self.sites
        except UnusableUrl:
            return False

    def is_home(self, url: str) -> bool:
        """Tell whether ``url`` belongs to the site on which the source's pages are at home."""
        try:
            return site(url) == self.home
        except UnusableUrl:
            return False


KEPT: Final = 1_000  # rules of sources whose turn it is; ten thousand of them held 25 MB


class Rules(Mapping[str, SourceRules]):
    """The rules of each source by its name, made when they are asked for."""

    def __init__(self, sources: Sequence[SourceSettings]) -> None:
        self._sources = {source.name: source for source in sources}
        self._of = lru_cache(KEPT)(lambda name: _rules(self._sources[name]))

    def __getitem__(self, name: str) -> SourceRules:
        return self._of(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)


def _rules(source: SourceSettings) -> SourceRules:
    addresses = (source.url, *source.feeds, *source.sitemaps, *source.sections)
    return SourceRules(
        home=site(source.url),
        sites=frozenset(map(site, addresses)),
        origins=frozenset(map(origin, addresses)),
        allow_private=source.allow_private,
        insecure_tls=source.insecure_tls,
        headers=_headers(source),
        user_agent=source.user_agent,
        proxy=source.proxy.get_secret_value() if source.proxy else None,
    )


def _headers(source: SourceSettings) -> dict[str, str]:
    headers = {name: value.get_secret_value() for name, value in source.headers.items()}
    if source.basic_auth is not None:
        login = source.basic_auth.get_secret_value().encode()  # RFC 7617, 2.1: UTF-8 is what servers ask for
        headers["Authorization"] = f"Basic {b64encode(login).decode()}"
    return headers
