"""`storyfold run`: one crawl and the fold of what it brings, each in a child process, with one row in the ledger."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

import typer

from console.children import Children, Ended, Stopped
from console.output import err, note, print_json, say
from console.session import now, writing
from console.since import moment
from foundation import lifeline
from foundation.config import CONFIG_VARIABLE, Settings, load_settings
from foundation.errors import AlreadyRunning, UsageError
from foundation.process import this_process
from storage import runs, sources
from storage.engine import Database
from storage.rereading import mark_unread
from storage.runs import Progress, Verdict

HEARTBEAT_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 1.0  # how often the counters are read
EXIT_CODES: Final = {"ok": 0, "partial": 3, "failed": 1, "stopped": 1, "lost": 1}


@dataclass(frozen=True, slots=True)
class Slot:
    """The moment of a schedule that a run answers to."""

    schedule: str
    at: datetime
    cause: str = "schedule"


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to; `storyfold run --json` prints it."""

    run: int
    state: str
    reason: str | None
    failed_sources: tuple[str, ...]
    seconds: float
    counts: Progress


def run(
    source: Annotated[list[str] | None, typer.Option(help="Only this source; may be given again.")] = None,
    time_limit: Annotated[float | None, typer.Option(help="End the run after so many seconds.", min=0.1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    schedule: Annotated[str | None, typer.Option(hidden=True)] = None,
    slot: Annotated[str | None, typer.Option(hidden=True)] = None,
    cause: Annotated[str, typer.Option(hidden=True)] = "schedule",
) -> None:
    """Crawl what is due, read it, fold it into copy groups and stories.

    State is in the database: a run that was stopped or killed is carried on by the next. Exit code 3: some sources
    failed; 75: another run is under way.
    """
    settings = load_settings()
    only = source or []
    if unknown := [name for name in only if settings.source(name) is None]:
        raise UsageError(f"no source has the name {unknown[0]!r}; `storyfold source list` names them")
    if not settings.sources:
        raise UsageError("no sources are configured: `storyfold source add URL` adds one")
    answered = Slot(schedule, moment(slot, now()), cause) if schedule and slot else None
    _conclude(perform(settings, only=only, slot=answered, time_limit=time_limit), as_json=as_json)


def reread(
    since: Annotated[str | None, typer.Option(help="Only pages fetched since then: 2d, 12h, or a date.")] = None,
    time_limit: Annotated[float | None, typer.Option(help="End the run after so many seconds.", min=0.1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Read stored pages again with today's rules, without asking the web.

    Raw pages are kept for crawl.raw_keep_days after they were read; what is older stays as it was read then.
    """
    settings = load_settings()
    start = moment(since, now()) if since else None

    def mark(database: Database) -> None:
        with database.write() as session:
            note(f"{mark_unread(session, since=start)} pages are read again")

    _conclude(perform(settings, cause="reread", prepare=mark, time_limit=time_limit), as_json=as_json)


def perform(
    settings: Settings,
    *,
    only: Sequence[str] = (),
    slot: Slot | None = None,
    cause: str = "manual",
    prepare: Callable[[Database], None] | None = None,
    time_limit: float | None = None,
) -> Result:
    """Do one run, from its claim to its verdict, and return what it came to.

    ``only`` names sources (none: all). Raises AlreadyRunning where another run is alive or has this slot. Call it in
    the main thread: it handles SIGTERM and SIGINT while it works.
    """
    began = time.monotonic()
    with writing(settings) as database:
        run_id = _begin(database, settings, slot, cause, only)
        verdict = Verdict("failed", "the run itself broke")
        try:
            if prepare:
                prepare(database)
            verdict = _follow(database, settings, run_id, _crawl_arguments(run_id, only, cause), time_limit)
        finally:
            with database.write() as session:
                runs.finish(session, run_id, verdict.state, verdict.reason, now=now())
        with database.read() as session:
            counts = runs.progress(session, run_id)
    seconds = round(time.monotonic() - began, 1)
    return Result(run_id, verdict.state, verdict.reason, verdict.failed_sources, seconds, counts)


def _begin(database: Database, settings: Settings, slot: Slot | None, cause: str, only: Sequence[str]) -> int:
    process, moment = this_process(), now()
    with database.write() as session:
        sources.sync(session, settings.sources, now=moment, interval_seconds=int(settings.crawl.poll_shortest))
        if slot is None:
            sources.make_due(session, only, now=moment)
            return runs.start(session, process=process, now=moment, cause=cause)
        run_id = runs.claim(session, slot.schedule, slot.at, process=process, now=moment, cause=slot.cause)
    if run_id is None:
        raise AlreadyRunning(f"the slot {slot.at:%Y-%m-%d %H:%M} of {slot.schedule!r} has been claimed before")
    return run_id


def _crawl_arguments(run_id: int, only: Sequence[str], cause: str) -> list[str]:
    arguments = ["crawl", "news", "-s", "LOG_LEVEL=WARNING", "-a", f"run={run_id}"]
    if only:
        arguments += ["-a", f"sources={','.join(only)}"]
    return [*arguments, "-a", "only=stored"] if cause == "reread" else arguments


def _follow(
    database: Database, settings: Settings, run_id: int, crawl: Sequence[str], time_limit: float | None
) -> Verdict:
    """Start crawl and fold, watch them to their end, and judge. Fold ends when the crawl has and nothing is pending."""
    environment = {"SCRAPY_SETTINGS_MODULE": "crawler.settings", "STORYFOLD_DATABASE": settings.database}
    if settings.path:
        environment[CONFIG_VARIABLE] = str(settings.path)
    watch = _Watch(database, run_id, time_limit)
    codes: dict[str, int] = {}
    with _status() as show, Children(note) as children:
        children.start("crawl", lifeline.command("scrapy", *crawl), environment, has_input=False)
        fold = lifeline.command("pipelines.fold", "--run", str(run_id))
        children.start("fold", fold, environment, has_input=True)
        while len(codes) < len(children.by_name):
            match children.next_event(LOOK_SECONDS):
                case Stopped(reason):
                    return Verdict("stopped", reason)
                case Ended(name, code):
                    codes[name] = code
                    if name == "crawl":
                        children.by_name["fold"].end_input()
            if why := watch.look(show):
                return Verdict("stopped", why)
    with database.read() as session:
        verdict = runs.verdict(session, run_id)
    for name, code in codes.items():
        if code:
            last = children.by_name[name].last_line()
            broken = f"{name} {_ending(code)}" + (f": {last}" if last else "")
            return Verdict("failed", broken, verdict.failed_sources)
    return verdict


class _Watch:
    """Says that the run is alive, and says when it has to stop."""

    def __init__(self, database: Database, run_id: int, time_limit: float | None) -> None:
        self.database = database
        self.run_id = run_id
        self.time_limit = time_limit
        self.began = self.beaten = self.looked = time.monotonic()

    def look(self, show: Callable[[str], None]) -> str | None:
        """Beat and show progress when it is time to; return why the run has to stop, if it has."""
        clock = time.monotonic()
        if self.time_limit is not None and clock - self.began > self.time_limit:
            return f"time limit of {self.time_limit:g} s"
        if clock - self.beaten >= HEARTBEAT_SECONDS:
            self.beaten = clock
            with self.database.write() as session:
                if not runs.heartbeat(session, self.run_id, now=now()):
                    return "another process took the run for lost"
        if clock - self.looked >= LOOK_SECONDS and err.is_terminal:
            self.looked = clock
            with self.database.read() as session:
                show(_in_words(runs.progress(session, self.run_id)))
        return None


@contextmanager
def _status() -> Iterator[Callable[[str], None]]:
    """Give a function that shows one line of progress; nothing is shown where nobody watches."""
    if not err.is_terminal:
        yield lambda _: None
        return
    with err.status("starting") as status:
        yield lambda line: status.update(line)


def _ending(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"


def _in_words(counts: Progress) -> str:
    feeds = f"{counts.feeds_polled} feeds asked" + (f" ({counts.feeds_failed} failed)" if counts.feeds_failed else "")
    pages = f"{counts.pages_fetched} pages fetched, {counts.pages_refused} refused, {counts.pages_failed} failed"
    return f"{feeds} · {counts.pages_found} pages found · {pages} · {counts.articles_new} new articles, " + (
        f"{counts.articles_changed} changed"
    )


def _conclude(result: Result, *, as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        say(f"run {result.run}: {result.state}" + (f" ({result.reason})" if result.reason else ""))
        say(f"{_in_words(result.counts)} · {result.seconds:g} s")
    raise typer.Exit(EXIT_CODES[result.state])
