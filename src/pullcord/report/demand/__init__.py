"""The demand report: the page, the files and the tables that a partner gets, drawn from an insight's records."""

from .page import render_demand
from .tables import write_demand_tables

__all__ = ["render_demand", "write_demand_tables"]
