"""The set of edited copies: articles with who belongs together, what was cut from what, and by which kind of edit."""

import gzip
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from benchmarks.partitions import PairScores, pair_scores

FILE = Path("near_duplicates", "edited_copies.jsonl.gz")


@dataclass(frozen=True, slots=True)
class Edited:
    """One article of the set."""

    title: str
    body: str
    kind: str  # how it was edited
    group: str | None  # None: either answer is right
    excerpt_of: int | None  # the index of the article that it was cut from
    passage_of: int | None  # the index of the article of which it prints some paragraphs


def read(data: Path) -> list[Edited]:
    """Return the set in the order of its file."""
    with gzip.open(data / FILE, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    place = {row["id"]: index for index, row in enumerate(rows)}
    return [
        Edited(
            row["title"],
            row["body"],
            row["kind"],
            row["group"],
            place.get(row["excerpt_of"]),
            place.get(row["passage_of"]),
        )
        for row in rows
    ]


def score(articles: Sequence[Edited], group_of: Sequence[int]) -> PairScores:
    """Compare groups with the labels, over the labelled articles."""
    labelled = [index for index, article in enumerate(articles) if article.group is not None]
    return pair_scores([articles[index].group for index in labelled], [group_of[index] for index in labelled])


def together(articles: Sequence[Edited], group_of: Sequence[int]) -> dict[str, list[bool]]:
    """Return, for each kind of edit, whether each true pair that has an article of it is in one group."""
    members: dict[str, list[int]] = defaultdict(list)
    for index, article in enumerate(articles):
        if article.group is not None:
            members[article.group].append(index)
    found: dict[str, list[bool]] = defaultdict(list)
    for one, other in (pair for group in members.values() for pair in combinations(group, 2)):
        for kind in {articles[one].kind, articles[other].kind}:
            found[kind].append(group_of[one] == group_of[other])
    return found
