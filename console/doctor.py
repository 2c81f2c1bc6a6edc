"""`storyfold doctor`: check every invariant of the database in SQL, and name what breaks."""

from typing import Annotated

import typer

from console.output import print_json, print_table, progress, records, say
from console.session import reading
from storage.checks import Breach, breaches, invariants


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print every invariant and what breaks it as JSON.")] = False,
    samples: Annotated[int, typer.Option(help="Rows shown of each breach.", min=1)] = 5,
) -> None:
    """Check every invariant of the database. Exit code 1 where one is broken."""
    with reading() as database, database.read() as session:
        checked = invariants(database.dialect)
        found: list[Breach] = []
        with progress("checking", total=len(checked)) as advance:
            for breach in breaches(session, checked, samples):
                advance(1)
                found += [breach] if breach else []
    if as_json:
        by_name = {breach.invariant.name: breach for breach in found}
        print_json(
            [
                {"invariant": one.name, "sentence": one.sentence, "rows": 0, "samples": []}
                | ({"rows": by_name[one.name].count, "samples": by_name[one.name].rows} if one.name in by_name else {})
                for one in checked
            ]
        )
    else:
        _print(found, len(checked))
    if found:
        raise typer.Exit(1)


def _print(found: list[Breach], checked: int) -> None:
    for breach in found:
        say(f"BROKEN {breach.invariant.name}: {breach.invariant.sentence}", f"  {breach.count} rows break it:")
        print_table(records(breach.rows))
        say("")
    say(f"{len(found)} of {checked} invariants are broken." if found else f"All {checked} invariants hold.")
