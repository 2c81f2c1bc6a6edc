"""The command line. Each command is imported when it is asked for, so that `storyfold --version` is quick."""

import os
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from foundation.errors import AlreadyRunning, ConfigurationError, NewsError, UsageError

EXIT_OK: Final = 0
EXIT_FAILURE: Final = 1
EXIT_USAGE: Final = 2
EXIT_SOME_SOURCES_FAILED: Final = 3
EXIT_ALREADY_RUNNING: Final = 75  # sysexits.h: a temporary failure; try again later

# In the order of a first day's work: command -> where it is written.
COMMANDS: Final = {
    "demo": "console.demo:demo",
    "init": "console.init:init",
    "source": "console.sources:app",
    "run": "console.run:run",
    "schedule": "console.schedule:schedule",
    "reread": "console.run:reread",
    "stories": "console.stories:stories",
    "story": "console.stories:story",
    "explain": "console.explain:explain",
    "copies": "console.copies:copies",
    "diff": "console.diff:diff",
    "merge": "console.decide:merge",
    "split": "console.decide:split",
    "pin": "console.decide:pin",
    "rename": "console.decide:rename",
    "undo": "console.decide:undo",
    "decisions": "console.decide:decisions",
    "review": "console.review:review",
    "rebuild": "console.rebuild:rebuild",
    "watch": "console.watch:app",
    "site": "console.site:app",
    "sql": "console.sql:sql",
    "doctor": "console.doctor:doctor",
    "extract": "console.extract:extract",
    "fold": "console.fold:fold",
}


class Commands(TyperGroup):
    """The commands of COMMANDS, each imported on demand."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, as the help shows them."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import one command; None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(module), name)
        if isinstance(found, typer.Typer):
            group = typer.main.get_command(found)
            group.name = cmd_name
            return group
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        alone.command(cmd_name)(found)
        return typer.main.get_command(alone)


app = typer.Typer(
    cls=Commands,
    name="storyfold",
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    rich_markup_mode=None,  # brackets of our texts are only brackets
    context_settings={"help_option_names": ["-h", "--help"]},
)


def release() -> str:
    """Return the version that is installed."""
    try:
        return version("storyfold")
    except PackageNotFoundError:  # a working copy that was never installed
        return "0 (not installed)"


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"storyfold {release()}")
        raise typer.Exit


@app.callback()
def storyfold(
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="The configuration. [default: $STORYFOLD_CONFIG, else ./storyfold.toml]"),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Fetch news coverage, fold reprints into copy groups and independent reports into stories, and say why.

    Exit codes: 0 ok, 1 failure, 2 wrong usage or configuration, 3 some sources failed, 75 already running.
    """
    if config is not None:
        os.environ["STORYFOLD_CONFIG"] = str(config.absolute())  # children read the same file


def main() -> None:
    """Run the command line; an expected error is one message and an exit code, never a traceback."""
    os.environ.setdefault("SCRAPY_SETTINGS_MODULE", "crawler.settings")
    try:
        app(prog_name="storyfold")
    except NewsError as error:
        typer.echo(f"storyfold: {error}", err=True)
        sys.exit(exit_code(error))
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_FAILURE)
    except Exception as error:
        if (message := _database_trouble(error)) is None:
            raise
        typer.echo(f"storyfold: {message}", err=True)
        sys.exit(EXIT_FAILURE)


def exit_code(error: NewsError) -> int:
    """Return what a process ends with for ``error``."""
    match error:
        case UsageError() | ConfigurationError():
            return EXIT_USAGE
        case AlreadyRunning():
            return EXIT_ALREADY_RUNNING
        case _:
            return EXIT_FAILURE


def _database_trouble(error: Exception) -> str | None:
    """Return what the database's driver said, or None where the error is not its."""
    if "sqlalchemy" not in sys.modules:
        return None
    from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError

    # Its other errors (a constraint, a wrong statement) are faults of ours, and want their traceback.
    if not isinstance(error, OperationalError | InterfaceError) and type(error) is not DatabaseError:
        return None
    assert isinstance(error, DBAPIError)
    return f"the database says: {str(error.orig).strip()}"


if __name__ == "__main__":
    main()
