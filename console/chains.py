"""How two articles of one copy group hang together that no link joins: copies of copies, sought from both ends."""

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy.orm import Session

from pipelines.fold.grouping import copy_links
from storage.engine import portions
from storage.models import Link

MOST_SEEN: Final = 5_000  # articles; from both ends, a text that ten thousand print takes three look-ups


def chain(session: Session, a: int, b: int) -> tuple[list[int] | None, bool]:
    """Return a shortest chain of current copy links from a to b, and whether the search came to its end.

    Without a chain: (None, True) says that there is none, (None, False) that it was looked for long enough.
    """
    seen: tuple[dict[int, int | None], dict[int, int | None]] = ({a: None}, {b: None})
    ends = [{a}, {b}]
    while all(ends):
        side = int(len(ends[1]) < len(ends[0]))
        own, other = seen[side], seen[1 - side]
        found = {there: here for here, there in sorted(_steps(session, ends[side]), reverse=True) if there not in own}
        own.update(found)
        if met := sorted(found.keys() & other.keys()):
            return [*_back(seen[0], met[0])[::-1], *_back(seen[1], met[0])[1:]], True
        ends[side] = set(found)
        if len(seen[0]) + len(seen[1]) > MOST_SEEN:
            return None, False
    return None, True


def _steps(session: Session, articles: Iterable[int]) -> set[tuple[int, int]]:
    """Return the copy links of some articles, from them to others."""
    wanted = set(articles)
    pairs = {
        (row.article_a_id, row.article_b_id)
        for portion in portions(sorted(wanted), 2_000)
        for row in session.execute(copy_links(portion).with_only_columns(Link.article_a_id, Link.article_b_id))
    }
    return {step for a, b in pairs for step in ((a, b), (b, a)) if step[0] in wanted}


def _back(seen: Mapping[int, int | None], at: int) -> list[int]:
    """Return the way from an article back to where the search began."""
    way = [at]
    while (before := seen[way[-1]]) is not None:
        way.append(before)
    return way
