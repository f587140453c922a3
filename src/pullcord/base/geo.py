"""Distances on the globe."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0088  # mean radius R1, IUGG 1980 (Moritz 2000, Journal of Geodesy 74)


def great_circle_km(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Great-circle distance in km between two points in degrees, by the haversine formula (Sinnott 1984)."""
    lat_1, lat_2 = radians(lat_a), radians(lat_b)
    half_lat, half_lon = (lat_2 - lat_1) / 2, radians(lon_b - lon_a) / 2
    h = sin(half_lat) ** 2 + cos(lat_1) * cos(lat_2) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(h)))
