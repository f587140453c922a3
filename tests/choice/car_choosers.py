"""Persons who choose cars by known tastes: small choice data whose truth is known."""

from __future__ import annotations

from functools import cache

import numpy as np

from pullcord.base import stream
from pullcord.choice import ChoiceData

TASTES = {"price": -0.8, "range_km/100": 0.4, "fast": 0.5, "fuel=electric": -0.3}


def choosers(
    persons: int = 150,
    times: int = 4,
    *,
    seed: int = 1,
    labelled: bool = False,
    spread: float = 0.0,
    ragged: bool = False,
    weighted: bool = False,
    price_taste: float = TASTES["price"],
) -> ChoiceData:
    """Persons who choose several times among three cars; `spread` is the standard deviation of their taste for range.

    labelled : the three are petrol, hybrid and electric, in this order, instead of just left, middle and right.
    ragged : the third is missing from every fifth choice. Prices are in tens of thousands.
    """
    chance = stream(seed, "tests.choosers")
    alternatives = ("petrol", "hybrid", "electric") if labelled else ("left", "middle", "right")
    situations = persons * times
    sizes = np.full(situations, 3)
    if ragged:
        sizes[::5] = 2
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    situation = np.repeat(np.arange(situations), sizes)
    alternative = np.arange(len(situation)) - start[situation]
    rows = len(situation)
    price = chance.uniform(1, 5, rows)
    range_km = chance.uniform(150, 600, rows)
    fast = (chance.random(rows) < 0.5).astype(np.float64)
    electric = (alternative == 2) if labelled else (chance.random(rows) < 0.4)
    electric = electric.astype(np.float64)
    person = situation // times
    north = (chance.random(persons) < 0.5).astype(np.float64)[person]
    income = chance.uniform(2, 8, persons)[person]
    taste = TASTES["range_km/100"] + spread * chance.standard_normal(persons)[person]
    utility = price_taste * price + taste * range_km / 100 + TASTES["fast"] * fast + TASTES["fuel=electric"] * electric
    utility += chance.gumbel(size=rows)
    best = np.maximum.reduceat(utility, start[:-1])[situation]
    return ChoiceData(
        name="car choosers",
        column_names=(
            "price",
            "range_km",
            "fast",
            "fuel=electric",
            "fuel=petrol",
            "region=north",
            "region=south",
            "income",
        ),
        alternatives=alternatives,
        columns=np.column_stack([price, range_km, fast, electric, 1 - electric, north, 1 - north, income]),
        alternative=alternative.astype(np.int64),
        chosen=(utility == best).astype(np.float64),
        situation_start=start,
        person_start=np.arange(0, situations + 1, times),
        weight=chance.uniform(0.5, 2.0, situations) if weighted else np.ones(situations),
        person_ids=tuple(f"person {p}" for p in range(persons)),
    )


@cache
def examples() -> dict[str, object]:
    """What the worked examples of the docstrings stand on."""
    from pullcord import choice

    data, labelled = choosers(), choosers(labelled=True)
    return {
        **{name: getattr(choice, name) for name in choice.__all__},
        "data": data,
        "labelled": labelled,
        "price_only": choice.Logit("price").fit(data),
        "logit": choice.Logit("price + range_km/100 + fast + fuel=electric").fit(data),
        "cars": choice.Logit("price + range_km/100 + fast + asc").fit(labelled),
    }
