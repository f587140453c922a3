"""Great circles against published distances."""

from __future__ import annotations

from math import pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import great_circle_km
from pullcord.base.geo import EARTH_RADIUS_KM

LATS, LONS = st.floats(-90, 90), st.floats(-180, 180)
POINTS = st.tuples(LATS, LONS)


def test_los_angeles_to_new_york() -> None:
    # Williams, Aviation Formulary V1.47, worked example: LAX 33 57 N 118 24 W, JFK 40 38 N 73 47 W, 0.623585 radians.
    km = great_circle_km(33 + 57 / 60, -(118 + 24 / 60), 40 + 38 / 60, -(73 + 47 / 60))
    assert km / EARTH_RADIUS_KM == pytest.approx(0.623585, abs=1e-6)


def test_chengdu_to_dazhou() -> None:
    # GeoNames points of the two cities; trunk distance published as 329 to 332 km, depending on the points taken.
    assert 329 <= great_circle_km(30.66667, 104.06667, 31.2106, 107.46308) <= 332


def test_quarter_meridian() -> None:
    assert great_circle_km(0, 0, 90, 0) == pytest.approx(pi / 2 * EARTH_RADIUS_KM)
    assert great_circle_km(0, 0, 0, 180) == pytest.approx(pi * EARTH_RADIUS_KM)


@given(a=POINTS, b=POINTS)
def test_the_way_back_is_as_long(a: tuple[float, float], b: tuple[float, float]) -> None:
    assert great_circle_km(*a, *b) == pytest.approx(great_circle_km(*b, *a), abs=1e-9)
    assert 0 <= great_circle_km(*a, *b) <= pi * EARTH_RADIUS_KM + 1e-9
    assert great_circle_km(*a, *a) == 0


@given(a=POINTS, b=POINTS, c=POINTS)
def test_a_detour_is_never_shorter(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> None:
    assert great_circle_km(*a, *c) <= great_circle_km(*a, *b) + great_circle_km(*b, *c) + 1e-3
