"""Tables of records, and projections: pure functions that fold events into them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import sqlalchemy as sa

from pullcord.base import InvalidInput, ProgramId

from .columns import byte_order
from .event import Event, codec_of, record_fields

R = TypeVar("R")
Key = tuple[Any, ...]


class Table(Generic[R]):
    """A database table whose rows are records of one frozen dataclass, or of a frozen msgspec.Struct where rows are
    made by the thousand: those are built several times faster.

    The record's fields are the columns after `program_id`, with the same names in the same order; its key is the
    table's primary key without `program_id`.
    """

    def __init__(self, sql: sa.Table, record: type[R]) -> None:
        self.sql = sql
        self.record = record
        self.columns: tuple[sa.Column[Any], ...] = tuple(sql.columns)[1:]
        names = [column.name for column in self.columns]
        fields = record_fields(record)
        primary = [column.name for column in sql.primary_key.columns]
        if primary[:1] != ["program_id"] or sql.columns.keys()[0] != "program_id":
            raise InvalidInput(f"table `{sql.name}` does not begin with the program", "put program_key() first")
        if fields != names:
            raise InvalidInput(
                f"{record.__name__} has the fields {fields}, and table `{sql.name}` the columns {names}",
                "give both the same names in the same order",
            )
        inexact = [c.name for c in self.columns if isinstance(c.type, sa.Numeric) and not isinstance(c.type, sa.Float)]
        if inexact:
            raise InvalidInput(
                f"NUMERIC columns {inexact} of table `{sql.name}` would not be exact on SQLite",
                "keep money in minor units in a BigInteger",
            )
        self.key_names = tuple(primary[1:])
        if not self.key_names:
            raise InvalidInput(f"table `{sql.name}` has no key of its own", "give it a primary key after program_id")
        byte_order(sql)
        self.key_of = _tuple_getter(self.key_names)
        as_tuple: Callable[[Any], Key] = msgspec.structs.astuple
        self.values_of = as_tuple if issubclass(record, msgspec.Struct) else _tuple_getter(tuple(names))

    @property
    def name(self) -> str:
        return self.sql.name

    def __repr__(self) -> str:
        return f"Table({self.name})"


def _tuple_getter(names: tuple[str, ...]) -> Callable[[Any], Key]:
    if len(names) > 1:
        return attrgetter(*names)
    only = attrgetter(names[0])
    return lambda record: (only(record),)


class Rows(Protocol):
    """What a fold may use."""

    def get(self, table: Table[R], *key: Any) -> R | None:
        """The row with this key, or None."""
        ...

    def put(self, table: Table[R], row: R) -> None:
        """Insert the row, or replace the one with its key."""
        ...

    def delete(self, table: Table[R], *key: Any) -> None:
        """Remove the row with this key, if there is one."""
        ...


Fold = Callable[[Rows, Event[Any]], None]


class Projection:
    """The tables of one room and the folds that fill them: functions of the rows and the event, and of nothing else.

    A fold may listen to the events of rooms below and read their tables; it writes only its own.
    Tables are written in the order given, parents first. Raise `version` when a fold, or a rule of a table, changes
    what the same events make: ledgers that hold the old rows are then refused until they are rebuilt.
    """

    def __init__(self, name: str, tables: tuple[Table[Any], ...], folds: Mapping[type, Fold], version: int = 1) -> None:
        if version < 1:
            raise InvalidInput(f"projection `{name}` cannot be of version {version}", "count from 1")
        self.name = name
        self.version = version
        self.tables = tuple(tables)
        self.folds = dict(folds)
        for cls in self.folds:
            if codec_of(cls).kind == "command.answered":
                raise InvalidInput(
                    f"projection `{name}` folds command.answered, which is complete only after what it caused",
                    "fold the events that the command emitted",
                )

    def __repr__(self) -> str:
        return f"Projection({self.name})"


class Reader(Protocol):
    """A view of one instant of one program. It never waits for the writer, and the writer never waits for it."""

    @property
    def program_id(self) -> ProgramId: ...

    def get(self, table: Table[R], *key: Any) -> R | None:
        """The row with this key, or None."""
        ...

    def select(
        self, table: Table[R], *where: sa.ColumnElement[bool], order_by: Sequence[sa.ColumnElement[Any]] = ()
    ) -> list[R]:
        """The rows of this program that meet every condition; in key order unless `order_by` says otherwise."""
        ...

    def query(self, statement: sa.Select[Any]) -> list[sa.Row[*tuple[Any, ...]]]:
        """What the statement finds, in any program: the caller filters by `program_id`."""
        ...
