"""The one writer of a program: takes what is waiting, decides it, commits once, then answers."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from pullcord.base import Clock, Conflict, Corrupt, InvalidInput, ProgramId

from .columns import instant_text
from .command import STREAM_PREFIX, Command, CommandAnswered, fingerprint, open_answer, seal_answer
from .database import Database
from .event import Event, chain, codec_of, genesis
from .forms import settle
from .rows import RowCache, Unsure
from .table import Fold, Projection
from .transaction import Page, Reaction, Transaction, react

log = logging.getLogger(__name__)

ROWS_MAX = 200_000  # rows kept in memory between groups
VERSIONS_MAX = 200_000  # streams whose version is kept in memory


class Ask:
    """Commands handed to the writer together; `done` is called, in the writer's thread, once all are answered."""

    __slots__ = ("answers", "commands", "done", "taken")

    def __init__(self, commands: Sequence[Command[Any]], done: Callable[[list[Any]], object]) -> None:
        self.commands = commands
        self.answers: list[Any] = []  # an answer, or the Failure that stands for it
        self.taken = 0
        self.done = done


class GroupFailed(Exception):
    """The group cannot be committed as a whole: each of its commands must be tried alone."""


class Failure:
    """Stands in the place of an answer."""

    __slots__ = ("cause",)

    def __init__(self, cause: BaseException) -> None:
        self.cause = cause


