"""The measures on arrays, against cases worked out by hand and what must hold in any case."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.mismatch import (
    MoneyLines,
    configuration_mismatch,
    date_mismatch,
    latency,
    unit_mismatch,
    unsold_of_cohorts,
)


def test_oldest_units_are_sold_first() -> None:
    # 10 + 10 built. When the first cohort is judged 4 are sold; when the second is judged 13 are.
    assert unsold_of_cohorts([10, 10], [4, 13]).tolist() == [6, 7]
    assert unsold_of_cohorts([10, 10], [12, 20]).tolist() == [0, 0]
    assert unsold_of_cohorts([10, 10], [0, 0]).tolist() == [10, 10]


@given(built=st.lists(st.integers(0, 50), min_size=1, max_size=8), sold=st.integers(0, 400))
def test_cohorts_judged_together_leave_what_was_not_sold(built: list[int], sold: int) -> None:
    left = unsold_of_cohorts(built, [sold] * len(built))
    assert left.sum() == max(sum(built) - sold, 0)
    assert ((left >= 0) & (left <= np.array(built))).all()


def test_unit_mismatch_is_unsold_plus_lost_over_demand() -> None:
    share = unit_mismatch([5, 0, 0, 3], [10, 0, 0, 0], [100, 50, 0, 0])
    assert share.tolist() == [0.15, 0.0, 0.0, np.inf]


def test_configuration_mismatch_passes_over_who_would_not_have_bought() -> None:
    preferred = np.array([0, 1, 2, 1])
    delivered = np.array([0, 2, 2, 0])
    loss = np.array([0.0, 900.0, 0.0, 5000.0])
    counted = np.array([True, True, True, False])
    share, mean_loss = configuration_mismatch(preferred, delivered, loss, counted)
    assert share == pytest.approx(1 / 3)
    assert mean_loss == pytest.approx(300)
    nobody = np.zeros(4, dtype=bool)
    assert [float(x) for x in configuration_mismatch(preferred, delivered, loss, nobody)] == [0, 0]


def test_three_days_late_is_not_yet_more_than_three() -> None:
    promised = np.array([10, 10, 10, 10, 10])
    actual = np.array([8, 10, 13, 14, 99])
    counted = np.array([True, True, True, True, False])
    error, late = date_mismatch(promised, actual, counted)
    assert error == pytest.approx((2 + 0 + 3 + 4) / 4)
    assert late == pytest.approx(1 / 4)


def test_measures_keep_the_axes_behind_the_first() -> None:
    promised = np.zeros((4, 2, 3), dtype=int)
    actual = np.arange(24).reshape(4, 2, 3)
    error, late = date_mismatch(promised, actual, np.ones((4, 2, 3), dtype=bool))
    assert error.shape == late.shape == (2, 3)
    assert error[1, 2] == pytest.approx(np.mean([5, 11, 17, 23]))


def test_money_adds_up_and_is_spread_over_units() -> None:
    lines = MoneyLines(*(np.array([value, 0.0]) for value in (10.0, 20.0, 30.0, 40.0, 50.0)))
    per_unit = lines.per_unit([5, 0])
    assert per_unit.total.tolist() == [30.0, 0.0]
    assert per_unit.markdown.tolist() == [4.0, 0.0]


def test_latency_of_nothing_is_not_zero() -> None:
    nothing = latency([], waiting=3)
    assert (nothing.arrived, nothing.waiting, nothing.p50_s, nothing.p95_s) == (0, 3, None, None)
    some = latency([0.0, 10.0, 20.0], waiting=1)
    assert (some.arrived, some.p50_s, some.p95_s) == (3, 10.0, pytest.approx(19.0))
