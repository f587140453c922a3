"""Simulated shoppers: who comes when, what each would choose, how long each would wait; and the luck of the plant.

Both worlds read the same arrays (common random numbers), so that what differs between them is the worlds' doing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pullcord.base import stream

from .inputs import TwinInput

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DAYS_PER_MONTH = 365 / 12
BLOCK_MONTHS = 6  # long enough to keep the rebound after a slump beside the slump
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Shoppers:
    """All shoppers of one replication in order of arrival. Utilities are at posted prices."""

    day: Ints  # [shopper]
    region: Ints  # [shopper]
    utility: Floats  # [shopper, variant]
    outside: Floats  # [shopper], utility of leaving
    patience_days: Floats  # [shopper]
    transit_noise_days: Ints  # [shopper], of whatever is shipped to that shopper
    first_choice: Ints  # [shopper], the best variant at posted prices
    wants: Bools  # [shopper], who prefers it to leaving
    level: Floats  # [day], demand relative to its mean


def demand_level(given: TwinInput, chance: np.random.Generator) -> Floats:
    """Demand of each day relative to its mean: real month-over-month changes, drawn in blocks.

    Changes are drawn with replacement in blocks of up to six consecutive months, their common drift is removed, and
    the path is divided by its own mean, so that capacity stands in the same relation to demand in every replication.

    Source: Künsch (1989), The jackknife and the bootstrap for general stationary observations, Ann. Statist. 17(3).
    """
    runs = given.monthly_log_changes
    drift = float(np.mean(np.concatenate([np.asarray(run) for run in runs])))
    starts = [(run, first) for run in range(len(runs)) for first in range(len(runs[run]))]
    months = int(np.ceil(given.days / DAYS_PER_MONTH)) + 1
    changes: list[float] = []
    while len(changes) < months:
        run, first = starts[int(chance.integers(len(starts)))]
        changes.extend(change - drift for change in runs[run][first : first + BLOCK_MONTHS])
    by_month = np.exp(np.cumsum(changes[:months]) - np.mean(np.cumsum(changes[:months])))
    by_day = by_month[(np.arange(given.days) / DAYS_PER_MONTH).astype(np.int64)]
    return np.asarray(by_day / by_day.mean())


def log_positive_stable(index: float, size: int, chance: np.random.Generator) -> Floats:
    """Draws of ln S with E[exp(-s S)] = exp(-s ** index), index in (0, 1]; 0 at index 1.

    Source: Kanter (1975), Stable densities under change of scale and total variation inequalities, Ann. Probab. 3(4).
    """
    if index == 1:
        return np.zeros(size)
    angle = chance.uniform(0, np.pi, size)
    wait = chance.exponential(size=size)
    left = np.log(np.sin(index * angle)) - np.log(np.sin(angle)) / index
    right = (np.log(np.sin((1 - index) * angle)) - np.log(wait)) * (1 - index) / index
    return np.asarray(left + right)


def draw_shoppers(given: TwinInput, seed: int, replication: int) -> Shoppers:
    """The shoppers of one replication: a nested logit over the variants and leaving, each with a patience.

    Adding `nest_scale` * ln S, S positive stable, to scaled Gumbel errors gives exactly the nested logit whose nest
    holds all variants; popularity drifts between variants by a weekly random walk that leaves their sum alone.

    Source: Cardell (1997), Variance components structures for the extreme-value and logistic distributions,
    Econometric Theory 13(2); Train (2009), Discrete Choice Methods with Simulation, 2nd ed., section 4.2.
    """

    def chance(use: str) -> np.random.Generator:
        return stream(seed, f"twin.{use}", replication)

    level = demand_level(given, chance("level"))
    arrivals = chance("arrivals").poisson(given.units_per_week / 7 / given.buy_share * level)
    day = np.repeat(np.arange(given.days), arrivals)
    count, variants = day.size, len(given.variants)

    steps = chance("taste").normal(0, given.taste_drift, (given.weeks, variants))
    popularity = np.log([variant.share for variant in given.variants]) + np.cumsum(steps, axis=0)
    popularity -= np.log(np.exp(popularity).sum(axis=1, keepdims=True))

    draws = chance("utility")
    common = log_positive_stable(given.nest_scale, count, draws)
    errors = draws.gumbel(size=(count, variants))
    utility = given.nest_scale * (popularity[day // 7] + common[:, None] + errors)
    outside = np.log((1 - given.buy_share) / given.buy_share) + draws.gumbel(size=count)

    first_choice = utility.argmax(axis=1)
    patience = chance("patience").lognormal(np.log(given.patience_median_days), given.patience_sigma, count)
    noise = np.rint(chance("transit").normal(0, given.transit_sd_days, count)).astype(np.int64)
    region = chance("region").choice(len(given.regions), count, p=[region.share for region in given.regions])
    return Shoppers(
        day=day,
        region=region,
        utility=utility,
        outside=outside,
        patience_days=patience,
        transit_noise_days=noise,
        first_choice=first_choice,
        wants=utility.max(axis=1) > outside,
        level=level,
    )


@dataclass(frozen=True, slots=True)
class Queue:
    """Shoppers of all replications in line, day by day, so that a world can serve the k-th of each at one stroke.

    A place is empty where a replication has fewer shoppers that day: `shopper` is -1 and leaving beats everything.
    """

    first_place: Ints  # [day + 1], places of day d are first_place[d] up to first_place[d + 1]
    shopper: Ints  # [place, replication], index into that replication's Shoppers, or -1
    day: Ints  # [place]
    region: Ints  # [place, replication]
    utility: Floats  # [place, replication, variant]
    outside: Floats  # [place, replication]
    patience_days: Floats  # [place, replication]
    transit_noise_days: Ints  # [place, replication]
    first_choice: Ints  # [place, replication]
    wants: Bools  # [place, replication]


def line_up(crowds: Sequence[Shoppers], who: Sequence[Bools]) -> Queue:
    """The chosen shoppers of each replication in one line, in order of arrival."""
    days = crowds[0].level.size
    kept = [np.flatnonzero(mask) for mask in who]
    per_day = np.stack([np.bincount(crowd.day[keep], minlength=days) for crowd, keep in zip(crowds, kept, strict=True)])
    room = per_day.max(axis=0)
    room[0] = max(room[0], 1)  # a line always has a place, if an empty one
    first_place = np.concatenate([[0], np.cumsum(room)])
    places, seeds, variants = int(first_place[-1]), len(crowds), crowds[0].utility.shape[1]
    queue = Queue(
        first_place=first_place,
        shopper=np.full((places, seeds), NOBODY, dtype=np.int64),
        day=np.repeat(np.arange(days), room),
        region=np.zeros((places, seeds), dtype=np.int64),
        utility=np.zeros((places, seeds, variants)),
        outside=np.full((places, seeds), np.inf),
        patience_days=np.zeros((places, seeds)),
        transit_noise_days=np.zeros((places, seeds), dtype=np.int64),
        first_choice=np.zeros((places, seeds), dtype=np.int64),
        wants=np.zeros((places, seeds), dtype=np.bool_),
    )
    for rep, (crowd, keep) in enumerate(zip(crowds, kept, strict=True)):
        first_of_day = np.concatenate([[0], np.cumsum(per_day[rep])])
        place = first_place[crowd.day[keep]] + np.arange(keep.size) - first_of_day[crowd.day[keep]]
        queue.shopper[place, rep] = keep
        for name in ("region", "utility", "outside", "patience_days", "transit_noise_days", "first_choice", "wants"):
            getattr(queue, name)[place, rep] = getattr(crowd, name)[keep]
    return queue


@dataclass(frozen=True, slots=True)
class Luck:
    """What happens to plant and parts, the same in both worlds."""

    capacity: Ints  # [replication, week], units that the plant can build
    kit_late: Bools  # [replication, set of parts, week], whether they come a week late; the shared set comes last


def draw_luck(given: TwinInput, seed: int, replications: Sequence[int]) -> Luck:
    """Weekly capacity (availability is Beta with the given mean and spread) and late deliveries of parts."""
    shape, sets = given.weeks, len(given.variants) + 1
    mean, spread = given.availability, given.availability_sd**2
    capacity, late = [], []
    for replication in replications:
        strength = mean * (1 - mean) / spread - 1 if spread > 0 else 0.0
        if strength > 0 and 0 < mean < 1:
            there = stream(seed, "twin.plant", replication).beta(mean * strength, (1 - mean) * strength, shape)
        else:
            there = np.full(shape, mean)
        capacity.append(np.maximum(1, (given.capacity_per_week * there).astype(np.int64)))
        late.append(stream(seed, "twin.supplier", replication).random((sets, shape)) < given.kit_late_share)
    return Luck(np.stack(capacity), np.stack(late))
