"""What finding copies costs with few and with many articles stored, what it takes up, and how bad input fares.

    python -m benchmarks.copies_speed [--sizes 10000 100000 1000000] [--rounds 5] [--databases sqlite postgresql]
                                      [--only sizes signatures eviction inputs] [--folder /tmp] [--cache FOLDER]

Everything is made by program (benchmarks/made_texts.py, benchmarks/stored_articles.py say what). For each database and
size a store is bulk-loaded; then batches of 200 new articles arrive in each store in turn, the same ones everywhere,
and fold's own functions key, look up, verify and group them. Of a batch one article in four is an edited copy and one
in twenty a reprint of a stored one; one in ten carries its outlet's line. Cost is CPU, of this process and of the
server's process that serves it; medians of the rounds, after one to warm up. PostgreSQL is started from the machine's
binaries as the tests do, and is deleted afterwards. A million articles took 4.6 GB and 4 minutes of
CPU on SQLite, 13 GB and somewhat more on PostgreSQL, so the default stops at 100,000. One JSON line ends it.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from benchmarks import copy_crowds, copy_window, made_texts, signatures
from benchmarks.environments import cache
from benchmarks.fold_steps import STEPS, Cost, Meter, backends
from benchmarks.made_texts import Made
from benchmarks.stored_articles import NOW, WRITTEN, Stored, add, load
from pipelines.fold.copying import Copying
from pipelines.fold.keying import key_batch
from pipelines.fold.rules import FoldRules
from storage.engine import Database
from storage.migrate import upgrade
from tests import postgres

BATCH: Final = 200
PARTS: Final = ("sizes", "signatures", "eviction", "inputs")


@dataclass(frozen=True, slots=True)
class Store:
    """A database that holds many articles, open."""

    stored: Stored
    database: Database
    load_seconds: float


@contextmanager
def databases(kind: str, folder: Path, names: Sequence[str]) -> Iterator[list[Database]]:
    """Give empty databases of today's tables, one for each name; they are deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="storyfold-copies-", dir=folder) as place:
        if kind == "sqlite":
            yield from _opened([f"sqlite:///{place}/{name}.db" for name in names])
            return
        with postgres.server() as address:
            with Database.open(address.format(name="postgres")) as top:
                connection = top.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                with connection:
                    for name in names:
                        connection.execute(text(f"CREATE DATABASE {name}"))
            yield from _opened([address.format(name=name) for name in names])


def _opened(addresses: Sequence[str]) -> Iterator[list[Database]]:
    opened = [Database.open(address) for address in addresses]
    try:
        for database in opened:
            upgrade(database)
        yield opened
    finally:
        for database in opened:
            database.close()


def arrivals(batch: int) -> list[Made]:
    """Return the articles of a batch, the same in every store; one in four an edited copy, one in twenty a reprint."""
    found = []
    for place in range(BATCH):
        seed = batch * BATCH + place
        of = (seed * 7_919) % WRITTEN
        if place % 20 == 1:
            found.append(made_texts.article(of))
        elif place % 4 == 0:
            found.append(made_texts.edited(of, seed))
        else:
            found.append(made_texts.article(10_000_000 + seed))
    return found


def fold_batch(store: Store, batch: int, rules: FoldRules, copying: Copying) -> dict[str, Cost]:
    """Let a batch arrive and fold it; return what each step cost."""
    add(store.database, store.stored.size + 1 + batch * BATCH, arrivals(batch))
    meter = Meter(backends(store.database))
    with meter.inside_fold():
        with meter.on("keying"):
            assert key_batch(store.database, rules.batch, NOW) == BATCH
        with meter.on("copying"):
            assert copying.batch(NOW) == BATCH
    return meter.steps()


