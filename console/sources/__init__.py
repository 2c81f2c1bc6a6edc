"""`storyfold source`: the outlets of the configuration: find, add, list, try, import, export, switch off, remove."""

from typing import Final

import typer

from console.sources.adding import add
from console.sources.editing import disable, enable, remove
from console.sources.exporting import export
from console.sources.importing import import_file
from console.sources.listing import show
from console.sources.trial import trial

app: Final = typer.Typer(
    rich_markup_mode=None,
    help="Find, add, list, try, import, export, switch off and remove outlets.",
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)
app.command("add")(add)
app.command("list")(show)
app.command("test")(trial)
app.command("import")(import_file)
app.command("export")(export)
app.command("disable")(disable)
app.command("enable")(enable)
app.command("remove")(remove)
