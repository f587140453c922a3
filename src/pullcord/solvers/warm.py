"""A linear program that is asked many times: rows come and go, bounds move, and it goes on from where it stood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
import numpy.typing as npt

from pullcord.base import InvalidInput, SolverFailure

from .model import Floats, Rows, Status

_M = highspy.HighsModelStatus


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """The least cost of a linear program, or a proof that it is not below a limit.

    value : no point costs less; infinite where there is no point at all
    solution : float64[column], None where there is none, or where the search ended at the limit
    row_duals, column_duals : float64[row], float64[column], as in `Result`; None without a solution
    """

    status: Status
    value: float
    solution: Floats | None
    row_duals: Floats | None
    column_duals: Floats | None


class WarmProgram:
    """Minimise cost over columns with bounds, under rows that come and go. Solved by dual simplex on one thread.

    After a change of rows or bounds the last basis still prices out, so that the next answer takes few steps.
    """

    def __init__(self, cost: npt.ArrayLike, *, lower: npt.ArrayLike = 0.0, upper: npt.ArrayLike = np.inf) -> None:
        """cost : float64[column]; lower, upper : float64[column], or one number for all columns."""
        costs = np.ascontiguousarray(cost, dtype=np.float64)
        self._columns = len(costs)
        low, high = (np.ascontiguousarray(np.broadcast_to(np.asarray(b, float), costs.shape)) for b in (lower, upper))
        if not np.all(np.isfinite(costs)) or np.any(np.isnan(low)) or np.any(np.isnan(high)):
            raise InvalidInput("costs and bounds must be numbers", "look for a division by zero upstream")
        solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in (("output_flag", False), ("threads", 1), ("presolve", "off"), ("solver", "simplex")):
            solver.setOptionValue(name, value)
        # Python sees Ctrl-C only while it runs Python.
        solver.cbSimplexInterrupt.subscribe(lambda event: None)
        solver.addVars(self._columns, low, high)
        solver.changeColsCost(self._columns, np.arange(self._columns, dtype=np.int32), costs)
        self._solver = solver
        self._stop_above = np.inf

    @property
    def rows(self) -> int:
        """How many rows there are now."""
        return int(self._solver.getNumRow())

    def add_rows(self, rows: Rows, row_lower: npt.ArrayLike, row_upper: npt.ArrayLike) -> None:
        """Append rows `row_lower <= rows x <= row_upper`; one number stands for all of them."""
        low, high = (
            np.ascontiguousarray(np.broadcast_to(np.asarray(b, dtype=np.float64), (rows.count,)))
            for b in (row_lower, row_upper)
        )
        if len(rows.indices) and int(rows.indices.max()) >= self._columns:
            raise InvalidInput(f"a row names column {int(rows.indices.max())} of {self._columns}", "count from 0")
        if not np.all(np.isfinite(rows.values)):
            raise InvalidInput("row values must be finite numbers", "look for a division by zero upstream")
        status = self._solver.addRows(
            rows.count, low, high, len(rows.indices), np.ascontiguousarray(rows.starts[:-1]), rows.indices, rows.values
        )
        if status == highspy.HighsStatus.kError:
            raise SolverFailure(f"HiGHS refused {rows.count} more rows")

    def remove_rows(self, which: npt.NDArray[np.integer]) -> None:
        """Drop rows by their number; those that stay close ranks."""
        gone = np.ascontiguousarray(np.unique(which), dtype=np.int32)
        if len(gone):
            self._solver.deleteRows(len(gone), gone)

    def set_bounds(self, columns: npt.NDArray[np.integer], lower: npt.ArrayLike, upper: npt.ArrayLike) -> None:
        """Give columns new bounds."""
        at = np.ascontiguousarray(columns, dtype=np.int32)
        low, high = (
            np.ascontiguousarray(np.broadcast_to(np.asarray(b, dtype=np.float64), at.shape)) for b in (lower, upper)
        )
        self._solver.changeColsBounds(len(at), at, low, high)

    def minimise(self, *, stop_above: float = np.inf, time_limit_s: float = 3600.0) -> Relaxed:
        """The least cost. The search ends early once it is proved to be above `stop_above`.

        Raises SolverFailure where HiGHS breaks or finds no end within the time limit.
        """
        solver = self._solver
        if stop_above != self._stop_above:
            solver.setOptionValue("objective_bound", float(stop_above))
            self._stop_above = stop_above
        # HiGHS counts its seconds from the first solve on.
        solver.setOptionValue("time_limit", float(solver.getRunTime() + time_limit_s))
        solver.run()
        ended = solver.getModelStatus()
        if ended not in (_M.kOptimal, _M.kInfeasible, _M.kObjectiveBound, _M.kUnbounded):
            solver.clearSolver()  # a stale basis may be at fault: once more from scratch
            solver.run()
            ended = solver.getModelStatus()
        if ended == _M.kObjectiveBound:
            return Relaxed(Status.NO_ANSWER, stop_above, None, None, None)
        if ended == _M.kInfeasible:
            return Relaxed(Status.INFEASIBLE, np.inf, None, None, None)
        if ended == _M.kUnbounded:
            return Relaxed(Status.UNBOUNDED, -np.inf, None, None, None)
        if ended != _M.kOptimal:
            raise SolverFailure(f"HiGHS ended with `{solver.modelStatusToString(ended)}`", "give it more time")
        answer = solver.getSolution()
        return Relaxed(
            Status.OPTIMAL,
            float(solver.getInfo().objective_function_value),
            np.array(answer.col_value, dtype=np.float64),
            np.array(answer.row_dual, dtype=np.float64),
            np.array(answer.col_dual, dtype=np.float64),
        )
