"""The latency curve and the naive forecasts behind it, on panels small enough to check by hand."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import InvalidInput
from pullcord.demand import MonthlySales, last_known, latency_curve, rolling_origin, seasonal_naive, wape
from pullcord.demand.baselines import months_before


def panel(product_id: str, first: date, units: list[int]) -> list[MonthlySales]:
    return [MonthlySales(product_id, months_before(first, -i), u, "made up", "A") for i, u in enumerate(units)]


def test_by_hand():
    rows = panel("ant", date(2025, 1, 1), [100, 110, 130, 100])
    curve = latency_curve(rows, [1, 2], date(2025, 3, 1), draws=200)
    # Targets March and April: lag 1 errs by 20 and 30, lag 2 by 30 and 10, of 230 units.
    assert curve.pairs == 2
    assert curve.wape(1) == pytest.approx(50 / 230)
    assert curve.wape(2) == pytest.approx(40 / 230)
    assert [(m.month.month, m.units, m.absolute_errors) for m in curve.months] == [
        (3, 130, (20.0, 30.0)),
        (4, 100, (30.0, 10.0)),
    ]
    assert curve.reduction(2, 1) == pytest.approx(1 - 50 / 40)


def test_a_pair_counts_only_where_every_lag_has_its_figure():
    rows = panel("ant", date(2025, 1, 1), [100, 110, 130, 100])
    gap = [row for row in rows if row.month != date(2025, 2, 1)]
    curve = latency_curve([*gap, *panel("bee", date(2025, 2, 1), [5, 6, 7])], [1, 2], date(2025, 1, 1), draws=200)
    assert curve.pairs == 1
    assert curve.products == ("bee",)


def test_steady_sales_are_foretold_without_error_at_any_age():
    curve = latency_curve(panel("ant", date(2024, 1, 1), [50] * 12), [1, 3, 6], date(2024, 1, 1), draws=200)
    assert [row.wape for row in curve.lags] == [0, 0, 0]


@given(units=st.lists(st.integers(1, 10_000), min_size=9, max_size=30), seed=st.integers(0, 2**31))
def test_the_interval_of_one_seed_is_one_interval(units, seed):
    rows = panel("ant", date(2023, 1, 1), units)
    first = latency_curve(rows, [1, 3], date(2023, 1, 1), draws=100, seed=seed)
    assert first == latency_curve(rows, [1, 3], date(2023, 1, 1), draws=100, seed=seed)
    for row in first.lags:
        assert row.low <= row.high


def test_no_method_sees_what_is_not_known_yet():
    seen: list[date] = []

    def spy(known, product_id, month, lag):
        seen.extend(key[1] for key in known)
        assert all(key[1] <= months_before(month, lag) for key in known)
        return last_known(known, product_id, month, lag)

    rolling_origin(panel("ant", date(2025, 1, 1), [1, 2, 3, 4, 5]), spy, [1, 2], date(2025, 3, 1))
    assert seen


def test_seasonal_naive_repeats_last_year_and_no_unknown_month():
    rows = panel("ant", date(2024, 1, 1), list(range(100, 125)))
    errors = rolling_origin(rows, seasonal_naive, [1, 12], date(2025, 1, 1))
    assert {e.actual - e.forecast for e in errors} == {12}
    assert seasonal_naive({("ant", date(2024, 1, 1)): 7}, "ant", date(2026, 1, 1), 13) == 7


def test_wape_is_total_error_over_total_sales():
    errors = rolling_origin(panel("ant", date(2025, 1, 1), [100, 50, 150]), last_known, [1], date(2025, 1, 1))
    assert wape(errors) == pytest.approx((50 + 100) / 200)


@given(month=st.dates(date(1990, 1, 1), date(2090, 1, 1)), back=st.integers(-60, 60))
def test_months_are_counted_there_and_back(month, back):
    first = month.replace(day=1)
    assert months_before(months_before(first, back), -back) == first


@pytest.mark.parametrize(
    ("rows", "lags", "complaint"),
    [
        (panel("ant", date(2025, 1, 1), [1, 2]), [0], "make no curve"),
        (panel("ant", date(2025, 1, 1), [1, 2]), [], "make no curve"),
        (panel("ant", date(2025, 1, 1), [1, 2]), [6], "no product has figures"),
        (panel("ant", date(2025, 1, 1), [0, 0, 0]), [1], "sold nothing"),
        ([*panel("ant", date(2025, 1, 1), [1, 2]), *panel("ant", date(2025, 1, 1), [3])], [1], "two figures"),
    ],
)
def test_what_makes_no_curve_is_refused(rows, lags, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        latency_curve(rows, lags, date(2025, 1, 1), draws=100)
