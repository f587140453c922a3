"""Scenarios and simulated markets: what a change does, and what it is worth."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from car_choosers import choosers

from pullcord.base import InvalidInput, NotFound
from pullcord.choice import (
    Add,
    Change,
    Fit,
    Logit,
    Remove,
    market_of,
    scenario,
    simulate_market,
)

DATA = choosers(labelled=True, ragged=True, weighted=True)


@pytest.fixture(scope="module")
def fit() -> Fit:
    return Logit("price + range_km/100 + fast + asc").fit(DATA)


def test_what_goes_is_drawn_from_all_in_proportion(fit: Fit) -> None:
    one = DATA.take_persons([1])
    p = fit.model.probabilities(fit.estimates, one)
    after = scenario(one, [Remove("petrol")])
    q = fit.model.probabilities(fit.estimates, after.data)
    kept = one.alternative != 0
    lost = np.repeat(p[one.alternative == 0], np.diff(after.data.situation_start))
    np.testing.assert_allclose(q, p[kept] / (1 - lost))
    np.testing.assert_array_equal(after.offer, one.alternative[kept])


def test_a_twin_shares_with_its_like(fit: Fit) -> None:
    found = simulate_market(fit, DATA, [Add("twin", "electric")], draws=5)
    assert found.names == ("petrol", "hybrid", "electric", "twin")
    assert found.share("twin")[0].estimate == 0
    assert found.share("twin")[1].estimate == pytest.approx(found.share("electric")[1].estimate)


def test_an_indicator_that_is_set_clears_its_kin() -> None:
    after = scenario(DATA, [Add("burner", "electric", {"fuel=petrol": 1, "price": 2.5})])
    new = after.offer == 3
    assert np.all(after.data.column("fuel=petrol")[new] == 1)
    assert np.all(after.data.column("fuel=electric")[new] == 0)
    assert np.all(after.data.column("price")[new] == 2.5)
    old = ~new
    np.testing.assert_array_equal(after.data.columns[old], DATA.columns)
    assert new.sum() == (DATA.alternative == 2).sum()


def test_an_indicator_that_is_changed_clears_its_kin() -> None:
    after = scenario(DATA, [Change("fuel=petrol", to=1, alternative="electric")])
    rows = DATA.alternative == 2
    assert np.all(after.data.column("fuel=electric")[rows] == 0)
    np.testing.assert_array_equal(after.data.column("fuel=electric")[~rows], DATA.column("fuel=electric")[~rows])


def test_changes_hold_where_they_are_said_to() -> None:
    change = Change("price", times=0.5, plus=1.0, alternative="hybrid", where={"region=north": 1})
    after = scenario(DATA, [change]).data.column("price")
    meant = (DATA.alternative == 1) & (DATA.column("region=north") == 1)
    np.testing.assert_allclose(after, np.where(meant, DATA.column("price") * 0.5 + 1, DATA.column("price")))


def test_money_off_everything_is_worth_just_that_money(fit: Fit) -> None:
    found = simulate_market(fit, DATA, [Change("price", plus=-0.25)], price="price", segment="region", draws=20)
    for segment in found.segments:
        held = segment.surplus
        assert (held.estimate, held.lower, held.upper) == pytest.approx((0.25, 0.25, 0.25))
    for change in found["everyone"].change:
        assert change.estimate == pytest.approx(0, abs=1e-12)


def test_surplus_is_the_area_left_of_demand(fit: Fit) -> None:
    # Hotelling: the derivative of surplus with respect to a price is minus the share that pays it.
    path = np.linspace(0, 1, 41)
    shares = [simulate_market(fit, DATA, [Change("price", plus=d, alternative="petrol")], draws=1) for d in path]
    paid = [one.share("petrol")[1].estimate for one in shares]
    area = np.trapezoid(paid, path)
    whole = simulate_market(fit, DATA, [Change("price", plus=1, alternative="petrol")], price="price", draws=10)
    assert whole["everyone"].surplus.estimate == pytest.approx(-area, rel=1e-4)


def test_segments_add_up_to_everyone(fit: Fit) -> None:
    found = simulate_market(fit, DATA, [Change("price", times=0.8, alternative="electric")], segment="region", draws=10)
    everyone, *parts = found.segments
    assert [one.name for one in parts] == ["region=north", "region=south"]
    for i in range(3):
        mixed = sum(one.choices * one.after[i].estimate for one in parts) / everyone.choices
        assert mixed == pytest.approx(everyone.after[i].estimate)
    assert everyone.choices == pytest.approx(DATA.weight.sum())
    assert len(found.segments) == 3
    assert "region=north" in str(found)
    json.dumps(found.as_json(), allow_nan=False)


def test_constants_return_the_observed_shares(fit: Fit) -> None:
    found = simulate_market(fit, DATA, draws=100)
    chosen = DATA.chosen * DATA.weight[DATA.situation_of_row()]
    observed = np.bincount(DATA.alternative, chosen) / DATA.weight.sum()
    for held, share in zip(found["everyone"].before, observed, strict=True):
        assert held.estimate == pytest.approx(share, abs=1e-6)  # first-order conditions of a logit with constants
        assert held.lower < share < held.upper


def test_another_market_may_have_other_choosers(fit: Fit) -> None:
    other = choosers(40, 2, labelled=True, seed=9)
    found = simulate_market(fit, DATA, other, draws=5)
    alone = simulate_market(fit, other, draws=5)
    assert found.share("petrol")[1] == alone.share("petrol")[0]
    with pytest.raises(InvalidInput, match="same choosers"):
        simulate_market(fit, DATA, other, price="price", draws=5)


def test_real_offers_before_a_survey_s_persons() -> None:
    fit = Logit("price + range_km/100 + fast + price:income").fit(DATA)
    offers = {
        "small": {"price": 1.5, "range_km": 200.0, "fast": 0.0, "fuel=petrol": 1},
        "large": {"price": 4.0, "range_km": 500.0, "fast": 1.0},
    }
    market = market_of(DATA, offers)
    assert (market.persons, market.situations, market.rows) == (150, 150, 300)
    np.testing.assert_array_equal(market.column("income")[::2], market.column("income")[1::2])
    np.testing.assert_array_equal(market.column("price"), np.tile([1.5, 4.0], 150))
    assert market.column("fuel=petrol").tolist() == [1, 0] * 150
    found = simulate_market(fit, market, [Change("price", to=2.0, alternative="large")], price="price", draws=20)
    assert found.share("large")[1].estimate > found.share("large")[0].estimate
    with pytest.raises(InvalidInput, match="range_km"):
        market_of(DATA, {"small": {"price": 1.0, "fast": 0}})
    with pytest.raises(NotFound):
        market_of(DATA, {"small": {"colour": 1.0}})


def test_money_without_a_sure_worth_gives_no_surplus() -> None:
    data = choosers(40, 1, price_taste=0.0, labelled=True)
    fit = Logit("price + fast").fit(data)
    found = simulate_market(fit, data, [Remove("hybrid")], price="price", draws=100)
    assert found["everyone"].surplus is None
    assert "not below 0 beyond doubt" in found.surplus_note


@pytest.mark.parametrize("formula", ["log(price) + fast", "price@petrol + fast"])
def test_surplus_needs_one_worth_of_money(formula: str) -> None:
    fit = Logit(formula).fit(DATA)
    with pytest.raises(InvalidInput, match="price"):
        simulate_market(fit, DATA, [Remove("hybrid")], price="price", draws=2)


def test_what_cannot_be_is_refused(fit: Fit) -> None:
    with pytest.raises(NotFound, match="bicycle"):
        scenario(DATA, [Remove("bicycle")])
    with pytest.raises(InvalidInput, match="left with nothing"):
        scenario(DATA, [Remove("electric"), Remove("hybrid"), Remove("petrol")])
    with pytest.raises(InvalidInput, match="already"):
        scenario(DATA, [Add("hybrid", "petrol")])
    with pytest.raises(NotFound, match="colour"):
        scenario(DATA, [Add("new", "petrol", {"colour": 1.0})])
    with pytest.raises(InvalidInput, match="at once"):
        scenario(DATA, [Change("price", to=1.0, times=2.0)])
    with pytest.raises(NotFound, match="not on offer"):
        scenario(DATA, [Remove("hybrid"), Change("price", to=1.0, alternative="hybrid")])
    with pytest.raises(InvalidInput, match="differs between"):
        simulate_market(fit, DATA, segment="price", draws=2)
    with pytest.raises(NotFound, match="segment"):
        simulate_market(fit, DATA, draws=2)["north"]


def test_more_certain_tastes_make_narrower_intervals(fit: Fit) -> None:
    sure = replace(fit, information=100 * fit.information, meat_clustered=100 * fit.meat_clustered)
    change = [Change("price", times=0.9, alternative="petrol")]
    wide = simulate_market(fit, DATA, change, draws=200, seed=4)["everyone"].change[0]
    narrow = simulate_market(sure, DATA, change, draws=200, seed=4)["everyone"].change[0]
    assert narrow.upper - narrow.lower == pytest.approx((wide.upper - wide.lower) / 10, rel=0.1)
