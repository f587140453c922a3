"""The share of a car that has not been sold yet, with what is known about it kept apart from what is not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput, stream

from . import logit
from .calibrate import Market, attribute_matrix, taste_means
from .model import Rival
from .spread import fit_spread

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """The central 95 % of the draws, and their median."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class Source:
    """Where the newcomer's buyers come from: units a month, and the fraction of all its buyers."""

    product_id: str  # OUTSIDE for the outside good
    units_per_month: float
    fraction: float


OUTSIDE = "(outside)"


@dataclass(frozen=True, slots=True)
class SharePrediction:
    """A newcomer's share of the market total, and everything one must know before believing it.

    `share` takes mean tastes and the middle of the rivals' constants. `tastes_only` lets the tastes vary and keeps
    the newcomer's own constant in that middle; `tastes_and_constant` draws the constant too, and is the one to plan
    with. `unidentified` says in words what the data cannot tell.
    """

    product_id: str
    share: float
    tastes_only: Interval
    tastes_and_constant: Interval
    units_per_month: Interval  # tastes_and_constant times the market
    units_mean: float  # mean over the same draws, units a month
    units_deviation: float
    sources: tuple[Source, ...]
    price_elasticity: float
    constant_mean: float
    constant_deviation: float
    constants_known: int
    constants_censored: int
    draws: int
    seed: int
    unidentified: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ShareDraws:
    """What a newcomer's share may be, draw by draw: tastes vary, and beside them its own constant.

    `point` takes mean tastes and the middle of the rivals' constants. `by_tastes` float64[draw] keeps the constant in
    that middle, `by_both` float64[draw] draws it too; `surprise` float64[draw] is how far it then lies from the
    middle, in utility. `spread` is that of the rivals' constants at mean tastes.
    """

    point: float
    by_tastes: Floats
    by_both: Floats
    surprise: Floats
    spread_mean: float
    spread_deviation: float
    known: int
    censored: int


def draw_shares(market: Market, newcomer: Rival, *, seed: int, draws: int = 4000) -> ShareDraws:
    """The draws behind `predict_share`: same market, newcomer and seed, same draws. Raises InvalidInput."""
    if any(rival.product_id == newcomer.product_id for rival in (*market.rivals, *market.never_listed)):
        raise InvalidInput(
            f"`{newcomer.product_id}` is already in the market and has its share", "leave it out of the rivals"
        )
    if draws < 100:
        raise InvalidInput(f"{draws} draws are too few for a 95 % interval", "ask for at least 100")
    rng = stream(seed, "demand.newcomer_share")
    means = taste_means(market.tastes)
    errors = np.array([taste.standard_error for taste in market.tastes])
    # Row 0 holds the mean tastes: the point prediction takes the same road as the draws.
    tastes = np.vstack([means, means + errors * rng.standard_normal((draws, len(means)))])

    shares = np.array(market.shares)
    log_odds = np.log(shares) - np.log(market.outside_share)
    constants = log_odds - tastes @ market.attributes.T  # [draw, rival], Berry's inversion for each draw
    bounds = np.empty((len(tastes), 0))
    if market.never_listed:
        floor = np.log(market.list_floor) - np.log(market.outside_share)
        bounds = floor - tastes @ attribute_matrix(market.never_listed, market.tastes).T
    spread = fit_spread(constants, bounds)

    own = attribute_matrix([newcomer], market.tastes)[0]
    middle = tastes @ own + spread.mean
    cars = spread.known + spread.censored
    # The next car from a normal of which only n have been seen is Student's t, wider by 1/n for the mean's own error.
    surprise = rng.standard_t(cars - 1, len(tastes)) * spread.deviation * np.sqrt((1 + 1 / cars) * cars / (cars - 1))
    by_tastes = _share_beside(middle, market.outside_share)
    return ShareDraws(
        point=float(by_tastes[0]),
        by_tastes=by_tastes[1:],
        by_both=_share_beside(middle + surprise, market.outside_share)[1:],
        surprise=surprise[1:],
        spread_mean=float(spread.mean[0]),
        spread_deviation=float(spread.deviation[0]),
        known=spread.known,
        censored=spread.censored,
    )


