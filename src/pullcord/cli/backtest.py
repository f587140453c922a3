"""`pullcord demand backtest`: forecasts of monthly sales beside simple rules and other packages, on real months."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pullcord.base import InvalidInput

from .bench import find_input
from .console import JsonFlag, show, talk

if TYPE_CHECKING:
    from pullcord.demand import Backtest, Forecaster

HORIZONS = (1, 3)


def backtest(
    panel: Annotated[Path | None, typer.Option(help="CSV: month,brand,model,units,source,mark.")] = None,
    since: Annotated[str, typer.Option(help="The first month that is foretold, such as 2025-01.")] = "2025-01",
    peers: Annotated[bool, typer.Option("--peers/--no-peers", help="Also AutoETS and AutoARIMA.")] = True,
    as_json: JsonFlag = False,
) -> None:
    """Foretell every month from the months before it, as its day would have: errors, coverage, who was better.

    Our model's scales are chosen on the months before `--since` alone. The last known month and the month a year before
    are the rules to beat; AutoETS and AutoARIMA come from statsforecast, of the `bench` extra.
    """
    from pullcord import demand

    if not re.fullmatch(r"(19|20|21)\d{2}-(0[1-9]|1[0-2])", since):
        raise InvalidInput(f"--since {since} is no month", "write a year and a month, such as 2025-01")
    first = date.fromisoformat(f"{since}-01")
    before = date(first.year - (first.month == 1), (first.month - 2) % 12 + 1, 1)
    known = demand.read_panel(find_input("panel.csv", panel, "--panel"))
    with talk.status("foretelling ...") as status:
        ours = demand.Pooled(demand.fit_scales(demand.KnownPanel.until(before, known.sales, known.market), HORIZONS))
        others: list[Forecaster] = [demand.LAST_KNOWN, demand.SEASONAL_NAIVE]
        missing = peers and importlib.util.find_spec("statsforecast") is None
        if peers and not missing:
            status.update("foretelling, statsforecast's models too ...")
            others += [demand.StatsForecast("AutoETS"), demand.StatsForecast("AutoARIMA")]
        found = demand.backtest(known.sales, [ours, *others], since=first, horizons=HORIZONS, market=known.market)
    if missing:
        talk.print("AutoETS and AutoARIMA are left out: install pullcord's extra `bench`", markup=False)
    result = _as_json(found, ours.name)
    show(result, as_json, lambda console: _draw(console, found, ours.name))


def _as_json(found: Backtest, ours: str) -> dict[str, Any]:
    rivals = [name for name in dict.fromkeys(score.forecaster for score in found.scores) if name != ours]
    return {
        "since": f"{found.since:%Y-%m}",
        "until": f"{found.until:%Y-%m}",
        "targets": found.targets,
        "not_foretold_by_all": found.not_foretold,
        "products": list(found.products),
        "scores": [asdict(score) for score in found.scores],
        "differences": [asdict(found.compare(ours, rival, horizon)) for horizon in found.horizons for rival in rivals],
    }


def _draw(console: Console, found: Backtest, ours: str) -> None:
    table = Table(title=f"{found.targets} product-months of {len(found.products)} products")
    table.add_column("months on", justify="right")
    table.add_column("forecaster")
    for name in ("WAPE", "CRPS", "in 80 %", "in 95 %", "ours less theirs, WAPE"):
        table.add_column(name, justify="right")
    for score in found.scores:
        told = ""
        if score.forecaster != ours:
            gap = found.compare(ours, score.forecaster, score.horizon)
            told = f"{gap.wape:+.3f} [{gap.wape_by_month.low:+.3f}, {gap.wape_by_month.high:+.3f}]"
        table.add_row(
            str(score.horizon),
            score.forecaster,
            f"{score.wape:.3f}",
            f"{score.crps:.3f}",
            f"{score.covered_80:.2f}",
            f"{score.covered_95:.2f}",
            told,
        )
    console.print(table)
    console.print(
        f"Foretold from {found.since:%Y-%m} to {found.until:%Y-%m}, each from its own origin; {found.not_foretold} more"
        " product-months that not every forecaster can tell are left out. Below zero is for us; 95 % intervals over"
        " whole months.",
        soft_wrap=True,
    )
