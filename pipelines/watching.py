"""Which articles match which watch: every new reading is compared with every watch, in batches that a kill cannot tear.

A new watch, or one whose query changed, is filled from the stored articles by the same batches that keep it up to date:
those that are furthest behind go on until they have caught up with the others.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from foundation.query import Queries, Text, parse
from storage import watches
from storage.engine import Database
from storage.watches import Match, Standing

BATCH: Final = 200  # readings in one transaction, as in fold's other steps


def match_batch(database: Database, now: datetime, limit: int = BATCH) -> int:
    """Compare up to ``limit`` readings with the watches that have seen the fewest; return how many, 0 when done."""
    with database.read() as session:
        standing, newest = watches.standing(session), watches.newest_reading(session)
    after = min((watch.read_upto for watch in standing), default=newest)
    if newest <= after:
        return 0
    with database.write() as session:
        newest = watches.settled_reading(session)
    behind = tuple(watch for watch in standing if watch.read_upto == after)
    upto = min((watch.read_upto for watch in standing if watch.read_upto > after), default=newest)
    with database.read() as session:
        texts = watches.texts(session, after=after, upto=upto, limit=limit)
    matches = _matches(behind, texts)
    reached = texts[-1].reading_id if len(texts) == limit else upto
    with database.write() as session:
        watches.keep(session, behind, [text.article_id for text in texts], matches, upto=reached, now=now)
    return max(1, len(texts))


def _matches(behind: Sequence[Standing], texts: Sequence[watches.Text]) -> list[Match]:
    queries = _queries(tuple((watch.id, watch.query) for watch in behind))
    return [
        Match(watch_id, text.article_id, text.reading_id)
        for text in texts
        for watch_id in queries.matching(Text(text.title, text.body))
    ]


@lru_cache(maxsize=2)
def _queries(watches: tuple[tuple[int, str], ...]) -> Queries[int]:
    """Return the queries by their watches' ids, parsed and indexed once for as long as they stay as they are."""
    return Queries({watch_id: parse(query) for watch_id, query in watches})
