"""Verification: is the chain of events whole, and do the events, replayed, make the very tables that are there?"""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import sqlalchemy as sa

from pullcord.base import Corrupt, NotFound, PartyId, ProgramId

from .address import database
from .columns import METADATA, UtcDateTime, instant_text
from .database import Database, RawConnection
from .event import Event, chain, codec_for, genesis
from .ledger import require_tables, tables_of
from .rows import ProjectionRows, RowCache
from .statements import TableSql
from .table import Fold, Projection, Table

FAULTS_MAX = 20  # no more are listed
_ROWS_MAX = 100_000  # rows of the replay kept in memory
_FLUSH_EVERY = 10_000  # events


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not hold. `seq` is None where no single event is to blame."""

    seq: int | None
    stream: str
    kind: str
    what: str

    def __str__(self) -> str:
        return self.what if self.seq is None else f"event {self.seq} (`{self.kind}` of `{self.stream}`): {self.what}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found. `tables` gives for each table its rows, its digest, and the digest of the one rebuilt.

    A digest is SHA-256 over the rows in key order, each as canonical JSON: the same on every database. It is not
    rebuilt, and `tables` is empty, when an event cannot be read or folded.
    """

    program_id: ProgramId
    events: int
    tables: Mapping[str, tuple[int, str, str]]
    faults: tuple[Fault, ...]  # the first comes first; no more than FAULTS_MAX

    @property
    def ok(self) -> bool:
        return not self.faults


def verify(url: str, program_id: ProgramId, projections: Sequence[Projection]) -> Verification:
    """What a replay from the first event into a fresh database finds. Sees one instant, and stops no writer."""
    opened = database(url, must_exist=True)
    try:
        require_tables(opened.engine, projections)
        with opened.engine.connect() as connection, tempfile.TemporaryDirectory(prefix="pullcord-verify-") as folder:
            opened.begin_read(connection)
            raw = connection.connection.driver_connection
            fresh = database(f"sqlite:///{Path(folder) / 'rebuilt.db'}")
            try:
                return _Replay(opened, raw, fresh, program_id, projections).run()
            finally:
                fresh.close()
                connection.invalidate()
    except (sqlite3.DatabaseError, psycopg.DataError, sa.exc.DatabaseError) as failure:
        raise Corrupt(
            f"`{opened.name}` cannot be read to its end: {failure}", "the file itself is damaged: restore from a copy"
        ) from failure
    finally:
        opened.close()


