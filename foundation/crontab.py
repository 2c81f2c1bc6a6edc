"""Crontab lines that mean what crontab(5) means, in a time zone.

Measured: APScheduler's own reader counts weekdays from Monday, joins day and weekday with AND, and skips a daily
midnight job once a year after the clock change. ``cronsim`` gets all of that right.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

MACROS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
FIELDS: Final = 5


@dataclass(frozen=True, slots=True)
class Crontab:
    """A crontab line in a time zone. Raises ValueError for a line that is malformed or can never fire."""

    line: str
    timezone: str = "UTC"
    _fields: str = field(init=False, repr=False, compare=False)
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        fields = MACROS.get(self.line.strip().lower(), self.line)
        if fields.startswith("@"):
            raise ValueError(f"unknown macro {fields!r}; there are {', '.join(MACROS)}")
        if len(fields.split()) != FIELDS:  # cronsim would take a sixth field for seconds
            raise ValueError(f"a crontab line has five fields (minute hour day month weekday), not {fields!r}")
        object.__setattr__(self, "_fields", fields)
        try:
            object.__setattr__(self, "_zone", ZoneInfo(self.timezone))
        except (KeyError, OSError, ValueError) as error:
            raise ValueError(f"unknown time zone {self.timezone!r}") from error
        try:
            next(self.slots_after(datetime.now(UTC)))
        except (CronSimError, StopIteration) as error:
            raise ValueError(f"{self.line!r} is no crontab line: {str(error) or 'it never fires'}") from error

    def slots_after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the slots later than an aware ``moment``, in UTC, without end."""
        for slot in CronSim(self._fields, moment.astimezone(self._zone)):
            yield slot.astimezone(UTC)

    def next_slot(self, moment: datetime) -> datetime:
        """Return the first slot later than ``moment``."""
        return next(self.slots_after(moment))

    def last_slot(self, moment: datetime) -> datetime:
        """Return the latest slot that is not later than ``moment``."""
        # Backwards, cronsim and daylight saving need not agree with the way forward: go back, then forward.
        start = next(CronSim(self._fields, moment.astimezone(self._zone), reverse=True)).astimezone(UTC)
        slot = start
        for later in self.slots_after(start):
            if later > moment:
                break
            slot = later
        return slot
