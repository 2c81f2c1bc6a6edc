"""Which line of a TOML text each key stands on: no TOML reader says, and an error without a line is a riddle.

The text has been accepted by ``tomllib`` before it comes here, so the scan only finds its way; it judges nothing.
"""

import re
import tomllib
from collections.abc import Mapping
from typing import Final

Path = tuple[str | int, ...]  # ("source", 1, "name") is the name of the second [[source]]

_BLANK: Final = re.compile(r"(?:[ \t\r\n]+|\#[^\n]*)*")
_KEY: Final = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_DOT: Final = re.compile(r"[ \t]*\.[ \t]*")
_TEXT: Final = re.compile(
    r'''"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}'''
    r"""|'''(?:[^']|'{1,2}(?!'))*'{3,5}"""
    r"""|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""",
    re.DOTALL,
)
_SCALAR: Final = re.compile(r"[^,\]}#\n]*")


def key_lines(text: str) -> dict[Path, int]:
    """Return the line, from 1, of every table, key and array element of a valid TOML text."""
    scan = _Scan(text)
    scan.document()
    return scan.lines


def line_of(path: Path, lines: Mapping[Path, int]) -> int | None:
    """Return the line of ``path``, or of the nearest thing around it that has one."""
    for length in range(len(path), 0, -1):
        if (line := lines.get(path[:length])) is not None:
            return line
    return None


class _Scan:
    """A walk through the text, by the grammar of TOML 1.0."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.tables: dict[Path, int] = {}  # how many [[tables]] a path has had so far
        self.counted = (0, 1)  # a position and its line, so that lines are counted once

    def document(self) -> None:
        table: Path = ()
        while not self.blank():
            if self.skip("[["):
                table = self.header(is_array=True)
                self.at += 2
            elif self.skip("["):
                table = self.header(is_array=False)
                self.at += 1
            else:
                self.pair(table)

    def header(self, *, is_array: bool) -> Path:
        line, keys = self.line(), self.keys()
        table = self.place((), keys[:-1])
        self.note(table, line)
        table = (*table, keys[-1])
        if is_array:
            self.tables[table] = self.tables.get(table, 0) + 1
        if table in self.tables:
            self.lines.setdefault(table, line)
            table = (*table, self.tables[table] - 1)
        self.lines[table] = line
        return table

    def pair(self, table: Path) -> None:
        line, keys = self.line(), self.keys()
        self.skip("=")
        path = self.place(table, keys)
        for length in range(len(table) + 1, len(path) + 1):
            self.note(path[:length], line)
        self.value(path)

    def value(self, path: Path) -> None:
        self.blank()
        if self.skip("["):
            index = 0
            while not self.blank() and not self.skip("]"):
                self.lines[(*path, index)] = self.line()
                self.value((*path, index))
                self.blank()
                self.skip(",")
                index += 1
        elif self.skip("{"):
            while not self.blank() and not self.skip("}"):
                self.pair(path)
                self.blank()
                self.skip(",")
        else:
            found = _TEXT.match(self.text, self.at) or _SCALAR.match(self.text, self.at)
            self.at = found.end() if found else len(self.text)

    def keys(self) -> list[str]:
        keys = []
        while True:
            while self.text[self.at] in " \t":
                self.at += 1
            found = _KEY.match(self.text, self.at)
            if found is None:
                raise ValueError(f"no key at line {self.line()}")
            self.at = found.end()
            keys.append(_unquoted(found[0]))
            dot = _DOT.match(self.text, self.at)
            if dot is None:
                while self.text[self.at] in " \t":
                    self.at += 1
                return keys
            self.at = dot.end()

    def place(self, table: Path, keys: list[str]) -> Path:
        """Return the path of ``keys`` under ``table``: a name of [[tables]] means the last one of them."""
        for key in keys:
            table = (*table, key)
            if table in self.tables:
                table = (*table, self.tables[table] - 1)
        return table

    def note(self, path: Path, line: int) -> None:
        if path:
            self.lines.setdefault(path, line)

    def blank(self) -> bool:
        """Step over white space and comments; return whether the text ends there."""
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at >= len(self.text)

    def skip(self, token: str) -> bool:
        is_there = self.text.startswith(token, self.at)
        self.at += len(token) if is_there else 0
        return is_there

    def line(self) -> int:
        position, line = self.counted
        self.counted = (self.at, line + self.text.count("\n", position, self.at))
        return self.counted[1]


def _unquoted(key: str) -> str:
    return key if key[0] not in "\"'" else str(tomllib.loads(f"key = {key}")["key"])
