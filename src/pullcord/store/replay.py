"""Replay: the events of one program, checked link by link and folded into a fresh database of their own."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa

from pullcord.base import Corrupt, NotFound, PartyId, ProgramId

from .columns import instant_text
from .database import Database, RawConnection
from .event import Event, chain, codec_for, genesis
from .rows import ProjectionRows, RowCache
from .sqlite import SqliteDatabase
from .table import Fold, Projection, Table

R = TypeVar("R")
Progress = Callable[[int, int], None]
"""Told now and then how many events are done, and of how many."""

FAULTS_MAX = 20  # no more are listed
_ROWS_MAX = 100_000  # rows kept in memory
_FLUSH_EVERY = 10_000  # events
_TELL_EVERY = 1_000  # events


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not hold. `seq` is None where no single event is to blame."""

    seq: int | None
    stream: str
    kind: str
    what: str

    def __str__(self) -> str:
        return self.what if self.seq is None else f"event {self.seq} (`{self.kind}` of `{self.stream}`): {self.what}"


class Replay:
    """The faults that the events of a program have, and the rows that they make, in a database of their own."""

    def __init__(
        self,
        live: Database,
        live_raw: RawConnection,
        fresh: Database,
        fresh_raw: RawConnection,
        program_id: ProgramId,
        projections: Sequence[Projection],
    ) -> None:
        self._live = live
        self._live_raw = live_raw
        self.fresh = fresh
        self.fresh_raw = fresh_raw
        self._program_id = program_id
        self._projections = projections
        self.events = 0
        self.faults: list[Fault] = []  # the first comes first; no more than FAULTS_MAX
        self.folded = True  # every event could be read and folded: the rows are those that the events make
        self.cause: Exception | None = None  # why one could not

    def blame(self, seq: int | None, stream: str, kind: str, what: str) -> None:
        """Add a fault, if it is among the first."""
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(Fault(seq, stream, kind, what))

    def records(self, table: Table[R]) -> Iterator[R]:
        """The rows that the events make of a table, in key order."""
        sql = self.fresh.table_sql(table, self._program_id)
        for values in self.fresh.stream(self.fresh_raw, sql.scan, sql.program_id):
            yield sql.record(values)

    def run(self, progress: Progress) -> None:
        """Read every event, once."""
        total, head_hash = self._head()
        rows = RowCache(self.fresh, self.fresh_raw.cursor(), self._program_id, self._projections, _ROWS_MAX)
        read = self._live.stream(
            self._live_raw,
            "SELECT seq, recorded_at, kind, stream, version, party, cause, body, hash FROM event"
            " WHERE program_id = ? ORDER BY seq",
            self._program_id,
        )
        with closing(read):  # an interruption leaves no statement open
            last, last_hash = self._fold(read, rows, total, progress)
        if total != last:
            self.blame(None, "", "", f"the ledger should end at event {total}, and ends at {last}")
        elif head_hash != last_hash:
            self.blame(None, "", "", f"event {last} is not the one that the ledger ended with")
        self._check_versions()

    def _head(self) -> tuple[int, bytes]:
        for seq, head_hash in self._live.stream(
            self._live_raw, "SELECT seq, hash FROM ledger_head WHERE program_id = ?", self._program_id
        ):
            return int(seq), bytes(head_hash)
        raise NotFound(
            f"`{self._live.name}` holds no program `{self._program_id}`", "look at the name: is it a program's id?"
        )

    def _fold(
        self, read: Iterator[tuple[Any, ...]], rows: RowCache, total: int, progress: Progress
    ) -> tuple[int, bytes]:
        """Seq and hash of the last event, once all are checked and folded."""
        folds: dict[type, list[tuple[Fold, ProjectionRows]]] = {}
        for projection in self._projections:
            for cls, fold in projection.folds.items():
                folds.setdefault(cls, []).append((fold, rows.views[projection.name]))
        before, previous = 0, genesis(self._program_id)
        for seq, recorded_at, kind, stream, version, party, cause, body, kept in read:
            if self.events % _TELL_EVERY == 0:
                progress(self.events, total)
            self.events += 1
            at = recorded_at if isinstance(recorded_at, str) else instant_text(recorded_at)
            if seq != before + 1:
                gone = f"event {before + 1} is" if seq == before + 2 else f"events {before + 1} to {seq - 1} are"
                self.blame(seq, stream, kind, f"{gone} missing before it")
            else:
                sealed = body.encode("utf-8", "surrogateescape") if isinstance(body, str) else bytes(body)
                if chain(previous, seq, at, kind, stream, version, party, cause, sealed) != kept:
                    self.blame(seq, stream, kind, "its hash does not follow from its content and the event before it")
            before, previous = seq, bytes(kept)
            if not self.folded:
                continue
            try:
                opened = codec_for(kind).open(body)
                listening = folds.get(type(opened))
                if listening:
                    instant = datetime.fromisoformat(at)
                    event: Event[Any] = Event(seq, instant, kind, stream, version, PartyId(party), cause, opened)
                    for fold, view in listening:
                        fold(view, event)
                    rows.keep()
                if self.events % _FLUSH_EVERY == 0 or seq == total:
                    rows.flush()
                    rows.trim()
            except (Corrupt, NotFound) as failure:
                self._give_up(seq, stream, kind, failure.message, failure)
            except sqlite3.OperationalError as failure:  # no room for the copy: none of the event's doing
                raise self.fresh.explain(failure) from failure
            except Exception as failure:
                self._give_up(seq, stream, kind, f"it cannot be folded: {failure!r}", failure)
        progress(self.events, total)
        return before, previous

    def _give_up(self, seq: int, stream: str, kind: str, what: str, cause: Exception) -> None:
        self.folded, self.cause = False, cause
        self.blame(seq, stream, kind, f"{what}; the tables were not rebuilt")

    def _check_versions(self) -> None:
        """Each stream's versions are 1, 2, 3, … in the order of the events."""
        before: tuple[str, int, int] = ("", 0, 0)
        for stream, version, seq in self._live.stream(
            self._live_raw,
            "SELECT stream, version, seq FROM event WHERE program_id = ? ORDER BY stream, version",
            self._program_id,
        ):
            last_version, last_seq = before[1:] if stream == before[0] else (0, 0)
            if version != last_version + 1 or seq <= last_seq:
                kind = next(
                    self._live.stream(
                        self._live_raw,
                        "SELECT kind FROM event WHERE program_id = ? AND seq = ?",
                        self._program_id,
                        seq,
                    )
                )[0]
                self.blame(seq, stream, kind, f"it is version {version} of its stream, after version {last_version}")
            before = (stream, version, seq)


