"""Intervals: published quantiles, hand-worked samples, and coverage on samples whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from pullcord.base import InvalidInput, stream
from pullcord.mismatch import bootstrap_interval, mean_interval, paired_interval, t_quantile


# Two-sided quantiles as printed in Law (2015), Simulation Modeling and Analysis, table T.1.
@pytest.mark.parametrize(
    ("level", "freedom", "quantile"),
    [(0.95, 1, 12.706), (0.95, 2, 4.303), (0.95, 4, 2.776), (0.90, 5, 2.015), (0.95, 29, 2.045), (0.98, 10, 2.764)],
)
def test_t_quantiles_are_those_of_the_tables(level: float, freedom: int, quantile: float) -> None:
    assert t_quantile(level, freedom) == pytest.approx(quantile, abs=5e-4)


def test_t_nears_the_normal() -> None:
    assert t_quantile(0.95, 100_000) == pytest.approx(1.95998, abs=1e-4)


def test_mean_interval_by_hand() -> None:
    # 1..5: mean 3, standard deviation sqrt(2.5), half width 2.776 * sqrt(2.5 / 5)
    interval = mean_interval([1, 2, 3, 4, 5])
    assert interval.mean == 3
    assert interval.high - interval.mean == pytest.approx(2.776445 * np.sqrt(0.5), rel=1e-5)
    assert interval.replications == 5


def test_what_both_share_cancels() -> None:
    shared = stream(1, "test.shared").normal(0, 1000, 30)
    own = stream(1, "test.own").normal(5, 1, 30)
    between = paired_interval(shared + own, shared)
    assert between.excludes_zero
    assert between.high - between.low < 1
    alone = mean_interval(shared + own)
    assert alone.high - alone.low > 500


def test_t_interval_covers_the_truth_as_often_as_it_says() -> None:
    samples = stream(7, "test.coverage").normal(10, 3, (2000, 8))
    covered = [interval.low <= 10 <= interval.high for interval in map(mean_interval, samples)]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


def test_bootstrap_agrees_with_t_on_a_mean() -> None:
    sample = stream(3, "test.sample").normal(2, 1, 200)
    boot, t = bootstrap_interval(sample, stream(3, "test.bootstrap")), mean_interval(sample)
    assert boot.mean == t.mean
    assert boot.low == pytest.approx(t.low, abs=0.03)
    assert boot.high == pytest.approx(t.high, abs=0.03)


def test_bootstrap_of_whole_rows_is_repeatable() -> None:
    rows = stream(3, "test.rows").random((20, 2))

    def ratio(sample: np.ndarray) -> float:
        return float(sample[:, 0].sum() / sample[:, 1].sum())

    one = bootstrap_interval(rows, stream(3, "test.ratio"), statistic=ratio, resamples=200)
    assert one == bootstrap_interval(rows, stream(3, "test.ratio"), statistic=ratio, resamples=200)
    assert one.low < one.mean < one.high


def test_one_replication_has_no_interval() -> None:
    with pytest.raises(InvalidInput, match="at least two"):
        mean_interval([1.0])
    with pytest.raises(InvalidInput, match="cannot be paired"):
        paired_interval([1.0, 2.0], [1.0, 2.0, 3.0])
