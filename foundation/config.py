"""`storyfold.toml`, typed: where the file is, what the environment overrides, and errors that name the line."""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Self

from pydantic import BaseModel, Field, PrivateAttr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from foundation.config_lines import Path as KeyPath
from foundation.config_lines import key_lines, line_of
from foundation.config_sections import (
    CopiesSettings,
    CrawlSettings,
    ExtractSettings,
    ScheduleSettings,
    SourceSettings,
    StoriesSettings,
    WatchSettings,
)
from foundation.errors import ConfigurationError
from foundation.secrets import beside

FILE_NAME: Final = "storyfold.toml"
PREFIX: Final = "STORYFOLD_"
CONFIG_VARIABLE: Final = "STORYFOLD_CONFIG"
NEAR: Final = 0.7  # difflib's likeness: `treshold`, `databse`, `urls` are near; `dns_resolver` is not `source` (.44)
DEFAULT_DATABASE: Final = "sqlite:///storyfold.db"

__all__ = [
    "CONFIG_VARIABLE",
    "FILE_NAME",
    "CopiesSettings",
    "CrawlSettings",
    "ExtractSettings",
    "ScheduleSettings",
    "Settings",
    "SourceSettings",
    "StoriesSettings",
    "WatchSettings",
    "load_settings",
]


class Settings(BaseSettings):
    """The whole configuration. The environment (``STORYFOLD_CRAWL__DELAY=0``) wins over the file."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        env_prefix=PREFIX,
        env_prefix_target="all",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    database: str = Field(
        default=DEFAULT_DATABASE,
        min_length=1,
        repr=False,
        description="sqlite:///FILE (beside this file, where the path is relative) or postgresql://…",
    )
    crawl: CrawlSettings = CrawlSettings()
    extract: ExtractSettings = ExtractSettings()
    copies: CopiesSettings = CopiesSettings()
    stories: StoriesSettings = StoriesSettings()
    sources: tuple[SourceSettings, ...] = Field(default=(), alias="source")
    schedules: tuple[ScheduleSettings, ...] = Field(default=(), alias="schedule")
    watches: tuple[WatchSettings, ...] = Field(default=(), alias="watch")
    _path: Path | None = PrivateAttr(default=None)

    def __init__(self, *, file: Mapping[str, Any] | None = None) -> None:
        super().__init__(file=dict(file or {}))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Say what wins: the environment, then what the file says (handed over as ``Settings(file={...})``)."""
        assert isinstance(init_settings, InitSettingsSource)
        return env_settings, InitSettingsSource(settings_cls, init_settings.init_kwargs.get("file", {}))

    @property
    def path(self) -> Path | None:
        """The file that was read, absolute; None where there was none."""
        return self._path

    def source(self, name: str) -> SourceSettings | None:
        """Return the source of that name."""
        return next((source for source in self.sources if source.name == name), None)

    def schedule(self, name: str) -> ScheduleSettings | None:
        """Return the schedule of that name."""
        return next((schedule for schedule in self.schedules if schedule.name == name), None)

    def located(self, path: Path) -> Self:
        """Return these settings as read from ``path``; a relative SQLite file of theirs lies beside it."""
        database = self.database
        if f"{PREFIX}DATABASE" not in {name.upper() for name in os.environ}:
            database = _beside(database, path.absolute().parent)
        settings = self.model_copy(update={"database": database})
        settings._path = path.absolute()
        return settings

    @field_validator("sources", "schedules", "watches")
    @classmethod
    def _names_are_unique(cls, entries: tuple[Any, ...], info: ValidationInfo) -> tuple[Any, ...]:
        kind = cls.model_fields[str(info.field_name)].alias
        first: dict[str, int] = {}
        _refuse(
            ((index, "name"), f"another {kind} has the name {entry.name!r}")
            for index, entry in enumerate(entries)
            if first.setdefault(entry.name, index) != index
        )
        return entries

    @field_validator("schedules")
    @classmethod
    def _sources_exist(cls, schedules: tuple[ScheduleSettings, ...], info: ValidationInfo) -> tuple[Any, ...]:
        known = [source.name for source in info.data.get("sources", ())]
        _refuse(
            ((index, "sources", position), f"no source has the name {name!r}{_did_you_mean(name, known)}")
            for index, schedule in enumerate(schedules)
            for position, name in enumerate(schedule.sources)
            if name not in known and "sources" in info.data
        )
        return schedules


