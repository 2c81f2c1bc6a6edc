"""What signing a text costs: our keys, datasketch's plain loop over the same runs of words, and rensa's."""

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from datasketch import MinHash

from benchmarks import made_texts
from benchmarks.copy_peers import ask
from benchmarks.environments import NotInstalledError, environment
from dedup.keys import PERMUTATIONS, SIGNATURE_WORDS, keys_of
from dedup.text import words

RENSA: Final = "rensa==0.5.0"
TEXTS: Final = 200
ROUNDS: Final = 3


def milliseconds(cache: Path) -> list[dict[str, Any]]:
    """Return CPU milliseconds a text of some 720 words; splitting a text into words is part of each."""
    texts = [made_texts.article(number).body for number in range(TEXTS)]
    ways: dict[str, Callable[[Sequence[str]], float]] = {
        "all our keys (bands, samples, digest, quotations)": lambda told: _seconds(lambda: keys_of(told)),
        "datasketch, MinHash.update for each run": lambda told: _seconds(lambda: [_loop(text) for text in told]),
        "datasketch, one update_batch": lambda told: _seconds(lambda: [_batch(text) for text in told]),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    rensa: list[tuple[float, float]] = []
    missing = ""
    for _ in range(ROUNDS):
        for name, way in ways.items():
            taken[name].append(1000 * way(texts) / TEXTS)
        try:
            answer = ask(environment(cache.resolve(), RENSA), "rensa", texts)
            rensa.append((answer["ms_runs"], answer["ms_signature"]))
        except NotInstalledError as error:
            missing = f" (not installed: {error})"
    rows: list[dict[str, Any]] = [_row(name, found) for name, found in taken.items()]
    if rensa:
        rows.append(_row("rensa, splitting by spaces included", [runs + signed for runs, signed in rensa]))
        rows.append(_row("rensa, the signature alone", [signed for _, signed in rensa]))
    return rows if not missing else [*rows, {"way": f"rensa{missing}", "ms": None, "least": None, "most": None}]


def _row(name: str, found: Sequence[float]) -> dict[str, Any]:
    return {"way": name, "ms": statistics.median(found), "least": min(found), "most": max(found)}


def _seconds(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


def _runs(text: str) -> set[str]:
    spelt = words(text)
    return {" ".join(spelt[at : at + SIGNATURE_WORDS]) for at in range(len(spelt) - SIGNATURE_WORDS + 1)}


def _loop(text: str) -> MinHash:
    sketch = MinHash(num_perm=PERMUTATIONS)
    for run in _runs(text):
        sketch.update(run.encode())
    return sketch


def _batch(text: str) -> MinHash:
    sketch = MinHash(num_perm=PERMUTATIONS)
    sketch.update_batch([run.encode() for run in _runs(text)])
    return sketch
