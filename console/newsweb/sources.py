"""Write the storyfold.toml that makes every outlet of the news web a source."""

import json

from console.newsweb.content import Content, Outlet


def config_toml(content: Content, port: int, database: str) -> str:
    """The configuration as text. Outlets may be reached on loopback, each under its own host name only."""
    parts = [f"database = {json.dumps(database)}", *(_source(outlet, port) for outlet in content.outlets.values())]
    return "\n\n".join(parts) + "\n"


def _source(outlet: Outlet, port: int) -> str:
    home = f"http://{outlet.host}:{port}"
    values = {
        "name": outlet.name,
        "url": f"{home}/",
        "owner": outlet.owner,
        "country": outlet.country,
        "language": outlet.language,
        "feeds": [home + feed.path for feed in outlet.feeds],
        "allow_private": True,
    }
    # JSON's strings, lists and booleans are TOML's, as long as nothing is escaped beyond what both know.
    return "[[source]]\n" + "\n".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()
    )
