"""The command line as a test uses it: in this process where that is enough, else as a process of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from console.main import main

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str


class Cli:
    """Calls `storyfold …` with a database and a configuration of the test's own."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.capsys = capsys
        self.monkeypatch = monkeypatch
        self.folder = folder

    def configure(self, text: str = "") -> Path:
        """Write the configuration; the database's address comes by the environment."""
        file = self.folder / "storyfold.toml"
        file.write_text(text, encoding="utf-8")
        return file

    def __call__(self, *arguments: str) -> Said:
        """Run a command in this process."""
        self.monkeypatch.setattr(sys, "argv", ["storyfold", *arguments])
        code: int | str | None = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        assert isinstance(code, int | None)
        captured = self.capsys.readouterr()
        return Said(code or 0, captured.out, captured.err)

    def process(self, *arguments: str, safe_path: bool = False) -> "subprocess.Popen[str]":
        """Start a command as a process; the caller ends it. With ``safe_path`` as the installed command starts."""
        return subprocess.Popen(
            [sys.executable, *(["-P"] if safe_path else []), "-m", "console.main", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
