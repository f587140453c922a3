"""Lanes compute what scalars would."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest

from pullcord.choice.mixed.lanes import (
    exp2,
    exponent,
    item,
    larger,
    largest,
    load,
    magnitude,
    mantissa,
    positive,
    power_of_two,
    rounded,
    smaller,
    store,
    total,
)

KINDS = [np.float64, np.float32]


@numba.njit  # type: ignore[untyped-decorator]
def through(operation: int, a: Any, b: Any, out: Any, lanes: int) -> None:
    for i in range(0, len(a), lanes):
        x, y = load(a, i), load(b, i)
        if operation == 0:
            store(out, i, exp2(x))
        elif operation == 1:
            store(out, i, mantissa(x))
        elif operation == 2:
            store(out, i, exponent(x))
        elif operation == 3:
            store(out, i, power_of_two(x))
        elif operation == 4:
            store(out, i, 2.0 * x + y / 3.0 - 1.0)
        elif operation == 5:
            store(out, i, larger(x, y) - smaller(x, y))
        elif operation == 6:
            store(out, i, positive(x) + magnitude(x))
        else:
            store(out, i, rounded(x))


@numba.njit  # type: ignore[untyped-decorator]
def reduced(a: Any) -> Any:
    return total(load(a, 0)), largest(load(a, 0)), item(a, 3)


def run(operation: int, a: np.ndarray, b: np.ndarray | None = None) -> np.ndarray:
    out = np.empty_like(a)
    through(operation, a, a if b is None else b, out, 16 if a.dtype == np.float64 else 32)
    return out


def values(kind: type, low: float, high: float, count: int = 64_000) -> np.ndarray:
    return np.linspace(low, high, count).astype(kind)


@pytest.mark.parametrize(("kind", "limit", "error"), [(np.float64, 1021.0, 1e-15), (np.float32, 125.0, 2.5e-7)])
def test_powers_of_two_are_exact_to_the_last_digits(kind: type, limit: float, error: float) -> None:
    x = np.concatenate([values(kind, -limit, limit), values(kind, -1, 1)])
    wanted = np.exp2(x.astype(np.longdouble))
    assert float(np.max(np.abs(run(0, x) / wanted - 1))) < error


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_is_its_mantissa_times_its_power_of_two(kind: type) -> None:
    x = np.exp2(values(kind, -100, 100)).astype(kind)
    m, e = run(1, x), run(2, x)
    assert np.all((m >= 1) & (m < 2))
    np.testing.assert_array_equal(np.ldexp(m, e.astype(int)), x)
    np.testing.assert_array_equal(run(3, e), np.ldexp(np.ones_like(m), e.astype(int)))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_too_small_for_a_normal_number_is_zero(kind: type) -> None:
    lowest = -1022.0 if kind == np.float64 else -126.0
    n = np.resize(np.array([lowest - 1, lowest - 500, -1e30, lowest]), 64).astype(kind)
    np.testing.assert_array_equal(run(3, n)[:3], 0)
    assert run(3, n)[3] == np.finfo(kind).smallest_normal


@pytest.mark.parametrize("kind", KINDS)
def test_arithmetic_is_that_of_scalars(kind: type) -> None:
    a, b = values(kind, -3, 5), values(kind, 7, -2)
    close = {"rtol": 1e-6 if kind == np.float32 else 1e-14, "atol": 1e-6 if kind == np.float32 else 1e-14}
    np.testing.assert_allclose(run(4, a, b), 2 * a + b / kind(3) - 1, **close)
    np.testing.assert_allclose(run(5, a, b), np.abs(a - b), **close)
    np.testing.assert_allclose(run(6, a), (a > 0) + np.abs(a), **close)
    np.testing.assert_array_equal(run(7, a), np.rint(a))


@pytest.mark.parametrize("kind", KINDS)
def test_sums_and_maxima_go_over_all_lanes(kind: type) -> None:
    a = np.arange(16 if kind == np.float64 else 32).astype(kind) * -1
    sum_of, top, third = reduced(a)
    assert sum_of == a.sum()
    assert top == 0
    assert third == -3
