"""The command line: parse, call one service, render."""

from __future__ import annotations

import sys

import typer

from pullcord.base import PullcordError

from .console import report_failure, talk

app = typer.Typer(
    name="pullcord",
    help="Consumer-to-manufacturer: one consumer signal pulls design, price, plan, part, shipment and settlement.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def main() -> None:
    """Run the command line; a PullcordError becomes one message and its exit status."""
    try:
        app()
    except PullcordError as failure:
        sys.exit(report_failure(failure))
    except KeyboardInterrupt:
        talk.print("interrupted: what was answered is kept, what was not is undone")
        sys.exit(130)
