"""How likely two reports tell one event: three cosines, and how unlikely it is to share their rarest phrases by chance.

Cosines alone join reports of one topic: they measure what reports are about, and years of a running topic are about the
same. What two reports of one *event* share besides is phrases that hardly anybody else writes: the name and what
happened to it, side by side. How much three such phrases prove is counted in nats: the logarithm of how rare they are,
less the logarithms of both lengths, since long texts share rare phrases by chance. A score depends on two reports and
the document frequencies only, so it can be stored and computed again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from dedup.features import Counts, Features, Terms
from dedup.idf import Idf

DAY = 86400.0
PHRASES = 3  # rarest shared word pairs that count. Measured as loss: 1 .1733, 2 .1709, 3 .1701, 5 .1709, 10 .1749
# Two runs of quoted words in common prove what three phrases of the rarest do in a stream of ten thousand reports,
# however little was read: it is all that two reports in an empty database have. In that stream it changes nothing.
QUOTED_RUNS, QUOTED_RARITY = 2, 6.26
# Two reports are by one template where they share so much of their phrases, but of what it leaves open less than half
# of that. Measured on 4,139 likely pairs of a stream: of those with .3 of the phrases in common a twentieth agrees in a
# quarter of the figures or less; made series share .7 of the phrases and a quarter of the figures or .1 of the names.
TEMPLATE_FRAME, TEMPLATE_SHARE, FEWEST_FILLED = 0.3, 0.5, 4
# A text is never taken for shorter than that: two of one sentence each are alike by a word. Measured: ECB+ .937 with
# 40, .934 with 5 and 20 (B-cubed F1), the stream the same; two sentences that share "river" score .85 with 5.
FEWEST_PHRASES = 40
_BLOCK = 1 << 14  # pairs compared at once: bounds memory on dense days

Scores = NDArray[np.float64]
Indexes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SimilarityRules:
    """Weights of a logistic regression with five parameters, fitted on the even months of one stream.

    It was shown 400 pairs that editors put together, 1,800 of the same days that they did not, and 1,900 of different
    days. Fitted on the odd months instead it loses as little. Roots of cosines, because these are nearer to normal.
    """

    title: float = 2.39
    lead: float = 2.80
    body: float = 6.60
    phrases: float = 0.97  # for each nat: what theory says is 1
    constant: float = 1.27
    sigma_days: float = 1.5
    window_days: float = 14.0


@dataclass(frozen=True, slots=True)
class Views:
    """What is compared of reports, one row for each: unit vectors of title, lead and body, and phrases by rarity."""

    title: csr_array
    lead: csr_array
    body: csr_array
    phrases: csr_array  # in nats
    quoted: csr_array  # 1 for each run of quoted words
    names: csr_array  # 1 for each
    figures: csr_array  # 1 for each
    log_length: Scores
    titled: NDArray[np.bool_]


def views(reports: Sequence[Features], idf: Idf) -> Views:
    """Return what is compared of each report; common terms are left out."""
    title = _unit_rows([(report.words, report.title) for report in reports], idf.weight)
    pairs = [(report.pairs, np.minimum(report.pair_counts, 1)) for report in reports]
    phrases, _ = _rows(pairs, idf.rarity)
    lengths = np.array([max(len(report.pairs), FEWEST_PHRASES) for report in reports], dtype=np.float64)
    return Views(
        title=title,
        lead=_unit_rows([(report.words, report.lead) for report in reports], idf.weight),
        body=_unit_rows([(report.words, report.body) for report in reports], idf.weight),
        phrases=phrases,
        quoted=_sets([report.quoted for report in reports]),
        names=_sets([report.names for report in reports]),
        figures=_sets([report.figures for report in reports]),
        log_length=np.log(lengths),
        titled=np.diff(title.indptr) > 0,
    )


def scores(of: Views, low: Indexes, high: Indexes, rules: SimilarityRules) -> Scores:
    """Return how likely each pair of rows tells one event, 0 to 1, whatever the days between them."""
    found = [
        _scores(of, low[start : start + _BLOCK], high[start : start + _BLOCK], rules)
        for start in range(0, len(low), _BLOCK)
    ]
    return np.concatenate([np.zeros(0), *found])


def _scores(of: Views, low: Indexes, high: Indexes, rules: SimilarityRules) -> Scores:
    lead = np.sqrt(_cosines(of.lead, low, high))
    title = np.where(of.titled[low] & of.titled[high], np.sqrt(_cosines(of.title, low, high)), lead)
    logit = (
        rules.constant
        + rules.title * title
        + rules.lead * lead
        + rules.body * np.sqrt(_cosines(of.body, low, high))
        + rules.phrases * _proof(of, low, high)
    )
    likely: Scores = 1 / (1 + np.exp(-logit))
    return np.where(by_one_template(of, low, high), 0.0, likely)


def by_one_template(of: Views, low: Indexes, high: Indexes) -> NDArray[np.bool_]:
    """Tell which pairs have their words in common but not what a template leaves open: numbers or names.

    Match reports, market reports, monthly figures: two reports of one event in the same words agree in both.
    """
    frame = _agreement(of.phrases, low, high, 1)
    found = frame >= TEMPLATE_FRAME
    some = np.flatnonzero(found)
    for filled in (of.figures, of.names):
        agreed = _agreement(filled, low[some], high[some], FEWEST_FILLED)
        found[some[agreed < TEMPLATE_SHARE * frame[some]]] = False
    return (frame >= TEMPLATE_FRAME) & ~found


def _agreement(sets: csr_array, low: Indexes, high: Indexes, fewest: int) -> Scores:
    """Return which share of the smaller set is in both; 1 where a set is smaller than ``fewest``."""
    sizes = np.diff(sets.indptr)
    smaller = np.minimum(sizes[low], sizes[high])
    shared = np.diff((sets[low].multiply(sets[high])).tocsr().indptr)
    return np.where(smaller >= fewest, shared / np.maximum(smaller, 1), 1.0)


def _proof(of: Views, low: Indexes, high: Indexes) -> Scores:
    """Return what shared phrases prove, in nats, both lengths taken off. A quotation is as rare as anything can be."""
    shared = np.asarray(of.quoted[low].multiply(of.quoted[high]).sum(axis=1)).ravel()
    rarity = np.maximum(rarest_shared(of.phrases, low, high), np.where(shared >= QUOTED_RUNS, QUOTED_RARITY, 0.0))
    return rarity - of.log_length[low] - of.log_length[high]


def faded(value: Scores, days_apart: Scores, rules: SimilarityRules) -> Scores:
    """Return scores less what the days between two reports take; nan is no distance."""
    found: Scores = value * np.exp(-(np.nan_to_num(days_apart) ** 2) / (2 * rules.sigma_days**2))
    return found


def rarest_shared(phrases: csr_array, low: Indexes, high: Indexes) -> Scores:
    """Return the mean rarity of the :data:`PHRASES` rarest that each pair of rows shares; a missing one counts 0."""
    shared = (phrases[low].multiply(phrases[high])).tocsr()  # of two equal rarities: a square
    row = np.repeat(np.arange(len(low)), np.diff(shared.indptr))
    rarity = np.sqrt(shared.data.astype(np.float64))
    order = np.lexsort((-rarity, row))
    row, rarity = row[order], rarity[order]
    best = np.arange(len(row)) - np.searchsorted(row, row) < PHRASES
    return np.bincount(row[best], rarity[best], minlength=len(low)) / PHRASES


def _cosines(rows: csr_array, low: Indexes, high: Indexes) -> Scores:
    product = rows[low].multiply(rows[high]).sum(axis=1)
    return np.clip(np.asarray(product, dtype=np.float64).ravel(), 0.0, 1.0)


def _unit_rows(counted: Sequence[tuple[Terms, Counts]], weigh: Callable[[Terms], Scores]) -> csr_array:
    rows, row = _rows(counted, weigh)
    length = np.sqrt(np.bincount(row, rows.data.astype(np.float64) ** 2, minlength=len(counted)))
    rows.data /= np.where(length > 0, length, 1.0)[row].astype(np.float32)
    return rows


def _rows(counted: Sequence[tuple[Terms, Counts]], weigh: Callable[[Terms], Scores]) -> tuple[csr_array, Indexes]:
    """Return (1 + log count) times weight for each term, and the row of each value."""
    row = np.repeat(np.arange(len(counted)), [len(terms) for terms, _ in counted])
    terms = np.concatenate([np.zeros(0, dtype=np.uint32), *(terms for terms, _ in counted)])
    counts = np.concatenate([np.zeros(0, dtype=np.uint8), *(counts for _, counts in counted)])
    distinct, column = np.unique(terms, return_inverse=True)
    weight = weigh(distinct)[column]
    used = (counts > 0) & (weight > 0)
    row, column = row[used], column[used]
    value = ((1 + np.log(counts[used].astype(np.float64))) * weight[used]).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(counted)))])
    shape = (len(counted), max(1, len(distinct)))
    return csr_array((value, column.astype(np.int32), starts.astype(np.int32)), shape=shape), row


def _sets(terms: Sequence[Terms]) -> csr_array:
    rows, _ = _rows([(own, np.ones(len(own), dtype=np.uint8)) for own in terms], lambda known: np.ones(len(known)))
    return rows


@dataclass(frozen=True, slots=True)
class Parts:
    """What a score is made of, for people: the cosines, and what the shared phrases prove."""

    title: float
    lead: float
    body: float
    phrases: float  # nats, both lengths taken off


def parts(a: Features, b: Features, idf: Idf) -> Parts:
    """Return what the score of two reports is made of."""
    of, low, high = views([a, b], idf), np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64)
    title, lead, body = (float(_cosines(rows, low, high)[0]) for rows in (of.title, of.lead, of.body))
    return Parts(title, lead, body, float(_proof(of, low, high)[0]))


def similarity(a: Features, b: Features, idf: Idf, rules: SimilarityRules) -> float:
    """Return the score of two reports, whatever the days between them."""
    return float(scores(views([a, b], idf), np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64), rules)[0])
