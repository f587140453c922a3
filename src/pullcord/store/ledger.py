"""The ledger: commands go in, events come out, and every other table is what the events make of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import MappingProxyType, TracebackType
from typing import Any, Self, TypeVar

import sqlalchemy as sa

from pullcord.base import Clock, Corrupt, InvalidInput, NotFound, ProgramId, PullcordError, check_id

from .address import database
from .asks import Failure
from .command import Command
from .database import Database
from .event import Event, codec_for, codec_of
from .forms import require_filled
from .revisions import bring_to_newest, require_ledger, require_newest
from .schema import EVENT, LEDGER_HEAD
from .statements import TableSql
from .table import Projection, Reader, Table
from .transaction import Reaction, select_records
from .writer import Writer

A = TypeVar("A")
R = TypeVar("R")
_CHUNK = 2_000  # events read at once
_EVENT_COLUMNS = tuple(column for column in EVENT.columns if column.name not in ("program_id", "hash"))


class Snapshot:
    """One instant of one program."""

    def __init__(
        self, connection: sa.Connection, program_id: ProgramId, statements: Mapping[Table[Any], TableSql[Any]]
    ) -> None:
        self.program_id = program_id
        self._connection = connection
        self._statements = statements
        raw = connection.connection.driver_connection
        assert raw is not None
        self._cursor: Any = raw.cursor()

    def get(self, table: Table[R], *key: Any) -> R | None:
        """The row with this key, or None."""
        try:
            sql: TableSql[R] = self._statements[table]
        except KeyError:
            raise InvalidInput(
                f"no projection of this ledger has table `{table.name}`", "open it with the one that does"
            ) from None
        self._cursor.execute(sql.get, sql.key_parameters(key))
        values = self._cursor.fetchone()
        return None if values is None else sql.record(values)

    def select(
        self, table: Table[R], *where: sa.ColumnElement[bool], order_by: Sequence[sa.ColumnElement[Any]] = ()
    ) -> list[R]:
        """The rows of this program that meet every condition; in key order unless `order_by` says otherwise."""
        return select_records(self._connection, self.program_id, table, where, order_by)

    def query(self, statement: sa.Select[Any]) -> list[sa.Row[*tuple[Any, ...]]]:
        """What the statement finds, in any program: the caller filters by `program_id`."""
        return list(self._connection.execute(statement))


class LedgerReader:
    """Reads a ledger, takes no lock, and never waits for the writer."""

    def __init__(self, opened: Database, program_id: ProgramId, projections: Sequence[Projection]) -> None:
        self._database = opened
        self._program_id = program_id
        self._statements = {
            table: opened.table_sql(table, program_id) for projection in projections for table in projection.tables
        }

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """A view of this instant, for as long as the block lasts."""
        with self._database.explained(), self._database.engine.connect() as connection:
            self._database.begin_read(connection)
            try:
                yield Snapshot(connection, self._program_id, self._statements)
            finally:
                raw = connection.connection.driver_connection
                assert raw is not None
                raw.execute("ROLLBACK")

    def head(self) -> int:
        """The seq of the last event that is durable; 0 before the first."""
        with self._database.explained(), self._database.engine.connect() as connection:
            statement = sa.select(LEDGER_HEAD.c.seq).where(LEDGER_HEAD.c.program_id == self._program_id)
            return int(connection.execute(statement).scalar() or 0)

    def events(
        self, after: int = 0, *, kinds: Sequence[type] | None = None, stream: str | None = None
    ) -> Iterator[Event[Any]]:
        """The events with a seq above `after`, up to the present head, in order."""
        head = self.head()
        seq: sa.ColumnElement[int] = EVENT.c.seq
        order: sa.ColumnElement[int] = seq
        where = [EVENT.c.program_id == self._program_id]
        if stream is not None:
            # In the order of the stream's own index, which is the same. Bounds on the bare `seq` would have SQLite go
            # through the whole ledger by its key instead.
            seq, order = EVENT.c.seq + 0, EVENT.c.version
            where.append(EVENT.c.stream == stream)
        where.append(seq <= head)
        if kinds is not None:
            where.append(EVENT.c.kind.in_([codec_of(cls).kind for cls in kinds]))
        while after < head:
            statement = sa.select(*_EVENT_COLUMNS).where(*where, seq > after).order_by(order).limit(_CHUNK)
            with self._database.explained(), self._database.engine.connect() as connection:
                found = connection.execute(statement.limit(_CHUNK)).all()
            for row in found:
                yield read_event(row)
            if len(found) < _CHUNK:
                return
            after = found[-1].seq

    def tail(self, after: int, *, poll_s: float = 0.05, stop: threading.Event) -> Iterator[Event[Any]]:
        """The events with a seq above `after`, those to come too, each once and in order, until `stop` is set."""
        while not stop.is_set():
            for event in self.events(after):
                yield event
                after = event.seq
                if stop.is_set():
                    return
            stop.wait(poll_s)

    def close(self) -> None:
        """Let the connections go."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Ledger(LedgerReader):
    """A program's ledger, opened by its one writer."""

    _writer: Writer

    @classmethod
    def open(
        cls,
        url: str,
        program_id: ProgramId,
        *,
        clock: Clock,
        projections: Sequence[Projection],
        reactions: Mapping[type, tuple[Reaction, ...]] = MappingProxyType({}),
        group_max: int = 512,
        create: bool = True,
    ) -> Self:
        """The ledger at `sqlite:///path.db` or `postgresql+psycopg://…`, with its tables made where they are missing.

        With `create`, an older database is first migrated to the newest revision. Projections that were kept for this
        program and are not given here count as stale from now on. Raises Conflict when the program already has a
        writer, when a newer Pullcord wrote the database, and when tables are stale: `rebuild` makes them anew.
        """
        check_id(program_id, "program")
        if group_max < 1:
            raise InvalidInput(f"a group of {group_max} commands cannot be committed", "let group_max be 1 or more")
        opened = database(url, must_exist=not create)
        try:
            with opened.explained():
                if create:
                    bring_to_newest(opened)
                else:
                    require_newest(opened)
                ledger = cls(opened, program_id, projections)
                ledger._writer = Writer(opened, program_id, clock, projections, reactions, group_max, create=create)
        except BaseException:
            opened.close()
            raise
        return ledger

    def execute(self, command: Command[A]) -> A:
        """The command's answer, once it is durable. Asked twice, it takes effect once and answers the same."""
        answer: Any = self._writer.ask([command])[0]
        if isinstance(answer, Failure):
            raise answer.cause
        result: A = answer
        return result

    def execute_many(self, commands: Iterable[Command[A]]) -> list[A | PullcordError]:
        """The answers in the order of the commands, once all are durable; a PullcordError where a command raised."""
        given = list(commands)
        return [
            _as_error(command, answer.cause) if isinstance(answer, Failure) else answer
            for command, answer in zip(given, self._writer.ask(given), strict=True)
        ]

    def submit(self, commands: Sequence[Command[Any]], done: Callable[[list[Any]], object]) -> None:
        """Hand commands over without waiting. `done` is called once all are durable, in the writer's thread, with the
        answers in order; a PullcordError stands where a command raised."""
        self._writer.submit(commands, _telling(commands, done))

    def decide_ahead(
        self, commands: Sequence[Command[Any]], done: Callable[[list[Any]], object], free: Callable[[], object]
    ) -> int | None:
        """Decide the first of these commands at once, in this thread, as far as memory suffices; how many they are.

        For what is quickly decided, by somebody who gives much of it: the ledger's own thread commits what was decided
        before in the meantime. `done` is called as in `submit`, with the answers to the first commands, once they are
        durable; the rest are to be submitted. Answers and effects are those of `submit`. None: the ledger's thread is
        deciding what was submitted; `free` is called, in that thread, when it may be asked again.
        """
        return self._writer.decide_ahead(commands, _telling(commands, done), free)

    def go_on(self) -> None:
        """Begin the next commit, if something that was decided ahead waits for it: to be called when `done` was."""
        self._writer.go_on()

    def head(self) -> int:
        """The seq of the last event that is durable; 0 before the first."""
        return self._writer.committed_seq

    def close(self) -> None:
        """Answer what is waiting, and let the next writer in."""
        self._writer.close()
        super().close()


