"""What a URL names: one canonical spelling, one key, one site. ada-url is the only URL parser of the project.

An address check that parses differently from the code that connects can be walked around. Measured on 514 WHATWG cases:
ada-url gets every host right and refuses every case that must fail; w3lib gets 207 of 247 and refuses 122 of 267.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

from ada_url import URL, HostType

from foundation.errors import UnusableUrl

if TYPE_CHECKING:
    from tldextract import TLDExtract

# Scrapy refuses more than 2,083 without a word; servers commonly take 8 kB. Longer links are traps, not articles.
MAX_LENGTH: Final = 8_000
SCHEMES: Final = frozenset({"http:", "https:"})

# Where everybody may have a site of their own under one domain, and that the public suffix list does not name.
HOSTING: Final = (
    "substack.com", "wordpress.com", "medium.com", "tumblr.com", "weebly.com", "typepad.com", "livejournal.com",
    "hatenablog.com", "over-blog.com", "overblog.com", "wixsite.com", "squarespace.com", "beehiiv.com", "blog.jp",
)  # fmt: skip

# Parameters that say how a reader came, never which page it is. Names that some site uses for its articles (id, p, ref,
# source, s) are not here: a tracker kept costs one fetch, an id dropped merges two articles.
TRACKERS: Final = frozenset(
    {
        *("fbclid", "fb_action_ids", "fb_action_types", "fb_ref", "fb_source"),  # Facebook
        *("gclid", "gclsrc", "gbraid", "wbraid", "dclid", "_ga", "_gl", "srsltid"),  # Google
        *("msclkid", "yclid", "ysclid", "_openstat", "twclid", "ttclid", "igshid", "igsh", "li_fat_id", "epik"),
        *("mc_cid", "mc_eid", "_hsenc", "_hsmi", "__hssc", "__hstc", "__hsfp", "hsctatracking", "vero_id", "vero_conv"),
        *("mkt_tok", "ml_subscriber", "ml_subscriber_hash", "oly_anon_id", "oly_enc_id", "s_cid", "wickedid"),
        *(
            "at_medium",
            "at_campaign",
            "at_format",
            "at_link_id",
            "at_link_origin",
            "at_link_type",
            "at_ptr_name",
        ),  # BBC
        *("at_bbc_team", "ns_mchannel", "ns_source", "ns_campaign", "ns_linkname", "ns_fee", "guccounter", "cmpid"),
    }
)
TRACKER_PREFIXES: Final = ("utm_", "pk_", "mtm_", "matomo_", "hsa_")

# Names that servers give to a visitor's session and nobody to an article: Java's in the path, PHP's and ASP's in the
# query. `sid`, `session` and `s` are ids somewhere.
SESSION_IN_PATH: Final = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)
SESSION_NAMES: Final = ("phpsessid", "jsessionid")
SESSION_PREFIXES: Final = ("aspsessionid",)

# One request asks for its host, origin and address a dozen times; parsing it anew each time was a tenth of the crawl.
REMEMBERED: Final = 256

_EDGE: Final = "".join(map(chr, range(0x21)))  # what the WHATWG parser strips: C0 controls and space


def canonicalise(url: str, base: str | None = None) -> str:
    """Return the one spelling of the page that ``url`` names: ids in their order, no fragment, credentials or trackers.

    Sessions are left out, too. ``base`` resolves a relative link. The result is ASCII and canonicalises to itself.
    Raises UnusableUrl with the reason ``unparsable``, ``not_http`` or ``too_long``.
    """
    parsed = _parse(url, base)
    if parsed.search:
        parsed.search = _without_trackers(parsed.search)
    if ";" in parsed.pathname:
        parsed.pathname = SESSION_IN_PATH.sub("", parsed.pathname)
    return _checked(url, parsed)


def absolute(url: str, base: str | None = None) -> str:
    """Return the address that a redirect to ``url`` asks for: like `canonicalise`, but with every parameter."""
    return _checked(url, _parse(url, base))


def url_key(url: str) -> bytes:
    """Return sha256 of the canonical URL: PostgreSQL refuses index rows above 2,704 bytes. Raises UnusableUrl."""
    return hashlib.sha256(canonicalise(url).encode()).digest()


@lru_cache(maxsize=REMEMBERED)
def host(url: str) -> str:
    """Return the host as the network will see it: lower case, punycode, IPv4 in dotted decimals, IPv6 without brackets.

    Raises UnusableUrl.
    """
    return _parse(url, None).hostname.strip("[]")


@lru_cache(maxsize=REMEMBERED)
def origin(url: str) -> str:
    """Return scheme, host and port, as ``https://example.org:8443``. Raises UnusableUrl."""
    return str(_parse(url, None).origin)