class Writer:
    """Owns the writing connection and everything in memory that depends on it."""

    def __init__(
        self,
        database: Database,
        program_id: ProgramId,
        clock: Clock,
        projections: Sequence[Projection],
        reactions: Mapping[type, Sequence[Reaction]],
        group_max: int,
        *,
        create: bool,
    ) -> None:
        self._database = database
        self._program_id = program_id
        self._clock = clock
        self._reactions = dict(reactions)
        self._group_max = group_max
        self._answered = codec_of(CommandAnswered)
        self._unwritten: list[tuple[Any, ...]] = []
        self._fenced: Conflict | None = None
        self._stale = False  # memory may differ from the database, and must be read again before it is used
        self._connection, self._raw, self._cursor = database.writing_connection()
        try:
            database.take_writer_lock(self._raw, program_id)
            rows = RowCache(database, self._cursor, program_id, projections, ROWS_MAX)
            settle(database, self._connection, self._raw, program_id, projections, create=create)
            folds: dict[type, list[tuple[Fold, Any]]] = {}
            for projection in projections:
                for cls, fold in projection.folds.items():
                    folds.setdefault(cls, []).append((fold, rows.views[projection.name]))
            self._page = Page(
                program_id,
                rows,
                folds,
                self._connection,
                self._cursor,
                database.sql("SELECT max(version) FROM event WHERE program_id = ? AND stream = ?"),
            )
            self._page.flush_events = self._write_events
            self._epoch = self._begin_epoch()
            self._load_head()
        except BaseException:
            database.end_writing(self._connection, self._raw)
            raise
        self.committed_seq = self._page.seq
        self._asks: deque[Ask] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name=f"ledger-writer-{program_id}", daemon=True)
        self._thread.start()

    # --- the callers' side -------------------------------------------------------------------------------------

    def ask(self, commands: Sequence[Command[Any]]) -> list[Any]:
        """Answers and Failures in the order of the commands, once all of them are durable."""
        if not commands:
            return []
        if threading.current_thread() is self._thread:
            raise InvalidInput("a command cannot wait for another command of its own ledger", "emit events instead")
        answered = threading.Event()
        found: list[Any] = []

        def keep(answers: list[Any]) -> None:
            found.extend(answers)
            answered.set()

        self.submit(commands, keep)
        answered.wait()
        return found

    def submit(self, commands: Sequence[Command[Any]], done: Callable[[list[Any]], object]) -> None:
        """Hand commands over without waiting; `done` gets answers and Failures in the writer's thread: be brief."""
        ask = Ask(commands, done)
        with self._wake:
            if self._closing:
                raise Conflict(f"the ledger `{self._database.name}` is closed", "open it again")
            self._asks.append(ask)
            self._wake.notify()

    def close(self) -> None:
        """Answer what is waiting, then let the next writer in."""
        with self._wake:
            if self._closing:
                return
            self._closing = True
            self._wake.notify()
        self._thread.join()
        self._database.end_writing(self._connection, self._raw)

    # --- opening -----------------------------------------------------------------------------------------------

    def _execute(self, text: str, *values: Any) -> Any:
        return self._cursor.execute(self._database.sql(text), values)

    def _begin_epoch(self) -> int:
        """Take the pen: from now on whoever held it before can commit nothing."""
        program_id = self._program_id
        self._database.begin_write(self._raw)
        self._execute(
            "INSERT INTO ledger_head (program_id, seq, hash, writer_epoch) VALUES (?, 0, ?, 0)"
            " ON CONFLICT (program_id) DO NOTHING",
            program_id,
            genesis(program_id),
        )
        self._execute("UPDATE ledger_head SET writer_epoch = writer_epoch + 1 WHERE program_id = ?", program_id)
        epoch = self._execute("SELECT writer_epoch FROM ledger_head WHERE program_id = ?", program_id).fetchone()[0]
        self._execute("COMMIT")
        return int(epoch)

    def _load_head(self) -> None:
        program_id = self._program_id
        seq, head_hash = self._execute("SELECT seq, hash FROM ledger_head WHERE program_id = ?", program_id).fetchone()
        last = self._execute("SELECT max(seq) FROM event WHERE program_id = ?", program_id).fetchone()[0] or 0
        if last != seq:
            raise Corrupt(
                f"`{program_id}` in `{self._database.name}` should end at event {seq}, and ends at {last}",
                "`pullcord ledger verify` shows what is missing; restore from a copy",
            )
        self._page.seq = seq
        self._page.versions.clear()
        self._page.versions_complete = seq == 0
        self._hash = bytes(head_hash)

    # --- the writer's thread -----------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._asks and not self._closing:
                    self._wake.wait()
                if not self._asks:
                    return
                group = self._take()
            together = [command for _, commands in group for command in commands]
            try:
                answers = self._carry_out(together)
            except BaseException as failure:  # whatever it is, nobody may wait for ever
                answers = [Failure(failure)] * len(together)
            position = 0
            for ask, commands in group:
                ask.answers += answers[position : position + len(commands)]
                position += len(commands)
                if len(ask.answers) == len(ask.commands):
                    try:
                        ask.done(ask.answers)
                    except Exception:  # a listener's fault must not end the writer
                        log.exception("the listener of %d commands failed", len(ask.commands))

    def _take(self) -> list[tuple[Ask, Sequence[Command[Any]]]]:
        """Up to `group_max` waiting commands; the rest of a long ask goes to the back, so that none waits for it."""
        group = []
        room = self._group_max
        unfinished = []
        while room and self._asks:
            ask = self._asks.popleft()
            commands = ask.commands[ask.taken : ask.taken + room]
            ask.taken += len(commands)
            room -= len(commands)
            group.append((ask, commands))
            if ask.taken < len(ask.commands):
                unfinished.append(ask)
        self._asks.extend(unfinished)
        return group

    def _carry_out(self, commands: list[Command[Any]]) -> list[Any]:
        """One answer or Failure for each command, every one of them durable."""
        if self._fenced is not None:
            return [Failure(self._fenced)] * len(commands)
        try:
            return self._commit(commands)
        except BaseException as failure:
            self._recover()
            cause = failure.__cause__ if isinstance(failure, GroupFailed) and failure.__cause__ else failure
            if len(commands) > 1 and self._fenced is None and not self._database.is_storage_failure(cause):
                # One of them is to blame, and must not take the others with it.
                return [answer for command in commands for answer in self._carry_out([command])]
            told = self._database.explain(cause)
            if told is not cause:
                told.__cause__ = cause
                log.warning("%d commands not committed: %s", len(commands), told)
            return [Failure(told)] * len(commands)

    def _recover(self) -> None:
        """Undo the group and go back to what the database holds."""
        self._stale = True
        self._unwritten.clear()
        self._page.drafts.clear()
        self._page.flush_failure = None
        self._page.rows.forget()
        try:
            self._read_again()
        except Exception as failure:
            log.warning("the ledger cannot be read again yet: %s", failure)

    def _read_again(self) -> None:
        page = self._page
        if self._database.is_lost(self._raw):
            self._connection.invalidate()
            self._connection.close()
            self._connection, self._raw, self._cursor = self._database.writing_connection()
            page.connection, page.cursor = self._connection, self._cursor
            page.rows.use(self._cursor)
            self._database.take_writer_lock(self._raw, self._program_id)
        if self._database.in_transaction(self._raw):
            self._cursor.execute("ROLLBACK")
        self._load_head()
        self.committed_seq = page.seq
        self._stale = False

    def _commit(self, commands: list[Command[Any]]) -> list[Any]:
        if self._stale:
            self._read_again()
        self._database.begin_write(self._raw)
        kept: dict[str, Any] = {}
        streams = [STREAM_PREFIX + command.id for command in commands]
        for stream, body in self._database.first_versions(self._cursor, self._program_id, streams):
            kept[stream] = self._answered.open(body)
        now = self._clock.now()  # one instant for the group: it becomes true in one moment
        at = instant_text(now)
        answers = [
            self._decide(command, stream, kept, now, at) for command, stream in zip(commands, streams, strict=True)
        ]
        page = self._page
        if page.seq != self.committed_seq:
            with self._database.together(self._raw, len(self._unwritten)):
                page.rows.flush()
                self._write_events()
                moved = self._move_head(page.seq)
            if moved.rowcount != 1:
                self._fenced = Conflict(
                    f"another writer has taken over program `{self._program_id}` in `{self._database.name}`",
                    "this one has stopped; open the ledger again once the other is closed",
                )
                raise self._fenced
        self._cursor.execute("COMMIT")
        self.committed_seq = page.seq
        page.rows.trim()
        if len(page.versions) > VERSIONS_MAX:
            page.versions.clear()
            page.versions_complete = False
        return answers

    def _write_events(self) -> None:
        if self._unwritten:
            self._database.insert_events(self._cursor, self._unwritten)
            self._unwritten = []

    def _move_head(self, seq: int) -> Any:
        """The cursor of the statement that moves the head; it moves no row when this writer's time is over."""
        cursor = self._raw.cursor()
        cursor.execute(
            self._database.sql("UPDATE ledger_head SET seq = ?, hash = ? WHERE program_id = ? AND writer_epoch = ?"),
            (seq, self._hash, self._program_id, self._epoch),
        )
        return cursor

    def _decide(self, command: Command[Any], stream: str, kept: dict[str, Any], now: datetime, at: str) -> Any:
        """The command's answer, from what was kept or decided now; a Failure when it raised and was undone."""
        page = self._page
        seq = page.seq
        try:
            if "\n" in command.party or "\n" in stream:
                raise InvalidInput(
                    f"command {command.id!r} of {command.party!r} has a name of two lines", "use ids in one line"
                )
            mark = fingerprint(command)
            before = kept.get(stream)
            if before is not None:
                if before.fingerprint != mark:
                    raise Conflict(
                        f"command `{command.id}` was already given as `{before.name}` with another body",
                        "give each new command an id of its own",
                    )
                return open_answer(command, before.answer_type, before.answer)
            page.seq = seq + 1  # the command's own event comes first, and is written when the answer is known
            tx = Transaction(page, now, command.party, seq + 1)
            answer = command.decide(tx)
            react(tx, self._reactions)
            type_name, sealed_answer, answer = seal_answer(command, answer)
            body = CommandAnswered(command.name, mark, type_name, msgspec.Raw(sealed_answer))
            sealed = self._answered.encode(body)
            if page.flush_failure is not None:
                raise page.flush_failure  # decide caught it, and could not know that it concerns the whole group
        except BaseException as failure:
            if page.flush_failure is not None:
                raise GroupFailed from page.flush_failure
            if self._database.is_aborted(self._raw):
                raise GroupFailed from failure
            try:
                self._undo(seq)
            except Unsure:
                raise GroupFailed from failure
            return Failure(failure)
        own = Event(seq + 1, now, self._answered.kind, stream, 1, command.party, None, body)
        self._chain([(own, sealed), *page.drafts], at)
        page.drafts.clear()
        page.rows.keep()
        kept[stream] = body
        return answer

    def _undo(self, seq: int) -> None:
        """Forget what the command in progress has done. Raises Unsure where memory alone cannot."""
        page = self._page
        for event, _ in reversed(page.drafts):
            page.versions[event.stream] = event.version - 1
        page.drafts.clear()
        page.seq = seq
        page.rows.undo()

    def _chain(self, drafts: list[tuple[Event[Any], bytes]], at: str) -> None:
        """Link the command's events to the chain and set them out for writing."""
        program_id, previous, unwritten = self._program_id, self._hash, self._unwritten
        for event, sealed in drafts:
            seq, kind, stream, version, party, cause = (
                event.seq,
                event.kind,
                event.stream,
                event.version,
                event.party,
                event.cause,
            )
            previous = chain(previous, seq, at, kind, stream, version, party, cause, sealed)
            unwritten.append((program_id, seq, at, kind, stream, version, party, cause, sealed.decode(), previous))
        self._hash = previous
