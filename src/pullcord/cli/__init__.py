"""The command line: parse, call one service, render."""

from __future__ import annotations

import sys

import typer

from pullcord.base import InvalidInput, PullcordError

from . import bench, campaign, claims, demand, ledger, offer, operate, order, party, product, program
from .console import refused_by_machine, report_failure, talk
from .run import run
from .serve import serve

app = typer.Typer(
    name="pullcord",
    help="Consumer-to-manufacturer: one consumer signal pulls design, price, plan, part, shipment and settlement.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.command()(run)
app.command()(serve)
app.add_typer(program.app, name="program")
app.add_typer(product.app, name="product")
app.add_typer(order.app, name="order")
app.add_typer(campaign.app, name="campaign")
app.add_typer(offer.app, name="offer")
app.add_typer(demand.app, name="demand")
app.add_typer(claims.app, name="claims")
app.add_typer(operate.production, name="production")
app.add_typer(operate.procurement, name="procurement")
app.add_typer(operate.logistics, name="logistics")
app.add_typer(operate.finance, name="finance")
app.add_typer(ledger.app, name="ledger")
app.add_typer(party.app, name="token")
app.add_typer(bench.app, name="bench")


INTERRUPTED = 130  # the shell's own exit status for Ctrl-C; Typer ends with it too


def main() -> None:
    """Run the command line; a PullcordError, or what the machine refused, becomes one message and its exit status."""
    try:
        app()
    except PullcordError as failure:
        sys.exit(report_failure(failure))
    except OSError as failure:
        sys.exit(report_failure(refused_by_machine(failure)))
    except UnicodeEncodeError:
        word = next((word for word in sys.argv if not _is_utf_8(word)), None)
        if word is None:
            raise
        sys.exit(report_failure(InvalidInput(f"{word!r} is no UTF-8", "write the word in UTF-8")))
    except (KeyboardInterrupt, SystemExit) as left:
        if isinstance(left, SystemExit) and left.code != INTERRUPTED:
            raise
        talk.print("interrupted: what was answered is kept, what was not is undone")
        sys.exit(INTERRUPTED)


def _is_utf_8(word: str) -> bool:
    """Whether a word of the command line is text: bytes that are none reach Python as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in word)