@lru_cache(maxsize=REMEMBERED)
def netloc(url: str) -> str:
    """Return host and port, as ``example.org`` or ``example.org:8443``. Raises UnusableUrl."""
    return _parse(url, None).host


def site(url: str) -> str:
    """Return the registrable domain; the host itself where there is none (IP addresses, localhost, made-up names).

    Raises UnusableUrl.
    """
    return _site_of_host(host(url))


def path_and_query(url: str) -> tuple[str, str]:
    """Return the path, which begins with a slash, and the query without its question mark. Raises UnusableUrl."""
    parsed = _parse(url, None)
    return parsed.pathname, parsed.search.removeprefix("?")


def same_site(a: str, b: str) -> bool:
    """Tell whether two URLs belong to one site; an unusable one belongs to none."""
    try:
        return site(a) == site(b)
    except UnusableUrl:
        return False


@lru_cache(maxsize=REMEMBERED)
def literal_address(url: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that the host spells, in whatever of the many ways, or None for a name. Raises UnusableUrl."""
    parsed = _parse(url, None)
    if parsed.host_type == HostType.DEFAULT:
        return None
    return ipaddress.ip_address(parsed.hostname.strip("[]"))


def _parse(url: str, base: str | None) -> URL:
    if len(url) > MAX_LENGTH:
        raise UnusableUrl(url, "too_long")
    try:
        parsed = URL(url.strip(_EDGE), base)
    except ValueError as error:  # lone surrogates end here, too
        raise UnusableUrl(url, "not_http" if _names_other_scheme(url) else "unparsable") from error
    if parsed.protocol not in SCHEMES:
        raise UnusableUrl(url, "not_http")
    return parsed


def _checked(url: str, parsed: URL) -> str:
    parsed.username = parsed.password = ""
    parsed.hash = ""
    # An empty query and an empty fragment leave their mark behind.
    href = parsed.href.removesuffix("#").removesuffix("?") if not parsed.search else parsed.href.removesuffix("#")
    if len(href) > MAX_LENGTH:  # percent-encoding triples
        raise UnusableUrl(url, "too_long")
    return str(href)


def _names_other_scheme(url: str) -> bool:
    scheme = re.match(r"\s*([A-Za-z][A-Za-z0-9+.-]*):", url)
    return scheme is not None and scheme[1].lower() not in {"http", "https"}


def _without_trackers(search: str) -> str:
    kept = [part for part in search.removeprefix("?").split("&") if not _is_tracker(part)]
    return "?" + "&".join(kept) if kept else ""  # a parameter may begin with a question mark itself


def _is_tracker(parameter: str) -> bool:
    name = unquote_plus(parameter.partition("=")[0]).lower()
    if name in TRACKERS or name in SESSION_NAMES:
        return True
    return name.startswith((*TRACKER_PREFIXES, *SESSION_PREFIXES))


@lru_cache(maxsize=4096)
def _site_of_host(name: str) -> str:
    return _domains()(name).top_domain_under_public_suffix or name


@cache
def _domains() -> TLDExtract:
    from tldextract import TLDExtract  # imports requests: 0.2 s that most commands need not spend

    # The list inside the package: no download, no cache file. With the private part of the list, two blogs of one
    # hosting company are two sites: what one says about itself is not believed of the other.
    return TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True, extra_suffixes=HOSTING)
