"""Why two articles' texts are not one text: each test on the way to one copy group, with its number."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.articles import Report
from dedup.cohesion import FLOOR_SHARE, similarities
from dedup.keys import ALGORITHM, BULK, BULK_SHARE, SHORT_TEXT, Keys, candidates, keys_of
from dedup.links import Failure, nearest_failure, overlap_of, prepare
from pipelines.fold.keying import day_of
from pipelines.fold.rules import FoldRules
from storage import keys as key_table
from storage.keys import UNTIMED
from storage.models import Article, CopyGroup, Reading

NEEDED_KEYS: Final = 2  # as `dedup.keys.candidates` has it
DAY_SECONDS: Final = 86_400
MOST_TEXTS: Final = 100  # of each group, for the mean likeness of two groups that drifted apart


@dataclass(frozen=True, slots=True)
class CopyTest:
    """A test that two texts pass or fail on the way to one copy group."""

    test: str
    is_passed: bool
    says: str
    value: float | None = None
    needed: float | None = None


@dataclass(frozen=True, slots=True)
class SharedKeys:
    """What makes two texts worth comparing: the keys of each, those of both, and of these what few articles hold."""

    a: int
    b: int
    shared: int
    telling: int
    is_candidate: bool
    needed: int = NEEDED_KEYS


def copy_tests(session: Session, a: Report, b: Report, rules: FoldRules) -> tuple[list[CopyTest], SharedKeys]:
    """Return the tests in the order that fold makes them, the text's before that of the keys, which only save work."""
    keys = shared_keys(session, a, b, rules)
    tests = [*_folded(a, b), _languages(a, b), _window(a, b, rules), _texts(a, b, rules), _keys(keys)]
    if a.copy_group != b.copy_group and all(test.is_passed for test in tests):
        tests.append(_apart(session, a, b, rules))
    return tests, keys


def _folded(a: Report, b: Report) -> Iterator[CopyTest]:
    for one in (a, b):
        why = one.why_not_folded
        yield CopyTest("folded", why is None, f"article {one.article} is not compared with others: {why or 'it is'}")


def _languages(a: Report, b: Report) -> CopyTest:
    spoken = f"{a.language or 'unknown'} and {b.language or 'unknown'}"
    return CopyTest("language", True, f"their languages ({spoken}) play no part in whether they are one text")


def _window(a: Report, b: Report, rules: FoldRules) -> CopyTest:
    days = [day_of(one.at, is_timed=one.is_timed) for one in (a, b)]
    apart = abs((a.at - b.at).total_seconds()) / DAY_SECONDS
    return CopyTest(
        "window",
        UNTIMED in days or abs(days[0] - days[1]) <= rules.copy_window_days,
        f"they are {apart:.1f} days apart, and copies are looked for within {rules.copy_window_days} "
        "(copies.window_days)",
        apart,
        rules.copy_window_days,
    )


def _texts(a: Report, b: Report, rules: FoldRules) -> CopyTest:
    """Test for a copy; another test of the text may have come nearer to passing, and to a link without a group."""
    one, other = prepare(a.article, a.title, a.text), prepare(b.article, b.title, b.text)
    nearest = nearest_failure(one, other, rules.copies)
    jaccard, needed = overlap_of(one, other).jaccard, rules.copies.copy
    copy = Failure("copy: Jaccard of word triples", jaccard, needed)
    if nearest is None:
        return CopyTest("text", True, "their texts are copies of each other", jaccard, needed)
    return CopyTest("text", False, str(copy) if nearest == copy else f"{copy}; {nearest}", jaccard, needed)


def _keys(keys: SharedKeys) -> CopyTest:
    return CopyTest(
        "keys",
        keys.is_candidate,
        f"they share {keys.shared} keys of {keys.a} and {keys.b}, {keys.telling} of them held by few; needed "
        f"{keys.needed}, or the whole text, a headline or a quotation, or {BULK} and {BULK_SHARE:.0%} however many "
        "hold them",
        keys.telling,
        keys.needed,
    )


def shared_keys(session: Session, a: Report, b: Report, rules: FoldRules) -> SharedKeys:
    """Return what the look-up of candidates goes by, for two articles."""
    own, other = (_keys_of(session, one) for one in (a, b))
    shared = sorted(set(own.all.tolist()) & set(other.all.tolist()))
    held: Counter[int] = Counter()
    known = key_table.known_buckets(session)
    for bucket in key_table.reached(day_of(a.at, is_timed=a.is_timed), rules.copy_window_days, known):
        for key, readings in key_table.holders(session, bucket, shared, rules.key_cap + 1):
            held[key] += len(readings)
    common = [key for key in shared if held[key] > rules.key_cap]
    found = candidates(own, {key: [b.article] for key in shared}, common)
    words = max(session.scalars(select(Reading.words).where(Reading.id.in_((a.reading, b.reading)))))
    return SharedKeys(
        len(own.all),
        len(other.all),
        len(shared),
        len(shared) - len(common),
        any(not one.is_lone_band or words <= SHORT_TEXT for one in found),
    )


def _keys_of(session: Session, one: Report) -> Keys:
    """Return an article's keys as they are stored; made anew where they are not, or are an older algorithm's."""
    stored = session.execute(select(Reading.keys, Reading.algorithm).where(Reading.id == one.reading)).one()
    if stored.keys is not None and stored.algorithm == ALGORITHM:
        return Keys.unpack(stored.keys)
    return keys_of([one.text], [one.title])[0]


# --- Copies that stand in two groups ----------------------------------------------------------------------------------


def are_parts(session: Session, a: Report, b: Report) -> bool:
    """Tell whether both stand in groups that were divided because their texts had drifted apart."""
    groups = {group for group in (a.copy_group, b.copy_group) if group is not None}
    parts = session.scalars(select(CopyGroup.id).where(CopyGroup.id.in_(groups), CopyGroup.is_part)).all()
    return len(groups) == 2 and len(parts) == 2


def _apart(session: Session, a: Report, b: Report, rules: FoldRules) -> CopyTest:
    """Say why two texts that are copies are in two groups."""
    if not are_parts(session, a, b):
        says = "all tests are passed, but they were not compared yet, or so many share their keys that they never are"
        return CopyTest("linked", False, says)
    floor = FLOOR_SHARE * rules.copies.copy
    mean = mean_similarity(session, a.copy_group or 0, b.copy_group or 0)
    says = (
        f"they are copies by their texts, but of a text that has drifted: copy groups {a.copy_group} and "
        f"{b.copy_group} are like each other by {mean:.2f} in the mean, needed {floor:.2f} (copy_group.is_part)"
    )
    return CopyTest("cohesion", False, says, mean, floor)


def mean_similarity(session: Session, group_a: int, group_b: int) -> float:
    """Return the mean Jaccard index of each text of one group with each of another; of very many, the first ones."""
    shingled = [[text.distinct for text in _texts_of(session, group)] for group in (group_a, group_b)]
    if not all(shingled):
        return 0.0
    matrix = similarities([*shingled[0], *shingled[1]])
    return float(np.mean(matrix[: len(shingled[0]), len(shingled[0]) :]))


def _texts_of(session: Session, group: int) -> Sequence[Any]:
    one_of_each = (
        select(func.min(Article.id))
        .where(Article.copy_group_id == group)
        .group_by(Article.text_key)
        .order_by(Article.text_key)
        .limit(MOST_TEXTS)
    )
    rows = session.execute(
        select(Reading.article_id, Reading.text).where(Reading.article_id.in_(one_of_each), Reading.is_current)
    )
    return [prepare(row.article_id, "", row.text) for row in rows]
