"""The price card: exact costs, break-even points, and no fee without its cap."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import InvalidInput, Money, NotFound
from pullcord.offers import (
    PlanPrice,
    break_even_km,
    break_even_months,
    cheapest_plan,
    cost_path,
    effective_price,
    five_year_cost,
    price_card,
    terms,
)


def cny(amount: str | int) -> Money:
    return Money.of(amount, "CNY")


# The price card of the AION UT super at its launch on 2025-11-09, as published.
RENT = PlanPrice("ut-super", "battery_rental", cny(49_900), cny(399), 3_000, cny("0.20"), "launch price", "S")
BUY = PlanPrice("ut-super", "with_battery", cny(89_900), None, None, None, "launch price", "S")

KM = st.integers(0, 20_000)
MONTHS = st.integers(1, 240)


def test_five_years_below_the_cap():
    assert five_year_cost(RENT, 1_500) == cny(49_900 + 60 * 399)
    assert five_year_cost(BUY, 1_500) == cny(89_900)


def test_every_km_above_the_cap_is_paid():
    assert five_year_cost(RENT, 3_000) == cny(73_840)
    assert five_year_cost(RENT, 3_001) == cny("73852.00")  # 60 km at 0.20
    assert five_year_cost(RENT, 4_000) == cny(73_840 + 60 * 200)


def test_rental_breaks_even_after_a_hundred_months():
    assert break_even_months(RENT, BUY, 1_500) == Fraction(40_000, 399)
    assert float(Fraction(40_000, 399)) == pytest.approx(100.25, abs=0.005)


def test_a_taxi_breaks_even_sooner():
    # 9,000 km a month: 399 + 6,000 x 0.20 = 1,599 yuan a month.
    assert break_even_months(RENT, BUY, 9_000) == Fraction(40_000, 1_599)


def test_break_even_mileage_over_five_years():
    # 89,900 - 73,840 = 16,060 yuan for 60 months at 0.20 a km: 1,338.33 km a month above the cap.
    assert break_even_km(RENT, BUY, 60) == 3_000 + Fraction(16_060 * 100, 20 * 60)
    assert break_even_km(RENT, BUY, 101) is None  # rental alone has cost more by then


@given(km=KM, months=MONTHS)
def test_at_the_break_even_month_neither_plan_is_ahead(km, months):
    after = break_even_months(RENT, BUY, km)
    assert after is not None
    rent, buy = five_year_cost(RENT, km, months), five_year_cost(BUY, km, months)
    assert (rent < buy) == (months < after)


@given(km=KM, months=MONTHS)
def test_the_break_even_mileage_parts_the_drivers(km, months):
    at = break_even_km(RENT, BUY, months)
    cheaper_to_rent = five_year_cost(RENT, km, months) <= five_year_cost(BUY, km, months)
    assert cheaper_to_rent == (at is not None and km <= at)


@given(km=KM, more=st.integers(0, 5_000), months=MONTHS)
def test_more_km_never_cost_less(km, more, months):
    assert five_year_cost(RENT, km, months) <= five_year_cost(RENT, km + more, months)


def test_a_plan_that_is_cheaper_in_every_way_never_breaks_even():
    dear = PlanPrice("ut-super", "dear", cny(95_000), cny(399), 3_000, cny("0.20"), "made up", "A")
    assert break_even_months(dear, BUY, 1_000) is None
    assert break_even_months(BUY, BUY, 1_000) == 0


def test_the_effective_price_without_interest_is_the_cost():
    assert effective_price(RENT, 1_500) == five_year_cost(RENT, 1_500)
    assert effective_price(BUY, 1_500, residual=cny(10_000)) == cny(79_900)


@given(rate=st.decimals("0.001", "0.30", places=3), km=KM)
def test_interest_favours_paying_later(rate, km):
    assert effective_price(RENT, km, annual_rate=rate) < five_year_cost(RENT, km)
    assert effective_price(BUY, km, annual_rate=rate) == BUY.price


def test_the_effective_price_is_the_annuity():
    # 399 a month for 60 months at 3 % a year, by the closed form of the annuity.
    step = Decimal("1.03") ** (Decimal(-1) / 12)
    expected = 49_900 + 399 * step * (1 - step**60) / (1 - step)
    assert abs(effective_price(RENT, 0, annual_rate=Decimal("0.03")).major - expected) < Decimal("0.01")


def test_the_cheapest_plan_depends_on_the_driver():
    assert cheapest_plan([RENT, BUY], 1_500) is RENT
    assert cheapest_plan([RENT, BUY], 9_000) is BUY


def test_the_cost_path_starts_at_the_price():
    path = cost_path([RENT, BUY], 1_000, [0, 12])
    assert [(line.plan, line.months, line.cost) for line in path] == [
        ("battery_rental", 0, cny(49_900)),
        ("battery_rental", 12, cny(49_900 + 12 * 399)),
        ("with_battery", 0, cny(89_900)),
        ("with_battery", 12, cny(89_900)),
    ]


def test_a_card_shows_every_term():
    card = price_card([BUY, RENT], "ut-super", 4_000)
    assert [line.plan.plan for line in card.lines] == ["battery_rental", "with_battery"]
    rental = card.lines[0]
    assert rental.per_month == cny("599.00")
    assert rental.over_the_period == cny("85840.00")
    assert rental.terms == "49,900.00 CNY, then 399.00 CNY a month for up to 3,000 km; each km above that 0.20 CNY"
    assert card.lines[1].terms == "89,900.00 CNY, paid once"
    ((fee, outright, months, km),) = card.break_even
    assert (fee, outright) == ("battery_rental", "with_battery")
    assert months == pytest.approx(40_000 / 599)
    assert km == pytest.approx(4_338.33, abs=0.01)


@given(fee=st.integers(0, 10**6), cap=st.integers(1, 10**5), overage=st.integers(0, 10**4))
def test_no_card_leaves_out_the_cap_or_the_overage(fee, cap, overage):
    plan = PlanPrice("v", "p", cny(1), Money(fee, "CNY"), cap, Money(overage, "CNY"), "made up", "A")
    assert f"{cap:,} km" in terms(plan)
    assert str(Money(overage, "CNY")) in terms(plan)


@pytest.mark.parametrize(
    ("monthly", "cap", "overage", "complaint"),
    [
        (cny(399), None, None, "without its mileage cap"),
        (cny(399), 3_000, None, "without its mileage cap"),
        (cny(399), None, cny("0.20"), "without its mileage cap"),
        (None, 3_000, cny("0.20"), "without a monthly fee"),
        (cny(399), 0, cny("0.20"), "a cap above 0 km"),
        (cny(399), 3_000, Money(20, "EUR"), "mixes currencies"),
    ],
)
def test_a_fee_cannot_exist_without_its_terms(monthly, cap, overage, complaint):
    with pytest.raises(InvalidInput) as refused:
        PlanPrice("ut-super", "battery_rental", cny(49_900), monthly, cap, overage, "made up", "A")
    assert complaint in f"{refused.value} {refused.value.hint}"


def test_a_variant_without_a_price_is_named():
    with pytest.raises(NotFound, match="no price for the variant `ut-mini`"):
        price_card([RENT, BUY], "ut-mini", 1_000)
