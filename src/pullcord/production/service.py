"""Build orders from wanted to built, and the weekly plan that gives them their weeks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa

from pullcord.base import (
    BuildOrderId,
    Conflict,
    InvalidInput,
    NotFound,
    PlantId,
    VariantId,
    VehicleId,
)
from pullcord.store import Reader, Transaction

from .model import (
    BuildCancelled,
    BuildMoved,
    BuildOpened,
    BuildOrder,
    BuildState,
    VehicleBuilt,
)
from .store import BUILD_ORDER

WAITING = (BuildState.OPEN.value, BuildState.PLANNED.value)


def open_build_order(
    tx: Transaction, build_order_id: BuildOrderId, variant_id: VariantId, plant_id: PlantId, due_week: date
) -> None:
    """Ask a plant for one vehicle; asked again in the same words, nothing more happens.

    Raises Conflict when the id already stands for another vehicle.
    """
    if due_week.weekday() != 0:
        raise InvalidInput(f"{due_week} is no Monday", "planning weeks are named by their Monday")
    known = tx.get(BUILD_ORDER, build_order_id)
    if known is not None:
        if (known.variant_id, known.plant_id, known.due_week) != (variant_id, plant_id, due_week):
            raise Conflict(
                f"build order `{build_order_id}` already stands for {known.variant_id} from plant {known.plant_id}"
                f" in the week of {known.due_week}",
                "give the new vehicle an id of its own",
            )
        return
    tx.emit(f"build/{build_order_id}", BuildOpened(build_order_id, variant_id, plant_id, due_week))


def move_build_order(tx: Transaction, build_order_id: BuildOrderId, due_week: date) -> None:
    """Want a vehicle in another week; nothing happens to one that is built, cancelled or was never asked for."""
    if due_week.weekday() != 0:
        raise InvalidInput(f"{due_week} is no Monday", "planning weeks are named by their Monday")
    order = tx.get(BUILD_ORDER, build_order_id)
    if order is not None and order.state in WAITING and order.due_week != due_week:
        tx.emit(f"build/{build_order_id}", BuildMoved(build_order_id, due_week))


def cancel_build_order(tx: Transaction, build_order_id: BuildOrderId) -> None:
    """Withdraw a vehicle that is not built yet; raises Conflict once it is, NotFound when nobody asked for it."""
    order = find_build_order(tx, build_order_id)
    if order.state == BuildState.CANCELLED:
        return
    if order.state == BuildState.BUILT:
        raise Conflict(
            f"build order `{build_order_id}` was built on {order.built_on} as {order.vehicle_id}",
            "find the vehicle another customer",
        )
    tx.emit(f"build/{build_order_id}", BuildCancelled(build_order_id))


def find_build_order(reader: Reader, build_order_id: BuildOrderId) -> BuildOrder:
    """The build order as it stands; raises NotFound."""
    order = reader.get(BUILD_ORDER, build_order_id)
    if order is None:
        raise NotFound(f"no build order `{build_order_id}`", "open it with open_build_order")
    return order


def waiting_orders(reader: Reader, plant_id: PlantId) -> list[BuildOrder]:
    """A plant's build orders that are neither built nor cancelled, by id."""
    where = BUILD_ORDER.sql.c
    return reader.select(BUILD_ORDER, where.plant_id == plant_id, where.state.in_(WAITING))


def planned_orders(reader: Reader, plant_id: PlantId, week_start: date) -> list[BuildOrder]:
    """A plant's build orders that the plan has put into a week and that are not built yet, by id."""
    where = BUILD_ORDER.sql.c
    return reader.select(
        BUILD_ORDER,
        where.plant_id == plant_id,
        where.state == BuildState.PLANNED.value,
        where.planned_week == week_start,
    )


def due_counts(reader: Reader, plant_id: PlantId, since: date) -> tuple[dict[date, int], int]:
    """Vehicles already built, by the week they were promised for from `since` on; and how many overdue ones wait."""
    columns = BUILD_ORDER.sql.c
    of_plant = (columns.program_id == reader.program_id, columns.plant_id == plant_id)
    built = reader.query(
        sa.select(columns.due_week, sa.func.count())
        .where(*of_plant, columns.state == BuildState.BUILT.value, columns.due_week >= since)
        .group_by(columns.due_week)
    )
    late = reader.query(
        sa.select(sa.func.count()).where(*of_plant, columns.state.in_(WAITING), columns.due_week < since)
    )
    return {row[0]: row[1] for row in built}, int(late[0][0])


def report_built(
    tx: Transaction, plant_id: PlantId, built_on: date, build_order_ids: Sequence[BuildOrderId]
) -> list[VehicleId]:
    """The vehicles that left the line, one for each build order; `PC-` and the build order make the vehicle's id."""
    vehicles: list[VehicleId] = []
    for build_order_id in build_order_ids:
        order = find_build_order(tx, build_order_id)
        if order.plant_id != plant_id:
            raise Conflict(f"build order `{build_order_id}` is for plant {order.plant_id}, not {plant_id}")
        if order.state not in WAITING:
            raise Conflict(f"build order `{build_order_id}` is {order.state} and cannot be built")
        vehicle_id = VehicleId(f"PC-{build_order_id}")
        tx.emit(f"vehicle/{vehicle_id}", VehicleBuilt(vehicle_id, build_order_id, order.variant_id, plant_id, built_on))
        vehicles.append(vehicle_id)
    return vehicles
