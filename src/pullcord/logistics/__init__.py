"""Logistics: cities, the road between them, and the vehicles on it."""

from .model import City, LaneLimit, LegArrived, LegDeparted, TransitRule
from .service import arrive_due, ship
from .store import LEG, PROJECTION, Leg
from .transit import road_km, transit_days

__all__ = [
    "LEG",
    "PROJECTION",
    "City",
    "LaneLimit",
    "Leg",
    "LegArrived",
    "LegDeparted",
    "TransitRule",
    "arrive_due",
    "road_km",
    "ship",
    "transit_days",
]
