"""Prices that answer to what the modeller does not see: a control function, and standard errors that know of it.

Where a price is high because buyers like something that the data do not hold, its coefficient takes the credit. What
drives the price but not the choice, an instrument, splits it: the part that instruments and attributes explain, and
a residual, which enters utility and takes the unseen part upon itself.

Source: Petrin and Train (2010), Journal of Marketing Research 47(1), 3-13.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pullcord.base import InvalidInput

from ..data import ChoiceData, Floats
from ..fit import Fit
from ..utility import Term, design_matrix, parse_utility


@dataclass(frozen=True, slots=True)
class ControlFunction:
    """The price's residual from a first stage enters utility as the column `residual price`.

    instruments : what moves the price but not the choice, in the language of utility: "cost + rivals_price".
    price : the term whose values depend on what is not seen.

    The first stage is least squares of the price on a constant, the instruments and all terms of utility without the
    price. A scenario keeps the residuals of the data it starts from, as columns are kept, while its price changes.
    """

    instruments: str
    price: str = "price"

    @property
    def residual(self) -> str:
        """What the residual's column, and its parameter, is called."""
        return f"residual {self.price.replace('/', ' per ')}"

    def with_residual(self, data: ChoiceData, utility: str) -> ChoiceData:
        """The data with the residual as a column; as they are if they have it. Raises InvalidInput, NotFound."""
        if self.residual in data.column_names:
            return data
        return data.with_columns(**{self.residual: self.first_stage(data, utility).residual})

    def first_stage(self, data: ChoiceData, utility: str) -> FirstStage:
        """Least squares of the price. Raises InvalidInput where no instrument tells more than the terms of utility."""
        (price,) = _one_term(self.price, data)
        column = _bare(price.factors[0])
        exogenous = [
            term for term in parse_utility(utility, data) if all(_bare(factor) != column for factor in term.factors)
        ]
        exogenous = [term for term in exogenous if self.residual not in term.factors]
        instruments = [t for t in parse_utility(self.instruments, data) if t.name not in {e.name for e in exogenous}]
        if not instruments:
            raise InvalidInput(
                f"`{self.instruments}` stands in utility", "an instrument moves the price, not the choice: name another"
            )
        z = np.column_stack([np.ones(data.rows), *(term.values(data) for term in (*exogenous, *instruments))])
        values = price.values(data)
        without = np.linalg.matrix_rank(z[:, : 1 + len(exogenous)])
        if np.linalg.matrix_rank(z) == without:
            raise InvalidInput(
                f"`{self.instruments}` says nothing of `{self.price}` that utility does not", "name other instruments"
            )
        gamma = np.asarray(np.linalg.lstsq(z, values, rcond=None)[0], dtype=np.float64)
        names = ("1", *(term.name for term in (*exogenous, *instruments)))
        return FirstStage(names, gamma, z, values - z @ gamma)


@dataclass(frozen=True, slots=True, eq=False)
class FirstStage:
    """The price explained: coefficients : float64[regressor]; z : float64[row, regressor]; residual : float64[row]."""

    names: tuple[str, ...]
    coefficients: Floats
    z: Floats
    residual: Floats

    @property
    def variance(self) -> float:
        """Of the residual, with degrees of freedom taken off."""
        return float(self.residual @ self.residual / (len(self.residual) - np.linalg.matrix_rank(self.z)))

    @property
    def inverse(self) -> Floats:
        """float64[regressor, regressor]: the (generalised) inverse of z'z."""
        return np.asarray(np.linalg.pinv(self.z.T @ self.z), dtype=np.float64)

    def influence(self, situation_start: Any) -> Floats:
        """float64[situation, regressor]: how much each situation's rows moved the coefficients."""
        moved = (self.z * self.residual[:, None]) @ self.inverse
        return np.asarray(np.add.reduceat(moved, situation_start[:-1], axis=0), dtype=np.float64)


def corrected(
    fit: Fit,
    control: ControlFunction,
    stage: FirstStage,
    data: ChoiceData,
    scores: Floats,
    unit_start: Any,
    persons: Any,
    derivatives: Callable[[ChoiceData, tuple[Term, ...]], tuple[Floats, Floats]],
) -> Fit:
    """The fit with standard errors that know the residual was estimated.

    scores : float64[unit, parameter], weighted. unit_start, persons : units' situations and persons' units.
    derivatives : given the data and further terms of utility with coefficient 0, the Hessian by parameters and their
    coefficients, float64[parameter, term], and the gradient by these, float64[term].

    With g the first stage's coefficients and C the derivative of the sum of scores by g, an estimate moves by
    H^-1 (s + C a) for a person with score s who moved g by a. Robust and clustered covariances come from that. The
    classical one is H^-1 + H^-1 C V C' H^-1, V the first stage's own.

    Source: Karaca-Mandic and Train (2003), Standard error correction in two-stage estimation with nested samples,
    Econometrics Journal 6(2), 401-407; Newey and McFadden (1994), Handbook of Econometrics 4, theorem 6.1.
    """
    added = {f"first stage {i}": stage.z[:, i] for i in range(len(stage.names))}
    terms = tuple(Term(name, (name,)) for name in added)
    by_both, by_added = derivatives(data.with_columns(**added), terms)
    at = fit.index(control.residual)
    cross = -fit.estimates[at] * by_both
    cross[at] -= by_added
    known = np.array([name not in fit.unidentified for name in fit.names])
    cross, scores = cross[known], scores[:, known]
    influence = np.add.reduceat(stage.influence(data.situation_start), unit_start[:-1], axis=0)
    by_unit = scores + influence @ cross.T
    by_person = np.add.reduceat(by_unit, persons[:-1], axis=0)
    bread = np.linalg.inv(fit.information[np.ix_(known, known)])
    classical = bread + bread @ cross @ (stage.variance * stage.inverse) @ cross.T @ bread
    information = np.linalg.inv(classical)
    # The fit wraps meats in its own inverse information, which is now another one.
    turn = information @ bread

    def whole(matrix: Floats) -> Floats:
        full = np.full((len(known), len(known)), np.nan)
        full[np.ix_(known, known)] = matrix
        return full

    return replace(
        fit,
        information=whole(information),
        meat_robust=whole(turn @ by_unit.T @ by_unit @ turn.T),
        meat_clustered=whole(turn @ by_person.T @ by_person @ turn.T),
        notes=(*fit.notes, f"standard errors allow for `{control.residual}` having been estimated in a first stage"),
    )


def _one_term(written: str, data: ChoiceData) -> tuple[Term, ...]:
    found = parse_utility(written, data)
    if len(found) != 1 or len(found[0].factors) != 1 or found[0].alternative is not None:
        raise InvalidInput(f"`{written}` is not one price", "name one column, or one column divided by a number")
    design_matrix(found, data)
    return found


def _bare(factor: str) -> str:
    """The column of a factor: `price` of `log(price)/100`."""
    return factor.removeprefix("log(").partition(")")[0].partition("/")[0].strip()
