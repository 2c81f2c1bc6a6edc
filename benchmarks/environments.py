"""Environments of their own for programs that are measured beside ours: made once, with uv or pip, and kept."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path


class NotInstalledError(Exception):
    """An environment could not be made, or what is in it does not run: its row says why."""


def cache() -> Path:
    """Return where environments are kept unless said otherwise."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "storyfold" / "peers"


def environment(folder: Path, requirements: str) -> Path:
    """Return the Python of an environment that holds ``requirements``; made anew if that broke off."""
    folder = folder / re.sub(r"[^\w.]+", "-", requirements)
    python = folder / "bin" / "python"
    if (folder / "ready").exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    if uv := shutil.which("uv"):
        steps = [[uv, "venv", "--quiet", "--python", sys.executable, str(folder)]]
        steps += [[uv, "pip", "install", "--quiet", "--python", str(python), *requirements.split()]]
    else:
        steps = [[sys.executable, "-m", "venv", str(folder)]]
        steps += [[str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]]
        steps[-1] += requirements.split()
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotInstalledError((done.stderr.strip().splitlines() or ["no reason given"])[-1])
    (folder / "ready").touch()
    return python
