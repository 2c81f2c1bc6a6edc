"""The table of keys: which readings hold a hash, in buckets of eight days that are dropped and filled again as one.

Bucket, hash, reading: what arrives together lies together, so that a day's inserts touch few pages however much is
stored, a look-up asks the handful of buckets that its window reaches, and forgetting a bucket is a run of neighbours.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, insert, select, tuple_, update
from sqlalchemy.orm import Session

from storage.engine import for_each, insert_missing, portions
from storage.models import Key, KeyBucket
from storage.models.base import table_of

BUCKET_DAYS: Final = 8  # a window of 30 days reaches nine of them; a day's rows would be 61 look-ups for each key
UNTIMED: Final = -1  # the day, and the bucket, of articles without a time
EVICTED_AT_ONCE: Final = 50_000  # rows: a second's transaction, so that whoever writes beside waits no longer

_KEY = table_of(Key)
_NEW: Final = insert(_KEY)
_HOLDERS: Final = (
    "SELECT reading_id AS found FROM key WHERE bucket = :bucket AND hash = wanted.value ORDER BY reading_id LIMIT :most"
)
_DROP: Final = delete(_KEY).where(
    _KEY.c.bucket == bindparam("at"), _KEY.c.hash == bindparam("key"), _KEY.c.reading_id == bindparam("reading")
)


def bucket_of(day: int) -> int:
    """Return the bucket of a day (days since 1970-01-01, or `UNTIMED`)."""
    return UNTIMED if day == UNTIMED else day // BUCKET_DAYS


def reached(day: int, window_days: int, known: Collection[int]) -> list[int]:
    """Return which of the ``known`` buckets may hold articles of a window around a day, the untimed ones included."""
    if day == UNTIMED:
        return sorted(known)
    low, high = (day - window_days) // BUCKET_DAYS, (day + window_days) // BUCKET_DAYS
    return sorted(bucket for bucket in known if bucket == UNTIMED or low <= bucket <= high)


def put(session: Session, rows: Sequence[Mapping[str, int]], now: datetime) -> None:
    """Insert keys (bucket, hash, reading_id) that are not there; their buckets count as touched."""
    if rows:
        session.connection().execute(_NEW, sorted(rows, key=lambda row: (row["bucket"], row["hash"])))
    touch(session, {row["bucket"] for row in rows}, now)


def touch(session: Session, buckets: Iterable[int], now: datetime) -> None:
    """Note that buckets are in use, so that they stay."""
    ids = sorted(set(buckets))
    rows = [{"bucket": bucket, "touched_at": now} for bucket in ids]
    insert_missing(session, KeyBucket, rows)
    if ids:
        session.execute(update(KeyBucket).where(KeyBucket.bucket.in_(ids)).values(touched_at=now))


def take(session: Session, keys: Iterable[tuple[int, int, int]]) -> None:
    """Delete keys, each (bucket, hash, reading)."""
    rows = [{"at": bucket, "key": hash_, "reading": reading} for bucket, hash_, reading in keys]
    if rows:
        session.connection().execute(_DROP, rows)


def holders(session: Session, bucket: int, hashes: Iterable[int], most: int) -> Iterator[tuple[int, list[int]]]:
    """Yield each of ``hashes`` that readings of a bucket have, with the first ``most`` of these."""
    return for_each(session, _HOLDERS, sorted(hashes), bucket=bucket, most=most)


def known_buckets(session: Session) -> dict[int, bool]:
    """Return all buckets, and whether each is evicted."""
    return {
        row.bucket: row.evicted_at is not None
        for row in session.execute(select(KeyBucket.bucket, KeyBucket.evicted_at))
    }


def idle(session: Session, before_day: int, untouched_since: datetime) -> list[int]:
    """Return the buckets that end before a day and were not in use since then: nobody misses their rows."""
    return list(
        session.scalars(
            select(KeyBucket.bucket).where(
                KeyBucket.evicted_at.is_(None),
                KeyBucket.bucket != UNTIMED,
                (KeyBucket.bucket + 1) * BUCKET_DAYS <= before_day,
                KeyBucket.touched_at < untouched_since,
            )
        )
    )


def evict_some(session: Session, bucket: int, now: datetime) -> bool:
    """Delete a portion of a bucket's rows, and note it once none is left; return whether rows may be left."""
    few = select(Key.bucket, Key.hash, Key.reading_id).where(Key.bucket == bucket).limit(EVICTED_AT_ONCE)
    if session.execute(few.limit(1)).first() is None:
        session.execute(update(KeyBucket).where(KeyBucket.bucket == bucket).values(evicted_at=now))
        return False
    session.execute(delete(Key).where(tuple_(Key.bucket, Key.hash, Key.reading_id).in_(few)))
    return True


def restored(session: Session, bucket: int, rows: Iterable[Mapping[str, int]], now: datetime) -> None:
    """Fill an evicted bucket again."""
    for portion in portions(rows, EVICTED_AT_ONCE):
        insert_missing(session, Key, portion)
    session.execute(update(KeyBucket).where(KeyBucket.bucket == bucket).values(evicted_at=None, touched_at=now))
