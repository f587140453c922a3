"""The small program's tables as a later version of its rooms means them, and what a test needs to compare databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from slot_shop import HOLDING, PART, PARTS, SLOTS, Holding, PartCalled, SlotReleased, SlotsOpened, SlotTaken, count_call

from pullcord.store import Event, Projection, Rows, Table, program_key

LATER_METADATA = sa.MetaData()


@dataclass(frozen=True, slots=True)
class LaterWeek:
    week: str
    free: int
    sold: int


WEEK_LATER = Table(
    sa.Table(
        "trial_week",
        LATER_METADATA,
        program_key(),
        sa.Column("week", sa.String, primary_key=True),
        sa.Column("free", sa.Integer, nullable=False),
        sa.Column("sold", sa.Integer, nullable=False),
        sa.CheckConstraint("free >= 0", name="ck_trial_week_free"),
    ),
    LaterWeek,
)
_holding = HOLDING.sql.to_metadata(LATER_METADATA)
for _column in _holding.columns:
    if isinstance(_column.type, sa.String):
        _column.type = sa.String()  # as it was written, before Table gave it the order of its bytes
HOLDING_LATER = Table(_holding, Holding)


def add_slots(rows: Rows, event: Event[SlotsOpened]) -> None:
    week = rows.get(WEEK_LATER, event.body.week) or LaterWeek(event.body.week, 0, 0)
    rows.put(WEEK_LATER, replace(week, free=week.free + event.body.vehicles))


def take_slot(rows: Rows, event: Event[SlotTaken]) -> None:
    body = event.body
    week = rows.get(WEEK_LATER, body.week)
    assert week is not None
    rows.put(WEEK_LATER, LaterWeek(body.week, week.free - 1, week.sold + 1))
    row = Holding(body.week, body.holder, body.build_on, 1, body.chance, [], event.recorded_at, True, None)
    rows.put(HOLDING_LATER, row)


def give_slot_back(rows: Rows, event: Event[SlotReleased]) -> None:
    week = rows.get(WEEK_LATER, event.body.week)
    assert week is not None
    rows.put(WEEK_LATER, LaterWeek(week.week, week.free + 1, week.sold - 1))
    rows.delete(HOLDING_LATER, event.body.week, event.body.holder)


SLOTS_LATER = Projection(
    "trial_slots",
    (WEEK_LATER, HOLDING_LATER),
    {SlotsOpened: add_slots, SlotTaken: take_slot, SlotReleased: give_slot_back},
)
LATER = (SLOTS_LATER, PARTS)
"""One table has a column more."""


def count_call_twice(rows: Rows, event: Event[PartCalled]) -> None:
    count_call(rows, event)
    count_call(rows, event)


DOUBLED = (SLOTS, Projection("trial_parts", (PART,), {**PARTS.folds, PartCalled: count_call_twice}, version=2))
"""The tables are the same, a fold is not, and the room has raised its version."""


@contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    """A connection whose work is kept."""
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def run_sql(url: str, *statements: str) -> None:
    """Do to a database what no Pullcord would."""
    with connected(url) as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def dump(url: str) -> dict[str, Any]:
    """All that a database holds: the columns and rows of every table, but for the count of writers that were there."""
    found: dict[str, Any] = {}
    with connected(url) as connection:
        inspector = sa.inspect(connection)
        for name in sorted(inspector.get_table_names()):
            columns = [column["name"] for column in inspector.get_columns(name) if column["name"] != "writer_epoch"]
            statement = (
                sa.select(*map(sa.column, columns)).select_from(sa.table(name)).order_by(*map(sa.column, columns))
            )
            found[name] = (columns, [tuple(row) for row in connection.execute(statement)])
    return found
