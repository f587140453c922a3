"""Small markets of cars that tests of this room share: made up, with known parameters."""

from __future__ import annotations

import numpy as np
import polars as pl

from pullcord.base import stream
from pullcord.blp import BLP, MarketData, grid_agents, normal_agents, read_markets, simulate

TRUTH = {
    "sigma range": 0.6,
    "beta prices": -2.0,
    "beta 1": -1.0,
    "beta range": 1.5,
    "gamma 1": 0.5,
    "gamma range": 0.4,
    "gamma steel": 0.6,
}

MODEL = BLP(
    "1 + range + prices",
    random="range",
    costs="1 + range + steel",
    demand_instruments=("steel", "near_*", "sum_*"),
    supply_instruments=("near_*", "sum_*"),
)


def bare_markets(markets: int = 20, products: int = 8, firms: int = 3, seed: int = 1) -> MarketData:
    """Characteristics and firms, without agents; shares and prices only hold the place."""
    rng = stream(seed, "tests.blp.characteristics")
    rows = markets * products
    frame = pl.DataFrame(
        {
            "market_ids": np.repeat(np.arange(markets), products),
            "product_ids": np.tile(np.arange(products), markets),
            "firm_ids": np.tile(np.arange(products) % firms, markets),
            "shares": np.full(rows, 0.5 / products),
            "prices": rng.uniform(1, 2, rows),
            "range": rng.uniform(0, 2, rows),
            "steel": rng.uniform(0, 1, rows),
        }
    )
    return read_markets(frame, name="made up")


def markets_in_equilibrium(seed: int = 1, markets: int = 20, *, products: int = 8, points: int = 7) -> MarketData:
    """Prices and shares that follow from `TRUTH`, with the instruments that `MODEL` names."""
    from pullcord.blp import characteristic_sums, differentiation_instruments

    data = bare_markets(markets, products, seed=seed)
    data = data.with_agents(grid_agents(data, 1, points=points))
    data = simulate(MODEL, data, TRUTH, xi_sd=0.4, omega_sd=0.1, seed=seed)
    return differentiation_instruments(characteristic_sums(data, "range"), "range", "quadratic").with_columns(
        **{"near_others range": _others(data)}
    )


def _others(data: MarketData) -> np.ndarray:
    """How many other products of the market are within 0.5 of a product's range."""
    result = np.zeros(data.rows)
    values = data.columns.column("range")
    for at in range(data.markets):
        rows = slice(data.start[at], data.start[at + 1])
        result[rows] = (np.abs(values[rows][:, None] - values[rows][None, :]) < 0.5).sum(axis=1) - 1
    return result


def crowd(data: MarketData, dimensions: int, draws: int = 60, seed: int = 3) -> MarketData:
    """The markets with normal agents who have an income."""
    income = stream(seed, "tests.blp.income").lognormal(1.0, 0.4, 300)
    return data.with_agents(normal_agents(data, dimensions, draws=draws, seed=seed, population={"income": income}))
