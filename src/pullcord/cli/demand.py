"""`pullcord demand`: what people want, from surveys and orders to the forecast and the report."""

from __future__ import annotations

import typer

from .backtest import backtest
from .demand_report import release, report
from .fitting import compare, data, fit
from .operate import forecast

app = typer.Typer(help="Demand: fit choice models, forecast, report what people want.", no_args_is_help=True)

for command in (fit, compare, data, forecast, backtest, report, release):
    app.command()(command)
