"""A forecast at every level: total, city, variant, week, month, and any two of them together; all add up.

Every level is a sum of the same cells, and cells are rounded to a binary fraction first, so that sums are exact in
floating point and the order of adding makes no difference: levels agree to the last bit, not to a tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput

from .forecast import Forecast, days_within

Floats = NDArray[np.float64]
Axis = Literal["variant", "city", "week", "month"]

STEP = 2.0**-20
"""Cells are multiples of this many units; totals up to 2^33 units are then exact."""


@dataclass(frozen=True, slots=True, eq=False)
class Hierarchy:
    """Expected units, `cells` being float64[variant, city, period].

    A period is the part of a week that lies in one month: `weeks[p]` is its Monday and `months[p]` its month's first
    day, so that both weeks and months are sums of periods.
    """

    variants: tuple[str, ...]
    cities: tuple[str, ...]
    weeks: tuple[date, ...]
    months: tuple[date, ...]
    cells: Floats

    @property
    def total(self) -> float:
        """All cells together."""
        return float(self.cells.sum())

    def by(self, *axes: Axis) -> dict[tuple[str | date, ...], float]:
        """Units by one axis or several: `by("city", "month")`. Without any: the total, under the empty key."""
        names: dict[str, tuple[str, ...] | tuple[date, ...]] = {
            "variant": self.variants, "city": self.cities, "week": self.weeks, "month": self.months,
        }  # fmt: skip
        if wrong := [axis for axis in axes if axis not in get_args(Axis)]:
            raise InvalidInput(f"a forecast has no axis {wrong[0]}", f"its axes are {', '.join(get_args(Axis))}")
        dimension = {"variant": 0, "city": 1, "week": 2, "month": 2}
        kept = sorted({dimension[axis] for axis in axes})
        summed = self.cells.sum(axis=tuple(d for d in range(3) if d not in kept))
        units: dict[tuple[str | date, ...], float] = {}
        for position, value in np.ndenumerate(summed):
            at = dict(zip(kept, position, strict=True))
            key = tuple(names[axis][at[dimension[axis]]] for axis in axes)
            units[key] = units.get(key, 0.0) + float(value)
        return units


def hierarchy(forecast: Forecast) -> Hierarchy:
    """The forecast at every level.

    A week that straddles two months is split by its days. Rounding moves no cell by more than half of `STEP`.
    """
    weeks: list[date] = []
    months: list[date] = []
    parts: list[Floats] = []
    units = np.round(forecast.units / STEP) * STEP
    for w, week in enumerate(forecast.weeks):
        first, last = week.replace(day=1), (week + timedelta(days=6)).replace(day=1)
        cell = units[:, :, w]
        share = days_within(week, first) / 7
        early = cell if first == last else np.round(cell * share / STEP) * STEP
        weeks.append(week)
        months.append(first)
        parts.append(early)
        if first != last:
            weeks.append(week)
            months.append(last)
            parts.append(cell - early)
    return Hierarchy(forecast.variants, forecast.cities, tuple(weeks), tuple(months), np.stack(parts, axis=2))
