"""What if buyers minded the price more: the taste that would make today's prices the best, and the line for it."""

from __future__ import annotations

import numpy as np

from pullcord import offers
from pullcord.base import InvalidInput
from pullcord.offers import Objective

from .answer import Sensitivity
from .ground import LADDER, Ground

_EPS = 1e-4


def today_would_be_best(ground: Ground) -> float | None:
    """By what factor buyers would have to mind the price more (or less) for today's prices to earn most.

    At that factor a common change of all prices of today's line gains nothing: Lerner's condition, the margin over the
    price is one over the elasticity. None where today's line earns nothing on a unit.

    Source: Lerner (1934), Review of Economic Studies 1(3).
    """
    share = offers.line_worth(ground.candidates(), ground.today)
    if share.profit + ground.fixed_cost * len(ground.today) <= 0:
        return None

    def slope(factor: float) -> float:
        return _profit_at(ground, factor, 1 + _EPS) - _profit_at(ground, factor, 1 - _EPS)

    low, high = 1e-3, 1e3
    if slope(low) < 0 or slope(high) > 0:
        return None
    for _ in range(60):
        middle = float(np.sqrt(low * high))
        if slope(middle) > 0:
            low = middle
        else:
            high = middle
    return float(np.sqrt(low * high))


def _profit_at(ground: Ground, factor: float, multiple: float) -> float:
    """What today's line earns at a common multiple of its prices, per buyer of the market."""
    given = ground.candidates(price_taste=factor * ground.price_taste)
    variant = np.array([i // len(LADDER) for i in ground.today])
    rise = (multiple - 1) * ground.weighed[variant]
    utility = given.utility[list(ground.today)] + given.price_taste * rise
    margin = (ground.taken - ground.commission)[variant] * multiple - ground.unit_cost[variant]
    share = offers.shares_by_draw(utility[None, :], ground.scale, ground.others)[0]
    return float(share @ margin)


def sensitivities(
    ground: Ground, objective: Objective, floor: float, lerner: float | None, elasticity: float
) -> tuple[Sensitivity, ...]:
    """The best line at the tastes given, at the strongest taste for price that assumptions.csv allows, and at the one
    that would make today's prices the best; today's share stands in all of them."""
    cases = [("the tastes as they stand", 1.0)]
    key = f"price_sensitivity_per_10k_{ground.program.currency.lower()}"
    stated = ground.program.assumptions.get(key)
    if stated is not None and stated.high / 10_000 > -ground.price_taste:
        cases.append((f"the high end of `{key}`", stated.high / 10_000 / -ground.price_taste))
    if lerner is not None:
        cases.append(("today's prices would be the most profitable", lerner))
    rows = []
    for why, factor in cases:
        given = ground.candidates(price_taste=factor * ground.price_taste)
        try:
            found = offers.best_line(given, objective, profit_floor=floor, gap_max=1e-4)
        except InvalidInput:  # no line earns the floor there
            rows.append(Sensitivity(f"{why}; no line earns the profit floor", factor, elasticity * factor, 0.0, ()))
            continue
        at = {i // len(LADDER): LADDER[i % len(LADDER)] for i in found.chosen}
        prices = tuple((variant.variant_id, at.get(v)) for v, variant in enumerate(ground.variants))
        rows.append(Sensitivity(why, factor, elasticity * factor, found.value, prices))
    return tuple(rows)
