"""Nested logit: alternatives of one nest compete harder with each other than with the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from pullcord.base import InvalidInput, NotFound

from ..compiling import share
from ..data import ChoiceData, Floats, Integers
from ..estimation import checked, choices_made, conclude, finite
from ..fit import Covariance, Fit
from ..trust_region import Maximum, Point, maximise
from ..utility import Term, design_matrix, parse_utility
from .logit_likelihood import LogitLikelihood
from .nested_kernels import nested_blocks, nested_log_probabilities

# The information of one choice on a dissimilarity near 1, by order of magnitude: what `identify` measures against.
_INFORMATION_PER_CHOICE = 0.05
# Log-likelihoods that differ by less are the same maximum.
_SAME = 1e-4
_NEAR_ZERO = 0.02


@dataclass(frozen=True, slots=True)
class Dissimilarity:
    """How different the alternatives of a nest are: 1 makes a logit of it, towards 0 they become one."""

    nest: str
    estimate: float
    standard_error: float
    t_against_one: float


@dataclass(frozen=True, slots=True)
class NestedLogit:
    """A logit in which what is not observed is shared within nests, one dissimilarity (lambda) for each.

    nests : the alternatives of each; who is named in none is alone. The tastes are on the scale of the choice among
    nests, and lambda is 1/mu of those who write exp(mu V) within a nest. Choices consistent with utility maximisation
    whatever the attributes need 0 < lambda <= 1.

    Source: Train (2009), Discrete Choice Methods with Simulation, 2nd ed., sec. 4.2; McFadden (1978), in Karlqvist
    et al. (eds.), Spatial Interaction Theory and Planning Models.

    >>> NestedLogit("time + cost + asc(SM)", nests={"existing": ("TRAIN", "CAR")}).fit(data)
    """

    utility: str
    nests: Mapping[str, tuple[str, ...]]

    @property
    def title(self) -> str:
        """What a table calls the model."""
        return "Nested logit, " + ", ".join(f"{name} ({', '.join(nest)})" for name, nest in self.nests.items())

    def fit(
        self,
        data: ChoiceData,
        *,
        seed: int = 0,
        start: Floats | None = None,
        on_step: Callable[[int, Point], None] | None = None,
        check: bool = True,
    ) -> Fit:
        """Maximum likelihood by the exact Hessian.

        start : float64[parameter], tastes and then dissimilarities; if not given, the search goes from the logit
        twice, with all dissimilarities at 1 and at 1/2, and says so if it ends in two places. seed : not used, nothing
        here is left to chance. Raises InvalidInput, NotFound where formula, nests and data do not fit.
        """
        terms, names, x, nest = self._prepared(data)
        if start is not None and np.shape(start) != (len(names),):
            raise InvalidInput(f"the start has {np.size(start)} values, the model {len(names)}", ", ".join(names))
        if whole := [name for name, members in self.nests.items() if set(members) >= set(data.alternatives)]:
            raise InvalidInput(
                f"nest `{whole[0]}` holds every alternative: the data tell tastes over its dissimilarity, and not both",
                "leave an alternative out of it, or fit Logit",
            )
        notes = checked(data, terms, x) if check else []
        logit = LogitLikelihood.of(x, data)
        at_zero = logit.start()

        told = np.append(np.diag(logit.per_choice(at_zero)), np.full(len(self.nests), _INFORMATION_PER_CHOICE))
        scale = np.sqrt(told * choices_made(data))

        def objective(theta: Floats) -> Point:
            return replace(self._pass(theta, x, data, nest)[0], scale=scale)

        if start is None:
            tastes = logit.maximum(None, at_zero).estimates
            ends = [
                maximise(objective, np.append(tastes, np.full(len(self.nests), level)), on_step=on_step)
                for level in (1.0, 0.5)
            ]
            maximum = max(ends, key=lambda end: (end.converged, end.point.value))
            notes += _disagreement(maximum, ends)
        else:
            maximum = maximise(objective, np.asarray(start, dtype=np.float64), on_step=on_step)
        _, by_choice, by_person = self._pass(maximum.estimates, x, data, nest)
        reference = np.eye(len(names)) * _INFORMATION_PER_CHOICE
        of_tastes = slice(len(terms))
        information = maximum.point.information[of_tastes, of_tastes]
        reference[of_tastes, of_tastes] = logit.reference(names[of_tastes], information, at_zero)
        fit = conclude(
            self,
            data,
            names,
            maximum,
            meat_robust=by_choice,
            meat_clustered=by_person,
            reference=reference,
            notes=notes,
        )
        return replace(fit, notes=(*fit.notes, *(_consistency(one) for one in dissimilarities(fit))))

    def probabilities(self, estimates: Floats, data: ChoiceData, *, seed: int = 0) -> Floats:
        """float64[row]: each alternative's probability in its situation."""
        return np.exp(self._log_probabilities(estimates, data))

    def log_likelihoods(self, estimates: Floats, data: ChoiceData, *, seed: int = 0) -> Floats:
        """float64[person]: log-likelihood of all the person's choices, weights applied."""
        weight = np.repeat(data.weight, np.diff(data.situation_start)) * data.chosen
        each = np.where(weight > 0, weight * self._log_probabilities(estimates, data), 0.0)
        first_row = data.situation_start[data.person_start[:-1]]
        return np.asarray(np.add.reduceat(each, first_row), dtype=np.float64)

    def _log_probabilities(self, estimates: Floats, data: ChoiceData) -> Floats:
        terms, names, x, nest = self._prepared(data)
        theta, tastes = finite(estimates, names), len(terms)
        if np.any(theta[tastes:] <= 0):
            raise InvalidInput("a dissimilarity is not above 0", "give one in (0, 1] for each nest")
        return np.asarray(nested_log_probabilities(x, data.situation_start, nest, theta[:tastes], theta[tastes:]))

    def _prepared(self, data: ChoiceData) -> tuple[tuple[Term, ...], tuple[str, ...], Floats, Integers]:
        """Terms, names of the parameters, the design matrix and int64[row], the nest of each row or -1."""
        terms = parse_utility(self.utility, data)
        names = (*(term.name for term in terms), *(f"lambda({name})" for name in self.nests))
        of = np.full(len(data.alternatives), -1, dtype=np.int64)
        for index, (name, members) in enumerate(self.nests.items()):
            if len(set(members)) < 2:
                raise InvalidInput(f"nest `{name}` has fewer than two alternatives", "leave it out: it is alone")
            for member in members:
                if member not in data.alternatives:
                    known = ", ".join(data.alternatives[:20])
                    raise NotFound(f"`{data.name}` has no alternative `{member}` for nest `{name}`", f"it has {known}")
                if of[data.alternatives.index(member)] not in (-1, index):
                    raise InvalidInput(f"`{member}` is in two nests", "put each alternative in one nest at most")
                of[data.alternatives.index(member)] = index
        if not self.nests:
            raise InvalidInput("no nests are named", "name them, or fit Logit")
        return terms, names, design_matrix(terms, data), of[data.alternative]

    def _pass(self, theta: Floats, x: Floats, data: ChoiceData, nest: Integers) -> tuple[Point, Floats, Floats]:
        size, terms = len(theta), x.shape[1]
        if np.any(theta[terms:] <= 0):  # no probabilities there: the search turns back
            nothing = np.zeros((size, size))
            return Point(-np.inf, np.zeros(size), nothing), nothing, nothing
        blocks = min(64, max(1, data.persons // 16))
        values, gradients = np.zeros(blocks), np.zeros((blocks, size))
        products = [np.zeros((blocks, size, size)) for _ in range(3)]
        beta, dissimilarity = np.array(theta[:terms]), np.array(theta[terms:])

        def work(low: int, high: int) -> None:
            nested_blocks(
                x, data.chosen, data.situation_start, data.weight, data.person_start, nest, beta, dissimilarity,
                low, high, values, gradients, *products,
            )  # fmt: skip

        share(blocks, len(x) * (2.0 * size * size + 10 * size + 60), work)
        full = [np.triu(total) + np.triu(total, 1).T for total in (product.sum(axis=0) for product in products)]
        return Point(float(values.sum()), gradients.sum(axis=0), full[0]), full[1], full[2]


def dissimilarities(fit: Fit, covariance: Covariance | None = None) -> tuple[Dissimilarity, ...]:
    """The dissimilarity of each nest and how far it is from 1, the logit; nothing for what is not identified.

    covariance : of the standard errors; the fit's default, which its table shows, unless given.

    Raises InvalidInput where the fit is not of a nested logit.
    """
    if not isinstance(fit.model, NestedLogit):
        raise InvalidInput(f"{fit.model.title} has no nests", "fit NestedLogit")
    with np.errstate(invalid="ignore"):  # no maximum, no standard error: it is NaN then
        errors = fit.standard_errors(covariance or fit.default_covariance)
    found = []
    for nest in fit.model.nests:
        at = fit.index(f"lambda({nest})")
        if fit.names[at] not in fit.unidentified:
            estimate, error = float(fit.estimates[at]), float(errors[at])
            found.append(Dissimilarity(nest, estimate, error, (estimate - 1) / error))
    return tuple(found)


def _consistency(one: Dissimilarity) -> str:
    """What a dissimilarity says, in words."""
    if one.estimate < _NEAR_ZERO:
        return f"lambda({one.nest}) is next to 0, where the model ends: within the nest the best is always chosen"
    side = "above" if one.estimate > 1 else "below"
    told = f"lambda({one.nest}) = {one.estimate:.4g} is {abs(one.t_against_one):.1f} standard errors {side} 1"
    if one.estimate > 1:
        return f"{told}: consistent with utility maximisation for some values of the attributes only"
    return f"{told}, where the nest would be a plain logit"


def _disagreement(best: Maximum, ends: list[Maximum]) -> list[str]:
    lower = min(end.point.value for end in ends)
    if best.point.value - lower < _SAME:
        return []
    return [f"two starts ended in two places, the lower at {lower:.3f}: there may be more maxima"]
