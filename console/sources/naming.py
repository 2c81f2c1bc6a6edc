"""Names of sources: what a title has to lose to be one, and what tells two of one name apart."""

from collections.abc import Container
from typing import Final

from foundation.config_sections import MAX_NAME
from foundation.urls import host

FIRST_NUMBER: Final = 2


def cleaned(title: str) -> str:
    """Return a valid name that is as near to ``title`` as may be; empty where nothing of it may stay."""
    shown = "".join(character if character.isprintable() else " " for character in title)
    return " ".join(shown.replace(",", " ").split())[:MAX_NAME].strip()


def unused(title: str, url: str, taken: Container[str]) -> str:
    """Return a name made of ``title`` (else of the host of ``url``) that is none of ``taken``."""
    place = host(url).removeprefix("www.")
    name = cleaned(title) or place
    if name not in taken:
        return name
    number, candidate = FIRST_NUMBER, _with(name, f" ({place})") if name != place else name
    while candidate in taken:
        candidate = _with(name, f" {number}")
        number += 1
    return candidate


def _with(name: str, ending: str) -> str:
    ending = ending[:MAX_NAME]
    return name[: MAX_NAME - len(ending)].rstrip() + ending
