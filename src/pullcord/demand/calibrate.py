"""From tastes and sales to a market that predicts what was observed: one constant for each rival, by inversion."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput

from . import logit
from .model import MonthlySales, Rival, Taste

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Dropped:
    """A rival that takes no part in the calibration, and why."""

    product_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ObservedShare:
    """A product's share of the market total over the months in which a source names it."""

    product_id: str
    share: float
    months_named: int


@dataclass(frozen=True, slots=True)
class Market:
    """A calibrated market: `constants[j]` makes the predicted share of `rivals[j]` equal `shares[j]`.

    `outside_share` is everything else in the market total. `never_listed` are cars known to have been on sale and
    below the published list in every month; `list_floor` is the largest share that such a car can have had.
    """

    rivals: tuple[Rival, ...]
    shares: tuple[float, ...]
    outside_share: float
    constants: tuple[float, ...]
    tastes: tuple[Taste, ...]
    months: tuple[date, ...]
    units_per_month: float  # mean market total over `months`
    outside_good: str
    never_listed: tuple[Rival, ...]
    list_floor: float
    dropped: tuple[Dropped, ...]

    @property
    def attributes(self) -> Floats:
        """float64[rival, taste], in steps of each taste."""
        return attribute_matrix(self.rivals, self.tastes)

    def predicted_shares(self) -> Floats:
        """float64[rival]: what the logit gives at the mean tastes with the calibrated constants."""
        return logit.shares(self.attributes @ taste_means(self.tastes) + np.array(self.constants))


def taste_means(tastes: Sequence[Taste]) -> Floats:
    """float64[taste], utility per step."""
    return np.array([taste.mean for taste in tastes], dtype=np.float64)


def attribute_matrix(products: Sequence[Rival], tastes: Sequence[Taste]) -> Floats:
    """float64[product, taste], in steps of each taste; refuses a product without a value for one of them."""
    rows = np.empty((len(products), len(tastes)))
    for i, product in enumerate(products):
        for k, taste in enumerate(tastes):
            value = product.attribute(taste.attribute)
            if value is None:
                raise InvalidInput(
                    f"`{product.product_id}` has no `{taste.attribute}`, and the tastes need it",
                    "state the attribute with its source, or leave the product out",
                )
            rows[i, k] = value / taste.step
    return rows


def observed_shares(
    sales: Sequence[MonthlySales], market_units: Mapping[date, int], months: Sequence[date]
) -> tuple[ObservedShare, ...]:
    """Each product's share of the market over those of `months` that name it, sorted by product.

    Units in the named months over the market's units in the same months: a month that is missing is unknown, and
    counts neither above nor below the line. A car that enters the list only in its good months looks better than it
    is; no use of such a list avoids that.
    """
    wanted = set(months)
    if missing := sorted(wanted - set(market_units)):
        raise InvalidInput(
            f"no market total for {', '.join(f'{m:%Y-%m}' for m in missing)}", "give the total, or leave the month out"
        )
    sold: dict[str, tuple[int, int, int]] = {}
    seen: set[tuple[str, date]] = set()
    for row in sales:
        if row.month not in wanted:
            continue
        if (row.product_id, row.month) in seen:
            raise InvalidInput(f"`{row.product_id}` has two figures for {row.month:%Y-%m}", "keep one of them")
        seen.add((row.product_id, row.month))
        units, total, count = sold.get(row.product_id, (0, 0, 0))
        sold[row.product_id] = (units + row.units, total + market_units[row.month], count + 1)
    return tuple(ObservedShare(p, units / total, count) for p, (units, total, count) in sorted(sold.items()))


def calibrate(
    rivals: Sequence[Rival],
    sales: Sequence[MonthlySales],
    market_units: Mapping[date, int],
    tastes: Sequence[Taste],
    months: Sequence[date],
    *,
    never_listed: Collection[str] = (),
    missing: Literal["drop", "refuse"] = "drop",
    outside_good: str = "everything else in the market total",
) -> Market:
    """The market in which predicted shares equal those observed over `months`, to rounding.

    A rival without a needed attribute, or that no month names, is dropped with a stated reason, or refused when
    `missing="refuse"`. What the market total holds beyond the kept rivals is the outside good. `never_listed` names
    rivals of which a source says that no published list of these months held them: no share is calibrated for them,
    but the spread of constants hears that they sold little. Do not name a rival whose sales are merely not at hand.
    """
    if not tastes:
        raise InvalidInput("no tastes were given", "give at least the taste for price")
    if not months:
        raise InvalidInput("no months were given", "name at least one month with sales and a market total")
    share_of = {s.product_id: s for s in observed_shares(sales, market_units, months)}
    kept: list[Rival] = []
    below: list[Rival] = []
    dropped: list[Dropped] = []
    for rival in sorted(rivals, key=lambda r: r.product_id):
        lacking = [taste.attribute for taste in tastes if rival.attribute(taste.attribute) is None]
        observed = share_of.get(rival.product_id)
        if lacking:
            dropped.append(Dropped(rival.product_id, f"no source gives its {', '.join(lacking)}"))
        elif observed is None and rival.product_id in never_listed:
            below.append(rival)
        elif observed is None:
            dropped.append(Dropped(rival.product_id, "its sales are given for none of the months"))
        elif observed.share <= 0:
            dropped.append(Dropped(rival.product_id, "sold nothing, and zero has no logarithm"))
        else:
            kept.append(rival)
    if missing == "refuse" and dropped:
        listed = "; ".join(f"`{d.product_id}`: {d.reason}" for d in dropped)
        raise InvalidInput(f"{len(dropped)} rivals cannot be calibrated: {listed}", "fill the gaps or drop them")
    if not kept:
        raise InvalidInput("no rival has both its attributes and its sales", "check product ids in rivals and sales")
    shares = np.array([share_of[rival.product_id].share for rival in kept])
    outside = 1.0 - float(shares.sum())
    if outside <= 0:
        raise InvalidInput(
            f"the rivals' shares add up to {float(shares.sum()):.4f} of the market", "check the market total"
        )
    constants = logit.constants_by_inversion(shares, outside, attribute_matrix(kept, tastes) @ taste_means(tastes))
    return Market(
        rivals=tuple(kept),
        shares=tuple(shares.tolist()),
        outside_share=outside,
        constants=tuple(constants.tolist()),
        tastes=tuple(tastes),
        months=tuple(sorted(set(months))),
        units_per_month=sum(market_units[m] for m in set(months)) / len(set(months)),
        outside_good=outside_good,
        never_listed=tuple(below),
        list_floor=_list_floor(sales, market_units, set(months)),
        dropped=tuple(dropped),
    )


def _list_floor(sales: Sequence[MonthlySales], market_units: Mapping[date, int], months: set[date]) -> float:
    """The largest mean share that a product below every month's list can have: it sold less than the least named."""
    least: dict[date, int] = {}
    for row in sales:
        if row.month in months:
            least[row.month] = min(row.units, least.get(row.month, row.units))
    return sum(least.values()) / sum(market_units[month] for month in least)
