"""Latent class logit: a few kinds of people, each with tastes of its own; who is of which kind is inferred."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from pullcord.base import InvalidInput

from ..data import ChoiceData, Floats
from ..estimation import checked, conclude, finite
from ..fit import Fit
from ..trust_region import Point, maximise
from ..utility import Term, design_matrix, parse_utility
from .latent_class_likelihood import SAME, LatentClassLikelihood, Search, search

# A class that fewer persons than this belong to, in effect, is as good as empty.
_PERSONS_MIN = 2.0
# In units of utility, over what alternatives of a choice differ in: tastes closer than this are the same.
_APART_MIN = 1e-3


@dataclass(frozen=True, slots=True)
class LatentClass:
    """Each person is of one of several classes, and keeps to its tastes in all choices.

    membership : what belonging to a class depends on, in the language of utility, of attributes that do not change
    within a person; "1" for sizes alone. A constant is always in it. starts : how many starts are tried, for the
    likelihood has many maxima. Classes are named by size, class 1 the largest; membership is relative to it.

    Source: Train (2009), Discrete Choice Methods with Simulation, 2nd ed., sec. 6.2 and 14.3; Greene and Hensher
    (2003), Transportation Research Part B 37(8).

    >>> fit = LatentClass("price + range_km/100", classes=2, membership="income").fit(data, seed=7)
    """

    utility: str
    classes: int = 2
    membership: str = "1"
    starts: int = 10

    def __post_init__(self) -> None:
        if self.classes < 2:
            raise InvalidInput(f"{self.classes} classes are no classes", "ask for two or more, or fit Logit")
        if self.starts < 1:
            raise InvalidInput(f"{self.starts} starts lead nowhere", "ask for one or more")

    @property
    def title(self) -> str:
        """What a table calls the model."""
        by = "" if self.membership.strip() == "1" else f", membership by {self.membership}"
        return f"Latent class logit, {self.classes} classes{by}"

    def fit(
        self,
        data: ChoiceData,
        *,
        seed: int = 0,
        start: Floats | None = None,
        on_step: Callable[[int, Point], None] | None = None,
        check: bool = True,
    ) -> Fit:
        """Maximum likelihood: seeded starts, each by expectation and maximisation first and the exact Hessian then.

        start : float64[parameter], to search from there alone. on_step : told of each step that refines the best end.
        Weights must be the same for all choices of a person. Raises InvalidInput, NotFound where formulas and data do
        not fit.
        """
        names, likelihood = self._prepared(data)
        notes = checked(data, parse_utility(self.utility, data), likelihood.logit.x) if check else []
        steps, evaluations = 0, 0
        if start is None:
            found = search(likelihood, starts=self.starts, seed=seed)
            notes += _disagreement(found)
            start = found.maximum.estimates
            steps, evaluations = found.maximum.iterations, found.evaluations
        elif np.shape(start) != (len(names),):
            raise InvalidInput(f"the start has {np.size(start)} values, the model {len(names)}", ", ".join(names))
        # Naming the classes anew is a change of co-ordinates: the search goes on from there, mostly for no step.
        ahead = maximise(likelihood.point, start)
        maximum = maximise(likelihood.point, likelihood.ordered(ahead.estimates), on_step=on_step)
        maximum = replace(
            maximum,
            iterations=steps + ahead.iterations + maximum.iterations,
            evaluations=evaluations + ahead.evaluations + maximum.evaluations,
        )
        notes += _redundancy(likelihood, maximum.estimates)
        meat = likelihood.score_products(maximum.estimates)
        return conclude(
            self,
            data,
            names,
            maximum,
            meat_robust=meat,
            meat_clustered=meat,
            reference=likelihood.reference(),
            seed=seed,
            notes=notes,
        )

    def probabilities(self, estimates: Floats, data: ChoiceData, *, seed: int = 0) -> Floats:
        """float64[row]: each alternative's probability in its situation, knowing nothing of past choices."""
        return self._mixture(estimates, data, 1)

    def posterior_probabilities(self, estimates: Floats, data: ChoiceData) -> Floats:
        """float64[row]: the same for persons whose choices in `data` are known, as they would choose again."""
        return self._mixture(estimates, data, 2)

    def log_likelihoods(self, estimates: Floats, data: ChoiceData, *, seed: int = 0) -> Floats:
        """float64[person]: log-likelihood of all the person's choices, weights applied."""
        names, likelihood = self._prepared(data)
        return likelihood.classified(finite(estimates, names))[0]

    def class_shares(self, estimates: Floats, data: ChoiceData) -> Floats:
        """float64[class]: how large each class is among the persons, weights applied."""
        names, likelihood = self._prepared(data)
        return likelihood.shares(finite(estimates, names))

    def class_posteriors(self, estimates: Floats, data: ChoiceData) -> Floats:
        """float64[person, class]: how likely each person is of each class, given what the person chose."""
        names, likelihood = self._prepared(data)
        return likelihood.classified(finite(estimates, names))[2]

    def _mixture(self, estimates: Floats, data: ChoiceData, known: int) -> Floats:
        names, likelihood = self._prepared(data)
        theta = finite(estimates, names)
        belonging = likelihood.classified(theta)[known]
        person = np.repeat(data.person_of_situation(), np.diff(data.situation_start))
        total = np.zeros(data.rows)
        for c, tastes in enumerate(likelihood.split(theta)[0]):
            total += belonging[person, c] * likelihood.logit.probabilities(tastes)
        return total

    def _prepared(self, data: ChoiceData) -> tuple[tuple[str, ...], LatentClassLikelihood]:
        terms = parse_utility(self.utility, data)
        constant = Term("1", ())
        traits = (constant, *(t for t in parse_utility(self.membership, data) if t != constant))
        names = [f"class {c}: {term.name}" for c in range(1, self.classes + 1) for term in terms]
        names += [f"class {c} membership: {trait.name}" for c in range(2, self.classes + 1) for trait in traits]
        return tuple(names), LatentClassLikelihood.of(
            design_matrix(terms, data), design_matrix(traits, data), data, self.classes
        )


def _redundancy(likelihood: LatentClassLikelihood, theta: Floats) -> list[str]:
    """Which classes are next to empty, and which are the same as another."""
    tastes, persons = likelihood.split(theta)[0], len(likelihood.weight)
    notes = [
        f"class {c} is next to empty ({members:.2g} of {persons} persons): fewer classes do as well"
        for c, members in enumerate(likelihood.shares(theta) * persons, 1)
        if members < _PERSONS_MIN
    ]
    for (c, first), (d, second) in combinations(enumerate(tastes, 1), 2):
        apart = first - second
        if np.sqrt(apart @ likelihood.per_choice @ apart) < _APART_MIN:
            notes.append(f"classes {c} and {d} have the same tastes: fewer classes do as well")
    return notes


def _disagreement(found: Search) -> list[str]:
    """What the starts say of each other, where they did not all lead to the same end."""
    best = max(found.values)
    there = sum(best - value < SAME for value in found.values)
    if there == len(found.values):
        return []
    where = " in a part of the data" if found.in_part else ""
    return [
        f"{there} of {len(found.values)} starts led to the highest maximum{where}, the others up to"
        f" {best - min(found.values):.3g} below" + ("" if there > 1 else ": try more starts")
    ]
