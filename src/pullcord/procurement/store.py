"""Procurement's tables: stock, call-offs and the latest requirements."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa

from pullcord.base import PartId, PlantId, SupplierId
from pullcord.store import METADATA, Event, Projection, Rows, Table, program_key

from .model import CallOffIssued, PartsConsumed, PartsReceived, RequirementsComputed, StockAdjusted


@dataclass(frozen=True, slots=True)
class PartStock:
    """Units of a part at a plant, and units on their way to it."""

    plant_id: PlantId
    part_id: PartId
    on_hand: int
    on_order: int


PART_STOCK = Table(
    sa.Table(
        "part_stock",
        METADATA,
        program_key(),
        sa.Column("plant_id", sa.String, primary_key=True),
        sa.Column("part_id", sa.String, primary_key=True),
        # The backstop: no vehicle is built from parts that are not there.
        sa.Column("on_hand", sa.BigInteger, sa.CheckConstraint("on_hand >= 0"), nullable=False),
        sa.Column("on_order", sa.BigInteger, sa.CheckConstraint("on_order >= 0"), nullable=False),
    ),
    PartStock,
)


@dataclass(frozen=True, slots=True)
class CallOffRow:
    """One call-off. Rows are never edited: a change of mind is another call-off."""

    calloff_id: str
    supplier_id: SupplierId
    plant_id: PlantId
    run_id: str
    line_count: int
    amount_minor: int
    currency: str


CALL_OFF = Table(
    sa.Table(
        "call_off",
        METADATA,
        program_key(),
        sa.Column("calloff_id", sa.String, primary_key=True),
        sa.Column("supplier_id", sa.String, nullable=False),
        sa.Column("plant_id", sa.String, nullable=False),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("line_count", sa.Integer, sa.CheckConstraint("line_count > 0"), nullable=False),
        sa.Column("amount_minor", sa.BigInteger, sa.CheckConstraint("amount_minor >= 0"), nullable=False),
        sa.Column("currency", sa.String, sa.CheckConstraint("length(currency) = 3"), nullable=False),
    ),
    CallOffRow,
)


@dataclass(frozen=True, slots=True)
class CallOffLineRow:
    """One line of a call-off, and the day it arrived."""

    calloff_id: str
    line: int  # from 0, in the order of the call-off
    supplier_id: SupplierId
    plant_id: PlantId
    part_id: PartId
    quantity: int
    due_on: date
    needed_week: date
    unit_cost_minor: int
    currency: str
    received_on: date | None


CALL_OFF_LINE = Table(
    sa.Table(
        "call_off_line",
        METADATA,
        program_key(),
        sa.Column("calloff_id", sa.String, primary_key=True),
        sa.Column("line", sa.Integer, sa.CheckConstraint("line >= 0"), primary_key=True, autoincrement=False),
        sa.Column("supplier_id", sa.String, nullable=False),
        sa.Column("plant_id", sa.String, nullable=False),
        sa.Column("part_id", sa.String, nullable=False),
        sa.Column("quantity", sa.BigInteger, sa.CheckConstraint("quantity > 0"), nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("needed_week", sa.Date, nullable=False),
        sa.Column("unit_cost_minor", sa.BigInteger, sa.CheckConstraint("unit_cost_minor >= 0"), nullable=False),
        sa.Column("currency", sa.String, sa.CheckConstraint("length(currency) = 3"), nullable=False),
        sa.Column("received_on", sa.Date),
        sa.Index("ix_call_off_line_open", "program_id", "received_on", "due_on"),
    ),
    CallOffLineRow,
)


@dataclass(frozen=True, slots=True)
class RequirementRow:
    """What the latest run that spoke of this week needs of a part; older runs' rows carry older run ids."""

    plant_id: PlantId
    part_id: PartId
    week_start: date
    run_id: str
    gross: int
    net: int


REQUIREMENT = Table(
    sa.Table(
        "requirement",
        METADATA,
        program_key(),
        sa.Column("plant_id", sa.String, primary_key=True),
        sa.Column("part_id", sa.String, primary_key=True),
        sa.Column("week_start", sa.Date, primary_key=True),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("gross", sa.BigInteger, sa.CheckConstraint("gross >= 0"), nullable=False),
        sa.Column("net", sa.BigInteger, sa.CheckConstraint("net >= 0"), nullable=False),
    ),
    RequirementRow,
)


@dataclass(frozen=True, slots=True)
class RequirementRun:
    """A plant's latest run of the requirements."""

    plant_id: PlantId
    run_id: str
    seq: int  # of its event


REQUIREMENT_RUN = Table(
    sa.Table(
        "requirement_run",
        METADATA,
        program_key(),
        sa.Column("plant_id", sa.String, primary_key=True),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
    ),
    RequirementRun,
)


def _move(rows: Rows, plant_id: PlantId, part_id: PartId, on_hand: int, on_order: int = 0) -> None:
    stock = rows.get(PART_STOCK, plant_id, part_id) or PartStock(plant_id, part_id, 0, 0)
    rows.put(PART_STOCK, replace(stock, on_hand=stock.on_hand + on_hand, on_order=stock.on_order + on_order))


def _requirements_computed(rows: Rows, event: Event[RequirementsComputed]) -> None:
    body = event.body
    rows.put(REQUIREMENT_RUN, RequirementRun(body.plant_id, body.run_id, event.seq))
    for line in body.lines:
        rows.put(
            REQUIREMENT,
            RequirementRow(body.plant_id, line.part_id, line.week_start, body.run_id, line.gross, line.net),
        )


def _call_off_issued(rows: Rows, event: Event[CallOffIssued]) -> None:
    body = event.body
    amount = sum(line.unit_cost.minor * line.quantity for line in body.lines)
    rows.put(
        CALL_OFF,
        CallOffRow(
            body.calloff_id,
            body.supplier_id,
            body.plant_id,
            body.run_id,
            len(body.lines),
            amount,
            body.lines[0].unit_cost.currency,
        ),
    )
    for number, line in enumerate(body.lines):
        _move(rows, body.plant_id, line.part_id, 0, line.quantity)
        rows.put(
            CALL_OFF_LINE,
            CallOffLineRow(
                body.calloff_id,
                number,
                body.supplier_id,
                body.plant_id,
                line.part_id,
                line.quantity,
                line.due_on,
                line.needed_week,
                line.unit_cost.minor,
                line.unit_cost.currency,
                None,
            ),
        )


def _parts_received(rows: Rows, event: Event[PartsReceived]) -> None:
    body = event.body
    for received in body.lines:
        line = rows.get(CALL_OFF_LINE, body.calloff_id, received.line)
        if line is not None and line.received_on is None:
            rows.put(CALL_OFF_LINE, replace(line, received_on=body.received_on))
            _move(rows, body.plant_id, received.part_id, received.quantity, -received.quantity)


def _parts_consumed(rows: Rows, event: Event[PartsConsumed]) -> None:
    for line in event.body.lines:
        _move(rows, event.body.plant_id, line.part_id, -line.quantity)


def _stock_adjusted(rows: Rows, event: Event[StockAdjusted]) -> None:
    for line in event.body.lines:
        _move(rows, event.body.plant_id, line.part_id, line.quantity)


PROJECTION = Projection(
    "procurement",
    (PART_STOCK, CALL_OFF, CALL_OFF_LINE, REQUIREMENT, REQUIREMENT_RUN),
    {
        RequirementsComputed: _requirements_computed,
        CallOffIssued: _call_off_issued,
        PartsReceived: _parts_received,
        PartsConsumed: _parts_consumed,
        StockAdjusted: _stock_adjusted,
    },
)
