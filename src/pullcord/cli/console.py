"""What every command shares: results to stdout, talk to stderr, failures as one clear message and an exit status."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from pullcord.base import InvalidInput, PullcordError

talk = Console(stderr=True, highlight=False)
"""For people: progress, hints, errors. Never carries a result."""

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]


def show(result: Any, as_json: bool, human: Callable[[Console], None]) -> None:
    """Print a result on stdout: as one line of JSON, or as `human` draws it."""
    if as_json:
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    else:
        human(Console(highlight=False))


def report_failure(failure: PullcordError) -> int:
    """Explain a failure on stderr, every problem of it, and give the exit status."""
    talk.print("error:", failure.message, style=None, markup=False, soft_wrap=True)
    if isinstance(failure, InvalidInput):
        for problem in failure.problems:
            talk.print(" ", str(problem), markup=False, soft_wrap=True)
    if failure.hint:
        talk.print("hint:", failure.hint, markup=False, soft_wrap=True)
    return failure.exit_status
