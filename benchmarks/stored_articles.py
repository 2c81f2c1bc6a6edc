"""A database that already holds many articles, loaded in bulk: what look-ups meet after months, within minutes.

Made by program, all of it; the articles' times are spread evenly over the window of 30 days before `NOW`.

- `WRITTEN` of them (every second of 10,000, every two hundredth of a million) have a made text
  (benchmarks/made_texts.py) and the keys of that text: these are what new articles copy.
- All others have a sentence for their text and 115 random keys, as many and of the kinds that real articles have; one
  in ten of these has the sample keys of its outlet's house line instead of random ones, as the made texts do.
- All are read, keyed, grouped (each alone) and folded; none has links, labels, blocks, features or a story.

Key rows go in sorted, so their pages are fuller than arriving articles would leave them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import repeat
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text as sql

from benchmarks import made_texts
from benchmarks.made_texts import Made
from dedup.keys import ALGORITHM, KeyKind, Keys, keys_of
from storage.engine import Database
from storage.keys import bucket_of
from storage.types import iso

NOW: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
TODAY: Final = int(NOW.timestamp()) // 86_400
WINDOW_DAYS: Final = 30
WRITTEN: Final = 5_000
# Of a real article of 740 words, on average (benchmarks/copies.py): bands, samples, digest, headline, quotations.
KINDS: Final = (
    [KeyKind.BAND] * 42 + [KeyKind.SAMPLE] * 46 + [KeyKind.DIGEST] + [KeyKind.HEADLINE] + [KeyKind.QUOTE] * 25
)
CHUNK: Final = 10_000

Matrix = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stored:
    """How many articles a database holds; their ids are 1 to ``size``."""

    size: int

    @property
    def spacing(self) -> int:
        """Of so many articles one is written out."""
        return max(1, self.size // WRITTEN)

    def day(self, article: int) -> int:
        """Return the day of an article: the later its id, the later."""
        return TODAY - WINDOW_DAYS + 1 + (article - 1) * WINDOW_DAYS // self.size

    def number(self, article: int) -> int | None:
        """Return the number of the made text of an article; None where it has none."""
        return (article - 1) // self.spacing if (article - 1) % self.spacing == 0 else None


@cache
def written() -> list[tuple[Made, Keys]]:
    """Return the articles that have a text, with their keys."""
    made = [made_texts.article(number) for number in range(WRITTEN)]
    return list(zip(made, keys_of([one.body for one in made], [one.title for one in made]), strict=True))


@lru_cache(maxsize=2)
def random_keys(chunk: int) -> Matrix:
    """Return the keys of the articles of a chunk that have no text, a row each."""
    found = np.random.default_rng([7, chunk]).integers(-(2**60), 2**60, (CHUNK, len(KINDS)), dtype=np.int64) << 3
    found |= np.array([int(kind) for kind in KINDS])
    for row in range(CHUNK):
        number = chunk * CHUNK + row
        if made_texts.has_house_line(number):
            furniture = house_keys(number % made_texts.OUTLETS)
            found[row, 42 : 42 + len(furniture)] = furniture
    return found


@cache
def house_keys(outlet: int) -> Matrix:
    """Return the sample keys of an outlet's line."""
    return keys_of([made_texts.house_line(outlet)])[0].of(KeyKind.SAMPLE)


