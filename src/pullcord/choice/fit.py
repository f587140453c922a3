"""What an estimation comes back with: frozen, to keep, compare and store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from pullcord.base import InvalidInput, NotFound

from .data import ChoiceData, Floats
from .table import one_table

Covariance = Literal["classical", "robust", "clustered"]


class Model(Protocol):
    """A question asked of choice data; see `Logit`, `NestedLogit`, `LatentClass`, `MixedLogit`."""

    @property
    def utility(self) -> str:
        """The formula of utility."""
        ...

    @property
    def title(self) -> str:
        """What the model is called in a table: "Mixed logit, panel, 600 Halton draws"."""
        ...

    def fit(self, data: ChoiceData, *, seed: int = 0) -> Fit:
        """The answer."""
        ...

    def probabilities(self, estimates: Floats, data: ChoiceData, *, seed: int = 0) -> Floats:
        """float64[row]: each alternative's probability in its situation, knowing nothing of past choices."""
        ...

    def log_likelihoods(self, estimates: Floats, data: ChoiceData, *, seed: int = 0) -> Floats:
        """float64[person]: log-likelihood of all the person's choices, weights applied."""
        ...


@dataclass(frozen=True, slots=True)
class Convergence:
    """How the search ended. `gradient_norm` is the Newton decrement's square root, g'H^-1 g, free of units;
    `condition` the condition number of the information matrix scaled to a unit diagonal."""

    converged: bool
    message: str
    iterations: int
    evaluations: int
    gradient_norm: float
    condition: float


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Estimates of a model on data, and how sure they are.

    names : one for each parameter; estimates : float64[parameter].
    information : float64[parameter, parameter], minus the Hessian of the log-likelihood at the estimates.
    meat_robust, meat_clustered : float64[parameter, parameter], sums of outer products of the scores of situations
        and of persons. A panel mixed logit has persons for situations: both are the same.
    null_log_likelihood : every available alternative equally likely.
    unidentified : parameters that the data cannot tell; their estimates are NaN, and `notes` says why in words.
    counted : whether choices were counts, so that nobody knows which of them were one person's.
    seed, draws : of the simulation; None where nothing was simulated.
    """

    model: Model
    data_name: str
    names: tuple[str, ...]
    estimates: Floats
    information: Floats
    meat_robust: Floats
    meat_clustered: Floats
    log_likelihood: float
    null_log_likelihood: float
    situations: int
    persons: int
    weighted: bool
    convergence: Convergence
    seed: int | None = None
    draws: int | None = None
    unidentified: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    counted: bool = False

    @property
    def parameters(self) -> int:
        """How many parameters were estimated."""
        return len(self.names) - len(self.unidentified)

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return 2 * self.parameters - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's criterion, with situations as the sample size."""
        return float(self.parameters * np.log(self.situations) - 2 * self.log_likelihood)

    @property
    def rho_squared(self) -> float:
        """McFadden's rho-squared against equal shares. Source: McFadden (1974), in Zarembka, eq. 30."""
        return 1 - self.log_likelihood / self.null_log_likelihood

    @property
    def adjusted_rho_squared(self) -> float:
        """The same with a penalty of one for each parameter. Source: Ben-Akiva and Lerman (1985), sec. 7.2."""
        return 1 - (self.log_likelihood - self.parameters) / self.null_log_likelihood

    def index(self, name: str) -> int:
        """Where a parameter stands. Raises NotFound."""
        if name not in self.names:
            raise NotFound(f"the fit has no parameter `{name}`", f"it has {', '.join(self.names)}")
        return self.names.index(name)

    def __getitem__(self, name: str) -> float:
        """The estimate of a parameter by name; raises InvalidInput where the data cannot tell it."""
        value = float(self.estimates[self.index(name)])
        if name in self.unidentified:
            raise InvalidInput(f"the data do not identify `{name}`", "; ".join(self.notes) or "see the fit's notes")
        return value

    def covariance(self, kind: Covariance = "classical") -> Floats:
        """float64[parameter, parameter]; NaN for what is not identified.

        classical : inverse of the information. robust : sandwich over situations. clustered : sandwich over persons.
        Source: White (1982), Econometrica 50(1), eq. 3.4; Train (2009), sec. 8.6.
        """
        if kind not in ("classical", "robust", "clustered"):
            raise InvalidInput(f"`{kind}` is no kind of covariance", "ask for classical, robust or clustered")
        known = np.array([name not in self.unidentified for name in self.names])
        result = np.full((len(self.names), len(self.names)), np.nan)
        bread = np.linalg.inv(self.information[np.ix_(known, known)])
        if kind == "classical":
            inner = bread
        else:
            meat = self.meat_robust if kind == "robust" else self.meat_clustered
            inner = bread @ meat[np.ix_(known, known)] @ bread
        result[np.ix_(known, known)] = (inner + inner.T) / 2
        return result

    def standard_errors(self, kind: Covariance = "classical") -> Floats:
        """float64[parameter]."""
        return np.asarray(np.sqrt(np.diag(self.covariance(kind))), dtype=np.float64)

    def as_mapping(self) -> Mapping[str, float]:
        """Estimates by name, without those that are not identified."""
        return {n: float(e) for n, e in zip(self.names, self.estimates, strict=True) if n not in self.unidentified}

    @property
    def default_covariance(self) -> Covariance:
        """The kind a table shows: clustered where persons choose more than once and the model takes their choices for
        independent, robust where choices are weighted or persons no more than parameters, classical otherwise. Counts
        do not say whose they are."""
        apart = not np.allclose(self.meat_robust, self.meat_clustered, rtol=1e-8, atol=0, equal_nan=True)
        clusters = self.persons < self.situations and apart and not self.counted
        # The scores of all persons add up to 0: of so few the sandwich is singular, and of one it is nothing.
        if clusters and self.persons > self.parameters:
            return "clustered"
        return "robust" if self.weighted or clusters else "classical"

    def __str__(self) -> str:
        """The table of the estimates as the journals print it; `fit_table` sets several side by side."""
        return one_table(self)
