"""Similarity of reports: a weighted mean of cosines over their views, corrected for hubs, faded with the days between.

Reports on running topics are a little like everything. Little is left of such a likeness once half of the mean of both
reports' own best similarities in the window is taken off (CSLS, Conneau et al. 2018).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from dedup.features import Counts, Features, Terms
from dedup.idf import Idf
from dedup.linkage import Pairs

DAY = 86400.0
_BLOCK = 256  # reports multiplied at once: bounds memory on dense days


@dataclass(frozen=True, slots=True)
class SimilarityRules:
    """How alike two reports are. The defaults are the best of one search over two streams (benchmarks/stories.py)."""

    title: float = 0.35  # weights of the views' cosines
    lead: float = 0.9
    body: float = 3.0
    names: float = 0.4
    pairs: float = 0.6
    hub_share: float = 0.5  # of the mean of both reports' hub terms; .8 shatters stories of eleven reports
    hub_neighbours: int = 10
    hub_floor: float = 0.20  # a thin neighbourhood is no licence to join; without it twice as many false joins
    sigma_days: float = 1.5
    window_days: float = 14.0


@dataclass(frozen=True, slots=True)
class Window:
    """Reports in a fixed order: those without a time first, then by time."""

    times: NDArray[np.float64]  # days; nan: no time
    vectors: csr_array  # one unit row for each report; a product of rows is their mean cosine

    @property
    def untimed(self) -> int:
        """How many have no time."""
        return int(np.isnan(self.times).sum())


def vectors(reports: Sequence[Features], idf: Idf, rules: SimilarityRules) -> csr_array:
    """Return one unit vector for each report, all views side by side, common terms left out.

    Each view is a unit vector times the root of its weight, so one product gives the weighted mean of all cosines. A
    view that a report lacks (names, where a script has no capitals) gives its weight to the others.
    """
    views: list[tuple[float, list[tuple[Terms, Counts]]]] = [
        (rules.title, [(report.words, report.title) for report in reports]),
        (rules.lead, [(report.words, report.lead) for report in reports]),
        (rules.body, [(report.words, report.body) for report in reports]),
        (rules.names, [(report.names, report.name_counts) for report in reports]),
        (rules.pairs, [(report.pairs, report.pair_counts) for report in reports]),
    ]
    rows, terms, values = zip(
        *(_view(number, weight, counted, idf) for number, (weight, counted) in enumerate(views)), strict=True
    )
    row, term, value = np.concatenate(rows), np.concatenate(terms), np.concatenate(values)
    value /= _norms(row, value, len(reports))[row]
    distinct, column = np.unique(term, return_inverse=True)
    return csr_array((value.astype(np.float32), (row, column)), shape=(len(reports), max(1, len(distinct))))


def _view(
    number: int, weight: float, counted: Sequence[tuple[Terms, Counts]], idf: Idf
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return one view of all reports as (row, term, value), each report's values of length root(weight)."""
    row = np.repeat(np.arange(len(counted)), [len(terms) for terms, _ in counted])
    terms = np.concatenate([np.zeros(0, dtype=np.uint32), *(terms for terms, _ in counted)])
    counts = np.concatenate([np.zeros(0, dtype=np.uint8), *(counts for _, counts in counted)])
    distinct, inverse = np.unique(terms, return_inverse=True)
    weights = idf.weight(distinct)[inverse]
    used = (counts > 0) & (weights > 0)
    row, value = row[used], (1 + np.log(counts[used].astype(np.float64))) * weights[used]
    value *= np.sqrt(weight) / _norms(row, value, len(counted))[row]
    return row, (np.int64(number) << 32) + terms[used].astype(np.int64), value


def _norms(row: NDArray[np.int64], value: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    norms = np.sqrt(np.bincount(row, value * value, minlength=count))
    return np.where(norms > 0, norms, 1.0)


def raw_pairs(window: Window, rules: SimilarityRules) -> Pairs:
    """Return the mean cosines of all pairs within the window that can survive the hub term, in blocks of rows."""
    least = rules.hub_share * rules.hub_floor
    count, untimed = len(window.times), window.untimed
    found = []
    for start in range(0, count, _BLOCK):
        stop = min(start + _BLOCK, count)
        # Rows without a time come first and are compared with all that follow them.
        end = (
            count
            if start < untimed
            else int(np.searchsorted(window.times[untimed:], window.times[stop - 1] + rules.window_days, "right"))
            + untimed
        )
        product = (window.vectors[start:stop] @ window.vectors[start:end].T).tocoo()
        low, high, value = product.row + np.int64(start), product.col + np.int64(start), product.data.astype(np.float64)
        apart = np.nan_to_num(np.abs(window.times[high] - window.times[low]))
        kept = (high > low) & (value > least) & (apart <= rules.window_days)
        found.append((low[kept], high[kept], value[kept]))
    low, high, value = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((high, low))
    return Pairs(low[order], high[order], value[order])


def corrected(window: Window, pairs: Pairs, rules: SimilarityRules) -> Pairs:
    """Take the hub term off and fade with time; pairs of which nothing is left are dropped."""
    hub = hubs(len(window.times), pairs, rules)
    apart = np.nan_to_num(window.times[pairs.high] - window.times[pairs.low])
    value = pairs.value - rules.hub_share * (hub[pairs.low] + hub[pairs.high]) / 2
    faded = Pairs(pairs.low, pairs.high, value * np.exp(-(apart**2) / (2 * rules.sigma_days**2)))
    return faded.select(faded.value > NEGLIGIBLE)


NEGLIGIBLE = 0.005  # a similarity that no mean of the size of the floor notices


def hubs(count: int, pairs: Pairs, rules: SimilarityRules) -> NDArray[np.float64]:
    """Return how much each report is like everything: the mean of its ten best similarities, held at the floor."""
    item = np.concatenate([pairs.low, pairs.high])
    value = np.concatenate([pairs.value, pairs.value])
    order = np.lexsort((-value, item))
    item, value = item[order], value[order]
    rank = np.arange(len(item)) - np.searchsorted(item, item)
    best = rank < rules.hub_neighbours
    sums = np.bincount(item[best], value[best], minlength=count)
    return np.maximum(sums / rules.hub_neighbours, rules.hub_floor)
