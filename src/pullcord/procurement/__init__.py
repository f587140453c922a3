"""Procurement: what the plan needs, what of it must be called off, and which order each part is for."""

from .model import (
    CallOffIssued,
    CallOffLine,
    Part,
    PartQuantity,
    PartsConsumed,
    PartsReceived,
    RequirementLine,
    RequirementsComputed,
    StockAdjusted,
    Supplier,
)

__all__ = [
    "CallOffIssued",
    "CallOffLine",
    "Part",
    "PartQuantity",
    "PartsConsumed",
    "PartsReceived",
    "RequirementLine",
    "RequirementsComputed",
    "StockAdjusted",
    "Supplier",
]
