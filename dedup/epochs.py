"""Epochs: numbered snapshots of a language's document frequencies, so that any score can be computed again later.

A score depends on two reports and an epoch. An epoch never changes; the next one is cut when enough was read since, at
first often and later seldom, so that a stream of a million reports has some three hundred and a stored score stays
comparable with its neighbours.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dedup.features import Features
from dedup.idf import Idf

GROWTH = 0.05  # an epoch is due when the reports read since are such a share of those before
_HEADER = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Epoch:
    """What was known of one language's words when scores were computed. Number 0 is the cold start."""

    language: str
    number: int
    idf: Idf

    @staticmethod
    def first(language: str) -> "Epoch":
        """Return the epoch of a language nobody has read a report in."""
        return Epoch(language, 0, Idf())

    def is_due(self, unread: int) -> bool:
        """Tell whether so many reports that this epoch does not know are reason for the next."""
        return unread > GROWTH * self.idf.documents

    def next(self, reports: Iterable[Features], stories: Iterable[Sequence[Features]] = ()) -> "Epoch":
        """Return the epoch that knows these own texts too; the reports of one story, all known to it, count as one.

        Give it every story that was not given before, or nothing where no story is a two-hundredth of what was read.
        """
        idf = Idf.unpack(self.idf.pack())
        idf.learn(reports)
        return Epoch(self.language, self.number + 1, idf.without_repeats(stories))

    def pack(self) -> bytes:
        """Return number and frequencies as bytes; the language is the row's."""
        return _HEADER.pack(self.number) + self.idf.pack()

    @staticmethod
    def unpack(language: str, data: bytes) -> "Epoch":
        """Return the epoch that :meth:`pack` wrote; ValueError where another version wrote it."""
        (number,) = _HEADER.unpack_from(data)
        return Epoch(language, number, Idf.unpack(data[_HEADER.size :]))
