"""What the parties behind the sale read: the plan, parts and call-offs, vehicles on the road, their own books."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from pullcord import demand, finance, logistics, procurement, production
from pullcord.alliance import Role
from pullcord.base import Money
from pullcord.production import BuildState

from ..given import Id, Query
from ..operation import ReadOperation, Seen
from ..paging import Paged, PageQuery, page_of, page_type


class PlantWeek(msgspec.Struct, frozen=True):
    """A week of a plant: how many vehicles it holds, and how many places are free."""

    plant_id: str
    week_start: date
    capacity_vehicles: int
    free_vehicles: int


class Build(msgspec.Struct, frozen=True):
    """One vehicle to be built, or built."""

    build_order_id: str
    variant_id: str
    plant_id: str
    due_week: date
    state: str
    planned_week: date | None
    built_on: date | None
    vehicle_id: str | None


class RequirementView(msgspec.Struct, frozen=True):
    """What the latest plan needs of a part in a week, and what of it is neither in stock nor on order."""

    plant_id: str
    part_id: str
    week_start: date
    run_id: str
    gross: int
    net: int


class CallOffLineView(msgspec.Struct, frozen=True):
    """So many of a part on a date, and the day they came."""

    calloff_id: str
    line: int
    supplier_id: str
    plant_id: str
    part_id: str
    quantity: int
    due_on: date
    unit_cost: Money
    received_on: date | None


class VehicleLeg(msgspec.Struct, frozen=True):
    """One vehicle on one stretch of road; who it is for is not told here."""

    vehicle_id: str
    to_place: str
    from_place: str
    mode: str
    departed_at: datetime
    due_on: date
    arrived_on: date | None


class ForecastCell(msgspec.Struct, frozen=True):
    """Orders expected of a variant in a city in a week."""

    variant_id: str
    city_id: str
    week_start: date
    units: float
    run_id: str
    as_of: date


class AccountLine(msgspec.Struct, frozen=True):
    """One account of a party's books, on the side where it grows."""

    account: str
    kind: str
    amount: Money


class StatementView(msgspec.Struct, frozen=True):
    """A party's position and result; assets = liabilities + equity + result."""

    party_id: str
    currency: str
    assets: Money
    liabilities: Money
    equity: Money
    income: Money
    expenses: Money
    result: Money
    lines: tuple[AccountLine, ...]


class ScheduleQuery(PageQuery, frozen=True, kw_only=True):
    """Only this plant, and weeks from this day on."""

    plant_id: Id | None = None
    since: date | None = None


class BuildsQuery(PageQuery, frozen=True, kw_only=True):
    """Only build orders in this state, or of this plant."""

    state: BuildState | None = None
    plant_id: Id | None = None


class PartsQuery(PageQuery, frozen=True, kw_only=True):
    """Only this part, and weeks from this day on."""

    part_id: Id | None = None
    since: date | None = None


class CallOffsQuery(PageQuery, frozen=True, kw_only=True):
    """Only this part, or only what has not come yet."""

    part_id: Id | None = None
    open: bool = False


class VehiclesQuery(PageQuery, frozen=True, kw_only=True):
    """Only those under way, or to this city."""

    under_way: bool = False
    to_place: Id | None = None


class ForecastQuery(PageQuery, frozen=True, kw_only=True):
    """Only this variant, this city, or weeks from this day on."""

    variant_id: Id | None = None
    city_id: Id | None = None
    since: date | None = None


class StatementQuery(Query, frozen=True, kw_only=True):
    """A party reads its own books; there is nothing to choose."""


def _equal(table: Any, query: Any, *names: str) -> list[sa.ColumnElement[bool]]:
    columns = table.sql.c
    return [columns[name] == value for name in names if (value := getattr(query, name)) is not None]


def _schedule(seen: Seen) -> Paged[PlantWeek]:
    query: ScheduleQuery = seen.query
    table = production.BUILD_SLOT
    wanted = _equal(table, query, "plant_id")
    if query.since is not None:
        wanted.append(table.sql.c.week_start >= query.since)
    return page_of(
        seen.reader,
        table,
        query,
        lambda row: PlantWeek(row.plant_id, row.week_start, row.capacity_vehicles, row.free_vehicles),
        *wanted,
    )


def _builds(seen: Seen) -> Paged[Build]:
    query: BuildsQuery = seen.query
    table = production.BUILD_ORDER
    wanted = _equal(table, query, "plant_id")
    if query.state is not None:
        wanted.append(table.sql.c.state == query.state.value)
    return page_of(
        seen.reader,
        table,
        query,
        lambda row: Build(
            row.build_order_id,
            row.variant_id,
            row.plant_id,
            row.due_week,
            row.state,
            row.planned_week,
            row.built_on,
            row.vehicle_id,
        ),
        *wanted,
    )


def own_parts(seen: Seen) -> list[str] | None:
    """The parts that a supplier supplies; None for the carmaker, who sees all."""
    if seen.role is Role.CARMAKER:
        return None
    own = {s.supplier_id for s in seen.house.suppliers.values() if s.party_id == seen.party}
    return sorted(part.part_id for part in seen.house.parts.values() if part.supplier_id in own)


