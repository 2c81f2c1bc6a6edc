"""What telling a story costs with few and with many copy groups in the window, and how soon after a start one is told.

    python -m benchmarks.stories_speed [--sizes 2000 10000 100000] [--rounds 5] [--databases sqlite] [--folder /tmp]

Everything is made by program (benchmarks/made_texts.py). For each size a store is bulk-loaded: own texts with postings,
evenly over the 28 days around `NOW`, each in a story of its own; their features are those of `POOL` made texts in
turn, so lists of postings grow with the store as they do with news. Then batches of 200 new own texts arrive in each
store in turn, the same ones everywhere; one in four has two fifths of its sentences from a stored text. Fold itself
scores them, takes what hangs together with them and writes the stories. Cost is CPU of this process (and of the
server's that serves it), medians of the rounds after one to warm up. One JSON line ends it.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy import insert, update

from benchmarks import made_texts
from benchmarks.copies_speed import databases
from benchmarks.fold_steps import Meter, backends
from benchmarks.stored_articles import NOW, add_sources
from dedup.candidates import salient
from dedup.features import Features, features_of
from dedup.idf import Idf as Frequencies
from dedup.stories import RULES_VERSION, StoryRules
from pipelines.fold.rules import FoldRules
from pipelines.fold.scoring import made_by
from pipelines.fold.telling import tell_stories
from storage import postings
from storage.engine import Database
from storage.models import Article, CopyGroup, Idf, IdfEpoch, Membership, Posting, Reading, Scored, Story, Version
from storage.models.base import table_of

POOL: Final = 2_000
BATCH: Final = 200
DAYS: Final = 28
CHUNK: Final = 2_000
NEW_TEXTS: Final = 5_000_000  # seeds of what arrives


def load(database: Database, size: int) -> None:
    """Fill an empty database with so many own texts that were told."""
    add_sources(database)
    pool = [features_of(made.title, made.body) for made in map(made_texts.article, range(POOL))]
    idf = Frequencies()
    for start in range(0, size, POOL):
        idf.learn(pool[: min(POOL, size - start)])
    with database.write() as session:
        session.add(Idf(language="en", articles=idf.documents, counts=idf.pack()))
        session.add(
            IdfEpoch(language="en", number=1, made_at=NOW, read=size, articles=idf.documents, counts=idf.pack())
        )
    words = [salient(report, idf, StoryRules().candidates) for report in pool]
    for start in range(0, size, CHUNK):
        _store(database, range(start + 1, min(start + CHUNK, size) + 1), size, pool, words)


def _store(database: Database, ids: range, size: int, pool: list[Features], words: list[Any]) -> None:
    rows: dict[Any, list[dict[str, Any]]] = {}
    for one in ids:
        at = NOW - timedelta(days=DAYS / 2) + timedelta(days=DAYS * one / size)
        told = words[one % POOL]
        terms = dict(zip(postings.terms_of("en", told.terms.tolist()), told.weights.tolist(), strict=True))
        for model, row in _rows(one, at, f"Stored {one}", "Told before.", pool[one % POOL]):
            rows.setdefault(model, []).append(row)
        seconds = int(at.timestamp())
        rows.setdefault(Posting, []).extend(
            {"term": term, "at": seconds, "group_id": one, "weight": round(weight * postings.FULL_WEIGHT)}
            for term, weight in terms.items()
        )
        rows.setdefault(Scored, []).append(
            {"group_id": one, "article_id": one, "reading_id": one, "at": seconds, "language": "en", "epoch": 1}
            | {"terms": np.array(sorted(terms), dtype="<i8").tobytes(), "is_done": True, "sampled_below": 1.0}
            | {"rules": made_by(StoryRules())}
        )
        rows.setdefault(Story, []).append(
            {"id": one, "state": "open", "title": f"Stored {one}", "language": "en", "created_at": NOW, "first_at": at}
            | {"last_at": at, "first_article_id": one, "articles": 1, "outlets": 1, "owners": 1, "copy_groups": 1}
        )
        rows.setdefault(Membership, []).append(
            {"story_id": one, "article_id": one, "reading_id": one, "joined_at": NOW, "basis": "first", "evidence": {}}
            | {"reason": "the only report so far", "rules_version": RULES_VERSION}
        )
    with database.write() as session:
        for model in (CopyGroup, Article, Version, Reading, Story, Membership, Posting, Scored):
            session.connection().execute(insert(table_of(model)), rows[model])


def _rows(
    one: int, at: datetime, title: str, body: str, report: Features | None
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield the rows of an own text that was grouped; with ``report``, of one that was told."""
    told = NOW if report is not None else None
    yield CopyGroup, {"id": one, "created_at": NOW, "learnt_at": told}
    article = {"id": one, "source_id": one % made_texts.OUTLETS + 1, "key": one.to_bytes(32), "kind": "article"}
    article |= {"url": f"https://outlet.example/{one}", "title": title, "authors": [], "first_seen_at": at, "time": at}
    yield Article, article | {"is_timed": True, "published_at": at, "language": "en", "copy_group_id": one}
    yield Version, {"id": one, "article_id": one, "number": 1, "seen_at": NOW, "title": "", "sha256": one.to_bytes(32)}
    reading = {"id": one, "article_id": one, "version_id": one, "number": 1, "is_current": True, "kind": "article"}
    reading |= {"rules_version": 1, "created_at": NOW, "text": body, "words": len(body.split()), "folded_at": told}
    packed = (report or features_of(title, body)).pack()
    yield Reading, reading | {"sha256": one.to_bytes(32), "features": packed, "keyed_at": NOW, "grouped_at": NOW}


