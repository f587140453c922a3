"""Elasticities, markups, prices in equilibrium and surplus agree with each other and with closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from blp_markets import MODEL, TRUTH, bare_markets, crowd, markets_in_equilibrium

from pullcord.base import InvalidInput, NotFound
from pullcord.blp import BLP, Demand, MarketData, ShareLogit, merger, simulate


def demand_of(data: MarketData) -> Demand:
    """The demand that made the data: fixed at the truth, so that shares are reproduced."""
    nonlinear = {name: TRUTH[name] for name in ("sigma range", "beta prices")}
    return MODEL.fit(data, fixed=nonlinear).demand()


@pytest.fixture(scope="module")
def data() -> MarketData:
    return markets_in_equilibrium()


@pytest.fixture(scope="module")
def demand(data: MarketData) -> Demand:
    return demand_of(data)


def test_predicted_shares_are_the_observed(data: MarketData, demand: Demand) -> None:
    assert demand.shares() == pytest.approx(data.share, rel=1e-10)


def test_elasticities_are_those_of_finite_differences(data: MarketData, demand: Demand) -> None:
    rows = data.rows_of("3")
    found = demand.elasticities("3")
    for k in range(3):
        price = data.price.copy()
        price[rows.start + k] *= 1 + 1e-6
        change = (demand.shares(price)[rows] / data.share[rows] - 1) / 1e-6
        assert found[:, k] == pytest.approx(change, rel=1e-4, abs=1e-7)
    assert demand.own_elasticities()[rows] == pytest.approx(np.diag(found))


def test_the_lost_buyers_all_go_somewhere(demand: Demand) -> None:
    diversion = demand.diversion("0")
    assert diversion.sum(axis=1) == pytest.approx(np.ones(8))
    assert np.all(diversion >= 0)
    assert np.all(np.diag(diversion[:, :8]) == 0)


def test_a_logit_firm_with_one_product_has_the_textbook_markup() -> None:
    data = bare_markets(products=4, firms=4)
    fit = ShareLogit("1 + range + prices").fit(data)
    demand = Demand(data, fit.demand().delta, fit.demand().tastes, np.zeros(0), np.full(data.markets, -2.0))
    assert demand.markups() == pytest.approx(1 / (2.0 * (1 - data.share)))


def test_prices_in_equilibrium_are_found_again_from_other_prices(data: MarketData, demand: Demand) -> None:
    settled = demand.equilibrium(start=data.price * 1.5)
    assert settled.unsettled == ()
    assert settled.price == pytest.approx(data.price, rel=1e-9)
    assert settled.share == pytest.approx(data.share, rel=1e-8)


def test_costs_are_those_that_made_the_prices(data: MarketData, demand: Demand) -> None:
    fit = MODEL.fit(data, fixed={"sigma range": TRUTH["sigma range"], "beta prices": TRUTH["beta prices"]})
    assert demand.costs() == pytest.approx(fit.costs, rel=1e-9)
    assert (fit.costs - fit.omega).std() > 0.1
    assert np.corrcoef(fit.xi, fit.omega)[0, 1] > 0.2  # made with a correlation of a half


def test_a_merger_raises_prices_and_costs_buyers_money(data: MarketData, demand: Demand) -> None:
    owner = merger(data, "0", "1")
    after = demand.equilibrium(firm=owner)
    merged = np.isin(data.firm, [data.firm_names.index("0"), data.firm_names.index("1")])
    assert np.all(after.price[merged] > data.price[merged])
    assert np.all(demand.surplus(after.price) < demand.surplus())
    gain = after.profit[merged].sum() - ((data.price - after.cost) * data.share)[merged].sum()
    assert gain > 0
    with pytest.raises(NotFound, match="no firm 9"):
        merger(data, "0", "9")


def test_no_firm_gains_by_another_price_of_one_of_its_products(data: MarketData, demand: Demand) -> None:
    costs, rows = demand.costs(), data.rows_of("2")

    def profit(price: np.ndarray, firm: int) -> float:
        own = rows.start + np.flatnonzero(data.firm[rows] == firm)
        return float(((price - costs) * demand.shares(price))[own].sum())

    for row in (rows.start, rows.start + 1):
        best = profit(data.price, data.firm[row])
        for factor in (0.9, 0.99, 1.01, 1.1):
            price = data.price.copy()
            price[row] *= factor
            assert profit(price, data.firm[row]) < best


def test_the_surplus_of_dearer_cars_falls_by_what_buyers_pay_more(data: MarketData, demand: Demand) -> None:
    # Roy's identity: a small rise of all prices costs its size times the number of buyers.
    change = demand.surplus(data.price + 1e-6) - demand.surplus()
    bought = np.add.reduceat(data.share, data.start[:-1])
    assert change / 1e-6 == pytest.approx(-bought, rel=1e-4)


def test_a_taste_for_price_that_differs_by_product_is_refused() -> None:
    data = crowd(bare_markets(), 1)
    fit = BLP("1 + range + log(prices)", random="range", demand_instruments=("steel", "steel2"), steps=1).fit(
        data.with_columns(steel2=data.columns.column("steel") ** 2)
    )
    with pytest.raises(InvalidInput, match="differs from product to product"):
        fit.demand().elasticities("0")


def test_a_simulation_needs_every_parameter_and_is_the_same_twice() -> None:
    bare = crowd(bare_markets(), 1)
    with pytest.raises(NotFound, match="`gamma steel` has no value"):
        simulate(MODEL, bare, {name: value for name, value in TRUTH.items() if name != "gamma steel"})
    once, again = simulate(MODEL, bare, TRUTH, seed=5), simulate(MODEL, bare, TRUTH, seed=5)
    assert np.array_equal(once.share, again.share)
    assert not np.array_equal(once.share, simulate(MODEL, bare, TRUTH, seed=6).share)
