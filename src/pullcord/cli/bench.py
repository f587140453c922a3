"""`pullcord bench`: checks of the main ideas on published figures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pullcord.base import InvalidInput, Problem

from .bench_demand import demand
from .bench_orders import orders
from .console import JsonFlag, show

if TYPE_CHECKING:
    from pullcord.demand import LatencyCurve
    from pullcord.promising import MonthDeliveries, PromiseBacktest

app = typer.Typer(help="Checks on reality, from published figures.", no_args_is_help=True)

LAGS = (1, 2, 3, 4, 6)
SINCE = date(2024, 7, 1)
YU7_LAUNCH = date(2025, 6, 26)  # 240,000 orders locked in the 18 hours after it
YU7_ORDER = 240_000
FOLDER = Path("programs") / "peoples_car"
MONTH = re.compile(r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])")
UNITS = re.compile(r"[0-9]{1,12}")


def find_input(name: str, given: Path | None, option: str) -> Path:
    """The file the caller gave, or the program's own below the current directory or above this file."""
    if given is not None:
        if not given.is_file():
            raise InvalidInput(f"there is no file {given}", f"give an existing CSV file with {option}")
        return given
    places = [Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents]
    for place in places:
        if (place / FOLDER / name).is_file():
            return place / FOLDER / name
    raise InvalidInput(
        f"{FOLDER / name} is neither below the current directory nor beside the source code",
        f"run in the repository's root, or give the file with {option}",
    )


app.command()(demand)
app.command()(orders)


