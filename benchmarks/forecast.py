"""Forecasts of monthly units by product against simple rules, AutoETS and AutoARIMA, on the real panel.

    python benchmarks/forecast.py [--json] [--panel programs/peoples_car/panel.csv] [--since 2025-01] [--quick]

Scales of our model are chosen on the months before `--since` and stay as they are; what follows is foretold once, from
every month's end, one and three months on. Two tables: all targets that every forecaster can tell, and those for which
a figure of the year before exists too. Differences are ours less theirs, with intervals over whole months and over
whole products. `--quick` leaves out statsforecast.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
from dataclasses import asdict
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.table import Table

from pullcord.demand import (
    LAST_KNOWN,
    SEASONAL_NAIVE,
    Backtest,
    Forecaster,
    Interval,
    KnownPanel,
    Panel,
    Pooled,
    Scales,
    StatsForecast,
    backtest,
    fit_scales,
    read_panel,
)

PANEL = Path(__file__).resolve().parents[1] / "programs" / "peoples_car" / "panel.csv"
HORIZONS = (1, 3)
NO_FACTORS = (0.0,) * 12


def months_back(month: date) -> date:
    """The first day of the month before."""
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def contenders(panel: Panel, since: date, quick: bool) -> tuple[Pooled, list[Forecaster], dict[str, Scales]]:
    """Ours with its scales, everyone else, and the scales by name."""
    known = KnownPanel.until(months_back(since), panel.sales, panel.market)
    scales = fit_scales(known, HORIZONS)
    ours = Pooled(scales)
    # The same model that has never heard of a New Year: factors begin at nothing and may be anything.
    blank = fit_scales(known, HORIZONS, months=NO_FACTORS, begin=Scales(factor_spread=0.3))
    others: list[Forecaster] = [LAST_KNOWN, Pooled(blank, months=NO_FACTORS, name="ours without month prior")]
    if not quick:
        others += [
            StatsForecast("AutoETS"),
            StatsForecast("AutoETS", logs=True),
            StatsForecast("AutoARIMA"),
            StatsForecast("AutoARIMA", logs=True),
        ]
    return ours, others, {ours.name: scales, "ours without month prior": blank}


def as_json(found: Backtest, ours: str) -> dict[str, Any]:
    """A backtest in plain values."""
    rivals = sorted({score.forecaster for score in found.scores} - {ours})
    return {
        "since": f"{found.since:%Y-%m}",
        "until": f"{found.until:%Y-%m}",
        "targets": found.targets,
        "not_foretold_by_all": found.not_foretold,
        "products": list(found.products),
        "scores": [asdict(score) for score in found.scores],
        "differences": [asdict(found.compare(ours, rival, horizon)) for horizon in found.horizons for rival in rivals],
    }


def draw(console: Console, found: Backtest, ours: str) -> None:
    """One backtest as a table."""
    title = (
        f"{found.targets} product-months of {len(found.products)} products, {found.since:%Y-%m} to {found.until:%Y-%m};"
        f" {found.not_foretold} more that not all can tell"
    )
    table = Table(title=title)
    for name in ("months on", "forecaster", "WAPE", "MASE", "CRPS", "in 80 %", "in 95 %", "width 80 %"):
        table.add_column(name, justify="left" if name == "forecaster" else "right")
    table.add_column("ours less theirs: WAPE", justify="left")
    table.add_column("CRPS", justify="left")
    for score in found.scores:
        told = ("", "")
        if score.forecaster != ours:
            gap = found.compare(ours, score.forecaster, score.horizon)
            told = (
                f"{gap.wape:+.3f} ({_ends(gap.wape_by_month)}; {_ends(gap.wape_by_product)})",
                f"{gap.crps:+.3f} ({_ends(gap.crps_by_month)}; {_ends(gap.crps_by_product)})",
            )
        table.add_row(
            str(score.horizon), score.forecaster, f"{score.wape:.3f}", f"{score.mase:.2f}", f"{score.crps:.3f}",
            f"{score.covered_80:.2f}", f"{score.covered_95:.2f}", f"{score.width_80:.2f}", *told,
        )  # fmt: skip
    console.print(table)


def _ends(interval: Interval) -> str:
    return f"{interval.low:+.3f} to {interval.high:+.3f}"


def main() -> None:
    """Foretell, then print tables, or JSON with --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--panel", type=Path, default=PANEL)
    parser.add_argument("--since", default="2025-01", help="the first month that is foretold")
    parser.add_argument("--quick", action="store_true", help="without statsforecast")
    options = parser.parse_args()
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", options.since):
        parser.error("write --since as 2025-01")
    since = date(int(options.since[:4]), int(options.since[5:]), 1)
    panel = read_panel(options.panel)
    begun = perf_counter()
    ours, others, scales = contenders(panel, since, options.quick)
    fitted_s = perf_counter() - begun
    every = backtest(panel.sales, [ours, *others], since=since, market=panel.market)
    yearly = backtest(panel.sales, [ours, *others, SEASONAL_NAIVE], since=since, market=panel.market)
    taken_s = perf_counter() - begun
    versions = {"Python": platform.python_version()}
    for package in ("pullcord", "numpy", "statsforecast"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    if options.json:
        found = {
            "versions": versions,
            "scales": {name: asdict(scale) for name, scale in scales.items()},
            "fit_s": fitted_s,
            "all_s": taken_s,
            "all_targets": as_json(every, ours.name),
            "targets_of_a_year_before": as_json(yearly, ours.name),
        }
        print(json.dumps(found, default=str))
        return
    console = Console(highlight=False, width=200)
    console.print(", ".join(f"{name} {number}" for name, number in versions.items()))
    console.print(f"chosen on the months before {since:%Y-%m} in {fitted_s:.1f} s: {scales[ours.name]}")
    draw(console, every, ours.name)
    draw(console, yearly, ours.name)
    console.print(f"{taken_s:.0f} s in all; intervals: 10,000 draws over months; over products")


if __name__ == "__main__":
    main()
