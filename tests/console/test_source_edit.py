"""`storyfold source disable`, `enable`, `remove` and `add` with addresses: the file afterwards, and the way back."""

import json
import os
import pty
import subprocess
import sys
import tomllib

import pytest

from storage.engine import Database
from tests.console.cli import ROOT, Cli
from tests.console.planted import World

FILE = """# mine
[[source]]
name = "A"
url = "https://a.example/" # the first

# about b
[[source]]
name = "B"
url = "https://b.example/"
tags = ["x", "y"]
"""


def names(cli: Cli) -> list[str]:
    return [source["name"] for source in tomllib.loads((cli.folder / "storyfold.toml").read_text()).get("source", [])]


def test_a_source_is_switched_off_and_on_and_the_list_says_so(cli: Cli) -> None:
    file = cli.configure(FILE)
    said = cli("source", "disable", "B", "A")
    assert (said.code, said.out) == (0, "B, A disabled, from the next run on.\n")
    rows = {row["outlet"]: row for row in json.loads(cli("source", "list", "--json").out)}
    assert [(rows[name]["health"], rows[name]["tags"]) for name in "AB"] == [("disabled", []), ("disabled", ["x", "y"])]
    assert "x, y" in cli("source", "list").out
    assert cli("source", "disable", "B").out == "B is disabled already.\n"
    assert "'B' is disabled" in cli("source", "test", "B").err
    assert cli("source", "enable", "A", "B").code == 0
    assert file.read_text() == FILE.replace(" # the first\n", " # the first\nenabled = true\n") + "enabled = true\n"


def test_a_removed_source_is_printed_so_that_it_can_be_put_back(cli: Cli) -> None:
    file = cli.configure(FILE)
    said = cli("source", "remove", "B")
    assert (said.code, file.read_text()) == (2, FILE)
    assert "--yes removes without asking" in said.err
    said = cli("source", "remove", "B", "--yes")
    assert (said.code, said.out) == (0, FILE[FILE.index("# about b") :])
    assert names(cli) == ["A"]
    file.write_text(file.read_text() + "\n" + said.out)
    assert names(cli) == ["A", "B"]


def test_a_source_that_a_schedule_names_is_not_removed(cli: Cli) -> None:
    text = FILE + '[[schedule]]\nname = "often"\ncron = "@hourly"\nsources = ["B"]\n'
    file = cli.configure(text)
    said = cli("source", "remove", "B", "--yes")
    assert (said.code, file.read_text()) == (2, text)
    assert "schedule.sources: no source has the name 'B'" in said.err


@pytest.mark.parametrize(("answer", "left"), [("n\n", ["A", "B"]), ("y\n", ["A"])])
def test_on_a_terminal_it_is_asked_first(cli: Cli, answer: str, left: list[str]) -> None:
    cli.configure(FILE)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "console.main", "source", "remove", "B"],
        cwd=cli.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.write(ours, answer.encode())
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert "Remove B from the configuration?" in out
    assert names(cli) == left


def test_the_articles_of_a_removed_source_stay(cli: Cli, world: World, database: Database) -> None:
    """The planted outlets are in the database and in no configuration: as after a removal."""
    cli.configure(FILE)
    rows = {row["outlet"]: row["health"] for row in json.loads(cli("source", "list", "--json").out)}
    assert (rows["A"], rows["B"]) == ("not run yet", "not run yet")
    assert {health for name, health in rows.items() if name not in "AB"} == {"removed"}
    assert json.loads(cli("stories", "--json").out)


def test_an_address_is_added_without_asking_anybody(cli: Cli) -> None:
    file = cli.configure(FILE)
    said = cli("source", "add", "www.c.example/news", "--no-find", "--tag", "x", "--dry-run")
    assert (said.code, file.read_text()) == (0, FILE)
    assert 'sections = ["https://www.c.example/news"]' in said.out
    assert cli("source", "add", "www.c.example/news", "--no-find", "--tag", "x").code == 0
    added = tomllib.loads(file.read_text())["source"][-1]
    home = "https://www.c.example/news"
    assert added == {"name": "c.example", "url": home, "sections": [home], "tags": ["x"]}
    said = cli("source", "add", "https://d.example/", "--section", "https://www.c.example/news#top")
    assert (said.code, "configured already, as 'c.example'" in said.err) == (2, True)
