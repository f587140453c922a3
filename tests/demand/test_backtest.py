"""Rolling origins: nobody sees the future, scores are what they say, and the pooled model covers what it models."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import InvalidInput, NotFound, stream
from pullcord.demand import (
    LAST_KNOWN,
    LEVELS,
    SEASONAL_GROWTH,
    SEASONAL_NAIVE,
    Foretold,
    KnownPanel,
    MonthlySales,
    Pooled,
    Scales,
    StatsForecast,
    backtest,
    fit_scales,
    read_panel,
)

PANEL = Path(__file__).resolve().parents[2] / "programs" / "peoples_car" / "panel.csv"
MEDIAN = LEVELS.index(0.5)


def month(index: int) -> date:
    """Months counted from January 2022."""
    return date(2022 + index // 12, index % 12 + 1, 1)


def sales(product: str, units: Mapping[int, int]) -> list[MonthlySales]:
    return [MonthlySales(product, month(i), n, "made up", "A") for i, n in units.items()]


class Spy:
    """Tells the last month it can see, and notes what it was shown."""

    name = "spy"

    def __init__(self) -> None:
        self.seen: list[tuple[date, date]] = []

    def forecast(self, known: KnownPanel, months: Sequence[date]) -> Mapping[tuple[str, date], np.ndarray]:
        latest = max(m for row in (*known.sales.values(), known.market) for m in row)
        self.seen += [(latest, m) for m in months]
        return {
            (product, m): np.full(len(LEVELS), float(row[max(row)]))
            for product, row in known.sales.items()
            for m in months
        }


RISING = [*sales("a", {i: 100 + i for i in range(24)}), *sales("b", dict.fromkeys(range(5, 24), 200))]
MARKET = [MonthlySales("(all)", month(i), 10_000, "made up", "A") for i in range(24)]


def test_nobody_sees_past_the_origin():
    spy = Spy()
    found = backtest(RISING, [spy], since=month(12), horizons=(1, 3), market=MARKET)
    assert {(m.year - latest.year) * 12 + m.month - latest.month for latest, m in spy.seen} == {1, 3}
    assert found.targets == 24
    assert found.score("spy", 1).wape == pytest.approx(12 * 1 / sum(row.actual for row in found.forecasts[::2]))
    assert found.score("spy", 3).wape == pytest.approx(3 * found.score("spy", 1).wape)


def test_a_certain_forecast_scores_its_absolute_error():
    row = Foretold("f", "a", month(0), 1, (130.0,) * len(LEVELS), 100, 10.0)
    assert row.error == 30
    assert row.crps == pytest.approx(30)


@given(actual=st.integers(0, 300), low=st.floats(0, 200), width=st.floats(0.1, 200))
def test_the_score_is_near_the_integral_of_the_quantile_loss(actual, low, width):
    """For a uniform forecast the continuous ranked probability score has a closed form."""
    told = Foretold("f", "a", month(0), 1, tuple(low + width * level for level in LEVELS), actual, 1.0)
    z = (actual - low) / width
    if z < 0:
        exact = width * (1 / 3 - z)
    elif z > 1:
        exact = width * (z - 2 / 3)
    else:
        exact = width * (z**3 + (1 - z) ** 3) / 3
    assert told.crps == pytest.approx(exact, abs=0.006 * width + 1e-6)


def test_a_quantile_that_is_always_right_covers_everything():
    found = backtest(RISING, [Spy(), LAST_KNOWN], since=month(16), horizons=(1,))
    assert found.score("spy", 1).covered_80 == pytest.approx(0.5)  # `b` never changes, `a` always does
    assert found.score("last known month", 1).wape == pytest.approx(found.score("spy", 1).wape)
    assert found.score("last known month", 1).covered_95 == 1
    assert found.score("spy", 1).mase == pytest.approx(1)  # `a` rises by one a month; `b` has no scale


def test_only_targets_that_all_foretell_count():
    found = backtest(RISING, [LAST_KNOWN, SEASONAL_NAIVE], since=month(12), horizons=(1, 3))
    assert found.targets + found.not_foretold == 24
    # `b` begins in month 5; and last year's month tells a spread only once 8 of its errors are known, three months on.
    told = {(row.forecaster, row.horizon) for row in found.forecasts}
    assert told == {(f.name, h) for f in (LAST_KNOWN, SEASONAL_NAIVE) for h in (1, 3)}
    assert {row.month for row in found.forecasts if row.product_id == "b"} == {month(i) for i in range(21, 24)}


def test_rules_say_what_they_say():
    units = {i: 100 + 10 * (i % 12) + i for i in range(30)}
    known = KnownPanel.until(month(29), sales("a", units))
    target = month(32)
    assert LAST_KNOWN.forecast(known, [target])["a", target][MEDIAN] == pytest.approx(units[29])
    assert SEASONAL_NAIVE.forecast(known, [target])["a", target][MEDIAN] == pytest.approx(units[20])
    grown = SEASONAL_GROWTH.forecast(known, [target])["a", target][MEDIAN]
    assert grown == pytest.approx(units[20] * units[29] / units[17])
    quantiles = LAST_KNOWN.forecast(known, [target])["a", target]
    assert np.all(np.diff(quantiles) > 0)


def simulated(seed: int, scales: Scales, months: int, factors: Sequence[float]) -> tuple[list, list]:
    """Six products over so many months, drawn from the pooled model itself."""
    rng = stream(seed, "test.pooled")
    true_factors = np.array(factors) + scales.factor_spread * rng.standard_normal(12)
    level, slope = 12.0, 0.0
    shares = -3.5 + rng.standard_normal(6)
    panel, market = [], []
    for i in range(months):
        slope = 0.95 * slope + scales.slope_step * rng.standard_normal()
        level += slope + scales.level_step * rng.standard_normal()
        shares = shares + scales.share_step * rng.standard_normal(6)
        common = level + true_factors[i % 12]
        market += sales("(all)", {i: round(np.exp(common + scales.market_noise * rng.standard_normal()))})
        for p in range(6):
            if rng.uniform() < 0.15:
                continue  # unknown
            units = round(np.exp(common + shares[p] + scales.share_noise * rng.standard_normal()))
            panel += sales(f"p{p}", {i: units})
    return panel, market


def test_pooled_intervals_cover_panels_drawn_from_the_model():
    """12 panels: errors within one go together, hence the wide bounds."""
    scales, zero = Scales(), (0.0,) * 12
    covered = {0.8: [], 0.95: []}
    for seed in range(12):
        panel, market = simulated(seed, scales, 40, zero)
        score = backtest(panel, [Pooled(scales, months=zero)], since=month(20), market=market).scores
        covered[0.8] += [s.covered_80 for s in score]
        covered[0.95] += [s.covered_95 for s in score]
    assert 0.74 <= np.mean(covered[0.8]) <= 0.86
    assert 0.91 <= np.mean(covered[0.95]) <= 0.985


def test_scales_are_found_again():
    loud = Scales(share_noise=0.5, share_step=0.05)
    panel, market = simulated(3, loud, 48, (0.0,) * 12)
    found = fit_scales(KnownPanel.until(month(47), panel, market), (1, 3), months=(0.0,) * 12)
    assert 0.35 <= found.share_noise <= 0.7
    assert found.share_step < 0.12


def test_a_newcomer_inherits_the_months_of_the_others():
    """Five products fall by half in February; a sixth, two months old, is told to do so too."""
    fall = {m: (0.5 if m % 12 == 1 else 1.0) for m in range(37)}
    panel = [row for p in range(5) for row in sales(f"p{p}", {m: round(1000 * (p + 1) * f) for m, f in fall.items()})]
    panel += sales("new", {35: 800, 36: 800})
    known = KnownPanel.until(month(36), panel)
    told = Pooled(Scales(), months=(0.0,) * 12).forecast(known, [month(37), month(38)])
    assert told["new", month(37)][MEDIAN] < 0.72 * told["new", month(38)][MEDIAN]


def test_the_real_panel_is_foretold_better_than_by_its_last_known_month():
    """The figures of docs/concepts/forecasting.md. Scales are chosen before 2025, and the rest is foretold."""
    panel = read_panel(PANEL)
    known = KnownPanel.until(date(2024, 12, 1), panel.sales, panel.market)
    ours = Pooled(fit_scales(known, (1, 3)))
    found = backtest(panel.sales, [ours, LAST_KNOWN], since=date(2025, 1, 1), market=panel.market)
    three = found.compare(ours.name, LAST_KNOWN.name, 3)
    assert three.wape < -0.05
    assert three.wape_by_month.high < 0
    assert found.compare(ours.name, LAST_KNOWN.name, 1).crps_by_month.high < 0
    assert 0.7 <= found.score(ours.name, 3).covered_80 <= 0.9
    assert found == backtest(panel.sales, [ours, LAST_KNOWN], since=date(2025, 1, 1), market=panel.market)


@pytest.mark.parametrize("model", ["AutoETS", "AutoARIMA"])
def test_peers_are_told_the_same(model):
    pytest.importorskip("statsforecast")
    rows = [*sales("long", {i: 1000 + 20 * i for i in range(20) if i != 7}), *sales("short", {18: 500, 19: 520})]
    known = KnownPanel.until(month(19), rows)
    for logs in (False, True):
        told = StatsForecast(model, logs=logs).forecast(known, [month(20), month(22)])
        assert np.all(np.diff(told["long", month(20)]) >= 0)
        assert told["long", month(22)][MEDIAN] == pytest.approx(1440, rel=0.1)
    if model == "AutoETS":
        assert ("short", month(20)) in told  # by its last known month


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    with pytest.raises(InvalidInput, match="not installed") as caught:
        StatsForecast("AutoETS")
    assert "bench" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: backtest(RISING, [], since=month(12)), "names of their own"),
        (lambda: backtest(RISING, [LAST_KNOWN, LAST_KNOWN], since=month(12)), "names of their own"),
        (lambda: backtest(RISING, [LAST_KNOWN], since=month(12), horizons=(0,)), "horizons"),
        (lambda: backtest(RISING, [LAST_KNOWN], since=month(40)), "no month from"),
        (lambda: Pooled(months=(0.0,)), "1 month factors"),
        (lambda: Scales(level_step=0), "scales"),
    ],
)
def test_what_cannot_be_tested_is_refused(call, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        call()
    with pytest.raises(NotFound, match="no score of `nobody`"):
        backtest(RISING, [LAST_KNOWN], since=month(12)).score("nobody", 1)
