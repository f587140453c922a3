"""The twin: push against pull on the same simulated shoppers, with the delay dial and links switched off."""

from .inputs import DELAYS_DAYS, TwinInput, TwinRegion, TwinVariant
from .results import MEASURES, Difference, Measure, Row, Series, TwinResult, World
from .worlds import worlds

__all__ = [
    "DELAYS_DAYS",
    "MEASURES",
    "Difference",
    "Measure",
    "Row",
    "Series",
    "TwinInput",
    "TwinRegion",
    "TwinResult",
    "TwinVariant",
    "World",
    "worlds",
]
