"""Stories: which copy groups report one event, computed over a window and not accumulated by arrival.

The result depends on the reports and not on their order: candidates from a bounded inverted index, a score for each,
a bounded number of neighbours, average linkage. Measured on a stream with its unlabelled neighbours: joining each
arrival to the best story so far .898/.669 (B-cubed F / pair F), this .929/.799.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import exp
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.candidates import CandidateRules, candidates, salient
from dedup.decisions import NONE_YET, Decisions
from dedup.features import Features
from dedup.idf import Idf
from dedup.linkage import LinkageRules, Pairs, average_linkage
from dedup.neighbours import NeighbourRules, bounded
from dedup.roundups import without_round_ups
from dedup.similarity import DAY, SimilarityRules, faded, scores, views

RULES_VERSION = 3  # stored with every membership; raise it with any change that can move a score


class Basis(StrEnum):
    """Why an item is in its story; the caller knows further reasons (copy, operator)."""

    FIRST = "first"
    SAME_EVENT = "same_event"


@dataclass(frozen=True, slots=True)
class Place:
    """One copy group by its representative: however many outlets reprint a text, it has one vote."""

    id: int
    time: float | None  # seconds since the epoch, of the earliest article; None: no time factor
    language: str


@dataclass(frozen=True, slots=True)
class Item(Place):
    """A place with what its text is about, where no scores are stored."""

    features: Features


P = TypeVar("P", bound=Place)


@dataclass(frozen=True, slots=True)
class StoryRules:
    """When reports tell one event. Measured by benchmarks/stories.py, one setting for all streams."""

    floor: float = 0.2  # least score of two reports alone, where the language's terms are well known
    # Of that, the least mean where two parts of a story have many pairs between them: many weak likenesses that agree
    # are surer than one. Measured: pair F1 + .002, ECB+ + .014 (B-cubed F1), ten events of 110 reports in a new
    # database + .07; false joins .094 instead of .060.
    many: float = 0.25
    # Where both parts are several reports: least share of what the looser one has in itself. Two events about the same
    # people are each closer in itself than both are together, which no sum over pairs sees. Measured: pair F1 .806,
    # without it .695.
    coherence: float = 0.85
    # What two reports alone need beyond the floor in a new database, most with so many reports: enough for look-alikes,
    # too few to know words by. Measured in 30 databases each of 10, 30 and 50 different events: 0, .004 and .003 of the
    # reports join (0, .004 and .007 without it); with .3 none does, but four stories of the demo's news web fall apart.
    cold_extra: float = 0.15
    cold_reports: int = 45
    # A story of such a share of all that was read makes its own words common: they are counted anew, a story's words
    # once, and stories computed again, so often. Measured (B-cubed F1): ten events of 110 reports .87 to .90 instead of
    # .86, four of 48 .84 to .86 instead of .56.
    dominant: float = 0.005
    rounds: int = 2
    candidates: CandidateRules = field(default_factory=CandidateRules)
    # Candidates that are compared: of an event with more reports a sample.
    tried: NeighbourRules = field(default_factory=lambda: NeighbourRules(best=60, sampled=60))
    similarity: SimilarityRules = field(default_factory=SimilarityRules)
    neighbours: NeighbourRules = field(default_factory=NeighbourRules)

    def linkage(self, documents: int) -> LinkageRules:
        """Return when clusters merge where so many own texts of the language are known."""
        return LinkageRules(self.threshold(documents), self.floor * self.many, self.coherence)

    def is_dominated(self, found: "Partition", documents: int) -> bool:
        """Tell whether one story is such a share of so many own texts that its words are to be counted anew."""
        return max(map(len, found.stories), default=0) >= max(2, self.dominant * documents)

    def threshold(self, documents: int) -> float:
        """Return what two reports alone need where so many own texts of the language are known."""
        read = (documents / self.cold_reports) ** 2
        return self.floor + self.cold_extra * read * exp(1 - read)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why an item is where it is."""

    item: int
    basis: Basis
    score: float  # mean similarity to the rest of its story
    threshold: float  # what the mean to so many reports needs
    runner_up: float  # best mean similarity to any other story, a lone item being one too
    margin: float  # score - runner_up
    nearest: int | None  # the item of its story it is most like
    days_apart: float | None  # from that one


@dataclass(frozen=True, slots=True)
class Partition:
    """Stories as sorted item ids, by lowest id; evidence for the items of stories of two and more."""

    stories: tuple[tuple[int, ...], ...]
    evidence: Mapping[int, Evidence]


def partition(
    items: Sequence[Item],
    idf: Mapping[str, Idf],
    rules: StoryRules = StoryRules(),
    decisions: Decisions = NONE_YET,
) -> Partition:
    """Divide items into stories. Their order is irrelevant, ids must differ.

    Items of two languages never meet, unless an operator has decided so: decisions stand above every rule.

    Every item of the call takes part: what has left the window the caller freezes by leaving it out.
    """
    stories: list[tuple[int, ...]] = []
    evidence: dict[int, Evidence] = {}
    for language in sorted({item.language for item in items}):
        own = ranked(item for item in items if item.language == language)
        found = _partition(own, idf.get(language, Idf()), rules, decisions)
        stories += found.stories
        evidence |= found.evidence
    return Partition(tuple(decisions.united(stories)), evidence)