def predict_share(market: Market, newcomer: Rival, *, seed: int, draws: int = 4000) -> SharePrediction:
    """What share a car that is not on the market yet would take, had it been there in the calibration months.

    Every draw takes new tastes (independent normals), calibrates the rivals anew, fits the spread of their constants,
    and draws the newcomer's constant from it (Student's t, with the fit's own uncertainty). The rivals' observed
    shares hold in every draw. Same market, newcomer and seed: same answer.
    """
    drawn = draw_shares(market, newcomer, seed=seed, draws=draws)
    units = drawn.by_both * market.units_per_month
    elasticity = _price_elasticity(market, newcomer, drawn.point)
    return SharePrediction(
        product_id=newcomer.product_id,
        share=drawn.point,
        tastes_only=_interval(drawn.by_tastes),
        tastes_and_constant=_interval(drawn.by_both),
        units_per_month=_interval(units),
        units_mean=float(units.mean()),
        units_deviation=float(units.std(ddof=1)),
        sources=_sources(market, drawn.point),
        price_elasticity=elasticity,
        constant_mean=drawn.spread_mean,
        constant_deviation=drawn.spread_deviation,
        constants_known=drawn.known,
        constants_censored=drawn.censored,
        draws=draws,
        seed=seed,
        unidentified=_unidentified(market, newcomer, elasticity),
    )


def _share_beside(utility: Floats, outside_share: float) -> Floats:
    """The newcomer's share beside a calibrated market: the rivals' and the outside good's exp() add up to 1/s_0."""
    return np.asarray(1 / (1 + np.exp(-utility) / outside_share), dtype=np.float64)


def _interval(draws: Floats) -> Interval:
    low, median, high = np.quantile(draws, [0.025, 0.5, 0.975])
    return Interval(float(low), float(median), float(high))


def _sources(market: Market, share: float) -> tuple[Source, ...]:
    from_rivals, from_outside = logit.diversion(np.array(market.shares), market.outside_share)
    won = share * market.units_per_month
    rows = [Source(r.product_id, float(f) * won, float(f)) for r, f in zip(market.rivals, from_rivals, strict=True)]
    rows.sort(key=lambda row: (-row.fraction, row.product_id))
    return (*rows, Source(OUTSIDE, from_outside * won, from_outside))


def _price_elasticity(market: Market, newcomer: Rival, share: float) -> float:
    name = f"price_{newcomer.price.currency.lower()}"
    slope = sum(taste.mean / taste.step for taste in market.tastes if taste.attribute == name)
    price = np.array([float(newcomer.price.major)])
    return float(logit.price_elasticity(np.array([share]), price, slope)[0])


def _unidentified(market: Market, newcomer: Rival, elasticity: float) -> tuple[str, ...]:
    attributes = market.attributes
    own = attribute_matrix([newcomer], market.tastes)[0]
    outside_range = [
        taste.attribute
        for k, taste in enumerate(market.tastes)
        if not attributes[:, k].min() <= own[k] <= attributes[:, k].max()
    ]
    never = f" and {len(market.never_listed)} that never made the list" if market.never_listed else ""
    studies = "; ".join(dict.fromkeys(taste.source.split(": ")[0] for taste in market.tastes))
    said: list[str] = []
    said.append(
        f"The own constant of {newcomer.name} (brand, looks, trust, shops, advertising) is not identified by any sale"
        f" so far: it is drawn from the constants of {len(market.rivals)} calibrated rivals{never}."
    )
    said.append(
        "The rivals with published sales are the best sellers: their constants are those of winners, and what is drawn"
        " from them leans high."
    )
    said.append(
        f"The tastes come from another place and time ({studies}): their scale against purchases here and now is an"
        " assumption, and no part of the intervals."
    )
    said.append(
        f"The outside good is {market.outside_good}. Whoever buys nothing of the market total is left out: nothing"
        " here tells how that total would grow."
    )
    said.append(
        "Plain logit draws buyers from all rivals in proportion to their shares: who is the nearest substitute is not"
        " identified without second choices or a history of prices."
    )
    if -1 < elasticity <= 0:
        said.append(
            f"At these tastes 1 % on the price of {newcomer.name} costs {-elasticity:.2f} % of its buyers. No seller"
            " would stop raising the price there: take every effect of price as the least that it can be."
        )
    if outside_range:
        said.append(f"{newcomer.name} lies outside the rivals in {', '.join(outside_range)}: this extrapolates.")
    return tuple(said)
