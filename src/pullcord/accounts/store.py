"""Where personal data lie: a file of their own beside the ledger, or tables of their own in PostgreSQL.

What a database says when it fails may hold the row it failed on. None of that leaves this module.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from pullcord.base import Conflict, InvalidInput, PartnerFailure

from .tables import PERSON, SESSION, THROTTLE, bring_to_newest

BUSY_S = 10.0
_SUFFIX = ".people.db"
_LOG = "accounts"


def accounts_url(ledger_url: str) -> str:
    """Where the accounts of a ledger are: `live.people.db` beside `live.db`; on PostgreSQL the same database.

    An address that is one of accounts already is given back as it is.
    """
    url = _parsed(ledger_url)
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise InvalidInput("accounts in memory would be forgotten", "give them a file: sqlite:///live.db")
        path = Path(url.database)
        if not path.name.endswith(_SUFFIX):
            path = path.with_name(path.name.removesuffix(".db") + _SUFFIX)
        url = url.set(database=str(path))
    return url.render_as_string(hide_password=False)


def _parsed(url: str) -> sa.URL:
    if "://" not in url:
        return sa.URL.create("sqlite", database=url)
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise InvalidInput("this is no database URL", "write sqlite:///live.db or postgresql+psycopg://…") from None
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() != "sqlite":
        raise InvalidInput(
            f"`{parsed.get_backend_name()}` is no database that accounts can live in",
            "use sqlite:/// or postgresql+psycopg://",
        )
    return parsed


class People:
    """The database of personal data: short transactions, one writer at a time on SQLite."""

    def __init__(self, url: str) -> None:
        self._url = _parsed(accounts_url(url))
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            _own_file(Path(str(self._url.database)))
        self._engine = self._make_engine()
        try:
            with self.write() as connection:
                bring_to_newest(connection)
        except BaseException:
            self.close()
            raise

    def _make_engine(self) -> sa.Engine:
        # Without hide_parameters, a failure's message would hold names and addresses; at level DEBUG the engine's log
        # holds every row that is read, so this engine's stays silent whatever is asked of the others.
        logging.getLogger(f"sqlalchemy.engine.Engine.{_LOG}").setLevel(logging.WARNING)
        if not self.is_sqlite:
            return sa.create_engine(
                self._url, hide_parameters=True, logging_name=_LOG, pool_size=8, max_overflow=64, pool_pre_ping=True
            )
        engine = sa.create_engine(
            self._url,
            hide_parameters=True,
            logging_name=_LOG,
            connect_args={"timeout": BUSY_S, "check_same_thread": False},
            pool_size=8,
            max_overflow=-1,
        )

        @sa.event.listens_for(engine, "connect")
        def _prepare(raw: sqlite3.Connection, _record: object) -> None:
            raw.isolation_level = None  # the listener below begins
            for pragma in (
                "journal_mode = WAL",
                "synchronous = FULL",
                "secure_delete = ON",  # what is deleted or replaced is overwritten with zeros
                "foreign_keys = ON",
                "temp_store = MEMORY",
            ):
                raw.execute(f"PRAGMA {pragma}")

        @sa.event.listens_for(engine, "begin")
        def _begin(connection: sa.Connection) -> None:
            writes = connection.get_execution_options().get("people_writes", False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

        return engine

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that may change something: kept wholly when the block ends well, else not at all."""
        with self._explained(), self._engine.connect() as plain:
            connection = plain.execution_options(people_writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that only looks."""
        with self._explained(), self._engine.connect() as connection:
            yield connection

    def wipe(self) -> bool:
        """Take the bytes of deleted rows out of the files; False while a reader still needs them.

        SQLite has overwritten them in its file with zeros once the write-ahead log is emptied into it. PostgreSQL's
        VACUUM frees their place, to be overwritten by what comes next.
        """
        with self._explained():
            if self.is_sqlite:
                with self._engine.connect() as connection:
                    raw = connection.connection.driver_connection
                    assert raw is not None
                    busy: int = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                    return not busy
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                for table in (PERSON, SESSION, THROTTLE):
                    connection.exec_driver_sql(f"VACUUM {table.name}")
            return True

    def close(self) -> None:
        """Let the connections go."""
        self._engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """A block whose database errors become errors for people, without the values that caused them."""
        try:
            yield
        except (sa.exc.DBAPIError, sa.exc.TimeoutError, sqlite3.Error, psycopg.Error) as failure:
            cause = failure.orig if isinstance(failure, sa.exc.DBAPIError) else failure
            if isinstance(cause, sqlite3.IntegrityError | psycopg.IntegrityError):
                raise Conflict("a rule of the accounts' tables forbids this", "nothing of it is kept") from None
            what = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or type(cause).__name__
            raise PartnerFailure(
                f"the accounts cannot be read or written ({what})", "look at the disk or the server, and try again"
            ) from None


def insert_if_new(connection: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that does nothing where a row with the same key stands already."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def _own_file(path: Path) -> None:
    """Make the file, or take it, so that nobody but its owner can read it; SQLite gives its own files the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(handle).st_mode & 0o077:
            os.fchmod(handle, 0o600)
    finally:
        os.close(handle)
