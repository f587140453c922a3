"""The measures M1, M2, M3 and M7 and the latencies, on plain arrays: the twin and the ledger's reader share them.

Every function takes arrays whose leading axes agree (for the twin: scenario and replication) and knows nothing of
where they come from. Definitions: docs/concepts/mismatch.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

UNSOLD_AFTER_DAYS = 30
LATE_AFTER_DAYS = 3


def unsold_of_cohorts(built: ArrayLike, sold_by_judgement: ArrayLike) -> Floats:
    """Units of each cohort still unsold on the day the cohort is judged, when the oldest unit is sold first.

    Parameters
    ----------
    built : float[cohort, ...], units built in each cohort, in order of building
    sold_by_judgement : float[cohort, ...], all units sold since the first cohort was built, counted on the day on
        which that cohort is judged (30 days after it was built)

    Returns
    -------
    float64[cohort, ...], each between 0 and `built`
    """
    units = np.asarray(built, dtype=np.float64)
    left = np.cumsum(units, axis=0) - np.asarray(sold_by_judgement, dtype=np.float64)
    return np.clip(left, 0.0, units)


def unit_mismatch(unsold: ArrayLike, lost: ArrayLike, demand: ArrayLike) -> Floats:
    """M1: units built and unsold after 30 days plus customers lost for lack of a unit, over demand.

    It can exceed 1. Without demand it is 0 where nothing was built in vain, infinite otherwise.
    """
    wrong = np.asarray(unsold, dtype=np.float64) + np.asarray(lost, dtype=np.float64)
    wanted = np.asarray(demand, dtype=np.float64)
    without_demand = np.where(wrong > 0, np.inf, 0.0)
    return np.where(wanted > 0, wrong / np.where(wanted > 0, wanted, 1.0), without_demand)


def configuration_mismatch(
    preferred: ArrayLike, delivered: ArrayLike, loss: ArrayLike, counted: ArrayLike
) -> tuple[Floats, Floats]:
    """M2: share of buyers with another configuration than they would have chosen, and their mean loss of utility.

    Parameters
    ----------
    preferred, delivered : int[buyer, ...], the configuration chosen at posted prices, and the one handed over
    loss : float[buyer, ...], utility of the first minus utility of the second, both at posted prices, in currency
    counted : bool[buyer, ...], who is a buyer that would have bought at posted prices; the others are passed over

    Returns
    -------
    share and mean loss over all counted buyers, each of shape [...]; 0 where nobody is counted
    """
    who = np.asarray(counted, dtype=bool)
    buyers = who.sum(axis=0)
    differs = who & (np.asarray(preferred) != np.asarray(delivered))
    lost = np.where(who, np.asarray(loss, dtype=np.float64), 0.0).sum(axis=0)
    over = np.maximum(buyers, 1)
    return differs.sum(axis=0) / over, lost / over


def date_mismatch(promised: ArrayLike, actual: ArrayLike, counted: ArrayLike) -> tuple[Floats, Floats]:
    """M3: mean absolute error of the promised date in days, and the share handed over more than 3 days late.

    Parameters
    ----------
    promised, actual : int[delivery, ...], day numbers
    counted : bool[delivery, ...], which of them took place

    Returns
    -------
    error and share, each of shape [...]; 0 where nothing was delivered
    """
    took_place = np.asarray(counted, dtype=bool)
    late_days = np.where(took_place, np.asarray(actual, np.float64) - np.asarray(promised, np.float64), 0.0)
    over = np.maximum(took_place.sum(axis=0), 1)
    return np.abs(late_days).sum(axis=0) / over, (late_days > LATE_AFTER_DAYS).sum(axis=0) / over


@dataclass(frozen=True, slots=True)
class MoneyLines:
    """The five lines of M7, each a sum over the period in major units of one currency, all of one shape."""

    holding: Floats  # storage, insurance and obsolescence of units without a buyer, and of parts
    markdown: Floats  # what was taken off posted prices to clear aged units
    lost_margin: Floats  # margin of every first choice minus margin, at posted prices, of what was sold
    expedite: Floats  # parts by air, units fetched from another region
    financing: Floats  # interest on units built and not handed over, and on parts

    @property
    def total(self) -> Floats:
        """All five lines together."""
        return self.holding + self.markdown + self.lost_margin + self.expedite + self.financing

    def per_unit(self, units: ArrayLike) -> MoneyLines:
        """Each line over `units`; zero where there are none."""
        over = np.asarray(units, dtype=np.float64)
        weight = np.where(over > 0, 1.0 / np.where(over > 0, over, 1.0), 0.0)
        return MoneyLines(
            self.holding * weight,
            self.markdown * weight,
            self.lost_margin * weight,
            self.expedite * weight,
            self.financing * weight,
        )


@dataclass(frozen=True, slots=True)
class Latency:
    """How long news took, over those that arrived, and how many had not arrived when the ledger ended."""

    arrived: int
    waiting: int
    p50_s: float | None  # None where none arrived: not measured is not zero
    p95_s: float | None


def latency(seconds: Sequence[float], waiting: int = 0) -> Latency:
    """Median and 95th percentile of delays in seconds (linear interpolation between order statistics)."""
    if not len(seconds):
        return Latency(0, waiting, None, None)
    p50, p95 = np.percentile(np.asarray(seconds, dtype=np.float64), [50, 95])
    return Latency(len(seconds), waiting, float(p50), float(p95))
