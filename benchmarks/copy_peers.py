"""What others' MinHash makes of the edited copies: components of the hits of datasketch's index and of text-dedup.

datasketch with 128 permutations over the runs of three and of five words, at its usual thresholds and at the one of a
sweep that does best here, which flatters it. text-dedup itself, by its published settings for news (its
``configs/benchmark_news_minhash.toml``: 256 permutations, pairs of words, threshold .45), with and without the cleaning
of texts that its benchmark on NEWS-COPY does. An excerpt counts as found where it is in one group with its source.
"""

import json
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from datasketch import MinHash, MinHashLSH

from benchmarks import edited
from benchmarks.edited import Edited
from benchmarks.environments import NotInstalledError, environment
from benchmarks.partitions import labels
from dedup.groups import components

PERMUTATIONS: Final = 128
USUAL: Final = (0.7, 0.8)
SWEPT: Final = tuple(step / 20 for step in range(2, 19))
TEXT_DEDUP: Final = "text-dedup==0.4.0 datasets==5.2.0"
PEER: Final = Path(__file__).with_name("copy_peer.py")


def peers(articles: Sequence[Edited], cache: Path) -> list[dict[str, Any]]:
    """Return one row of figures for each peer and setting."""
    return [*_datasketch(articles), *_text_dedup(articles, cache)]


def minhashes(texts: Sequence[str], size: int) -> list[MinHash]:
    """Return datasketch's signatures of the runs of ``size`` words, as its documentation makes them."""
    found = []
    for text in texts:
        words = re.findall(r"\w+", text.lower())
        runs = {" ".join(words[at : at + size]) for at in range(max(1, len(words) - size + 1))}
        sketch = MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch([run.encode() for run in sorted(runs)])
        found.append(sketch)
    return found


def _datasketch(articles: Sequence[Edited]) -> Iterator[dict[str, Any]]:
    for size in (3, 5):
        start = time.process_time()
        sketches = minhashes([article.body for article in articles], size)
        signing = time.process_time() - start
        swept = {}
        for threshold in sorted({*SWEPT, *USUAL}):
            start = time.process_time()
            group_of = _components(sketches, threshold)
            seconds = signing + time.process_time() - start
            swept[threshold] = _row(f"datasketch, {size} words, {threshold}", articles, group_of, seconds)
        best = max(swept, key=lambda threshold: (swept[threshold]["f1"], threshold))
        yield from (swept[threshold] for threshold in USUAL)
        yield swept[best] | {"peer": f"datasketch, {size} words, best: {best}"}


def _components(sketches: Sequence[MinHash], threshold: float) -> list[int]:
    index = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
    pairs = []
    for number, sketch in enumerate(sketches):
        pairs += [(other, number) for other in index.query(sketch)]
        index.insert(number, sketch)
    return labels(len(sketches), components(range(len(sketches)), pairs))


def _text_dedup(articles: Sequence[Edited], cache: Path) -> Iterator[dict[str, Any]]:
    try:
        python = environment(cache.resolve(), TEXT_DEDUP)
        for name in ("text-dedup", "text-dedup, cleaned"):
            answer = ask(python, name, [article.body for article in articles])
            yield _row(name, articles, answer["labels"], answer["seconds"])
    except NotInstalledError as error:
        yield {"peer": f"text-dedup: not installed: {error}", **dict.fromkeys(_FIGURES)}


def ask(python: Path, peer: str, texts: Sequence[str]) -> dict[str, Any]:
    """Return what a peer in an environment of its own answers about some texts."""
    done = subprocess.run(
        [str(python), str(PEER), peer], input=json.dumps(texts), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotInstalledError((done.stderr.strip().splitlines() or ["no reason given"])[-1])
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


_FIGURES: Final = ("precision", "recall", "f1", "ari", "excerpts", "seconds")


def _row(peer: str, articles: Sequence[Edited], group_of: Sequence[int], seconds: float) -> dict[str, Any]:
    cut = [(index, article.excerpt_of) for index, article in enumerate(articles) if article.excerpt_of is not None]
    excerpts = sum(group_of[index] == group_of[source] for index, source in cut) / max(1, len(cut))
    return {"peer": peer, **asdict(edited.score(articles, group_of)), "excerpts": excerpts, "seconds": seconds}
