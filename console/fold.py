"""``storyfold fold``: fold a file of articles with the code of the live pipeline; write who stands where and why."""

import gzip
import hashlib
import json
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final

import typer

from console.output import line_writer, progress
from foundation.errors import UsageError
from storage.raw import storable

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from storage.engine import Database

BATCH: Final = 500
TEXT_FIELDS: Final = ("source", "url", "lang", "title", "body")


@dataclass(frozen=True, slots=True)
class Line:
    """One article of the input file."""

    id: str | int
    time: datetime | None
    source: str
    url: str
    lang: str
    title: str
    body: str


def fold(
    articles: Annotated[
        Path,
        typer.Argument(
            help="JSON lines of {id, time, source, url, lang, title, body}; .gz is read too; - is standard input."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="One line per article: {id, copy_group, story, basis, score, …}; - is standard output.")
    ],
    links: Annotated[Path | None, typer.Option(help="One line per verified link: {a, b, kind, jaccard, …}.")] = None,
    database: Annotated[
        str | None, typer.Option(help="Fold into this database and keep it, instead of a temporary one.")
    ] = None,
) -> None:
    """Fold a file of articles into copy groups and stories.

    `id` is the identity: a repeated one is refused with its line number. A time without a zone is UTC; an empty one
    means that time plays no part. The same file folded twice into one database changes nothing.
    """
    from pipelines.fold.process import fold as fold_pending
    from pipelines.fold.rules import FoldRules

    lines = list(read_lines(articles))
    with ExitStack() as stack:
        write_place = stack.enter_context(line_writer(out))
        write_link = stack.enter_context(line_writer(links)) if links is not None else None
        opened = stack.enter_context(_opened(database))
        ids = _insert(opened, lines)
        with progress("folding", total=3 * len(lines)) as advance:
            fold_pending(opened, FoldRules(), lambda _, done: advance(done))
        with opened.read() as session:
            _write(write_place, _places(session, ids))
            if write_link is not None:
                _write(write_link, _links(session, ids))


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the articles of a file. Raises UsageError with file and line for what is not one."""
    seen: dict[str | int, int] = {}
    with _open_text(path) as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            where = f"{path}:{number}"
            line = _parse(text, where)
            if line.id in seen:
                raise UsageError(f"{where}: id {line.id!r} is on line {seen[line.id]} already")
            seen[line.id] = number
            yield line


def _parse(text: str, where: str) -> Line:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where}: not JSON: {error}") from error
    if not isinstance(data, dict) or "id" not in data:
        raise UsageError(f"{where}: an article is an object with an `id`")
    texts = {}
    for field in TEXT_FIELDS:
        value = data.get(field)
        if value is not None and not isinstance(value, str):
            raise UsageError(f"{where}: {field}: expected a text, found {type(value).__name__}")
        texts[field] = storable(value or "")
    id_ = data["id"]
    if not isinstance(id_, str | int) or isinstance(id_, bool):
        raise UsageError(f"{where}: id: expected a text or a whole number, found {id_!r:.80}")
    if isinstance(id_, str) and storable(id_) != id_:
        raise UsageError(f"{where}: id: holds what no database stores: {id_!r:.80}")
    return Line(id=id_, time=_time(data.get("time"), where), **texts)


def _time(value: Any, where: str) -> datetime | None:
    if value in (None, ""):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError(f"{where}: time: expected ISO 8601, found {value!r:.80}") from error


@contextmanager
def _open_text(path: Path) -> Iterator[IO[str]]:
    if str(path) == "-":
        yield sys.stdin
        return
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8-sig") as file
        ):
            yield file
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, EOFError, zlib.error) as error:
        raise UsageError(f"{path}: {error}") from error


@contextmanager
def _opened(url: str | None) -> "Iterator[Database]":
    from storage.engine import Database
    from storage.migrate import upgrade

    with ExitStack() as stack:
        if url is None:
            url = f"sqlite:///{stack.enter_context(tempfile.TemporaryDirectory(prefix='storyfold-'))}/fold.db"
        database = stack.enter_context(Database.open(url))
        upgrade(database)
        yield database


def _insert(database: "Database", lines: list[Line]) -> dict[int, str | int]:
    """Insert the articles; return their ids in the database with those in the file."""
    ids: dict[int, str | int] = {}
    for start in range(0, len(lines), BATCH):
        with database.write() as session:
            sources = _sources(session, {line.source for line in lines[start : start + BATCH]})
            for line in lines[start : start + BATCH]:
                ids[_article(session, line, sources[line.source])] = line.id
    return ids


def _sources(session: "Session", names: set[str]) -> dict[str, int]:
    from sqlalchemy import select

    from storage.engine import insert_missing
    from storage.models import Source

    now = datetime.now(UTC)
    rows = [
        {"name": name, "url": "", "allow_private": False, "is_enabled": False, "created_at": now}
        for name in sorted(names)
    ]
    insert_missing(session, Source, rows)
    found = session.execute(select(Source.name, Source.id).where(Source.name.in_(names)))
    return {row.name: row.id for row in found}


def _article(session: "Session", line: Line, source_id: int) -> int:
    from sqlalchemy import select

    from pipelines.reading import Article as Said
    from pipelines.reading import Block
    from pipelines.versions import Origin, add_version
    from storage.models import Article

    now = datetime.now(UTC)
    key = hashlib.sha256(f"id:{line.id!r}".encode()).digest()
    blocks = tuple(Block(text) for text in line.body.split("\n") if text.strip())
    said = Said(kind="article", title=line.title, blocks=blocks, language=line.lang or None, reader="file")
    article = session.scalar(select(Article).where(Article.key == key))
    if article is None:
        article = Article(source_id=source_id, key=key, first_seen_at=now, authors=[])
        session.add(article)
    article.url, article.kind, article.title, article.language = line.url, said.kind, line.title, said.language
    article.published_at, article.published_from = line.time, "file" if line.time else None
    article.time, article.is_timed = line.time or article.first_seen_at, line.time is not None
    session.flush()
    add_version(session, article.id, said, Origin(now), now)
    return article.id


def _places(session: "Session", ids: dict[int, str | int]) -> Iterator[dict[str, Any]]:
    from sqlalchemy import select

    from storage.engine import portions
    from storage.models import Article, Membership

    for portion in portions(ids):
        rows = session.execute(
            select(Article.id, Article.copy_group_id, Membership)
            .join(Membership, Membership.article_id == Article.id)
            .where(Article.id.in_(portion), Membership.left_at.is_(None))
        )
        found = {row[0]: row for row in rows}
        for article_id in portion:
            _, group, membership = found[article_id]
            via = ids.get(membership.via_article_id or 0)
            reason = membership.reason.replace(f"article {membership.via_article_id}", f"article {via}")
            evidence = membership.evidence | {"reason": reason}
            if membership.via_article_id is not None:
                evidence["via"] = via
            if "copy_of" in evidence:
                evidence["copy_of"] = ids.get(evidence["copy_of"])
            yield {
                "id": ids[article_id],
                "copy_group": group,
                "story": membership.story_id,
                "basis": membership.basis,
                "score": membership.score,
                "runner_up": membership.runner_up,
                "margin": membership.margin,
                "evidence": evidence,
            }


def _links(session: "Session", ids: dict[int, str | int]) -> Iterator[dict[str, Any]]:
    from sqlalchemy import select
    from sqlalchemy.orm import aliased

    from storage.models import Link, Reading

    a, b = aliased(Reading), aliased(Reading)
    current = (
        select(Link)
        .join(a, a.id == Link.reading_a_id)
        .join(b, b.id == Link.reading_b_id)
        .where(a.is_current, b.is_current)
        .order_by(Link.article_a_id, Link.article_b_id, Link.kind)
    )
    for link in session.scalars(current):
        if link.article_a_id in ids and link.article_b_id in ids:
            yield {
                "a": ids[link.article_a_id],
                "b": ids[link.article_b_id],
                "kind": link.kind,
                "jaccard": link.jaccard,
                "containment_a": link.containment_a,
                "containment_b": link.containment_b,
            }


def _write(write: Callable[[str], None], rows: Iterator[dict[str, Any]]) -> None:
    for row in rows:
        write(json.dumps(row, ensure_ascii=False))
