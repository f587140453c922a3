"""How many buy in all: the belief before the launch, and how released orders move it.

Orders are counted in long-run weeks of demand, as the outlook counts signals: a launch day stands for more than a
later one, how much more is an assumption, and no number of orders makes the belief surer than that assumption is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from pullcord import demand
from pullcord.base import stream
from pullcord.outlook import WEEKS_PER_MONTH, Outlook
from pullcord.privacy import ReleaseRow, draw_noise

from .evidence import PAID

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ToldOrders:
    """The noisy totals of paid orders that were released: of each quarter the latest, and the days that it covers."""

    counts: tuple[int, ...]
    scales: tuple[float, ...]
    spans: tuple[tuple[date, date], ...]  # first day, and the day after the last

    @property
    def total(self) -> int:
        """All of them together, never below zero."""
        return max(0, sum(self.counts))

    def exposure_weeks(self, outlook: Outlook) -> float:
        """How many long-run weeks of demand the days stand for."""
        return sum(outlook.exposure(_midnight(end)) - outlook.exposure(_midnight(begin)) for begin, end in self.spans)


@dataclass(frozen=True, slots=True, eq=False)
class Believed:
    """Units a month in the long run: `draws` float64[draw]."""

    mean: float
    draws: Floats


def told_orders(rows: Sequence[ReleaseRow]) -> ToldOrders | None:
    """What releases say of how many paid; None where none counts who paid, over days that the launch has seen."""
    best: dict[str, ReleaseRow] = {}
    for row in sorted(rows, key=lambda row: (row.as_of, -row.scale, row.seq)):
        if row.counted == PAID:
            best[row.period] = row
    if not best:
        return None
    spans = []
    for period, row in best.items():
        begin, end = quarter_days(period)
        spans.append((begin, max(begin, min(end, row.as_of + timedelta(days=1)))))
    return ToldOrders(
        tuple(row.noisy[0] for row in best.values()), tuple(row.scale for row in best.values()), tuple(spans)
    )


def learn(
    outlook: Outlook, told: ToldOrders, draws: int, *, other: Mapping[str, float] | None = None
) -> Believed | None:
    """The belief once released orders are counted, their noise among what is not known; None before the launch.

    `other` replaces assumptions by name, to see what hangs on them.
    """
    seen = outlook if other is None else with_assumptions(outlook, other)
    exposure = told.exposure_weeks(seen)
    if exposure <= 0:
        return None
    rng = stream(outlook.program.seed, "insight.level")
    counts = np.zeros(draws)
    for count, scale in zip(told.counts, told.scales, strict=True):
        counts += np.maximum(0, count - draw_noise(scale, (draws,), rng))
    prior = outlook.level
    shape, rate = demand.update_levels(
        np.full(draws, prior.shape),
        np.full(draws, prior.rate),
        counts,
        np.full(draws, exposure),
        relative_error=seen.program.assumed("signal_relative_error"),
    )
    mean = float((shape / rate).mean()) * WEEKS_PER_MONTH
    return Believed(mean, np.asarray(rng.standard_gamma(shape) / rate * WEEKS_PER_MONTH, dtype=np.float64))


def with_assumptions(outlook: Outlook, other: Mapping[str, float]) -> Outlook:
    """The outlook under other values of some assumptions."""
    program = outlook.program
    changed = {key: replace(program.assumptions[key], value=value) for key, value in other.items()}
    return Outlook(replace(program, assumptions={**program.assumptions, **changed}))


def quarter_days(period: str) -> tuple[date, date]:
    """The first day of a quarter such as 2025Q4, and the day after its last."""
    year, quarter = int(period[:4]), int(period[5])
    end = date(year + quarter // 4, quarter * 3 % 12 + 1, 1)
    return date(year, 3 * quarter - 2, 1), end


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
