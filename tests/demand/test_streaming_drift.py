"""Changes of rate: seen soon, seldom imagined, and acted upon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from launch_crowd import BEGINS, listening

from pullcord.base import InvalidInput, stream
from pullcord.demand import ChangeDetector, ChangePolicy, CustomerSignal, Level, Rung, SignalStream

PRIOR = Level.from_moments(30, 15)


def series(seed: int, *parts: tuple[float, int]) -> np.ndarray:
    rng = stream(seed, "test.drift")
    return np.concatenate([rng.poisson(mean, ticks) for mean, ticks in parts])


def reports(counts, policy=None, dispersion=1.0):
    detector = ChangeDetector(PRIOR, policy or ChangePolicy())
    return [change for count in counts if (change := detector.add(float(count), 1.0, dispersion))]


def test_a_steady_stream_seldom_alarms():
    """8,000 ticks without a change. Each report claims 95 %: with one change believed in 365 ticks, 1.2 false ones are
    what the model itself would expect at most."""
    assert sum(len(reports(series(seed, (30, 400)))) for seed in range(20)) <= 2


@pytest.mark.parametrize(("after", "within"), [(60.0, 5), (15.0, 6), (42.0, 14)])
def test_a_change_is_noticed_soon_and_dated_right(after, within):
    noticed = []
    for seed in range(20):
        found = [c for c in reports(series(seed, (30, 60), (after, 40))) if c.noticed_tick >= 60]
        if not found:
            continue
        noticed.append(found[0].noticed_tick - 59)
        assert abs(found[0].began_tick - 60) <= 6
        assert found[0].rate_before == pytest.approx(30, rel=0.2)
        assert found[0].rate_after == pytest.approx(after, rel=0.45)
        assert found[0].probability >= 0.95
    assert len(noticed) >= 18
    assert np.median(noticed) <= within


def test_scatter_that_is_known_is_no_change():
    rng = stream(1, "test.drift_scatter")
    clumped = 6 * rng.poisson(5, 600)
    assert len(reports(clumped)) > 3
    assert reports(clumped, dispersion=6.0) == []


def test_the_level_is_that_since_the_change():
    detector = ChangeDetector(PRIOR, ChangePolicy())
    for count in series(5, (30, 80), (90, 10)):
        detector.add(float(count), 1.0)
    assert detector.level().mean == pytest.approx(90, rel=0.1)


def test_without_exposure_nothing_is_learned():
    detector = ChangeDetector(PRIOR, ChangePolicy())
    assert detector.add(0.0, 0.0) is None
    assert detector.level().mean == pytest.approx(PRIOR.mean)


def test_after_a_change_the_stream_forgets_what_was_before():
    rng, number = stream(7, "test.drift_stream"), 0
    stream_ = SignalStream(listening())  # forgets nothing by itself
    start = datetime(BEGINS.year, BEGINS.month, BEGINS.day, 12, tzinfo=UTC)
    for day in range(70):
        for _ in range(int(rng.poisson(40 if day < 60 else 120))):
            number += 1
            stream_.hear(CustomerSignal(start + timedelta(days=day), f"p{number}", Rung.VIEW, "blue", "east"))
    stream_.advance_to(70)
    (noticed,) = stream_.noticed
    assert noticed.rung is Rung.VIEW
    assert noticed.change.began_tick == pytest.approx(60, abs=1)
    assert "view: " in str(noticed)
    assert stream_.arrivals(Rung.VIEW, 0.0).mean == pytest.approx(120, rel=0.15)


@pytest.mark.parametrize(
    "wrong", [{"expected_gap": 1}, {"alarm_at": 1.0}, {"window": 200}, {"window": 0}, {"spread": 0.0}]
)
def test_policies_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InvalidInput):
        ChangePolicy(**wrong)
