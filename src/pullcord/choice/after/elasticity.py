"""How shares answer to an attribute: own and cross elasticities, and marginal effects, over a sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from pullcord.base import InvalidInput, NotFound

from ..closed_form.multinomial import Logit
from ..data import ChoiceData, Floats
from ..fit import Covariance, Fit, Model
from ..table import aligned, figure, wrapped
from ..utility import parse_utility
from .enumeration import market_shares
from .uncertainty import draw_estimates, known_estimates, through_model

Measure = Literal["elasticity", "marginal effect"]


@dataclass(frozen=True, slots=True, eq=False)
class Responses:
    """How the share of each alternative answers to a column of each changed alternative, over the sample.

    values : float64[alternative, changed]. An elasticity is per cent of share for one per cent of the column; a
    marginal effect is the change of the share for one unit of it.
    share : float64[alternative], the model's share in the sample, by weight.
    lower, upper : float64[alternative, changed], the interval at `level`; None where no draws were asked for.
    method : `analytic`, or `recomputed` with the column changed a little up and down.
    """

    measure: Measure
    column: str
    alternatives: tuple[str, ...]
    changed: tuple[str, ...]
    values: Floats
    share: Floats
    method: str
    lower: Floats | None = None
    upper: Floats | None = None
    level: float | None = None

    def of(self, alternative: str, changed: str) -> float:
        """The response of one alternative to the column of one that changed. Raises NotFound."""
        for name, known in ((alternative, self.alternatives), (changed, self.changed)):
            if name not in known:
                raise NotFound(f"no response to or of `{name}`", f"there are {', '.join(known)}")
        return float(self.values[self.alternatives.index(alternative), self.changed.index(changed)])

    @property
    def own(self) -> dict[str, float]:
        """Each changed alternative's answer to its own column."""
        return {name: self.of(name, name) for name in self.changed}

    def as_json(self) -> dict[str, Any]:
        """Plain values for JSON; None where an alternative has no share to answer."""

        def plain(matrix: Floats | None) -> list[list[float | None]] | None:
            if matrix is None:
                return None
            return [[float(value) if np.isfinite(value) else None for value in row] for row in matrix]

        return {
            "measure": self.measure,
            "column": self.column,
            "method": self.method,
            "alternatives": list(self.alternatives),
            "changed": list(self.changed),
            "share": [float(value) for value in self.share],
            "values": plain(self.values),
            "lower": plain(self.lower),
            "upper": plain(self.upper),
            "level": self.level,
        }

    def __str__(self) -> str:
        what = "Elasticities" if self.measure == "elasticity" else "Marginal effects"
        lines = wrapped(f"{what} of shares (rows) with respect to {self.column} of (columns), {self.method}")
        rows: list[tuple[str, ...]] = [("", "share", *self.changed)]
        for i, name in enumerate(self.alternatives):
            rows.append((name, f"{self.share[i]:.4f}", *(figure(float(value)) for value in self.values[i])))
            if self.lower is not None and self.upper is not None:
                ends = zip(self.lower[i], self.upper[i], strict=True)
                rows.append(("", "", *(f"[{figure(float(low))}, {figure(float(high))}]" for low, high in ends)))
        lines += aligned(rows, rule_after=(0,))
        if self.level is not None:
            lines += wrapped(f"In brackets: intervals at {self.level:.0%} from the estimates' covariance.")
        return "\n".join(lines)


def elasticities(
    fit: Fit,
    data: ChoiceData,
    column: str,
    alternative: str | None = None,
    change: float = 0.01,
    *,
    draws: int = 0,
    level: float = 0.95,
    covariance: Covariance | None = None,
    seed: int = 0,
) -> Responses:
    """Own and cross elasticities of the sample's shares with respect to a column of one or of every alternative.

    Shares are added up over choices before they are compared (sample enumeration): each choice counts by its weight
    and its probability, as in the market, and not alike. For a logit the derivative is exact, through every term the
    column enters (`price`, `log(price)`, `price:income`); other models are computed anew with the column `change`
    higher and lower, which errs by the order of change squared.

    draws : draws of the estimates for intervals at `level`; 0 for none.
    Raises NotFound where utility or data have no such column; InvalidInput where it only stands as an indicator.

    Source: Ben-Akiva and Lerman (1985), sec. 5.4, aggregate elasticities; Train (2009), eqs. 3.14 and 3.15.

    >>> answer = elasticities(cars, labelled, "price", alternative="electric")
    >>> answer.of("electric", "electric") < 0 < answer.of("petrol", "electric")
    True
    """
    return _responses(
        fit, data, column, alternative, change, "elasticity", draws=draws, level=level, covariance=covariance, seed=seed
    )


def marginal_effects(
    fit: Fit,
    data: ChoiceData,
    column: str,
    alternative: str | None = None,
    change: float = 0.01,
    *,
    draws: int = 0,
    level: float = 0.95,
    covariance: Covariance | None = None,
    seed: int = 0,
) -> Responses:
    """How much the sample's shares change for one unit of a column of one or of every alternative.

    A column of zeros and ones is switched: the share with 1 for all less the share with 0 for all, for a derivative
    at a value nobody can have would say nothing. Arguments, errors and intervals as in `elasticities`.

    Source: Train (2009), eqs. 3.12 and 3.13; Cameron and Trivedi (2005), Microeconometrics, sec. 15.4.3.

    >>> effect = marginal_effects(cars, labelled, "price", alternative="electric")
    >>> bool(abs(effect.values.sum()) < 1e-9)  # what one gains the others lose
    True
    """
    return _responses(
        fit,
        data,
        column,
        alternative,
        change,
        "marginal effect",
        draws=draws,
        level=level,
        covariance=covariance,
        seed=seed,
    )