def arrive(database: Database, size: int, batch: int) -> None:
    """Let a batch of own texts arrive, grouped and waiting for their stories."""
    rows: dict[Any, list[dict[str, Any]]] = {}
    for number in range(batch * BATCH, (batch + 1) * BATCH):
        made = made_texts.article(NEW_TEXTS + number)
        body = made.body
        if number % 4 == 0:
            other = made_texts.article(number % POOL).body.split(". ")
            body = ". ".join([*other[: len(other) * 2 // 5], *body.split(". ")])
        for model, row in _rows(size + number + 1, NOW, made.title, body, None):
            rows.setdefault(model, []).append(row)
    with database.write() as session:
        for model in (CopyGroup, Article, Version, Reading):
            session.connection().execute(insert(table_of(model)), rows[model])


def measure(kind: str, sizes: list[int], rounds: int, folder: Path) -> dict[str, Any]:
    """Return CPU milliseconds an own text by size, and the seconds until a new process has told one."""
    found: dict[str, Any] = {}
    with databases(kind, folder, [f"of_{size}" for size in sizes]) as opened:
        for size, database in zip(sizes, opened, strict=True):
            load(database, size)
        cost: dict[int, list[float]] = {size: [] for size in sizes}
        for batch in range(rounds + 1):
            for size, database in zip(sizes, opened, strict=True):
                arrive(database, size, batch)
                meter = Meter(backends(database))
                with meter.on("stories"):
                    tell_stories(database, FoldRules(), NOW)
                cost[size].append(meter.costs["stories"].cpu * 1000 / BATCH)
        for size, database in zip(sizes, opened, strict=True):
            with database.write() as session:
                session.execute(update(Reading).where(Reading.id == size + 1).values(folded_at=None))
            again = Database.open(str(database.engine.url.render_as_string(hide_password=False)))
            began = time.monotonic()
            tell_stories(again, FoldRules(), NOW)
            found[f"ms_{size}"] = statistics.median(cost[size][1:])
            found[f"spread_{size}"] = [round(min(cost[size][1:]), 1), round(max(cost[size][1:]), 1)]
            found[f"ready_seconds_{size}"] = time.monotonic() - began
            again.close()
    found["ratio"] = found[f"ms_{sizes[-1]}"] / found[f"ms_{sizes[-2]}"] if len(sizes) > 1 else 1.0
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[2_000, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--databases", nargs="+", choices=["sqlite", "postgresql"], default=["sqlite"])
    parser.add_argument("--folder", type=Path, default=Path("/tmp"))  # noqa: S108  # a folder for a private folder
    arguments = parser.parse_args()
    results = {kind: measure(kind, arguments.sizes, arguments.rounds, arguments.folder) for kind in arguments.databases}
    sys.stdout.write(json.dumps({"benchmark": "stories_speed", **results}) + "\n")


if __name__ == "__main__":
    main()
