"""The planning question: what is wanted when, and what limits the weeks in which it can be built."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from pullcord.base import InvalidInput

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Scarce things of one kind, each at one plant: options that a line can fit so often, parts that arrive.

    names : what each is called, such as `colour=white` or `P-12`
    plant : int64[limit], the index of its plant
    use : float64[limit, item], units that one vehicle of the item takes
    supply : float64[limit, week], units per week; inf where there is no limit
    """

    names: tuple[str, ...]
    plant: Counts
    use: Floats
    supply: Floats

    @classmethod
    def none(cls, items: int, weeks: int) -> Limits:
        """No limit of this kind."""
        return cls((), np.empty(0, dtype=np.int64), np.empty((0, items)), np.empty((0, weeks)))


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A master scheduling question. If it exists, its arrays fit together.

    An item is a stream of like demand: the firm orders of one variant, or its forecast at a lower late cost.

    plants, weeks, items : names along the axes; weeks are consecutive Mondays
    demand : int64[item, week], vehicles due; what is overdue stands in the first week
    late_cost : float64[item], minor units per vehicle and week after the due week
    early_cost : float64[item], minor units per vehicle and week before the due week
    unbuilt_cost : float64[item], minor units per vehicle not built within the horizon, on top of its lateness
    can_build : bool[item, plant]
    capacity : float64[plant, week], vehicles
    options : limits per week; parts : limits whose unused supply is kept for later weeks
    early_weeks_max : a vehicle may be built so many weeks before it is due
    frozen : int64[item, plant, frozen week], builds of the first weeks that the earlier plan has fixed
    """

    plants: tuple[str, ...]
    weeks: tuple[date, ...]
    items: tuple[str, ...]
    demand: Counts
    late_cost: Floats
    early_cost: Floats
    unbuilt_cost: Floats
    can_build: Flags
    capacity: Floats
    options: Limits
    parts: Limits
    early_weeks_max: int = 0
    frozen: Counts = field(default_factory=lambda: np.zeros((0, 0, 0), dtype=np.int64))

    def __post_init__(self) -> None:
        items, plants, weeks = len(self.items), len(self.plants), len(self.weeks)
        shapes: list[tuple[str, npt.NDArray[Any], tuple[int, ...]]] = [
            ("demand", self.demand, (items, weeks)),
            ("late_cost", self.late_cost, (items,)),
            ("early_cost", self.early_cost, (items,)),
            ("unbuilt_cost", self.unbuilt_cost, (items,)),
            ("can_build", self.can_build, (items, plants)),
            ("capacity", self.capacity, (plants, weeks)),
        ]
        for kind, limits in (("options", self.options), ("parts", self.parts)):
            count = len(limits.names)
            shapes += [
                (f"{kind}.plant", limits.plant, (count,)),
                (f"{kind}.use", limits.use, (count, items)),
                (f"{kind}.supply", limits.supply, (count, weeks)),
            ]
        if self.frozen.size == 0:
            object.__setattr__(self, "frozen", np.zeros((items, plants, 0), dtype=np.int64))
        shapes.append(("frozen", self.frozen[:, :, :0], (items, plants, 0)))
        wrong = [f"{name} is {array.shape}, not {shape}" for name, array, shape in shapes if array.shape != shape]
        if weeks == 0 or self.frozen.shape[-1] > weeks:
            wrong.append(f"{self.frozen.shape[-1]} frozen weeks of {weeks}")
        negative = [name for name, array, _ in shapes if array.size and array.dtype != bool and array.min() < 0]
        if self.frozen.size and self.frozen.min() < 0:
            negative.append("frozen")
        if self.early_weeks_max < 0:
            negative.append("early_weeks_max")
        if negative:
            wrong.append(f"{', '.join(negative)} below zero")
        if not all(np.all(np.isfinite(a)) for a in (self.late_cost, self.early_cost, self.unbuilt_cost)):
            wrong.append("a cost that is not finite")
        if wrong:
            raise InvalidInput(f"the planning question does not fit together: {'; '.join(wrong)}")

    @property
    def freeze_weeks(self) -> int:
        """Weeks at the start that the earlier plan has fixed."""
        return int(self.frozen.shape[-1])

    def reach(self) -> Counts:
        """Vehicles that may have been built by the end of each week, nothing too early: int64[item, week]."""
        cumulative = self.demand.cumsum(axis=1)
        last = np.minimum(np.arange(len(self.weeks)) + self.early_weeks_max, len(self.weeks) - 1)
        return cumulative[:, last]


def cost_of(problem: Problem, builds: npt.NDArray[Any]) -> float:
    """Cost in minor units of lateness, earliness and what stays unbuilt, for builds[item, plant, week]."""
    ahead = builds.sum(axis=1).cumsum(axis=1) - problem.demand.cumsum(axis=1)
    late, early = np.maximum(-ahead, 0), np.maximum(ahead, 0)
    per_item = (
        problem.late_cost * late.sum(axis=1)
        + problem.early_cost * early.sum(axis=1)
        + problem.unbuilt_cost * late[:, -1]
    )
    return float(per_item.sum())


def violations(problem: Problem, builds: npt.NDArray[Any], tolerance: float = 0.0) -> tuple[str, ...]:
    """Every limit that builds[item, plant, week] breaks by more than `tolerance` units, in words; empty when none."""
    found: list[str] = []
    weeks, plants, items = problem.weeks, problem.plants, problem.items
    if builds.size and builds.min() < -tolerance:
        found.append("a negative number of vehicles")
    forbidden = (builds > tolerance).any(axis=2) & ~problem.can_build
    found += [f"{items[i]} cannot be built at plant {plants[p]}" for i, p in zip(*np.nonzero(forbidden), strict=True)]
    built = builds.sum(axis=0)
    found += [
        f"week {weeks[t]}: plant {plants[p]} capacity {problem.capacity[p, t]:g} vehicles against {built[p, t]:g}"
        for p, t in zip(*np.nonzero(built > problem.capacity + tolerance), strict=True)
    ]
    for kind, limits, cumulative in (("option", problem.options, False), ("part", problem.parts, True)):
        used = np.einsum("li,ilt->lt", limits.use, builds[:, limits.plant, :]) if len(limits.names) else limits.supply
        supply = limits.supply
        if cumulative:
            used, supply = used.cumsum(axis=1), supply.cumsum(axis=1)
        if len(limits.names):
            found += [
                f"week {weeks[t]}: plant {plants[limits.plant[n]]} {kind} {limits.names[n]}"
                f" {supply[n, t]:g} units against {used[n, t]:g}"
                for n, t in zip(*np.nonzero(used > supply + tolerance), strict=True)
            ]
    ahead = builds.sum(axis=1).cumsum(axis=1) - problem.reach()
    found += [
        f"week {weeks[t]}: {items[i]} is {ahead[i, t]:g} vehicles ahead of all that may be built by then"
        for i, t in zip(*np.nonzero(ahead > tolerance), strict=True)
    ]
    fence = problem.freeze_weeks
    moved = np.abs(builds[:, :, :fence] - problem.frozen) > tolerance
    found += [
        f"week {weeks[t]}: {items[i]} at plant {plants[p]} is frozen at {problem.frozen[i, p, t]}"
        for i, p, t in zip(*np.nonzero(moved), strict=True)
    ]
    return tuple(found)
