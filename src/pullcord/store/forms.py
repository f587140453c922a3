"""The forms of projections: are the tables that are there those that the rooms mean, and filled from every event?

A ledger keeps for each program, by projection, the version and the columns that its rows were made with. What differs
from that is stale: the rows are not what today's folds make of the events, and nobody may read or write them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pullcord.base import Conflict, NotFound

from .database import Database, RawConnection
from .event import codec_of
from .table import Projection, Table


@dataclass(frozen=True, slots=True)
class Stale:
    """A projection whose rows are not what its folds make of the events."""

    projection: str
    why: str
    remake: bool  # the tables themselves are of another form, for all programs in the database


@dataclass(frozen=True, slots=True)
class Survey:
    """What stands between a program and its tables."""

    stale: tuple[Stale, ...]
    missing: tuple[Table[Any], ...]  # not there, and there is no event that they would hold
    unkept: tuple[Projection, ...]  # their form is not yet noted, and there is no event that they would hold


def survey(opened: Database, raw: RawConnection, program_id: str, projections: Sequence[Projection]) -> Survey:
    """Compare the tables that are there with those that the projections mean."""
    there = opened.table_columns(raw)
    kept: dict[str, list[tuple[int, bytes]]] = {}
    own: set[str] = set()
    # The tables are shared: as long as one program keeps their form, it is the form that they have.
    for name, version, digest, mine in raw.execute(
        opened.sql(
            "SELECT name, version, columns_hash, sum(CASE WHEN program_id = ? THEN 1 ELSE 0 END)"
            " FROM projection_form GROUP BY name, version, columns_hash"
        ),
        (program_id,),
    ).fetchall():
        kept.setdefault(name, []).append((version, bytes(digest)))
        if mine:
            own.add(name)
    stale: list[Stale] = []
    missing: list[Table[Any]] = []
    unkept: list[Projection] = []
    for projection in projections:
        lacking = [table for table in projection.tables if table.name not in there]
        why = _other_form(projection, there, kept.get(projection.name, []), opened.dialect)
        if why:
            stale.append(Stale(projection.name, why, True))
            continue
        if lacking or projection.name not in own:
            if _has_events(opened, raw, program_id, projection):
                why = f"table `{lacking[0].name}` does not exist" if lacking else "never filled from the events"
                stale.append(Stale(projection.name, why, False))
                continue
            missing += lacking
        if projection.name not in own:
            unkept.append(projection)
    return Survey(tuple(stale), tuple(missing), tuple(unkept))


def _other_form(
    projection: Projection,
    there: dict[str, tuple[str, ...]],
    kept: list[tuple[int, bytes]],
    dialect: sa.Dialect,
) -> str:
    """How the tables differ from what the projection means; nothing where they do not."""
    for table in projection.tables:
        wanted = tuple(table.sql.columns.keys())
        found = there.get(table.name, wanted)
        for column in wanted:
            if column not in found:
                return f"table `{table.name}` lacks column `{column}`"
        for column in found:
            if column not in wanted:
                return f"table `{table.name}` has a column `{column}` that is no longer meant"
        if found != wanted:
            return f"table `{table.name}` has its columns in another order"
    for version, digest in kept:
        if version != projection.version:
            return f"made as version {version}, and this Pullcord has version {projection.version}"
        if digest != columns_hash(projection, dialect):
            return "made with columns of another type"
    return ""


def _has_events(opened: Database, raw: RawConnection, program_id: str, projection: Projection) -> bool:
    kinds = [codec_of(cls).kind for cls in projection.folds]
    if not kinds:
        return False
    marks = ", ".join("?" * len(kinds))
    statement = f"SELECT 1 FROM event WHERE program_id = ? AND kind IN ({marks}) LIMIT 1"  # noqa: S608 - only marks
    return raw.execute(opened.sql(statement), (program_id, *kinds)).fetchone() is not None


def columns_hash(projection: Projection, dialect: sa.Dialect) -> bytes:
    """SHA-256 over the columns of a projection's tables: their names, their types on this database, and the keys."""
    columns = [
        (table.name, [(c.name, c.type.compile(dialect), c.nullable, c.primary_key) for c in table.sql.columns])
        for table in projection.tables
    ]
    return hashlib.sha256(json.dumps(columns).encode()).digest()


def require_filled(opened: Database, program_id: str, projections: Sequence[Projection]) -> None:
    """Refuse tables that a reader cannot trust. Raises Conflict where they are stale, NotFound where there are none."""
    with opened.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        opened.begin_read(connection)
        try:
            found = survey(opened, raw, program_id, projections)
        finally:
            raw.execute("ROLLBACK")
    _refuse(opened, program_id, found.stale, found.missing)


def settle(
    opened: Database,
    connection: sa.Connection,
    raw: RawConnection,
    program_id: str,
    projections: Sequence[Projection],
    *,
    create: bool,
) -> None:
    """Make the tables that are missing and note their form; refuse those that are stale. For the holder of the lock.

    What this writer does not fold is no longer kept up to date, so its form is struck out.
    """
    with opened.change(raw):
        found = survey(opened, raw, program_id, projections)
        _refuse(opened, program_id, found.stale, () if create else found.missing)
        for table in found.missing:
            table.sql.create(connection, checkfirst=False)
        note(opened, raw, program_id, found.unkept)
        names = {projection.name for projection in projections}
        mine = raw.execute(
            opened.sql("SELECT name FROM projection_form WHERE program_id = ?"), (program_id,)
        ).fetchall()
        for (name,) in mine:
            if name not in names:
                strike(opened, raw, name, program_id)


def note(opened: Database, raw: RawConnection, program_id: str, projections: Sequence[Projection]) -> None:
    """Keep that the tables of these projections hold what the program's events make of them, in the form they have."""
    for projection in projections:
        raw.execute(
            opened.sql("INSERT INTO projection_form (program_id, name, version, columns_hash) VALUES (?, ?, ?, ?)"),
            (program_id, projection.name, projection.version, columns_hash(projection, opened.dialect)),
        )


def strike(opened: Database, raw: RawConnection, name: str, program_id: str | None = None) -> None:
    """Forget the form of a projection's tables, for one program or for all."""
    if program_id is None:
        raw.execute(opened.sql("DELETE FROM projection_form WHERE name = ?"), (name,))
    else:
        raw.execute(opened.sql("DELETE FROM projection_form WHERE name = ? AND program_id = ?"), (name, program_id))


def _refuse(opened: Database, program_id: str, stale: Sequence[Stale], missing: Sequence[Table[Any]]) -> None:
    way_out = f"`pullcord ledger rebuild {opened.name} --program {program_id}`"
    if stale:
        raise Conflict(
            f"`{opened.name}` holds stale tables for program `{program_id}`: "
            + "; ".join(f"those of {s.projection} ({s.why})" for s in stale),
            f"{way_out} makes them anew from the events",
        )
    if missing:
        raise NotFound(
            f"`{opened.name}` has no table {', '.join(f'`{table.name}`' for table in missing)}",
            f"the next command that writes makes what is missing, and so does {way_out}",
        )
