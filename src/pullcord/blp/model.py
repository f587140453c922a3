"""Random coefficients demand with a supply side: the question, and the search for its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from pullcord.base import InvalidInput, NotFound

from .data import MarketData
from .fit import BLPFit, Search
from .gmm import KINDS, Covariance, Gmm
from .inversion import TOLERANCE
from .notes import notes_on
from .search import Ended, moments_covariance, search
from .starts import elsewhere, moderate
from .system import Evaluation, System, build, square_root
from .terms import Floats


@dataclass(frozen=True, slots=True)
class BLP:
    """Demand with random coefficients on market shares, and firms that set prices as Bertrand would have them.

    Agent i gives product j the utility x_j beta + Σ sigma_k x_jk v_ik + Σ pi x_j d_i + xi_j; the outside good has 0.

    linear : what enters mean utility, `1 + hpwt + air + prices`. The price is endogenous wherever it enters.
    random : what has a normal taste with a standard deviation sigma, in the order of the agents' nodes.
    interactions : what tastes vary with people, such as {"prices": "1/income"}.
    costs : what enters marginal cost; None leaves the supply side out. cost_form : `log` for the logarithm of cost, in
        which a cost below `cost_floor` is set there, noted, and taken not to move.
    demand_instruments, supply_instruments : columns beside the exogenous characteristics, by name or pattern.
    absorb : a column or role (`product`, `firm`, `market`) whose fixed effects are taken out of mean utility.
    weighting : how moments are taken to vary; also the default for standard errors.
    steps : 1 for the first weighting matrix alone, 2 to weigh anew at the first estimates and search again.
    weigh_at_start : the first weighting matrix is that at the starting values instead of two-stage least squares'.
    tolerance : largest error of log shares in the inner loop.

    Sources: Berry, Levinsohn and Pakes (1995), Econometrica 63(4), 841-890; Nevo (2000), Journal of Economics and
    Management Strategy 9(4); Conlon and Gortmaker (2020), RAND Journal of Economics 51(4), 1108-1161.
    """

    linear: str
    random: str = ""
    interactions: Mapping[str, str] = field(default_factory=dict)
    costs: str | None = None
    cost_form: Literal["linear", "log"] = "linear"
    demand_instruments: str | tuple[str, ...] = "demand_instruments*"
    supply_instruments: str | tuple[str, ...] = "supply_instruments*"
    absorb: str | None = None
    weighting: Covariance = "robust"
    steps: int = 2
    weigh_at_start: bool = False
    cost_floor: float = 1e-3
    tolerance: float = TOLERANCE
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.weighting not in KINDS:
            raise InvalidInput(f"`{self.weighting}` is no way to weigh", f"weigh by {', '.join(KINDS)}")
        if self.cost_form not in ("linear", "log"):
            raise InvalidInput(f"`{self.cost_form}` is no form of cost", "cost is linear or log")
        if self.steps not in (1, 2):
            raise InvalidInput(f"GMM in {self.steps} steps", "take 1 or 2")

    def fit(
        self,
        data: MarketData,
        *,
        start: Mapping[str, float] | None = None,
        bounds: Mapping[str, tuple[float, float]] | None = None,
        fixed: Mapping[str, float] | None = None,
        starts: int = 1,
        seed: int = 0,
    ) -> BLPFit:
        """The estimates, with their uncertainty and what to make of them in words.

        start, bounds, fixed : by parameter, `sigma hpwt`, `pi prices x 1/income`; a sigma is bounded by zero from
        below. What is not named starts at a moderate taste. starts : how many searches to begin, the first at `start`,
        the others at places drawn around it; the best is reported, and how many came to it.
        Raises SolverFailure where the objective is no number at any start.
        """
        system = build(self, data)
        begin, lower, upper = self._box(system, start, bounds, fixed)
        begins = [begin] + [elsewhere(begin, lower, upper, seed, number) for number in range(1, starts)]
        ended = search(
            system, begins, lower, upper, self.weighting, steps=self.steps, weigh_at_start=self.weigh_at_start
        )
        return _answer(self, system, ended, lower, upper, len(begins))

    def evaluate(
        self, data: MarketData, parameters: Mapping[str, float], *, weighting: Floats | None = None
    ) -> tuple[float, Floats, Evaluation]:
        """Objective, gradient float64[theta] and all else at given parameters; weighting by default two-stage least
        squares'. The weighting matrix is over orthogonal instruments, as `BLPFit.gmm` has it."""
        system = build(self, data)
        theta = np.array([_named(parameters, name, system) for name in system.names])
        root = np.eye(len(system.cross())) if weighting is None else square_root(weighting)
        found = system.evaluate(theta, root)
        residuals = system.residuals(found, root)
        return residuals.objective, 2 * residuals.gradient, found

    def _box(
        self,
        system: System,
        start: Mapping[str, float] | None,
        bounds: Mapping[str, tuple[float, float]] | None,
        fixed: Mapping[str, float] | None,
    ) -> tuple[Floats, Floats, Floats]:
        known = set(system.names)
        for given in (start or {}, bounds or {}, fixed or {}):
            if unknown := sorted(set(given) - known):
                raise NotFound(
                    f"the search has no parameter {', '.join(unknown)}", f"it has {', '.join(system.names) or 'none'}"
                )
        begin = moderate(self, system, frozenset(start or {}) | frozenset(fixed or {}))
        lower = np.array([0.0 if name.startswith("sigma") else -np.inf for name in system.names])
        upper = np.full(len(system.names), np.inf)
        for name, value in (start or {}).items():
            begin[system.names.index(name)] = value
        for name, (low, high) in (bounds or {}).items():
            at = system.names.index(name)
            lower[at], upper[at] = low, high
        for name, value in (fixed or {}).items():
            at = system.names.index(name)
            begin[at] = lower[at] = upper[at] = value
        if np.any(lower > upper):
            at = int(np.argmax(lower > upper))
            raise InvalidInput(f"the bounds of `{system.names[at]}` leave nothing", "give the lower bound first")
        return np.clip(begin, lower, upper), lower, upper


