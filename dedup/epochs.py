"""Epochs: numbered snapshots of a language's document frequencies, so that any score can be computed again later.

A score depends on two reports and an epoch. An epoch never changes; the next one is cut when enough was read since, at
first often and later seldom, so that a stream of a million reports has some three hundred and a stored score stays
comparable with its neighbours. While a language is young every epoch changes what its words weigh, so its scores are
computed again with each.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dedup.features import Features
from dedup.idf import Idf

GROWTH = 0.05  # an epoch is due when the reports read since are such a share of those before
YOUNG_GROWTH = 0.25  # the same of a young language, in which each epoch costs the scores of all
YOUNG = 1000  # reports up to which an epoch makes older scores of its language stale: a bounded number of them


@dataclass(frozen=True, slots=True)
class Epoch:
    """What was known of one language's words when scores were computed. Number 0 is the cold start."""

    language: str
    number: int
    idf: Idf
    read: int = 0  # reports read until then; more than `idf` counts where those of one story count as one

    @staticmethod
    def first(language: str) -> "Epoch":
        """Return the epoch of a language nobody has read a report in."""
        return Epoch(language, 0, Idf())

    @property
    def is_young(self) -> bool:
        """Whether scores of older epochs are stale."""
        return self.read <= YOUNG

    def is_due(self, read: int) -> bool:
        """Tell whether so many reports in all are reason for the next."""
        return read - self.read > (YOUNG_GROWTH if self.is_young else GROWTH) * self.read

    def next(self, read: Idf, stories: Iterable[Sequence[Features]] = ()) -> "Epoch":
        """Return the epoch that knows all that was read; the reports of one story, all known to it, count as one."""
        return Epoch(self.language, self.number + 1, read.without_repeats(stories), read.documents)
