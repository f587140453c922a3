"""How far, and how many days."""

from __future__ import annotations

from math import ceil

from pullcord.base import great_circle_km

from .model import City, TransitRule


def road_km(rule: TransitRule, from_city: City, to_city: City) -> float:
    """Road distance in km: the great circle times the detour that roads make."""
    return rule.detour_factor * great_circle_km(from_city.lat, from_city.lon, to_city.lat, to_city.lon)


def transit_days(rule: TransitRule, from_city: City, to_city: City) -> int:
    """Whole calendar days from leaving one city to being ready in the other: driving plus handling, rounded up."""
    return ceil(road_km(rule, from_city, to_city) / rule.km_per_day + rule.handling_days)