def _partition(items: Sequence[Item], idf: Idf, rules: StoryRules, decisions: Decisions) -> Partition:
    """Divide items of one language, in order."""
    features = {item.id: item.features for item in items}
    known, rounds = idf, 0
    while True:
        found = divided(items, similarities(items, known, rules), rules.linkage(known.documents), decisions)
        rounds += 1
        if rounds > rules.rounds or not rules.is_dominated(found, idf.documents):
            return found
        known = idf.without_repeats([features[item] for item in story] for story in found.stories)


def divided(places: Sequence[Place], pairs: Pairs, rules: LinkageRules, decisions: Decisions) -> Partition:
    """Divide places of one language by the scores between them; pairs name them by their number in :func:`ranked`."""
    ids = [place.id for place in places]
    pairs = without_round_ups(len(places), pairs, rules)
    labels = average_linkage(len(places), decisions.opened(ids, pairs), rules, decisions.bound(ids))
    members: dict[int, list[int]] = {}
    for place, label in zip(places, labels.tolist(), strict=True):
        members.setdefault(label, []).append(place.id)
    stories = tuple(tuple(sorted(ids)) for ids in members.values())
    return Partition(stories, _evidence(places, pairs, labels, rules))


def similarities(items: Sequence[Item], idf: Idf, rules: StoryRules) -> Pairs:
    """Return the scores of items of one language, numbered as they come: untimed first, then by time.

    Each is compared with its candidates and keeps a bounded number of neighbours.
    """
    times = np.array([np.nan if item.time is None else item.time / DAY for item in items])
    ids = np.array([item.id for item in items], dtype=np.int64)
    reports = [item.features for item in items]
    words = [salient(report, idf, rules.candidates) for report in reports]
    low, high, likeness = candidates(words, times, rules.similarity.window_days, rules.candidates)
    tried = bounded(Pairs(low, high, likeness), ids, rules.tried)
    found = scores(views(reports, idf), tried.low, tried.high, rules.similarity)
    value = faded(found, times[tried.high] - times[tried.low], rules.similarity)
    scored = Pairs(tried.low, tried.high, value, tried.weight)
    return bounded(scored.select(value > NEGLIGIBLE), ids, rules.neighbours)


NEGLIGIBLE = 0.005  # a score that no mean of the size of the floor notices


def ranked(places: Iterable[P]) -> list[P]:
    """Return those without a time first, then by time, then by id: the order in which ties are broken."""
    return sorted(places, key=lambda place: (place.time is not None, place.time or 0.0, place.id))


def _evidence(
    items: Sequence[Place], pairs: Pairs, labels: NDArray[np.int64], rules: LinkageRules
) -> dict[int, Evidence]:
    """Return the evidence of each item that is not alone."""
    count = len(items)
    sizes = np.bincount(labels, minlength=count)
    own, runner_up = _means(count, pairs, labels, sizes)
    nearest = _nearest(count, pairs, labels)
    first: dict[int, int] = {}
    for index in sorted(range(count), key=lambda index: (items[index].time is None, items[index].time or 0.0, index)):
        first.setdefault(int(labels[index]), index)
    found = {}
    for index in np.flatnonzero(sizes[labels] > 1).tolist():
        item, other = items[index], items[nearest[index]] if nearest[index] >= 0 else None
        found[item.id] = Evidence(
            item=item.id,
            basis=Basis.FIRST if first[int(labels[index])] == index else Basis.SAME_EVENT,
            score=float(own[index]),
            threshold=rules.needed(int(sizes[labels[index]]) - 1),
            runner_up=float(runner_up[index]),
            margin=float(own[index] - runner_up[index]),
            nearest=None if other is None else other.id,
            days_apart=None if other is None else days_apart(item, other),
        )
    return found


def days_apart(one: Place, other: Place) -> float | None:
    """Return the days between two items; None where either has no time."""
    return None if one.time is None or other.time is None else abs(one.time - other.time) / DAY


def _means(
    count: int, pairs: Pairs, labels: NDArray[np.int64], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each item its mean similarity to the rest of its story and to the most similar other story."""
    item, other, value, weight = _both_ways(pairs)
    keys, inverse = np.unique(item * count + labels[other], return_inverse=True)
    item, story = keys // count, keys % count
    at_home = labels[item] == story
    known = np.bincount(inverse, weight, minlength=len(keys))
    mean = np.bincount(inverse, value * weight, minlength=len(keys)) / np.maximum(sizes[story] - at_home, known)
    own, runner_up = np.zeros(count), np.zeros(count)
    own[item[at_home]] = mean[at_home]
    np.maximum.at(runner_up, item[~at_home], mean[~at_home])
    return own, runner_up


def _nearest(count: int, pairs: Pairs, labels: NDArray[np.int64]) -> list[int]:
    """Return for each item the one of its story that is most like it; -1 for none. Ties go to the earlier one."""
    item, other, value, _ = _both_ways(pairs.select(labels[pairs.low] == labels[pairs.high]))
    order = np.lexsort((other, -value, item))
    best, at = np.unique(item[order], return_index=True)
    nearest = np.full(count, -1)
    nearest[best] = other[order][at]
    return [int(index) for index in nearest]


def _both_ways(pairs: Pairs) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    return (
        np.concatenate([pairs.low, pairs.high]),
        np.concatenate([pairs.high, pairs.low]),
        np.concatenate([pairs.value, pairs.value]),
        np.concatenate([pairs.weight, pairs.weight]),
    )