@contextmanager
def replayed(
    live: Database,
    live_raw: RawConnection,
    program_id: ProgramId,
    projections: Sequence[Projection],
    progress: Progress | None,
) -> Iterator[Replay]:
    """The replay of a program, its rows there for as long as the block lasts; within a reading transaction.

    Raises NotFound for a program that has no ledger, and Corrupt when the database cannot be read to its end.
    """
    with ExitStack() as stack:
        with tempfile.TemporaryDirectory(prefix="pullcord-replay-") as folder:
            fresh = SqliteDatabase(sa.URL.create("sqlite", database=str(Path(folder) / "rebuilt.db")))
            stack.callback(fresh.close)
            connection = stack.enter_context(fresh.engine.connect())
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA synchronous = OFF")
            raw.execute("PRAGMA journal_mode = OFF")
        # The open file has lost its name: its space is free as soon as this process ends, however it ends.
        for projection in projections:
            for table in projection.tables:
                _without_rules(table.sql).create(connection, checkfirst=False)
        raw.execute("BEGIN")
        replay = Replay(live, live_raw, fresh, raw, program_id, projections)
        with readable(live):
            replay.run(progress or (lambda done, total: None))
        yield replay


def _without_rules(table: sa.Table) -> sa.Table:
    """The table's columns and key alone.

    Its other rules hold when a group is committed, and where groups ended is not kept: a replay that wrote at other
    moments could break them halfway.
    """
    columns = [sa.Column(c.name, c.type, primary_key=c.primary_key, autoincrement=False) for c in table.columns]
    return sa.Table(table.name, sa.MetaData(), *columns)


@contextmanager
def readable(opened: Database) -> Iterator[None]:
    """A block that reads to the end; a database in which that cannot be done is Corrupt."""
    try:
        yield
    except (sqlite3.DatabaseError, psycopg.DataError, sa.exc.DatabaseError) as failure:
        raise Corrupt(
            f"`{opened.name}` cannot be read to its end: {failure}", "the file itself is damaged: restore from a copy"
        ) from failure
