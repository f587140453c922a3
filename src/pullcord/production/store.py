"""Production's tables: slots and who holds them, build orders, published plans."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from pullcord.base import BuildOrderId, FamilyId, OptionId, PlantId, VariantId
from pullcord.store import METADATA, Event, Json, Projection, Rows, Table, program_key

from .model import (
    BuildCancelled,
    BuildMoved,
    BuildOpened,
    BuildOrder,
    BuildPlanned,
    BuildState,
    BuildUnplanned,
    SchedulePublished,
    Slot,
    SlotReleased,
    SlotsOpened,
    SlotTaken,
    VehicleBuilt,
)


def _free() -> sa.CheckConstraint:
    # The backstop: whatever the code above believes, no place is given away twice.
    return sa.CheckConstraint("free_vehicles >= 0 AND free_vehicles <= capacity_vehicles")


BUILD_SLOT = Table(
    sa.Table(
        "build_slot",
        METADATA,
        program_key(),
        sa.Column("plant_id", sa.String, primary_key=True),
        sa.Column("week_start", sa.Date, primary_key=True),  # a Monday, the plant's local calendar
        sa.Column("capacity_vehicles", sa.Integer, nullable=False),
        sa.Column("free_vehicles", sa.Integer, nullable=False),
        _free(),
    ),
    Slot,
)


@dataclass(frozen=True, slots=True)
class OptionLoad:
    """Room for vehicles with one option in a week of a plant."""

    plant_id: PlantId
    week_start: date
    family_id: FamilyId
    option_id: OptionId
    capacity_vehicles: int
    free_vehicles: int


OPTION_LOAD = Table(
    sa.Table(
        "option_load",
        METADATA,
        program_key(),
        sa.Column("plant_id", sa.String, primary_key=True),
        sa.Column("week_start", sa.Date, primary_key=True),
        sa.Column("family_id", sa.String, primary_key=True),
        sa.Column("option_id", sa.String, primary_key=True),
        sa.Column("capacity_vehicles", sa.Integer, nullable=False),
        sa.Column("free_vehicles", sa.Integer, nullable=False),
        _free(),
    ),
    OptionLoad,
)


@dataclass(frozen=True, slots=True)
class SlotHold:
    """Who holds a place in a week of a plant, and which limited options it counts against."""

    plant_id: PlantId
    week_start: date
    holder: str
    options: list[list[str]]  # [family_id, option_id] pairs


SLOT_HOLD = Table(
    sa.Table(
        "slot_hold",
        METADATA,
        program_key(),
        sa.Column("plant_id", sa.String, primary_key=True),
        sa.Column("week_start", sa.Date, primary_key=True),
        sa.Column("holder", sa.String, primary_key=True),
        sa.Column("options", Json, nullable=False),
    ),
    SlotHold,
)


@dataclass(frozen=True, slots=True)
class SlotHorizon:
    """Which plants have opened weeks, and how far. One row: slots are then found by key, without a search."""

    scope: str  # always `all`
    plants: list[str]
    first_week: date
    last_week: date


SLOT_HORIZON = Table(
    sa.Table(
        "slot_horizon",
        METADATA,
        program_key(),
        sa.Column("scope", sa.String, primary_key=True),
        sa.Column("plants", Json, nullable=False),
        sa.Column("first_week", sa.Date, nullable=False),
        sa.Column("last_week", sa.Date, nullable=False),
    ),
    SlotHorizon,
)

BUILD_ORDER = Table(
    sa.Table(
        "build_order",
        METADATA,
        program_key(),
        sa.Column("build_order_id", sa.String, primary_key=True),
        sa.Column("variant_id", sa.String, nullable=False),
        sa.Column("plant_id", sa.String, nullable=False),
        sa.Column("due_week", sa.Date, nullable=False),
        sa.Column(
            "state",
            sa.String,
            sa.CheckConstraint("state IN ('open', 'planned', 'built', 'cancelled')"),
            nullable=False,
        ),
        sa.Column("planned_week", sa.Date),
        sa.Column("built_on", sa.Date),
        sa.Column("vehicle_id", sa.String),
        sa.CheckConstraint("(state = 'built') = (built_on IS NOT NULL)"),
        sa.Index("ix_build_order_plant_state", "program_id", "plant_id", "state"),
    ),
    BuildOrder,
)


@dataclass(frozen=True, slots=True)
class ScheduleRun:
    """One published plan of a plant, or the news that there is none."""

    plant_id: PlantId
    run_id: str
    seq: int  # of the event: the latest plan has the highest
    as_of: date
    status: str
    objective_minor: float
    gap: float
    conflicts: list[str]


SCHEDULE_RUN = Table(
    sa.Table(
        "schedule_run",
        METADATA,
        program_key(),
        sa.Column("plant_id", sa.String, primary_key=True),
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("objective_minor", sa.Float, nullable=False),
        sa.Column("gap", sa.Float, nullable=False),
        sa.Column("conflicts", Json, nullable=False),
    ),
    ScheduleRun,
)


@dataclass(frozen=True, slots=True)
class ScheduleCellRow:
    """Vehicles of a variant in a week of one published plan."""

    plant_id: PlantId
    run_id: str
    variant_id: VariantId
    week_start: date
    vehicles: int


SCHEDULE_CELL = Table(
    sa.Table(
        "schedule_cell",
        METADATA,
        program_key(),
        sa.Column("plant_id", sa.String, primary_key=True),
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("variant_id", sa.String, primary_key=True),
        sa.Column("week_start", sa.Date, primary_key=True),
        sa.Column("vehicles", sa.Integer, sa.CheckConstraint("vehicles > 0"), nullable=False),
    ),
    ScheduleCellRow,
)


@dataclass(frozen=True, slots=True)
class ShadowPriceRow:
    """What one more unit of a scarce thing would have saved in one published plan."""

    plant_id: PlantId
    run_id: str
    constraint_name: str
    week_start: date
    value_minor: float


SHADOW_PRICE = Table(
    sa.Table(
        "shadow_price",
        METADATA,
        program_key(),
        sa.Column("plant_id", sa.String, primary_key=True),
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("constraint_name", sa.String, primary_key=True),
        sa.Column("week_start", sa.Date, primary_key=True),
        sa.Column("value_minor", sa.Float, nullable=False),
    ),
    ShadowPriceRow,
)


def _slots_opened(rows: Rows, event: Event[SlotsOpened]) -> None:
    body = event.body
    for opening in body.slots:
        old = rows.get(BUILD_SLOT, body.plant_id, opening.week_start)
        taken = old.capacity_vehicles - old.free_vehicles if old else 0
        capacity = opening.capacity_vehicles
        rows.put(BUILD_SLOT, Slot(body.plant_id, opening.week_start, capacity, capacity - taken))
        for limit in body.option_limits:
            key = (body.plant_id, opening.week_start, limit.family_id, limit.option_id)
            load = rows.get(OPTION_LOAD, *key)
            loaded = load.capacity_vehicles - load.free_vehicles if load else 0
            capacity = limit.vehicles_per_week
            rows.put(OPTION_LOAD, OptionLoad(*key, capacity, capacity - loaded))
    if body.slots:
        weeks = [opening.week_start for opening in body.slots]
        horizon = rows.get(SLOT_HORIZON, "all") or SlotHorizon("all", [], min(weeks), max(weeks))
        rows.put(
            SLOT_HORIZON,
            SlotHorizon(
                "all",
                sorted({*horizon.plants, body.plant_id}),
                min(horizon.first_week, *weeks),
                max(horizon.last_week, *weeks),
            ),
        )


def _move_slot(rows: Rows, plant_id: str, week_start: date, options: list[list[str]], by: int) -> None:
    slot = rows.get(BUILD_SLOT, plant_id, week_start)
    if slot is not None:
        rows.put(BUILD_SLOT, replace(slot, free_vehicles=slot.free_vehicles + by))
    for family_id, option_id in options:
        load = rows.get(OPTION_LOAD, plant_id, week_start, family_id, option_id)
        if load is not None:
            rows.put(OPTION_LOAD, replace(load, free_vehicles=load.free_vehicles + by))


def _slot_taken(rows: Rows, event: Event[SlotTaken]) -> None:
    body = event.body
    options = [[use.family_id, use.option_id] for use in body.options]
    _move_slot(rows, body.plant_id, body.week_start, options, -1)
    rows.put(SLOT_HOLD, SlotHold(body.plant_id, body.week_start, body.holder, options))


def _slot_released(rows: Rows, event: Event[SlotReleased]) -> None:
    body = event.body
    hold = rows.get(SLOT_HOLD, body.plant_id, body.week_start, body.holder)
    if hold is not None:
        _move_slot(rows, body.plant_id, body.week_start, hold.options, 1)
        rows.delete(SLOT_HOLD, body.plant_id, body.week_start, body.holder)


def _build_opened(rows: Rows, event: Event[BuildOpened]) -> None:
    body = event.body
    rows.put(
        BUILD_ORDER,
        BuildOrder(body.build_order_id, body.variant_id, body.plant_id, body.due_week, BuildState.OPEN.value),
    )


def _changed(rows: Rows, build_order_id: BuildOrderId, **changes: Any) -> None:
    order = rows.get(BUILD_ORDER, build_order_id)
    if order is not None:
        rows.put(BUILD_ORDER, replace(order, **changes))


def _build_moved(rows: Rows, event: Event[BuildMoved]) -> None:
    _changed(rows, event.body.build_order_id, due_week=event.body.due_week)


def _build_cancelled(rows: Rows, event: Event[BuildCancelled]) -> None:
    _changed(rows, event.body.build_order_id, state=BuildState.CANCELLED.value, planned_week=None)


def _build_planned(rows: Rows, event: Event[BuildPlanned]) -> None:
    _changed(rows, event.body.build_order_id, state=BuildState.PLANNED.value, planned_week=event.body.week_start)


def _build_unplanned(rows: Rows, event: Event[BuildUnplanned]) -> None:
    _changed(rows, event.body.build_order_id, state=BuildState.OPEN.value, planned_week=None)


def _vehicle_built(rows: Rows, event: Event[VehicleBuilt]) -> None:
    body = event.body
    _changed(
        rows,
        body.build_order_id,
        state=BuildState.BUILT.value,
        built_on=body.built_on,
        vehicle_id=body.vehicle_id,
    )


def _schedule_published(rows: Rows, event: Event[SchedulePublished]) -> None:
    body = event.body
    rows.put(
        SCHEDULE_RUN,
        ScheduleRun(
            body.plant_id,
            body.run_id,
            event.seq,
            body.as_of,
            body.status,
            body.objective,
            body.gap,
            list(body.conflicts),
        ),
    )
    for cell in body.cells:
        rows.put(
            SCHEDULE_CELL,
            ScheduleCellRow(body.plant_id, body.run_id, cell.variant_id, cell.week_start, cell.vehicles),
        )
    for price in body.shadow_prices:
        rows.put(
            SHADOW_PRICE,
            ShadowPriceRow(body.plant_id, body.run_id, price.constraint, price.week_start, price.value_minor),
        )


PROJECTION = Projection(
    "production",
    (BUILD_SLOT, OPTION_LOAD, SLOT_HOLD, SLOT_HORIZON, BUILD_ORDER, SCHEDULE_RUN, SCHEDULE_CELL, SHADOW_PRICE),
    {
        SlotsOpened: _slots_opened,
        SlotTaken: _slot_taken,
        SlotReleased: _slot_released,
        BuildOpened: _build_opened,
        BuildMoved: _build_moved,
        BuildCancelled: _build_cancelled,
        BuildPlanned: _build_planned,
        BuildUnplanned: _build_unplanned,
        VehicleBuilt: _vehicle_built,
        SchedulePublished: _schedule_published,
    },
)