def _answer(model: BLP, system: System, ended: Ended, lower: Floats, upper: Floats, starts: int) -> BLPFit:
    found, theta = ended.found, ended.found.theta
    names = system.names + tuple(name for equation in system.equations for name in equation.names)
    edge = (theta <= lower) | (theta >= upper)
    gmm = Gmm(
        names=names,
        estimates=np.concatenate([theta, found.linear]),
        jacobian=found.full_jacobian,
        weighting=ended.weighting,
        moment_covariances=(
            moments_covariance(system, found, "unadjusted"),
            moments_covariance(system, found, "robust"),
            moments_covariance(system, found, "clustered"),
        ),
        rows=system.data.rows,
        held=tuple(name for name, at_edge in zip(system.names, edge, strict=True) if at_edge),
        kind=model.weighting,
    )
    minimum = ended.minimum
    record = Search(
        converged=minimum.converged,
        message=minimum.message,
        evaluations=ended.evaluations,
        contractions=ended.contractions,
        decrement=minimum.decrement,
        starts=starts,
        agreeing=ended.agreeing,
    )
    objective = system.data.rows * float(found.moments @ ended.weighting @ found.moments)
    return BLPFit(
        model=model,
        data=system.data,
        gmm=gmm,
        objective=objective,
        first_objective=ended.first_objective,
        delta=found.delta,
        xi=found.xi,
        omega=found.omega,
        costs=found.costs,
        theta=theta,
        taste_for_price=system.price_tastes(theta, found.linear),
        tastes=system.tastes,
        search=record,
        notes=notes_on(system, found, gmm, record, objective),
    )


def _named(parameters: Mapping[str, float], name: str, system: System) -> float:
    if name not in parameters:
        raise NotFound(f"`{name}` has no value", f"give one for each of {', '.join(system.names)}")
    return float(parameters[name])
