"""What an estimation on market shares comes back with: frozen, to keep, compare and ask further."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .data import MarketData
from .demand import Demand
from .gmm import Covariance, Gmm
from .inversion import Tastes
from .terms import Floats

if TYPE_CHECKING:
    from .model import BLP


@dataclass(frozen=True, slots=True)
class Search:
    """How the search for the estimates went.

    evaluations : of the objective; contractions : of the inner loop, over all markets; decrement : length of the last
    step foreseen, in standard errors. agreeing : how many of the starts came to this objective.
    """

    converged: bool
    message: str
    evaluations: int
    contractions: int
    decrement: float
    starts: int
    agreeing: int


@dataclass(frozen=True, slots=True, eq=False)
class BLPFit:
    """Estimates of demand with random coefficients, and of costs where there is a supply side.

    gmm : names, estimates and their covariance. objective : rows times g'Wg; first_objective : that of the first of
        two steps, with its own weights.
    delta, xi : float64[row], mean utility and its part that no column explains.
    costs, omega : float64[row], marginal costs in units of price and the unexplained part; empty without a supply side.
    theta : float64[nonlinear parameter], as `tastes` counts them. taste_for_price : float64[agent].
    notes : what to be careful about, in words.
    """

    model: BLP
    data: MarketData
    gmm: Gmm
    objective: float
    first_objective: float | None
    delta: Floats
    xi: Floats
    omega: Floats
    costs: Floats
    theta: Floats
    taste_for_price: Floats
    tastes: Tastes
    search: Search
    notes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """One for each parameter: sigma, pi, beta, gamma."""
        return self.gmm.names

    @property
    def estimates(self) -> Floats:
        """float64[parameter]."""
        return self.gmm.estimates

    def __getitem__(self, name: str) -> float:
        """The estimate of a parameter by name. Raises NotFound."""
        return float(self.gmm.estimates[self.gmm.index(name)])

    def covariance(self, kind: Covariance | None = None) -> Floats:
        """float64[parameter, parameter], by default of the kind that the model weighs by."""
        return self.gmm.covariance(kind)

    def standard_errors(self, kind: Covariance | None = None) -> Floats:
        """float64[parameter]; NaN for what was held or ended at a bound."""
        return self.gmm.standard_errors(kind)

    def demand(self) -> Demand:
        """The demand at the estimates, to ask for elasticities, markups and other prices."""
        return Demand(self.data, self.delta, self.tastes, self.theta, self.taste_for_price)

    def __str__(self) -> str:
        moments, agents = len(self.gmm.weighting), self.data.agents
        lines = [
            (
                f"BLP on `{self.data.name}`: {self.data.markets} markets, {self.data.rows} products, "
                f"{0 if agents is None else len(agents.weight)} agents"
            ),
            (
                f"objective {self.objective:.6g}, {moments} moments, {len(self.names)} parameters, "
                f"{self.gmm.kind} standard errors"
            ),
            (
                f"{'converged' if self.search.converged else 'NOT converged'} ({self.search.message}) after "
                f"{self.search.evaluations} evaluations, {self.search.contractions} contractions"
            ),
            "",
            *self.gmm.lines(),
        ]
        if self.notes:
            lines += ["", *(f"note: {note}" for note in self.notes)]
        return "\n".join(lines)
