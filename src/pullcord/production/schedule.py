"""The weekly master schedule: how many of what, where and in which week."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pullcord.base import SolverFailure
from pullcord.solvers import Status, conflicting_rows, minimise, relative_gap

from .linear import Price, in_words, lay_out, prices
from .problem import Counts, Floats, Problem, cost_of, violations
from .rounding import round_plan

LARGE = 3_000  # columns from which interior point is sooner than simplex (benchmarks/schedule.py)


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """A master schedule and how good it is. `builds` is None exactly when there is no plan; `conflicts` says why, where
    that is known.

    status : how the linear program ended
    builds : int64[item, plant, week], whole vehicles that break no limit
    objective : cost of `builds` in minor units; bound : no plan costs less; gap : (objective - bound) / objective
    linear : float64[item, plant, week], the linear plan behind the whole-vehicle one
    prices : shadow prices of the linear plan; conflicts : constraints that cannot hold together, in words
    """

    status: Status
    builds: Counts | None
    objective: float | None
    bound: float | None
    gap: float | None
    linear: Floats | None
    prices: tuple[Price, ...]
    conflicts: tuple[str, ...]
    rows: int
    columns: int
    seconds: float


def plan_weeks(
    problem: Problem, *, time_limit_s: float = 60.0, seed: int = 0, stop: Callable[[], bool] | None = None
) -> Schedule:
    """The cheapest weekly plan within every limit, in whole vehicles, with its gap to the linear bound.

    The answer is checked against the limits in plain NumPy before it is returned; a plan that breaks one raises
    SolverFailure.
    """
    layout = lay_out(problem)
    rows, columns = layout.rows.count, len(layout.cost)
    # Costs in fen are large beside the solver's tolerance of 1e-7: it would polish digits that nobody can spend.
    unit = float(2.0 ** np.ceil(np.log2(max(1.0, layout.cost.max(initial=0.0)))))  # kept in events: no NumPy scalar
    result = minimise(
        layout.cost / unit,
        layout.rows,
        layout.row_lower,
        layout.row_upper,
        lower=layout.lower,
        upper=layout.upper,
        time_limit_s=time_limit_s,
        seed=seed,
        method="interior" if columns >= LARGE else "simplex",
        stop=stop,
    )
    if result.solution is None:
        conflicts: tuple[str, ...] = ()
        if result.status == Status.INFEASIBLE:
            found = conflicting_rows(
                layout.rows, layout.row_lower, layout.row_upper, lower=layout.lower, upper=layout.upper
            )
            conflicts = in_words(problem, layout, found)
        return Schedule(result.status, None, None, None, None, None, (), conflicts, rows, columns, result.seconds)
    linear = layout.builds(problem, result.solution)
    builds = round_plan(problem, linear)
    for name, plan, tolerance in (("linear", linear, 1e-4), ("whole-vehicle", builds, 1e-6)):
        if broken := violations(problem, plan, tolerance):
            raise SolverFailure(f"the {name} plan breaks {len(broken)} limits, first: {broken[0]}")
    objective = cost_of(problem, builds)
    bound = None if result.bound is None else result.bound * unit
    return Schedule(
        status=result.status,
        builds=builds,
        objective=objective,
        bound=bound,
        gap=None if bound is None else relative_gap(objective, bound),
        linear=linear,
        prices=() if result.row_duals is None else prices(problem, layout, result.row_duals * unit),
        conflicts=(),
        rows=rows,
        columns=columns,
        seconds=result.seconds,
    )
