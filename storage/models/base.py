"""The base of all tables: constraint names, column types, and one way to say "one of these words"."""

from datetime import datetime
from typing import Any

from sqlalchemy import MetaData, Table
from sqlalchemy.orm import DeclarativeBase

from storage.types import BigInt, Json, UtcDateTime


def one_of(column: str, allowed: tuple[str, ...]) -> str:
    """Return the SQL condition that ``column`` holds one of ``allowed``."""
    return f"{column} IN ({', '.join(repr(word) for word in allowed)})"


class Base(DeclarativeBase):
    """Base of all tables; constraint names are fixed, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime(), dict[str, Any]: Json, list[Any]: Json, int: BigInt}  # noqa: RUF012


def table_of(model: type[Base]) -> Table:
    """Return a model's table, for the statements that run once for every page: they make no objects."""
    table = model.__table__
    assert isinstance(table, Table)
    return table
