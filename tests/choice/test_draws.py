"""Draws: the sequences they are meant to be, the same every time, and normal to the last digits that count."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from mixed_choosers import PRIMES, radical_inverse

from pullcord.base import InvalidInput
from pullcord.choice import Draws
from pullcord.choice.mixed.draw_kernels import fill_for_python
from pullcord.choice.mixed.quantiles import NORMAL, RAW, TRIANGULAR, UNIFORM, quantiles
from pullcord.choice.mixed.sobol import directions

NORMALS = NormalDist()


def uniforms(draws: Draws, dimensions: int, seed: int = 0, persons: int = 1, first: int = 0) -> np.ndarray:
    z = draws.base_draws(dimensions, seed, first=first, persons=persons)
    return np.vectorize(NORMALS.cdf)(z)


def test_halton_draws_are_one_long_sequence_cut_into_shares_without_its_first_points() -> None:
    count, persons = 70, 40
    z = Draws("halton", count).base_draws(len(PRIMES), 0, persons=persons)
    for d, base in enumerate(PRIMES):
        wanted = [NORMALS.inv_cdf(radical_inverse(100 + i, base)) for i in range(persons * count)]
        np.testing.assert_allclose(z[:, d].ravel(), wanted, atol=2e-11, rtol=0)


def test_far_into_the_sequence_the_draws_are_as_exact() -> None:
    z = Draws("halton", 500).base_draws(6, 0, first=1_000_000)
    for d, base in enumerate(PRIMES[:6]):
        wanted = [NORMALS.inv_cdf(radical_inverse(100 + 500_000_000 + i, base)) for i in range(500)]
        np.testing.assert_allclose(z[0, d], wanted, atol=2e-11, rtol=0)


@pytest.mark.parametrize("kind", ["halton", "mlhs", "sobol"])
def test_a_person_has_the_same_draws_whoever_else_is_at_hand(kind: str) -> None:
    draws = Draws(kind, 90)  # type: ignore[arg-type]
    together = draws.base_draws(3, 5, persons=7)
    alone = draws.base_draws(3, 5, first=4, persons=1)
    np.testing.assert_array_equal(together[4], alone[0])
    assert not np.array_equal(together[3], together[4])


@pytest.mark.parametrize("kind", ["halton", "mlhs", "sobol"])
def test_fewer_draws_are_the_first_of_more(kind: str) -> None:
    tables = Draws(kind, 90).tables((NORMAL, NORMAL), 5)  # type: ignore[arg-type]
    all_of_them, some = np.empty(2 * 160), np.empty(2 * 160)
    fill_for_python(tables, all_of_them, 3, 90, 160)
    fill_for_python(tables, some, 3, 20, 160)
    np.testing.assert_array_equal(all_of_them[:20], some[:20])
    np.testing.assert_array_equal(all_of_them[160:180], some[160:180])


def test_mlhs_has_one_draw_in_every_slice_all_at_one_place_and_in_random_order() -> None:
    count = 250
    u = uniforms(Draws("mlhs", count), 3, seed=4, persons=2)
    for person in range(2):
        for d in range(3):
            places = np.sort(u[person, d]) * count
            np.testing.assert_allclose(np.diff(places), 1.0, atol=1e-6)
            assert 0 < places[0] < 1
            assert not np.array_equal(np.argsort(u[person, d]), np.arange(count))
    order = [np.argsort(u[0, d]) for d in range(3)]
    assert not np.array_equal(order[0], order[1])
    assert abs(np.corrcoef(u[0, 0], u[0, 1])[0, 1]) < 0.2


def test_sobol_direction_numbers_are_those_of_joe_and_kuo() -> None:
    first = directions(4)[:, :3] / 2.0**32
    np.testing.assert_array_equal(first[0], [0.5, 0.25, 0.125])
    np.testing.assert_array_equal(first[1], [0.5, 0.75, 0.625])
    np.testing.assert_array_equal(first[2], [0.5, 0.75, 0.375])
    np.testing.assert_array_equal(first[3], [0.5, 0.75, 0.125])


def test_scrambled_sobol_draws_still_stand_evenly() -> None:
    count = 256
    u = uniforms(Draws("sobol", count), 6, seed=9, persons=3)
    for person in range(3):
        for d in range(6):
            assert np.array_equal(np.sort((u[person, d] * count).astype(int)), np.arange(count))
        boxes = (u[person, 0] * 16).astype(int) * 16 + (u[person, 1] * 16).astype(int)
        assert len(np.unique(boxes)) == count  # one point in each of 16 x 16 boxes


def test_scrambled_halton_draws_are_even_and_differ_by_seed_and_from_plain_ones() -> None:
    count = 343
    plain = Draws("halton", count).base_draws(8, 0)
    one, other = (Draws("halton", count, scrambled=True).base_draws(8, seed) for seed in (1, 2))
    assert not np.allclose(plain, one)
    assert not np.allclose(one, other)
    np.testing.assert_array_equal(one, Draws("halton", count, scrambled=True).base_draws(8, 1))
    u = np.vectorize(NORMALS.cdf)(one)
    for d, base in enumerate(PRIMES[:4]):  # digits permuted, then a shift: consecutive runs still cover the interval
        run = np.sort(u[0, d, : base ** int(math.log(count, base))])
        gaps = np.diff(np.concatenate([run, [run[0] + 1]]))
        assert gaps.max() < 2.01 / len(run)


@pytest.mark.parametrize("kind", ["halton", "mlhs", "sobol"])
@pytest.mark.parametrize(("shape", "highest"), [(NORMAL, 9), (TRIANGULAR, math.sqrt(6)), (UNIFORM, math.sqrt(3))])
def test_base_draws_have_mean_0_and_standard_deviation_1(kind: str, shape: int, highest: float) -> None:
    tables = Draws(kind, 4000).tables((shape, shape), 3)  # type: ignore[arg-type]
    out = np.empty(2 * 4100)
    fill_for_python(tables, out, 0, 4000, 4100)
    for d in range(2):
        drawn = out[d * 4100 : d * 4100 + 4000]
        assert abs(drawn.mean()) < 0.003
        assert abs(drawn.std() - 1) < 0.006
        assert np.abs(drawn).max() <= highest


def test_short_tables_agree_with_long_ones() -> None:
    for kind in ("halton", "mlhs", "sobol"):
        draws = Draws(kind, 500)  # type: ignore[arg-type]
        shapes = (NORMAL, TRIANGULAR, RAW)
        long, short = np.empty(3 * 600), np.empty(3 * 600, dtype=np.float32)
        for person in (0, 1, 77):
            fill_for_python(draws.tables(shapes, 1), long, person, 500, 600)
            fill_for_python(draws.tables(shapes, 1, single=True), short, person, 500, 600)
            for d in range(3):
                at = slice(d * 600, d * 600 + 500)
                np.testing.assert_allclose(short[at], long[at], atol=1e-6, rtol=1e-6)


def test_the_normal_quantile_is_exact_far_into_the_tails() -> None:
    u = np.concatenate([np.logspace(-15, -0.31, 400), 1 - np.logspace(-15, -0.31, 400)])
    wanted = [NORMALS.inv_cdf(one) for one in u]
    np.testing.assert_allclose(quantiles(NORMAL, u), wanted, rtol=1e-9, atol=1e-12)
    for one in (1e-300, 1e-100, 1e-20):  # beyond what the standard library promises: Phi(z) = u
        z = float(quantiles(NORMAL, np.array([one]))[0])
        assert math.isclose(0.5 * math.erfc(-z / math.sqrt(2)), one, rel_tol=1e-9)


def test_draws_that_cannot_be_are_refused() -> None:
    with pytest.raises(InvalidInput, match="no kind of draws"):
        Draws("random")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="0 draws"):
        Draws(count=0)
    with pytest.raises(InvalidInput, match="left out"):
        Draws(drop=-1)
    with pytest.raises(InvalidInput, match="41 varying tastes"):
        Draws("sobol").tables((NORMAL,) * 41, 0)


def test_draws_say_what_they_are() -> None:
    assert str(Draws("halton", 600)) == "600 Halton draws"
    assert str(Draws("halton", 600, scrambled=True)) == "600 scrambled Halton draws"
    assert str(Draws("mlhs", 50)) == "50 MLHS draws"
