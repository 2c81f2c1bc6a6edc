"""The fold process: under its lock, take what waits until nothing does."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from pipelines.fold.copying import Copying
from pipelines.fold.keeping import evict, freeze, wait_again
from pipelines.fold.keying import key_batch
from pipelines.fold.origins import tell_missing
from pipelines.fold.rules import FoldRules
from pipelines.fold.telling import tell_stories
from pipelines.relabelling import relabel_waiting
from pipelines.watching import match_batch
from storage.engine import Database
from storage.lease import exclusive

logger = logging.getLogger(__name__)

LOCK: Final = "fold"
STORIES_EVERY_SECONDS: Final = 60.0
STORIES_SHARE: Final = 0.1  # of the time of a fold that follows a crawl, at most, goes into telling stories

Progress = Callable[[str, int], None]  # (step, readings done in it now)


def fold(database: Database, rules: FoldRules, progress: Progress = lambda step, done: None) -> int:
    """Fold every reading that waits; return how many got their story. Raises AlreadyRunning beside another fold."""
    with exclusive(database, LOCK):
        now = datetime.now(UTC)
        relabel_waiting(database, now)
        wait_again(database, now)
        told = drain(database, rules, progress)
        evict(database, rules, datetime.now(UTC))
        freeze(database, rules, datetime.now(UTC))
        return told


def drain(database: Database, rules: FoldRules, progress: Progress = lambda step, done: None) -> int:
    """Fold every reading that waits; the caller holds the lock.

    Keys first, all of them; then links and groups, batch by batch; then the stories around everything that is new in
    one computation; then the watches. A kill between any two commits leaves work that waits, and nothing else.
    """
    group(database, rules, progress)
    told = 0
    while done := tell_stories(database, rules, datetime.now(UTC)):
        progress("stories", done)
        told += done
    tell_missing(database)
    while match_batch(database, datetime.now(UTC)):
        pass  # last, because a new watch has every stored article to read
    if told:
        logger.info("folded %d readings", told)
    return told


def group(database: Database, rules: FoldRules, progress: Progress = lambda step, done: None) -> None:
    """Take every reading that waits as far as its copy group."""
    while keyed := key_batch(database, rules.batch, datetime.now(UTC)):
        progress("keys", keyed)
    copying = Copying(database, rules)
    while grouped := copying.batch(datetime.now(UTC)):
        progress("copies", grouped)


def follow(database: Database, rules: FoldRules, is_over: Callable[[], bool]) -> None:
    """Fold beside a crawl until ``is_over`` (which waits a little each time), then fold the rest.

    Copies are grouped as they arrive. Stories are a computation over the whole window, so they are told at intervals
    that keep it to a small share of the time. What sites' memories have learnt meanwhile reaches older articles last.
    """
    due = time.monotonic() + STORIES_EVERY_SECONDS
    while not is_over():
        group(database, rules)
        if (began := time.monotonic()) >= due:
            drain(database, rules)
            took = time.monotonic() - began
            due = began + max(STORIES_EVERY_SECONDS, took / STORIES_SHARE)
    now = datetime.now(UTC)
    relabel_waiting(database, now)
    wait_again(database, now)
    drain(database, rules)
    evict(database, rules, now)
    freeze(database, rules, now)
