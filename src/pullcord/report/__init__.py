"""The report: one self-contained HTML file drawn from a run's results, and the tables behind its charts."""

from .claims import render_claims
from .demand import render_demand, write_demand_tables
from .page import render
from .tables import write_tables

__all__ = ["render", "render_claims", "render_demand", "write_demand_tables", "write_tables"]
