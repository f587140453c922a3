"""Verification: is the chain of events whole, and do the events, replayed, make the very tables that are there?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import isfinite
from typing import Any

import msgspec
import sqlalchemy as sa

from pullcord.base import ProgramId

from .address import database
from .columns import UtcDateTime, instant_text
from .database import Database, RawConnection
from .forms import require_filled
from .replay import Fault, Progress, Replay, readable, replayed
from .revisions import require_newest
from .statements import TableSql
from .table import Projection, Table


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


def verify(
    url: str, program_id: ProgramId, projections: Sequence[Projection], progress: Progress | None = None
) -> Verification:
    """What a replay from the first event into a fresh database finds. Sees one instant, and stops no writer.

    Raises Conflict where the tables are stale: then there is nothing to compare with, and `rebuild` makes them anew.
    """
    opened = database(url, must_exist=True)
    try:
        with opened.explained():
            require_newest(opened)
            require_filled(opened, program_id, projections)
        with opened.engine.connect() as connection:
            opened.begin_read(connection)
            raw = connection.connection.driver_connection
            try:
                with replayed(opened, raw, program_id, projections, progress) as replay, readable(opened):
                    tables = {
                        table.name: _compare(replay, opened, raw, table, program_id)
                        for projection in projections
                        for table in projection.tables
                        if replay.folded
                    }
            finally:
                connection.invalidate()
        return Verification(program_id, replay.events, tables, tuple(replay.faults))
    finally:
        opened.close()


def _compare(
    replay: Replay, opened: Database, raw: RawConnection, table: Table[Any], program_id: ProgramId
) -> tuple[int, str, str]:
    """Rows, digest and rebuilt digest of one table; the first row that differs is named."""
    live_digest, fresh_digest, rows, agreed = hashlib.sha256(), hashlib.sha256(), 0, True
    live_rows = _canonical_rows(opened, raw, opened.table_sql(table, program_id))
    fresh_rows = _canonical_rows(replay.fresh, replay.fresh_raw, replay.fresh.table_sql(table, program_id))
    for live, fresh in zip_longest(live_rows, fresh_rows):
        if live is not None:
            rows += 1
            live_digest.update(live)
        if fresh is not None:
            fresh_digest.update(fresh)
        if agreed and live != fresh:
            agreed = False
            replay.blame(None, "", "", f"table `{table.name}`: {_difference(table, live, fresh)}")
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
