"""Documentation is tested: a command, setting, view or target that the docs do not name fails the build."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from sqlalchemy import text

from console.main import COMMANDS
from foundation.config import Settings
from storage.engine import Database
from storage.migrate import view_names

ROOT = Path(__file__).parent.parent
PAGES = {path: path.read_text() for path in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]}
EVERYTHING = "\n".join(PAGES.values())


def settings() -> dict[str, FieldInfo]:
    """Every setting by its section and name: `crawl.delay`."""
    found: dict[str, FieldInfo] = {}
    for name, field in Settings.model_fields.items():
        sections = [field.annotation, *get_args(field.annotation)]
        model = next((part for part in sections if isinstance(part, type) and issubclass(part, BaseModel)), None)
        if model is None:
            found[name] = field
        else:
            found |= {f"{field.alias or name}.{key}": part for key, part in model.model_fields.items()}
    return found


def row(name: str, field: FieldInfo) -> str:
    """A setting's row of docs/settings.md."""
    default = "required" if field.is_required() else json.dumps(field.get_default(call_default_factory=True))
    if name == "extract.workers":
        default = "the cores, at most 4"
    return f"| `{name}` | {default if default != 'null' else ''} | {field.description} |"


def test_there_are_settings_to_look_for() -> None:
    assert {"database", "crawl.delay", "source.name", "schedule.cron"} <= settings().keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    assert f"`storyfold {command}`" in PAGES[ROOT / "README.md"]


@pytest.mark.parametrize("setting", settings())
def test_every_setting_is_documented_with_its_default(setting: str) -> None:
    assert row(setting, settings()[setting]) in PAGES[ROOT / "docs" / "settings.md"].splitlines()


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path, page in PAGES.items()
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page)
        if not (path.parent / target).exists()
    ]
    assert not broken


def recipes() -> list[str]:
    """The statements of the cookbook."""
    return re.findall(r"```sql\n(.*?)```", PAGES[ROOT / "docs" / "cookbook.md"], re.DOTALL)


def test_every_recipe_of_the_cookbook_runs(database: Database) -> None:
    assert len(recipes()) > 10
    for recipe in recipes():
        with database.read() as session:
            session.execute(text(recipe.replace(":", "\\:")))


def test_the_cookbook_names_every_column_of_every_view(database: Database) -> None:
    page = PAGES[ROOT / "docs" / "cookbook.md"]
    with database.read() as session:
        for view in view_names():
            section = re.search(rf"^## `{view}`$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
            columns = session.execute(text(f"SELECT * FROM {view} LIMIT 0")).keys()
            missing = [column for column in columns if f"`{column}`" not in (section[1] if section else "")]
            assert not missing, f"docs/cookbook.md, {view}: {missing}"


def test_every_test_that_the_docs_name_exists() -> None:
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", EVERYTHING))
    written = {name for path in ROOT.glob("tests/**/*.py") for name in re.findall(r"def (test_\w+)", path.read_text())}
    assert len(named) > 20
    assert named <= written
