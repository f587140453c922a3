"""The promises' table and how events write it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import sqlalchemy as sa

from pullcord.base import OrderId, PlantId, VariantId
from pullcord.production import VehicleBuilt
from pullcord.store import METADATA, Event, Projection, Rows, Table, program_key

from .model import OrderPromised, PromiseReleased, SparePartsCounted

ONE_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """The promise in force for an order."""

    order_id: OrderId
    variant_id: VariantId
    plant_id: PlantId
    week_start: date
    build_date: date
    deliver_on: date
    released: bool
    event_seq: int


PROMISE = Table(
    sa.Table(
        "promise",
        METADATA,
        program_key(),
        sa.Column("order_id", sa.String, primary_key=True),
        sa.Column("variant_id", sa.String, nullable=False),
        sa.Column("plant_id", sa.String, nullable=False),
        sa.Column("week_start", sa.Date, nullable=False, comment="Monday of the build week, plant's calendar"),
        sa.Column("build_date", sa.Date, nullable=False, comment="ready at the latest, plant's calendar"),
        sa.Column("deliver_on", sa.Date, nullable=False, comment="customer's calendar"),
        sa.Column("released", sa.Boolean, nullable=False, comment="the slot was given back"),
        sa.Column("event_seq", sa.BigInteger, nullable=False, comment="the event that made this promise"),
        sa.CheckConstraint("deliver_on >= build_date", name="promise_delivered_after_build"),
        sa.CheckConstraint("build_date >= week_start", name="promise_built_in_its_week"),
        comment="One row for each order: the date promised last.",
    ),
    PromiseRow,
)


@dataclass(frozen=True, slots=True)
class SpareRow:
    """Units that parts carry by the end of a plant's week beyond all that is promised up to then."""

    plant_id: PlantId
    week_start: date
    units: int


SPARE = Table(
    sa.Table(
        "spare_parts",
        METADATA,
        program_key(),
        sa.Column("plant_id", sa.String, primary_key=True),
        sa.Column("week_start", sa.Date, primary_key=True, comment="Monday of the build week, plant's calendar"),
        sa.Column("units", sa.Integer, nullable=False, comment="below zero: more is promised than parts carry"),
        comment="What parts allow to promise, as the latest plan counted it less what was promised since.",
    ),
    SpareRow,
)


@dataclass(frozen=True, slots=True)
class PromisedRow:
    """Units of a variant that are promised and not built."""

    variant_id: VariantId
    units: int


PROMISED = Table(
    sa.Table(
        "promised_unbuilt",
        METADATA,
        program_key(),
        sa.Column("variant_id", sa.String, primary_key=True),
        sa.Column("units", sa.Integer, nullable=False),
        comment="Promises whose parts are still to be used, by variant.",
    ),
    PromisedRow,
)


def _count(rows: Rows, plant_id: PlantId, week_start: date, variant_id: VariantId, units: int) -> None:
    """Note that `units` more (or fewer) of a variant are promised for a week: their parts are missing ever after."""
    week = week_start
    while (spare := rows.get(SPARE, plant_id, week)) is not None:
        rows.put(SPARE, SpareRow(plant_id, week, spare.units - units))
        week += ONE_WEEK
    _wait(rows, variant_id, units)


def _wait(rows: Rows, variant_id: VariantId, units: int) -> None:
    promised = rows.get(PROMISED, variant_id)
    rows.put(PROMISED, PromisedRow(variant_id, (promised.units if promised else 0) + units))


def _promised(rows: Rows, event: Event[OrderPromised]) -> None:
    body = event.body
    rows.put(
        PROMISE,
        PromiseRow(
            body.order_id,
            body.variant_id,
            body.plant_id,
            body.week_start,
            body.build_date,
            body.deliver_on,
            False,
            event.seq,
        ),
    )
    _count(rows, body.plant_id, body.week_start, body.variant_id, 1)


def _released(rows: Rows, event: Event[PromiseReleased]) -> None:
    row = rows.get(PROMISE, event.body.order_id)
    if row is not None and not row.released:
        rows.put(PROMISE, replace(row, released=True))
        _count(rows, row.plant_id, row.week_start, row.variant_id, -1)


def _counted(rows: Rows, event: Event[SparePartsCounted]) -> None:
    for spare in event.body.weeks:
        rows.put(SPARE, SpareRow(event.body.plant_id, spare.week_start, spare.units))


def _built(rows: Rows, event: Event[VehicleBuilt]) -> None:
    _wait(rows, event.body.variant_id, -1)


PROJECTION = Projection(
    "promising",
    (PROMISE, SPARE, PROMISED),
    {OrderPromised: _promised, PromiseReleased: _released, SparePartsCounted: _counted, VehicleBuilt: _built},
)
