"""Articles for tests of fold: made texts, put into a database as the pipeline would."""

import hashlib
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from pipelines.reading import Article as Said
from pipelines.reading import Block
from pipelines.stated_sources import stated_sources
from pipelines.versions import Origin, add_version
from storage.engine import Database
from storage.models import Article, Source

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SYLLABLES = [
    "ba",
    "be",
    "bi",
    "bo",
    "bu",
    "da",
    "de",
    "di",
    "do",
    "du",
    "ka",
    "ke",
    "ki",
    "ko",
    "ku",
    "la",
    "le",
    "li",
    "lo",
    "lu",
    "ma",
    "me",
    "mi",
    "mo",
    "mu",
    "na",
    "ne",
    "ni",
    "no",
    "nu",
    "ra",
    "re",
    "ri",
    "ro",
    "ru",
]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One article that arrives."""

    name: str
    body: str
    title: str = "A made report"
    hours: float = 0.0  # after noon
    source: str = "Example"
    kind: str = "article"
    language: str = "en"
    agency: str | None = None
    credits: tuple[str, ...] = ()


def made_text(seed: int, words: int = 200, vocabulary: int = 4_000) -> str:
    """A text of made words, the same for the same seed; two seeds share single words and no runs of them."""
    pick = random.Random(seed)
    spelt = [
        "".join(SYLLABLES[(number // len(SYLLABLES) ** place) % len(SYLLABLES)] for place in range(3))
        for number in (pick.randrange(vocabulary) for _ in range(words))
    ]
    return ". ".join(" ".join(spelt[at : at + 12]) for at in range(0, words, 12)) + "."


def arrive(database: Database, *arrivals: Arrival) -> dict[str, int]:
    """Save articles, or new texts of them; return their ids by name."""
    ids = {}
    with database.write() as session:
        for arrival in arrivals:
            source = session.scalar(select(Source).where(Source.name == arrival.source))
            if source is None:
                source = Source(name=arrival.source, url="https://example.com", allow_private=False, created_at=NOON)
                session.add(source)
                session.flush()
            key = hashlib.sha256(arrival.name.encode()).digest()
            article = session.scalar(select(Article).where(Article.key == key))
            if article is None:
                at = NOON + timedelta(hours=arrival.hours)
                article = Article(source_id=source.id, key=key, url=arrival.name, authors=[], first_seen_at=at, time=at)
                session.add(article)
            article.kind, article.title, article.language = arrival.kind, arrival.title, arrival.language
            session.flush()
            blocks = tuple(Block(part) for part in arrival.body.split("\n"))
            article.agency, article.credits = arrival.agency, list(arrival.credits)
            named = stated_sources(blocks, arrival.language)
            said = Said(
                arrival.kind, arrival.title, blocks, language=arrival.language, reader="test", stated_sources=named
            )
            add_version(session, article.id, said, Origin(NOON), NOON)
            ids[arrival.name] = article.id
    return ids
