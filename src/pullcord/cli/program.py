"""`pullcord program`: is a program folder right, and what is in it?"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pullcord.base import InvalidInput, Problem

from .console import JsonFlag, show

if TYPE_CHECKING:
    from pullcord.program import Program

app = typer.Typer(help="The program folder: check it, look at it.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A folder that holds program.toml and its tables.")]


@app.command()
def check(folder: Folder, as_json: JsonFlag = False) -> None:
    """Say that a program folder is right, or everything that is wrong with it, by file and line (exit status 2)."""
    from pullcord.program import read_program
    from pullcord.study import prepare_run

    try:
        program = read_program(folder)
        prepare_run(program)  # what only a run could find out, as far as it can without a ledger
    except InvalidInput as failure:
        if not as_json:
            raise
        show(_refusal(failure), as_json, lambda console: None)
        raise typer.Exit(failure.exit_status) from None
    answer = {"valid": True, "problems": [], **summary(program)}
    show(answer, as_json, lambda console: _draw_valid(console, program))


@app.command("show")
def show_program(folder: Folder, as_json: JsonFlag = False) -> None:
    """Show what a program sells, builds and buys, and what it rests on."""
    from pullcord.program import read_program

    program = read_program(folder)
    show(summary(program), as_json, lambda console: _draw(console, program))


@app.command()
def columns(as_json: JsonFlag = False) -> None:
    """List every key and column that a program folder may hold, as docs/data-dictionary.csv does."""
    from pullcord.program import data_dictionary

    entries = [asdict(entry) for entry in data_dictionary()]

    def as_csv(console: Console) -> None:
        writer = csv.DictWriter(console.file, fieldnames=list(entries[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(entries)

    show(entries, as_json, as_csv)


def summary(program: Program) -> dict[str, Any]:
    """What is in a program, as plain values."""
    return {
        "program_id": program.program_id,
        "name": program.name,
        "category": program.category,
        "currency": program.currency,
        "starts_on": program.starts_on.isoformat(),
        "horizon_weeks": program.horizon_weeks,
        "new_product_id": program.new_product_id,
        "plans": list(program.plans),
        "counts": _counts(program),
        "people_in_cities": sum(city.population for city in program.cities),
        "reservations": max((day.reservations_cumulative for day in program.launch), default=0),
        "digest": program.digest,
    }


def _counts(program: Program) -> dict[str, int]:
    tables: Mapping[str, Any] = {
        "parties": program.parties,
        "families": program.product.families,
        "options": program.product.options,
        "rules": program.product.rules,
        "variants": program.variants,
        "prices": program.prices,
        "rivals": program.rivals,
        "rival_sales": program.rival_sales,
        "tastes": program.tastes,
        "cities": program.cities,
        "plants": program.plants,
        "option_limits": program.option_limits,
        "transport_limits": program.transport_limits,
        "suppliers": program.suppliers,
        "parts": program.parts,
        "bom": program.bom,
        "launch": program.launch,
        "settlement": (*program.settlement, *program.monthly_settlement),
        "assumptions": program.assumptions,
        "panel": program.panel,
    }
    return {name: len(rows) for name, rows in tables.items()}


def _refusal(failure: InvalidInput) -> dict[str, Any]:
    problems = failure.problems or (Problem("", 0, failure.message, failure.hint or ""),)
    return {
        "valid": False,
        "problems": [
            {"file": problem.file, "line": problem.line, "wrong": problem.wrong, "right": problem.right}
            for problem in problems
        ],
    }


def _draw_valid(console: Console, program: Program) -> None:
    counts = _counts(program)
    console.print(f"{program.folder} is right: {program.name}, digest {program.digest[:12]}", markup=False)
    console.print(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count))


def _draw(console: Console, program: Program) -> None:
    last = program.starts_on + timedelta(days=7 * program.horizon_weeks - 1)
    console.print(f"{program.name} ({program.category}), {program.starts_on} to {last}", markup=False)
    card = Table(title=f"Price card, {program.currency}")
    for heading in ("variant", "plan", "price", "a month", "cap, km a month", "each km above"):
        card.add_column(heading, justify="left" if heading in ("variant", "plan") else "right")
    for price in program.prices:
        card.add_row(
            price.variant_id,
            price.plan,
            f"{price.price.major:,}",
            "" if price.monthly is None else f"{price.monthly.major:,}",
            "" if price.cap_km_per_month is None else f"{price.cap_km_per_month:,}",
            "" if price.overage is None else f"{price.overage.major:,}",
        )
    console.print(card)
    resting = Table(title=f"{len(program.assumptions)} assumptions: replace what you know better")
    for heading in ("key", "value", "range", "unit"):
        resting.add_column(heading, justify="right" if heading in ("value", "range") else "left")
    for assumption in program.assumptions.values():
        bounds = f"{assumption.low:g} to {assumption.high:g}"
        resting.add_row(assumption.key, f"{assumption.value:g}", bounds, assumption.unit)
    console.print(resting)
    console.print(f"digest {program.digest}")
