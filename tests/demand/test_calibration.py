"""Calibration: predicted shares equal observed ones, and whoever is left out is named with a reason."""

from __future__ import annotations

import numpy as np
import pytest
from demand_markets import MONTH, NEXT_MONTH, RIVALS, SALES, TASTES, TOTAL, rival, sold
from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import InvalidInput, Money
from pullcord.demand import Rival, Taste, calibrate, observed_shares


@given(
    units=st.lists(st.integers(1, 100_000), min_size=4, max_size=4),
    price_taste=st.floats(-2, 0),
    range_taste=st.floats(-1, 1),
)
def test_predicted_shares_equal_observed_ones(units, price_taste, range_taste):
    tastes = (
        Taste("price_cny", "10k CNY", price_taste, 0.01, "made up", "A"),
        Taste("range_km", "100 km", range_taste, 0.01, "made up", "A"),
    )
    sales = [sold(r.product_id, u) for r, u in zip(RIVALS, units, strict=True)]
    market = calibrate(RIVALS, sales, {MONTH: 500_000}, tastes, [MONTH])
    np.testing.assert_allclose(market.predicted_shares(), np.array(units) / 500_000, rtol=0, atol=1e-9)


def test_what_the_total_holds_beyond_the_rivals_is_outside():
    market = calibrate(RIVALS, SALES, TOTAL, TASTES, [MONTH], outside_good="all other made-up animals")
    assert market.outside_share == pytest.approx(1 - 85_000 / 800_000)
    assert market.outside_good == "all other made-up animals"
    assert market.units_per_month == 800_000


def test_a_missing_month_is_unknown_and_not_zero():
    shares = observed_shares(
        [sold("ant", 10), sold("ant", 30, NEXT_MONTH), sold("bee", 40)],
        {MONTH: 100, NEXT_MONTH: 300},
        [MONTH, NEXT_MONTH],
    )
    assert [(s.product_id, s.share, s.months_named) for s in shares] == [("ant", 0.1, 2), ("bee", 0.4, 1)]


def test_whoever_cannot_be_calibrated_is_dropped_with_a_reason():
    blind = Rival("elk", "Elk", Money.of(60_000, "CNY"), (), "made up", "A")
    unsold = rival("fox", 65_000, 300)
    market = calibrate([*RIVALS, blind, unsold], [*SALES, sold("elk", 500)], TOTAL, TASTES, [MONTH])
    assert {d.product_id: d.reason for d in market.dropped} == {
        "elk": "no source gives its range_km",
        "fox": "its sales are given for none of the months",
    }
    assert [r.product_id for r in market.rivals] == ["ant", "bee", "cat", "dog"]


def test_or_refused_when_asked_to():
    with pytest.raises(InvalidInput, match="`elk`: no source gives its range_km"):
        calibrate(
            [*RIVALS, Rival("elk", "Elk", Money.of(60_000, "CNY"), (), "made up", "A")],
            SALES,
            TOTAL,
            TASTES,
            [MONTH],
            missing="refuse",
        )


def test_a_rival_known_to_be_below_the_list_bounds_its_share():
    months = [MONTH, NEXT_MONTH]
    sales = [*SALES, sold("ant", 9_000, NEXT_MONTH), sold("bee", 50_000, NEXT_MONTH)]
    market = calibrate(
        [*RIVALS, rival("fox", 65_000, 300)],
        sales,
        {MONTH: 800_000, NEXT_MONTH: 900_000},
        TASTES,
        months,
        never_listed={"fox"},
    )
    assert [r.product_id for r in market.never_listed] == ["fox"]
    # At most the least named of each month: 10,000 and 9,000 of 1,700,000.
    assert market.list_floor == pytest.approx(19_000 / 1_700_000)


@pytest.mark.parametrize(
    ("rivals", "sales", "total", "tastes", "months", "complaint"),
    [
        (RIVALS, SALES, {}, TASTES, [MONTH], "no market total for 2025-10"),
        (RIVALS, SALES, {MONTH: 80_000}, TASTES, [MONTH], "add up to 1.0625"),
        (RIVALS, (), TOTAL, TASTES, [MONTH], "no rival has both"),
        (RIVALS, SALES, TOTAL, (), [MONTH], "no tastes"),
        (RIVALS, SALES, TOTAL, TASTES, [], "no months"),
        (RIVALS, (*SALES, sold("ant", 1)), TOTAL, TASTES, [MONTH], "two figures for 2025-10"),
    ],
)
def test_what_makes_no_market_is_refused(rivals, sales, total, tastes, months, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        calibrate(rivals, sales, total, tastes, months)


@pytest.mark.parametrize(("unit", "step"), [("10k CNY", 10_000), ("100 km", 100), ("1 s", 1), ("2.5 kWh", 2.5)])
def test_a_taste_knows_its_step(unit, step):
    assert Taste("x", unit, 0.1, 0.1, "made up", "A").step == step


@pytest.mark.parametrize("unit", ["km", "", "0 km", "10k", "-5 km"])
def test_a_unit_that_is_no_step_is_refused(unit):
    with pytest.raises(InvalidInput, match="no step"):
        Taste("x", unit, 0.1, 0.1, "made up", "A")
