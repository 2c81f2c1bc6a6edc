"""``python -m pipelines.fold``: fold beside a crawl until standard input ends, then fold the rest and stop."""

import argparse
import logging
import os
import select
import sys
from datetime import UTC, datetime
from typing import Final

from foundation.config import load_settings
from foundation.errors import AlreadyRunning
from pipelines.fold.process import LOCK, follow
from pipelines.fold.rules import fold_rules
from storage import watches
from storage.engine import Database
from storage.lease import exclusive

PAUSE_SECONDS: Final = 2.0  # between two looks while a crawl goes on; the crawl's end is noticed at once
ALREADY_RUNNING: Final = 75  # EX_TEMPFAIL of sysexits.h


def main() -> int:
    """Run the process; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.fold", description=__doc__)
    parser.add_argument("--run", type=int, help="the run whose crawl it follows; without it, fold what waits and stop")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s [%(name)s] %(levelname)s: %(message)s")
    settings = load_settings()
    rules = fold_rules(settings)
    try:
        with Database.open(settings.database) as database, exclusive(database, LOCK):
            with database.write() as session:
                watches.sync(session, settings.watches, now=datetime.now(UTC))
            follow(database, rules, _input_ended if arguments.run is not None else lambda: True)
    except AlreadyRunning as error:
        logging.error("%s", error)
        return ALREADY_RUNNING
    return 0


def _input_ended() -> bool:
    """Wait a little; return whether whoever started us has closed our standard input, or is gone."""
    readable, _, _ = select.select([sys.stdin], [], [], PAUSE_SECONDS)
    return bool(readable) and not os.read(sys.stdin.fileno(), 1024)


if __name__ == "__main__":
    sys.exit(main())
