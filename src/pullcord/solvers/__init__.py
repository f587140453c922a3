"""Solvers behind one honest result: optimal, infeasible, out of time and broken are four different things."""

from .highs import conflicting_rows, minimise, relative_gap
from .model import Infeasibility, Result, Rows, Status
from .warm import Relaxed, WarmProgram

__all__ = [
    "Infeasibility",
    "Relaxed",
    "Result",
    "Rows",
    "Status",
    "WarmProgram",
    "conflicting_rows",
    "minimise",
    "relative_gap",
]
