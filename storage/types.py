"""Column types that read back the same from SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, LargeBinary, String, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

BigInt = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows by INTEGER alone
Json = JSON().with_variant(JSONB(), "postgresql")
Sha256 = LargeBinary(32)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. ``timestamptz`` on PostgreSQL; on SQLite text such as ``2026-06-01T12:00:00.000Z``.

    The text has a fixed width, so that it sorts as time does, and SQLite's date functions read it. Milliseconds are
    kept, finer parts are cut. A naive value is a bug and refused with ValueError.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type that ``dialect`` stores."""
        return dialect.type_descriptor(String(24) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Turn an aware instant into what is stored."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive time cannot be stored: {value!r}")
        moment = value.astimezone(UTC)
        moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        return iso(moment) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Turn what is stored into an aware instant in UTC."""
        if value is None:
            return None
        return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)


def iso(moment: datetime) -> str:
    """Return an aware instant as ISO 8601 in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
