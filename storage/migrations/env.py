"""Alembic's entry: run the migrations on the connection that `storage.migrate` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from storage.models import Base
from storage.types import BigInt, Json, UtcDateTime


def our_types(kind: str, item: Any, generation: AutogenContext) -> str | Literal[False]:
    """Name our column types in a generated migration, instead of spelling out what they are made of."""
    names = {BigInt: "BigInt", Json: "Json"}
    name = "UtcDateTime()" if isinstance(item, UtcDateTime) else names.get(item) if kind == "type" else None
    if name is None:
        return False
    generation.imports.add(f"from storage.types import {name.removesuffix('()')}")
    return name


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=False,
    render_item=our_types,
    transaction_per_migration=False,
)
context.run_migrations()
