"""The planning question as a linear program: which row and column stands for what.

Columns: builds[item, plant, week], late[item, week], early[item, week], part stock[part, week].
Rows, each for every week: plant capacity, option capacity, part balance, demand balance.

Source of the balance form: Pochet and Wolsey (2006), Production Planning by Mixed Integer Programming, ch. 1 and 2;
with `late` as backlog and `early` as stock that only later demand of the same item may use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from pullcord.solvers import Infeasibility, Rows

from .problem import Floats, Problem


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A linear program and the place of everything in it.

    build_item, build_plant, build_week : int64[build column]; build columns come first
    capacity_row, option_row, part_row, demand_row : index of the first row of each kind
    """

    cost: Floats
    rows: Rows
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats
    build_item: npt.NDArray[np.int64]
    build_plant: npt.NDArray[np.int64]
    build_week: npt.NDArray[np.int64]
    option_row: int
    part_row: int
    demand_row: int

    def builds(self, problem: Problem, solution: Floats) -> Floats:
        """float64[item, plant, week] out of a solution."""
        builds = np.zeros((len(problem.items), len(problem.plants), len(problem.weeks)))
        builds[self.build_item, self.build_plant, self.build_week] = solution[: len(self.build_item)]
        return builds


def lay_out(problem: Problem) -> Layout:
    """The linear program of a planning question, as flat arrays."""
    items, plants, weeks = len(problem.items), len(problem.plants), len(problem.weeks)
    options, parts = problem.options, problem.parts
    fence = problem.freeze_weeks
    frozen = np.zeros((items, plants, weeks))
    frozen[:, :, :fence] = problem.frozen

    # Nothing is built before it may be: columns before an item's reach begins would only be fixed at zero.
    useful = problem.can_build[:, :, None] & (problem.reach() > 0)[:, None, :]
    useful[:, :, :fence] = False
    item, plant, week = np.nonzero(useful | (frozen > 0))
    count = len(item)
    fixed = week < fence

    option_row = plants * weeks
    part_row = option_row + len(options.names) * weeks
    demand_row = part_row + len(parts.names) * weeks
    row_count = demand_row + items * weeks
    late, early = count, count + items * weeks
    stock = early + items * weeks
    columns = stock + len(parts.names) * weeks

    build = np.arange(count)
    row_parts = [plant * weeks + week, demand_row + item * weeks + week]
    column_parts, value_parts = [build, build], [np.ones(count), np.ones(count)]
    for limits, first in ((options, option_row), (parts, part_row)):
        for n in range(len(limits.names)):
            uses = np.flatnonzero((limits.use[n, item] > 0) & (plant == limits.plant[n]))
            row_parts.append(first + n * weeks + week[uses])
            column_parts.append(uses)
            value_parts.append(limits.use[n, item[uses]])
    # Demand balance: builds + late(t) - late(t-1) - early(t) + early(t-1) = demand(t).
    cell = np.arange(items * weeks)
    followed = cell[cell % weeks < weeks - 1]
    for first, sign in ((late, 1.0), (early, -1.0)):
        row_parts += [demand_row + cell, demand_row + followed + 1]
        column_parts += [first + cell, first + followed]
        value_parts += [np.full(len(cell), sign), np.full(len(followed), -sign)]
    # Part balance: use + stock(t) - stock(t-1) = supply(t).
    cell = np.arange(len(parts.names) * weeks)
    followed = cell[cell % weeks < weeks - 1]
    row_parts += [part_row + cell, part_row + followed + 1]
    column_parts += [stock + cell, stock + followed]
    value_parts += [np.ones(len(cell)), -np.ones(len(followed))]

    row_lower, row_upper = np.full(row_count, -np.inf), np.full(row_count, np.inf)
    row_upper[:option_row] = problem.capacity.ravel()
    row_upper[option_row:part_row] = options.supply.ravel()
    # Once supply is unlimited the part limits nothing any more, in that week or later.
    limited = np.isfinite(parts.supply.cumsum(axis=1)).ravel()
    row_lower[part_row:demand_row] = np.where(limited, parts.supply.ravel(), -np.inf)
    row_upper[part_row:demand_row] = np.where(limited, parts.supply.ravel(), np.inf)
    row_lower[demand_row:] = row_upper[demand_row:] = problem.demand.ravel()

    lower, upper = np.zeros(columns), np.full(columns, np.inf)
    lower[:count][fixed] = upper[:count][fixed] = frozen[item, plant, week][fixed]
    upper[early:stock] = (problem.reach() - problem.demand.cumsum(axis=1)).ravel()
    cost = np.zeros(columns)
    late_cost = np.repeat(problem.late_cost[:, None], weeks, axis=1)
    late_cost[:, -1] += problem.unbuilt_cost
    cost[late:early] = late_cost.ravel()
    cost[early:stock] = np.repeat(problem.early_cost, weeks)

    rows = Rows.from_triplets(
        np.concatenate(row_parts), np.concatenate(column_parts), np.concatenate(value_parts), row_count
    )
    return Layout(cost, rows, row_lower, row_upper, lower, upper, item, plant, week, option_row, part_row, demand_row)


