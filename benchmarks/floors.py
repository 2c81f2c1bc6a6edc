"""Quality floors: run the benchmarks on labelled data and fail where a figure is under what was reached before.

Floors say "no worse than this"; they are raised when a change earns it, never lowered to pass.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

# benchmark -> path into its JSON line -> lowest figure
FLOORS: Final[dict[str, dict[str, float]]] = {
    "copies": {"f1": 0.99, "ari": 0.99, "excerpts": 0.99, "passages": 0.95},
    "stories": {"stream.b3_f1": 0.93, "stream.pair_f1": 0.8, "untimed.b3_f1": 0.93},
    # F1 of the text, by set
    "extraction": {
        "scrapinghub": 0.98,
        "fundus-evaluation": 0.944,
        "article-extraction-dataset": 0.958,
        "fundus-parsers": 0.97,
    },
    # precision gained by what pages teach each other, without rules
    "site_memory": {"precision_gained": 0.01},
    "inputs": {
        "expectations.met": 0.98,
        "real_feeds.same": 1.0,
        "robots.same": 1.0,
        "compressed.as_named": 1.0,
        "addresses.right": 1.0,
        "addresses.refused": 1.0,
    },
}
CEILINGS: Final[dict[str, dict[str, float]]] = {
    "stories": {"stream.false_joins": 0.12, "stream.biggest": 40},
    "site_memory": {"recall_lost": 0.0, "lost_at_three_addresses": 5},
    "inputs": {"expectations.slowest_cpu_seconds": 1.0, "expectations.unread": 0},
}


def measure(name: str, data: Path) -> dict[str, Any]:
    """Run a benchmark, showing its table; return what its last line says."""
    folder = data / "extraction" if name == "extraction" else data
    command = [sys.executable, "-m", f"benchmarks.{name}", "--data", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, flush=True)
    if done.returncode != 0:
        raise SystemExit(f"benchmarks.{name} ended with exit code {done.returncode}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    if name == "extraction":
        return {entry["set"]: entry["readers"]["storyfold"]["f1"] for entry in result["results"]}
    return result


def figure(result: dict[str, Any], path: str) -> float:
    """Return the figure at a dotted path."""
    found: Any = result
    for name in path.split("."):
        found = found[name]
    return float(found)


def misses(name: str, result: dict[str, Any]) -> Iterator[str]:
    """Say which figures are not what they must be."""
    for path, floor in FLOORS.get(name, {}).items():
        if (found := figure(result, path)) < floor:
            yield f"{name}: {path} is {found:.3f}, under its floor of {floor}"
    for path, ceiling in CEILINGS.get(name, {}).items():
        if (found := figure(result, path)) > ceiling:
            yield f"{name}: {path} is {found:.3f}, over its ceiling of {ceiling}"


def main() -> int:
    """Run them all; 1 if a floor is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    missed = [line for name in FLOORS for line in misses(name, measure(name, data))]
    measure("seeds", data)
    for line in missed:
        print(f"FLOOR MISSED: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
