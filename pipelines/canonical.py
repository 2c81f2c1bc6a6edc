"""The address that a page calls its own, and the addresses that it may be an AMP or mobile form of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ada_url import URL

from foundation.errors import UnusableUrl
from foundation.urls import canonicalise, host, path_and_query, same_site

if TYPE_CHECKING:
    from pipelines.metadata import Meta

# Google's and Bing's copies of AMP pages: https://www-example-org.cdn.ampproject.org/c/s/www.example.org/story
_CACHES = re.compile(
    r"https?://(?:(?:[\w-]+\.)?cdn\.ampproject\.org/(?:c|v|wp)|(?:[\w-]+\.)?bing-amp\.com/c|www\.google\.[a-z.]{2,6}/amp)"
    r"/(?:(s)/)?((?:[\w-]+\.)+[a-z]{2,}/.+)"
)
_SLUG = re.compile(r"\d|[^/_-]+[_-][^/_-]+[_-][^/_-]")  # a number, or three words: what a path says of one article
_FORM_HOSTS = re.compile(r"^(?:m|mobile|amp|touch|wap)\.|(?<=\.)m\.")
_FORM_PATHS = re.compile(r"/amp/?$|^/amp(?=/)|\.amp(?=\.html?$)|\.amp$")
_FORM_QUERY = re.compile(r"(?:amp(?:=.*)?|(?:output|outputtype)=amp|m=1)", re.IGNORECASE)


def canonical_url(meta: Meta, url: str) -> str | None:
    """Return ``rel=canonical``, else ``og:url``; None where neither names a page of this site.

    Several that differ are a fault of the page's: none of them counts, and what OpenGraph says of it no more.
    """
    try:
        own = own_address(url)
    except UnusableUrl:
        return None
    claims = dict.fromkeys(filter(None, (_resolved(claim, own) for claim in meta.canonicals)))
    if len(claims) > 1:
        return None
    claimed = (*claims, _resolved(meta.first("og:url") or "", own))
    return next((found for found in claimed if found and _can_name(found, own)), None)


def own_address(url: str) -> str:
    """Return the canonical address of the page that was fetched from ``url``: the publisher's where that is a cache."""
    found = canonicalise(url)
    while match := _CACHES.match(found):
        found = canonicalise(f"http{match[1] or ''}://{match[2]}")
    return found


def plain_forms(url: str) -> tuple[str, ...]:
    """Return the addresses of which ``url`` would be the AMP or mobile form, by its spelling alone."""
    parsed = URL(url)
    name, path = parsed.hostname, parsed.pathname
    plain_name, plain_path = _FORM_HOSTS.sub("", name, count=1), _FORM_PATHS.sub("", path) or "/"
    parsed.search = "&".join(part for part in parsed.search[1:].split("&") if not _FORM_QUERY.fullmatch(part))
    forms = []
    for host_name in dict.fromkeys([plain_name, name if name == plain_name else f"www.{plain_name}"]):
        for ending in ("", "/") if path.endswith("/amp/") else ("",):
            parsed.hostname, parsed.pathname = host_name, plain_path + ending
            forms.append(canonicalise(parsed.href))
    return tuple(form for form in forms if form != url)


def _resolved(claim: str, own: str) -> str | None:
    """Return a claimed address; over TLS where that is how the page came, which old templates do not know."""
    try:
        found = canonicalise(claim, base=own) if claim else None
    except UnusableUrl:
        return None
    if found and found.startswith("http:") and own.startswith("https:") and host(found) == host(own):
        return canonicalise(f"https:{found.removeprefix('http:')}")
    return found


def _can_name(found: str, own: str) -> bool:
    """Tell whether an address can be an article's: on this site, no homepage, and with the id that tells it apart."""
    path, query = path_and_query(found)
    if not same_site(found, own) or not path.strip("/"):
        return False
    own_path, own_query = path_and_query(own)
    if path != own_path or _SLUG.search(path):
        return True
    lost = set(own_query.split("&")) - set(query.split("&"))  # article.php?id=5 that calls itself article.php
    return not any(character.isdigit() for part in lost for character in part)
