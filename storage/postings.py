"""The inverted index over copy groups: which of them are looked up by a word, nearest in time first.

Postings are never evicted: a late arrival finds those of its own date however long ago that is, and thirty-two rows of
a few bytes are little beside the text they stand for.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
import xxhash
from sqlalchemy import bindparam, delete, insert
from sqlalchemy.orm import Session

from storage.engine import for_each
from storage.models import Posting
from storage.models.base import table_of

UNTIMED: Final = -(1 << 40)  # `at` of what has no time: before everything
FULL_WEIGHT: Final = 1023
_SHIFT: Final = 1024  # group and weight are read as one number
_LANGUAGE_BITS: Final = 31

_POSTING = table_of(Posting)
_DROP: Final = delete(_POSTING).where(
    _POSTING.c.term == bindparam("its"), _POSTING.c.at == bindparam("when"), _POSTING.c.group_id == bindparam("group")
)
_FOUND: Final = "SELECT group_id * 1024 + weight AS found FROM posting WHERE term = wanted.value"
_BEFORE: Final = f"{_FOUND} AND at >= :low AND at <= :here ORDER BY at DESC, group_id DESC LIMIT :most"
_BEHIND: Final = f"{_FOUND} AND at > :here AND at <= :high ORDER BY at, group_id LIMIT :most"
_UNTIMED: Final = f"{_FOUND} AND at = :untimed ORDER BY group_id DESC LIMIT :most"
_ALL: Final = f"{_FOUND} ORDER BY at, group_id LIMIT :most"


def terms_of(language: str, hashes: Iterable[int]) -> list[int]:
    """Return the terms of a language's words: hashes of 32 bits in, of 63 out."""
    own = xxhash.xxh3_64_intdigest(language.encode()) >> (64 - _LANGUAGE_BITS) << 32
    return [own | int(hash_) for hash_ in hashes]


def put(session: Session, group_id: int, at: int, weights: Mapping[int, float]) -> None:
    """Index a group by its terms, each with its part of a unit vector."""
    rows = [
        {"term": term, "at": at, "group_id": group_id, "weight": round(weight * FULL_WEIGHT)}
        for term, weight in sorted(weights.items())
    ]
    if rows:
        session.connection().execute(insert(_POSTING), rows)


def take(session: Session, group_id: int, at: int, terms: Iterable[int]) -> None:
    """Delete a group's postings."""
    rows = [{"its": term, "when": at, "group": group_id} for term in terms]
    if rows:
        session.connection().execute(_DROP, rows)


def lookup(session: Session, at: int, weights: Mapping[int, float], window_seconds: int, most: int) -> dict[int, float]:
    """Return the groups that have some of these terms, and the cosine of both in them.

    Of each term at most ``most`` postings on either side of ``at`` are read.
    """
    found: dict[int, float] = defaultdict(float)
    terms = list(weights)
    near = {"low": at - window_seconds, "here": at, "high": at + window_seconds, "most": most}
    if at == UNTIMED:
        answers: Sequence[tuple[str, dict[str, int]]] = [(_ALL, {"most": 2 * most})]
    else:
        answers = [(_BEFORE, near), (_BEHIND, near), (_UNTIMED, {"untimed": UNTIMED, "most": most})]
    for query, values in answers:
        for term, held in for_each(session, query, terms, **values):
            groups, parts = np.divmod(np.array(held), _SHIFT)
            for group, part in zip(groups.tolist(), (parts * (weights[term] / FULL_WEIGHT)).tolist(), strict=True):
                found[group] += part
    return found
