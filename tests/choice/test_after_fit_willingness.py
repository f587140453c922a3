"""Willingness to pay: intervals by three ways, and none where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from car_choosers import TASTES, choosers

from pullcord.base import InvalidInput, NotFound
from pullcord.choice import Fit, Logit, willingness_to_pay
from pullcord.choice.tails import critical_value

FORMULA = "price + range_km/100 + fast + fuel=electric"


@pytest.fixture(scope="module")
def fit() -> Fit:
    return Logit(FORMULA).fit(choosers(400, 2))


def test_the_delta_method_is_the_gradient_it_says(fit: Fit) -> None:
    worth = willingness_to_pay(fit, unit=10_000)["fast"]
    step = 1e-6
    gradient = np.zeros(4)
    for k in range(4):
        up, down = fit.estimates.copy(), fit.estimates.copy()
        up[k] += step
        down[k] -= step
        gradient[k] = (-up[2] / up[0] + down[2] / down[0]) / (2 * step) * 10_000
    error = np.sqrt(gradient @ fit.covariance("clustered") @ gradient)
    assert worth.estimate == pytest.approx(-10_000 * fit["fast"] / fit["price"])
    assert worth.upper == pytest.approx(worth.estimate + critical_value(0.95) * error, rel=1e-6)
    assert worth.lower == pytest.approx(worth.estimate - critical_value(0.95) * error, rel=1e-6)


def test_draws_agree_with_fieller_who_is_exact_for_normal_estimates(fit: Fit) -> None:
    drawn = willingness_to_pay(fit, intervals="krinsky-robb", draws=200_000, seed=5)
    exact = willingness_to_pay(fit, intervals="fieller")
    for name in ("range_km/100", "fast", "fuel=electric"):
        width = exact[name].upper - exact[name].lower
        assert drawn[name].lower == pytest.approx(exact[name].lower, abs=0.02 * width)
        assert drawn[name].upper == pytest.approx(exact[name].upper, abs=0.02 * width)


def test_fieller_holds_just_the_ratios_a_test_does_not_refuse(fit: Fit) -> None:
    held = willingness_to_pay(fit, intervals="fieller", level=0.9, covariance="robust")["fast"]
    matrix, z = fit.covariance("robust"), critical_value(0.9)
    for ratio in np.linspace(held.lower - 0.2, held.upper + 0.2, 101):
        statistic = fit["fast"] + ratio * fit["price"]
        error = np.sqrt(matrix[2, 2] + 2 * ratio * matrix[2, 0] + ratio**2 * matrix[0, 0])
        assert (abs(statistic) <= z * error) == (held.lower <= ratio <= held.upper)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    truth = -TASTES["fast"] / TASTES["price"]
    held = 0
    for seed in range(60):
        worth = willingness_to_pay(Logit(FORMULA).fit(choosers(120, 2, seed=seed)))["fast"]
        held += worth.lower < truth < worth.upper
    assert 50 <= held <= 60  # 57 are expected; fewer than 50 have a chance of 1 in 5,800


def test_a_price_whose_sign_is_open_gives_no_ratio() -> None:
    fit = Logit(FORMULA).fit(choosers(60, 2, price_taste=0.0, seed=3))
    assert abs(fit["price"]) < 1.96 * fit.standard_errors("clustered")[0]
    for way in ("delta", "krinsky-robb", "fieller"):
        table = willingness_to_pay(fit, intervals=way)
        worth = table["range_km/100"]
        assert (worth.estimate, worth.lower, worth.upper) == (None, None, None)
        assert "sign is not determined" in worth.note
        assert "sign is not determined" in " ".join(str(table).split())
    assert table.as_json()["willingness_to_pay"]["fast"]["estimate"] is None


def test_an_unbounded_set_says_what_it_leaves_out() -> None:
    fit = Logit(FORMULA).fit(choosers(60, 2, price_taste=0.0, seed=3))
    worth = willingness_to_pay(fit, covariance="classical")["range_km/100"]
    matrix, z = fit.covariance(), critical_value(0.95)
    low, high = worth.excluded
    for ratio, kept in ((low - 1e-3, True), (low + 1e-3, False), (high - 1e-3, False), (high + 1e-3, True)):
        error = np.sqrt(matrix[1, 1] + 2 * ratio * matrix[1, 0] + ratio**2 * matrix[0, 0])
        assert (abs(fit["range_km/100"] + ratio * fit["price"]) <= z * error) == kept
    assert "below" in worth.interval_in_words


def test_a_price_that_pleases_is_pointed_out() -> None:
    fit = Logit(FORMULA).fit(choosers(price_taste=0.8))
    assert "raises utility" in willingness_to_pay(fit)["fast"].note


def test_what_is_unknown_is_refused(fit: Fit) -> None:
    with pytest.raises(NotFound):
        willingness_to_pay(fit, "cost")
    with pytest.raises(NotFound):
        willingness_to_pay(fit, over=["slow"])
    with pytest.raises(InvalidInput):
        willingness_to_pay(fit, over=["price"])
    with pytest.raises(InvalidInput):
        willingness_to_pay(fit, intervals="guess")
    singular = replace(fit, information=np.zeros_like(fit.information))
    with pytest.raises(InvalidInput, match="no covariance"):
        willingness_to_pay(singular)
