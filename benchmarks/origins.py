"""How many reports rest on another medium alone, and why the others that name one are their own.

Run as ``python -m benchmarks.origins --data FOLDER``; in it ``stories/asf_2016_2018_with_unlabelled.jsonl.gz`` has
source, title and body on each line. Nobody has labelled them: ``--show N`` prints so many that rest on another, or
with ``--own`` so many that a voice makes their own, to be read. Prints one table and one JSON line.
"""

import argparse
import gzip
import itertools
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from dedup.origins import Reliance, reliance
from pipelines.accounts import account, medium_key
from pipelines.reading import Block
from pipelines.stated_sources import stated_sources

NONE, RESTS, VOICES = "names no medium", "rests on another alone", "somebody speaks to it"


def reports(path: Path) -> Iterator[tuple[str, str, dict[int, str]]]:
    """Yield outlet, title and paragraphs of each report."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for report in map(json.loads, lines):
            paragraphs = (part for part in report["body"].split("\n") if part.strip())
            yield report["source"], report["title"], dict(enumerate(paragraphs))


def judged(outlet: str, blocks: dict[int, str]) -> Reliance | None:
    """Return what a report's sources come to; None where it names no medium."""
    stated = stated_sources([Block(text) for text in blocks.values()], "en")
    if not stated:
        return None

    def is_own(key: str) -> bool:
        return key == medium_key(outlet)

    return reliance(account(blocks, stated, "en", [outlet], is_own), is_own)


def main() -> None:
    """Count, and show what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--own", action="store_true")
    options = parser.parse_args()
    counted: Counter[str] = Counter()
    shown, seconds = [], 0.0
    for outlet, title, blocks in reports(options.data / "stories/asf_2016_2018_with_unlabelled.jsonl.gz"):
        began = time.process_time()
        found = judged(outlet, blocks)
        seconds += time.process_time() - began
        kind = NONE if found is None else RESTS if found.on is not None else found.why_own or ""
        counted[kind] += 1
        if found is not None and kind == (VOICES if options.own else RESTS):
            at = found.on.at if found.on else found.own
            phrase = blocks[at.position][max(0, at.start - 80) : at.end + 80] if at else ""
            shown.append(f"{outlet}: {title}\n    {next(iter(blocks.values()))[:160]}\n    … {phrase}")
    for line in itertools.islice(random.Random(0).sample(shown, len(shown)), options.show):
        print(line)
    for kind, number in counted.most_common():
        print(f"{number:7,}  {kind}")
    each = 1000 * seconds / counted.total()
    print(json.dumps({"benchmark": "origins", "reports": counted.total(), "ms": round(each, 2)} | counted))


if __name__ == "__main__":
    main()
