"""What planners know and when, and the rules that both worlds share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twin_input import twin_input

from pullcord.twin.backtest import forecast_spread
from pullcord.twin.planning import Case, News, service_quantile, shares, whole_units, within

AMOUNTS = st.lists(st.floats(0, 500), min_size=1, max_size=12)


def test_news_is_as_old_as_the_delay() -> None:
    cases = [Case(0, True), Case(7, True)]
    news = News(30, np.array([[2.0]]), cases)
    for day in range(30):
        news.at_end_of(day)[...] = 10.0 * (day + 1)
    # On the morning of day 9, nine days are over; whoever hears a week late knows of two.
    assert news.known(9)[:, 0, 0].tolist() == [90, 20]
    assert news.over(9, 2)[:, 0, 0].tolist() == [20, 20]
    # Before the first day lies the launch plan: 2 a day.
    assert news.known(0)[:, 0, 0].tolist() == [0, -14]
    assert news.over(9, 28)[:, 0, 0].tolist() == [90 + 2 * 19, 20 + 2 * 26]


def test_news_kept_by_case_stays_with_its_case() -> None:
    cases = [Case(0, True), Case(1, True)]
    news = News(3, np.zeros((2, 1, 1)), cases)
    for day in range(3):
        news.at_end_of(day)[...] = np.array([[[1.0]], [[100.0]]]) * (day + 1)
    assert news.known(2)[:, 0, 0].tolist() == [2, 100]


@given(AMOUNTS)
def test_whole_units_keep_the_sum(amounts: list[float]) -> None:
    units = whole_units(np.array(amounts))
    assert abs(units.sum() - sum(amounts)) <= 0.5 + 1e-9
    assert (units >= 0).all()
    assert (np.abs(units - amounts) <= 1 + 1e-9).all()


@given(AMOUNTS, st.floats(0.1, 1000))
def test_within_keeps_proportions_and_the_bound(amounts: list[float], most: float) -> None:
    scaled = within(np.array(amounts), most)
    assert scaled.sum() <= max(most, 0) * (1 + 1e-9)
    assert (scaled <= np.array(amounts) * (1 + 1e-12)).all()


def test_shares_of_nothing_are_the_fallback() -> None:
    found = shares(np.array([[0.0, 0.0], [1.0, 3.0]]), np.array([0.4, 0.6]))
    assert found.tolist() == [[0.4, 0.6], [0.25, 0.75]]


def test_the_critical_ratio_by_hand() -> None:
    # 9 lost against 1 held: cover nine in ten; the standard normal's 0.9 quantile is 1.28155.
    assert service_quantile(np.array([9.0]), np.array([1.0]), None)[0] == pytest.approx(1.28155, abs=1e-5)
    assert service_quantile(np.array([9.0]), np.array([1.0]), 0.5)[0] == pytest.approx(0)


def test_the_panel_tells_how_far_a_known_month_is_off() -> None:
    up_and_down = ((0.2, -0.2) * 20,)
    assert forecast_spread(up_and_down, 1) == pytest.approx(0.2)
    assert forecast_spread(up_and_down, 2) == pytest.approx(0)
    steady = ((0.1,) * 40,)
    assert forecast_spread(steady, 4) == pytest.approx(0.4)
    short = ((0.3, -0.3),)
    assert forecast_spread(short, 4) == pytest.approx(0.6)  # a random walk


def test_planned_capacity_is_what_is_there_on_average() -> None:
    assert twin_input(capacity_per_week=100, availability=0.95).planned_capacity == 95
