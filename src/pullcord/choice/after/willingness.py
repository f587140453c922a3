"""What buyers would pay for an attribute, and how surely; where taste differs, how that differs between buyers."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

from pullcord.base import InvalidInput

from ..data import ChoiceData
from ..fit import Covariance, Fit
from ..mixed.model import MixedLogit
from ..mixed.parameters import SCALE
from ..table import figure, group_of
from ..tails import critical_value
from .differing_worth import differing_worths
from .uncertainty import draw_estimates, known_covariance, percentile_range
from .worths import Method, WillingnessTable, WillingnessToPay


def willingness_to_pay(
    fit: Fit,
    price: str = "price",
    *,
    over: Sequence[str] | None = None,
    unit: float = 1.0,
    intervals: Method = "delta",
    level: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
    covariance: Covariance | None = None,
    data: ChoiceData | None = None,
) -> WillingnessTable:
    """What one unit of each attribute is worth: minus its taste over the taste for price.

    price : the parameter's name, as utility has it; of latent classes each has its own. over : the attributes; all
    other tastes unless given. unit : what one unit of the price column is in money: 10_000 where `price` is in tens of
    thousands. intervals : by the delta method; by draws of the estimates (Krinsky and Robb), which need not be
    symmetric; or by Fieller's theorem, which is exact for normal estimates. covariance : the fit's default kind unless
    given.

    Where the taste for the attribute or for price varies in a mixed logit, the estimate is the median buyer's, with an
    interval by draws (1,000 at the most, each of a whole population), and quantiles say how buyers differ: a mean often
    does not exist. In willingness-to-pay space worths are parameters and need no ratio; `price` is then the term that
    the scale stands for. data : whose persons count, where characteristics of persons shift tastes.

    Where the interval of the price taste itself holds 0, its sign is not determined: the ratio then has neither mean
    nor bounded interval, whatever a formula returns, and no estimate is given but Fieller's set, unbounded as it is.

    Raises NotFound for names the fit does not have, InvalidInput for a price that the data do not identify.

    Source: Fieller (1954), Journal of the Royal Statistical Society B 16(2); Krinsky and Robb (1986), Review of
    Economics and Statistics 68(4); Hole (2007), Health Economics 16(8), which compares them.

    >>> table = willingness_to_pay(logit, over=["range_km/100"], unit=10_000)
    >>> worth = table["range_km/100"]
    >>> 0 < worth.lower < worth.estimate < worth.upper
    True
    """
    z = critical_value(level)
    kind = covariance or fit.default_covariance
    if intervals not in get_args(Method):
        raise InvalidInput(f"`{intervals}` is no way to an interval", "ask for delta, krinsky-robb or fieller")
    if isinstance(fit.model, MixedLogit):
        differing = differing_worths(
            fit, price, over, unit=unit, level=level, draws=draws, seed=seed, covariance=kind, data=data
        )
        if fit.model.space == "wtp":
            rows = [differing.get(n) or _as_estimated(fit, n, z, unit, kind) for n in _worths_of(fit, price, over)]
            return WillingnessTable(fit.model.title, fit.data_name, price, unit, level, kind, tuple(rows))
    else:
        differing = {}
    matrix = known_covariance(fit, kind)
    sample = draw_estimates(fit, draws, seed=seed, covariance=kind) if intervals == "krinsky-robb" else None
    rows = []
    for name, paid in _pairs(fit, price, over, tuple(differing)):
        if name in differing:
            rows.append(differing[name])
            continue
        k, at = fit.index(name), fit.index(paid)
        taste = fit[paid]
        parts = (fit[name], taste, matrix[k, k], matrix[k, at], matrix[at, at])
        determined = abs(taste) > z * math.sqrt(matrix[at, at])
        if not determined:
            row = replace(_fieller(name, parts, z, unit), estimate=None, note=_undetermined(fit, paid, level, kind))
        elif intervals == "fieller":
            row = _fieller(name, parts, z, unit)
        elif sample is not None:
            held = percentile_range(-unit * parts[0] / taste, -unit * sample[:, k] / sample[:, at], level)
            row = WillingnessToPay(name, held.estimate, held.lower, held.upper, "krinsky-robb")
        else:
            row = _delta(name, parts, z, unit)
        if determined and taste > 0:
            row = replace(row, note=f"`{paid}` raises utility here: check its sign before these are read as money")
        rows.append(row)
    return WillingnessTable(fit.model.title, fit.data_name, price, unit, level, kind, tuple(rows))


def _worths_of(fit: Fit, price: str, over: Sequence[str] | None) -> tuple[str, ...]:
    """The parameters that are worths, in willingness-to-pay space. Raises NotFound for others."""
    if over is not None:
        for name in over:
            fit.index(name)
        return tuple(over)
    shifts = {f"{taste}:{by}" for taste, every in getattr(fit.model, "shifters", {}).items() for by in every}
    control = getattr(fit.model, "control", None)  # the residual of a first stage is no attribute
    left_out = {SCALE, price, *shifts, *fit.unidentified, *([control.residual] if control else [])}
    return tuple(name for name in fit.names if not group_of(name) and name not in left_out)


def _as_estimated(fit: Fit, name: str, z: float, unit: float, kind: Covariance) -> WillingnessToPay:
    """A worth that is the same for all buyers, and a parameter."""
    worth, reach = unit * fit[name], z * abs(unit) * float(fit.standard_errors(kind)[fit.index(name)])
    return WillingnessToPay(name, worth, worth - reach, worth + reach, "estimated")


def _pairs(fit: Fit, price: str, over: Sequence[str] | None, differing: Sequence[str]) -> list[tuple[str, str]]:
    """Each attribute's parameter with the price's that it is divided by: of the same class, where there are classes."""
    if over is not None and price in over:
        raise InvalidInput(f"`{price}` cannot be worth itself", "name other attributes")
    if over is None and isinstance(fit.model, MixedLogit):  # an error component has no mean, a shifter is no taste
        fixed = [n for n in _worths_of(fit, price, None) if n not in differing]
        return [(name, price) for name in (*fixed, *differing)]
    openings = [""]
    if price not in fit.names:
        in_class = re.compile(rf"(class \d+: ){re.escape(price)}")
        openings = [found[1] for found in map(in_class.fullmatch, fit.names) if found]
    if not openings:
        fit.index(price)  # says which names there are
    pairs = []
    for opening in openings:
        paid = opening + price
        if over is None:
            kin = [n for n in fit.names if group_of(n) == group_of(paid) and n not in (paid, *fit.unidentified)]
        else:
            kin = [opening + name for name in over]
        pairs += [(name, paid) for name in kin]
    return pairs


def _undetermined(fit: Fit, price: str, level: float, kind: Covariance) -> str:
    error = float(fit.standard_errors(kind)[fit.index(price)])
    return (
        f"the {level:.0%} interval of `{price}` ({figure(fit[price])}, standard error {figure(error)}) holds 0: its "
        "sign is not determined, and a ratio to it has neither a mean nor a bounded interval"
    )


Parts = tuple[float, float, float, float, float]  # taste, taste for price, variance, covariance, variance of price


def _delta(name: str, parts: Parts, z: float, unit: float) -> WillingnessToPay:
    """Estimate and interval from the ratio's gradient, -(1, -taste/price) / price."""
    taste, price, variance, together, variance_price = parts
    ratio = taste / price
    error = math.sqrt(max(variance - 2 * ratio * together + ratio**2 * variance_price, 0.0)) / abs(price)
    worth = -unit * ratio
    return WillingnessToPay(name, worth, worth - z * abs(unit) * error, worth + z * abs(unit) * error, "delta")


def _fieller(name: str, parts: Parts, z: float, unit: float) -> WillingnessToPay:
    """All ratios r that taste + r price = 0 does not refuse: (taste + r price)^2 <= z^2 (v + 2 r c + r^2 w)."""
    taste, price, variance, together, variance_price = parts
    a = price**2 - z**2 * variance_price
    b = 2 * (taste * price - z**2 * together)
    c = taste**2 - z**2 * variance
    inside = b**2 - 4 * a * c
    worth = -unit * taste / price if price else None
    if a == 0 or inside < 0:
        return WillingnessToPay(name, worth, None, None, "fieller")
    low, high = sorted(unit * (-b + sign * math.sqrt(inside)) / (2 * a) for sign in (1, -1))
    if a > 0:
        return WillingnessToPay(name, worth, low, high, "fieller")
    return WillingnessToPay(name, worth, None, None, "fieller", excluded=(low, high))
