"""`storyfold schedule`: start runs at the slots of the configured cron lines, or say when the next ones are."""

import logging
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from console.output import print_json, print_table, say
from console.session import now, writing
from foundation.config import ScheduleSettings, Settings, load_settings
from foundation.errors import ConfigurationError


def schedule(
    listing: Annotated[bool, typer.Option("--list", help="Show the next slots and exit.")] = False,
    count: Annotated[int, typer.Option(help="How many slots of each schedule --list shows.", min=1, max=1000)] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print the slots as JSON.")] = False,
) -> None:
    """Start a run at every slot of the [[schedule]] entries, until stopped by SIGTERM or Ctrl-C.

    Every run is a process of its own with a row in the ledger; several schedulers on one database share the slots.
    """
    settings = load_settings()
    if listing or as_json:
        _show(next_slots(settings, count), as_json=as_json)
        return
    if not settings.schedules:
        raise ConfigurationError("no schedules are configured: add a [[schedule]] with a name and a cron line")
    from scheduler import Scheduler  # APScheduler takes its time

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for chatty in ("apscheduler", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    with writing(settings) as database:
        Scheduler(settings, database).serve()


def next_slots(settings: Settings, count: int) -> list[dict[str, Any]]:
    """Return the next ``count`` slots of each schedule, soonest first."""
    slots = [
        {
            "slot": slot,
            "schedule": entry.name,
            "cron": entry.cron,
            "timezone": entry.timezone,
            "local": _local(entry, slot),
        }
        for entry in settings.schedules
        for slot in islice(entry.crontab.slots_after(now()), count)
    ]
    return sorted(slots, key=lambda row: row["slot"])


def _local(entry: ScheduleSettings, slot: datetime) -> str:
    return slot.astimezone(ZoneInfo(entry.timezone)).strftime("%a %Y-%m-%d %H:%M")


def _show(slots: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(slots)
    elif slots:
        print_table(
            slots, {"slot": "slot (UTC)", "local": "there", "schedule": "schedule", "cron": "cron", "timezone": "zone"}
        )
    else:
        say("No schedules are configured. A [[schedule]] entry has a name and a cron line:", *EXAMPLE)


EXAMPLE: Final = ("", "[[schedule]]", 'name = "every ten minutes"', 'cron = "*/10 * * * *"')
