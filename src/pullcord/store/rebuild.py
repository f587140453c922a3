"""Rebuild: a program's tables are filled anew from its events, in place, in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import psycopg
import sqlalchemy as sa

from pullcord.base import Conflict, Corrupt, ProgramId

from .address import database
from .database import Database, RawConnection
from .forms import note, strike, survey
from .replay import Progress, Replay, replayed
from .revisions import bring_to_newest, require_ledger
from .statements import TableSql
from .table import Projection, Table

_CHUNK = 2_000  # rows written at once


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did."""

    program_id: ProgramId
    events: int
    tables: Mapping[str, int]  # rows of each, as the events make them
    remade: tuple[str, ...]  # tables that had another form, and were dropped and made anew
    others: tuple[ProgramId, ...]  # programs whose rows went with those tables: they are to be rebuilt too


def rebuild(
    url: str, program_id: ProgramId, projections: Sequence[Projection], progress: Progress | None = None
) -> Rebuilt:
    """Fill the tables of one program anew from its events; the database is migrated first, where it is older.

    Nothing changes before every event is checked and folded, into a temporary database as large as the tables; then all
    rows are exchanged in one transaction, and readers see the old ones until it ends. A table whose columns or version
    have changed is made anew. It belongs to all programs in the database, so none of them may be written meanwhile,
    and the others are stale until they are rebuilt too.

    Raises Conflict when a program concerned has a writer, Corrupt naming the first event that does not hold, and
    NotFound where there is no such program. After any error, nothing has changed.
    """
    opened = database(url, must_exist=True)
    try:
        with opened.explained():
            require_ledger(opened)
            bring_to_newest(opened)
            connection, raw, cursor = opened.writing_connection()
            try:
                opened.take_writer_lock(raw, program_id)
                remade, others = _lock_what_is_remade(opened, raw, program_id, projections)
                opened.begin_read(connection)
                with replayed(opened, raw, program_id, projections, progress) as replay:
                    raw.execute("ROLLBACK")
                    _require_whole(opened, replay)
                    with opened.change(raw):
                        _fence(opened, raw, program_id, replay.events)
                        _make_room(opened, connection, raw, program_id, projections, remade)
                        tables = _fill(opened, cursor, program_id, projections, replay)
                        note(opened, raw, program_id, projections)
            finally:
                opened.end_writing(connection, raw)
    finally:
        opened.close()
    names = tuple(table.name for projection in remade for table in projection.tables)
    return Rebuilt(program_id, replay.events, tables, names, others)


def _lock_what_is_remade(
    opened: Database, raw: RawConnection, program_id: ProgramId, projections: Sequence[Projection]
) -> tuple[list[Projection], tuple[ProgramId, ...]]:
    """The projections whose tables have another form, and the other programs in the database, kept from writing."""
    stale = {found.projection for found in survey(opened, raw, program_id, projections).stale if found.remake}
    remade = [projection for projection in projections if projection.name in stale]
    others: list[ProgramId] = []
    if remade:
        for (name,) in raw.execute("SELECT program_id FROM ledger_head ORDER BY program_id").fetchall():
            if name != program_id:
                opened.take_writer_lock(raw, name)
                others.append(ProgramId(name))
    return remade, tuple(others)


def _require_whole(opened: Database, replay: Replay) -> None:
    if replay.faults:
        first, *rest = map(str, replay.faults)
        mend = "restore the events from a copy" if replay.folded else "mend the fold, or restore the events from a copy"
        raise Corrupt(
            f"`{opened.name}` does not hold together: {first}" + "".join(f"\n  {fault}" for fault in rest),
            f"nothing was changed; {mend}",
        ) from replay.cause


def _fence(opened: Database, raw: RawConnection, program_id: ProgramId, events: int) -> None:
    """Stop a writer that lost its lock without noticing, and make sure that it has not written since the replay."""
    moved = raw.execute(
        opened.sql("UPDATE ledger_head SET writer_epoch = writer_epoch + 1 WHERE program_id = ? AND seq = ?"),
        (program_id, events),
    )
    if moved.rowcount != 1:
        raise Conflict(f"program `{program_id}` in `{opened.name}` was written meanwhile", "rebuild it again")


def _make_room(
    opened: Database,
    connection: sa.Connection,
    raw: RawConnection,
    program_id: ProgramId,
    projections: Sequence[Projection],
    remade: Sequence[Projection],
) -> None:
    """Leave every table in its form and without a row of the program; forget the forms that are filled anew."""
    there = set(opened.table_columns(raw))
    tables = [table.sql for projection in projections for table in projection.tables]
    to_make = {table.name for projection in remade for table in projection.tables}
    for table in reversed(tables):
        if table.name in there and table.name in to_make:
            table.drop(connection, checkfirst=False)
        elif table.name in there:
            connection.execute(sa.delete(table).where(table.c.program_id == program_id))
    for table in tables:
        if table.name not in there or table.name in to_make:
            table.create(connection, checkfirst=False)
    for projection in projections:
        strike(opened, raw, projection.name, None if projection in remade else program_id)


def _fill(
    opened: Database, cursor: Any, program_id: ProgramId, projections: Sequence[Projection], replay: Replay
) -> dict[str, int]:
    """Number of rows by table, once all that the events make are written, parents first."""
    counts: dict[str, int] = {}
    for projection in projections:
        for table in projection.tables:
            counts[table.name] = 0
            sql = opened.table_sql(table, program_id)
            for rows in _chunks(replay, table, sql):
                try:
                    opened.upsert(cursor, sql, rows)
                except (sqlite3.IntegrityError, psycopg.IntegrityError) as failure:
                    raise Conflict(
                        f"the events make a row that table `{table.name}` forbids: {failure}",
                        "nothing was changed; mend the fold, or the rule of the table",
                    ) from failure
                counts[table.name] += len(rows)
    return counts


def _chunks(replay: Replay, table: Table[Any], sql: TableSql[Any]) -> Iterator[list[tuple[Any, ...]]]:
    records = replay.records(table)
    while rows := [sql.parameters(record) for record in islice(records, _CHUNK)]:
        yield rows
