"""What every solver is given and what every solver answers: rows, status, result."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from pullcord.base import InvalidInput

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int32]


class Status(StrEnum):
    """How a solve ended. Each of these is an answer; a solver that breaks raises SolverFailure instead."""

    OPTIMAL = "optimal"  # proved
    FEASIBLE = "feasible"  # a limit was reached; this is the best so far
    INFEASIBLE = "infeasible"  # proved: no solution exists
    UNBOUNDED = "unbounded"
    NO_ANSWER = "no_answer"  # a limit was reached with nothing found


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A sparse matrix by rows: row r has `values[starts[r]:starts[r+1]]` in columns `indices[starts[r]:starts[r+1]]`.

    starts : int32[row + 1], indices : int32[entry], values : float64[entry]
    """

    starts: Integers
    indices: Integers
    values: Floats

    def __post_init__(self) -> None:
        starts, entries = self.starts, len(self.indices)
        if len(starts) == 0 or starts[0] != 0 or starts[-1] != entries or np.any(np.diff(starts) < 0):
            raise InvalidInput(
                f"row starts must rise from 0 to the {entries} entries", "one start for each row and one for the end"
            )
        if len(self.values) != entries:
            raise InvalidInput(f"{len(self.values)} values for {entries} indices", "give one value for each index")
        if entries and int(self.indices.min()) < 0:
            raise InvalidInput(f"column index {int(self.indices.min())} is negative", "columns count from 0")

    @classmethod
    def from_triplets(
        cls, row: npt.NDArray[np.integer], column: npt.NDArray[np.integer], value: Floats, rows: int
    ) -> Rows:
        """The matrix with `value[i]` at (`row[i]`, `column[i]`); a place may be named once only."""
        order = np.lexsort((column, row))
        row, column = row[order], column[order]
        twice = np.flatnonzero((np.diff(row) == 0) & (np.diff(column) == 0))
        if len(twice):
            at = twice[0]
            raise InvalidInput(f"row {row[at]}, column {column[at]} is given twice", "add the values up first")
        starts = np.searchsorted(row, np.arange(rows + 1), side="left").astype(np.int32)
        return cls(starts, column.astype(np.int32), np.ascontiguousarray(value[order], dtype=np.float64))

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.starts) - 1

    @property
    def row_of_entry(self) -> Integers:
        """The row in which each entry stands: int32[entry]."""
        return np.repeat(np.arange(self.count, dtype=np.int32), np.diff(self.starts))

    def activity(self, solution: Floats) -> Floats:
        """The left-hand side of each row at a solution: float64[row]."""
        return np.bincount(
            self.row_of_entry, weights=self.values * solution[self.indices], minlength=self.count
        ).astype(np.float64)

    def keep(self, rows: npt.NDArray[np.integer]) -> Rows:
        """Only the rows named, in that order."""
        lengths = np.diff(self.starts)[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        entries = np.repeat(self.starts[:-1][rows] - starts[:-1], lengths) + np.arange(starts[-1])
        return Rows(starts, self.indices[entries], self.values[entries])


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What a solver found. `solution` is None exactly when there is none.

    solution : float64[column]
    objective : cost of the solution
    bound : no solution can cost less; None where none was proved
    gap : (objective - bound) / |objective|, 0 when both are 0; None without solution or bound
    seconds : wall-clock time of the solve
    row_duals : float64[row], change of the objective for one more unit of a row's binding side; None for integer models
    column_duals : float64[column], reduced costs; None for integer models
    """

    status: Status
    solution: Floats | None
    bound: float | None
    gap: float | None
    seconds: float
    row_duals: Floats | None
    column_duals: Floats | None
    objective: float | None

    def __post_init__(self) -> None:
        if (self.solution is not None) != (self.status in (Status.OPTIMAL, Status.FEASIBLE)):
            raise InvalidInput(f"a result that is {self.status} must have a solution exactly when one was found")


@dataclass(frozen=True, slots=True, eq=False)
class Infeasibility:
    """Rows that cannot hold together while the columns keep their bounds; drop any one row, and the others can.

    rows : int32[row], columns : int32[column] whose bounds take part
    """

    rows: Integers
    columns: Integers
