"""Forecasts: cells add up, and each signal moves them by the conjugate rule."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import InvalidInput
from pullcord.demand import (
    Level,
    Signal,
    forecast_units,
    launch_profile,
    prior_mix,
    update_level,
    update_levels,
    update_mix,
)

MONDAY = date(2025, 11, 10)
WEIGHTS = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0.001, 1e7), min_size=1, max_size=8)
LEVELS = st.builds(Level, st.floats(0.01, 1e4), st.floats(1e-6, 1e3))


@given(level=LEVELS, take=WEIGHTS, cities=WEIGHTS, profile=st.lists(st.floats(0, 100), min_size=1, max_size=26))
def test_cells_add_up_to_every_total(level, take, cities, profile):
    told = forecast_units(level, take, cities, MONDAY, profile)
    scale = max(told.total, 1.0)
    assert told.units.sum() == pytest.approx(told.total, abs=1e-9 * scale)
    np.testing.assert_allclose(told.units.sum(axis=(0, 1)), level.mean * np.array(profile), rtol=1e-9, atol=1e-9)
    by_variant = told.units.sum(axis=(1, 2))
    rates = np.array([take[v] for v in told.variants]) / sum(take.values())
    np.testing.assert_allclose(by_variant, rates * told.total, rtol=1e-9, atol=1e-9)
    assert sum(cell.units for cell in told.cells()) == pytest.approx(told.total, abs=1e-9 * scale)
    assert len(told.cells()) == len(take) * len(cities) * len(profile)


@given(level=LEVELS, count=st.floats(0, 1e5), conversion=st.floats(0, 1), weeks=st.floats(0.01, 50))
def test_a_signal_moves_the_level_between_what_was_believed_and_what_was_seen(level, count, conversion, weeks):
    after = update_level(level, [Signal("reservation", count, conversion)], weeks)
    seen = count * conversion / weeks
    low, high = min(level.mean, seen), max(level.mean, seen)
    assert low * (1 - 1e-9) <= after.mean <= high * (1 + 1e-9) + 1e-9


@given(level=LEVELS, counts=st.lists(st.integers(0, 5_000), min_size=1, max_size=6))
def test_signals_one_by_one_or_all_at_once_come_to_the_same(level, counts):
    one_by_one = level
    for count in counts:
        one_by_one = update_level(one_by_one, [Signal("order", count, 0.6)], 1.0)
    at_once = update_level(level, [Signal("order", sum(counts), 0.6)], float(len(counts)))
    assert one_by_one.mean == pytest.approx(at_once.mean, rel=1e-9)
    assert one_by_one.deviation == pytest.approx(at_once.deviation, rel=1e-9)


@given(count=st.floats(0, 1e6), error=st.floats(0.05, 2))
def test_no_number_of_signals_makes_a_belief_surer_than_their_conversion(count, error):
    prior = Level.from_moments(1_000, 800)
    for weeks in (1.0, 1e3, 1e9):
        after = update_level(prior, [Signal("reservation", count, 0.5)], weeks, relative_error=error)
        assert after.rate <= prior.rate + 1 / (error**2 * prior.mean) * (1 + 1e-9)
    heard = update_level(prior, [Signal("reservation", count, 0.5)], 2.0, relative_error=error)
    trusted = update_level(prior, [Signal("reservation", count, 0.5)], 2.0)
    assert abs(heard.mean - prior.mean) <= abs(trusted.mean - prior.mean) + 1e-9
    assert heard.deviation / heard.mean >= trusted.deviation / trusted.mean * (1 - 1e-12)


def test_with_news_as_expected_the_relative_precisions_add_up():
    prior = Level.from_moments(1_000, 500)
    after = update_level(prior, [Signal("order", 1e9, 1.0)], 1e6, relative_error=0.5)
    assert after.mean == pytest.approx(1_000, rel=1e-6)
    assert (after.mean / after.deviation) ** 2 == pytest.approx(1 / 0.5**2 + 1 / 0.5**2, rel=1e-6)


def test_one_more_signal_raises_the_forecast():
    level = Level.from_moments(1_000, 500)
    silent = update_level(level, [], 1.0)
    heard = update_level(level, [Signal("lock", 1, 0.9)], 1.0)
    assert heard.mean > silent.mean


def test_the_update_on_arrays_is_the_update():
    shape, rate = update_levels(np.array([4.0, 9.0]), np.array([2.0, 3.0]), np.array([6.0, 0.0]), np.array([1.0, 1.0]))
    one = update_level(Level(4, 2), [Signal("order", 6, 1.0)], 1.0)
    assert (shape[0], rate[0]) == (one.shape, one.rate)
    assert (shape[1], rate[1]) == (9.0, 4.0)


def test_moments_come_back():
    level = Level.from_moments(2_500, 1_800)
    assert level.mean == pytest.approx(2_500)
    assert level.deviation == pytest.approx(1_800)


@given(counts=st.lists(st.floats(0, 1e4), min_size=6, max_size=6), strength=st.floats(0.1, 1e4))
def test_a_mix_learns_and_still_adds_up_to_one(counts, strength):
    prior = prior_mix({"rent": 0.7, "buy": 0.3}, {"x": 5e6, "y": 2e6, "z": 1e6})
    after = update_mix(prior, strength, np.array(counts).reshape(2, 3))
    assert after.sum() == pytest.approx(1, abs=1e-12)
    learned = forecast_units(Level(10, 1), {"rent": 0.7, "buy": 0.3}, {"x": 5, "y": 2, "z": 1}, MONDAY, [1], mix=after)
    assert learned.units.sum() == pytest.approx(10, abs=1e-9)


def test_a_launch_falls_towards_the_steady_week():
    profile = launch_profile(30, first_week=8, decay_weeks=3)
    assert profile[0] == 8
    assert all(a > b > 1 for a, b in pairwise(profile))
    assert profile[-1] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: forecast_units(Level(1, 1), {"a": 1}, {"x": 1}, date(2025, 11, 11), [1]), "no Monday"),
        (lambda: forecast_units(Level(1, 1), {}, {"x": 1}, MONDAY, [1]), "take rates"),
        (lambda: forecast_units(Level(1, 1), {"a": 1}, {"x": -1}, MONDAY, [1]), "city weights"),
        (lambda: forecast_units(Level(1, 1), {"a": 1}, {"x": 1}, MONDAY, []), "week profile"),
        (
            lambda: forecast_units(Level(1, 1), {"a": 1}, {"x": 1}, MONDAY, [1], mix=np.ones((1, 1)) * 0.9),
            "does not fit",
        ),
        (lambda: Level(0, 1), "no gamma"),
        (lambda: update_level(Level(1, 1), [], -1.0), "negative"),
        (lambda: update_level(Level(1, 1), [], 1.0, relative_error=-0.1), "relative error of -0.1"),
        (lambda: Signal("view", -1, 0.1), "-1 signals"),
        (lambda: Signal("view", 1, 1.1), "converts at"),
    ],
)
def test_nonsense_is_refused(call, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        call()
