"""What a thousand watches cost for each article: asking them alone, and the whole batch on a SQLite file.

    python -m benchmarks.watches --data FOLDER [--watches 1000]

FOLDER holds truth.jsonl.gz (title, text), as for benchmarks.extraction. The queries are made of the texts' own words,
those that few texts have: single words, phrases of two, choices of three, words with one that must not occur,
beginnings. Prints one JSON line.
"""

import argparse
import gzip
import json
import random
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from foundation.config_sections import WatchSettings
from foundation.query import Queries, Text, folded, parse
from pipelines.reading import Article as Said
from pipelines.reading import Block
from pipelines.versions import Origin, add_version
from pipelines.watching import match_batch
from storage import watches
from storage.engine import Database
from storage.migrate import upgrade
from storage.models import Article, Source

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ARTICLES = 2_000
FEW = 0.02  # of the texts: nobody watches for words that are everywhere


def texts(folder: Path) -> list[tuple[str, str]]:
    with gzip.open(folder / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        told = [(truth.get("title") or "", truth["text"]) for truth in map(json.loads, lines)]
    return [told[number % len(told)] for number in range(ARTICLES)]


def made_queries(told: list[tuple[str, str]], count: int) -> list[str]:
    pick = random.Random(7)
    often = Counter(word for one in told for word in set(folded(" ".join(one))))
    found: list[str] = []
    while len(found) < count:
        words = folded(" ".join(pick.choice(told)))
        rare = [at for at, word in enumerate(words[:-1]) if often[word] < FEW * len(told)]
        if len(rare) > 3:
            at = pick.choice(rare)
            some = [f'"{words[at]}"' for at in pick.sample(rare, 3)]
            made = (some[0], f'"{words[at]} {words[at + 1]}"', " OR ".join(some), f"{some[0]} NOT {some[1]}")
            found.append(pick.choice([*made, f'"{words[at][:6]}*"']))
    return found


def fill(database: Database, told: list[tuple[str, str]]) -> None:
    with database.write() as session:
        session.add(Source(id=1, name="Example", url="https://example.com", created_at=NOW))
        for number, (title, body) in enumerate(told):
            key = number.to_bytes(32)
            article = Article(source_id=1, key=key, url=str(number), authors=[], first_seen_at=NOW, time=NOW)
            article.kind, article.title = "article", title
            session.add(article)
            session.flush()
            add_version(session, article.id, Said("article", title, (Block(body),)), Origin(NOW), NOW)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--watches", type=int, default=1_000)
    arguments = parser.parse_args()
    told = texts(arguments.data)
    spelled = made_queries(told, arguments.watches)
    start = time.process_time()
    queries = Queries(dict(enumerate(map(parse, spelled))))
    parsed = time.process_time()
    matches = sum(len(queries.matching(Text(title, body))) for title, body in told)
    asked = time.process_time()
    with tempfile.TemporaryDirectory() as folder, Database.open(f"sqlite:///{folder}/watches.db") as database:
        upgrade(database)
        fill(database, told)
        settings = [WatchSettings(name=f"w{number}", query=query) for number, query in enumerate(spelled)]
        with database.write() as session:
            watches.sync(session, settings, now=NOW)
        began = time.perf_counter()
        batches = 0
        while match_batch(database, NOW):
            batches += 1
        took = time.perf_counter() - began
    figures = {
        "watches": len(spelled),
        "articles": len(told),
        "words": round(sum(len(folded(body)) for _, body in told) / len(told)),
        "matches": matches,
        "parse_ms": round((parsed - start) * 1000, 1),
        "ask_ms_per_article": round((asked - parsed) * 1000 / len(told), 3),
        "batch_ms_per_article": round(took * 1000 / len(told), 3),
        "seconds_per_batch": round(took / batches, 2),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
