"""Column types that mean the same on SQLite and PostgreSQL, and the metadata that every room's tables hang on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from pullcord.base import require_utc

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of every room."""


def program_key() -> sa.Column[str]:
    """The first column of every table: a database can hold many programs, and can be distributed by it."""
    return sa.Column("program_id", sa.String, primary_key=True)


def byte_order(table: sa.Table) -> None:
    """Let the texts of a table sort by their bytes on PostgreSQL too, whatever its locale."""
    for column in table.columns:
        if type(column.type) in (sa.String, sa.Text):
            column.type = column.type.with_variant(sa.Text(collation="C"), "postgresql")


_latest: tuple[datetime | None, str] = (None, "")


def instant_text(at: datetime) -> str:
    """An instant as fixed-width UTC text, so that the order of the text is the order of time."""
    global _latest
    known, text = _latest
    if known is not at:  # rows and events of one group are of one instant, and writing it takes longer than asking
        text = require_utc(at).isoformat(timespec="microseconds")[:-6] + "Z"  # 2026-03-02T08:00:00.000000Z
        _latest = (at, text)
    return text


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An instant: TIMESTAMPTZ on PostgreSQL, fixed-width ISO text on SQLite, aware and in UTC in Python."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind: TypeEngine[Any] = sa.String(27) if dialect.name == "sqlite" else sa.DateTime(timezone=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return instant_text(value) if dialect.name == "sqlite" else require_utc(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)


_CANONICAL = msgspec.json.Encoder(order="sorted")


class Json(sa.types.TypeDecorator[Any]):
    """Plain lists, dicts, strings and numbers as canonical JSON text: the same value is the same text."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else _CANONICAL.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value)