@app.command()
def latency(
    as_json: JsonFlag = False,
    panel: Annotated[Path | None, typer.Option(help="CSV: month,brand,model,units,source,mark.")] = None,
    draws: Annotated[int, typer.Option(min=100, help="Draws of the month-block bootstrap.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 7,
) -> None:
    """How wrong a plan is that repeats the last known month, by how many months old the news is."""
    from pullcord.demand import latency_curve, read_panel

    sales = read_panel(find_input("panel.csv", panel, "--panel")).sales
    curve = latency_curve(sales, LAGS, SINCE, draws=draws, seed=seed)
    show(_latency_json(curve), as_json, lambda console: _draw_latency(console, curve))


def _latency_json(curve: LatencyCurve) -> dict[str, Any]:
    return {
        "wape": {str(row.lag_months): round(row.wape, 3) for row in curve.lags},
        "pairs": curve.pairs,
        "reduction_3_to_1": round(curve.reduction(3, 1), 2),
        "interval_95": [round(end, 3) for end in curve.reduction_interval(3, 1)],
    }


def _draw_latency(console: Console, curve: LatencyCurve) -> None:
    first, last = curve.months[0].month, curve.months[-1].month
    table = Table(title=f"Plan = last known month · {curve.pairs} product-months, {first:%Y-%m} to {last:%Y-%m}")
    table.add_column("news is old, months", justify="right")
    table.add_column("WAPE", justify="right")
    table.add_column("95 % interval", justify="right")
    for row in curve.lags:
        table.add_row(str(row.lag_months), f"{row.wape:.3f}", f"{row.low:.3f} to {row.high:.3f}")
    console.print(table)
    low, high = curve.reduction_interval(3, 1)
    console.print(
        f"From 3 months to 1: {curve.reduction(3, 1):.0%} of the mismatch goes (95 % interval {low:.0%} to {high:.0%}),"
        " with no better forecast.\n"
        f"Intervals: {curve.draws:,} draws of {len(curve.months)} whole target months (seed {curve.seed}).\n"
        "Bias: a model outside the published list is missing, not zero, so that steady sellers count most. Models that"
        " push sales at quarter ends (Tesla) make three-month-old news look good and are not in a panel of small cars:"
        " the same measure gives 25 % (9 to 40 %) over all named models, and 17 % (5 to 28 %) over all since 2021."
    )


@app.command()
def promise(
    as_json: JsonFlag = False,
    deliveries: Annotated[Path | None, typer.Option(help="CSV: month,units,source,mark.")] = None,
    order: Annotated[int, typer.Option(min=1, help="Number of the order in the queue.")] = YU7_ORDER,
    publication_lag: Annotated[int, typer.Option(min=0, help="Months until a month's figure is published.")] = 0,
) -> None:
    """What order no. 240,000 of the Xiaomi YU7 would have been quoted from the deliveries known at each date."""
    from pullcord.promising import backtest_promise

    rows = read_deliveries(find_input("xiaomi_yu7_deliveries.csv", deliveries, "--deliveries"))
    result = backtest_promise(rows, order, YU7_LAUNCH, publication_lag_months=publication_lag)
    show(_promise_json(result), as_json, lambda console: _draw_promise(console, result))


def read_deliveries(path: Path) -> tuple[MonthDeliveries, ...]:
    """The monthly deliveries in a CSV file; refuses it with every fault in it, by line."""
    from pullcord.promising import MonthDeliveries

    problems: list[Problem] = []
    rows: list[MonthDeliveries] = []
    columns, lines = _csv_lines(path)
    if not {"month", "units"} <= set(columns):
        raise InvalidInput(f"{path}:1: the columns are {','.join(columns)}", "they should be month,units,source,mark")
    for number, line in lines:
        month, units = line["month"] or "", line["units"] or ""
        if MONTH.fullmatch(month) and UNITS.fullmatch(units):
            rows.append(MonthDeliveries(date(int(month[:4]), int(month[5:]), 1), int(units)))
        else:
            wrong = f"`{month}` with `{units}` units"
            problems.append(Problem(str(path), number, wrong, "write a month as 2025-06 and whole units"))
    if problems:
        raise InvalidInput(f"{path} has {len(problems)} faults", problems=problems)
    return tuple(rows)


def _csv_lines(path: Path) -> tuple[Sequence[str], list[tuple[int, dict[str, str | None]]]]:
    """The columns of a CSV file, and its rows with their line numbers."""
    import csv

    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = [(reader.line_num, row) for row in reader]
            return reader.fieldnames or (), rows
    except UnicodeDecodeError:
        raise InvalidInput(f"{path} is no UTF-8", "save the file as UTF-8") from None
    except csv.Error as failure:
        raise InvalidInput(f"{path} is no CSV file: {failure}", "its columns are month,units,source,mark") from None


RULE = (
    "orders still ahead / deliveries of the last known month, from the last known day on, first come first served;"
    " weeks from the launch"
)
CANNOT_KNOW = (
    "deliveries after the last known month",
    "cancellations: every one of them would shorten the queue",
    "the order of delivery between versions, colours and cities: the queue is taken as one",
    "the plant's planned ramp-up: before deliveries reached their rate, deliveries alone quote far too late",
)


def _promise_json(result: PromiseBacktest) -> dict[str, Any]:
    return {
        "order": result.order_number,
        "launch": result.launch.isoformat(),
        "weeks": _rounded(result.last.weeks),
        "weeks_3_month_mean": _rounded(result.last.weeks_3_month_mean),
        "as_of": result.last.as_of.isoformat(),
        "known_deliveries": result.last.known_deliveries,
        "publication_lag_months": result.publication_lag_months,
        "rule": RULE,
        "cannot_know": list(CANNOT_KNOW),
        "path": [
            {
                "as_of": quote.as_of.isoformat(),
                "known_until": quote.known_until.isoformat(),
                "known_deliveries": quote.known_deliveries,
                "rate_per_month": quote.rate_per_month,
                "weeks": _rounded(quote.weeks),
                "quoted_for": None if quote.quoted_for is None else quote.quoted_for.isoformat(),
                "weeks_3_month_mean": _rounded(quote.weeks_3_month_mean),
                "reached": quote.reached,
            }
            for quote in result.path
        ],
    }


def _rounded(weeks: float | None) -> float | None:
    return None if weeks is None else round(weeks, 1)


def _draw_promise(console: Console, result: PromiseBacktest) -> None:
    table = Table(title=f"Xiaomi YU7, order no. {result.order_number:,}, placed at the launch on {result.launch}")
    for heading in ("on", "delivered by then", "rate, a month", "weeks from launch", "quoted for", "by 3-month mean"):
        table.add_column(heading, justify="right")
    for quote in result.path:
        table.add_row(
            str(quote.as_of),
            f"{quote.known_deliveries:,}",
            f"{quote.rate_per_month:,}",
            _written(quote.weeks),
            str(quote.quoted_for or "no rate yet"),
            _written(quote.weeks_3_month_mean),
        )
    console.print(table)
    console.print(f"Rule: {RULE}.")
    console.print("It cannot know: " + "; ".join(CANNOT_KNOW) + ".")
    console.print("Xiaomi's app showed 38 to 60 weeks, after the deposit was taken.")


def _written(weeks: float | None) -> str:
    return "no rate yet" if weeks is None else f"{weeks:.1f}"
