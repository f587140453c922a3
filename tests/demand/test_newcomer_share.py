"""A newcomer's share: what must stay true of the point, the intervals and the words."""

from __future__ import annotations

import numpy as np
import pytest
from demand_markets import MONTH, RIVALS, SALES, TASTES, TOTAL, rival
from hypothesis import given, settings
from hypothesis import strategies as st

from pullcord.base import InvalidInput
from pullcord.demand import OUTSIDE, calibrate, predict_share
from pullcord.demand.spread import fit_spread

MARKET = calibrate(RIVALS, SALES, TOTAL, TASTES, [MONTH])


def test_the_same_question_gets_the_same_answer():
    newcomer = rival("gnu", 60_000, 400)
    assert predict_share(MARKET, newcomer, seed=5) == predict_share(MARKET, newcomer, seed=5)
    assert predict_share(MARKET, newcomer, seed=5) != predict_share(MARKET, newcomer, seed=6)


def test_an_average_car_gets_the_geometric_mean_of_the_odds():
    price = sum(float(r.price.major) for r in RIVALS) / 4
    newcomer = rival("gnu", int(price), sum(r.attribute("range_km") or 0 for r in RIVALS) / 4)
    odds = float(np.exp(np.mean(np.log(np.array(MARKET.shares) / MARKET.outside_share))))
    share = predict_share(MARKET, newcomer, seed=1).share
    assert share / ((1 - share) * MARKET.outside_share) == pytest.approx(odds, rel=1e-9)


@given(price=st.integers(30_000, 200_000), rise=st.integers(1_000, 100_000))
@settings(max_examples=25, deadline=None)
def test_a_higher_price_never_wins_share(price, rise):
    cheap = predict_share(MARKET, rival("gnu", price, 400), seed=3, draws=200)
    dear = predict_share(MARKET, rival("gnu", price + rise, 400), seed=3, draws=200)
    assert dear.share < cheap.share


def test_the_unknown_constant_widens_the_interval_and_both_are_told():
    told = predict_share(MARKET, rival("gnu", 60_000, 400), seed=2)
    narrow = told.tastes_only.high - told.tastes_only.low
    wide = told.tastes_and_constant.high - told.tastes_and_constant.low
    assert 0 < narrow < wide
    assert told.tastes_and_constant.low < told.share < told.tastes_and_constant.high
    assert any("not identified" in sentence and "Gnu" in sentence for sentence in told.unidentified)


def test_beyond_the_rivals_it_says_that_it_extrapolates():
    inside = predict_share(MARKET, rival("gnu", 60_000, 400), seed=2, draws=100)
    beyond = predict_share(MARKET, rival("gnu", 60_000, 700), seed=2, draws=100)
    assert not any("extrapolates" in sentence for sentence in inside.unidentified)
    assert any("range_km: this extrapolates" in sentence for sentence in beyond.unidentified)


def test_every_unit_won_is_a_unit_lost_elsewhere():
    told = predict_share(MARKET, rival("gnu", 60_000, 400), seed=2, draws=100)
    assert sum(s.fraction for s in told.sources) == pytest.approx(1, abs=1e-12)
    assert sum(s.units_per_month for s in told.sources) == pytest.approx(told.share * 800_000, rel=1e-12)
    assert [s.product_id for s in told.sources] == ["bee", "ant", "cat", "dog", OUTSIDE]


def test_without_error_in_the_tastes_only_the_constant_is_uncertain():
    sure = tuple(type(t)(t.attribute, t.unit, t.mean, 0.0, t.source, t.mark) for t in TASTES)
    told = predict_share(calibrate(RIVALS, SALES, TOTAL, sure, [MONTH]), rival("gnu", 60_000, 400), seed=2, draws=500)
    assert told.tastes_only.low == pytest.approx(told.tastes_only.high, rel=1e-12)
    assert told.tastes_and_constant.low < told.tastes_and_constant.high


def test_a_flop_among_the_rivals_lowers_the_newcomer():
    flop = rival("fox", 65_000, 300)
    with_flop = calibrate([*RIVALS, flop], SALES, TOTAL, TASTES, [MONTH], never_listed=["fox"])
    newcomer = rival("gnu", 60_000, 400)
    assert predict_share(with_flop, newcomer, seed=2).share < predict_share(MARKET, newcomer, seed=2).share


def test_a_car_already_in_the_market_is_no_newcomer():
    with pytest.raises(InvalidInput, match="already in the market"):
        predict_share(MARKET, RIVALS[0], seed=1)


def test_nor_is_one_whose_failure_is_already_counted():
    market = calibrate([*RIVALS, rival("fox", 65_000, 300)], SALES, TOTAL, TASTES, [MONTH], never_listed=["fox"])
    with pytest.raises(InvalidInput, match="already in the market"):
        predict_share(market, rival("fox", 65_000, 300), seed=1)


def test_the_spread_of_uncensored_constants_is_their_mean_and_deviation():
    known = np.array([[1.0, 2.0, 4.0]])
    spread = fit_spread(known, np.empty((1, 0)))
    assert spread.mean[0] == pytest.approx(7 / 3)
    assert spread.deviation[0] == pytest.approx(known.std())


def test_the_censored_spread_is_found_again_in_many_cars():
    rng = np.random.default_rng(11)
    constants = rng.normal(-5.0, 1.3, 4_000)
    listed = constants[constants > -5.2]
    bounds = np.full((1, int((constants <= -5.2).sum())), -5.2)
    spread = fit_spread(listed[None, :], bounds)
    assert spread.mean[0] == pytest.approx(-5.0, abs=0.06)
    assert spread.deviation[0] == pytest.approx(1.3, abs=0.06)


def test_the_censored_fit_is_a_maximum_of_the_likelihood():
    import math

    known, bounds = np.array([[-3.0, -2.1, -2.6, -1.9]]), np.array([[-3.2, -3.4]])
    spread = fit_spread(known, bounds)

    def log_likelihood(mean: float, deviation: float) -> float:
        exact = sum(-math.log(deviation) - 0.5 * ((x - mean) / deviation) ** 2 for x in known[0])
        below = sum(math.log(0.5 * math.erfc(-(b - mean) / deviation / math.sqrt(2))) for b in bounds[0])
        return exact + below

    best = log_likelihood(spread.mean[0], spread.deviation[0])
    for step in (-1e-3, 1e-3):
        assert log_likelihood(spread.mean[0] + step, spread.deviation[0]) < best
        assert log_likelihood(spread.mean[0], spread.deviation[0] + step) < best
