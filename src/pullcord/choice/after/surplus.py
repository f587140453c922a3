"""Consumer surplus: what a change of what is on offer is worth to those who choose, in money.

Source: Small and Rosen (1981), Econometrica 49(1), eq. 5.5; Train (2009), Discrete Choice Methods with Simulation,
2nd ed., sec. 3.5: the difference of log-sums over the marginal utility of income, which is minus the price taste.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pullcord.base import InvalidInput

from ..closed_form.multinomial import Logit
from ..closed_form.nested import NestedLogit
from ..data import ChoiceData, Floats, Integers
from ..fit import Fit, Model
from ..mixed.model import MixedLogit
from ..utility import Term, design_matrix, parse_utility
from .population import Population

_ONE_PRICE = (
    "a unit of price weighs differently on the alternatives of one choice",
    "surplus needs one price taste for each chooser: no log(price), no price@alternative",
)
# Draws of tastes that everybody's surplus is averaged over, and how many utilities are computed at once.
_BUYERS = 300
_CELLS = 2_000_000


class Gain(Protocol):
    """What a change is worth to each chooser, for any estimates."""

    def change(self, estimates: Floats) -> Floats:
        """float64[situation], in units of price; NaN where money is worth nothing."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """Designs of before and after, ready for any estimates.

    x : float64[row, term] of before and of after. price : float64[row, term] of each, the derivative of each term with
    respect to the price column. data : of each.
    """

    model: Model
    x: tuple[Floats, Floats]
    price: tuple[Floats, Floats]
    data: tuple[ChoiceData, ChoiceData]

    @classmethod
    def of(cls, fit: Fit, price: str, before: ChoiceData, after: ChoiceData) -> Worth:
        """Of a logit or a nested logit.

        Raises InvalidInput for another model, for other choosers after than before, and where price does not enter.
        """
        if not isinstance(fit.model, Logit | NestedLogit | MixedLogit):
            raise InvalidInput(
                f"consumer surplus of {fit.model.title} is not known here", "ask for shares alone, without a price"
            )
        same = before.situations == after.situations and np.array_equal(before.weight, after.weight)
        if not same:
            raise InvalidInput("not the same choosers after as before", "surplus compares each chooser with herself")
        data = (before, after)
        terms = tuple(_terms(fit.model, one) for one in data)
        x = tuple(design_matrix(t, one) for t, one in zip(terms, data, strict=True))
        slopes = tuple(
            np.column_stack([term.slope(price, one) for term in t]) for t, one in zip(terms, data, strict=True)
        )
        if not np.any(slopes[0]):
            raise InvalidInput(f"`{price}` does not enter utility", f"utility is {fit.model.utility}")
        return cls(fit.model, (x[0], x[1]), (slopes[0], slopes[1]), data)

    def income(self, estimates: Floats) -> Floats:
        """float64[situation]: the marginal utility of income. Raises InvalidInput where it is not one number."""
        per_situation = []
        for slopes, data in zip(self.price, self.data, strict=True):
            each = -slopes @ estimates[: slopes.shape[1]]
            starts = data.situation_start[:-1]
            low, high = np.minimum.reduceat(each, starts), np.maximum.reduceat(each, starts)
            if not np.allclose(low, high, rtol=1e-9, atol=1e-12):
                raise InvalidInput(*_ONE_PRICE)
            per_situation.append(high)
        if not np.allclose(per_situation[0], per_situation[1], rtol=1e-9, atol=1e-12):
            raise InvalidInput("the price taste is another after than before", "surplus needs a constant one")
        return np.asarray(per_situation[0], dtype=np.float64)

    def change(self, estimates: Floats) -> Floats:
        """float64[situation]: what the change is worth to each chooser, in units of price; NaN where the price taste
        is not negative, for money then is worth nothing."""
        income = self.income(estimates)
        before, after = (self._log_sums(x, data, estimates) for x, data in zip(self.x, self.data, strict=True))
        gain = after - before
        return np.where(income > 0, gain / np.where(income > 0, income, 1.0), np.nan)

    def _log_sums(self, x: Floats, data: ChoiceData, estimates: Floats) -> Floats:
        utility, situation = x @ estimates[: x.shape[1]], data.situation_of_row()
        if not isinstance(self.model, NestedLogit):
            return log_sums(utility, situation, data.situations)
        # What stands in no nest is a nest of its own, with a dissimilarity of 1.
        of = np.arange(len(data.alternatives)) + len(self.model.nests)
        for number, members in enumerate(self.model.nests.values()):
            of[[data.alternatives.index(member) for member in members]] = number
        lambdas = np.ones(len(self.model.nests) + len(data.alternatives))
        lambdas[: len(self.model.nests)] = estimates[x.shape[1] :]
        nest = of[data.alternative]
        groups, group = np.unique(situation * len(lambdas) + nest, return_inverse=True)
        # Rows of one alternative outside nests stand apart, however many: a logit within it, with a lambda of 1.
        inner = log_sums(utility / lambdas[nest], group, len(groups))
        return log_sums(lambdas[groups % len(lambdas)] * inner, groups // len(lambdas), data.situations)


@dataclass(frozen=True, slots=True, eq=False)
class MixedWorth:
    """Of a mixed logit: the mean over tastes of what the change is worth to a chooser who has them.

    x : float64[row, term] of before and of after. price : float64[situation, term], the derivative of each term with
    respect to the price column, the same for all alternatives. people : whose tastes count, the same for everybody.
    """

    x: tuple[Floats, Floats]
    price: Floats
    data: tuple[ChoiceData, ChoiceData]
    terms: tuple[str, ...]
    people: Population

    @classmethod
    def of(cls, fit: Fit, price: str, before: ChoiceData, after: ChoiceData, seed: int) -> MixedWorth:
        """Raises InvalidInput as `Worth.of` does, and where what persons are shifts their tastes."""
        if getattr(fit.model, "shifters", None):
            raise InvalidInput(
                "consumer surplus with shifted tastes is not known here",
                "write what shifts them into utility, such as price:income, or ask for shares alone",
            )
        linear = Worth.of(fit, price, before, after)
        terms = tuple(term.name for term in _terms(fit.model, before))
        per_situation = []
        for slopes, data in zip(linear.price, linear.data, strict=True):
            starts = data.situation_start[:-1]
            if not np.array_equal(np.minimum.reduceat(slopes, starts), np.maximum.reduceat(slopes, starts)):
                raise InvalidInput(*_ONE_PRICE)
            per_situation.append(slopes[starts])
        if not np.allclose(per_situation[0], per_situation[1]):
            raise InvalidInput("the price taste is another after than before", "surplus needs a constant one")
        return cls(linear.x, per_situation[0], linear.data, terms, Population.of(fit, _BUYERS, seed=seed))

    def change(self, estimates: Floats) -> Floats:
        """float64[situation], in units of price; NaN where some of the tastes for money are not below 0."""
        tastes = self.people.coefficients(estimates)
        coefficients = np.stack([np.broadcast_to(tastes[name], _BUYERS) for name in self.terms])
        result = np.empty(len(self.price))
        per_piece = max(_CELLS // (_BUYERS * max(len(x) // len(result) + 1 for x in self.x)), 1)
        for first in range(0, len(result), per_piece):
            end = min(first + per_piece, len(result))
            income = -self.price[first:end] @ coefficients
            gain = np.zeros((end - first, _BUYERS))
            for x, data, sign in zip(self.x, self.data, (-1, 1), strict=True):
                rows = slice(data.situation_start[first], data.situation_start[end])
                starts = data.situation_start[first:end] - data.situation_start[first]
                utility = x[rows] @ coefficients
                top = np.maximum.reduceat(utility, starts, axis=0)
                utility -= np.repeat(top, np.diff(data.situation_start[first : end + 1]), axis=0)
                gain += sign * (top + np.log(np.add.reduceat(np.exp(utility), starts, axis=0)))
            with np.errstate(divide="ignore", invalid="ignore"):
                result[first:end] = np.where(income > 0, gain / income, np.nan).mean(axis=1)
        return result


def _terms(model: Model, data: ChoiceData) -> tuple[Term, ...]:
    """What enters utility, a control function's residual included."""
    return model.parameters(data)[0] if isinstance(model, MixedLogit) else parse_utility(model.utility, data)


def worth_of(fit: Fit, price: str, before: ChoiceData, after: ChoiceData, *, seed: int = 0) -> Gain:
    """What a change is worth, for any estimates of a fit. Raises InvalidInput where no formula is known here."""
    if isinstance(fit.model, MixedLogit):
        return MixedWorth.of(fit, price, before, after, seed)
    return Worth.of(fit, price, before, after)


def log_sums(utility: Floats, group: Integers, groups: int) -> Floats:
    """float64[group]: log of the sum of exp(utility) over the members of each group; never overflows."""
    top = np.full(groups, -np.inf)
    np.maximum.at(top, group, utility)
    return np.asarray(top + np.log(np.bincount(group, np.exp(utility - top[group]), minlength=groups)))
