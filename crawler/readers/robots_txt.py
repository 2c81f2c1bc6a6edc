"""The ``Sitemap:`` lines of a robots.txt: where a site says that its pages are listed."""

from __future__ import annotations

import re
from typing import Final

from foundation.errors import UnusableUrl
from foundation.urls import canonicalise

MAX_SITEMAPS: Final = 100  # of 1,108 real files three name more, the longest 1,293: a shop per country and product
READ_LIMIT: Final = 500 * 1024  # as much as is read of the rules (RFC 9309, 2.5)
_LINE: Final = re.compile(rb"^[ \t\xef\xbb\xbf]*sitemap[ \t]*:[ \t]*([^\s#][^\r\n]*)", re.IGNORECASE | re.MULTILINE)


def sitemaps_in(body: bytes, base: str) -> list[str]:
    """Return the http(s) addresses of ``Sitemap:`` lines, canonical, each once, in the file's order.

    ``base`` is the address of the robots.txt: 6 of 4,453 real lines hold a path alone.
    """
    found: dict[str, None] = {}
    for line in _LINE.finditer(body[:READ_LIMIT].replace(b"\r", b"\n")):
        address = re.split(rb"\s+#|\s", line[1], maxsplit=1)[0]
        try:
            found[canonicalise(address.decode("utf-8", "replace"), base)] = None
        except UnusableUrl:
            continue
        if len(found) == MAX_SITEMAPS:
            break
    return list(found)
