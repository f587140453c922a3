"""The writer's rows: read once, changed in memory, written together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from pullcord.base import InvalidInput

from .database import Changes, Database
from .statements import TableSql
from .table import Key, Projection, Table

R = TypeVar("R")
_UNKNOWN: Any = object()  # the row was never looked up
_SMALL = 2_000  # a table of at most so many rows is read whole


class Unsure(Exception):
    """An old row that would have to be put back was never read."""


class Shelf(Generic[R]):
    """The rows of one table that are in memory. None stands for a row that is known not to exist."""

    __slots__ = ("complete", "dirty", "key_of", "looked", "rows", "sql", "table")

    def __init__(self, table: Table[R], sql: TableSql[R]) -> None:
        self.table = table
        self.key_of = table.key_of
        self.sql = sql
        self.forget()

    def forget(self) -> None:
        self.rows: dict[Key, R | None] = {}
        self.dirty: dict[Key, None] = {}
        self.complete = False  # every row of the table is here: what is not here does not exist
        self.looked = False


class RowCache:
    """A write-behind cache over the tables of all projections, with an undo journal for the command in progress."""

    def __init__(
        self, database: Database, cursor: Any, program_id: str, projections: Sequence[Projection], rows_max: int
    ) -> None:
        self._database = database
        self._cursor = cursor
        self.look = cursor  # what is read is read with it
        self._rows_max = rows_max
        self._shelves: dict[Table[Any], Shelf[Any]] = {}
        self.journal: list[tuple[Shelf[Any], Key, Any]] = []
        self._overwritten = False  # the command in progress has written over a row that was never read
        self.views: dict[str, ProjectionRows] = {}
        for projection in projections:
            if projection.name in self.views:
                raise InvalidInput(f"two projections are called `{projection.name}`", "give each room's its own name")
            own: dict[Table[Any], Shelf[Any]] = {}
            for table in projection.tables:
                if table in self._shelves:
                    raise InvalidInput(
                        f"table `{table.name}` belongs to two projections", "let one room own it, and others read it"
                    )
                own[table] = self._shelves[table] = Shelf(table, database.table_sql(table, program_id))
            self.views[projection.name] = ProjectionRows(self, own, projection.name)

    def use(self, cursor: Any) -> None:
        """Go on with another connection."""
        self._cursor = self.look = cursor

    def get(self, table: Table[R], *key: Any) -> R | None:
        """The row with this key as the command in progress sees it, or None."""
        try:
            shelf: Shelf[R] = self._shelves[table]
        except KeyError:
            raise self._unknown(table) from None
        try:
            return shelf.rows[key]
        except KeyError:
            return None if shelf.complete else self._fetch(shelf, key)

    def _unknown(self, table: Table[Any]) -> InvalidInput:
        return InvalidInput(
            f"table `{table.name}` belongs to no projection of this ledger", "open it with that projection"
        )

    def _fetch(self, shelf: Shelf[R], key: Key) -> R | None:
        if len(key) != len(shelf.table.key_names):
            raise InvalidInput(
                f"the key of `{shelf.table.name}` is {shelf.table.key_names}, and {key} was given",
                "give each part of it",
            )
        if not shelf.looked:
            shelf.looked = True
            self.look.execute(shelf.sql.first, (shelf.sql.program_id, _SMALL + 1))
            found = self.look.fetchall()
            if len(found) <= _SMALL:
                for values in found:
                    known = shelf.sql.record(values)
                    shelf.rows.setdefault(shelf.key_of(known), known)  # what is in memory is newer
                shelf.complete = True
                return shelf.rows.get(key)
        self.look.execute(shelf.sql.get, shelf.sql.key_parameters(key))
        values = self.look.fetchone()
        row: R | None = None if values is None else shelf.sql.record(values)
        shelf.rows[key] = row
        return row

    def undo(self) -> None:
        """Put back what the command in progress has changed."""
        if self._overwritten:
            raise Unsure
        for shelf, key, old in reversed(self.journal):
            if old is _UNKNOWN:
                del shelf.rows[key], shelf.dirty[key]
                shelf.complete = False  # where the whole table was read meanwhile, this row of it was not
            else:
                shelf.rows[key] = old
                shelf.dirty[key] = None
        self.journal.clear()

    def keep(self) -> None:
        """Let the changes of the command in progress stand."""
        self.journal.clear()
        self._overwritten = False

    def take(self) -> Changes:
        """What was changed since it was last taken, to be written."""
        if self.journal and any(old is _UNKNOWN for _, _, old in self.journal):
            self._overwritten = True
        taken: Changes = []
        for shelf in self._shelves.values():
            if shelf.dirty:
                sql, rows = shelf.sql, shelf.rows
                gone = [sql.key_parameters(key) for key in shelf.dirty if rows[key] is None]
                kept = [sql.parameters(row) for key in shelf.dirty if (row := rows[key]) is not None]
                taken.append((sql, gone, kept))
                shelf.dirty = {}
        return taken

    def flush(self) -> None:
        """Write what was changed."""
        self._database.write_rows(self._cursor, self.take())

    def forget(self) -> None:
        """Drop everything: the database is right, memory is not."""
        self.keep()
        for shelf in self._shelves.values():
            shelf.forget()

    def trim(self) -> None:
        """Keep memory within bounds. Only called when everything is written but for what is dirty, which stays."""
        shelves = [shelf for shelf in self._shelves.values() if shelf.rows]
        while sum(len(shelf.rows) - len(shelf.dirty) for shelf in shelves) > self._rows_max:
            largest = max(shelves, key=lambda shelf: len(shelf.rows) - len(shelf.dirty))
            clean = [key for key in largest.rows if key not in largest.dirty]
            for key in clean[: len(clean) // 2 + 1]:
                del largest.rows[key]
            largest.complete = False


class ProjectionRows:
    """The rows as one projection's folds see them: they read everything, and write their own tables."""

    __slots__ = ("_cache", "_journal", "_name", "_own", "get")

    def __init__(self, cache: RowCache, own: dict[Table[Any], Shelf[Any]], name: str) -> None:
        self._cache = cache
        self._own = own
        self._name = name
        self._journal = cache.journal
        self.get = cache.get

    def put(self, table: Table[R], row: R) -> None:
        """Insert the row, or replace the one with its key."""
        try:
            shelf = self._own[table]
        except KeyError:
            raise self._foreign(table) from None
        key = shelf.key_of(row)
        rows = shelf.rows
        old = rows.get(key, _UNKNOWN)
        self._journal.append((shelf, key, None if old is _UNKNOWN and shelf.complete else old))
        rows[key] = row
        shelf.dirty[key] = None

    def delete(self, table: Table[R], *key: Any) -> None:
        """Remove the row with this key, if there is one."""
        try:
            shelf = self._own[table]
        except KeyError:
            raise self._foreign(table) from None
        old = self._cache.get(table, *key)
        if old is not None:
            self._journal.append((shelf, key, old))
            shelf.rows[key] = None
            shelf.dirty[key] = None

    def _foreign(self, table: Table[Any]) -> InvalidInput:
        return InvalidInput(
            f"projection `{self._name}` may not write table `{table.name}`", "a fold writes only its own tables"
        )
