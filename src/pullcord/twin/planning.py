"""What planners in both worlds know, and when: delayed news, one forecast rule, one safety rule, one way to round.

The planners are equals. Both repeat the last four known weeks (hard to beat on the real panel, and the best of the
windows tried for either world), take the mix of the last thirteen, know from the panel how far that is off at their own
lag, and aim at the newsvendor's critical ratio. docs/concepts/twin.md shows what other choices would have given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from .backtest import forecast_spread
from .inputs import TwinInput
from .shoppers import DAYS_PER_MONTH, Bools, Floats, Ints, Queue

LEVEL_DAYS = 28
MIX_DAYS = 91


@dataclass(frozen=True, slots=True)
class Case:
    """One setting of a world: how old its news is, and whether its planner hears of configurations."""

    delay_days: int
    informed: bool


class News:
    """Cumulative counts by day, of which a planner sees those up to `delay_days` ago.

    Before day 0 lies an imagined past at the launch plan's rate, so that the first plans have something to go by.
    """

    def __init__(self, days: int, launch_rate: NDArray[np.float64], cases: Sequence[Case]) -> None:
        """`launch_rate`: float[..., variant], units a day; the axes before are replication, or case and replication."""
        self._past = max((case.delay_days for case in cases), default=0) + MIX_DAYS
        self._delays = np.array([case.delay_days for case in cases], dtype=np.int64)
        self._by_case = launch_rate.ndim == 3
        self.total = np.zeros((self._past + days + 1, *launch_rate.shape))
        before = np.arange(-self._past, 1, dtype=np.float64)
        self.total[: self._past + 1] = before.reshape(-1, *[1] * launch_rate.ndim) * launch_rate

    def at_end_of(self, day: int) -> Floats:
        """The cumulative counts at the end of `day`, to be filled in."""
        view: Floats = self.total[self._past + day + 1]
        return view

    def known(self, day: int, *, earlier_days: int = 0) -> Floats:
        """float[case, replication, variant]: what is known on the morning of `day`, or some days earlier."""
        rows = self._past + day - self._delays - earlier_days
        found: Floats = self.total[rows, np.arange(rows.size)] if self._by_case else self.total[rows]
        return found

    def over(self, day: int, window_days: int) -> Floats:
        """float[case, replication, variant]: what the last `window_days` known days add up to."""
        return self.known(day) - self.known(day, earlier_days=window_days)


def launch_rates(given: TwinInput) -> Floats:
    """float[variant]: units a day of each variant in the plan that stood before the first shopper came."""
    return given.units_per_week / 7 * np.array([variant.share for variant in given.variants])


def wants_news(given: TwinInput, line: Queue, cases: Sequence[Case]) -> News:
    """First choices of all who want a unit, served or not, by day: float[replication, variant] behind the delay."""
    seeds, variants = line.shopper.shape[1], len(given.variants)
    per_day = np.zeros((given.days, seeds, variants))
    place, rep = np.nonzero(line.wants)
    np.add.at(per_day, (line.day[place], rep, line.first_choice[place, rep]), 1.0)
    news = News(given.days, np.broadcast_to(launch_rates(given), (seeds, variants)), cases)
    for day, total in enumerate(np.cumsum(per_day, axis=0)):
        news.at_end_of(day)[...] = total
    return news


def shares(counts: Floats, fallback: Floats) -> Floats:
    """`counts` scaled to add up to 1 over variants; `fallback` where there is nothing to count."""
    total = counts.sum(axis=-1, keepdims=True)
    return np.where(total > 0, counts / np.where(total > 0, total, 1.0), fallback)


def known_level(wants: News, day: int) -> Floats:
    """float[case, replication, 1]: units wanted a day, in the last four known weeks."""
    return np.asarray(wants.over(day, LEVEL_DAYS).sum(axis=-1, keepdims=True) / LEVEL_DAYS)


def level_spread(given: TwinInput, lead_days: Floats, cover_days: Floats) -> Floats:
    """How far the known level may be from that of the `cover_days` which begin `lead_days` after it; same shape.

    The lag runs from the middle of the last known month to the middle of the days to be covered, in whole months.
    """
    lags = np.maximum(np.rint(0.5 + (lead_days + cover_days / 2) / DAYS_PER_MONTH), 1).astype(np.int64)
    spreads = [forecast_spread(given.monthly_log_changes, int(lag)) for lag in lags.reshape(-1)]
    return np.array(spreads).reshape(lags.shape)


def safety_units(rate: Floats, cover_days: Floats, spread: Floats, z: Floats) -> Floats:
    """float[case, replication, variant]: units to hold beyond the forecast, z standard deviations of its error.

    The level may be wrong by `spread`, and single shoppers come at random (Poisson) on top.

    Parameters
    ----------
    rate : float[case, replication, variant], units a day
    cover_days, spread : float[case, variant], or [case, 1]
    z : float[variant]

    Source: Silver, Pyke & Thomas (2017), Inventory and Production Management in Supply Chains, 4th ed., ch. 6.
    """
    mean = rate * cover_days[:, None, :]
    return np.asarray(z * np.sqrt((mean * spread[:, None, :]) ** 2 + mean))


def service_quantile(short_cost: Floats, over_cost: Floats, service: float | None) -> Floats:
    """float[variant]: standard normal quantile of `service`, or of the newsvendor's ratio short / (short + over)."""
    ratio = np.full(short_cost.shape, service) if service is not None else short_cost / (short_cost + over_cost)
    normal = NormalDist()
    return np.array([normal.inv_cdf(float(np.clip(r, 0.01, 0.995))) for r in ratio])


