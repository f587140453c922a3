"""The two databases: how each is opened, kept for one writer, and written to."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import psycopg
import sqlalchemy as sa

from pullcord.base import Conflict, InvalidInput, NotFound, PartnerFailure

from .table import Key, Table

R = TypeVar("R")
Processor = Callable[[Any], Any] | None
RawConnection = Any  # sqlite3.Connection or psycopg.Connection
_ENCODER = msgspec.json.Encoder()
BUSY_S = 30.0  # how long SQLite waits for another program's commit


def _bind(column: sa.Column[Any], dialect: sa.Dialect) -> Processor:
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def _result(column: sa.Column[Any], dialect: sa.Dialect) -> Processor:
    return column.type.dialect_impl(dialect).result_processor(dialect, None)


def _root(failure: BaseException) -> BaseException:
    """What the driver raised, out of SQLAlchemy's wrapping."""
    return failure.orig if isinstance(failure, sa.exc.DBAPIError) and failure.orig is not None else failure


class TableSql(Generic[R]):
    """The statements of one table on one database, and the way between its rows and their records."""

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
            changed[i + 1] = process(changed[i + 1])
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


class Database:
    """One kind of database: an engine for readers, and the raw connection of the writer."""

    mark: str  # placeholder of a parameter

    def __init__(self, url: sa.URL) -> None:
        self.url = url
        self.name = url.render_as_string(hide_password=True)
        self.engine = self._engine()
        self.dialect = self.engine.dialect

    def _engine(self) -> sa.Engine:
        raise NotImplementedError

    def sql(self, text: str) -> str:
        """A statement written with `?` as this database takes it."""
        return text.replace("?", self.mark)

    def begin_write(self, raw: RawConnection) -> None:
        """Begin the writer's transaction."""
        raise NotImplementedError

    def begin_read(self, connection: sa.Connection) -> None:
        """Begin a transaction that sees one instant."""
        raise NotImplementedError

    def in_transaction(self, raw: RawConnection) -> bool:
        raise NotImplementedError

    def take_writer_lock(self, raw: RawConnection, program_id: str) -> None:
        """Keep every other writer of the program out, or raise Conflict naming the one who is in."""
        raise NotImplementedError

    def release_writer_lock(self) -> None:
        """Let the next writer in."""
        raise NotImplementedError

    def is_broken_rule(self, failure: BaseException) -> bool:
        """Whether a constraint of some table fired, so that one command alone is to blame."""
        raise NotImplementedError

    def explain(self, failure: BaseException) -> BaseException:
        """What a failure means to the caller; what is none of the database's is given back as it is."""
        raise NotImplementedError

    def table_sql(self, table: Table[R], program_id: str) -> TableSql[R]:
        return TableSql(table, self.dialect, self.mark, program_id)

    def upsert(self, cursor: Any, sql: TableSql[Any], rows: list[tuple[Any, ...]]) -> None:
        """Write rows, replacing those with the same keys."""
        cursor.executemany(sql.upsert, rows)

    def first_versions(self, cursor: Any, program_id: str, streams: list[str]) -> Iterable[tuple[str, str]]:
        """Stream and body of the first event of each of these streams that exists."""
        raise NotImplementedError

    def insert_events(self, cursor: Any, rows: list[tuple[Any, ...]]) -> None:
        """Append events: program, seq, recorded_at, kind, stream, version, party, cause, body, hash."""
        cursor.executemany(self.sql("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"), rows)

    def stream(self, raw: RawConnection, text: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows that a statement finds, a few at a time, within the transaction that has begun."""
        raise NotImplementedError

    def close(self) -> None:
        self.engine.dispose()


class SqliteDatabase(Database):
    """SQLite in WAL mode, every commit synced to the disk before it is answered."""

    mark = "?"

    def __init__(self, url: sa.URL) -> None:
        if not url.database or url.database == ":memory:":
            raise InvalidInput("a ledger in memory would forget", "give it a file: sqlite:///ledger.db")
        self.path = Path(url.database)
        self._lock: int | None = None
        self._lock_path: Path | None = None
        super().__init__(url)

    def _engine(self) -> sa.Engine:
        engine = sa.create_engine(
            self.url,
            isolation_level="AUTOCOMMIT",
            connect_args={"timeout": BUSY_S, "check_same_thread": False, "cached_statements": 512},
            pool_size=8,
            max_overflow=-1,
        )

        @sa.event.listens_for(engine, "connect")
        def _prepare(raw: sqlite3.Connection, _record: object) -> None:
            raw.isolation_level = None  # this module begins and commits
            for pragma in (
                "journal_mode = WAL",
                "synchronous = FULL",
                "foreign_keys = ON",
                "cache_size = -65536",
                "temp_store = MEMORY",
            ):
                raw.execute(f"PRAGMA {pragma}")

        return engine

    def begin_write(self, raw: RawConnection) -> None:
        raw.execute("BEGIN IMMEDIATE")

    def begin_read(self, connection: sa.Connection) -> None:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("BEGIN")
        raw.execute("SELECT 1 FROM ledger_head LIMIT 1").fetchone()  # the snapshot is taken by the first read

    def in_transaction(self, raw: RawConnection) -> bool:
        return bool(raw.in_transaction)

    def take_writer_lock(self, raw: RawConnection, program_id: str) -> None:
        path = self.path.with_name(f"{self.path.name}.{program_id}.lock")
        while True:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pid = os.read(handle, 32).decode(errors="replace").strip()
                os.close(handle)
                raise Conflict(
                    f"`{self.path}` already has a writer for program `{program_id}`"
                    + (f", process {pid}" if pid else ""),
                    "stop that one first, or read with open_reader, which needs no lock",
                ) from None
            # The one before us may have removed the file between our open and our lock.
            if path.exists() and os.fstat(handle).st_ino == path.stat().st_ino:
                break
            os.close(handle)
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        self._lock, self._lock_path = handle, path

    def release_writer_lock(self) -> None:
        if self._lock is not None and self._lock_path is not None:
            self._lock_path.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = self._lock_path = None

    def is_broken_rule(self, failure: BaseException) -> bool:
        return isinstance(_root(failure), sqlite3.IntegrityError)

    def explain(self, failure: BaseException) -> BaseException:
        failure = _root(failure)
        if self.is_broken_rule(failure):
            return Conflict(f"a rule of the tables forbids this: {failure}", "nothing of the command is kept")
        if isinstance(failure, sqlite3.DatabaseError):
            return PartnerFailure(
                f"`{self.path}` cannot be written: {failure}",
                "nothing of the command is kept; make room on the disk, or mend it, and send the command again",
            )
        return failure

    def first_versions(self, cursor: Any, program_id: str, streams: list[str]) -> Iterable[tuple[str, str]]:
        # The list is the outer loop: a third of the time of one statement each, and a hundredth of IN (…) here.
        cursor.execute(
            "SELECT e.stream, e.body FROM json_each(?) AS asked CROSS JOIN event AS e"
            " ON e.program_id = ? AND e.stream = asked.value AND e.version = 1",
            (_ENCODER.encode(streams).decode(), program_id),
        )
        found: list[tuple[str, str]] = cursor.fetchall()
        return found

    def stream(self, raw: RawConnection, text: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        # A damaged text is still to be read, so that its event can be named.
        raw.text_factory = lambda said: said.decode("utf-8", "surrogateescape")
        try:
            yield from raw.execute(text, values)
        finally:
            raw.text_factory = str


class PostgresDatabase(Database):
    """PostgreSQL through psycopg 3."""

    mark = "%s"
    _streams = 0

    def _engine(self) -> sa.Engine:
        return sa.create_engine(self.url, isolation_level="AUTOCOMMIT", pool_size=8, max_overflow=64)

    def begin_write(self, raw: RawConnection) -> None:
        raw.execute("BEGIN")

    def begin_read(self, connection: sa.Connection) -> None:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        raw.execute("SELECT 1")  # the snapshot is taken by the first statement

    def in_transaction(self, raw: RawConnection) -> bool:
        return bool(raw.info.transaction_status != psycopg.pq.TransactionStatus.IDLE)

    def take_writer_lock(self, raw: RawConnection, program_id: str) -> None:
        key = int.from_bytes(
            hashlib.sha256(b"pullcord writer of " + program_id.encode()).digest()[:8], "big", signed=True
        )
        if raw.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()[0]:
            return
        holder = raw.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND classid::bigint = %s AND objid::bigint = %s",
            ((key >> 32) & 0xFFFFFFFF, key & 0xFFFFFFFF),
        ).fetchone()
        raise Conflict(
            f"`{self.name}` already has a writer for program `{program_id}`"
            + (f", server process {holder[0]}" if holder else ""),
            "stop that one first, or read with open_reader, which needs no lock",
        )

    def release_writer_lock(self) -> None:
        pass  # the lock ends with the writer's session

    def is_broken_rule(self, failure: BaseException) -> bool:
        return isinstance(_root(failure), psycopg.IntegrityError | psycopg.DataError)

    def explain(self, failure: BaseException) -> BaseException:
        failure = _root(failure)
        if self.is_broken_rule(failure):
            return Conflict(f"a rule of the tables forbids this: {failure}", "nothing of the command is kept")
        if isinstance(failure, psycopg.Error):
            return PartnerFailure(
                f"`{self.name}` cannot be written: {failure}",
                "look at the server, and send the command again: its id keeps it from taking effect twice",
            )
        return failure

    def first_versions(self, cursor: Any, program_id: str, streams: list[str]) -> Iterable[tuple[str, str]]:
        cursor.execute(
            "SELECT stream, body FROM event WHERE program_id = %s AND version = 1 AND stream = ANY(%s)",
            (program_id, streams),
        )
        found: list[tuple[str, str]] = cursor.fetchall()
        return found

    def stream(self, raw: RawConnection, text: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        self._streams += 1
        with raw.cursor(name=f"pullcord_{self._streams}") as cursor:
            cursor.itersize = 2_000
            yield from cursor.execute(self.sql(text), values)


def database(url: str, *, must_exist: bool = False) -> Database:
    """The database that a URL names; a bare path is a SQLite file."""
    if "://" not in url:
        url = f"sqlite:///{url}"
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise InvalidInput(
            f"`{url}` is no database URL", "write sqlite:///ledger.db or postgresql+psycopg://…"
        ) from None
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        sqlite = SqliteDatabase(parsed)
        if must_exist and not sqlite.path.is_file():
            raise NotFound(
                f"there is no ledger at `{sqlite.path}`", "check the path, or run the program that writes it"
            )
        return sqlite
    if kind == "postgresql":
        return PostgresDatabase(parsed.set(drivername="postgresql+psycopg"))
    raise InvalidInput(f"`{kind}` is no database that a ledger can live in", "use sqlite:/// or postgresql+psycopg://")
