"""The search for the parameters at which the moments are as near to zero as they come, in one or two steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pullcord.base import SolverFailure

from .gmm import Covariance, inverse_weights, moment_covariance
from .least_squares import Minimum, Residuals, minimise
from .system import Evaluation, System, square_root
from .terms import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """Where a search ended.

    found : everything at the estimates. weighting : float64[moment, moment], of the last step. minimum : of the last
    step; first_objective : of the first of two. evaluations : of the objective; contractions : of the inner loop.
    agreeing : how many of the starts came to the best objective of the first step.
    """

    found: Evaluation
    weighting: Floats
    minimum: Minimum
    first_objective: float | None
    evaluations: int
    contractions: int
    agreeing: int


def search(
    system: System,
    begins: Sequence[Floats],
    lower: Floats,
    upper: Floats,
    kind: Covariance,
    *,
    steps: int = 2,
    weigh_at_start: bool = False,
) -> Ended:
    """The least objective within bounds: the first step from every start, the second from the best, weighed there.

    All starts are compared under one weighting matrix, for objectives with different weights do not compare. Raises
    SolverFailure where the objective is no number at any start.
    """
    run = _Run(system, np.eye(len(system.cross())))
    if weigh_at_start:
        found = run.evaluate(begins[0])
        if len(found.failed):
            raise _no_start(system, found)
        run.weigh(inverse_weights(moments_covariance(system, found, kind)))
    ended = [minimise(run.residuals, begin, lower, upper) for begin in begins]
    best = min(ended, key=lambda minimum: minimum.residuals.objective)
    least = best.residuals.objective
    if not np.isfinite(least):
        raise _no_start(system, run.evaluate(begins[0]))
    agreeing = sum(minimum.residuals.objective <= least + 1e-6 * (1 + least) for minimum in ended)
    first_objective = None
    if steps == 2:
        first_objective = least
        run.weigh(inverse_weights(moments_covariance(system, run.evaluate(best.estimates), kind)))
        best = minimise(run.residuals, best.estimates, lower, upper)
    found = run.evaluate(best.estimates)
    return Ended(found, run.weighting, best, first_objective, run.evaluations, run.contractions, agreeing)


class _Run:
    """A search under way: its weights, where the last inversion ended, and what has been spent."""

    def __init__(self, system: System, weighting: Floats) -> None:
        self.system = system
        self.delta: Floats | None = None
        self.evaluations = self.contractions = 0
        self.weigh(weighting)

    def weigh(self, weighting: Floats) -> None:
        self.weighting = weighting
        self.root = square_root(weighting)

    def evaluate(self, theta: Floats) -> Evaluation:
        """The moments; the inversion begins at the last answer, whose shares are nearly right."""
        found = self.system.evaluate(theta, self.root, delta=self.delta)
        self.evaluations += 1
        self.contractions += found.evaluations
        if not len(found.failed):
            self.delta = found.delta
        return found

    def residuals(self, theta: Floats) -> Residuals:
        return self.system.residuals(self.evaluate(theta), self.root)


def _no_start(system: System, found: Evaluation) -> SolverFailure:
    why = "a moment is infinite"
    if len(found.failed):
        names = ", ".join(system.data.market_names[t] for t in found.failed[:5])
        why = f"no mean utilities reproduce the shares of market {names}"
    elif len(found.clipped):
        why = f"{len(found.clipped)} of {system.data.rows} marginal costs are not above {system.cost_floor:g}"
    return SolverFailure(
        f"the objective is no number at the start: {why}",
        "start at weaker tastes, or see whether prices and characteristics are in sensible units",
    )


def moments_covariance(system: System, found: Evaluation, kind: Covariance) -> Floats:
    """float64[moment, moment]: covariance of the system's moments at an evaluation."""
    errors = [found.xi] if system.supply is None else [found.xi, found.omega]
    return moment_covariance(errors, [e.instruments for e in system.equations], system.data.cluster, kind)
