"""The best line under a nested logit: as good as looking at all lines, and never above its bound."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pullcord.base import InvalidInput, stream
from pullcord.offers import Candidates, Objective, bertrand_prices, best_line, costs_behind, equal_markup, line_worth
from pullcord.offers.pricing import log_lambert_w


def candidates(seed: int, *, scale: float | None = None, fixed: bool | None = None) -> Candidates:
    rng = stream(seed, "tests.design_line")
    variants, prices = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    price = np.linspace(5, 15, prices)[None, :] * rng.uniform(0.8, 1.2, (variants, 1))
    cost = rng.uniform(3, 9, (variants, 1))
    taste = -float(rng.uniform(0.05, 0.6))
    utility = rng.normal(0, 1, (variants, 1)) + taste * price + rng.uniform(-2, 4)
    drawn = float(rng.uniform(0.1, 1))
    return Candidates(
        variant=np.repeat(np.arange(variants), prices),
        utility=utility.ravel(),
        margin=(price - cost).ravel(),
        fixed_cost=float(rng.uniform(0, 8)) if (seed % 2 if fixed is None else fixed) else 0.0,
        variants_max=int(rng.integers(1, variants + 1)),
        buyers=100.0,
        price_taste=taste,
        scale=drawn if scale is None else scale,
    )


def all_lines(given: Candidates) -> list[tuple[int, ...]]:
    ways = [[-1, *np.flatnonzero(given.variant == v).tolist()] for v in range(int(given.variant.max()) + 1)]
    lines = [tuple(sorted(i for i in way if i >= 0)) for way in itertools.product(*ways)]
    return [line for line in lines if len(line) <= given.variants_max]


def best_of_all(given: Candidates, objective: Objective, floor: float) -> float:
    worth = [line_worth(given, line) for line in all_lines(given)]
    return max(w.of(objective) for w in worth if objective is Objective.PROFIT or w.profit >= floor)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("objective", list(Objective))
def test_no_line_is_better_and_the_bound_holds(seed: int, objective: Objective) -> None:
    given = candidates(seed, scale=(None, 1.0, 0.5, 0.2)[seed % 4])
    most = best_of_all(given, Objective.PROFIT, -np.inf)
    floor = (0.0, 0.5, 0.9)[seed % 3] * most
    found = best_line(given, objective, profit_floor=floor)
    truth = best_of_all(given, objective, floor)
    assert found.proved
    assert found.value == pytest.approx(truth, rel=2e-4, abs=1e-9)
    assert found.bound >= truth - 1e-9 * abs(truth)
    assert found.bound >= found.value
    assert line_worth(given, found.chosen).of(objective) == found.value
    assert found.chosen in all_lines(given)


@pytest.mark.parametrize("seed", range(20))
def test_profit_is_exact_to_a_millionth(seed: int) -> None:
    given = candidates(seed)
    found = best_line(given)
    assert found.value == pytest.approx(best_of_all(given, Objective.PROFIT, -np.inf), rel=1e-6, abs=1e-9)


def test_a_floor_below_zero_is_kept_too() -> None:
    for seed in range(12):
        given = candidates(seed, fixed=False)
        found = best_line(given, Objective.VOLUME, profit_floor=-50.0)
        truth = best_of_all(given, Objective.VOLUME, -50.0)
        assert found.bound >= truth * (1 - 1e-9)
        assert found.value == pytest.approx(truth, rel=2e-4)


def test_a_floor_that_no_line_reaches_is_refused() -> None:
    for objective in Objective:
        with pytest.raises(InvalidInput, match="no line earns"):
            best_line(candidates(3), objective, profit_floor=1e9)


def test_same_question_same_answer() -> None:
    for objective in Objective:
        first = best_line(candidates(5), objective, profit_floor=0.0)
        again = best_line(candidates(5), objective, profit_floor=0.0)
        assert (first.chosen, first.value, first.bound) == (again.chosen, again.value, again.bound)


def test_the_nearest_line_differs_and_is_no_better() -> None:
    for seed in range(12):
        given = candidates(seed)
        found = best_line(given)
        if found.nearest is not None:
            assert found.nearest != found.chosen
            assert line_worth(given, found.nearest).profit <= found.value + 1e-9


def test_shares_of_a_nest_of_scale_one_are_a_plain_logit() -> None:
    given = candidates(7, scale=1.0)
    line = tuple(range(0, len(given.variant), len(given.variant) // (int(given.variant.max()) + 1)))
    weight = np.exp(given.utility[list(line)])
    assert line_worth(given, line).share == pytest.approx(weight / (1 + weight.sum()))


def test_a_program_of_fine_steps_comes_near_the_closed_form() -> None:
    quality, cost, taste = np.array([2.0, 3.0]), np.array([4.0, 6.0]), -0.4
    markup = equal_markup(quality, cost, taste)
    # Few are close to the best markup: the ladder holds it, a hundredth of it apart.
    steps = markup * np.linspace(0.9, 1.1, 21)
    price = cost[:, None] + steps[None, :]
    given = Candidates(
        np.repeat(np.arange(2), 21), (quality[:, None] + taste * price).ravel(), np.tile(steps, 2), 0.0, 2, 1.0, taste
    )
    found = best_line(given)
    assert [i % 21 for i in found.chosen] == [10, 10]


@pytest.mark.parametrize("log_x", [-30.0, -1.0, 0.0, 1.0, 5.0, 700.0, 1e5])
def test_lambert(log_x: float) -> None:
    w = log_lambert_w(log_x)
    assert w + np.log(w) == pytest.approx(log_x, rel=1e-12, abs=1e-12)


def test_one_owner_of_all_sets_the_equal_markup() -> None:
    rng = stream(1, "tests.design_prices")
    quality, cost = rng.normal(2, 1, 5), rng.uniform(1, 3, 5)
    prices = bertrand_prices(quality, cost, np.zeros(5, dtype=np.int64), -0.7, 2.5)
    assert prices - cost == pytest.approx(np.full(5, equal_markup(quality, cost, -0.7, 2.5)))


def test_no_owner_gains_by_another_price_and_the_costs_come_back() -> None:
    rng = stream(2, "tests.design_prices")
    quality, cost, owner, taste = rng.normal(2, 1, 4), rng.uniform(1, 3, 4), np.array([0, 0, 1, 2]), -0.7
    prices = bertrand_prices(quality, cost, owner, taste)

    def shares(at: np.ndarray) -> np.ndarray:
        weight = np.exp(quality + taste * at)
        return weight / (1 + weight.sum())

    for j in range(4):
        mine = owner == owner[j]
        here = float((shares(prices) * (prices - cost))[mine].sum())
        for step in (-0.05, 0.05):
            moved = prices.copy()
            moved[j] += step
            assert float((shares(moved) * (moved - cost))[mine].sum()) < here
    assert costs_behind(prices, shares(prices), owner, taste) == pytest.approx(cost)


@pytest.mark.parametrize(
    "change", [{"scale": 0.0}, {"scale": 1.5}, {"price_taste": 0.0}, {"variants_max": 0}, {"fixed_cost": -1.0}]
)
def test_what_makes_no_sense_is_refused(change: dict[str, float]) -> None:
    fine = {
        "variant": np.zeros(1, dtype=np.int64),
        "utility": np.zeros(1),
        "margin": np.ones(1),
        "fixed_cost": 0.0,
        "variants_max": 1,
        "buyers": 1.0,
        "price_taste": -1.0,
    }
    with pytest.raises(InvalidInput):
        Candidates(**(fine | change))
