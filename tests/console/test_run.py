"""`storyfold run`, `reread` and `source test` against a real site, as processes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from console.main import COMMANDS
from tests.console.cli import Cli
from tests.console.site import PARAGRAPHS, Site, serving

PATIENCE = 120.0
QUICK = "[crawl]\ndelay = 0\npoll_shortest = 0\npoll_longest = 0.001\nretry_pause = 0\n"


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


def told(cli: Cli, *arguments: str) -> tuple[int, Any, str]:
    """Run a command as a process and read its JSON."""
    process = cli.process(*arguments, "--json")
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert "Traceback" not in err
    return process.returncode, json.loads(out) if out else None, err


def test_a_run_fetches_once_folds_and_says_what_failed(cli: Cli, site: Site) -> None:
    cli.configure(QUICK + site.source() + site.source("Broken", "broken.xml"))
    code, result, err = told(cli, "run")
    assert (code, result["state"], result["failed_sources"]) == (3, "partial", ["Broken"]), err
    assert result["reason"] == "feeds failed of Broken"
    assert (result["counts"]["pages_fetched"], result["counts"]["articles_new"]) == (2, 2)
    assert {site.asked[f"/{name}.html"] for name in PARAGRAPHS} == {1}
    assert {row["title"] for row in json.loads(cli("stories", "--json").out)} == set(PARAGRAPHS)
    assert (cli("doctor").code, json.loads(cli("source", "list", "--json").out)[0]["health"]) == (0, "failing")

    code, result, err = told(cli, "run", "--source", "Valley")
    assert (code, result["state"], result["counts"]["pages_fetched"]) == (0, "ok", 0), err

    code, result, err = told(cli, "reread")
    assert (code, result["state"]) == (0, "ok"), err
    assert "2 pages are read again" in err
    assert {site.asked[f"/{name}.html"] for name in PARAGRAPHS} == {1}
    assert json.loads(cli("sql", "SELECT state, count(*) AS n FROM page GROUP BY state", "--json").out) == [
        {"state": "read", "n": 2}
    ]
    assert cli("doctor").code == 0


def test_a_source_is_tried_and_nothing_of_it_is_kept(cli: Cli, site: Site) -> None:
    cli.configure(QUICK + site.source())
    code, result, err = told(cli, "source", "test", "Valley", "--pages", "1")
    assert code == 0, err
    assert [(feed["outcome"], feed["status"]) for feed in result["feeds"]] == [("read", 200)]
    assert sorted((page["state"], page["what"]) for page in result["pages"]) == [
        ("read", "read it: article"),
        ("waiting", "fetch it"),
    ]
    assert [path.name for path in cli.folder.iterdir()] == ["storyfold.toml"]

    code, result, err = told(cli, "source", "test", f"{site.url}/broken.xml", "--allow-private")
    assert (code, result) == (1, None)
    assert "nothing that lists articles was found" in err
    assert "broken.xml: answered 500" in err

    cli.configure(QUICK + site.source("Broken", "broken.xml"))
    code, result, err = told(cli, "source", "test", "Broken")
    assert (code, result["feeds"][0]["outcome"], result["pages"]) == (3, "failed", []), err


def test_the_folder_that_a_run_is_started_in_cannot_shadow_our_modules(cli: Cli, site: Site) -> None:
    cli.configure(QUICK + site.source())
    for name in ("scrapy", "storage", "json"):
        (cli.folder / f"{name}.py").write_text("raise SystemExit('shadowed')")
    (cli.folder / "crawler").mkdir()
    (cli.folder / "crawler" / "__init__.py").write_text("raise SystemExit('shadowed')")
    process = cli.process("run", safe_path=True)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, out + err


def test_every_command_helps(cli: Cli) -> None:
    listed = cli("--help")
    assert listed.code == 0
    for name in COMMANDS:
        assert name in listed.out
        said = cli(name, "--help")
        assert (said.code, said.err) == (0, "")
        assert len(said.out.splitlines()) > 5
