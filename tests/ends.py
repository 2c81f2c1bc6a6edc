"""What end-to-end tests work with: a configuration, the product's processes, and a look at what these leave behind."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import text

from console.demo import PAGES
from console.newsweb import NewsWeb, Request
from console.newsweb.check import Found, address
from console.newsweb.sources import config_toml
from console.newsweb.truth import Truth
from storage.engine import Database

ROOT: Final = Path(__file__).parent.parent
PATIENCE: Final = 120.0  # seconds that a busy machine may take for one step
HOSTILE: Final = "grabber-daily.test"
# A web on loopback needs no politeness, and what fails in passing is asked again at once.
QUICK: Final = """
[crawl]
delay = 0
poll_shortest = 0
poll_longest = 0.001
retry_pause = 0.2
backoff = 0.2
timeout = 10

[extract]
cpu_seconds = 3
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed."""
        return json.loads(self.out)


@dataclass(slots=True)
class Desk:
    """A folder with a storyfold.toml, and every process that works for it."""

    folder: Path
    address: str  # of the database
    environment: Mapping[str, str] = field(default_factory=dict)
    started: list["subprocess.Popen[str]"] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.folder / "storyfold.toml"

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command of the product as a process of its own; `close` ends it at the latest."""
        return self.start_python("-m", "console.main", *arguments, cwd=self.folder)

    def start_python(self, *arguments: str, cwd: Path) -> "subprocess.Popen[str]":
        """Start Python as the product's processes see the world: with this desk's configuration and no other."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("STORYFOLD_", "SCRAPY_"))}
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=cwd,
            env=clean | {"PYTHONPATH": str(ROOT), "STORYFOLD_CONFIG": str(self.config)} | dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def ask(self, *arguments: str, codes: Iterable[int] = (0,)) -> Said:
        """Run a command to its end; any other exit code than ``codes`` fails the test."""
        return finished(self.start(*arguments), codes)

    def run(self, *arguments: str) -> Any:
        """Make one run and return what `storyfold run --json` says; some sources may fail, the run may not."""
        return self.ask("run", "--json", *arguments, codes=(0, 3)).json

    def query(self, sql: str, **values: Any) -> list[Any]:
        """Return rows, straight from the database."""
        with Database.open(self.address) as database, database.read() as session:
            return list(session.execute(text(sql), values).all())

    def scalar(self, sql: str, **values: Any) -> Any:
        """Return the one value of the one row."""
        ((value,),) = self.query(sql, **values)
        return value

    def found(self) -> list[Found]:
        """Return the pages as the news web's check wants them."""
        with Database.open(self.address) as database, database.read() as session:
            return [
                Found(
                    url=row.url,
                    state=row.state,
                    reason=row.reason,
                    article_url=row.article_url,
                    kind=row.kind,
                    copy_group=row.copy_group_id,
                    story=row.story_id,
                    first=bool(row.is_first),
                    title=row.title or "",
                    text=row.text or "",
                    versions=row.versions,
                )
                for row in session.execute(text(PAGES))
            ]

    def failed_feeds(self) -> list[str]:
        """Return the feeds whose last poll failed."""
        return [row.url for row in self.query("SELECT url FROM feed WHERE failures > 0")]

    def article(self, name: str) -> int:
        """Return the id of the article at ``host/path``."""
        (found,) = [row.id for row in self.query("SELECT id, url FROM article") if address(row.url) == name]
        return int(found)

    def processes(self) -> dict[int, list[str]]:
        """Return the living processes that work for this desk, whoever started them: number -> command line."""
        mine = f"STORYFOLD_CONFIG={self.config}".encode()
        return {pid: _command(pid) for pid in _pids() if mine in _proc(pid, "environ").split(b"\0") and _lives(pid)}

    def close(self) -> None:
        """End what is left; nothing of the product may outlive the processes that the test started."""
        for process in self.started:
            process.kill()
            process.communicate()
        until(lambda: not self.processes(), "every process of the test ends")