class _Replay:
    def __init__(
        self,
        live: Database,
        live_raw: RawConnection,
        fresh: Database,
        program_id: ProgramId,
        projections: Sequence[Projection],
    ) -> None:
        self._live = live
        self._live_raw = live_raw
        self._fresh = fresh
        self._program_id = program_id
        self._projections = projections
        self._faults: list[Fault] = []

    def run(self) -> Verification:
        METADATA.create_all(self._fresh.engine, tables=tables_of(self._projections))
        with self._fresh.engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA synchronous = OFF")
            raw.execute("PRAGMA journal_mode = OFF")
            raw.execute("BEGIN")
            cursor = raw.cursor()
            rows = RowCache(self._fresh, cursor, self._program_id, self._projections, _ROWS_MAX)
            events, rebuilt = self._replay(rows)
            self._check_versions()
            tables: dict[str, tuple[int, str, str]] = {}
            if rebuilt:
                rows.flush()
                for projection in self._projections:
                    for table in projection.tables:
                        tables[table.name] = self._compare(table, raw)
            raw.execute("COMMIT")
        return Verification(self._program_id, events, tables, tuple(self._faults[:FAULTS_MAX]))

    def _blame(self, seq: int | None, stream: str, kind: str, what: str) -> None:
        if len(self._faults) < FAULTS_MAX:
            self._faults.append(Fault(seq, stream, kind, what))

    def _replay(self, rows: RowCache) -> tuple[int, bool]:
        """Number of events, and whether each of them could be read and folded."""
        folds: dict[type, list[tuple[Fold, ProjectionRows]]] = {}
        for projection in self._projections:
            for cls, fold in projection.folds.items():
                folds.setdefault(cls, []).append((fold, rows.views[projection.name]))
        read = self._live.stream(
            self._live_raw,
            "SELECT seq, recorded_at, kind, stream, version, party, cause, body, hash FROM event"
            " WHERE program_id = ? ORDER BY seq",
            self._program_id,
        )
        count, before, previous, sound = 0, 0, genesis(self._program_id), True
        for seq, recorded_at, kind, stream, version, party, cause, body, kept in read:
            count += 1
            at = recorded_at if isinstance(recorded_at, str) else instant_text(recorded_at)
            if seq != before + 1:
                gone = f"event {before + 1} is" if seq == before + 2 else f"events {before + 1} to {seq - 1} are"
                self._blame(seq, stream, kind, f"{gone} missing before it")
            else:
                sealed = body.encode("utf-8", "surrogateescape") if isinstance(body, str) else bytes(body)
                if chain(previous, seq, at, kind, stream, version, party, cause, sealed) != kept:
                    self._blame(seq, stream, kind, "its hash does not follow from its content and the event before it")
            before, previous = seq, bytes(kept)
            if not sound:
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
                if count % _FLUSH_EVERY == 0:
                    rows.flush()
                    rows.trim()
            except (Corrupt, NotFound) as failure:
                sound = False
                self._blame(seq, stream, kind, f"{failure.message}; the tables were not rebuilt")
            except Exception as failure:
                sound = False
                self._blame(seq, stream, kind, f"it cannot be folded: {failure!r}; the tables were not rebuilt")
        self._check_head(before, previous)
        return count, sound

    def _check_head(self, last: int, last_hash: bytes) -> None:
        found = list(
            self._live.stream(
                self._live_raw, "SELECT seq, hash FROM ledger_head WHERE program_id = ?", self._program_id
            )
        )
        if not found:
            raise NotFound(
                f"`{self._live.name}` holds no program `{self._program_id}`", "`pullcord ledger verify` lists them"
            )
        seq, head_hash = found[0]
        if seq != last:
            self._blame(None, "", "", f"the ledger should end at event {seq}, and ends at {last}")
        elif bytes(head_hash) != last_hash:
            self._blame(None, "", "", f"event {last} is not the one that the ledger ended with")

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
                self._blame(seq, stream, kind, f"it is version {version} of its stream, after version {last_version}")
            before = (stream, version, seq)

    def _compare(self, table: Table[Any], fresh_raw: RawConnection) -> tuple[int, str, str]:
        """Rows, digest and rebuilt digest of one table; the first row that differs is named."""
        live_sql = self._live.table_sql(table, self._program_id)
        fresh_sql = self._fresh.table_sql(table, self._program_id)
        live_digest, fresh_digest, rows, agreed = hashlib.sha256(), hashlib.sha256(), 0, True
        live_rows = _canonical_rows(self._live, self._live_raw, live_sql)
        fresh_rows = _canonical_rows(self._fresh, fresh_raw, fresh_sql)
        for live, fresh in zip_longest(live_rows, fresh_rows):
            if live is not None:
                rows += 1
                live_digest.update(live)
            if fresh is not None:
                fresh_digest.update(fresh)
            if agreed and live != fresh:
                agreed = False
                self._blame(None, "", "", f"table `{table.name}`: {_difference(table, live, fresh)}")
        return rows, live_digest.hexdigest(), fresh_digest.hexdigest()


_ENCODER = msgspec.json.Encoder()


def _canonical_rows(opened: Database, raw: RawConnection, sql: TableSql[Any]) -> Iterator[bytes]:
    """The rows of a table in key order, each as a line of JSON that does not depend on the database."""
    changes = [(i, change) for i, column in enumerate(sql.table.columns) if (change := _canonical(column, opened))]
    for values in opened.stream(raw, sql.scan, sql.program_id):
        row = list(values)
        for i, change in changes:
            if row[i] is not None:
                row[i] = change(row[i])
        yield _ENCODER.encode(row) + b"\n"


def _canonical(column: sa.Column[Any], opened: Database) -> Callable[[Any], Any] | None:
    """How a column's value is written where its driver's own form depends on the database."""
    if isinstance(column.type, sa.Float):
        return lambda value: value + 0.0 if isfinite(value) else str(value)  # SQLite keeps no sign of zero
    if opened.dialect.name == "postgresql":
        if isinstance(column.type, UtcDateTime):
            return instant_text
        if isinstance(column.type, sa.Boolean):
            return int
    return None


def _difference(table: Table[Any], live: bytes | None, fresh: bytes | None) -> str:
    names = [column.name for column in table.columns]
    kept = None if live is None else dict(zip(names, msgspec.json.decode(live), strict=True))
    rebuilt = None if fresh is None else dict(zip(names, msgspec.json.decode(fresh), strict=True))

    def key(row: dict[str, Any]) -> list[Any]:
        return [row[name] for name in table.key_names]

    if kept is not None and (rebuilt is None or key(kept) < key(rebuilt)):
        return f"row {key(kept)} is there, and no event makes it"
    if rebuilt is not None and (kept is None or key(rebuilt) < key(kept)):
        return f"row {key(rebuilt)} is missing"
    assert kept is not None
    assert rebuilt is not None
    name = next(name for name in names if kept[name] != rebuilt[name])
    return f"row {key(kept)} has {name} {kept[name]!r}, and the events make it {rebuilt[name]!r}"
