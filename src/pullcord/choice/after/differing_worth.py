"""Willingness to pay where tastes differ between buyers: the median buyer's, and how it is spread over all."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pullcord.base import InvalidInput

from ..data import ChoiceData, Floats
from ..fit import Covariance, Fit
from ..mixed.model import MixedLogit
from ..table import figure
from ..tails import critical_value
from .population import Population, means_are_tastes
from .uncertainty import Range, draw_estimates, percentile_range
from .worths import WillingnessToPay

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_DRAWS_MAX = 1000  # of the estimates, each of which makes a population


def differing_worths(
    fit: Fit,
    price: str,
    over: Sequence[str] | None,
    *,
    unit: float,
    level: float,
    draws: int,
    seed: int,
    covariance: Covariance,
    data: ChoiceData | None,
) -> dict[str, WillingnessToPay]:
    """Of each attribute whose taste, or the price's, varies in a mixed logit, by name.

    The estimate is the median buyer's: it exists whatever the distributions, where a mean often does not. Intervals
    are of draws of the estimates, each through the same draws of buyers.

    Raises InvalidInput for a name that is no taste, and where tastes are shifted by persons and no data are given.

    Source: Train (2009), Discrete Choice Methods with Simulation, 2nd ed., sec. 6.7; Daly, Hess and Train (2012),
    Transportation 39(1), on moments that do not exist.
    """
    model = fit.model
    if not isinstance(model, MixedLogit):
        raise InvalidInput(f"tastes of {model.title} do not vary between persons", "fit MixedLogit")
    people = Population.of(fit, seed=seed, data=data)
    paid = people.price or price
    if people.price is not None and price not in (people.price, "scale"):
        raise InvalidInput(f"the model's tastes are worths in units of `{people.price}`", f"name `{people.price}`")
    centre = np.nan_to_num(fit.estimates)
    coefficients = people.coefficients(centre)
    if paid not in coefficients:
        raise InvalidInput(f"`{paid}` is no taste of {model.title}", f"there are {', '.join(coefficients)}")
    residual = None if model.control is None else model.control.residual
    names = [name for name in coefficients if name not in (paid, residual)] if over is None else list(over)
    if unknown := [name for name in names if name not in coefficients or name == paid]:
        raise InvalidInput(f"`{unknown[0]}` has no worth here", f"there are {', '.join(coefficients)}")
    names = [name for name in names if _differs(people, name, paid)]
    if not names:
        return {}
    wrong = float(np.mean(coefficients[paid] >= 0))
    sample = draw_estimates(fit, min(draws, _DRAWS_MAX), seed=seed, covariance=covariance)
    drawn = [_spread(people, one, paid, names) for one in sample]
    middle = _spread(people, centre, paid, names)
    rows: dict[str, WillingnessToPay] = {}
    undetermined = people.price is None and _undetermined(fit, paid, people, covariance, critical_value(level))
    for i, name in enumerate(names):
        if undetermined:
            rows[name] = WillingnessToPay(name, None, None, None, "krinsky-robb", note=undetermined)
            continue
        each = np.stack([one[i] for one in drawn])
        held = [_range(unit * middle[i, q], unit * each[:, q], level) for q in range(len(LEVELS))]
        median = held[LEVELS.index(0.5)]
        rows[name] = WillingnessToPay(
            name,
            median.estimate,
            median.lower,
            median.upper,
            "krinsky-robb",
            quantiles=tuple(zip(LEVELS, held, strict=False)),
            share_positive=float(middle[i, -1]),
            note=_wrong_side(paid, wrong),
        )
    return rows


def _differs(people: Population, name: str, price: str) -> bool:
    shifted = {taste for taste, _ in people.traits.values()}
    return bool({name, price} & (set(people.mixing) | shifted))


def _spread(people: Population, estimates: Floats, price: str, names: Sequence[str]) -> Floats:
    """float64[name, level + 1]: quantiles of the worths between buyers, and last the share above 0."""
    worths = people.worths(estimates, price)
    rows = []
    for name in names:
        values = worths[name]
        kept = values[~np.isnan(values)]
        quantiles = np.quantile(kept, LEVELS, method="inverted_cdf") if len(kept) else np.full(len(LEVELS), np.nan)
        rows.append([*quantiles, float(np.mean(kept > 0)) if len(kept) else np.nan])
    return np.array(rows)


def _range(estimate: float, draws: Floats, level: float) -> Range:
    """Percentiles, or no bounds where some draws have none."""
    if not np.all(np.isfinite(draws)):
        return Range(float(estimate), None, None)
    return percentile_range(estimate, draws, level)


def _undetermined(fit: Fit, price: str, people: Population, covariance: Covariance, z: float) -> str:
    """Why nothing can be said, where the middle of the price taste may be on either side of 0; else nothing."""
    if not means_are_tastes(people.mixing.get(price)) or price not in fit.names:
        return ""
    estimate, error = fit[price], float(fit.standard_errors(covariance)[fit.index(price)])
    if abs(estimate) > z * error:
        return ""
    return (
        f"the interval of the mean of `{price}` ({figure(estimate)}, standard error {figure(error)}) holds 0: for half "
        "the buyers or so money may have no worth, and nothing is worth money"
    )


def _wrong_side(price: str, share: float) -> str:
    if share <= 0 or math.isnan(share):
        return ""
    return (
        f"{share:.1%} of buyers are put on the wrong side of 0 by the distribution of `{price}`: their ratios mean "
        "nothing and the mean does not exist; a lognormal price, or worths as tastes (space='wtp'), avoids that"
    )
