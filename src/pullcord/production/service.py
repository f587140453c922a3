"""Build orders from wanted to built, and the weekly plan that gives them their weeks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby

import numpy as np

from pullcord.base import (
    BuildOrderId,
    Conflict,
    InvalidInput,
    Money,
    NotFound,
    PartId,
    PlantId,
    VariantId,
    VehicleId,
    monday_of,
)
from pullcord.store import Reader, Transaction

from .assign import earliest_due_first
from .model import (
    BuildCancelled,
    BuildOpened,
    BuildOrder,
    BuildPlanned,
    BuildState,
    BuildUnplanned,
    ScheduleCell,
    SchedulePublished,
    ShadowPrice,
    VehicleBuilt,
)
from .problem import Limits, Problem
from .schedule import Schedule, plan_weeks
from .slots import OptionPair
from .store import BUILD_ORDER, BUILD_SLOT, OPTION_LOAD, SCHEDULE_RUN

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


@dataclass(frozen=True, slots=True)
class PlanPolicy:
    """What a planner decides once: costs, horizon and fence."""

    late_cost: Money  # per vehicle and week after its due week
    early_cost: Money  # per vehicle and week built ahead
    unbuilt_cost: Money  # per vehicle that finds no place within the horizon, on top of its lateness
    weeks: int = 26  # horizon
    freeze_weeks: int = 2  # weeks, from the current one, that the earlier plan has fixed
    early_weeks_max: int = 2  # a vehicle may be built so many weeks ahead
    forecast_late_cost: Money | None = None  # for forecast demand; None: a tenth of late_cost

    def __post_init__(self) -> None:
        if self.weeks < 1 or not 0 <= self.freeze_weeks <= self.weeks or self.early_weeks_max < 0:
            raise InvalidInput(
                f"a plan over {self.weeks} weeks cannot freeze {self.freeze_weeks} and build"
                f" {self.early_weeks_max} ahead",
                "weeks >= 1, 0 <= freeze_weeks <= weeks, early_weeks_max >= 0",
            )


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """One run of a plant's weekly plan, with the data that production does not own.

    options : the (family, option) pairs of each variant
    usage : units of each part in one vehicle of a variant
    parts_supply : units of each part that arrive in each week of the horizon, what is in stock in the first; inf where
        there is no limit; parts left out limit nothing
    forecast : vehicles by (variant, week) that are expected on top of the build orders
    """

    run_id: str
    plant_id: PlantId
    as_of: date
    policy: PlanPolicy
    options: Mapping[VariantId, Sequence[OptionPair]] = field(default_factory=dict)
    usage: Mapping[VariantId, Mapping[PartId, int]] = field(default_factory=dict)
    parts_supply: Mapping[PartId, Sequence[float]] = field(default_factory=dict)
    forecast: Mapping[tuple[VariantId, date], int] = field(default_factory=dict)
    seed: int = 0


def plan(tx: Transaction, request: PlanRequest) -> Schedule:
    """A plant's weekly plan, published; and a BuildPlanned for each build order that it gives another week.

    Weeks count from the Monday of `as_of`. Open slots give the capacities; what was built this week already uses
    them up. The first `freeze_weeks` keep what the earlier plan put there; before a plant's first plan nothing is
    frozen. Without a plan (infeasible, out of time) that fact is published, and no build order moves.
    """
    policy = request.policy
    weeks = [monday_of(request.as_of) + timedelta(weeks=w) for w in range(policy.weeks)]
    orders = waiting_orders(tx, request.plant_id)
    published_before = tx.select(SCHEDULE_RUN, SCHEDULE_RUN.sql.c.plant_id == request.plant_id)
    fence = policy.freeze_weeks if published_before else 0
    frozen_weeks = set(weeks[:fence])
    fixed = {order.build_order_id for order in orders if order.planned_week in frozen_weeks}
    wanted = [order for order in orders if order.due_week <= weeks[-1] or order.build_order_id in fixed]

    firm = sorted({order.variant_id for order in wanted})
    expected = sorted({variant_id for variant_id, _ in request.forecast})
    problem = _problem(tx, request, weeks, fence, wanted, fixed, firm, expected)
    schedule = plan_weeks(problem, seed=request.seed)
    published = tx.emit(f"schedule/{request.plant_id}", _publication(request, schedule, problem, len(firm)))
    if schedule.builds is None:
        return schedule

    counts = schedule.builds[: len(firm), 0, fence:]
    planned = {
        (variant_id, weeks[fence + t]): int(counts[i, t])
        for i, variant_id in enumerate(firm)
        for t in np.flatnonzero(counts[i]).tolist()
    }
    movable = [order for order in wanted if order.build_order_id not in fixed]
    assigned = earliest_due_first(movable, planned)
    for order in orders:
        if order.build_order_id in fixed:
            continue
        week = assigned.get(order.build_order_id)
        if week is None and order.planned_week is not None:
            tx.emit(f"build/{order.build_order_id}", BuildUnplanned(order.build_order_id), cause=published.seq)
        elif week is not None and week != order.planned_week:
            tx.emit(f"build/{order.build_order_id}", BuildPlanned(order.build_order_id, week), cause=published.seq)
    return schedule


def _problem(
    tx: Transaction,
    request: PlanRequest,
    weeks: list[date],
    fence: int,
    wanted: list[BuildOrder],
    fixed: set[BuildOrderId],
    firm: list[VariantId],
    expected: list[VariantId],
) -> Problem:
    """The planning question of one plant: firm demand first, then forecast."""
    policy, plant_id = request.policy, request.plant_id
    variants, horizon = [*firm, *expected], len(weeks)
    row = {variant_id: i for i, variant_id in enumerate(firm)}
    column = {week: t for t, week in enumerate(weeks)}
    demand = np.zeros((len(variants), horizon), dtype=np.int64)
    frozen = np.zeros((len(variants), 1, fence), dtype=np.int64)
    for order in wanted:
        due = min(max(order.due_week, weeks[0]), weeks[-1])  # overdue is due now
        demand[row[order.variant_id], column[due]] += 1
        if order.build_order_id in fixed and order.planned_week is not None:
            frozen[row[order.variant_id], 0, column[order.planned_week]] += 1
    for i, variant_id in enumerate(expected, start=len(firm)):
        for t, week in enumerate(weeks):
            demand[i, t] = request.forecast.get((variant_id, week), 0)

    built = _built_this_week(tx, plant_id, weeks[0])
    capacity = np.zeros((1, horizon))
    for t, week in enumerate(weeks):
        slot = tx.get(BUILD_SLOT, plant_id, week)
        capacity[0, t] = slot.capacity_vehicles if slot else 0
    capacity[0, 0] = max(0, capacity[0, 0] - built.total())

    names = sorted({(str(f), str(o)) for variant_id in variants for f, o in request.options.get(variant_id, ())})
    rates = np.full((len(names), horizon), np.inf)
    for n, (family_id, option_id) in enumerate(names):
        for t, week in enumerate(weeks):
            load = tx.get(OPTION_LOAD, plant_id, week, family_id, option_id)
            if load is not None:
                rates[n, t] = load.capacity_vehicles
    has = [{(str(f), str(o)) for f, o in request.options.get(variant_id, ())} for variant_id in variants]
    for variant_id, count in built.items():
        for n, name in enumerate(names):
            if name in {(str(f), str(o)) for f, o in request.options.get(variant_id, ())}:
                rates[n, 0] = max(0, rates[n, 0] - count)
    limited = [n for n in range(len(names)) if np.isfinite(rates[n]).any()]
    options = Limits(
        tuple("=".join(names[n]) for n in limited),
        np.zeros(len(limited), dtype=np.int64),
        np.array([[float(names[n] in pairs) for pairs in has] for n in limited]).reshape(len(limited), len(variants)),
        rates[limited],
    )

    part_ids = sorted(request.parts_supply)
    for part_id in part_ids:
        if len(request.parts_supply[part_id]) != horizon:
            raise InvalidInput(
                f"part `{part_id}` has a supply for {len(request.parts_supply[part_id])} weeks, and the plan {horizon}"
            )
    parts = Limits(
        tuple(part_ids),
        np.zeros(len(part_ids), dtype=np.int64),
        np.array([[float(request.usage.get(v, {}).get(p, 0)) for v in variants] for p in part_ids]).reshape(
            len(part_ids), len(variants)
        ),
        np.array([request.parts_supply[p] for p in part_ids], dtype=np.float64).reshape(len(part_ids), horizon),
    )

    late, early = float(policy.late_cost.minor), float(policy.early_cost.minor)
    unbuilt = float(policy.unbuilt_cost.minor)
    forecast_late = late / 10 if policy.forecast_late_cost is None else float(policy.forecast_late_cost.minor)
    weight = forecast_late / late if late else 0.0
    is_firm = np.arange(len(variants)) < len(firm)
    return Problem(
        plants=(plant_id,),
        weeks=tuple(weeks),
        items=(*firm, *(f"forecast {variant_id}" for variant_id in expected)),
        demand=demand,
        late_cost=np.where(is_firm, late, forecast_late),
        early_cost=np.full(len(variants), early),
        unbuilt_cost=np.where(is_firm, unbuilt, unbuilt * weight),
        can_build=np.ones((len(variants), 1), dtype=bool),
        capacity=capacity,
        options=options,
        parts=parts,
        early_weeks_max=policy.early_weeks_max,
        frozen=frozen,
    )


def _built_this_week(tx: Transaction, plant_id: PlantId, week: date) -> Counter[VariantId]:
    where = BUILD_ORDER.sql.c
    built = tx.select(
        BUILD_ORDER,
        where.plant_id == plant_id,
        where.state == BuildState.BUILT.value,
        where.built_on >= week,
        where.built_on < week + timedelta(days=7),
    )
    return Counter(order.variant_id for order in built)


def _publication(request: PlanRequest, schedule: Schedule, problem: Problem, firm: int) -> SchedulePublished:
    """The plan as it is told to others: cells count firm and forecast vehicles of a variant together."""
    cells: list[ScheduleCell] = []
    if schedule.builds is not None:
        names = [name if i < firm else name.removeprefix("forecast ") for i, name in enumerate(problem.items)]
        found = sorted(
            (names[i], problem.weeks[t], int(schedule.builds[i, 0, t]))
            for i, t in zip(*np.nonzero(schedule.builds[:, 0, :]), strict=True)
        )
        cells = [
            ScheduleCell(VariantId(name), week, sum(count for _, _, count in group))
            for (name, week), group in groupby(found, key=lambda cell: cell[:2])
        ]
    return SchedulePublished(
        run_id=request.run_id,
        plant_id=request.plant_id,
        as_of=request.as_of,
        status=schedule.status.value,
        objective=schedule.objective or 0.0,
        gap=schedule.gap or 0.0,
        cells=tuple(cells),
        shadow_prices=tuple(ShadowPrice(p.constraint, p.week_start, p.value_minor) for p in schedule.prices),
        conflicts=schedule.conflicts,
    )
