"""Candidates: which reports are worth comparing, found through an inverted index whose every part is bounded.

A report is indexed by a few words: those it says most with, rare in the stream and frequent in it. Two reports that
share some of them, within the window, are candidates. A word that a dense day is full of lists only what is nearest.
The same bounds hold for rows in a database: `salient` gives the words to store and to look up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dedup.features import Features, Terms
from dedup.idf import Idf

IN_LEAD = 1.5  # a word of the first sentences is chosen before one of the body
UNSHARED = 0.6  # a word that nobody else was seen to write is rarest, and least likely to be looked up by

Indexes = NDArray[np.int64]
Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CandidateRules:
    """Bounds of the index. What a smaller one loses is in docs/measurements.md."""

    words: int = 32  # of a report, in the index
    postings: int = 200  # of a word, before and behind a report in time
    least: float = 0.03  # cosine of the salient words alone; fewer in common is no candidate
    block: int = 1 << 10  # reports whose postings are read at once: bounds memory


@dataclass(frozen=True, slots=True)
class Salient:
    """The words that stand for a report in the index, most telling first, and their weights, a unit vector."""

    terms: Terms
    weights: Weights


def salient(report: Features, idf: Idf, rules: CandidateRules) -> Salient:
    """Return the words to index a report by, and to look others up by. Ties go to the lower hash."""
    weights = np.where(report.body > 0, 1 + np.log(np.maximum(report.body, 1)), 0.0) * idf.weight(report.words)
    telling = weights * np.where(report.lead > 0, IN_LEAD, 1.0)
    telling *= np.where(idf.frequency(report.words) > 1, 1.0, UNSHARED)
    order = np.lexsort((report.words, -telling))[: rules.words]
    order = order[weights[order] > 0]
    length = np.sqrt((weights[order] ** 2).sum())
    return Salient(report.words[order], weights[order] / (length or 1.0))


def candidates(
    reports: Sequence[Salient], times: Weights, window_days: float, rules: CandidateRules
) -> tuple[Indexes, Indexes, Weights]:
    """Return the pairs worth comparing (low, high) with the cosine of their salient words, in order.

    Reports are numbered as they come: those without a time first, then by time (days; nan for none).
    """
    count = len(reports)
    item = np.repeat(np.arange(count), [len(report.terms) for report in reports])
    term = np.concatenate([np.zeros(0, dtype=np.uint32), *(report.terms for report in reports)])
    weight = np.concatenate([np.zeros(0), *(report.weights for report in reports)])
    by_term = np.lexsort((item, term))
    item, term, weight = item[by_term], term[by_term], weight[by_term]
    # Of each posting the last one of the same word that may be looked at: within the window, and within the bound.
    list_end = np.searchsorted(term, term, "right")
    last_item = np.searchsorted(np.nan_to_num(times, nan=-np.inf), times + window_days, "right")
    last_item = np.where(np.isnan(times), count, last_item)  # one without a time is compared with all
    window_end = np.searchsorted(term.astype(np.int64) * count + item, term.astype(np.int64) * count + last_item[item])
    position = np.arange(len(item))
    reach = np.minimum(np.minimum(list_end, window_end), position + 1 + rules.postings) - position - 1
    order = np.argsort(item, kind="stable")
    starts = np.searchsorted(item[order], np.arange(0, count + rules.block, rules.block))
    low, high, value = (
        zip(
            *(_block(order[start:stop], item, weight, reach, rules.least) for start, stop in pairwise(starts)),
            strict=True,
        )
        if count
        else ((), (), ())
    )
    return np.concatenate([_NO_ITEM, *low]), np.concatenate([_NO_ITEM, *high]), np.concatenate([np.zeros(0), *value])


class Index:
    """The same index for reports that arrive: what a database does with rows of (word, time, report, weight)."""

    def __init__(self, reports: Sequence[Salient], times: Weights) -> None:
        """Index reports by their places; times in days, none missing."""
        item = np.repeat(np.arange(len(reports)), [len(report.terms) for report in reports])
        term = np.concatenate([np.zeros(0, dtype=np.uint32), *(report.terms for report in reports)])
        weight = np.concatenate([np.zeros(0), *(report.weights for report in reports)])
        order = np.lexsort((item, times[item], term))
        self._term, self._item, self._weight = term[order], item[order], weight[order]
        self._time = times[self._item]

    def lookup(
        self, report: Salient, time: float, window_days: float, rules: CandidateRules
    ) -> tuple[Indexes, Weights]:
        """Return the places of the reports worth comparing with this one, ascending, and the cosines."""
        items, weights = [_NO_ITEM], [np.zeros(0)]
        starts = np.searchsorted(self._term, report.terms)
        ends = np.searchsorted(self._term, report.terms, "right")
        for start, end, own in zip(starts.tolist(), ends.tolist(), report.weights.tolist(), strict=True):
            here, first, last = start + np.searchsorted(
                self._time[start:end], (_just_after(time), time - window_days, _just_after(time + window_days))
            )
            nearest = slice(max(first, here - rules.postings), min(last, here + rules.postings))
            items.append(self._item[nearest])
            weights.append(self._weight[nearest] * own)
        found, inverse = np.unique(np.concatenate(items), return_inverse=True)
        value = np.bincount(inverse, np.concatenate(weights), minlength=len(found))
        kept = value >= rules.least
        return found[kept], value[kept].astype(np.float64)


def _just_after(time: float) -> float:
    return float(np.nextafter(time, np.inf))


_NO_ITEM = np.zeros(0, dtype=np.int64)
_ITEM_BITS = 31


def _block(
    postings: Indexes, item: Indexes, weight: Weights, reach: Indexes, least: float
) -> tuple[Indexes, Indexes, Weights]:
    """Return the pairs of some reports with what follows them in the lists of their words."""
    reaches = reach[postings]
    one = np.repeat(postings, reaches)
    other = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(reaches) - reaches, reaches)
    keys, inverse = np.unique((item[one] << _ITEM_BITS) + item[other], return_inverse=True)
    value = np.bincount(inverse, weight[one] * weight[other], minlength=len(keys))
    kept = value >= least
    low = keys[kept] >> _ITEM_BITS
    return low, keys[kept] - (low << _ITEM_BITS), value[kept].astype(np.float64)
