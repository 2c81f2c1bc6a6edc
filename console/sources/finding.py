"""Ask sites where they list their articles: one crawl in a child process for all of them, under a crawl's own rules."""

import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from console.children import Children, Ended, Stopped
from console.output import note, progress
from crawler.discovery.findings import Finding
from foundation import lifeline
from foundation.config import CONFIG_VARIABLE, Settings
from foundation.config_template import entry, toml
from foundation.errors import NewsError

LOOK_SECONDS: Final = 0.3  # how often what has been found is counted
FINDING: Final = TypeAdapter(Finding)


class SearchFailed(NewsError):
    """The crawl of a search broke down or was stopped (exit code 1)."""


def find(settings: Settings, urls: Sequence[str], *, allow_private: bool) -> dict[str, Finding]:
    """Search each of ``urls``; return what came of it by URL. Of a search that somebody stops, what it found so far.

    Raises SearchFailed where nothing came of it at all. Call it in the main thread: it handles signals while it works.
    """
    wanted = list(dict.fromkeys(urls))
    with tempfile.TemporaryDirectory(prefix="storyfold-") as folder:
        config, out = Path(folder) / "storyfold.toml", Path(folder) / "found.jsonl"
        config.write_text(_config(settings, wanted, allow_private=allow_private), encoding="utf-8")
        environment = {
            CONFIG_VARIABLE: str(config),
            "STORYFOLD_DATABASE": f"sqlite:///{Path(folder) / 'search.db'}",
            "SCRAPY_SETTINGS_MODULE": "crawler.settings",
        }
        label = f"asking {wanted[0]}" if len(wanted) == 1 else f"asking {len(wanted)} sites"
        with progress(label, len(wanted)) as step:
            failure = _crawl(environment, out, step)
        found = {finding.asked: finding for finding in _found(out)}
    if failure and not found:
        raise SearchFailed(failure)
    if failure:
        note(f"{failure}: {len(wanted) - len(found)} of {len(wanted)} sites were not asked")
    return found


def _config(settings: Settings, urls: Sequence[str], *, allow_private: bool) -> str:
    """Return a configuration that crawls as the operator's does, with the sites to search as its only sources."""
    sections: list[str] = []
    for name, section in (("crawl", settings.crawl), ("extract", settings.extract)):
        values = section.model_dump(exclude_none=True)
        sections += [f"[{name}]", *(f"{key} = {toml(value)}" for key, value in values.items())]
    sites = [
        entry("source", {"name": str(number), "url": url, "allow_private": allow_private or None})
        for number, url in enumerate(urls)
    ]
    return "\n".join([*sections, *sites])


def _crawl(environment: dict[str, str], out: Path, step: Callable[[int], None]) -> str | None:
    """Crawl until all is found; return why it ended before that, if it did."""
    arguments = ("crawl", "discover", "-s", "LOG_LEVEL=ERROR", "-a", f"out={out}")
    seen = 0
    with Children(note) as children:
        children.start(
            "search", lifeline.command("scrapy", *arguments, on_death=signal.SIGKILL), environment, has_input=False
        )
        while True:
            event = children.next_event(LOOK_SECONDS)
            lines = out.read_bytes().count(b"\n") if out.exists() else 0
            step(lines - seen)
            seen = lines
            match event:
                case Ended(code=0):
                    return None
                case Ended(code=code):
                    return f"the search ended with exit code {code}: {children.by_name['search'].last_line()}"
                case Stopped(reason):
                    return reason


def _found(out: Path) -> Iterator[Finding]:
    """Yield what whole lines say: the last one of a crawl that was stopped may be half of one."""
    if out.exists():
        for line in out.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                yield FINDING.validate_json(line)


def as_row(finding: Finding) -> dict[str, Any]:
    """Return a finding as `--json` prints it."""
    row: dict[str, Any] = FINDING.dump_python(finding, mode="json")
    return row
