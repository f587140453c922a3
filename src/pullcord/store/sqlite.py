"""SQLite: the embedded default, one file beside the program."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Generator, Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from pullcord.base import Conflict, InvalidInput, PartnerFailure

from .database import Batch, Database, RawConnection, root_of
from .statements import TableSql

_ENCODER = msgspec.json.Encoder()
_ROWS_MAX = 64  # in one statement: each number of rows is a statement of its own, and all are kept ready
BUSY_S = 30.0  # how long SQLite waits for another program's commit


class SqliteDatabase(Database):
    """SQLite in WAL mode, every commit synced to the disk before it is answered."""

    mark = "?"
    columns_sql = (
        "SELECT t.name, c.name FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c"
        " WHERE t.type = 'table' ORDER BY t.name, c.cid"
    )

    def __init__(self, url: sa.URL) -> None:
        if not url.database or url.database == ":memory:":
            raise InvalidInput("a ledger in memory would forget", "give it a file: sqlite:///ledger.db")
        self.path = Path(url.database)
        self._locks: list[tuple[int, Path]] = []
        self._texts: dict[tuple[str, int], str] = {}
        super().__init__(url)

    def _engine(self) -> sa.Engine:
        engine = sa.create_engine(
            self.url,
            isolation_level="AUTOCOMMIT",
            connect_args={"timeout": BUSY_S, "check_same_thread": False, "cached_statements": 2_048},
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
                "wal_autocheckpoint = 16384",  # 64 MiB: a page that many groups change is copied back once for all
            ):
                raw.execute(f"PRAGMA {pragma}")

        return engine

    def begin_write(self, raw: RawConnection) -> None:
        raw.execute("BEGIN IMMEDIATE")

    def begin_change(self, raw: RawConnection) -> None:
        raw.execute("BEGIN IMMEDIATE")

    def begin_read(self, connection: sa.Connection) -> None:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("BEGIN")
        raw.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()  # the snapshot is taken by the first read

    def in_transaction(self, raw: RawConnection) -> bool:
        return bool(raw.in_transaction)

    def is_aborted(self, raw: RawConnection) -> bool:
        return not raw.in_transaction  # SQLite rolls back by itself when it cannot go on

    def is_lost(self, raw: RawConnection) -> bool:
        return False

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
                    "stop that one first; reading needs no lock: `pullcord ledger show`, or open_reader in Python",
                ) from None
            # The one before us may have removed the file between our open and our lock.
            if path.exists() and os.fstat(handle).st_ino == path.stat().st_ino:
                break
            os.close(handle)
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        self._locks.append((handle, path))

    def end_writing(self, connection: sa.Connection, raw: RawConnection) -> None:
        super().end_writing(connection, raw)
        while self._locks:
            handle, path = self._locks.pop()
            path.unlink(missing_ok=True)
            os.close(handle)

    def is_storage_failure(self, failure: BaseException) -> bool:
        return isinstance(root_of(failure), sqlite3.OperationalError)

    def explain(self, failure: BaseException) -> BaseException:
        failure = root_of(failure)
        if isinstance(failure, sqlite3.IntegrityError):
            return Conflict(f"a rule of the tables forbids this: {failure}", "nothing of the command is kept")
        if isinstance(failure, sqlite3.DatabaseError):
            return PartnerFailure(
                f"`{self.path}` cannot be read or written: {failure}",
                "nothing of an unanswered command is kept; make room on the disk, or mend it, and send it again",
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

    # Python lets go of its lock around each step of a statement. One statement for many rows lets go once, so that a
    # busy event loop in another thread does not take the lock back between two rows.

    def upsert(self, cursor: Any, sql: TableSql[Any], rows: list[tuple[Any, ...]]) -> None:
        self._insert(cursor, sql.insert, rows, sql.on_conflict)

    def insert_events(self, cursor: Any, rows: list[tuple[Any, ...]]) -> None:
        self._insert(cursor, "INSERT INTO event ", rows, "")

    def _insert(self, cursor: Any, into: str, rows: list[tuple[Any, ...]], on_conflict: str) -> None:
        for first in range(0, len(rows), _ROWS_MAX):
            some = rows[first : first + _ROWS_MAX]
            text = self._texts.get((into, len(some)))
            if text is None:
                row = f"({', '.join('?' * len(some[0]))})"
                text = self._texts[into, len(some)] = f"{into}VALUES {', '.join([row] * len(some))}{on_conflict}"
            cursor.execute(text, list(chain.from_iterable(some)))

    def begin_batch(self, raw: RawConnection, cursor: Any, batch: Batch) -> None:
        # Here and not in the writer's thread, which would have to wait for Python's lock after every statement. But
        # where another program's commit would have to be waited for, that is the thread's part.
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            self.begin_write(raw)
        except sqlite3.OperationalError:
            return
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(1000 * BUSY_S)}")
        batch.moved = self.write_batch(raw, cursor, batch)

    def end_batch(self, raw: RawConnection, cursor: Any, batch: Batch) -> bool:
        return super().end_batch(raw, cursor, batch) if batch.moved is None else batch.moved

    def stream(self, raw: RawConnection, text: str, *values: Any) -> Generator[tuple[Any, ...], None, None]:
        # A damaged text is still to be read, so that its event can be named.
        raw.text_factory = lambda said: said.decode("utf-8", "surrogateescape")
        try:
            yield from raw.execute(text, values)
        finally:
            raw.text_factory = str
