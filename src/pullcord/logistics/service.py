"""Put vehicles on the road, and take them off it when they are due."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from pullcord.base import Conflict, VehicleId
from pullcord.store import Transaction

from .model import City, LegArrived, LegDeparted, TransitRule
from .store import LEG, Leg
from .transit import road_km


def ship(
    tx: Transaction, vehicle_id: VehicleId, from_city: City, to_city: City, due_on: date, *, rule: TransitRule
) -> Leg:
    """The leg by road that brings a vehicle to its city; asked twice, the vehicle departs once.

    `due_on` is the day it is expected, in the calendar of the destination; the same vehicle sent to the same city with
    another day, or from elsewhere, is a `Conflict`.
    """
    kept = tx.get(LEG, vehicle_id, to_city.city_id)
    if kept is not None:
        if (kept.from_place, kept.due_on) != (from_city.city_id, due_on):
            raise Conflict(
                f"vehicle `{vehicle_id}` already left `{kept.from_place}` for `{kept.to_place}`, due {kept.due_on}",
                f"it cannot also leave `{from_city.city_id}`, due {due_on}",
            )
        return kept
    departed = LegDeparted(
        vehicle_id=vehicle_id,
        from_place=from_city.city_id,
        to_place=to_city.city_id,
        mode="road",
        km=road_km(rule, from_city, to_city),
        due_on=due_on,
    )
    event = tx.emit(f"vehicle/{vehicle_id}", departed)
    return Leg(
        vehicle_id=vehicle_id,
        to_place=departed.to_place,
        from_place=departed.from_place,
        mode=departed.mode,
        km=departed.km,
        departed_at=event.recorded_at,
        due_on=due_on,
        arrived_on=None,
    )


def arrive_due(tx: Transaction, on_date: date) -> tuple[Leg, ...]:
    """The legs that end on or before `on_date` and had not ended yet, as arrived, earliest first.

    A vehicle arrives on the day it was due, however late the ledger hears of it.
    """
    due = tx.select(
        LEG,
        LEG.sql.c.arrived_on.is_(None),
        LEG.sql.c.due_on <= on_date,
        order_by=(LEG.sql.c.due_on, LEG.sql.c.vehicle_id, LEG.sql.c.to_place),
    )
    for leg in due:
        tx.emit(f"vehicle/{leg.vehicle_id}", LegArrived(leg.vehicle_id, leg.to_place, leg.due_on))
    return tuple(replace(leg, arrived_on=leg.due_on) for leg in due)