def load_settings(path: Path | None = None) -> Settings:
    """Read the configuration: ``path``, else ``$STORYFOLD_CONFIG``, else `storyfold.toml` in this folder.

    Where no file was named and there is none, ``$STORYFOLD_DATABASE`` is enough to go on. Raises ConfigurationError,
    one line for each thing that is wrong.
    """
    named = path or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    file = named or Path(FILE_NAME)
    if named is None and not file.exists() and os.environ.get(f"{PREFIX}DATABASE"):
        return _validated({}, {}, FILE_NAME)
    text = _text_of(file)
    with beside(file.absolute().parent):
        return _validated(_parsed(text, file), key_lines(text), str(file)).located(file)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigurationError(f"{file}: no such file; `storyfold init` writes one") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: not UTF-8 text ({error.reason} at byte {error.start})") from error
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from error


def _parsed(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).rpartition(" (at ")
        found = re.match(r"line (\d+)", where)
        line = int(found[1]) if found else text.count("\n") + 1
        raise ConfigurationError(f"{file}:{line}: {_lowered(what or str(error))}") from error


def _validated(data: dict[str, Any], lines: Mapping[KeyPath, int], file: str) -> Settings:
    wrong = [f"{name}: unknown setting{hint}" for name, hint in _stray_variables()]
    try:
        settings = Settings(file=data)
    except ValidationError as error:
        details = [(_position(detail["loc"], lines), _message(detail, lines, file)) for detail in error.errors()]
        wrong = [message for _, message in sorted(details)] + wrong
    except SettingsError as error:
        wrong.append(f"environment: {error}")
    if wrong:
        raise ConfigurationError("\n".join(wrong))
    return settings


def _message(detail: ErrorDetails, lines: Mapping[KeyPath, int], file: str) -> str:
    path = _key_path(detail["loc"])
    names = [part for part in path if isinstance(part, str)]
    what = {"extra_forbidden": "unknown setting", "missing": "missing"}.get(detail["type"], _lowered(detail["msg"]))
    if detail["type"] == "extra_forbidden":
        what += _did_you_mean(names[-1], _known_settings(path[:-1]))
    variable = f"{PREFIX}{'__'.join(names)}".upper()
    if any(name.upper() == variable for name in os.environ):
        return f"{variable}: {what}"
    line = line_of(path, lines)
    setting = "".join(character if character.isprintable() else " " for character in ".".join(names))
    return f"{file}:{line}: {setting}: {what}" if line else f"{file}: {setting}: {what}"


def _position(loc: tuple[str | int, ...], lines: Mapping[KeyPath, int]) -> int:
    return line_of(_key_path(loc), lines) or 0


def _key_path(loc: tuple[str | int, ...]) -> KeyPath:
    """Return pydantic's place of an error as keys of the file; it marks a bad key of a table by a word of its own."""
    return tuple(part for part in loc if part != "[key]")


def _known_settings(path: KeyPath) -> list[str]:
    """Return the keys that the table at ``path`` may hold."""
    model: type[BaseModel] = Settings
    for part in path:
        if isinstance(part, str):
            sections = _sections(model)
            if part not in sections:
                return []
            model = sections[part]
    return [field.alias or name for name, field in model.model_fields.items()]


def _sections(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Return the tables within ``model``, by key."""
    found = {}
    for name, field in model.model_fields.items():
        for kind in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found[field.alias or name] = kind
    return found


def _stray_variables() -> list[tuple[str, str]]:
    """Return variables that look like a misspelt setting: pydantic-settings passes over whole names it does not know.

    A name that resembles no setting may be somebody else's, as ``STORYFOLD_CONFIG`` is.
    """
    known = [*_known_settings(()), CONFIG_VARIABLE.removeprefix(PREFIX).lower()]
    found = []
    for name in sorted(name for name in os.environ if name.upper().startswith(PREFIX)):
        section, is_nested, _ = name[len(PREFIX) :].lower().partition("__")
        if section not in known and (is_nested or _did_you_mean(section, known)):
            found.append((name, _did_you_mean(section, known)))
    return found


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), n=1, cutoff=NEAR)
    return f"; did you mean {near[0]!r}?" if near else ""


def _lowered(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _refuse(wrong: Iterable[tuple[KeyPath, str]]) -> None:
    details = [
        InitErrorDetails(type=PydanticCustomError("contradiction", "{what}", {"what": what}), loc=loc, input=None)
        for loc, what in wrong
    ]
    if details:
        raise ValidationError.from_exception_data("Settings", details, hide_input=True)


def _beside(database: str, folder: Path) -> str:
    """Return ``database`` with a relative SQLite file made absolute, as lying in ``folder``."""
    prefix, separator, name = database.partition(":///")
    if not separator and "://" not in database:
        return str(folder / Path(database).expanduser())
    if prefix.startswith("sqlite") and separator and not name.startswith(":"):
        return f"{prefix}:///{folder / Path(name).expanduser()}"
    return database
