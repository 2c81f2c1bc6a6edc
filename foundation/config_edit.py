"""Change the sources of a `storyfold.toml` that people write: what they wrote, comments and order, stays.

Only the lines of one [[source]] are ever parsed to be rewritten: tomlkit keeps comments, but takes 4.6 s for a file of
10,000 sources, where `tomllib` and the walk of `config_lines` take half a second each. Every edit of the text is
checked against the same edit of the data, so that a file written in an unusual form is refused and never damaged.
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError

from foundation.config import load_settings
from foundation.config_lines import key_lines
from foundation.config_template import entry
from foundation.errors import ConfigurationError

TABLE: Final = "source"
OWNER_ONLY: Final = 0o600  # a configuration may come to hold passwords
ANOTHER_FORM: Final = "its sources are written in another form than [[source]]; change it by hand"


class Edit:
    """One change of one file: read on entry, checked and put in place as a whole by ``save``."""

    def __init__(self, file: Path) -> None:
        """Read the file; one that is not there is empty. Raises ConfigurationError."""
        self.file = file
        self.before = _read(file)
        self.text = self.before

    def add(self, sources: Sequence[Mapping[str, Any]]) -> None:
        """Append entries: of each, the settings that say something. Raises ConfigurationError."""
        additions = "\n".join(entry(TABLE, values) for values in sources)
        self.text = appended(self.text, additions)

    def remove(self, name: str) -> str:
        """Take a source out and return its lines, which put it back where they are appended."""
        self.text, removed = without(self.text, name)
        return removed

    def switch(self, name: str, *, enabled: bool) -> None:
        """Enable or disable a source."""
        self.text = switched(self.text, name, enabled=enabled)

    def save(self) -> None:
        """Replace the file at once, unless the result could not be used, or somebody else has changed the file.

        Raises ConfigurationError; then the file is as it was.
        """
        target = self.file.resolve()  # a link stays one
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        mode = target.stat().st_mode & 0o777 if target.exists() else OWNER_ONLY
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
                opened.write(self.text.encode())
                opened.flush()
                os.fsync(opened.fileno())
            load_settings(draft)
            if _read(self.file) != self.before:
                raise ConfigurationError(f"{self.file}: somebody else has just changed it; try again")
            draft.replace(target)
        except OSError as error:
            raise ConfigurationError(f"{self.file}: {error.strerror}") from error
        except ConfigurationError as error:
            raise ConfigurationError(str(error).replace(str(draft), str(self.file))) from error
        finally:
            draft.unlink(missing_ok=True)


def appended(text: str, addition: str) -> str:
    """Return ``text`` with [[source]] entries at its end. Raises ConfigurationError."""
    after = f"{text.rstrip()}\n\n{addition}" if text.strip() else addition
    expected = _data(text)
    sources = [*_sources(expected), *_sources(_data(addition))]
    return _checked(after, expected | {TABLE: sources})


def without(text: str, name: str) -> tuple[str, str]:
    """Return ``text`` less the source ``name``, and the lines that went. Raises ConfigurationError."""
    data = _data(text)
    lines, (start, end) = _lines(text), _span(text, _index(data, name))
    kept = lines[:start] + (lines[end + 1 :] if _is_blank(lines[end : end + 1]) else lines[end:])
    sources = [source for source in _sources(data) if source["name"] != name]
    expected = {key: value for key, value in data.items() if key != TABLE} | ({TABLE: sources} if sources else {})
    return _checked("".join(kept), expected), "".join(lines[start:end])


def switched(text: str, name: str, *, enabled: bool) -> str:
    """Return ``text`` with the source ``name`` enabled or disabled. Raises ConfigurationError."""
    data = _data(text)
    index = _index(data, name)
    lines, (start, end) = _lines(text), _span(text, index)
    try:
        document: Any = tomlkit.parse("".join(lines[start:end]))
        document[TABLE][0]["enabled"] = enabled
        changed = tomlkit.dumps(document)
    except (TOMLKitError, LookupError, TypeError) as error:
        raise ConfigurationError(ANOTHER_FORM) from error
    data[TABLE][index]["enabled"] = enabled
    return _checked("".join(lines[:start]) + changed + "".join(lines[end:]), data)


def _read(file: Path) -> str:
    """Return the text with its line ends as they are."""
    try:
        return file.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: not UTF-8 text ({error.reason} at byte {error.start})") from error
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from error


def _data(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"not TOML: {error}") from error


def _checked(after: str, expected: dict[str, Any]) -> str:
    try:
        is_right = tomllib.loads(after) == expected
    except tomllib.TOMLDecodeError:
        is_right = False
    if not is_right:
        raise ConfigurationError(ANOTHER_FORM)
    return after


def _sources(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    sources = data.get(TABLE, [])
    if not isinstance(sources, list) or not all(isinstance(source, dict) and "name" in source for source in sources):
        raise ConfigurationError(ANOTHER_FORM)
    return sources


def _index(data: Mapping[str, Any], name: str) -> int:
    for index, source in enumerate(_sources(data)):
        if source["name"] == name:
            return index
    raise ConfigurationError(f"no source has the name {name!r}")


def _lines(text: str) -> list[str]:
    return [line + "\n" for line in text.split("\n")[:-1]] + [text.split("\n")[-1]]


def _span(text: str, index: int) -> tuple[int, int]:
    """Return the first line of a [[source]], from 0, and the line after its last.

    Comments right above the header are its own, and those that follow its last setting without a blank line.
    """
    places, lines = key_lines(text), _lines(text)
    header = places[TABLE, index] - 1
    later = [line - 1 for path, line in places.items() if line - 1 > header and path[:2] != (TABLE, index)]
    limit = min(later, default=len(lines))
    if limit < len(lines):
        limit = _above(lines, limit)
    start = _above(lines, header)
    last = max(line for line in range(header, limit) if not _is_trivia(lines[line]))
    end = last + 1
    while end < limit and lines[end].lstrip().startswith("#"):
        end += 1
    return start, end


def _above(lines: Sequence[str], header: int) -> int:
    """Return the first of the comment lines right above ``header``."""
    while header > 0 and lines[header - 1].lstrip().startswith("#"):
        header -= 1
    return header


def _is_trivia(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _is_blank(lines: Sequence[str]) -> bool:
    return bool(lines) and not lines[0].strip()
