"""The logit on shares is a regression: it is checked against the textbook formulas, and against known parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from blp_markets import bare_markets, markets_in_equilibrium

from pullcord.base import InvalidInput, stream
from pullcord.blp import MarketData, ShareLogit, logit_delta
from pullcord.blp.logit import first_stage, share_within


def matrices(data: MarketData) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    column = data.columns.column
    x = np.column_stack([np.ones(data.rows), column("range"), data.price])
    z = np.column_stack([np.ones(data.rows), column("range"), column("steel"), column("sum_rival range")])
    return logit_delta(data), x, z


def test_without_instruments_it_is_least_squares_with_whites_errors() -> None:
    data = markets_in_equilibrium()
    y, x, _ = matrices(data)
    fit = ShareLogit("1 + range + prices").fit(data)
    b = np.linalg.solve(x.T @ x, x.T @ y)
    assert fit.gmm.estimates == pytest.approx(b, rel=1e-9)
    bread, e = np.linalg.inv(x.T @ x), y - x @ b
    assert fit.standard_errors("robust") == pytest.approx(np.sqrt(np.diag(bread @ (x.T * e**2) @ x @ bread)), rel=1e-6)
    assert fit.standard_errors("unadjusted") == pytest.approx(np.sqrt(np.diag(bread) * e.var()), rel=1e-6)


def test_with_instruments_it_is_two_stage_least_squares() -> None:
    data = markets_in_equilibrium()
    y, x, z = matrices(data)
    fit = ShareLogit("1 + range + prices", instruments=("steel", "sum_rival range")).fit(data)
    projected = z @ np.linalg.solve(z.T @ z, z.T @ x)
    b = np.linalg.solve(projected.T @ x, projected.T @ y)
    assert fit.gmm.estimates == pytest.approx(b, rel=1e-9)
    bread, e = np.linalg.inv(projected.T @ x), y - x @ b
    assert fit.standard_errors("unadjusted") == pytest.approx(
        np.sqrt(np.diag(bread @ projected.T @ projected @ bread.T) * e.var()), rel=1e-6
    )


def test_clusters_of_one_row_are_no_clusters() -> None:
    data = markets_in_equilibrium()
    single = replace(
        data, cluster=np.arange(data.rows, dtype=np.int64), cluster_names=tuple(str(k) for k in range(data.rows))
    )
    fit = ShareLogit("1 + range + prices").fit(single)
    assert fit.standard_errors("clustered") == pytest.approx(fit.standard_errors("robust"), rel=1e-9)


def test_fixed_effects_are_what_dummies_give() -> None:
    data = markets_in_equilibrium()
    product = data.groups("product")
    dummies = {f"is{k}": (product == k).astype(float) for k in range(8)}
    formula = " + ".join(dummies) + " + range + prices"
    long = ShareLogit(formula, instruments="steel").fit(data.with_columns(**dummies))
    short = ShareLogit("range + prices", instruments="steel", absorb="product").fit(data)
    assert short.gmm.estimates == pytest.approx(long.gmm.estimates[-2:], rel=1e-8)


def test_firms_that_ask_more_for_what_buyers_like_bias_least_squares_and_not_instruments() -> None:
    rng = stream(2, "tests.blp.logit")
    data = bare_markets(markets=300)
    xi, column = rng.normal(size=data.rows), data.columns.column
    price = 1 + column("steel") + 0.3 * xi + 0.1 * rng.random(data.rows)
    utility = np.exp(1.0 * column("range") - 2.0 * price + xi)
    total = 1 + np.add.reduceat(utility, data.start[:-1])[data.market]
    data = data.with_outcome(price, utility / total)
    naive = ShareLogit("1 + range + prices").fit(data)
    sound = ShareLogit("1 + range + prices", instruments="steel").fit(data)
    assert naive.price_coefficient > -1.0
    assert abs(sound.price_coefficient + 2.0) < 3 * sound.standard_errors()[2] < 0.4
    assert sound.first_stage is not None
    assert sound.first_stage > 100


def test_a_nested_logit_finds_its_rho() -> None:
    rng = stream(3, "tests.blp.nested")
    data, rho = bare_markets(markets=400), 0.6
    column = data.columns.column
    nest = (data.product % 2).astype(float)
    xi = 0.3 * rng.normal(size=data.rows)
    utility = (0.5 + 1.0 * column("range") - 1.0 * data.price + xi) / (1 - rho)
    cell = data.market * 2 + nest.astype(int)
    inclusive = np.bincount(cell, weights=np.exp(utility))
    outside = 1 + (inclusive ** (1 - rho)).reshape(-1, 2).sum(axis=1)
    share = np.exp(utility) / inclusive[cell] * (inclusive[cell] ** (1 - rho)) / outside[data.market]
    # What rivals within the nest are like moves the share within it, and nothing else of the product's.
    others = np.bincount(cell, weights=column("range"))[cell] - column("range")
    data = data.with_outcome(data.price, share).with_columns(nest=nest, others=others)
    fit = ShareLogit("1 + range + prices", instruments=("others", "steel"), nest="nest").fit(
        data.with_columns(steel=data.price)  # prices are drawn here: they are their own instrument
    )
    assert abs(fit["rho"] - rho) < 3 * fit.standard_errors()[3] < 0.3
    assert share_within(data, data.groups("nest")).max() < 1
    with pytest.raises(InvalidInput, match="nested"):
        fit.demand()


def test_weak_instruments_are_said() -> None:
    data = markets_in_equilibrium()
    noise = stream(4, "tests.blp.noise").normal(size=data.rows)
    fit = ShareLogit("1 + range + prices", instruments="noise").fit(data.with_columns(noise=noise))
    assert fit.first_stage is not None
    assert fit.first_stage < 10
    assert "hardly move the price" in str(fit)


def test_the_first_stage_of_one_instrument_is_its_squared_t() -> None:
    data = markets_in_equilibrium()
    x = np.column_stack([np.ones(data.rows), data.columns.column("steel")])
    b = np.linalg.lstsq(x, data.price, rcond=None)[0]
    e = data.price - x @ b
    variance = np.linalg.inv(x.T @ x)[1, 1] * e.var()
    strength = first_stage(data.price, x[:, :1], x[:, 1:], data, "unadjusted")
    assert strength == pytest.approx(b[1] ** 2 / variance, rel=1e-6)


def test_a_fit_prints_as_a_table() -> None:
    data = markets_in_equilibrium()
    printed = str(ShareLogit("1 + range + prices", instruments=("steel", "sum_rival range")).fit(data))
    assert printed.startswith("logit on the shares of `made up` by 2SLS: 20 markets, 160 products, robust")
    assert "first-stage F of the price" in printed
    assert [line.split()[0] for line in printed.splitlines()[4:7]] == ["1", "range", "prices"]


@pytest.mark.parametrize("priced", ["log(prices)", "prices + prices:range"])
def test_a_price_taste_that_differs_between_products_is_no_number(priced: str) -> None:
    """A coefficient of log(prices) is none of prices: elasticities would be wrong by the price itself."""
    fit = ShareLogit(f"1 + range + {priced}").fit(markets_in_equilibrium())
    assert np.isnan(fit.price_coefficient)
    with pytest.raises(InvalidInput, match="differs from product to product"):
        fit.demand().elasticities(fit.data.market_names[0])


def test_a_price_in_another_unit_has_the_same_coefficient() -> None:
    data = markets_in_equilibrium()
    plain, tens = (ShareLogit(f"1 + range + {priced}").fit(data) for priced in ("prices", "prices/10"))
    assert tens.price_coefficient == pytest.approx(plain.price_coefficient, rel=1e-9)
