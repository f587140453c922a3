"""Tastes from a survey reproduce sales, and sales tell on which scale they act."""

from __future__ import annotations

import numpy as np
import pytest
from blp_markets import bare_markets

from pullcord.base import InvalidInput, SolverFailure, stream
from pullcord.blp import MarketData, SurveyTastes, calibrate_tastes, constants_for_tastes

TERMS = ("prices", "range")


def survey_tastes(people: int = 200) -> SurveyTastes:
    rng = stream(6, "tests.blp.survey")
    return SurveyTastes(TERMS, np.column_stack([-np.exp(rng.normal(0, 0.3, people)), rng.normal(1.0, 0.5, people)]))


def sold(scale: float, markets: int = 150, seed: int = 1) -> MarketData:
    """Markets in which these people buy; prices follow steel and what the columns do not show."""
    rng = stream(seed, "tests.blp.sold")
    data, survey = bare_markets(markets), survey_tastes()
    column = data.columns.column
    xi = 0.4 * rng.normal(size=data.rows)
    price = 1 + column("steel") + 0.3 * xi + 0.2 * rng.random(data.rows)
    utility = scale * survey.draws @ np.vstack([price, column("range")]) - 1.0 + xi
    share = np.empty(data.rows)
    for at in range(data.markets):
        rows = slice(data.start[at], data.start[at + 1])
        weight = np.exp(utility[:, rows])
        share[rows] = (weight / (1 + weight.sum(axis=1, keepdims=True))).mean(axis=0)
    return data.with_outcome(price, share)


def test_one_taste_is_berrys_closed_form() -> None:
    share, attributes, taste = np.array([0.1, 0.2, 0.3]), np.array([[1.0], [2.0], [3.0]]), np.array([[0.7]])
    constants = constants_for_tastes(share, attributes, taste)
    assert constants == pytest.approx(np.log(share) - np.log(0.4) - attributes[:, 0] * 0.7, abs=1e-12)


def test_constants_make_predicted_shares_the_observed() -> None:
    rng = stream(7, "tests.blp.constants")
    attributes, draws = rng.normal(size=(6, 3)), rng.normal(size=(50, 3)) * 2
    weight = rng.dirichlet(np.ones(50))
    share = rng.dirichlet(np.ones(7))[:6]
    constants = constants_for_tastes(share, attributes, draws, weight)
    utility = np.exp(constants + draws @ attributes.T)
    assert weight @ (utility / (1 + utility.sum(axis=1, keepdims=True))) == pytest.approx(share, abs=1e-12)


def test_the_scale_is_found_from_prices_that_steel_moves() -> None:
    found = calibrate_tastes(sold(0.6), survey_tastes(), instruments="steel", linear="1 + range")
    assert found.standard_error is not None
    assert abs(found.scale - 0.6) < 3 * found.standard_error < 0.2
    assert found.notes == ()
    assert found.demand.shares() == pytest.approx(found.demand.data.share, rel=1e-10)
    assert np.all(found.demand.own_elasticities() < 0)


def test_without_an_instrument_the_scale_is_too_small() -> None:
    data = sold(0.6)
    naive = calibrate_tastes(
        data.with_columns(itself=data.price), survey_tastes(), instruments="itself", linear="1 + range"
    )
    sound = calibrate_tastes(data, survey_tastes(), instruments="steel", linear="1 + range")
    assert naive.scale < sound.scale - 0.1


def test_a_scale_that_is_given_is_kept() -> None:
    data = sold(1.0, markets=3)
    found = calibrate_tastes(data, survey_tastes(), scale=1.5)
    assert (found.scale, found.standard_error) == (1.5, None)
    one = data.rows_of("1")
    attributes = np.column_stack([data.price, data.columns.column("range")])[one]
    assert found.constants[one] == pytest.approx(
        constants_for_tastes(data.share[one], attributes, 1.5 * survey_tastes().draws), abs=1e-10
    )
    with pytest.raises(InvalidInput, match="a scale of 0"):
        calibrate_tastes(data, survey_tastes(), scale=0.0)


def test_weak_instruments_and_bounds_are_said() -> None:
    data = sold(0.6, markets=10)
    noise = stream(8, "tests.blp.noise").normal(size=data.rows)
    found = calibrate_tastes(data.with_columns(noise=noise), survey_tastes(), instruments="noise")
    assert any("hardly move the price" in note for note in found.notes)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidInput, match="do not fit together"):
        SurveyTastes(TERMS, np.ones((5, 3)))
    with pytest.raises(SolverFailure, match="no mean utilities"):
        constants_for_tastes(np.array([0.5, 0.3]), np.zeros((2, 1)), np.zeros((2, 1)), np.array([0.3, 0.3]))
