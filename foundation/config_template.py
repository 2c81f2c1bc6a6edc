"""The commented `storyfold.toml` that `storyfold init` writes: every setting with its default and its meaning.

It is made from the models that read the file, so a setting cannot be missing here, nor have another default.
"""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from foundation.config import ScheduleSettings, Settings, SourceSettings, WatchSettings

WIDTH: Final = 100
HEAD: Final = """\
# What storyfold reads, how, and when.
# Settings that are commented out show their defaults. The environment wins over this file:
# STORYFOLD_DATABASE=postgresql://… or, for a setting of a section, STORYFOLD_CRAWL__DELAY=0.5.
"""
# What the examples of [[source]], [[schedule]] and [[watch]] say; everything else is shown with its default.
SOURCE: Final = {"name": "Example Courier", "url": "https://example.org/", "feeds": ["https://example.org/feed.xml"]}
SCHEDULE: Final = {"name": "every ten minutes", "cron": "*/10 * * * *"}
WATCH: Final = {"name": "floods", "query": '(flood OR "burst its banks") AND NOT "flood of"'}
OPTIONAL: Final = {
    "owner": "Example Media",
    "country": "GB",
    "language": "en",
    "user_agent": "storyfold (you@example.org)",
    "basic_auth": "user:password",
    "proxy": "http://proxy.example.org:3128",
}


def template() -> str:
    """Return the text of a new configuration file."""
    parts = [HEAD, "\n".join(_setting("database", Settings.model_fields["database"], "#"))]
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            parts.append("\n".join(_section(name, field.annotation)))
    parts.append("\n".join(_example("source", SourceSettings, SOURCE)))
    parts.append("\n".join(_example("schedule", ScheduleSettings, SCHEDULE)))
    parts.append("\n".join(_example("watch", WatchSettings, WATCH)))
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def entry(table: str, values: Mapping[str, Any]) -> str:
    """Return one ``[[table]]`` with those of ``values`` that say something: neither None nor empty."""
    lines = [f"{name} = {toml(value)}" for name, value in values.items() if value not in (None, [], {}, ())]
    return "\n".join([f"[[{table}]]", *lines, ""])


def toml(value: object) -> str:
    """Return ``value`` (text, number, truth, list or table of them) as TOML writes it."""
    match value:
        case str():
            return _quoted(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case Mapping():
            pairs = [f"{_quoted(key)} = {toml(item)}" for key, item in value.items()]
            return "{ " + ", ".join(pairs) + " }" if pairs else "{}"
        case Iterable():
            return "[" + ", ".join(toml(item) for item in value) + "]"
        case _:
            raise TypeError(f"TOML has no word for {type(value).__name__}")


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's; TOML wants DEL escaped as well.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _section(name: str, section: type[BaseModel]) -> Iterator[str]:
    yield from _comment(section.__doc__ or "")
    yield f"[{name}]"
    for key, field in section.model_fields.items():
        yield from _setting(key, field, "#")


def _example(name: str, section: type[BaseModel], values: Mapping[str, Any]) -> Iterator[str]:
    yield from _comment(f"{(section.__doc__ or '').strip()} One [[{name}]] each:")
    yield f"#[[{name}]]"
    for key, field in section.model_fields.items():
        yield from _setting(key, field, "#", values.get(key, OPTIONAL.get(key)))


def _setting(key: str, field: FieldInfo, mark: str, value: object = None) -> Iterator[str]:
    yield from _comment(field.description or "")
    shown = value if value is not None else field.get_default(call_default_factory=True)
    yield f"{mark}{key} = {toml(shown)}"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), WIDTH, initial_indent="# ", subsequent_indent="# ")
