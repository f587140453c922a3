"""The statements of one table on one database, and the way between its rows and their records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from .table import Key, Table

R = TypeVar("R")
Processor = Callable[[Any], Any] | None


def _bind(column: sa.Column[Any], dialect: sa.Dialect) -> Processor:
    """What turns a value that is not None into what the driver takes; None where it takes it as it is."""
    kind = column.type
    if isinstance(kind, sa.types.TypeDecorator):
        impl: Any = kind.dialect_impl(dialect)
        if impl.impl_instance.bind_processor(dialect) is None:
            # SQLAlchemy's own processor of a decorated type looks the rest up anew for every value.
            return partial(_decorated, kind.process_bind_param, dialect)
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _decorated(process: Callable[[Any, sa.Dialect], Any], dialect: sa.Dialect, value: Any) -> Any:
    return process(value, dialect)


def _result(column: sa.Column[Any], dialect: sa.Dialect) -> Processor:
    if isinstance(column.type, sa.Float):
        return None  # both drivers give a double as it is
    return column.type.dialect_impl(dialect).result_processor(dialect, None)


def _plain_type(column: sa.Column[Any], dialect: sa.Dialect) -> str:
    return column.type.compile(dialect).partition(" COLLATE ")[0]


class TableSql(Generic[R]):
    """What is said to the database about one table of one program."""

    def __init__(self, table: Table[R], dialect: sa.Dialect, mark: str, program_id: str) -> None:
        quote = dialect.identifier_preparer.quote
        self.table = table
        self.program_id = program_id
        self.name = quote(table.name)
        names = [quote(column.name) for column in table.columns]
        keys = [quote(name) for name in table.key_names]
        rest = [name for name in names if name not in keys]
        where = " AND ".join(f"{name} = {mark}" for name in ["program_id", *keys])
        change = "UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in rest) if rest else "NOTHING"
        self.columns = ", ".join(names)
        self.key_columns = ", ".join(keys)
        self.get = f"SELECT {self.columns} FROM {self.name} WHERE {where}"  # noqa: S608 - names are quoted
        self.delete = f"DELETE FROM {self.name} WHERE {where}"  # noqa: S608
        self.first = f"SELECT {self.columns} FROM {self.name} WHERE program_id = {mark} LIMIT {mark}"  # noqa: S608
        self.insert = f"INSERT INTO {self.name} (program_id, {self.columns}) "
        self.on_conflict = f" ON CONFLICT (program_id, {self.key_columns}) DO {change}"
        self.upsert = f"{self.insert}VALUES ({', '.join([mark] * (len(names) + 1))}){self.on_conflict}"
        arrays = ", ".join(f"{mark}::{_plain_type(column, dialect)}[]" for column in table.sql.columns)
        self.upsert_arrays = f"{self.insert}SELECT * FROM unnest({arrays}){self.on_conflict}"  # noqa: S608 - for PostgreSQL
        self.scan = (
            f"SELECT {self.columns} FROM {self.name} WHERE program_id = {mark} "  # noqa: S608
            f"ORDER BY {self.key_columns}"
        )
        self._binds = [(i, p) for i, c in enumerate(table.columns) if (p := _bind(c, dialect))]
        self._results = [(i, p) for i, c in enumerate(table.columns) if (p := _result(c, dialect))]
        self._key_binds = [
            (i, p) for i, name in enumerate(table.key_names) if (p := _bind(table.sql.columns[name], dialect))
        ]

    def parameters(self, row: R) -> tuple[Any, ...]:
        """The row as the database takes it, program first."""
        values = (self.program_id, *self.table.values_of(row))
        if not self._binds:
            return values
        changed = list(values)
        for i, process in self._binds:
            value = values[i + 1]
            if value is not None:
                changed[i + 1] = process(value)
        return tuple(changed)

    def key_parameters(self, key: Key) -> tuple[Any, ...]:
        """The key as the database takes it, program first."""
        if not self._key_binds:
            return (self.program_id, *key)
        changed = [self.program_id, *key]
        for i, process in self._key_binds:
            changed[i + 1] = process(changed[i + 1])
        return tuple(changed)

    def record(self, values: Sequence[Any]) -> R:
        """The record that a row of the database stands for."""
        if not self._results:
            return self.table.record(*values)
        changed = list(values)
        for i, process in self._results:
            changed[i] = process(changed[i])
        return self.table.record(*changed)
