"""What the ledger asks of a database: how it is opened, kept for one writer, and written to."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, TypeVar

import psycopg
import sqlalchemy as sa

from .statements import TableSql
from .table import Table

R = TypeVar("R")
RawConnection = Any  # sqlite3.Connection or psycopg.Connection

Changes: TypeAlias = list[tuple[TableSql[Any], list[tuple[Any, ...]], list[tuple[Any, ...]]]]
"""For each table that was changed: the keys of rows to remove, and rows to write, as the database takes them."""


class Head(NamedTuple):
    """Where a program's chain ends, and whose turn it is to write."""

    seq: int
    hash: bytes
    program_id: str
    epoch: int


@dataclass(slots=True)
class Batch:
    """What one commit writes."""

    changes: Changes
    events: list[tuple[Any, ...]]  # program, seq, recorded_at, kind, stream, version, party, cause, body, hash
    head: Head
    moved: bool | None = None  # whether the head was this writer's to move; None while that was not tried


def root_of(failure: BaseException) -> BaseException:
    """What the driver raised, out of SQLAlchemy's wrapping."""
    return failure.orig if isinstance(failure, sa.exc.DBAPIError) and failure.orig is not None else failure


class Database(ABC):
    """One kind of database: an engine for readers, and the raw connection of the writer."""

    mark: str  # placeholder of a parameter
    columns_sql: str  # table and column of every table, in the columns' order

    def __init__(self, url: sa.URL) -> None:
        self.url = url
        self.name = url.render_as_string(hide_password=True)
        self.engine = self._engine()
        self.dialect = self.engine.dialect

    @abstractmethod
    def _engine(self) -> sa.Engine: ...

    def sql(self, text: str) -> str:
        """A statement written with `?` as this database takes it."""
        return text.replace("?", self.mark)

    @abstractmethod
    def begin_write(self, raw: RawConnection) -> None:
        """Begin the writer's transaction."""

    def writing_connection(self) -> tuple[sa.Connection, RawConnection, Any]:
        """A connection for the writer, as SQLAlchemy's and as the driver's, with a cursor."""
        connection = self.engine.connect()
        raw = connection.connection.driver_connection
        assert raw is not None
        return connection, raw, raw.cursor()

    def looking_connection(self) -> tuple[sa.Connection, Any]:
        """A connection to look things up by while the writer's own commits, with a cursor; it must not keep waiting."""
        connection, _, cursor = self.writing_connection()
        return connection, cursor

    @abstractmethod
    def begin_read(self, connection: sa.Connection) -> None:
        """Begin a transaction that sees one instant."""

    @abstractmethod
    def in_transaction(self, raw: RawConnection) -> bool:
        """Whether a transaction has begun, be it of use or not."""

    @abstractmethod
    def is_aborted(self, raw: RawConnection) -> bool:
        """Whether a failed statement has spoiled the transaction that had begun."""

    @abstractmethod
    def is_lost(self, raw: RawConnection) -> bool:
        """Whether the connection is gone."""

    @abstractmethod
    def take_writer_lock(self, raw: RawConnection, program_id: str) -> None:
        """Keep every other writer of the program out, or raise Conflict naming the one who is in."""

    def end_writing(self, connection: sa.Connection, raw: RawConnection) -> None:
        """Undo what is not committed, close the writer's connection, and let the next writers in."""
        with suppress(Exception):  # a connection that is lost has nothing to roll back
            if self.in_transaction(raw):
                raw.rollback()
        connection.invalidate()  # a lock of the session must not go back to the pool
        connection.close()

    @abstractmethod
    def begin_change(self, raw: RawConnection) -> None:
        """Begin a transaction that may make and drop tables: in one database, one at a time."""

    @contextmanager
    def change(self, raw: RawConnection) -> Iterator[None]:
        """A block that may make and drop tables; what it does is kept wholly when it ends well, else not at all."""
        self.begin_change(raw)
        try:
            yield
            raw.execute("COMMIT")
        except BaseException:
            with suppress(Exception):  # the first failure is the one to tell
                raw.execute("ROLLBACK")
            raise

    def table_columns(self, raw: RawConnection) -> dict[str, tuple[str, ...]]:
        """The columns of every table that is there, in their order."""
        found: dict[str, list[str]] = {}
        for table, column in raw.execute(self.columns_sql).fetchall():
            found.setdefault(table, []).append(column)
        return {table: tuple(columns) for table, columns in found.items()}

    @abstractmethod
    def is_storage_failure(self, failure: BaseException) -> bool:
        """Whether the disk or the server is to blame, and no command."""

    @abstractmethod
    def explain(self, failure: BaseException) -> BaseException:
        """What a failure means to the caller; what is none of the database's is given back as it is."""

    @contextmanager
    def explained(self) -> Iterator[None]:
        """A block whose database errors become errors for people."""
        try:
            yield
        except (sa.exc.DBAPIError, sqlite3.Error, psycopg.Error) as failure:
            raise self.explain(failure) from failure

    def table_sql(self, table: Table[R], program_id: str) -> TableSql[R]:
        return TableSql(table, self.dialect, self.mark, program_id)

    def upsert(self, cursor: Any, sql: TableSql[Any], rows: list[tuple[Any, ...]]) -> None:
        """Write rows, replacing those with the same keys."""
        cursor.executemany(sql.upsert, rows)

    def write_rows(self, cursor: Any, changes: Changes) -> None:
        """Write what was changed: removals first, then rows, parents before children."""
        for sql, gone, _ in reversed(changes):
            if gone:
                cursor.executemany(sql.delete, gone)
        for sql, _, rows in changes:
            if rows:
                self.upsert(cursor, sql, rows)

    def begin_batch(self, raw: RawConnection, cursor: Any, batch: Batch) -> None:
        """Begin to write a batch, as far as that takes no wait: it is called by whoever decides."""
        batch.moved = None  # here nothing is written without waiting for a server

    def end_batch(self, raw: RawConnection, cursor: Any, batch: Batch) -> bool:
        """Write what is left of a batch in its transaction; False where its head is another's to move."""
        self.begin_write(raw)
        return self.write_batch(raw, cursor, batch)

    def write_batch(self, raw: RawConnection, cursor: Any, batch: Batch) -> bool:
        """Write a batch in the transaction that has begun; False where its head is another's to move."""
        with self.together(raw, len(batch.events)):
            self.write_rows(cursor, batch.changes)
            self.insert_events(cursor, batch.events)
            moved = self.move_head(raw, batch.head)
        return bool(moved.rowcount == 1)

    def move_head(self, raw: RawConnection, head: Head) -> Any:
        """The cursor of the statement that moves the head; it moves no row when this writer's time is over."""
        cursor = raw.cursor()
        cursor.execute(
            self.sql("UPDATE ledger_head SET seq = ?, hash = ? WHERE program_id = ? AND writer_epoch = ?"), head
        )
        return cursor

    @abstractmethod
    def first_versions(self, cursor: Any, program_id: str, streams: list[str]) -> Iterable[tuple[str, str]]:
        """Stream and body of the first event of each of these streams that exists."""

    def insert_events(self, cursor: Any, rows: list[tuple[Any, ...]]) -> None:
        """Append events: program, seq, recorded_at, kind, stream, version, party, cause, body, hash."""
        cursor.executemany(self.sql("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"), rows)

    def together(self, raw: RawConnection, events: int) -> AbstractContextManager[object]:
        """A block whose statements, which write so many events, may travel to the server together."""
        return nullcontext()

    @abstractmethod
    def stream(self, raw: RawConnection, text: str, *values: Any) -> Generator[tuple[Any, ...], None, None]:
        """The rows that a statement finds, a few at a time, within the transaction that has begun."""

    def close(self) -> None:
        self.engine.dispose()
