"""The rooms and their doors: who may import whom."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "foundation": set[str](),
    "dedup": set[str](),
    "storage": {"foundation"},
    "crawler": {"foundation", "storage"},
    "pipelines": {"foundation", "crawler", "dedup", "storage"},
    "scheduler": {"foundation", "storage"},
}
CRAWLER_DOORS = {"crawler.items", "crawler.store", "crawler.workers"}  # what a pipeline shares with the running crawl


def imported(source: str) -> set[str]:
    """Return the modules that a module imports."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    return {*names, *(alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names)}


def test_rooms_import_only_what_they_may() -> None:
    ours = MAY_IMPORT.keys() | {"console", "tests", "benchmarks"}
    seen = set()
    for path in (path for room in MAY_IMPORT for path in [*ROOT.glob(f"{room}.py"), *ROOT.glob(f"{room}/**/*.py")]):
        room = path.relative_to(ROOT).parts[0].removesuffix(".py")
        seen.add(room)
        rooms = {name.partition(".")[0] for name in imported(path.read_text())}
        forbidden = (rooms & ours) - MAY_IMPORT[room] - {room}
        assert not forbidden, f"{path.relative_to(ROOT)} imports {forbidden}"
    assert seen == MAY_IMPORT.keys()  # a test that found no room would pass for ever


def test_pipelines_know_of_the_crawl_only_what_they_share_with_it() -> None:
    for path in ROOT.glob("pipelines/**/*.py"):
        doors = {name for name in imported(path.read_text()) if name.partition(".")[0] == "crawler"}
        assert doors <= CRAWLER_DOORS, f"{path.relative_to(ROOT)} imports {doors - CRAWLER_DOORS}"


def test_only_the_console_imports_the_scheduler() -> None:
    for path in (path for room in MAY_IMPORT for path in ROOT.glob(f"{room}/**/*.py")):
        assert "scheduler" not in imported(path.read_text()), path
