"""How long a server says that its answer stays fresh (RFC 9111): a feed is not asked before that. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIRECTIVE: Final = re.compile(r"(?:^|,)\s*(no-cache|no-store|max-age)\s*(?:=\s*\"?(\d{1,10})\d*\"?\s*)?(?=,|$)", re.I)


def fresh_for(headers: Mapping[str, str], *, now: datetime) -> float:
    """Return seconds, 0 where the server does not say. ``headers`` have lower-case names.

    ``max-age`` counts before ``Expires`` (5.3), both from when the answer was made, which ``Age`` and ``Date`` tell.
    """
    directives = {name.lower(): value for name, value in _DIRECTIVE.findall(headers.get("cache-control", ""))}
    if directives.keys() & {"no-cache", "no-store"}:
        return 0.0
    if directives.get("max-age"):
        age = headers.get("age", "").strip()
        spent = float(age) if age.isascii() and age.isdigit() else 0.0
        return max(0.0, float(directives["max-age"]) - spent)
    expires = _moment(headers.get("expires"))
    made = _moment(headers.get("date")) or now
    return max(0.0, (expires - made).total_seconds()) if expires else 0.0


def _moment(value: str | None) -> datetime | None:
    """Read a date; what is none, such as ``Expires: 0``, has passed."""
    try:
        moment = parsedate_to_datetime(value or "")
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