def sizes(kind: str, folder: Path, wanted: Sequence[int], rounds: int) -> list[dict[str, Any]]:
    """Return one row of milliseconds an article for each number of stored articles."""
    rules = FoldRules()
    with databases(kind, folder, [f"stored{size}" for size in wanted]) as opened:
        stores = []
        for size, database in zip(wanted, opened, strict=True):
            meter = Meter()
            with meter.on("load"):
                load(database, Stored(size))
            stores.append(Store(Stored(size), database, meter.costs["load"].wall))
            sys.stderr.write(f"{kind}: {size} articles loaded in {stores[-1].load_seconds:.0f} s\n")
        taken: dict[int, list[dict[str, Cost]]] = {size: [] for size in wanted}
        copiers = {store.stored.size: Copying(store.database, rules) for store in stores}
        for turn in range(rounds + 1):
            for store in (*stores[turn % len(stores) :], *stores[: turn % len(stores)]):
                cost = fold_batch(store, turn, rules, copiers[store.stored.size])
                if turn:
                    taken[store.stored.size].append(cost)
        return [
            {"database": kind, "stored": store.stored.size, **_row(taken[store.stored.size]), **_found(store)}
            for store in stores
        ]


def _row(costs: Sequence[Mapping[str, Cost]]) -> dict[str, Any]:
    totals = [sum(cost.cpu for cost in each.values()) for each in costs]
    walls = [sum(cost.wall for cost in each.values()) for each in costs]
    steps = {step: _ms(statistics.median(each[step].cpu for each in costs)) for step in STEPS}
    return {
        **steps,
        "cpu ms": _ms(statistics.median(totals)),
        "least": _ms(min(totals)),
        "most": _ms(max(totals)),
        "wall ms": _ms(statistics.median(walls)),
        "articles/s": round(BATCH / statistics.median(walls), 1),
    }


def _ms(seconds: float) -> float:
    return round(1000 * seconds / BATCH, 3)


def _found(store: Store) -> dict[str, int]:
    """Return what came of the batches: it must be the same in every store."""
    with store.database.read() as session:
        copies = session.execute(text("SELECT count(*) FROM link WHERE kind = 'copy'")).scalar_one()
    return {"copy links": int(copies)}


def ratios(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return how much more an article costs in the largest store of each kind of database than in the smallest."""
    found = {}
    for kind in {row["database"] for row in rows}:
        own = sorted((row for row in rows if row["database"] == kind), key=lambda row: int(row["stored"]))
        found[f"{kind} cpu"] = round(own[-1]["cpu ms"] / own[0]["cpu ms"], 2)
        found[f"{kind} wall"] = round(own[-1]["wall ms"] / own[0]["wall ms"], 2)
    return found


def table(title: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as lines of a table in Markdown."""
    if not rows:
        return ""
    heads = list(rows[0])
    lines = [title, "| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        cells = (f"{value:,.2f}" if isinstance(value, float) else str(value) for value in row.values())
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n\n"


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run the parts that are asked for, printing as it goes."""
    found: dict[str, Any] = {"benchmark": "copies_speed"}
    say = sys.stdout.write
    if "signatures" in arguments.only:
        found["signatures"] = signatures.milliseconds(arguments.cache)
        say(table("Signatures, CPU ms a text", found["signatures"]))
    for kind in arguments.databases:
        if "sizes" in arguments.only:
            found.setdefault("sizes", []).extend(sizes(kind, arguments.folder, arguments.sizes, arguments.rounds))
        if "eviction" in arguments.only:
            with databases(kind, arguments.folder, ["days"]) as (database,):
                found.setdefault("eviction", []).extend(copy_window.days(kind, database))
        if "inputs" in arguments.only:
            names = [name for name, _ in copy_crowds.INPUTS]
            with databases(kind, arguments.folder, names) as opened:
                rows = [copy_crowds.run(kind, name, database) for name, database in zip(names, opened, strict=True)]
            found.setdefault("inputs", []).extend(rows)
        sys.stdout.flush()
    say(table("CPU ms an article by step", found.get("sizes", [])))
    say(table("Ninety days", found.get("eviction", [])))
    say(table("Bad input", found.get("inputs", [])))
    if "sizes" in found:
        found["ratios"] = ratios(found["sizes"])
        say(f"cost with the most stored over that with the fewest: {found['ratios']}\n")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000], help="articles already stored")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--databases", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where the databases are put")
    parser.add_argument("--cache", type=Path, default=cache(), help="where environments of peers are kept")
    sys.stdout.write(json.dumps(measure(parser.parse_args())) + "\n")


if __name__ == "__main__":
    main()
