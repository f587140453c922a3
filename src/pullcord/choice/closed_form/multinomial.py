"""Multinomial logit: the model to start from, fitted by Newton's method with the exact Hessian."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..data import ChoiceData, Floats
from ..estimation import checked, conclude, finite
from ..fit import Fit
from ..trust_region import Point
from ..utility import design_matrix, parse_utility
from .logit_likelihood import LogitLikelihood


@dataclass(frozen=True, slots=True)
class Logit:
    """Utility is linear in attributes, and what is not observed has no pattern.

    Choices may be ragged, weighted, repeated by persons, or counted. Source: McFadden (1974), in Zarembka (ed.),
    Frontiers in Econometrics; Train (2009), Discrete Choice Methods with Simulation, 2nd ed., ch. 3.

    >>> fit = Logit("price + range_km/100 + asc").fit(data)
    """

    utility: str

    @property
    def title(self) -> str:
        """What a table calls the model."""
        return "Logit"

    def fit(
        self,
        data: ChoiceData,
        *,
        seed: int = 0,
        start: Floats | None = None,
        on_step: Callable[[int, Point], None] | None = None,
        check: bool = True,
    ) -> Fit:
        """Maximum likelihood; the log-likelihood is concave, so there is one maximum or none.

        start : float64[term], all 0 if not given. on_step : told of each step. check : whether data that cannot
        identify the utility are refused before the search; without it the fit says so. seed : not used, nothing here
        is left to chance. Raises InvalidInput, NotFound where formula and data do not fit.
        """
        terms = parse_utility(self.utility, data)
        names = tuple(term.name for term in terms)
        x = design_matrix(terms, data)
        notes = checked(data, terms, x) if check else []
        likelihood = LogitLikelihood.of(x, data)
        at_zero = likelihood.start()
        maximum = likelihood.maximum(start, at_zero, on_step)
        by_choice, by_person = likelihood.score_products(maximum.estimates)
        return conclude(
            self,
            data,
            names,
            maximum,
            meat_robust=by_choice,
            meat_clustered=by_person,
            reference=likelihood.reference(names, maximum.point.information, at_zero),
            notes=notes,
        )

    def probabilities(self, estimates: Floats, data: ChoiceData, *, seed: int = 0) -> Floats:
        """float64[row]: each alternative's probability in its situation."""
        terms = parse_utility(self.utility, data)
        beta = finite(estimates, [term.name for term in terms])
        return LogitLikelihood.of(design_matrix(terms, data), data).probabilities(beta)

    def log_likelihoods(self, estimates: Floats, data: ChoiceData, *, seed: int = 0) -> Floats:
        """float64[person]: log-likelihood of all the person's choices, weights applied."""
        terms = parse_utility(self.utility, data)
        beta = finite(estimates, [term.name for term in terms])
        return LogitLikelihood.of(design_matrix(terms, data), data).log_likelihoods(beta)
