"""What the configuration says of each source, as the crawl needs it: its own sites, its headers, its proxy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from foundation.errors import UnusableUrl
from foundation.urls import origin, site

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foundation.config import SourceSettings


@dataclass(frozen=True, slots=True)
class SourceRules:
    """How a source is asked. ``headers`` go to its own origins only, private addresses count for its own sites only."""

    sites: frozenset[str]
    origins: frozenset[str]
    allow_private: bool
    headers: Mapping[str, str]
    user_agent: str | None
    proxy: str | None

    def may_be_private(self, url: str) -> bool:
        """Tell whether ``url`` may have an address that is not public."""
        try:
            return self.allow_private and site(url) in self.sites
        except UnusableUrl:
            return False

    def is_own_origin(self, url: str) -> bool:
        """Tell whether ``url`` has scheme, host and port of one of the source's addresses."""
        try:
            return origin(url) in self.origins
        except UnusableUrl:
            return False


Rules: TypeAlias = Mapping[str, SourceRules]


def rules_of(sources: Sequence[SourceSettings]) -> dict[str, SourceRules]:
    """Return the rules of each source by its name."""
    return {source.name: _rules(source) for source in sources}


def _rules(source: SourceSettings) -> SourceRules:
    addresses = (source.url, *source.feeds, *source.sitemaps, *source.sections)
    return SourceRules(
        sites=frozenset(map(site, addresses)),
        origins=frozenset(map(origin, addresses)),
        allow_private=source.allow_private,
        headers={name: value.get_secret_value() for name, value in source.headers.items()},
        user_agent=source.user_agent,
        proxy=source.proxy.get_secret_value() if source.proxy else None,
    )