def _requirements(seen: Seen) -> Paged[RequirementView]:
    query: PartsQuery = seen.query
    table = procurement.REQUIREMENT
    wanted = _equal(table, query, "part_id")
    if query.since is not None:
        wanted.append(table.sql.c.week_start >= query.since)
    parts = own_parts(seen)
    if parts is not None:
        wanted.append(table.sql.c.part_id.in_(parts))
    return page_of(
        seen.reader,
        table,
        query,
        lambda row: RequirementView(row.plant_id, row.part_id, row.week_start, row.run_id, row.gross, row.net),
        *wanted,
    )


def _call_offs(seen: Seen) -> Paged[CallOffLineView]:
    query: CallOffsQuery = seen.query
    table = procurement.CALL_OFF_LINE
    wanted = _equal(table, query, "part_id")
    if query.open:
        wanted.append(table.sql.c.received_on.is_(None))
    if seen.role is not Role.CARMAKER:
        own = [s.supplier_id for s in seen.house.suppliers.values() if s.party_id == seen.party]
        wanted.append(table.sql.c.supplier_id.in_(own))
    return page_of(
        seen.reader,
        table,
        query,
        lambda row: CallOffLineView(
            row.calloff_id,
            row.line,
            row.supplier_id,
            row.plant_id,
            row.part_id,
            row.quantity,
            row.due_on,
            Money(row.unit_cost_minor, row.currency),
            row.received_on,
        ),
        *wanted,
    )


def _vehicles(seen: Seen) -> Paged[VehicleLeg]:
    query: VehiclesQuery = seen.query
    table = logistics.LEG
    wanted = _equal(table, query, "to_place")
    if query.under_way:
        wanted.append(table.sql.c.arrived_on.is_(None))
    if seen.role is Role.SERVICE_SHOP:
        wanted.append(table.sql.c.arrived_on.is_not(None))  # it hears of a vehicle once it is there
    return page_of(
        seen.reader,
        table,
        query,
        lambda row: VehicleLeg(
            row.vehicle_id, row.to_place, row.from_place, row.mode, row.departed_at, row.due_on, row.arrived_on
        ),
        *wanted,
    )


def _forecast(seen: Seen) -> Paged[ForecastCell]:
    query: ForecastQuery = seen.query
    table = demand.FORECAST
    wanted = _equal(table, query, "variant_id", "city_id")
    if query.since is not None:
        wanted.append(table.sql.c.week_start >= query.since)
    return page_of(
        seen.reader,
        table,
        query,
        lambda row: ForecastCell(row.variant_id, row.city_id, row.week_start, row.units, row.run_id, row.as_of),
        *wanted,
    )


def _statement(seen: Seen) -> StatementView:
    found = finance.statement(seen.reader, seen.party, seen.app.program.currency)
    return StatementView(
        found.party_id,
        found.currency,
        found.assets,
        found.liabilities,
        found.equity,
        found.income,
        found.expenses,
        found.result,
        tuple(AccountLine(line.account, line.kind.value, line.amount) for line in found.lines),
    )


_PLANNING = frozenset({Role.PLATFORM, Role.CARMAKER})
_PARTS = frozenset({Role.CARMAKER, Role.SUPPLIER, Role.BATTERY_MAKER})
_ROAD = frozenset({Role.PLATFORM, Role.CARMAKER, Role.LOGISTICS, Role.SERVICE_SHOP})
_EXPECTING = frozenset({Role.PLATFORM, Role.CARMAKER, Role.BATTERY_MAKER, Role.LOGISTICS})

CHAIN: tuple[ReadOperation, ...] = (
    ReadOperation(
        "/schedule",
        "listWeeks",
        "Every plant's weeks and their free places",
        page_type(PlantWeek),
        _schedule,
        "production",
        ScheduleQuery,
        _PLANNING,
    ),
    ReadOperation(
        "/builds",
        "listBuilds",
        "Build orders and their weeks",
        page_type(Build),
        _builds,
        "production",
        BuildsQuery,
        _PLANNING,
    ),
    ReadOperation(
        "/requirements",
        "listRequirements",
        "What the plan needs of parts; for a supplier, of its own",
        page_type(RequirementView),
        _requirements,
        "procurement",
        PartsQuery,
        _PARTS,
    ),
    ReadOperation(
        "/call-offs",
        "listCallOffs",
        "What was called off; for a supplier, from itself",
        page_type(CallOffLineView),
        _call_offs,
        "procurement",
        CallOffsQuery,
        _PARTS,
    ),
    ReadOperation(
        "/vehicles",
        "listVehicles",
        "Vehicles on the road",
        page_type(VehicleLeg),
        _vehicles,
        "logistics",
        VehiclesQuery,
        _ROAD,
    ),
    ReadOperation(
        "/forecast",
        "listForecast",
        "What is expected, by variant, city and week",
        page_type(ForecastCell),
        _forecast,
        "demand",
        ForecastQuery,
        _EXPECTING,
    ),
    ReadOperation(
        "/statement",
        "getStatement",
        "The party's own books",
        StatementView,
        _statement,
        "finance",
        StatementQuery,
    ),
)
