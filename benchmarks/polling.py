"""How often feeds are asked and how late their entries are found, by the interval's two constants.

Feeds are simulated: entries arrive at random (Poisson) at a rate that falls to a tenth at night; the last two have an
outburst of ten times the rate for three hours a week. The decisions are the crawl's own. Prints one table and one JSON
line.
"""

import argparse
import json
import math
import random
from bisect import bisect_right
from typing import Final

from rich.console import Console
from rich.table import Table

from crawler.polling import intervals
from crawler.polling.intervals import HOUR, Bounds, Seen

BOUNDS: Final = Bounds(300, 43_200)  # the defaults of crawl.poll_shortest and crawl.poll_longest
LISTED: Final = 20  # entries a feed lists
DAYS: Final = 30
FEEDS: Final = (
    (0.02, False),
    (0.2, False),
    (1.0, False),
    (5.0, False),
    (5.0, True),
    (40.0, True),
)  # an hour, outbursts


def published(per_hour: float, has_outbursts: bool, random_: random.Random) -> list[float]:
    """Return the hours at which entries appear."""

    def rate(hour: float) -> float:
        day = 1 + 0.9 * math.sin((hour % 24 - 8) / 24 * 2 * math.pi)
        is_outburst = has_outbursts and int(hour / 24) % 7 == 3 and 12 <= hour % 24 < 15
        return per_hour * day * (10 if is_outburst else 1)

    most, hour, found = per_hour * 19, 0.0, []
    while (hour := hour + random_.expovariate(most)) < DAYS * 24:
        if random_.random() * most < rate(hour):
            found.append(hour)
    return found


def polled(entries: list[float]) -> dict[str, float]:
    """Ask a feed as the crawl would; return polls a day, minutes until an entry is found, and the share never seen."""
    hour, at, polls, late, lost = 0.0, 0, 0, 0.0, 0
    per_hour, seconds = intervals.FIRST_RATE, BOUNDS.shortest
    while hour < DAYS * 24:
        hour += seconds / HOUR
        polls += 1
        new = bisect_right(entries, hour) - at
        late += sum(hour - entry for entry in entries[at : at + new])
        lost += max(0, new - LISTED)
        at += new
        seen = Seen(seconds / HOUR, LISTED, min(new, LISTED), is_gap=new >= LISTED)
        per_hour = intervals.rate(per_hour, seen)
        seconds = intervals.interval(per_hour, seen, BOUNDS)
    count = max(1, len(entries))
    return {"polls_a_day": polls / DAYS, "minutes_late": late / count * 60, "lost": lost / count}


def measured(wanted: float, memory: float, rounds: int) -> list[dict[str, float]]:
    """Return the mean over ``rounds`` seeds for each kind of feed, with these constants."""
    intervals.WANTED, intervals.MEMORY = wanted, memory  # type: ignore[misc]  # to compare with others is the point
    results = []
    for per_hour, has_outbursts in FEEDS:
        runs = [polled(published(per_hour, has_outbursts, random.Random(seed))) for seed in range(rounds)]
        results.append({name: round(sum(run[name] for run in runs) / rounds, 4) for name in runs[0]})
    return results


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    chosen = (intervals.WANTED, intervals.MEMORY)
    table = Table("wanted", "memory h", *(f"{rate:g}/h{' +' if outbursts else ''}" for rate, outbursts in FEEDS))
    result = {}
    for wanted in (0.5, 1.0, 2.0):
        for memory in (2.0, 6.0, 12.0, 24.0):
            cells = measured(wanted, memory, rounds)
            shown = [f"{c['polls_a_day']:.0f}/d {c['minutes_late']:.0f}min {c['lost']:.1%}" for c in cells]
            table.add_row(f"{wanted:g}", f"{memory:g}", *shown, style="bold" if (wanted, memory) == chosen else None)
            result[f"{wanted:g}/{memory:g}"] = cells
    Console(width=160).print(table)
    print(json.dumps({"benchmark": "polling", "chosen": chosen, "result": result}))


if __name__ == "__main__":
    main()
