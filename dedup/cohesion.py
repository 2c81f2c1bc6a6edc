"""Cohesion: a component of copies whose ends no longer resemble each other is several texts, and is divided.

Copies of copies drift: each is like the one before, the last is nothing like the first. The rule depends on the texts
alone, not on who came first: average linkage over the exact similarities of all of the component's different texts,
numbered by their digests. Measured on 1,903 edited copies (benchmarks/copies.py): at a threshold of .30 for copies,
which chains, the rule takes pair F1 from .981 to .995; at the usual .40 it divides nothing that belongs together.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from dedup.linkage import LinkageRules, Pairs, average_linkage
from dedup.text import Hashes

FLOOR_SHARE = 0.75  # of the threshold for copies: the least mean similarity of two parts of one text (.30 beside .40)
MOST_TEXTS = 200  # compared each with each; of more, so many with the lowest digests speak for all


def parts(texts: Mapping[int, Hashes], floor: float) -> dict[int, int]:
    """Return the part of each text of a component, numbered from 0; ``texts`` has its sorted shingles by its digest.

    One part is the rule. Order is irrelevant: the digests, which are the texts' own, decide ties and numbers.
    """
    digests = sorted(texts)
    spoken, others = digests[:MOST_TEXTS], digests[MOST_TEXTS:]
    labels = _linked([texts[digest] for digest in spoken], floor)
    if not labels.any():
        return dict.fromkeys(digests, 0)
    numbers = {label: number for number, label in enumerate(dict.fromkeys(labels.tolist()))}
    found = {digest: numbers[label] for digest, label in zip(spoken, labels.tolist(), strict=True)}
    members: list[list[int]] = [[] for _ in numbers]
    for digest, number in found.items():
        members[number].append(digest)
    return found | {digest: _nearest(texts[digest], members, texts) for digest in others}


def _linked(shingled: Sequence[Hashes], floor: float) -> NDArray[np.int64]:
    similarity = similarities(shingled)
    low, high = np.triu_indices(len(shingled), 1)
    return average_linkage(len(shingled), Pairs(low, high, similarity[low, high]), LinkageRules(floor, floor))


def _nearest(text: Hashes, members: Sequence[Sequence[int]], texts: Mapping[int, Hashes]) -> int:
    means = [similarities([text, *(texts[digest] for digest in part)])[0, 1:].mean() for part in members]
    return int(np.argmax(means))


def similarities(shingled: Sequence[Hashes]) -> NDArray[np.float64]:
    """Return the Jaccard indexes of all pairs of sorted sets, as a square matrix."""
    sizes = np.array([len(text) for text in shingled])
    terms = np.concatenate([np.zeros(0, dtype=np.uint64), *shingled])
    distinct, column = np.unique(terms, return_inverse=True)
    row = np.repeat(np.arange(len(shingled)), sizes)
    held = csr_array((np.ones(len(terms)), (row, column)), shape=(len(shingled), max(1, len(distinct))))
    shared = (held @ held.T).toarray()
    union = sizes[:, None] + sizes[None, :] - shared
    found: NDArray[np.float64] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return found