def _responses(
    fit: Fit,
    data: ChoiceData,
    column: str,
    alternative: str | None,
    change: float,
    measure: Measure,
    *,
    draws: int,
    level: float,
    covariance: Covariance | None,
    seed: int,
) -> Responses:
    if not 0 < change < 1:
        raise InvalidInput(f"a change of {change} is no part of the whole", "change by, say, 0.01")
    if not 0 < level < 1:
        raise InvalidInput(f"a level of {level} is not between 0 and 1", "ask for 0.95")
    if alternative is not None and alternative not in data.alternatives:
        raise NotFound(
            f"`{data.name}` has no alternative `{alternative}`", f"it has {', '.join(data.alternatives[:20])}"
        )
    values = data.column(column)
    slopes = np.stack([term.slope(column, data) for term in parse_utility(fit.model.utility, data)])
    if not np.any(slopes):
        raise NotFound(f"`{column}` does not enter utility", f"utility is {fit.model.utility}")
    on_offer = np.bincount(data.alternative, minlength=len(data.alternatives)) > 0
    changed = tuple(
        name for i, name in enumerate(data.alternatives) if (name == alternative if alternative else on_offer[i])
    )
    switch = bool(np.all((values == 0) | (values == 1)))
    if switch and measure == "elasticity":
        raise InvalidInput(f"`{column}` is an indicator, of which there is no per cent", "ask for its marginal effect")
    at: partial[Floats]
    if isinstance(fit.model, Logit) and not switch:
        # An elasticity multiplies the derivative with the column itself, a marginal effect does not.
        by_row = slopes * values if measure == "elasticity" else slopes
        at = partial(_analytic, fit.model, data, changed, measure, by_row)
    else:
        at = partial(_recomputed, fit, data, column, changed, measure, change, switch)
    estimates = known_estimates(fit)
    share = market_shares(fit.model.probabilities(estimates, data, seed=fit.seed or 0), data)
    answer = Responses(
        measure,
        column,
        data.alternatives,
        changed,
        at(estimates),
        share,
        "recomputed" if at.func is _recomputed else "analytic",
    )
    if not draws:
        return answer
    many, _ = through_model(draw_estimates(fit, draws, seed=seed, covariance=covariance), at)
    lower, upper = np.quantile(many, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return replace(answer, lower=lower, upper=upper, level=level)


def _analytic(
    model: Model, data: ChoiceData, changed: tuple[str, ...], measure: Measure, slopes: Floats, estimates: Floats
) -> Floats:
    """float64[alternative, changed]. d P_a / d x_j = P_a (1[a is j] D_a - sum over rows b of j of P_b D_b)."""
    probability = model.probabilities(estimates, data)
    slope = estimates @ slopes
    situation, starts = data.situation_of_row(), data.situation_start[:-1]
    share = market_shares(probability, data)
    result = np.empty((len(data.alternatives), len(changed)))
    for j, name in enumerate(changed):
        own = np.where(data.alternative == data.alternatives.index(name), slope, 0.0)
        mean = np.add.reduceat(probability * own, starts)[situation]
        result[:, j] = market_shares(probability * (own - mean), data)
    return _per_share(result, share) if measure == "elasticity" else result


def _recomputed(
    fit: Fit,
    data: ChoiceData,
    column: str,
    changed: tuple[str, ...],
    measure: Measure,
    change: float,
    switch: bool,
    estimates: Floats,
) -> Floats:
    """float64[alternative, changed], by shares with the column of one alternative higher and lower."""
    values = data.column(column)
    result = np.empty((len(data.alternatives), len(changed)))
    at_rest = market_shares(fit.model.probabilities(estimates, data, seed=fit.seed or 0), data)
    for j, name in enumerate(changed):
        rows = data.alternative == data.alternatives.index(name)
        # A share answers to a unit: the step of a marginal effect is a part of the column's usual size.
        step = change * float(np.abs(values[rows]).mean() or 1.0) if measure == "marginal effect" else 0.0
        if switch:
            up, down = np.where(rows, 1.0, values), np.where(rows, 0.0, values)
        elif measure == "elasticity":
            up, down = np.where(rows, values * (1 + change), values), np.where(rows, values * (1 - change), values)
        else:
            up, down = np.where(rows, values + step, values), np.where(rows, values - step, values)
        higher, lower = (
            market_shares(
                fit.model.probabilities(estimates, data.with_columns(**{column: moved}), seed=fit.seed or 0), data
            )
            for moved in (up, down)
        )
        result[:, j] = (higher - lower) / (1.0 if switch else 2 * (change if measure == "elasticity" else step))
    return _per_share(result, at_rest) if measure == "elasticity" else result


def _per_share(change: Floats, share: Floats) -> Floats:
    """The change of each alternative in parts of its share; NaN where the alternative has none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(share[:, None] > 0, change / share[:, None], np.nan), dtype=np.float64)
