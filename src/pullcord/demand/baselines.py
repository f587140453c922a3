"""Forecasts that need no model, and the honest way to score any forecast: on months it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pullcord.base import InvalidInput

from .model import MonthlySales

History = Mapping[tuple[str, date], int]
"""Units by product and month; a missing key is unknown, not zero."""

Method = Callable[[History, str, date, int], float | None]
"""(history, product, target month, lag in months) -> units, or None where the method has nothing to go by.

A method may look at no month later than `lag` before the target: that is all that is known.
"""


@dataclass(frozen=True, slots=True)
class ForecastError:
    """One forecast beside what came: units of one product in one month, foretold `lag` months ahead."""

    product_id: str
    month: date
    lag: int
    forecast: float
    actual: int


def history(sales: Iterable[MonthlySales]) -> dict[tuple[str, date], int]:
    """Units by product and month; refuses two figures for one month."""
    units: dict[tuple[str, date], int] = {}
    for row in sales:
        if units.setdefault((row.product_id, row.month), row.units) != row.units:
            raise InvalidInput(f"`{row.product_id}` has two figures for {row.month:%Y-%m}", "keep one of them")
    return units


def months_before(month: date, count: int) -> date:
    """The first day of the month `count` months earlier."""
    index = month.year * 12 + month.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)


def last_known(known: History, product_id: str, month: date, lag: int) -> float | None:
    """Repeat the last known month: what was sold `lag` months before the target."""
    units = known.get((product_id, months_before(month, lag)))
    return None if units is None else float(units)


def seasonal_naive(known: History, product_id: str, month: date, lag: int) -> float | None:
    """Repeat the same month of the last year that is known."""
    years = -(-lag // 12)
    units = known.get((product_id, months_before(month, 12 * max(years, 1))))
    return None if units is None else float(units)


def rolling_origin(
    sales: Iterable[MonthlySales], method: Method, lags: Sequence[int], since: date
) -> tuple[ForecastError, ...]:
    """The errors of a method on every target from `since` on that it can foretell at all of the lags.

    The same targets count for every lag, so that lags can be compared. Before each forecast the history is cut at
    the last month then known.
    """
    known = history(sales)
    errors: list[ForecastError] = []
    for (product_id, month), actual in sorted(known.items()):
        if month < since:
            continue
        foretold: list[ForecastError] = []
        for lag in lags:
            cut = months_before(month, lag)
            units = method({key: value for key, value in known.items() if key[1] <= cut}, product_id, month, lag)
            if units is None:
                break
            foretold.append(ForecastError(product_id, month, lag, units, actual))
        if len(foretold) == len(lags):
            errors.extend(foretold)
    return tuple(errors)


def wape(errors: Iterable[ForecastError]) -> float:
    """Weighted absolute percentage error: sum |actual - forecast| / sum actual, a fraction."""
    rows = list(errors)
    actual = sum(row.actual for row in rows)
    if actual <= 0:
        raise InvalidInput(f"{len(rows)} forecasts of {actual} units in all have no WAPE", "give targets that sold")
    return sum(abs(row.actual - row.forecast) for row in rows) / actual
