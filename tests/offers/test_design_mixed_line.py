"""The best line for buyers of many kinds: the bound holds against all lines, and meets the line found."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pullcord.base import InvalidInput, stream
from pullcord.offers import Candidates, MixedCandidates, best_line, best_mixed_line, mixed_profit


def candidates(seed: int, draws: int = 5) -> MixedCandidates:
    rng = stream(seed, "tests.design_mixed_line")
    variants, prices = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    price = np.linspace(5, 12, prices)[None, :] * rng.uniform(0.8, 1.2, (variants, 1))
    worth = rng.normal(1, 1, (draws, variants, 1))
    taste = -np.exp(rng.normal(-1, 0.5, draws))
    return MixedCandidates(
        utility=(worth + taste[:, None, None] * (price - 6)).reshape(draws, -1),
        others=rng.uniform(0.5, 3, draws),
        variant=np.repeat(np.arange(variants), prices),
        margin=(price - rng.uniform(2, 6, (variants, 1))).ravel(),
        fixed_cost=float(rng.uniform(0, 10)) * (seed % 2),
        variants_max=int(rng.integers(1, variants + 1)),
        buyers=100.0,
    )


def best_of_all(given: MixedCandidates) -> float:
    ways = [[-1, *np.flatnonzero(given.variant == v).tolist()] for v in np.unique(given.variant)]
    lines = [tuple(i for i in way if i >= 0) for way in itertools.product(*ways)]
    return max(mixed_profit(given, line) for line in lines if len(line) <= given.variants_max)


@pytest.mark.parametrize("seed", range(16))
def test_no_line_is_better_and_the_bound_holds(seed: int) -> None:
    given = candidates(seed)
    found = best_mixed_line(given, seed=seed, starts=3)
    truth = best_of_all(given)
    assert found.proved
    assert found.bound >= truth - 1e-6 * abs(truth)
    assert found.profit == pytest.approx(truth, rel=2e-4)
    assert found.bound >= found.profit


def test_one_kind_of_buyer_is_the_plain_logit() -> None:
    for seed in range(6):
        given = candidates(seed, draws=1)
        plain = Candidates(
            given.variant, given.utility[0], given.margin, given.fixed_cost, given.variants_max, given.buyers, -1.0,
            others=float(given.others[0]),
        )  # fmt: skip
        assert best_mixed_line(given, seed=1).profit == pytest.approx(best_line(plain).value, rel=2e-4, abs=1e-9)


def test_same_seed_same_line() -> None:
    given = candidates(3)
    first, again = best_mixed_line(given, seed=3), best_mixed_line(given, seed=3)
    assert (first.chosen, first.profit, first.bound) == (again.chosen, again.profit, again.bound)


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidInput):
        MixedCandidates(np.zeros((2, 3)), np.ones(1), np.zeros(3, dtype=np.int64), np.ones(3), 0.0, 1, 1.0)
