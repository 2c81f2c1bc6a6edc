"""The address that a page calls its own: absolute, on its own site, and never a homepage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ada_url import URL

from foundation.errors import UnusableUrl
from foundation.urls import canonicalise, same_site

if TYPE_CHECKING:
    from pipelines.metadata import Meta


def canonical_url(meta: Meta, url: str) -> str | None:
    """Return ``rel=canonical``, else ``og:url``; None where neither names a page of this site."""
    for claim in (meta.canonical, meta.first("og:url")):
        if not claim:
            continue
        try:
            found = canonicalise(claim, base=url)
            if same_site(found, url) and URL(found).pathname.strip("/"):
                return found
        except UnusableUrl:
            continue
    return None
