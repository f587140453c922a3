"""What an honest engine would have quoted, date by date, from the deliveries then known.

The quote for order number N assumes first come, first served and one steady rate: the orders still ahead of it,
divided by the rate at which cars are now being delivered. It looks at nothing that was not yet published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import ceil

from pullcord.base import InvalidInput

DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True)
class MonthDeliveries:
    """Cars delivered in one calendar month; `month` is its first day."""

    month: date
    units: int


@dataclass(frozen=True, slots=True)
class BacktestQuote:
    """One quote, given on `as_of` with deliveries known up to `known_until`; weeks are counted from the launch.

    `weeks_3_month_mean` is the same quote from the mean rate of the last three known months. Either is None while
    nothing has been delivered, for then there is no rate to quote from.
    """

    as_of: date
    known_until: date
    known_deliveries: int
    rate_per_month: int
    weeks: float | None
    quoted_for: date | None
    weeks_3_month_mean: float | None
    reached: bool  # known deliveries already cover the order


@dataclass(frozen=True, slots=True)
class PromiseBacktest:
    """The path of quotes for one order, one at each month end, and the last of them."""

    order_number: int
    launch: date
    publication_lag_months: int
    path: tuple[BacktestQuote, ...]

    @property
    def last(self) -> BacktestQuote:
        """The quote at the last known date."""
        return self.path[-1]


def month_end(first: date) -> date:
    """The last day of the month that begins on `first`."""
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def backtest_promise(
    deliveries: Sequence[MonthDeliveries], order_number: int, launch: date, *, publication_lag_months: int = 0
) -> PromiseBacktest:
    """The quotes for order `order_number` at each month end, from the deliveries published by then.

    With a publication lag of n months, the figure of a month is known n month ends later. Where deliveries already
    cover the order, the quote is the day within that month at which they did, at an even daily rate.
    """
    months = sorted(deliveries, key=lambda row: row.month)
    _check(months, order_number, launch, publication_lag_months)
    path: list[BacktestQuote] = []
    for i, row in enumerate(months):
        known = months[: max(0, i + 1 - publication_lag_months)]
        if known:
            path.append(_quote(known, order_number, launch, month_end(row.month)))
    if not path:
        raise InvalidInput(
            f"{len(months)} months of deliveries and a publication lag of {publication_lag_months} leave nothing known",
            "give a shorter lag or more months",
        )
    return PromiseBacktest(order_number, launch, publication_lag_months, tuple(path))


def _quote(known: Sequence[MonthDeliveries], order_number: int, launch: date, as_of: date) -> BacktestQuote:
    known_until = month_end(known[-1].month)
    delivered = sum(row.units for row in known)
    recent = known[-3:]
    recent_days = sum(_days_on_sale(row.month, launch) for row in recent)
    day = _day_reached(known, order_number, launch)
    reached = day is not None
    last_days, ahead = _days_on_sale(known[-1].month, launch), order_number - delivered
    by_last = day if reached else _extrapolate(known_until, ahead, known[-1].units, last_days)
    by_three = day if reached else _extrapolate(known_until, ahead, sum(row.units for row in recent), recent_days)
    return BacktestQuote(
        as_of=as_of,
        known_until=known_until,
        known_deliveries=delivered,
        rate_per_month=known[-1].units,
        weeks=_weeks(launch, by_last),
        quoted_for=by_last,
        weeks_3_month_mean=_weeks(launch, by_three),
        reached=reached,
    )


def _days_on_sale(month: date, launch: date) -> int:
    """Days of the month on which the car was on sale: in the month of the launch, those from the launch on."""
    return (month_end(month) - max(month, launch)).days + 1


def _extrapolate(known_until: date, remaining: int, units: int, days: int) -> date | None:
    """The day on which `remaining` more cars are delivered at the rate of `units` in `days`, rounded up."""
    if units == 0:
        return None
    try:
        return known_until + timedelta(days=ceil(remaining * days / units))
    except OverflowError:
        raise InvalidInput(
            f"{remaining:,} orders ahead at {units:,} in {days} days reach beyond the calendar",
            "give a smaller order number",
        ) from None


def _day_reached(known: Sequence[MonthDeliveries], order_number: int, launch: date) -> date | None:
    """The day at which cumulated deliveries reach the order, at an even daily rate within the month."""
    before = 0
    for row in known:
        if before + row.units >= order_number:
            days = ceil((order_number - before) * _days_on_sale(row.month, launch) / row.units)
            return max(row.month, launch) + timedelta(days=days - 1)
        before += row.units
    return None


def _weeks(launch: date, day: date | None) -> float | None:
    return None if day is None else (day - launch).days / DAYS_PER_WEEK


def _check(months: Sequence[MonthDeliveries], order_number: int, launch: date, lag: int) -> None:
    if not months:
        raise InvalidInput("there are no deliveries to quote from", "give at least one month")
    if order_number < 1:
        raise InvalidInput(f"order number {order_number}", "orders are numbered from 1")
    if lag < 0:
        raise InvalidInput(f"a publication lag of {lag} months", "give 0 or more")
    if months[0].month.replace(day=1) < launch.replace(day=1):
        raise InvalidInput(f"deliveries in {months[0].month:%Y-%m} precede the launch on {launch}", "check the dates")
    for row, after in pairwise(months):
        if after.month != month_end(row.month) + timedelta(days=1):
            raise InvalidInput(
                f"after {row.month:%Y-%m} comes {after.month:%Y-%m}", "give each month once, none missing"
            )
    for row in months:
        if row.month.day != 1 or row.units < 0:
            raise InvalidInput(f"{row.units} deliveries in the month named {row.month}", "name it by its first day")
