"""Solvers behind one honest result: optimal, infeasible, out of time and broken are four different things."""

from .highs import conflicting_rows, minimise, relative_gap
from .model import Infeasibility, Result, Rows, Status

__all__ = ["Infeasibility", "Result", "Rows", "Status", "conflicting_rows", "minimise", "relative_gap"]
