"""Where a search for tastes begins when nobody says where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pullcord.base import stream

from .logit import ShareLogit
from .system import System
from .terms import Floats

if TYPE_CHECKING:
    from .model import BLP

_LOSSES_MAX = 0.01  # part of products that may seem to be sold below cost at the start
_STRONGER = 1.5


def moderate(model: BLP, system: System, given: frozenset[str]) -> Floats:
    """float64[parameter]: tastes that spread utility by a half, and a price that matters as in the logit.

    With a supply side, price then matters more and more until firms earn money on their products; `given` names the
    parameters that the caller sets himself, which are left at zero here.
    """
    begin = np.zeros(len(system.names))
    tastes = system.tastes
    for p, k, a in tastes.pairs:
        values, drawn = tastes.attributes[:, k], tastes.drawn[:, a]
        spread = (float(np.std(values)) or float(np.abs(values).max())) * (float(drawn.std()) or 1.0)
        if system.names[p].startswith("sigma"):
            begin[p] = 0.5 / spread if spread else 0.5
    at, unit = _price_parameter(system)
    if at is None or system.names[at] in given:
        return begin
    terms = [model.linear] if model.linear.strip() else []
    if system.price_at is None:
        terms.append(system.data.price_name)
    plain = ShareLogit(" + ".join(terms), instruments=model.demand_instruments, absorb=model.absorb).fit(system.data)
    if not np.isfinite(plain.price_coefficient):  # it differs from product to product: no one place to begin
        return begin
    begin[at] = -abs(plain.price_coefficient) / unit
    if system.supply is not None:
        root = np.eye(len(system.cross()))
        for _ in range(12):
            found = system.evaluate(begin, root, slopes=False)
            if len(found.failed) or np.mean(found.markup >= system.data.price) <= _LOSSES_MAX:
                break
            begin[at] *= _STRONGER
    return begin


def elsewhere(begin: Floats, lower: Floats, upper: Floats, seed: int, number: int) -> Floats:
    """A place around the first: each free parameter a quarter to four times as large."""
    factors = 4.0 ** stream(seed, "blp.starts", number).uniform(-1, 1, len(begin))
    moved = np.where(begin == 0, 0.0, begin * factors)
    return np.asarray(np.clip(np.where(lower == upper, begin, moved), lower, upper))


def _price_parameter(system: System) -> tuple[int | None, float]:
    """The parameter that says how much price matters, and what a unit of it adds to the median taste for price."""
    if system.price_at is not None:
        return system.price_at, system.price_unit
    if system.price_linear is not None:  # it is found with the other linear parameters
        return None, 0.0
    tastes = system.tastes
    for p, k, a in tastes.pairs:
        if np.isfinite(tastes.price_slopes[k]) and tastes.price_slopes[k] and system.names[p].startswith("pi"):
            middle = float(np.median(tastes.drawn[:, a])) * float(tastes.price_slopes[k])
            return int(p), middle or 1.0
    return None, 0.0
