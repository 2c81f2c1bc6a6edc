"""Times as an operator types them: `90m`, `2d`, `1w`, or a date."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from foundation.errors import UsageError

UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO: Final = re.compile(r"(\d{1,5})\s*([mhdw])")


def moment(text: str, now: datetime) -> datetime:
    """Return the instant that ``text`` means: so long before ``now``, or a date in ISO 8601 (UTC where it has no zone).

    Raises UsageError.
    """
    if found := _AGO.fullmatch(text.strip().lower()):
        return now - timedelta(**{UNITS[found[2]]: int(found[1])})
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(f"{text!r} is no time: say 90m, 12h, 2d, 1w, or a date such as 2026-06-01") from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