def finished(process: "subprocess.Popen[str]", codes: Iterable[int] = (0,)) -> Said:
    """Wait for the end of a process; any other exit code than ``codes`` fails the test."""
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode in codes, f"exit code {process.returncode}\n{out}\n{err}"
    return Said(process.returncode, out, err)


@contextmanager
def desk(folder: Path, config: str, environment: Mapping[str, str], database: str | None = None) -> Iterator[Desk]:
    """A desk in ``folder``; its database is a SQLite file there unless named. ``config`` is all but the address."""
    address = database or f"sqlite:///{folder / 'news.db'}"
    made = Desk(folder, address, environment)
    made.config.write_text(f"database = {json.dumps(address)}\n{config}", encoding="utf-8")
    try:
        yield made
    finally:
        made.close()


def newsweb_config(web: NewsWeb, *, without: Iterable[str] = ()) -> str:
    """Name the outlets of the news web as sources, all but the database's address."""
    outlets = {host: outlet for host, outlet in web.content.outlets.items() if host not in without}
    return config_toml(replace(web.content, outlets=outlets), web.port, "").partition("\n")[2] + QUICK


@dataclass(frozen=True, slots=True)
class Demo:
    """A crawl of the whole news web as `storyfold demo` makes it: a run, a tick of the web, another run."""

    web: NewsWeb
    desk: Desk
    first: Any  # what `storyfold run --json` said
    second: Any
    log: tuple[Request, ...]  # all that was asked in the two runs
    asked_first: int  # of them in the first

    @property
    def asked_again(self) -> tuple[Request, ...]:
        """What the second run asked."""
        return self.log[self.asked_first :]


@contextmanager
def demo(folder: Path, database: str | None = None) -> Iterator[Demo]:
    """Make the demo's crawl; the web is up until the block ends."""
    with NewsWeb() as web, desk(folder, newsweb_config(web), web.environment, database) as made:
        first = made.run()
        asked_first = len(web.log)
        web.tick()
        second = made.run()
        yield Demo(web, made, first, second, tuple(web.log), asked_first)


def truth_without(truth: Truth, host: str) -> Truth:
    """The truth of a crawl that does not name one outlet. Of the others, every page lies on an outlet."""
    hosts = {name.partition("/")[0] for name in truth.articles} - {host}
    return replace(
        truth,
        articles={name: one for name, one in truth.articles.items() if name.partition("/")[0] in hosts},
        pages={name: one for name, one in truth.pages.items() if name.partition("/")[0] in hosts},
        broken_feeds=tuple(name for name in truth.broken_feeds if name.partition("/")[0] in hosts),
    )


def until(condition: Callable[[], object], what: str, *, while_alive: "subprocess.Popen[str] | None" = None) -> None:
    """Wait for a condition, for as long as a process lives where one is named; fail where it does not come."""
    deadline = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not condition():
        if while_alive is not None and while_alive.poll() is not None:
            pytest.fail(f"not before the end of the process: {what}; {while_alive.communicate()}")
        if time.monotonic() > deadline:
            pytest.fail(f"not within {PATIENCE:g} s: {what}")
        pause.wait(0.01)


# --- Processes, by /proc ----------------------------------------------------------------------------------------------


def descendants(pid: int) -> list[int]:
    """Return the living processes that ``pid`` started, and those that these started."""
    children: dict[int, list[int]] = {}
    for one in _pids():
        children.setdefault(_parent(one), []).append(one)
    found, left = [], [pid]
    while left:
        left += (born := children.get(left.pop(), []))
        found += born
    return [one for one in found if _lives(one)]


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _proc(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:  # it has ended meanwhile, or is somebody else's
        return b""


def _command(pid: int) -> list[str]:
    return _proc(pid, "cmdline").decode(errors="replace").rstrip("\0").split("\0")


def _fields(pid: int) -> list[str]:
    """proc(5), stat: what follows the name, which may hold anything; state, parent …"""
    return _proc(pid, "stat").decode(errors="replace").rpartition(")")[2].split()


def _parent(pid: int) -> int:
    return int(_fields(pid)[1]) if _fields(pid) else 0


def _lives(pid: int) -> bool:
    fields = _fields(pid)
    return bool(fields) and fields[0] not in "ZX"
