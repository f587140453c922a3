"""What else the tastes may be: draws from the estimates' asymptotic normal distribution, and intervals from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pullcord.base import InvalidInput, stream

from ..data import Floats
from ..fit import Covariance, Fit


@dataclass(frozen=True, slots=True)
class Range:
    """An estimate with the interval that holds it at a level; both ends None where there is no bounded interval."""

    estimate: float
    lower: float | None
    upper: float | None

    def __str__(self) -> str:
        if self.lower is None or self.upper is None:
            return f"{self.estimate:.4g} [unbounded]"
        return f"{self.estimate:.4g} [{self.lower:.4g}, {self.upper:.4g}]"


def known_estimates(fit: Fit) -> Floats:
    """float64[parameter]: the estimates, with 0 for what the data do not identify, as the fit itself took it."""
    unknown = np.array([name in fit.unidentified for name in fit.names])
    return np.where(unknown, 0.0, fit.estimates)


def known_covariance(fit: Fit, kind: Covariance | None) -> Floats:
    """float64[parameter, parameter]: of the fit's default kind unless named; 0 for what is not identified.

    Raises InvalidInput where the information has no inverse that is a covariance: an interval would be made up.
    """
    try:
        covariance = np.nan_to_num(fit.covariance(kind or fit.default_covariance), nan=0.0)
        values = np.linalg.eigvalsh(_scaled(covariance))
    except np.linalg.LinAlgError:
        values = np.array([-np.inf])
    if not values[0] > -1e-8 * max(values[-1], 1.0):
        raise InvalidInput(
            f"the estimates of {fit.model.title} on {fit.data_name} have no covariance",
            "the information is not positive definite there: see the fit's convergence and what it cannot identify",
        )
    return covariance


def draw_estimates(
    fit: Fit, draws: int, *, seed: int = 0, covariance: Covariance | None = None, use: str = "choice.estimates"
) -> Floats:
    """float64[draw, parameter]: what the estimates may be, as far as the data can tell.

    Source: Krinsky and Robb (1986), Review of Economics and Statistics 68(4): draws from the asymptotic normal
    distribution of the estimates, through whatever follows from them.
    """
    if draws < 1:
        raise InvalidInput(f"{draws} draws make no interval", "ask for a few hundred")
    matrix = known_covariance(fit, covariance)
    scale = np.sqrt(np.maximum(np.diag(matrix), 0))
    values, vectors = np.linalg.eigh(_scaled(matrix))
    root = scale[:, None] * (vectors * np.sqrt(np.maximum(values, 0)))
    normals = stream(seed, use).standard_normal((draws, len(fit.names)))
    return np.asarray(known_estimates(fit) + normals @ root.T, dtype=np.float64)


def through_model(draws: Floats, computed: Callable[[Floats], Floats]) -> tuple[Floats, int]:
    """What follows from each draw of the estimates, stacked, and how many draws the model refused.

    A draw may leave what a model allows, such as a dissimilarity below 0; intervals are then given what it allows.
    Raises InvalidInput where that is more than one in ten: the estimates are then too unsure for such intervals.
    """
    kept, refused, last = [], 0, ""
    for draw in draws:
        try:
            kept.append(computed(draw))
        except InvalidInput as failure:
            refused, last = refused + 1, failure.message
    if refused > 0.1 * len(draws):
        raise InvalidInput(
            f"the model refuses {refused} of {len(draws)} draws of its estimates: {last}",
            "the estimates are too unsure for intervals by draws: bootstrap instead",
        )
    return np.stack(kept), refused


def percentile_range(estimate: float, draws: Floats, level: float) -> Range:
    """The estimate between the percentiles of its draws. Raises InvalidInput for a level outside (0, 1)."""
    if not 0 < level < 1:
        raise InvalidInput(f"a level of {level} is not between 0 and 1", "ask for 0.95")
    lower, upper = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Range(float(estimate), float(lower), float(upper))


def _scaled(matrix: Floats) -> Floats:
    """A covariance as correlations: whether it is one no longer hangs on the attributes' units."""
    scale = np.sqrt(np.maximum(np.diag(matrix), 0))
    scale[scale == 0] = 1.0
    return np.asarray(matrix / np.outer(scale, scale), dtype=np.float64)
