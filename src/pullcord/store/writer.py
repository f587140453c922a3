"""The one writer of a program: takes what is waiting, decides it, commits once, then answers.

What can be decided from memory alone may be decided at once, in the thread of whoever asks, while the writer's thread
commits what was decided before (`decide_ahead`). Whoever decides holds the pen; only the writer's thread commits.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from pullcord.base import Clock, Conflict, Corrupt, InvalidInput, ProgramId

from .asks import Ahead, Ask, Begun, Done, Failure, GroupFailed
from .columns import instant_text
from .command import STREAM_PREFIX, Command, CommandAnswered
from .database import Batch, Database, Head
from .decider import Decider
from .event import genesis
from .forms import settle
from .rows import RowCache
from .table import Fold, Projection
from .transaction import NeedsDatabase, Page, Reaction

log = logging.getLogger(__name__)

ROWS_MAX = 200_000  # rows kept in memory between groups
GO_ON_S = 0.002  # how long whoever decides ahead has to begin the next commit
AHEAD_MAX = 4  # so many groups may wait for one commit
PEN_S = 0.005  # how long to wait for the pen before the writer's thread is left to decide


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
        self._group_max = group_max
        self._fenced: Conflict | None = None
        self._stale = False  # memory may differ from the database, and must be read again before it is used
        self._connection, self._raw, self._cursor = database.writing_connection()
        self._reading: Any = None
        try:
            self._reading, self._looking = database.looking_connection()
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
            self._decider = Decider(database, program_id, self._page, reactions)
            self._page.flush_events = lambda: self._decider.write_events(self._cursor)
            self._epoch = self._begin_epoch()
            self._load_head()
        except BaseException:
            self._end()
            raise
        self.committed_seq = self._page.seq
        self._asks: deque[Ask] = deque()
        self._ahead = Ahead()
        self._begun: Begun | None = None  # what is being committed, once it was decided ahead
        self._in_flight: dict[str, CommandAnswered] = {}  # its answers
        self._pen = threading.Lock()  # held by whoever decides
        self._guest: int | None = None  # the thread that decides ahead
        self._busy = False  # the writer's thread decides
        self._waiting: list[Callable[[], object]] = []  # to be told when it has decided
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name=f"ledger-writer-{program_id}", daemon=True)
        self._thread.start()

    # --- the callers' side -------------------------------------------------------------------------------------

    def ask(self, commands: Sequence[Command[Any]]) -> list[Any]:
        """Answers and Failures in the order of the commands, once all of them are durable."""
        if not commands:
            return []
        if threading.current_thread() is self._thread or threading.get_ident() == self._guest:
            raise InvalidInput("a command cannot wait for another command of its own ledger", "emit events instead")
        answered = threading.Event()
        found: list[Any] = []

        def keep(answers: list[Any]) -> None:
            found.extend(answers)
            answered.set()

        self.submit(commands, keep)
        answered.wait()
        return found

    def submit(self, commands: Sequence[Command[Any]], done: Done) -> None:
        """Hand commands over without waiting; `done` gets answers and Failures in the writer's thread: be brief."""
        ask = Ask(commands, done)
        with self._wake:
            if self._closing:
                raise Conflict(f"the ledger `{self._database.name}` is closed", "open it again")
            self._asks.append(ask)
            self._wake.notify()

    def decide_ahead(self, commands: Sequence[Command[Any]], done: Done, free: Callable[[], object]) -> int | None:
        """Decide the first of these commands here and now, from memory; how many. The rest are to be submitted.

        `done` gets the answers to the first once they are durable, as in `submit`; it is not called for none. The first
        that needs the database ends it. None: the writer's thread is deciding others; `free` is called when it has.
        """
        if not self._pen.acquire(timeout=0 if self._busy else PEN_S):
            with self._wake:
                if self._busy:
                    self._waiting.append(free)
                    return None
            return 0
        answers: list[Any] = []
        try:
            if self._asks or self._closing or self._stale or self._fenced or self._looking is None:
                return 0
            if self._ahead.commands >= AHEAD_MAX * self._group_max:
                return 0
            self._guest = threading.get_ident()
            self._decide_from_memory(commands, answers)
        finally:
            self._guest = None
            if answers:  # even where the rest was broken off: these have their effect
                ask = Ask(commands[: len(answers)], done)
                ask.answers = answers
                self._ahead.asks.append(ask)
                self._ahead.commands += len(answers)
                if self._begun is None:
                    self._begin_commit()
            self._pen.release()
        return len(answers)

    def go_on(self) -> None:
        """Begin to commit what was decided ahead since the last commit began, if there is something.

        To be called by whoever decides ahead when told of a commit: what can be written without waiting is written in
        their thread. Where nobody does, the writer's thread does it a little later.
        """
        if self._ahead.asks and self._begun is None and not self._busy and self._pen.acquire(timeout=PEN_S):
            try:
                if self._ahead.asks and self._begun is None:
                    self._begin_commit()
            finally:
                self._pen.release()

    def close(self) -> None:
        """Answer what is waiting, then let the next writer in."""
        with self._pen, self._wake:  # nobody decides ahead from here on
            if self._closing:
                return
            self._closing = True
            self._wake.notify()
        self._thread.join()
        self._end()

    def _end(self) -> None:
        _discard(self._reading)
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
        self._decider.hash = bytes(head_hash)

    # --- the writer's thread -----------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._wake:
                while self._begun is None and not self._asks:
                    if not self._ahead.asks:
                        if self._closing:
                            return
                        self._wake.wait()
                    elif self._closing or not self._wake.wait(GO_ON_S):
                        break
            if self._begun is None and not self._asks:
                with self._pen:
                    if self._ahead.asks and self._begun is None:
                        self._begin_commit()
            if self._begun is not None:
                self._end_commit(self._begun)
            elif self._asks:
                self._carry_out_asks()

    def _carry_out_asks(self) -> None:
        with self._pen:
            if self._ahead.asks and self._begun is None:
                self._begin_commit()
            if self._begun is not None:
                return  # they come first
            if self._looking is None:
                self._open_reading()
            with self._wake:
                self._busy = True
                group = self._take()
            together = [command for _, commands in group for command in commands]
            try:
                answers = self._carry_out(together)
            except BaseException as failure:  # whatever it is, nobody may wait for ever
                answers = [Failure(failure)] * len(together)
        with self._wake:
            self._busy = False
            waiting, self._waiting = self._waiting, []
        for free in waiting:
            try:
                free()
            except Exception:  # nor may that of one who waits
                log.exception("somebody who waited for the ledger could not be told")
        position = 0
        for ask, commands in group:
            ask.answers += answers[position : position + len(commands)]
            position += len(commands)
            if len(ask.answers) == len(ask.commands):
                self._tell(ask)

    def _tell(self, ask: Ask) -> None:
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
        self._decider.forget()
        try:
            self._read_again()
        except Exception as failure:
            log.warning("the ledger cannot be read again yet: %s", failure)

    def _open_reading(self) -> None:
        """Open anew what is looked into while the other connection commits."""
        _discard(self._reading)
        self._reading = None
        with suppress(Exception):  # without it, everything is decided in the writer's thread
            self._reading, self._looking = self._database.looking_connection()

    def _read_again(self) -> None:
        page = self._page
        if self._database.is_lost(self._raw):
            connection, raw, cursor = self._database.writing_connection()
            try:
                self._database.take_writer_lock(raw, self._program_id)
            except BaseException:
                _discard(connection)
                raise
            _discard(self._connection)
            self._connection, self._raw, self._cursor = connection, raw, cursor
            page.connection = connection
            page.cursor = cursor
            page.rows.use(cursor)
        if self._database.in_transaction(self._raw):
            self._cursor.execute("ROLLBACK")
        self._load_head()
        self.committed_seq = page.seq
        self._stale = False

    def _commit(self, commands: list[Command[Any]]) -> list[Any]:
        if self._stale:
            self._read_again()
        self._database.begin_write(self._raw)
        kept: dict[str, CommandAnswered] = {}
        streams = [STREAM_PREFIX + command.id for command in commands]
        self._decider.find_kept(self._cursor, streams, kept)
        now = self._clock.now()  # one instant for the group: it becomes true in one moment
        at = instant_text(now)
        answers = [
            self._decider.decide(self._raw, command, stream, kept, now, at)
            for command, stream in zip(commands, streams, strict=True)
        ]
        page = self._page
        if page.seq != self.committed_seq:
            with self._database.together(self._raw, len(self._decider.unwritten)):
                page.rows.flush()
                self._decider.write_events(self._cursor)
                moved = self._database.move_head(self._raw, self._head())
            if moved.rowcount != 1:
                raise self._taken_over()
        self._cursor.execute("COMMIT")
        self.committed_seq = page.seq
        self._decider.trim()
        return answers

    def _head(self) -> Head:
        return Head(self._page.seq, self._decider.hash, self._program_id, self._epoch)

    def _taken_over(self) -> Conflict:
        """What ends this writer for good."""
        self._fenced = Conflict(
            f"another writer has taken over program `{self._program_id}` in `{self._database.name}`",
            "this one has stopped; open the ledger again once the other is closed",
        )
        return self._fenced

    # --- deciding ahead of the commit --------------------------------------------------------------------------

    def _decide_from_memory(self, commands: Sequence[Command[Any]], answers: list[Any]) -> None:
        """Add the answers and Failures of the first commands, up to the one that needs the database."""
        page, ahead = self._page, self._ahead
        streams = [STREAM_PREFIX + command.id for command in commands]
        # First what is in memory: what has left it was committed before, and the database knows it.
        kept = {
            stream: known
            for stream in streams
            if (known := ahead.kept.get(stream) or self._in_flight.get(stream)) is not None
        }
        now = self._clock.now()
        at = instant_text(now)
        page.from_memory = True
        page.use(self._looking)
        try:
            self._decider.find_kept(self._looking, [stream for stream in streams if stream not in kept], kept)
            for command, stream in zip(commands, streams, strict=True):
                before = kept.get(stream)
                answers.append(self._decider.decide(None, command, stream, kept, now, at))
                if before is None and stream in kept:
                    ahead.kept[stream] = kept[stream]
        except Exception as failure:
            cause = failure.__cause__ if isinstance(failure, GroupFailed) else failure
            if not isinstance(cause, NeedsDatabase):
                log.warning("the ledger cannot be looked into: %s", cause)
                self._looking = None  # the writer's thread opens it anew
        finally:
            page.from_memory = False
            page.use(self._cursor)

    def _begin_commit(self) -> None:
        """Set out what was decided ahead, for the writer's thread to commit."""
        ahead, self._ahead = self._ahead, Ahead()
        self._in_flight = ahead.kept
        batch = Batch([], self._decider.take_events(), self._head())
        begun = Begun(ahead.asks, batch)
        try:
            batch.changes = self._page.rows.take()
            if batch.events:
                self._database.begin_batch(self._raw, self._cursor, batch)
        except BaseException as failure:
            begun.failure = failure
        self._begun = begun
        with self._wake:
            self._wake.notify()

    def _end_commit(self, begun: Begun) -> None:
        """Make it durable, and tell."""
        try:
            if begun.failure is not None:
                raise begun.failure
            if begun.batch.events:
                if not self._database.end_batch(self._raw, self._cursor, begun.batch):
                    raise self._taken_over()
                self._cursor.execute("COMMIT")
        except BaseException as failure:
            self._decide_again(begun.asks, failure)
            return
        with self._pen:
            self.committed_seq = begun.batch.head.seq
            self._in_flight = {}
            self._decider.trim()
            self._begun = None
        for ask in begun.asks:
            self._tell(ask)

    def _decide_again(self, asks: list[Ask], failure: BaseException) -> None:
        """Nothing of these asks was kept, and whatever was decided since rested on them: decide all of it anew."""
        log.warning("%d asks that were decided ahead could not be committed: %s", len(asks), failure)
        with self._pen:
            asks = asks + self._ahead.asks
            self._ahead, self._begun, self._in_flight = Ahead(), None, {}
            self._recover()
            for ask in asks:
                ask.answers = []
            with self._wake:
                self._asks.extendleft(reversed(asks))


def _discard(connection: Any) -> None:
    """Let a connection go, be it alive or not; its session must not go back to the pool."""
    if connection is not None:
        with suppress(Exception):
            connection.invalidate()
        with suppress(Exception):
            connection.close()
