"""Bad input, each of it in a database of its own: what it takes to fold, how many links and groups come of it.

Every text arrives twice, so that there is something to compare; a crowd is ten thousand articles that arrive at once.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import text

from benchmarks import made_texts
from benchmarks.made_texts import Made
from benchmarks.stored_articles import add, add_sources
from pipelines.fold.process import group
from pipelines.fold.rules import FoldRules
from storage.engine import Database

CROWD: Final = 10_000
CROWD_SENTENCES: Final = 16  # some 300 words


def _twice(body: str) -> Callable[[], Iterator[Made]]:
    return lambda: (Made(f"Report {number}", body, number) for number in range(2))


def _million_words() -> Iterator[Made]:
    return _twice(" ".join(made_texts.sentences(1, 55_000)))()


def _same_text() -> Iterator[Made]:
    body = " ".join(made_texts.sentences(2, CROWD_SENTENCES))
    return (Made("The wire's report of the day", body, number % made_texts.OUTLETS) for number in range(CROWD))


def _nearly_same_text() -> Iterator[Made]:
    body = made_texts.sentences(3, CROWD_SENTENCES)
    for number in range(CROWD):
        own = made_texts.sentences(5_000_000_000 + number, 1)[0]
        place = number % (CROWD_SENTENCES + 1)
        yield Made(
            "The wire's report of the day", " ".join([*body[:place], own, *body[place:]]), number % made_texts.OUTLETS
        )


def _all_furniture() -> Iterator[Made]:
    """Nothing but the lines of outlets, two hundred each: their words are their own, the articles are not."""
    return (
        Made("Subscribe", "\n\n".join([made_texts.house_line(number % 5)] * 3), number % 5) for number in range(1_000)
    )


INPUTS: Final[tuple[tuple[str, Callable[[], Iterator[Made]]], ...]] = (
    ("empty_text", _twice("")),
    ("one_word", _twice("Unavailable")),
    ("million_words", _million_words),
    ("one_line_repeated", _twice("The council said no.\n" * 50_000)),
    ("no_spaces", _twice("x" * 1_000_000)),
    ("no_spaces_thai", _twice("กขคงจฉชซ" * 50_000)),
    ("all_furniture", _all_furniture),
    ("same_text_10000", _same_text),
    ("nearly_same_10000", _nearly_same_text),
)


def run(kind: str, name: str, database: Database) -> dict[str, Any]:
    """Fold one kind of bad input as far as groups; return what it took and what came of it."""
    made = list(dict(INPUTS)[name]())
    add_sources(database)
    add(database, 1, made, datetime.now(UTC))
    wall, cpu = time.perf_counter(), time.process_time()
    group(database, FoldRules())
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    with database.read() as session:
        count = {
            "rows of links": session.execute(text("SELECT count(*) FROM link")).scalar_one(),
            "copies": session.execute(text("SELECT count(*) FROM link WHERE kind = 'copy'")).scalar_one(),
            "groups": session.execute(text("SELECT count(DISTINCT copy_group_id) FROM article")).scalar_one(),
            "rows of keys": session.execute(text("SELECT count(*) FROM key")).scalar_one(),
        }
    return {"database": kind, "input": name, "articles": len(made), "seconds": wall, "cpu here": cpu, **count}
