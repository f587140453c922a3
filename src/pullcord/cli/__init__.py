"""The command line: parse, call one service, render."""

from __future__ import annotations

import sys

import typer

from pullcord.base import PullcordError

from . import bench, ledger, operate, order, product, program
from .console import report_failure, talk
from .run import run

app = typer.Typer(
    name="pullcord",
    help="Consumer-to-manufacturer: one consumer signal pulls design, price, plan, part, shipment and settlement.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.command()(run)
app.add_typer(program.app, name="program")
app.add_typer(product.app, name="product")
app.add_typer(order.app, name="order")
app.add_typer(operate.demand, name="demand")
app.add_typer(operate.production, name="production")
app.add_typer(operate.procurement, name="procurement")
app.add_typer(operate.logistics, name="logistics")
app.add_typer(operate.finance, name="finance")
app.add_typer(ledger.app, name="ledger")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Run the command line; a PullcordError becomes one message and its exit status."""
    try:
        app()
    except PullcordError as failure:
        sys.exit(report_failure(failure))
    except KeyboardInterrupt:
        talk.print("interrupted: what was answered is kept, what was not is undone")
        sys.exit(130)
