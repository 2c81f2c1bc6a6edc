"""The command line, and a planted database for it to read."""

import os
from pathlib import Path

import pytest

from storage.engine import Database
from tests.console.cli import Cli
from tests.console.planted import World, plant


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """The command line in a folder of its own, with an empty configuration."""
    for name in [name for name in os.environ if name.startswith("STORYFOLD_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    cli = Cli(capsys, monkeypatch, tmp_path)
    # `--config` sets the variable for good; registered here, so that it is undone after the test.
    monkeypatch.setenv("STORYFOLD_CONFIG", str(cli.configure()))
    return cli


@pytest.fixture
def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    """A small lawful database, which the configuration names."""
    monkeypatch.setenv("STORYFOLD_DATABASE", database.engine.url.render_as_string(hide_password=False))
    return plant(database)
