"""What is alike among the addresses of one host: a calendar's pages and a session's copies have one pattern."""

from __future__ import annotations

import re
from typing import Final

from foundation.urls import path_and_query

# PostgreSQL refuses index rows above 2,704 bytes, and a pattern is part of a key beside a host of 255 at most.
MAX_LENGTH: Final = 500
# Relative links that are resolved wrongly grow for ever (/a/b/a/b/…). Of real articles' addresses hardly one is deeper.
MAX_SEGMENTS: Final = 12

_CODES: Final = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # a UUID
    r"|(?<![0-9a-z])(?=[a-z]*[0-9])(?=[0-9]*[a-z])[0-9a-z]{10,}"  # letters and digits in one: a digest, a session
    r"|[0-9]+",
    re.IGNORECASE,
)


def pattern(url: str) -> str:
    """Return path and query of a canonical URL with numbers, codes and the query's values folded to ``*``.

    Begins with a slash; ASCII, at most ``MAX_LENGTH`` long. Raises UnusableUrl.
    """
    path, query = path_and_query(url)
    segments = [_folded(segment) for segment in path.split("/")]
    if len(segments) > MAX_SEGMENTS:
        segments = [*segments[:MAX_SEGMENTS], "*"]
    names = sorted({_folded(part.partition("=")[0]) + "=*" for part in query.split("&") if part})
    return ("/".join(segments) + ("?" + "&".join(names) if names else ""))[:MAX_LENGTH]


def _folded(text: str) -> str:
    return _CODES.sub("*", text)
