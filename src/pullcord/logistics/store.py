"""Where each vehicle is on its way: one row for each leg."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa

from pullcord.base import CityId, Conflict, VehicleId
from pullcord.store import METADATA, Event, Projection, Rows, Table, UtcDateTime, program_key

from .model import LegArrived, LegDeparted


@dataclass(frozen=True, slots=True)
class Leg:
    """One vehicle on one stretch of road."""

    vehicle_id: VehicleId
    to_place: CityId
    from_place: CityId
    mode: str
    km: float
    departed_at: datetime
    due_on: date
    arrived_on: date | None  # None while it is on the road


LEG = Table(
    sa.Table(
        "leg",
        METADATA,
        program_key(),
        sa.Column("vehicle_id", sa.String, primary_key=True),
        sa.Column("to_place", sa.String, primary_key=True),
        sa.Column("from_place", sa.String, nullable=False),
        sa.Column("mode", sa.String, nullable=False),
        sa.Column("km", sa.Float(53), sa.CheckConstraint("km >= 0"), nullable=False),  # as driven
        sa.Column("departed_at", UtcDateTime, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),  # local calendar of the destination
        sa.Column("arrived_on", sa.Date),  # NULL while it is on the road
        sa.Index("leg_due", "program_id", "arrived_on", "due_on"),  # what is due today, without reading every leg
    ),
    Leg,
)


def _departed(rows: Rows, event: Event[LegDeparted]) -> None:
    body = event.body
    rows.put(
        LEG,
        Leg(
            vehicle_id=body.vehicle_id,
            to_place=body.to_place,
            from_place=body.from_place,
            mode=body.mode,
            km=body.km,
            departed_at=event.recorded_at,
            due_on=body.due_on,
            arrived_on=None,
        ),
    )


def _arrived(rows: Rows, event: Event[LegArrived]) -> None:
    leg = rows.get(LEG, event.body.vehicle_id, event.body.to_place)
    if leg is None:
        raise Conflict(
            f"vehicle `{event.body.vehicle_id}` cannot arrive in `{event.body.to_place}`: it never set out for it",
            "record its departure first",
        )
    rows.put(LEG, replace(leg, arrived_on=event.body.arrived_on))


PROJECTION = Projection("logistics", (LEG,), {LegDeparted: _departed, LegArrived: _arrived})
