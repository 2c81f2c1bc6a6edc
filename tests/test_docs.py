"""Documentation is tested: a command, setting, view or target that the docs do not name fails the build."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from console.main import COMMANDS
from foundation.config import Settings
from storage.engine import Database
from storage.migrate import view_names

ROOT = Path(__file__).parent.parent
PAGES = {path: path.read_text() for path in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]}
EVERYTHING = "\n".join(PAGES.values())


def settings() -> list[str]:
    """Every setting, with its section: `crawl.delay`."""
    found = []
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if hasattr(section, "model_fields"):
            found += [f"{name}.{key}" for key in section.model_fields]
        elif arguments := [
            argument for argument in getattr(section, "__args__", ()) if hasattr(argument, "model_fields")
        ]:
            found += [f"{field.alias or name}.{key}" for key in arguments[0].model_fields]
        else:
            found.append(name)
    return found


def test_there_are_settings_to_look_for() -> None:
    assert {"database", "crawl.delay", "source.name", "schedule.cron"} <= set(settings())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    assert f"storyfold {command}" in PAGES[ROOT / "README.md"]


@pytest.mark.parametrize("setting", settings())
def test_every_setting_is_documented(setting: str) -> None:
    assert f"`{setting}`" in PAGES[ROOT / "docs" / "settings.md"]


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
