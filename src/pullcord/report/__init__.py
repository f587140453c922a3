"""The report: one self-contained HTML file drawn from a run's results, and the tables behind its charts."""

from .page import render
from .tables import write_tables

__all__ = ["render", "write_tables"]
