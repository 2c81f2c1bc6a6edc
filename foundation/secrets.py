"""Secrets of the configuration: written down, or named by an environment variable or a file; never shown again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Final

from pydantic import BeforeValidator, SecretStr
from pydantic_core import PydanticCustomError

MOST_BYTES: Final = 64 * 1024  # a key file is smaller; /dev/zero is not
FORMS: Final = 'must be text, or { env = "NAME" }, or { file = "path" }'

_FOLDER: Final[ContextVar[Path]] = ContextVar("folder")


@contextmanager
def beside(folder: Path) -> Iterator[None]:
    """While this lasts, relative paths of secrets lie in ``folder``; elsewhere, in the current one."""
    token = _FOLDER.set(folder)
    try:
        yield
    finally:
        _FOLDER.reset(token)


def _secret(value: object) -> object:
    match value:
        case {"env": str(name)} if isinstance(value, Mapping) and len(value) == 1:
            return _from_environment(name)
        case {"file": str(path)} if isinstance(value, Mapping) and len(value) == 1:
            return _from_file(_FOLDER.get(Path()) / Path(path).expanduser())
        case str() | SecretStr():
            return value
    raise PydanticCustomError("secret", "{what}", {"what": FORMS})


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise PydanticCustomError("secret", "the environment variable {name} is not set", {"name": repr(name)})
    return value


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        text = content.decode().rstrip("\r\n")
        what = "is empty" if not text else "is larger than a secret" if len(content) > MOST_BYTES else None
    except UnicodeDecodeError:
        what = "is not UTF-8 text"
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        what = (error.strerror if isinstance(error, OSError) else None) or "cannot be read"
    if what:
        raise PydanticCustomError("secret", "{path}: {what}", {"path": repr(str(path)), "what": what})
    return text


Secret = Annotated[SecretStr, BeforeValidator(_secret)]