@dataclass(frozen=True, slots=True)
class Price:
    """What one more unit of a scarce thing in a week would save, in minor units."""

    plant: str
    constraint: str  # `capacity`, `option colour=white` or `part P-12`
    week_start: date
    value_minor: float


def prices(problem: Problem, layout: Layout, row_duals: Floats) -> tuple[Price, ...]:
    """The shadow prices above a thousandth of a minor unit, in the order of the rows."""
    weeks = len(problem.weeks)
    named: list[tuple[str, str]] = [(plant, "capacity") for plant in problem.plants]
    for kind, limits in (("option", problem.options), ("part", problem.parts)):
        at = [problem.plants[p] for p in limits.plant]
        named += [(plant, f"{kind} {name}") for plant, name in zip(at, limits.names, strict=True)]
    saved = -row_duals[: layout.demand_row]
    return tuple(
        Price(*named[row // weeks], problem.weeks[row % weeks], float(saved[row]))
        for row in np.flatnonzero(saved > 1e-3).tolist()
    )


def in_words(problem: Problem, layout: Layout, conflicts: Sequence[Infeasibility]) -> tuple[str, ...]:
    """Conflicts as a planner would say them, one line for each scarce thing; earlier weeks first.

    Parts and demand accumulate: their rows hang together over the weeks, and the last week tells the whole.
    """
    weeks = len(problem.weeks)
    frozen = np.zeros((len(problem.items), len(problem.plants), weeks))
    frozen[:, :, : problem.freeze_weeks] = problem.frozen
    lines: dict[tuple[str, int], tuple[int, str]] = {}
    for row in sorted({row for conflict in conflicts for row in conflict.rows.tolist()}):
        t = row % weeks
        week = problem.weeks[t]
        if row < layout.option_row:
            p = row // weeks
            said = (
                f"week {week}: plant {problem.plants[p]} capacity {problem.capacity[p, t]:g} vehicles"
                f" against {frozen[:, p, t].sum():g} frozen"
            )
            lines["capacity", row] = (t, said)
        elif row < layout.part_row:
            n = (row - layout.option_row) // weeks
            options = problem.options
            used = options.use[n] @ frozen[:, options.plant[n], t]
            said = (
                f"week {week}: plant {problem.plants[options.plant[n]]} option {options.names[n]}"
                f" {options.supply[n, t]:g} vehicles against {used:g} frozen"
            )
            lines["option", row] = (t, said)
        elif row < layout.demand_row:
            n = (row - layout.part_row) // weeks
            parts = problem.parts
            used = (parts.use[n] @ frozen[:, parts.plant[n], : t + 1]).sum()
            said = (
                f"up to week {week}: plant {problem.plants[parts.plant[n]]} part {parts.names[n]}"
                f" {parts.supply[n, : t + 1].sum():g} units against {used:g} for frozen vehicles"
            )
            lines["part", n] = (t, said)
        else:
            i = (row - layout.demand_row) // weeks
            said = (
                f"up to week {week}: {problem.items[i]} {problem.reach()[i, t]} vehicles wanted soon enough"
                f" against {frozen[i, :, : t + 1].sum():g} frozen"
            )
            lines["demand", i] = (t, said)
    return tuple(said for _, said in sorted(lines.values()))