def whole_units(amounts: Floats) -> Ints:
    """Whole numbers near `amounts` that keep their running sum along the last axis to within half a unit."""
    running = np.floor(np.cumsum(amounts, axis=-1) + 0.5).astype(np.int64)
    return np.diff(running, axis=-1, prepend=0)


def within(amounts: Floats, most: Floats | float) -> Floats:
    """`amounts` scaled down, in proportion, where their sum along the last axis exceeds `most`."""
    total = amounts.sum(axis=-1, keepdims=True)
    return amounts * np.minimum(1.0, most / np.where(total > 0, total, 1.0))


def economics(given: TwinInput) -> tuple[Floats, Floats, Floats, Floats]:
    """Price, unit cost, kit cost and margin of each variant: float[variant], major units."""
    price = np.array([variant.price for variant in given.variants])
    cost = np.array([variant.unit_cost for variant in given.variants])
    kit = np.array([variant.kit_cost for variant in given.variants])
    return price, cost, kit, price - cost


def capital_rate(given: TwinInput) -> float:
    """What it costs to hold one unit of value for a day: storage and interest."""
    return (given.holding_share_per_year + given.financing_rate_per_year) / 365


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of every shopper and of the plant: axes are place in line, case, replication."""

    bought: NDArray[np.int8]  # [place, case, replication], variant handed over, or -1
    promised_day: NDArray[np.int16]  # [place, case, replication]
    delivered_day: NDArray[np.int16]  # [place, case, replication]
    marked_down: Bools  # [place, case, replication]
    expedited: Bools  # [place, case, replication], paid for parts by air or a fetched unit
    unsold: Floats  # [case, replication], built in measured weeks, unsold 30 days later
    standing_value_days: Floats  # [case, replication], currency x days of finished stock, measured days
    moving_value_days: Floats  # [case, replication], currency x days between plant and stock or customer
    kit_value_days: Floats  # [case, replication], currency x days of parts in stock
    built: Ints  # [case, replication, week]
    stock: Ints  # [case, replication, week], finished and without a buyer, standing or on the way
    backlog: Ints  # [case, replication, week], ordered and not yet built
    kits: Floats  # [case, replication, week], parts in stock, in units' worth
