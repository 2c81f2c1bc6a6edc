"""Scrapy's own commands from the repository's root, and ours from anywhere."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from benchmarks.web import Served, configuration, resolving, serving
from tests.ends import QUICK, ROOT, Desk, desk, finished
from tests.reports import PAGES

HOSTS: Final = ("tidewater.test", "standard.test")
STORYFOLD: Final = Path(sys.executable).with_name("storyfold")


@pytest.fixture
def outlets(tmp_path: Path) -> Iterator[Desk]:
    """Two outlets with a feed and a report each, and a configuration in a folder of its own."""
    pages = [Served(host, "/2024/11/lisse-gauges.html", PAGES[host].encode()) for host in HOSTS]
    with serving(pages) as port:
        config = configuration("", HOSTS, port).partition("\n")[2] + QUICK
        with desk(tmp_path, config, resolving(HOSTS)) as made:
            yield made


def test_scrapy_lists_the_spider_from_the_root(outlets: Desk) -> None:
    assert finished(outlets.start_python("-m", "scrapy", "list", cwd=ROOT)).out.split() == ["discover", "news"]


def test_scrapy_crawls_from_the_root_and_fold_goes_on_from_there(outlets: Desk) -> None:
    said = finished(outlets.start_python("-m", "scrapy", "crawl", "news", cwd=ROOT))
    assert "Traceback" not in said.err, said.err
    assert outlets.query("SELECT cause, state FROM run") == [("manual", "ok")]
    assert outlets.query("SELECT state, count(*) FROM page GROUP BY state") == [("read", 2)]
    assert outlets.scalar("SELECT count(*) FROM story") == 0
    finished(outlets.start_python("-m", "pipelines.fold", cwd=ROOT))
    assert outlets.query("SELECT articles, copy_groups FROM story WHERE state IN ('open', 'frozen')") == [(2, 2)]


def test_the_command_works_in_a_folder_that_knows_nothing_of_the_project(outlets: Desk, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    # Modules of these names lie in many a folder; ours are meant.
    (elsewhere / "crawler.py").write_text("raise ImportError('the wrong crawler')")
    (elsewhere / "storage.py").write_text("raise ImportError('the wrong storage')")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("STORYFOLD_", "SCRAPY_", "PYTHON"))
    }

    def storyfold(*arguments: str) -> str:
        done = subprocess.run(
            [STORYFOLD, "--config", outlets.config, *arguments],
            cwd=elsewhere,
            env=environment | dict(outlets.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "ok" in storyfold("run")
    assert "Aldermoor" in storyfold("stories")
    assert "All" in storyfold("doctor")
    assert sorted(path.name for path in elsewhere.iterdir()) == ["crawler.py", "storage.py"]