def _telling(commands: Sequence[Command[Any]], done: Callable[[list[Any]], object]) -> Callable[[list[Any]], object]:
    def tell(answers: list[Any]) -> None:
        done(
            [
                _as_error(command, answer.cause) if isinstance(answer, Failure) else answer
                for command, answer in zip(commands, answers, strict=False)
            ]
        )

    return tell


def _as_error(command: Command[Any], cause: BaseException) -> PullcordError:
    if isinstance(cause, PullcordError):
        return cause
    error = PullcordError(f"command `{command.id}` ({command.name}) broke: {cause!r}", "nothing of it is kept")
    error.__cause__ = cause
    return error


def read_event(row: sa.Row[*tuple[Any, ...]]) -> Event[Any]:
    """The event that a row of the table stands for; an unknown kind or an unreadable body is named."""
    seq, recorded_at, kind, stream, version, party, cause, body = tuple(row)
    try:
        opened = codec_for(kind).open(body)
    except (Corrupt, NotFound) as failure:
        raise type(failure)(f"event {seq} of `{stream}`: {failure.message}", failure.hint) from failure
    instant: datetime = recorded_at
    return Event(seq, instant, kind, stream, version, party, cause, opened)


def open_reader(url: str, program_id: ProgramId, projections: Sequence[Projection]) -> LedgerReader:
    """A reader of an existing ledger: takes no lock, writes nothing.

    Raises NotFound when there is none, and Conflict when the tables of these projections are stale.
    """
    opened = database(url, must_exist=True)
    try:
        with opened.explained():
            require_newest(opened)
            require_filled(opened, program_id, projections)
        return LedgerReader(opened, program_id, projections)
    except BaseException:
        opened.close()
        raise


def programs(url: str) -> list[ProgramId]:
    """The programs that have a ledger in the database, in order."""
    opened = database(url, must_exist=True)
    try:
        with opened.explained():
            require_ledger(opened)
            with opened.engine.connect() as connection:
                found = connection.execute(sa.select(LEDGER_HEAD.c.program_id)).scalars()
                return sorted(ProgramId(name) for name in found)
    finally:
        opened.close()
