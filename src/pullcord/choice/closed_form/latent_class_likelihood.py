"""The latent class logit's likelihood on one set of arrays, and the search for its highest maximum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pullcord.base import InvalidInput, stream

from ..compiling import share
from ..data import ChoiceData, Floats, Integers
from ..trust_region import Maximum, Point, maximise
from .latent_class_kernels import latent_class_blocks
from .logit_likelihood import LogitLikelihood

_EM_ROUNDS = 5
# Starts are tried on a part of the persons where there are more than this; the best of them go on with all.
_PERSONS_PER_START = 3_000
_STARTS_KEPT = 3
# How far apart classes start: the standard deviation of what sets their utilities of an alternative apart.
_APART = 1.0
# Short first steps: what expectation and maximisation have begun to tell apart, a long one would mix up again.
_RADIUS = 0.02
_NO_SCORES = np.empty((0, 0))
# Log-likelihoods that differ by less are the same maximum.
SAME = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class LatentClassLikelihood:
    """logit : of the choices; attributes : float64[person, trait], what membership depends on; weight :
    float64[person]; classes : how many; per_choice : float64[term, term], the information of one choice while all
    alternatives are equally likely. A parameter vector is the tastes class by class, then the memberships of all
    classes but the first."""

    logit: LogitLikelihood
    attributes: Floats
    weight: Floats
    classes: int
    per_choice: Floats

    @classmethod
    def of(cls, x: Floats, traits: Floats, data: ChoiceData, classes: int) -> LatentClassLikelihood:
        """traits : float64[row, trait]. Raises InvalidInput for counts, and for what differs within a person."""
        data.chosen_row()  # counts do not say which choices are one person's
        first = data.situation_start[data.person_start[:-1]]
        attributes = np.ascontiguousarray(traits[first])
        person = np.repeat(data.person_of_situation(), np.diff(data.situation_start))
        if np.any(traits != attributes[person]):
            raise InvalidInput("membership depends on what differs within a person", "take attributes of persons")
        weight = data.weight[data.person_start[:-1]]
        if np.any(data.weight != np.repeat(weight, np.diff(data.person_start))):
            raise InvalidInput(f"weights differ within a person of `{data.name}`", "give each person one weight")
        logit = LogitLikelihood.of(x, data)
        return cls(logit, attributes, np.array(weight), classes, logit.per_choice(logit.start()))

    @property
    def terms(self) -> int:
        """How many tastes a class has."""
        return int(self.logit.x.shape[1])

    def split(self, theta: Floats) -> tuple[Floats, Floats]:
        """Tastes float64[class, term] and memberships float64[class - 1, trait]."""
        at = self.classes * self.terms
        return (
            np.array(theta[:at]).reshape(self.classes, self.terms),
            np.array(theta[at:]).reshape(self.classes - 1, self.attributes.shape[1]),
        )

    def point(self, theta: Floats) -> Point:
        """Log-likelihood, gradient and exact information."""
        gradient, information, complete, likelihoods, _, _ = self._pass(theta, True, _NO_SCORES)
        # A class that nobody is of has no information of its own: it counts as one choice of one person.
        one = np.append(np.tile(np.diag(self.per_choice), self.classes), np.tile(self._traits(), self.classes - 1))
        scale = np.where(one > 0, np.sqrt(complete + one), 0.0)
        return Point(float(likelihoods.sum()), gradient, information, scale)

    def reference(self) -> Floats:
        """float64[parameter, parameter]: what one choice in one of the classes, and one person, tell at the outset."""
        tastes = np.kron(np.eye(self.classes), self.per_choice / self.classes)
        traits = self.attributes.T @ self.attributes / len(self.weight)
        belonging = np.kron(np.eye(self.classes - 1), traits / (4 * self.classes))
        whole = np.zeros((len(tastes) + len(belonging), len(tastes) + len(belonging)))
        whole[: len(tastes), : len(tastes)] = tastes
        whole[len(tastes) :, len(tastes) :] = belonging
        return whole

    def score_products(self, theta: Floats) -> Floats:
        """float64[parameter, parameter], the sum of outer products of the scores of persons."""
        scores = np.empty((len(self.weight), len(theta)))
        self._pass(theta, True, scores)
        return np.asarray(scores.T @ scores, dtype=np.float64)

    def classified(self, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """Log-likelihoods float64[person], prior and posterior class probabilities float64[person, class]."""
        return self._pass(theta, False, _NO_SCORES)[3:]

    def shares(self, theta: Floats) -> Floats:
        """float64[class], over all persons, before their choices are known."""
        return np.asarray(np.average(self.classified(theta)[1], axis=0, weights=self.weight), dtype=np.float64)

    def improve(self, theta: Floats, rounds: int) -> Floats:
        """`theta` after rounds of expectation and maximisation, each of which climbs.

        Source: Bhat (1997), Transportation Science 31(1); Train (2009), sec. 14.3.
        """
        data = self.logit.data
        for _ in range(rounds):
            tastes, membership = self.split(theta)
            posterior = self.classified(theta)[2]
            for c in range(self.classes):
                weight = np.repeat(self.weight * posterior[:, c], np.diff(data.person_start))
                tastes[c] = maximise(
                    lambda at, weight=weight: self.logit.point(at, weight=weight),  # type: ignore[misc]
                    tastes[c],
                    iterations_max=1,
                ).estimates
            grown = maximise(
                lambda at, h=posterior: self._membership(at, h),  # type: ignore[misc]
                membership.ravel(),
                iterations_max=2,
            )
            theta = np.concatenate([tastes.ravel(), grown.estimates])
        return theta

    def ordered(self, theta: Floats) -> Floats:
        """The same model with its classes named by size, the largest first."""
        tastes, membership = self.split(theta)
        order = np.argsort(-self.shares(theta), kind="stable")
        whole = np.vstack([np.zeros(membership.shape[1]), membership])[order]
        return np.concatenate([tastes[order].ravel(), (whole[1:] - whole[0]).ravel()])

    def _traits(self) -> Floats:
        return np.asarray(np.mean(self.attributes**2, axis=0), dtype=np.float64)

    def _membership(self, gamma: Floats, posterior: Floats) -> Point:
        """The likelihood of belonging, were the posterior probabilities observed."""
        traits = self.attributes.shape[1]
        utility = np.column_stack(
            [np.zeros(len(self.weight)), self.attributes @ gamma.reshape(self.classes - 1, traits).T]
        )
        utility -= utility.max(axis=1, keepdims=True)
        log_prior = utility - np.log(np.exp(utility).sum(axis=1, keepdims=True))
        prior = np.exp(log_prior[:, 1:])
        surprise = self.weight[:, None] * (posterior[:, 1:] - prior)
        spread = self.weight[:, None, None] * (
            prior[:, :, None] * np.eye(self.classes - 1) - prior[:, :, None] * prior[:, None, :]
        )
        information = np.einsum("ncd,np,nq->cpdq", spread, self.attributes, self.attributes)
        return Point(
            float(np.sum(self.weight[:, None] * posterior * log_prior)),
            (surprise.T @ self.attributes).ravel(),
            information.reshape(len(gamma), len(gamma)),
        )

    def _pass(
        self, theta: Floats, derive: bool, scores: Floats
    ) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
        data = self.logit.data
        tastes, membership = self.split(theta)
        blocks, size = min(64, max(1, data.persons // 16)), len(theta)
        gradients, complete = np.zeros((blocks, size)), np.zeros((blocks, size))
        information = np.zeros((blocks, size, size))
        likelihoods = np.empty(data.persons)
        prior, posterior = np.empty((data.persons, self.classes)), np.empty((data.persons, self.classes))

        def work(low: int, high: int) -> None:
            latent_class_blocks(
                self.logit.x, data.chosen, data.situation_start, data.person_start, self.weight, self.attributes,
                tastes, membership, derive, low, high, gradients, information, complete, scores, likelihoods, prior,
                posterior,
            )  # fmt: skip

        a_row = self.terms**2 / 2 + 6 * self.terms + 30.0 if derive else 2 * self.terms + 30.0
        share(blocks, len(self.logit.x) * self.classes * a_row, work)
        total = np.triu(information.sum(axis=0))
        full = total + np.triu(total, 1).T
        return gradients.sum(axis=0), full, complete.sum(axis=0), likelihoods, prior, posterior


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """Where several starts have ended; `values` are the log-likelihoods on all persons, or on those tried on, and
    `evaluations` counts them all."""

    maximum: Maximum
    values: tuple[float, ...]
    evaluations: int
    in_part: bool


def search(likelihood: LatentClassLikelihood, *, starts: int, seed: int) -> Search:
    """The highest of the maxima to which several seeded starts lead."""
    data = likelihood.logit.data
    part = likelihood
    if data.persons > 2 * _PERSONS_PER_START:
        chosen = np.arange(_PERSONS_PER_START) * data.persons // _PERSONS_PER_START
        small, rows = data.take_persons(chosen), _rows(data, chosen)
        part = LatentClassLikelihood(
            LogitLikelihood.of(likelihood.logit.x[rows], small),
            likelihood.attributes[chosen],
            likelihood.weight[chosen],
            likelihood.classes,
            likelihood.per_choice,
        )
    tastes = part.logit.maximum(None).estimates
    # How much an attribute differs among the alternatives of a choice.
    typical = np.sqrt(np.diag(likelihood.per_choice))
    apart = np.divide(_APART / np.sqrt(part.terms), typical, out=np.zeros(part.terms), where=typical > 0)
    ends = []
    for start in range(starts):
        chance = stream(seed, "choice.latent_class.start", start)
        spread = tastes + apart * chance.standard_normal((part.classes, part.terms))
        theta = np.concatenate([spread.ravel(), np.zeros((part.classes - 1) * part.attributes.shape[1])])
        theta = part.improve(theta, _EM_ROUNDS)
        # Near enough to tell which is the highest.
        ends.append(maximise(part.point, theta, radius=_RADIUS, tolerance=1e-2))
    evaluations = sum(end.evaluations for end in ends)
    values = tuple(end.point.value for end in ends)
    best = sorted(ends, key=lambda end: (end.converged, end.point.value), reverse=True)
    if part is likelihood:
        return Search(best[0], values, evaluations, False)
    kept: list[Maximum] = []
    for end in best:
        if len(kept) < _STARTS_KEPT and all(abs(end.point.value - other.point.value) > SAME for other in kept):
            kept.append(end)
    whole = [maximise(likelihood.point, end.estimates) for end in kept]
    return Search(max(whole, key=lambda end: (end.converged, end.point.value)), values, evaluations, True)


def _rows(data: ChoiceData, persons: Integers) -> Integers:
    """int64[row]: the rows of some persons, in their order."""
    first = data.situation_start[data.person_start[:-1]][persons]
    last = data.situation_start[data.person_start[1:]][persons]
    return np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)])
