"""Linear and mixed-integer programs on HiGHS: arrays go straight in, no modelling layer stands between."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import highspy
import numpy as np
import numpy.typing as npt

from pullcord.base import InvalidInput, SolverFailure

from .model import Floats, Infeasibility, Result, Rows, Status

_ROWWISE: Final = int(highspy.MatrixFormat.kRowwise)
_MINIMISE: Final = 1
_M = highspy.HighsModelStatus
_LIMIT_REACHED: Final = frozenset({_M.kTimeLimit, _M.kIterationLimit, _M.kSolutionLimit, _M.kInterrupt})
_FEASIBLE_POINT: Final = int(highspy.SolutionStatus.kSolutionStatusFeasible)
TOLERANCE: Final = 1e-7  # HiGHS's own default for primal and dual feasibility


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """Arrays that have been checked: float64, contiguous, without NaN, of one length for rows and one for columns."""

    cost: Floats
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats
    integer: npt.NDArray[np.int32]  # 1 where only whole numbers will do


def minimise(
    cost: npt.ArrayLike,
    rows: Rows,
    row_lower: npt.ArrayLike | None = None,
    row_upper: npt.ArrayLike | None = None,
    *,
    lower: npt.ArrayLike = 0.0,
    upper: npt.ArrayLike = np.inf,
    integer: npt.NDArray[np.bool_] | None = None,
    time_limit_s: float = 60.0,
    node_limit: int | None = None,
    gap_max: float = 1e-6,
    seed: int = 0,
    method: Literal["simplex", "interior"] = "simplex",
    stop: Callable[[], bool] | None = None,
) -> Result:
    """The cheapest point with `row_lower <= rows x <= row_upper` and `lower <= x <= upper`.

    One thread and a fixed seed: the same question gets the same answer, unless the time limit cuts it short;
    `node_limit` cuts an integer search short at the same place everywhere. Ctrl-C stops the solver, and so does
    `stop` once it returns True (asked at every iteration, from the solving thread).

    Parameters
    ----------
    cost : float64[column]
    row_lower, row_upper : float64[row]; -inf and +inf (the defaults) mean no limit on that side
    lower, upper : float64[column], or one number for all columns
    integer : bool[column], True where only whole numbers will do
    gap_max : an integer answer within this relative gap of its bound counts as optimal
    method : for linear programs: dual simplex, or interior point with crossover to a vertex (sooner on large ones)

    Raises
    ------
    InvalidInput where lengths differ or a number is NaN; SolverFailure where HiGHS breaks.
    Infeasible, unbounded and out of time are statuses of the result.
    """
    began = time.perf_counter()
    model = _checked(cost, rows, row_lower, row_upper, lower, upper, integer)
    if time_limit_s <= 0 or not np.isfinite(time_limit_s):
        raise InvalidInput(f"time_limit_s {time_limit_s} is no limit", "give a positive number of seconds")
    if np.any(model.lower > model.upper) or np.any(model.row_lower > model.row_upper):
        return _without_solution(Status.INFEASIBLE, began)
    if len(model.cost) == 0:
        return _empty(model, began)
    options: dict[str, bool | int | float | str] = {
        "output_flag": False,
        "threads": 1,
        "random_seed": seed,
        "time_limit": float(time_limit_s),
        "mip_rel_gap": gap_max,
    }
    if not model.integer.any():
        options["solver"] = "ipm" if method == "interior" else "simplex"
    if node_limit is not None:
        options["mip_max_nodes"] = node_limit
    solver = _load(model, rows, options, stop)
    _run(solver)
    if solver.getModelStatus() == _M.kUnboundedOrInfeasible:
        # Presolve could not tell the two apart; they are different answers, so ask again without it.
        solver = _load(model, rows, options | {"presolve": "off"}, stop)
        _run(solver)
    return _translate(solver, is_integer=bool(model.integer.any()), began=began)


def conflicting_rows(
    rows: Rows,
    row_lower: npt.ArrayLike | None = None,
    row_upper: npt.ArrayLike | None = None,
    *,
    lower: npt.ArrayLike = 0.0,
    upper: npt.ArrayLike = np.inf,
    at_most: int = 20,
    time_limit_s: float = 60.0,
) -> tuple[Infeasibility, ...]:
    """Separate irreducible conflicts of an infeasible linear program, at most `at_most`; empty when it is feasible.

    An elastic program finds a certificate (the rows with a dual price when the total violation is least), a deletion
    filter removes what it does not need, the conflict is set aside, and the search goes on with the remaining rows.
    Column bounds are never given up.

    Source: Chinneck (2008), Feasibility and Infeasibility in Optimization, ch. 6 (elastic and deletion filters).
    """
    columns = 1 + int(rows.indices.max()) if len(rows.indices) else 0
    columns = max(columns, np.size(lower) if np.ndim(lower) else 0, np.size(upper) if np.ndim(upper) else 0)
    model = _checked(np.zeros(columns), rows, row_lower, row_upper, lower, upper, None)
    if np.any(model.lower > model.upper):
        at = np.flatnonzero(model.lower > model.upper).astype(np.int32)
        return (Infeasibility(np.empty(0, dtype=np.int32), at),)
    deadline = time.perf_counter() + time_limit_s
    left = np.arange(rows.count, dtype=np.int32)
    found: list[Infeasibility] = []
    while len(found) < at_most and (certificate := _certificate(model, rows, left, deadline)) is not None:
        conflict = _irreducible(model, rows, certificate, deadline)
        found.append(conflict)
        left = np.setdiff1d(left, conflict.rows)
    return tuple(found)


def _irreducible(model: _Model, rows: Rows, certificate: Infeasibility, deadline: float) -> Infeasibility:
    """A certificate without the rows it can do without."""
    candidate = certificate
    for row in certificate.rows:
        if row not in candidate.rows:
            continue
        smaller = _certificate(model, rows, candidate.rows[candidate.rows != row], deadline)
        if smaller is not None:  # still in conflict: this row, and perhaps others, are not needed
            candidate = smaller
    return candidate


def _certificate(model: _Model, rows: Rows, kept: npt.NDArray[np.int32], deadline: float) -> Infeasibility | None:
    """Rows among `kept`, and columns, that prove there is no solution; None when there is one."""
    if len(kept) == 0:
        return None
    part = rows.keep(kept)
    columns, count = len(model.cost), part.count
    # Each row may be missed by `short` from below or `over` from above, at a cost of one per unit.
    entry_rows = np.concatenate([part.row_of_entry, np.arange(count), np.arange(count)])
    entry_columns = np.concatenate([part.indices, columns + np.arange(count), columns + count + np.arange(count)])
    entries = np.concatenate([part.values, np.ones(count), -np.ones(count)])
    result = minimise(
        np.concatenate([np.zeros(columns), np.ones(2 * count)]),
        Rows.from_triplets(entry_rows, entry_columns, entries, count),
        model.row_lower[kept],
        model.row_upper[kept],
        lower=np.concatenate([model.lower, np.zeros(2 * count)]),
        upper=np.concatenate([model.upper, np.full(2 * count, np.inf)]),
        time_limit_s=max(0.01, deadline - time.perf_counter()),
    )
    if result.objective is None or result.row_duals is None or result.column_duals is None:
        raise SolverFailure(
            f"the search for conflicting rows ended {result.status}", "give it more time, or fewer rows"
        )
    if result.objective <= TOLERANCE * max(1, count):
        return None
    needed = np.abs(result.row_duals) > TOLERANCE
    bounds = np.abs(result.column_duals[:columns]) > TOLERANCE
    return Infeasibility(kept[needed], np.flatnonzero(bounds).astype(np.int32))


def _checked(
    cost: npt.ArrayLike,
    rows: Rows,
    row_lower: npt.ArrayLike | None,
    row_upper: npt.ArrayLike | None,
    lower: npt.ArrayLike,
    upper: npt.ArrayLike,
    integer: npt.NDArray[np.bool_] | None,
) -> _Model:
    """The model as contiguous arrays of the right lengths."""
    costs = np.ascontiguousarray(cost, dtype=np.float64)
    columns = len(costs)
    if len(rows.indices) and int(rows.indices.max()) >= columns:
        raise InvalidInput(f"a row names column {int(rows.indices.max())} of {columns}", "columns count from 0")
    model = _Model(
        cost=costs,
        row_lower=_filled(row_lower, rows.count, -np.inf, "row_lower"),
        row_upper=_filled(row_upper, rows.count, np.inf, "row_upper"),
        lower=_filled(lower, columns, 0.0, "lower"),
        upper=_filled(upper, columns, np.inf, "upper"),
        integer=np.zeros(columns, dtype=np.int32) if integer is None else np.asarray(integer).astype(np.int32),
    )
    if len(model.integer) != columns:
        raise InvalidInput(f"`integer` has {len(model.integer)} entries for {columns} columns")
    if not np.all(np.isfinite(costs)) or not np.all(np.isfinite(rows.values)):
        raise InvalidInput("costs and row values must be finite numbers", "look for a division by zero upstream")
    return model


def _filled(value: npt.ArrayLike | None, length: int, default: float, name: str) -> Floats:
    array = np.asarray(default if value is None else value, dtype=np.float64)
    if array.ndim == 0:
        array = np.full(length, float(array))
    if array.shape != (length,):
        raise InvalidInput(f"`{name}` has shape {array.shape}, not ({length},)", "give one number, or one for each")
    if np.any(np.isnan(array)):
        raise InvalidInput(f"`{name}` holds NaN at {int(np.flatnonzero(np.isnan(array))[0])}")
    return np.ascontiguousarray(array)


def _load(
    model: _Model, rows: Rows, options: Mapping[str, bool | int | float | str], stop: Callable[[], bool] | None
) -> highspy.Highs:
    solver: highspy.Highs = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in options.items():
        if solver.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise SolverFailure(f"HiGHS refused the option {name}={value!r}")

    # Python sees signals only while it runs Python: without a callback Ctrl-C would wait for the end of the solve.
    def heed(event: Any) -> None:
        if stop is not None and stop():
            event.interrupt()

    for callback in (solver.cbSimplexInterrupt, solver.cbIpmInterrupt, solver.cbMipInterrupt):
        callback.subscribe(heed)
    status = solver.passModel(
        len(model.cost),
        rows.count,
        len(rows.indices),
        _ROWWISE,
        _MINIMISE,
        0.0,
        model.cost,
        model.lower,
        model.upper,
        model.row_lower,
        model.row_upper,
        np.ascontiguousarray(rows.starts[:-1], dtype=np.int32),
        np.ascontiguousarray(rows.indices, dtype=np.int32),
        np.ascontiguousarray(rows.values, dtype=np.float64),
        model.integer,
    )
    if status == highspy.HighsStatus.kError:
        raise SolverFailure(f"HiGHS refused a model of {rows.count} rows and {len(model.cost)} columns")
    return solver


def _run(solver: highspy.Highs) -> None:
    if solver.run() == highspy.HighsStatus.kError and solver.getModelStatus() not in _LIMIT_REACHED:
        raise SolverFailure(f"HiGHS failed: {solver.modelStatusToString(solver.getModelStatus())}")


def _translate(solver: highspy.Highs, *, is_integer: bool, began: float) -> Result:
    ended, info = solver.getModelStatus(), solver.getInfo()
    if ended == _M.kInfeasible:
        return _without_solution(Status.INFEASIBLE, began)
    if ended == _M.kUnbounded:
        return _without_solution(Status.UNBOUNDED, began)
    if ended != _M.kOptimal and ended not in _LIMIT_REACHED:
        raise SolverFailure(
            f"HiGHS ended with `{solver.modelStatusToString(ended)}`", "scale the model: coefficients near 1"
        )
    bound: float | None = info.objective_function_value if ended == _M.kOptimal else None
    if is_integer:
        bound = info.mip_dual_bound if np.isfinite(info.mip_dual_bound) else None
    if ended != _M.kOptimal and info.primal_solution_status != _FEASIBLE_POINT:
        return _without_solution(Status.NO_ANSWER, began, bound)
    answer = solver.getSolution()
    priced = not is_integer and bool(answer.dual_valid)
    objective = float(info.objective_function_value)
    return Result(
        status=Status.OPTIMAL if ended == _M.kOptimal else Status.FEASIBLE,
        solution=np.array(answer.col_value, dtype=np.float64),
        bound=bound,
        gap=None if bound is None else relative_gap(objective, bound),
        seconds=time.perf_counter() - began,
        row_duals=np.array(answer.row_dual, dtype=np.float64) if priced else None,
        column_duals=np.array(answer.col_dual, dtype=np.float64) if priced else None,
        objective=objective,
    )


def relative_gap(objective: float, bound: float) -> float:
    """(objective - bound) / |objective|; 0 where the two agree to within rounding."""
    difference = objective - bound
    if abs(difference) <= 1e-9 * max(1.0, abs(objective)):
        return 0.0
    return difference / max(abs(objective), 1e-9)


def _without_solution(status: Status, began: float, bound: float | None = None) -> Result:
    return Result(status, None, bound, None, time.perf_counter() - began, None, None, None)


def _empty(model: _Model, began: float) -> Result:
    """A model without columns: every row's left-hand side is 0."""
    if np.any(model.row_lower > TOLERANCE) or np.any(model.row_upper < -TOLERANCE):
        return _without_solution(Status.INFEASIBLE, began)
    no_duals = np.zeros(len(model.row_lower))
    return Result(Status.OPTIMAL, np.empty(0), 0.0, 0.0, time.perf_counter() - began, no_duals, np.empty(0), 0.0)
