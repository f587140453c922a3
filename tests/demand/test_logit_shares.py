"""What must stay true of logit shares, whatever the utilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pullcord.base import InvalidInput
from pullcord.demand import logit

UTILITIES = hnp.arrays(np.float64, st.integers(1, 12), elements=st.floats(-600, 600))


@given(utility=UTILITIES)
def test_shares_and_the_outside_good_add_up_to_one(utility):
    share, outside = logit.shares(utility), logit.outside_share(utility)
    assert np.all((share >= 0) & (share <= 1))
    assert share.sum() + outside == pytest.approx(1, abs=1e-12)


@given(utility=hnp.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 6)), elements=st.floats(-50, 50)))
def test_a_batch_gives_what_each_row_gives(utility):
    rows = np.array([logit.shares(row) for row in utility])
    np.testing.assert_allclose(logit.shares(utility), rows, rtol=1e-14)


@given(utility=hnp.arrays(np.float64, 4, elements=st.floats(-20, 20)), other=st.floats(-20, 20))
def test_the_odds_of_two_ignore_a_third(utility, other):
    """Independence of irrelevant alternatives: Train (2009), sec. 3.3.2."""
    before = logit.shares(utility)
    after = logit.shares(np.append(utility, other))
    assert after[0] / after[1] == pytest.approx(before[0] / before[1], rel=1e-9)


@given(utility=hnp.arrays(np.float64, 5, elements=st.floats(-20, 20)), drop=st.floats(0.01, 5))
def test_a_worse_alternative_loses_to_all_the_others(utility, drop):
    worse = utility.copy()
    worse[0] -= drop
    before, after = logit.shares(utility), logit.shares(worse)
    assert after[0] < before[0]
    assert np.all(after[1:] >= before[1:])


def test_a_utility_that_is_no_number_is_refused():
    with pytest.raises(InvalidInput, match="not a finite number"):
        logit.shares(np.array([0.0, np.nan]))


@given(
    weights=hnp.arrays(np.float64, st.integers(2, 10), elements=st.floats(1e-6, 1)),
    scale=st.floats(-3, 3),
)
def test_inversion_gives_back_the_observed_shares(weights, scale):
    observed = weights / (weights.sum() + 1)
    outside = 1 - float(observed.sum())
    systematic = scale * np.arange(len(observed))
    constants = logit.constants_by_inversion(observed, outside, systematic)
    np.testing.assert_allclose(logit.shares(systematic + constants), observed, rtol=1e-9)
    # Berry (1994), eq. 11, written out.
    np.testing.assert_allclose(constants, np.log(observed) - np.log(outside) - systematic, rtol=1e-12)


@pytest.mark.parametrize(
    ("observed", "outside"), [([0.0, 0.5], 0.5), ([0.5, 0.5], 0.0), ([0.2, 0.2], 0.5)], ids=["zero", "full", "gap"]
)
def test_shares_that_are_none_are_refused(observed, outside):
    with pytest.raises(InvalidInput):
        logit.constants_by_inversion(np.array(observed), outside, np.zeros(2))


def test_own_price_elasticity_is_the_slope_of_log_share_on_log_price():
    taste, price, others = -0.4, np.array([7.0]), np.array([0.3, -0.2])

    def log_share(p: float) -> float:
        return float(np.log(logit.shares(np.append(taste * p, others))[0]))

    share = logit.shares(np.append(taste * price, others))[:1]
    numeric = (log_share(7 * 1.0001) - log_share(7 / 1.0001)) / (2 * np.log(1.0001))
    assert logit.price_elasticity(share, price, taste)[0] == pytest.approx(numeric, rel=1e-6)


def test_diversion_is_in_proportion_to_share():
    rivals, outside = logit.diversion(np.array([0.1, 0.3]), 0.6)
    assert rivals.tolist() == pytest.approx([0.1, 0.3])
    assert outside == pytest.approx(0.6)
