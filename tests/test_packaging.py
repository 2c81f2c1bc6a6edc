"""What is shipped is whole: the wheel holds SQL and demo, and the lock installs it into an empty environment."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import crawler
import pipelines

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"


def run(*command: str | Path, cwd: Path, timeout: float = 600, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("STORYFOLD", "SCRAPY", "PYTHON"))
    }
    done = subprocess.run(
        command, cwd=cwd, env=clean | environment, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done


def test_the_rooms_are_ours() -> None:
    assert Path(crawler.__file__).parent == ROOT / "crawler"
    assert Path(pipelines.__file__).parent == ROOT / "pipelines"


def test_the_lock_has_hashes_and_names_no_registry() -> None:
    text = LOCK.read_text()
    assert "://" not in text
    assert not re.search(r"^\s*(-i|--(index-url|extra-index-url|find-links))\b", text, flags=re.MULTILINE)
    pinned = re.findall(r"^[\w.-]+==.*?(?=^\S|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    assert len(pinned) > 50
    assert all("--hash=sha256:" in entry for entry in pinned)


def test_every_dependency_is_locked_and_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *project["optional-dependencies"]["postgres"],
        *project["optional-dependencies"]["dev"],
    ]
    names = {re.match(r"[\w.-]+", line)[0] for line in wanted} - {"storyfold"}  # type: ignore[index]
    locked = set(re.findall(r"^([\w.-]+)==", LOCK.read_text(), flags=re.MULTILINE))
    assert {name.replace("_", "-").lower() for name in names} <= locked
    explained = (ROOT / "docs" / "dependencies.md").read_text()
    assert not [name for name in names if f"`{name}`" not in explained]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_sql_migrations_and_the_news_web(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for kept in (*ROOT.glob("storage/**/*.sql"), *ROOT.glob("storage/migrations/**/*.py")):
        assert str(kept.relative_to(ROOT)) in names
    assert "console/newsweb/truth.toml" in names
    assert "scheduler.py" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "docs/"))]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_wheel_works_in_an_empty_environment_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "environment"
    if uv := shutil.which("uv"):
        run(uv, "venv", "--python", sys.executable, place, cwd=tmp_path)
        install: list[str | Path] = [uv, "pip", "install", "--python", place / "bin" / "python"]
    else:
        venv.create(place, with_pip=True)
        install = [place / "bin" / "python", "-m", "pip", "install", "--quiet"]
    run(*install, "--require-hashes", "-r", LOCK, cwd=tmp_path)
    run(*install, "--no-deps", wheel, cwd=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    storyfold = place / "bin" / "storyfold"
    assert re.fullmatch(r"storyfold \d+\.\d+\.\d+\n", run(storyfold, "--version", cwd=elsewhere).stdout)
    result = json.loads(run(storyfold, "demo", "--json", cwd=elsewhere).stdout)
    assert result["differences"] == []
    assert len(result["stories"]) > 6
