"""A peer of near-duplicate detection in a process of its own: a JSON list of texts in, a JSON object out.

    python benchmarks/copy_peer.py PEER

Run by benchmarks/copy_peers.py and benchmarks/signatures.py with the Python of the environment that the peer is
installed in, so this file imports nothing but the standard library and the one peer. Seconds are CPU time.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# text-dedup's configs/benchmark_news_minhash.toml
NEWS = {
    "--num_perm": "256",
    "--ngram": "2",
    "--threshold": "0.45",
    "--min_length": "0",
    "--hash_func": "xxh3",
    "--num_proc": "1",
}


def text_dedup(texts: Sequence[str]) -> dict[str, Any]:
    """Return the cluster of each text."""
    import datasets  # type: ignore[import-not-found,unused-ignore]
    from text_dedup import minhash  # type: ignore[import-not-found,unused-ignore]

    with tempfile.TemporaryDirectory() as folder:
        datasets.Dataset.from_dict({"text": texts}).save_to_disk(f"{folder}/in")
        options = [*("--path", f"{folder}/in", "--local", "--output", f"{folder}/out", "--column", "text")]
        options += [word for option in NEWS.items() for word in option]
        started = sum(os.times()[:4])
        minhash.main(options, standalone_mode=False)
        seconds = sum(os.times()[:4]) - started  # its worker's, too
    return {"labels": [minhash.uf.find(index) for index in range(len(texts))], "seconds": seconds}


def cleaned(texts: Sequence[str]) -> dict[str, Any]:
    """Return the same of texts cleaned as its benchmark of news cleans them."""
    from text_dedup.utils.preprocess import (  # type: ignore[import-not-found,unused-ignore]
        news_copy_preprocessing,
    )

    return text_dedup([news_copy_preprocessing(text) for text in texts])


def rensa(texts: Sequence[str]) -> dict[str, Any]:
    """Return milliseconds for each text to sign the runs of three words, from the text and from the runs."""
    from rensa import RMinHash  # type: ignore[import-not-found,unused-ignore]

    def sign(runs: list[str]) -> None:
        sketch = RMinHash(num_perm=128, seed=42)
        sketch.update(runs)
        sketch.digest()

    started = time.process_time()
    made = [_runs(text) for text in texts]
    ready = time.process_time()
    for runs in made:
        sign(runs)
    ended = time.process_time()
    return {"ms_runs": 1000 * (ready - started) / len(texts), "ms_signature": 1000 * (ended - ready) / len(texts)}


def _runs(text: str) -> list[str]:
    words = text.lower().split()
    return sorted({" ".join(words[at : at + 3]) for at in range(max(1, len(words) - 2))})


PEERS: dict[str, Callable[[Sequence[str]], dict[str, Any]]] = {
    "text-dedup": text_dedup,
    "text-dedup, cleaned": cleaned,
    "rensa": rensa,
}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a peer prints goes to standard error
    print(json.dumps(PEERS[sys.argv[1]](json.load(sys.stdin))), file=answers, flush=True)


if __name__ == "__main__":
    main()
