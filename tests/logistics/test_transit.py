"""Days on the road follow the distance."""

from __future__ import annotations

from math import ceil, inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import CityId, InvalidInput
from pullcord.logistics import City, TransitRule, road_km, transit_days

# GeoNames points.
GUANGZHOU = City(CityId("guangzhou"), "Guangzhou", "广州", 23.11667, 113.25, 16_096_724, True)
BEIJING = City(CityId("beijing"), "Beijing", "北京", 39.9075, 116.39723, 18_960_744, True)
CHENGDU = City(CityId("chengdu"), "Chengdu", "成都", 30.66667, 104.06667, 13_568_357, True)
DAZHOU = City(CityId("dazhou"), "Dazhou", "达州", 31.2106, 107.46308, 1_589_435, False)

CITIES = st.builds(
    City,
    city_id=st.just(CityId("somewhere")),
    name=st.just("Somewhere"),
    local_name=st.just("某地"),
    lat=st.floats(-90, 90),
    lon=st.floats(-180, 180),
    population=st.integers(0, 10**8),
    invoice=st.booleans(),
)
RULES = st.builds(
    TransitRule, detour_factor=st.floats(1, 3), km_per_day=st.floats(50, 1500), handling_days=st.floats(0, 10)
)


def test_chengdu_to_dazhou_by_road() -> None:
    # About 330 km as the crow flies and about 380 km by road: a detour of 1.15.
    rule = TransitRule(detour_factor=1.15, km_per_day=600, handling_days=1)
    assert road_km(rule, CHENGDU, DAZHOU) == pytest.approx(380, abs=2)
    assert transit_days(rule, CHENGDU, DAZHOU) == 2  # 0.63 days of driving and one of handling, rounded up


def test_guangzhou_to_beijing_by_road() -> None:
    rule = TransitRule(detour_factor=1.25, km_per_day=600, handling_days=1)
    assert transit_days(rule, GUANGZHOU, BEIJING) == 5  # 1,885 km great circle: 3.93 days and one


@given(rule=RULES, a=CITIES, b=CITIES)
def test_the_way_there_takes_as_long_as_the_way_back(rule: TransitRule, a: City, b: City) -> None:
    days = transit_days(rule, a, b)
    assert abs(days - transit_days(rule, b, a)) <= 1  # the last bit of a float may tip the rounding
    exact = road_km(rule, a, b) / rule.km_per_day + rule.handling_days
    assert days - 1 < exact <= days


@given(rule=RULES, a=CITIES, b=CITIES, factor=st.floats(1, 3))
def test_a_faster_carrier_never_arrives_later(rule: TransitRule, a: City, b: City, factor: float) -> None:
    faster = TransitRule(rule.detour_factor, rule.km_per_day * factor, rule.handling_days)
    assert transit_days(faster, a, b) <= transit_days(rule, a, b)


@given(rule=RULES, a=CITIES)
def test_within_a_city_only_handling_counts(rule: TransitRule, a: City) -> None:
    assert transit_days(rule, a, a) == ceil(rule.handling_days)


@pytest.mark.parametrize(
    ("detour", "km_per_day", "handling"),
    [(0.9, 600, 1), (nan, 600, 1), (1.2, 0, 1), (1.2, -5, 1), (1.2, inf, 1), (1.2, 600, -1), (1.2, 600, nan)],
)
def test_an_impossible_rule_is_refused(detour: float, km_per_day: float, handling: float) -> None:
    with pytest.raises(InvalidInput):
        TransitRule(detour, km_per_day, handling)


@pytest.mark.parametrize(("lat", "lon"), [(104.07, 30.67), (nan, 0), (0, 181)])
def test_a_city_off_the_globe_is_refused(lat: float, lon: float) -> None:
    with pytest.raises(InvalidInput, match="cannot lie at latitude"):
        City(CityId("x"), "X", "X", lat, lon, 1, True)
    with pytest.raises(InvalidInput, match="people"):
        City(CityId("x"), "X", "X", 0, 0, -1, True)
