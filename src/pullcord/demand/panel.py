"""A panel of monthly sales from a CSV file: month, brand, model, units, source, mark."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pullcord.base import InvalidInput, Problem

from .model import MonthlySales

COLUMNS = ("month", "brand", "model", "units", "source", "mark")
TOTAL_BRAND = "(all)"
"""The brand of rows that hold the market total."""


_MONTH = re.compile(r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])")
_UNITS = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Panel:
    """Monthly sales of named products, and the market total where the file has it."""

    sales: tuple[MonthlySales, ...]
    names: tuple[tuple[str, str], ...]  # product_id, "brand model"
    market: tuple[MonthlySales, ...]  # product_id TOTAL_BRAND


def product_id(brand: str, model: str) -> str:
    """The id of a product in a panel: brand and model in lower case, joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", f"{brand} {model}".lower()).strip("-")


def read_panel(path: Path) -> Panel:
    """The panel in a file; refuses the file with every fault in it, by line."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = list(csv.reader(file))
    except FileNotFoundError:
        raise InvalidInput(f"there is no panel at {path}", "give the file with --panel") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{path} is no UTF-8", "save the file as UTF-8") from None
    except csv.Error as failure:
        raise InvalidInput(f"{path} is no CSV file: {failure}", f"its columns are {','.join(COLUMNS)}") from None
    if not lines or not set(COLUMNS) <= set(lines[0]):
        found = ",".join(lines[0]) if lines else "nothing"
        raise InvalidInput(f"{path}:1: the columns are {found}", f"they should be {','.join(COLUMNS)}")
    at = {name: lines[0].index(name) for name in COLUMNS}
    problems: list[Problem] = []
    seen: dict[tuple[str, date], int] = {}
    rows: list[tuple[MonthlySales, str]] = []
    for number, line in enumerate(lines[1:], start=2):
        if not line:
            continue
        row = _row(line, at, len(lines[0]), str(path), number, problems)
        if row is None:
            continue
        sales, name = row
        first = seen.setdefault((sales.product_id, sales.month), number)
        if first != number:
            problems.append(
                Problem(str(path), number, f"{name} in {sales.month:%Y-%m} repeats line {first}", "keep one")
            )
        rows.append((sales, name))
    if problems:
        raise InvalidInput(f"{path} has {len(problems)} faults", problems=problems)
    named = [(sales, name) for sales, name in rows if sales.product_id != TOTAL_BRAND]
    return Panel(
        sales=tuple(sales for sales, _ in named),
        names=tuple(sorted({(sales.product_id, name) for sales, name in named})),
        market=tuple(sales for sales, _ in rows if sales.product_id == TOTAL_BRAND),
    )


def _row(
    line: Sequence[str], at: dict[str, int], width: int, file: str, number: int, problems: list[Problem]
) -> tuple[MonthlySales, str] | None:
    if len(line) != width:
        problems.append(Problem(file, number, f"{len(line)} fields", f"the header has {width}"))
        return None
    month, units = line[at["month"]], line[at["units"]]
    good = True
    if not _MONTH.fullmatch(month):
        problems.append(Problem(file, number, f"`{month}` is no month", "write it as 2025-06"))
        good = False
    if not _UNITS.fullmatch(units):
        problems.append(Problem(file, number, f"`{units}` is no number of units", "write a whole number >= 0"))
        good = False
    if not good:
        return None
    brand, model = line[at["brand"]], line[at["model"]]
    key = TOTAL_BRAND if brand == TOTAL_BRAND else product_id(brand, model)
    first = date(int(month[:4]), int(month[5:]), 1)
    return MonthlySales(key, first, int(units), line[at["source"]], line[at["mark"]]), f"{brand} {model}"
