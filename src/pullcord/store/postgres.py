"""PostgreSQL: where a program outgrows one file, through psycopg 3."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

import psycopg
import sqlalchemy as sa

from pullcord.base import Conflict, PartnerFailure

from .database import Database, RawConnection, root_of
from .statements import TableSql

_FEW = 16  # rows for which a statement each is as fast as anything
_LOCK_S = 30  # how long a change of tables waits for those who read them
_LOOK_MS = 100  # for a look-up by key in somebody's event loop; beyond, the writer's thread does it


class PostgresDatabase(Database):
    """Every commit flushed to the server's disk before it is answered, as the server is set up to do."""

    mark = "%s"
    columns_sql = (
        "SELECT c.relname, a.attname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " JOIN pg_attribute AS a ON a.attrelid = c.oid WHERE n.nspname = current_schema()"
        " AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum"
    )
    _streams = 0

    def _engine(self) -> sa.Engine:
        return sa.create_engine(self.url, isolation_level="AUTOCOMMIT", pool_size=8, max_overflow=64)

    def begin_write(self, raw: RawConnection) -> None:
        raw.execute("BEGIN")

    def begin_change(self, raw: RawConnection) -> None:
        raw.execute("BEGIN")
        raw.execute(f"SET LOCAL lock_timeout = '{_LOCK_S}s'")
        raw.execute("SELECT pg_advisory_xact_lock(%s)", (self._lock_key(raw, "tables"),))

    def looking_connection(self) -> tuple[sa.Connection, Any]:
        connection, cursor = super().looking_connection()
        cursor.execute(f"SET statement_timeout = '{_LOOK_MS}ms'")
        return connection, cursor

    def begin_read(self, connection: sa.Connection) -> None:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        raw.execute("SELECT 1")  # the snapshot is taken by the first statement

    def in_transaction(self, raw: RawConnection) -> bool:
        return bool(raw.info.transaction_status != psycopg.pq.TransactionStatus.IDLE)

    def is_aborted(self, raw: RawConnection) -> bool:
        status = raw.info.transaction_status
        return status in (psycopg.pq.TransactionStatus.INERROR, psycopg.pq.TransactionStatus.UNKNOWN)

    def is_lost(self, raw: RawConnection) -> bool:
        return bool(raw.closed)

    def take_writer_lock(self, raw: RawConnection, program_id: str) -> None:
        key = self._lock_key(raw, "writer", program_id)
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
            "stop that one first; reading needs no lock: `pullcord ledger show`, or open_reader in Python",
        )

    def _lock_key(self, raw: RawConnection, what: str, *names: str) -> int:
        """The number that stands for a lock on something of the schema."""
        schema = raw.execute("SELECT current_schema()").fetchone()[0]
        digest = hashlib.sha256(f"pullcord {what} of {'/'.join([schema, *names])}".encode()).digest()
        return int.from_bytes(digest[:8], "big", signed=True)

    def end_writing(self, connection: sa.Connection, raw: RawConnection) -> None:
        # The locks end with the session, but the server may notice its end only after the next writer has asked.
        with suppress(Exception):
            raw.rollback()
            raw.execute("SELECT pg_advisory_unlock_all()")
        super().end_writing(connection, raw)

    def is_storage_failure(self, failure: BaseException) -> bool:
        return isinstance(root_of(failure), psycopg.OperationalError)

    def explain(self, failure: BaseException) -> BaseException:
        failure = root_of(failure)
        if isinstance(failure, psycopg.IntegrityError | psycopg.DataError):
            return Conflict(f"a rule of the tables forbids this: {failure}", "nothing of the command is kept")
        if isinstance(failure, psycopg.Error):
            return PartnerFailure(
                f"`{self.name}` cannot be read or written: {failure}",
                "look at the server, and send the command again: its id keeps it from taking effect twice",
            )
        return failure

    def first_versions(self, cursor: Any, program_id: str, streams: list[str]) -> Iterable[tuple[str, str]]:
        # LIMIT keeps the planner to one index look-up for each stream; `= ANY` made it read every first version.
        cursor.execute(
            "SELECT asked.stream, kept.body FROM unnest(%s::text[]) AS asked (stream) CROSS JOIN LATERAL"
            " (SELECT body FROM event WHERE program_id = %s AND stream = asked.stream AND version = 1 LIMIT 1) AS kept",
            (streams, program_id),
        )
        found: list[tuple[str, str]] = cursor.fetchall()
        return found

    def together(self, raw: RawConnection, events: int) -> AbstractContextManager[object]:
        # COPY cannot travel in a pipeline.
        return raw.pipeline() if events < _FEW else nullcontext()

    def upsert(self, cursor: Any, sql: TableSql[Any], rows: list[tuple[Any, ...]]) -> None:
        if len(rows) < _FEW:
            cursor.executemany(sql.upsert, rows)
        else:  # one statement with an array for each column: two thirds of the time of many statements
            cursor.execute(sql.upsert_arrays, [list(column) for column in zip(*rows, strict=True)])

    def insert_events(self, cursor: Any, rows: list[tuple[Any, ...]]) -> None:
        if len(rows) < _FEW:
            super().insert_events(cursor, rows)
        else:  # a third of the time of many statements
            with cursor.copy("COPY event FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)

    def stream(self, raw: RawConnection, text: str, *values: Any) -> Generator[tuple[Any, ...], None, None]:
        self._streams += 1
        with raw.cursor(name=f"pullcord_{self._streams}") as cursor:
            cursor.itersize = 2_000
            yield from cursor.execute(self.sql(text), values)