def keys_at(stored: Stored, article: int) -> Matrix:
    """Return the keys of a stored article."""
    number = stored.number(article)
    if number is not None and number < WRITTEN:
        return written()[number][1].all
    keys: Matrix = random_keys((article - 1) // CHUNK)[(article - 1) % CHUNK]
    return keys


def load(database: Database, stored: Stored) -> None:
    """Fill an empty database of today's tables."""
    put = _copy if database.dialect == "postgresql" else _executemany
    at = iso(NOW)
    put(database, "source", SOURCE, _sources(at))
    ids = range(1, stored.size + 1)
    put(database, "copy_group", ("id", "created_at", "learnt_at"), ((one, at, at) for one in ids))
    put(database, "article", ARTICLE, (article_row(one, *_said(stored, one)) for one in ids))
    put(database, "version", VERSION, (version_row(one) for one in ids))
    put(database, "reading", READING, (_reading(stored, one) for one in ids))
    _load_keys(database, stored, put)
    _number_on(database, stored.size)


SOURCE: Final = ("id", "name", "url", "created_at", "allow_private", "is_enabled")
ARTICLE: Final = (
    *("id", "source_id", "key", "url", "kind", "title", "authors", "first_seen_at", "time", "is_timed"),
    "published_at",
    *("text_key", "copy_group_id"),
)
VERSION: Final = ("id", "article_id", "number", "seen_at", "title", "sha256")
READING: Final = (
    *("id", "article_id", "version_id", "number", "is_current", "kind", "rules_version", "created_at", "text", "words"),
    *("sha256", "keys", "algorithm", "bucket", "keyed_at", "grouped_at", "folded_at"),
)


def article_row(
    one: int, title: str, outlet: int, at: datetime, text_key: int | None, group: int | None
) -> tuple[Any, ...]:
    """Return the row of an article."""
    seen = iso(at)
    return (
        *(one, outlet + 1, one.to_bytes(32), f"https://outlet{outlet}.example/{one}", "article", title, "[]"),
        *(seen, seen, True, seen, text_key, group),
    )


def version_row(one: int) -> tuple[Any, ...]:
    """Return the row of its version."""
    return one, one, 1, iso(NOW), "", one.to_bytes(32)


def new_reading(one: int, text: str) -> tuple[Any, ...]:
    """Return the row of a reading that waits for fold."""
    return (
        *(one, one, one, 1, True, "article", 1, iso(NOW), text, len(text.split()), one.to_bytes(32)),
        *(None, None, None, None, None, None),
    )


def add(database: Database, first: int, made: Sequence[Made], at: datetime = NOW) -> None:
    """Let articles arrive, with ids from ``first`` on: read, and waiting for fold."""
    put = _copy if database.dialect == "postgresql" else _executemany
    rows = list(enumerate(made, first))
    put(database, "article", ARTICLE, (article_row(n, one.title, one.outlet, at, None, None) for n, one in rows))
    put(database, "version", VERSION, (version_row(n) for n, _ in rows))
    put(database, "reading", READING, (new_reading(n, one.body) for n, one in rows))


def add_sources(database: Database) -> None:
    """Put in the outlets alone, of a database that holds nothing else."""
    put = _copy if database.dialect == "postgresql" else _executemany
    put(database, "source", SOURCE, _sources(iso(NOW)))


def _sources(at: str) -> Iterator[tuple[Any, ...]]:
    return ((n + 1, f"Outlet {n}", f"https://outlet{n}.example", at, False, True) for n in range(made_texts.OUTLETS))


def _said(stored: Stored, one: int) -> tuple[str, int, datetime, int, int]:
    number, at = stored.number(one), datetime.fromtimestamp(stored.day(one) * 86_400 + 43_200, UTC)
    if number is None or number >= WRITTEN:
        return f"Stored report {one}", (one - 1) % made_texts.OUTLETS, at, int(keys_at(stored, one)[88]), one
    made, keys = written()[number]
    return made.title, made.outlet, at, keys.digest or 0, one


def _reading(stored: Stored, one: int) -> tuple[Any, ...]:
    number, at = stored.number(one), iso(NOW)
    text = written()[number][0].body if number is not None and number < WRITTEN else f"Stored report {one} is short."
    return (
        *(one, one, one, 1, True, "article", 1, at, text, 700, one.to_bytes(32)),
        *(keys_at(stored, one).astype("<i8").tobytes(), ALGORITHM, bucket_of(stored.day(one)), at, at, at),
    )


def _load_keys(database: Database, stored: Stored, put: "Put") -> None:
    buckets: dict[int, list[int]] = {}
    for one in range(1, stored.size + 1):
        buckets.setdefault(bucket_of(stored.day(one)), []).append(one)
    if database.dialect == "postgresql":
        with database.write() as session:
            session.execute(sql("ALTER TABLE key DROP CONSTRAINT pk_key"))
    for bucket, articles in buckets.items():
        for hashes, readings in _sorted_keys(stored, articles):
            if database.dialect == "postgresql":
                _copy_keys(database, bucket, hashes, readings)
            else:
                rows = zip(repeat(bucket), hashes.tolist(), readings.tolist())
                put(database, "key", ("bucket", "hash", "reading_id"), rows)
    put(database, "key_bucket", ("bucket", "touched_at"), ((bucket, iso(NOW)) for bucket in buckets))
    if database.dialect == "postgresql":
        with database.write() as session:
            session.execute(sql("SET LOCAL maintenance_work_mem = '1GB'"))
            session.execute(sql("ALTER TABLE key ADD CONSTRAINT pk_key PRIMARY KEY (bucket, hash, reading_id)"))


def _sorted_keys(stored: Stored, articles: Sequence[int]) -> Iterator[tuple[Matrix, Matrix]]:
    """Yield hashes and the readings that hold them, by portions of a million rows."""
    held = [keys_at(stored, one) for one in articles]
    hashes = np.concatenate(held)
    readings = np.repeat(np.array(articles), [len(keys) for keys in held])
    order = np.lexsort((readings, hashes))
    for start in range(0, len(order), 1_000_000):
        part = order[start : start + 1_000_000]
        yield hashes[part], readings[part]


# --- Into the database ------------------------------------------------------------------------------------------------

Put = Callable[[Database, str, Sequence[str], Iterable[tuple[Any, ...]]], None]


def _executemany(database: Database, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" * len(columns))
    connection = database.engine.raw_connection()
    try:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608
        connection.execute("COMMIT")
        connection.execute("PRAGMA foreign_keys = ON")
    finally:
        connection.close()


def _copy(database: Database, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    connection = database.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("SET session_replication_role = replica")  # no foreign keys
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copied:
            for row in rows:
                copied.write_row(row)
        cursor.execute("SET session_replication_role = DEFAULT")
        connection.commit()
    finally:
        connection.close()


def _copy_keys(database: Database, bucket: int, hashes: Matrix, readings: Matrix) -> None:
    """Copy keys in PostgreSQL's binary format: before each row its number of fields, before each field its length."""
    field = np.dtype([("length", ">i4"), ("value", ">i8")])
    rows = np.zeros(len(hashes), dtype=[("fields", ">i2"), ("bucket", field), ("hash", field), ("reading", field)])
    rows["fields"] = 3
    for name, values in (("bucket", bucket), ("hash", hashes), ("reading", readings)):
        rows[name]["length"], rows[name]["value"] = 8, values
    connection = database.engine.raw_connection()
    try:
        with connection.cursor().copy("COPY key (bucket, hash, reading_id) FROM STDIN (FORMAT binary)") as copied:
            copied.write(b"PGCOPY\n\xff\r\n\x00" + bytes(8) + rows.tobytes() + b"\xff\xff")
        connection.commit()
    finally:
        connection.close()


def _number_on(database: Database, last: int) -> None:
    """Let the database give out ids after those that were put in, and know how many rows it holds."""
    if database.dialect == "sqlite":
        return
    with database.write() as session:
        for table in ("source", "copy_group", "article", "version", "reading"):
            session.execute(sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last + 1})"))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sql("VACUUM ANALYZE"))
