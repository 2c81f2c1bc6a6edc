"""The command line itself: exit codes, configuration, sources, and no traceback for what can be expected."""

import json
import subprocess
import sys
import time
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.main import exit_code
from console.since import moment
from foundation.errors import AlreadyRunning, ConfigurationError, DatabaseMismatch, NewsError, UsageError
from tests.console.cli import ROOT, Cli

HEAVY = {"scrapy", "twisted", "trafilatura", "scipy", "numpy", "sqlalchemy", "lxml", "apscheduler", "pydantic"}


@pytest.mark.parametrize(
    ("error", "code"),
    [(UsageError(), 2), (ConfigurationError(), 2), (AlreadyRunning(), 75), (DatabaseMismatch(), 1)],
)
def test_each_kind_of_error_has_its_exit_code(error: NewsError, code: int) -> None:
    assert exit_code(error) == code


def test_the_version_is_quick_and_imports_nothing_heavy() -> None:
    program = (
        "import sys; sys.argv = ['storyfold', '--version']\n"
        "from console.main import main\n"
        "try: main()\n"
        "except SystemExit as ended: assert not ended.code\n"
        f"print(sorted({HEAVY} & set(sys.modules)))"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert time.monotonic() - began < 10
    version, loaded = done.stdout.splitlines()
    assert version.startswith("storyfold ")
    assert loaded == "[]"


@pytest.mark.parametrize(
    "command", [("run",), ("stories",), ("source", "list"), ("schedule",), ("doctor",), ("sql", "x")]
)
def test_a_wrong_configuration_stops_every_command_before_it_starts(cli: Cli, command: tuple[str, ...]) -> None:
    cli.configure("[copies]\ntreshold = 0.4\n")
    said = cli(*command)
    assert (said.code, said.out) == (2, "")
    assert said.err.endswith("storyfold.toml:2: copies.treshold: unknown setting; did you mean 'threshold'?\n")


def test_a_configuration_elsewhere_is_named(cli: Cli, tmp_path: Path) -> None:
    elsewhere = tmp_path / "else" / "news.toml"
    elsewhere.parent.mkdir()
    elsewhere.write_text('database = "sqlite:///mine.db"')
    assert "else/mine.db" in cli("-c", str(elsewhere), "stories").err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("stor",), "No such command 'stor'"),
        (("story", "x"), "Invalid value for"),
        (("run",), "no sources are configured"),
        (("run", "--source", "x"), "no source has the name 'x'"),
        (("source", "test", "x"), "no source has the name 'x'"),
        (("source", "add", "nonsense"), "'nonsense' is no address of the web"),
        (("source", "add", "file:///etc/passwd"), "is no address of the web (not_http)"),
        (("source", "add", "ftp://a.example/", "--feed", "https://a.example/f"), "is no address of the web (not_http)"),
        (("source", "disable", "x"), "no source has the name 'x'"),
        (("source", "remove", "x"), "no source has the name 'x'"),
        (("schedule",), "no schedules are configured"),
        (("reread", "--since", "later"), "'later' is no time"),
    ],
)
def test_wrong_usage_is_told_in_words(cli: Cli, arguments: tuple[str, ...], complaint: str) -> None:
    said = cli(*arguments)
    assert said.code == 2
    assert complaint in said.err.replace("\n", " ")


def test_a_database_that_cannot_be_reached_is_no_traceback(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYFOLD_DATABASE", "postgresql://me:s3cret@127.0.0.1:1/news")
    said = cli("stories")
    assert said.code == 1
    assert said.err.startswith("storyfold: the database says: ")
    assert "s3cret" not in said.err


def test_a_file_that_is_no_database_of_ours_is_left_alone(cli: Cli) -> None:
    file = cli.folder / "storyfold.db"
    file.write_bytes(b"precious" * 1000)
    for command in (("stories",), ("init",), ("doctor",), ("sql", "SELECT 1")):
        said = cli(*command)
        assert (said.code, "Traceback" in said.err) == (1, False)
    assert file.read_bytes() == b"precious" * 1000


def test_init_writes_once_and_upgrades_ever_after(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert cli("init", str(folder)).code == 0
    file = folder / "storyfold.toml"
    assert (folder / "storyfold.db").exists()
    assert file.stat().st_mode & 0o077 == 0
    file.write_text(file.read_text() + "# mine\n")
    before = file.read_text()
    said = cli("init", str(folder))
    assert said.code == 0
    assert "left as it is" in said.out
    assert file.read_text() == before


def test_a_source_is_added_and_the_rest_of_the_file_stays(cli: Cli) -> None:
    file = cli.configure("# my notes\n[crawl]\ndelay = 3 # slow\n")
    said = cli("source", "add", "https://www.a.example/", "--feed", "https://a.example/f", "--owner", 'The "A"')
    assert said.code == 0
    text = file.read_text()
    assert text.startswith("# my notes\n[crawl]\ndelay = 3 # slow\n")
    assert tomllib.loads(text)["source"] == [
        {"name": "a.example", "url": "https://www.a.example/", "owner": 'The "A"', "feeds": ["https://a.example/f"]}
    ]
    assert [row["health"] for row in json.loads(cli("source", "list", "--json").out)] == ["not run yet"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("https://a.example/", "--feed", "file:///etc/passwd"), "source.feeds: must be an address"),
        (("https://a.example/", "--feed", "https://a.example/f", "--name", "a"), "another source has the name 'a'"),
        (("https://a.example/", "--feed", "https://a.example/f", "--country", "Utopia"), "source.country"),
    ],
)
def test_a_source_that_would_break_the_file_is_not_added(cli: Cli, arguments: tuple[str, ...], complaint: str) -> None:
    file = cli.configure('[[source]]\nname = "a"\nurl = "https://a.example/"\n')
    before = file.read_text()
    said = cli("source", "add", *arguments)
    assert said.code == 2
    assert complaint in said.err
    assert str(file) in said.err
    assert file.read_text() == before
    assert [path.name for path in cli.folder.iterdir()] == ["storyfold.toml"]


def test_times_are_read_as_people_type_them() -> None:
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert moment("90m", noon) == noon - timedelta(minutes=90)
    assert moment("2 D", noon) == noon - timedelta(days=2)
    assert moment("1w", noon) == noon - timedelta(weeks=1)
    assert moment("2026-05-31", noon) == noon - timedelta(days=1, hours=12)
    assert moment("2026-06-01T14:00+02:00", noon) == noon
    for wrong in ("", "1y", "-1d", "tomorrow", "9999999d"):
        with pytest.raises(UsageError):
            moment(wrong, noon)
