"""The planning question of one plant: build orders, slots, options and parts laid out as arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from pullcord.base import InvalidInput, Money, PartId, PlantId, VariantId
from pullcord.store import Reader

from .model import BuildOrder, BuildState
from .problem import Counts, Floats, Limits, Problem
from .slots import OptionPair
from .store import BUILD_ORDER, BUILD_SLOT, OPTION_LOAD


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
    thaw: bool = False  # plan again without the fence where the frozen weeks cannot hold, and say what clashed

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
    capacity : vehicles that the plant can build in each week; None: as many as it has opened slots for
    """

    run_id: str
    plant_id: PlantId
    as_of: date
    policy: PlanPolicy
    options: Mapping[VariantId, Sequence[OptionPair]] = field(default_factory=dict)
    usage: Mapping[VariantId, Mapping[PartId, int]] = field(default_factory=dict)
    parts_supply: Mapping[PartId, Sequence[float]] = field(default_factory=dict)
    forecast: Mapping[tuple[VariantId, date], int] = field(default_factory=dict)
    capacity: Mapping[date, int] | None = None
    seed: int = 0


class Question:
    """What one run of the plan asks: which orders it is about, which of them the fence holds, and the arrays."""

    def __init__(
        self, reader: Reader, request: PlanRequest, weeks: Sequence[date], fence: int, waiting: Sequence[BuildOrder]
    ) -> None:
        self.request = request
        self.weeks = tuple(weeks)
        self.fence = fence
        frozen = set(weeks[:fence])
        self.fixed = {order.build_order_id for order in waiting if order.planned_week in frozen}
        self.wanted = [order for order in waiting if order.due_week <= weeks[-1] or order.build_order_id in self.fixed]
        self.firm = sorted({order.variant_id for order in self.wanted})
        self.expected = sorted({variant_id for variant_id, _ in request.forecast})
        self.variants = [*self.firm, *self.expected]  # one item each: firm demand first, then forecast
        self._options = [
            {(str(family), str(option)) for family, option in request.options.get(variant_id, ())}
            for variant_id in self.variants
        ]
        self.problem = self._problem(reader)

    def _problem(self, reader: Reader) -> Problem:
        policy, count = self.request.policy, len(self.variants)
        demand, frozen = self._demand()
        built = self._built_this_week(reader)
        late = float(policy.late_cost.minor)
        unbuilt = float(policy.unbuilt_cost.minor)
        forecast_late = late / 10 if policy.forecast_late_cost is None else float(policy.forecast_late_cost.minor)
        is_firm = np.arange(count) < len(self.firm)
        return Problem(
            plants=(self.request.plant_id,),
            weeks=self.weeks,
            items=(*self.firm, *(f"forecast {variant_id}" for variant_id in self.expected)),
            demand=demand,
            late_cost=np.where(is_firm, late, forecast_late),
            early_cost=np.full(count, float(policy.early_cost.minor)),
            unbuilt_cost=np.where(is_firm, unbuilt, unbuilt * forecast_late / late if late else 0.0),
            can_build=np.ones((count, 1), dtype=bool),
            capacity=self._capacity(reader, built),
            options=self._option_limits(reader, built),
            parts=self._part_limits(),
            early_weeks_max=policy.early_weeks_max,
            frozen=frozen,
        )

    def _demand(self) -> tuple[Counts, Counts]:
        """Vehicles due, int64[item, week], and vehicles that the fence holds, int64[item, plant, frozen week]."""
        row = {variant_id: i for i, variant_id in enumerate(self.firm)}
        column = {week: t for t, week in enumerate(self.weeks)}
        demand = np.zeros((len(self.variants), len(self.weeks)), dtype=np.int64)
        frozen = np.zeros((len(self.variants), 1, self.fence), dtype=np.int64)
        for order in self.wanted:
            due = min(max(order.due_week, self.weeks[0]), self.weeks[-1])  # overdue is due now
            demand[row[order.variant_id], column[due]] += 1
            if order.build_order_id in self.fixed and order.planned_week is not None:
                frozen[row[order.variant_id], 0, column[order.planned_week]] += 1
        for i, variant_id in enumerate(self.expected, start=len(self.firm)):
            demand[i] = [self.request.forecast.get((variant_id, week), 0) for week in self.weeks]
        return demand, frozen

    def _built_this_week(self, reader: Reader) -> Counter[VariantId]:
        """Vehicles that have left the line since Monday: their places in the first week are used up."""
        where = BUILD_ORDER.sql.c
        built = reader.select(
            BUILD_ORDER,
            where.plant_id == self.request.plant_id,
            where.state == BuildState.BUILT.value,
            where.built_on >= self.weeks[0],
            where.built_on < self.weeks[0] + timedelta(weeks=1),
        )
        return Counter(order.variant_id for order in built)

    def _capacity(self, reader: Reader, built: Counter[VariantId]) -> Floats:
        capacity = np.zeros((1, len(self.weeks)))
        for t, week in enumerate(self.weeks):
            if self.request.capacity is not None:
                capacity[0, t] = self.request.capacity.get(week, 0)
            elif (slot := reader.get(BUILD_SLOT, self.request.plant_id, week)) is not None:
                capacity[0, t] = slot.capacity_vehicles
        capacity[0, 0] = max(0, capacity[0, 0] - built.total())
        return capacity

    def _option_limits(self, reader: Reader, built: Counter[VariantId]) -> Limits:
        """The options that the plant limits in any week of the horizon."""
        names = sorted({pair for pairs in self._options for pair in pairs})
        rates = np.full((len(names), len(self.weeks)), np.inf)
        for n, (family_id, option_id) in enumerate(names):
            for t, week in enumerate(self.weeks):
                load = reader.get(OPTION_LOAD, self.request.plant_id, week, family_id, option_id)
                if load is not None:
                    rates[n, t] = load.capacity_vehicles
            fitted = sum(
                count for variant_id, count in built.items() if names[n] in self.request.options.get(variant_id, ())
            )
            rates[n, 0] = max(0, rates[n, 0] - fitted)
        limited = [n for n in range(len(names)) if np.isfinite(rates[n]).any()]
        use = np.array([[float(names[n] in pairs) for pairs in self._options] for n in limited])
        return Limits(
            tuple("=".join(names[n]) for n in limited),
            np.zeros(len(limited), dtype=np.int64),
            use.reshape(len(limited), len(self.variants)),
            rates[limited],
        )

    def _part_limits(self) -> Limits:
        supply, usage = self.request.parts_supply, self.request.usage
        part_ids = sorted(supply)
        for part_id in part_ids:
            if len(supply[part_id]) != len(self.weeks):
                raise InvalidInput(
                    f"part `{part_id}` has a supply for {len(supply[part_id])} weeks, and the plan {len(self.weeks)}",
                    "give one number for each week of the horizon",
                )
        use = np.array([[float(usage.get(v, {}).get(p, 0)) for v in self.variants] for p in part_ids])
        return Limits(
            tuple(part_ids),
            np.zeros(len(part_ids), dtype=np.int64),
            use.reshape(len(part_ids), len(self.variants)),
            np.array([supply[p] for p in part_ids], dtype=np.float64).reshape(len(part_ids), len(self.weeks)),
        )
