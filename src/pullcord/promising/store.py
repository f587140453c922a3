"""The promises' table and how events write it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from pullcord.base import OrderId, PlantId, VariantId
from pullcord.store import METADATA, Event, Projection, Rows, Table, program_key

from .model import OrderPromised, PromiseReleased


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


def _released(rows: Rows, event: Event[PromiseReleased]) -> None:
    row = rows.get(PROMISE, event.body.order_id)
    if row is not None:
        rows.put(
            PROMISE,
            PromiseRow(
                row.order_id,
                row.variant_id,
                row.plant_id,
                row.week_start,
                row.build_date,
                row.deliver_on,
                True,
                row.event_seq,
            ),
        )


PROJECTION = Projection("promising", (PROMISE,), {OrderPromised: _promised, PromiseReleased: _released})
