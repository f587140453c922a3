"""Simulated shoppers: what they are drawn from, that they are the same for everybody, and that the line keeps order."""

from __future__ import annotations

import numpy as np
import pytest
from twin_input import twin_input

from pullcord.base import InvalidInput, stream
from pullcord.twin.inputs import TwinVariant
from pullcord.twin.shoppers import (
    demand_level,
    draw_luck,
    draw_shoppers,
    line_up,
    log_positive_stable,
)

MANY = {"units_per_week": 2000.0, "capacity_per_week": 2700, "measured_weeks": 26}


def test_shares_are_those_of_the_input() -> None:
    given = twin_input(taste_drift=0.0, **MANY)
    crowd = draw_shoppers(given, 5, 0)
    assert crowd.wants.mean() == pytest.approx(given.buy_share, abs=0.01)
    first_choices = np.bincount(crowd.first_choice[crowd.wants], minlength=3) / crowd.wants.sum()
    assert first_choices == pytest.approx([0.5, 0.3, 0.2], abs=0.01)
    assert np.bincount(crowd.region) / crowd.region.size == pytest.approx([0.6, 0.4], abs=0.01)
    assert np.median(crowd.patience_days) == pytest.approx(given.patience_median_days, rel=0.03)
    assert crowd.wants.sum() == pytest.approx(given.units_per_week * given.weeks, rel=0.02)


@pytest.mark.parametrize("nest_scale", [0.25, 0.5, 1.0])
def test_who_misses_the_first_choice_leaves_as_often_as_the_nested_logit_says(nest_scale: float) -> None:
    given = twin_input(taste_drift=0.0, nest_scale=nest_scale, **MANY)
    crowd = draw_shoppers(given, 5, 0)
    without_plain = crowd.utility[:, 1:].max(axis=1) > crowd.outside
    # Nested logit with inclusive value 0: leaving `plain` out leaves exp(V) = (1 - 0.5) ** scale against 1.
    remaining = 0.5**nest_scale
    assert without_plain.mean() == pytest.approx(remaining / (remaining + 1), abs=0.01)


@pytest.mark.parametrize("index", [0.2, 0.5, 0.9])
def test_positive_stable_draws_have_their_laplace_transform(index: float) -> None:
    draws = np.exp(log_positive_stable(index, 200_000, stream(2, "test.stable")))
    for s in (0.3, 1.0, 3.0):
        assert np.exp(-s * draws).mean() == pytest.approx(np.exp(-(s**index)), abs=0.005)


def test_tastes_drift_between_variants_and_leave_their_sum_alone() -> None:
    given = twin_input(taste_drift=0.15, **MANY)
    crowd = draw_shoppers(given, 5, 1)
    late = crowd.wants & (crowd.day >= given.days - 70)
    shares = np.bincount(crowd.first_choice[late], minlength=3) / late.sum()
    assert np.abs(shares - [0.5, 0.3, 0.2]).max() > 0.05
    assert crowd.wants.mean() == pytest.approx(given.buy_share, abs=0.01)


def test_the_level_of_demand_has_mean_one_and_the_panel_s_own_changes() -> None:
    given = twin_input(monthly_log_changes=((0.1, -0.2, 0.4, -0.1, 0.3, -0.5),), measured_weeks=200)
    level = demand_level(given, stream(3, "test.level"))
    assert level.mean() == pytest.approx(1)
    changes = np.log(level[1:] / level[:-1])
    seen = {round(float(change), 6) for change in changes if abs(change) > 1e-12}
    assert seen == {0.1, -0.2, 0.4, -0.1, 0.3, -0.5}  # their drift is nil


def test_the_same_seed_is_the_same_crowd_and_another_is_not() -> None:
    given = twin_input()
    one, again, other = draw_shoppers(given, 5, 0), draw_shoppers(given, 5, 0), draw_shoppers(given, 5, 1)
    assert np.array_equal(one.utility, again.utility)
    assert np.array_equal(one.day, again.day)
    assert not np.array_equal(one.day, other.day)


def test_patience_disturbs_no_other_draw() -> None:
    usual, patient = draw_shoppers(twin_input(), 5, 0), draw_shoppers(twin_input(patience_median_days=90.0), 5, 0)
    assert np.array_equal(usual.utility, patient.utility)
    assert patient.patience_days == pytest.approx(3 * usual.patience_days)


def test_the_line_holds_everybody_once_and_in_order() -> None:
    given = twin_input()
    crowds = [draw_shoppers(given, 5, replication) for replication in range(3)]
    line = line_up(crowds, [crowd.wants for crowd in crowds])
    assert line.first_place[-1] == line.day.size
    for rep, crowd in enumerate(crowds):
        standing = line.shopper[:, rep][line.shopper[:, rep] >= 0]
        assert np.array_equal(standing, np.flatnonzero(crowd.wants))
        there = line.shopper[:, rep] >= 0
        assert np.array_equal(line.day[there], crowd.day[standing])
        assert np.array_equal(line.utility[there, rep], crowd.utility[standing])
        assert np.isinf(line.outside[~there, rep]).all()


def test_luck_has_the_given_mean_and_spread() -> None:
    given = twin_input(availability=0.9, availability_sd=0.05, measured_weeks=200, capacity_per_week=1000)
    luck = draw_luck(given, 5, range(20))
    assert luck.capacity.mean() == pytest.approx(900, rel=0.01)
    assert luck.capacity.std() == pytest.approx(50, rel=0.1)
    assert luck.kit_late.mean() == pytest.approx(given.kit_late_share, abs=0.01)


def test_input_names_all_its_faults_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        twin_input(
            variants=(TwinVariant("only", 0.8, 100.0, 120.0, 10.0),),
            buy_share=1.5,
            run_out_weeks=7,
            monthly_log_changes=(),
        )
    message = refused.value.message
    for fault in ("shares of variants", "buy_share = 1.5", "run_out_weeks", "monthly_log_changes", "variant only"):
        assert fault in message
