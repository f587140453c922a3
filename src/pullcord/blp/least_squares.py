"""The least sum of squares within bounds, in few evaluations: trust region, Gauss-Newton with a secant correction.

Moments of a rejected model are far from zero at their best, and Gauss-Newton alone, which leaves out the curvature of
the residuals, is slow there. The correction learns that curvature from the steps taken; at every step the model that
foresaw the last change better is the one believed.

Sources: Dennis, Gay and Welsch (1981), ACM Transactions on Mathematical Software 7(3), NL2SOL; Nocedal and Wright
(2006), Numerical Optimization, 2nd ed., chapters 4 and 10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .terms import Floats

_NOISE = 1e-11  # the objective's relative rounding error, with room to spare


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Residuals float64[m] and their Jacobian float64[m, parameter] at a point; the objective is their square."""

    values: Floats
    jacobian: Floats

    @property
    def objective(self) -> float:
        """The sum of squares; infinite where a residual is no number."""
        square = float(self.values @ self.values)
        return square if np.isfinite(square) else np.inf

    @property
    def gradient(self) -> Floats:
        """float64[parameter], of half the objective."""
        return np.asarray(self.jacobian.T @ self.values)


@dataclass(frozen=True, slots=True, eq=False)
class Minimum:
    """Where the search ended, and how. `decrement`: length of the step still foreseen, in standard errors if the
    residuals were of unit variance."""

    estimates: Floats
    residuals: Residuals
    converged: bool
    message: str
    evaluations: int
    decrement: float


def minimise(
    residuals: Callable[[Floats], Residuals],
    start: Floats,
    lower: Floats,
    upper: Floats,
    *,
    tolerance: float = 1e-6,
    evaluations_max: int = 300,
    on_step: Callable[[Floats, Residuals], None] | None = None,
) -> Minimum:
    """The least sum of squares from `start`, with lower <= estimates <= upper throughout.

    It has converged when the Gauss-Newton step within the bounds is shorter than the tolerance in the norm of J'J, that
    is in standard errors if the residuals were of unit variance.
    """
    theta = np.clip(np.array(start, dtype=np.float64), lower, upper)
    here = residuals(theta)
    evaluations = 1
    if not np.isfinite(here.objective):
        return Minimum(theta, here, False, "the objective is no number at the start", evaluations, np.inf)
    curvature = np.zeros((len(theta), len(theta)))
    corrected = False
    free_run = np.inf
    gauss = here.jacobian.T @ here.jacobian
    scale = _scale(gauss)
    radius = float(np.linalg.norm(scale * theta)) or np.inf
    polished = 0
    while True:
        plain = bounded_step(here.gradient, gauss, scale, free_run, lower - theta, upper - theta)
        decrement = float(np.linalg.norm(here.jacobian @ plain))
        if decrement < tolerance:
            return Minimum(theta, here, True, "the next step is below the tolerance", evaluations, decrement)
        if evaluations >= evaluations_max:
            return Minimum(theta, here, False, f"no end after {evaluations_max} evaluations", evaluations, decrement)
        hessian = gauss + curvature if corrected else gauss
        step = bounded_step(here.gradient, hessian, scale, radius, lower - theta, upper - theta)
        foreseen = -float(here.gradient @ step + 0.5 * step @ hessian @ step)
        length = float(np.linalg.norm(scale * step))
        if not length > 1e-13 * (float(np.linalg.norm(scale * theta)) + 1.0):
            return Minimum(theta, here, False, "no step brings the objective down", evaluations, decrement)
        there = residuals(theta + step)
        evaluations += 1
        if not np.isfinite(there.objective):
            radius = 0.1 * length
            continue
        gained = 0.5 * (here.objective - there.objective)
        noise = _NOISE * here.objective
        if foreseen < noise:  # such a gain is lost in rounding: the gradient's word is taken for it, for a few steps
            polished += 1
            if gained > -noise:
                theta, here = np.clip(theta + step, lower, upper), there
                gauss = here.jacobian.T @ here.jacobian
            if polished >= 5:
                message = "the objective cannot fall by more than rounding"
                return Minimum(theta, here, True, message, evaluations, decrement)
            continue
        without = -float(here.gradient @ step + 0.5 * step @ gauss @ step)
        corrected_foreseen = without - 0.5 * float(step @ curvature @ step)
        if gained < 0.25 * foreseen:
            radius = 0.3 * length
        elif gained > 0.7 * foreseen and length > 0.9 * radius:
            radius *= 3.0
        corrected = bool(abs(corrected_foreseen - gained) < abs(without - gained))
        if gained > 1e-4 * foreseen:
            change = there.gradient - here.gradient
            bent = there.gradient - here.jacobian.T @ there.values
            curvature = _secant(curvature, step, change, bent)
            theta, here = np.clip(theta + step, lower, upper), there
            gauss = here.jacobian.T @ here.jacobian
            scale = np.maximum(scale, _scale(gauss))
            if on_step is not None:
                on_step(theta, here)


def _scale(gauss: Floats) -> Floats:
    """The unit of each parameter: one standard error of it alone, if the residuals were of unit variance."""
    diagonal = np.diag(gauss)
    return np.asarray(np.sqrt(np.maximum(diagonal, 1e-12 * max(float(diagonal.max(initial=0.0)), 1e-300))))


def bounded_step(
    gradient: Floats, hessian: Floats, scale: Floats, radius: float, lower: Floats, upper: Floats
) -> Floats:
    """A step that makes g's + s'Hs / 2 small with lower <= s <= upper and |scale s| <= radius.

    Solved on the parameters that are free; those that would cross a bound are set there and the rest is solved again.
    The better of that and of the steepest descent that stops at the bounds is returned: never worse than the latter.
    """
    step = np.zeros(len(gradient))
    free = np.ones(len(gradient), dtype=bool)
    free &= ~((lower >= 0) & (gradient > 0)) & ~((upper <= 0) & (gradient < 0))
    for _ in range(len(gradient)):
        if not free.any():
            break
        held = ~free
        pull = gradient[free] + hessian[np.ix_(free, held)] @ step[held]
        room = (
            np.sqrt(max(radius**2 - float(np.sum((scale * step)[held] ** 2)), 0.0)) if np.isfinite(radius) else np.inf
        )
        trial = _ball_step(pull / scale[free], hessian[np.ix_(free, free)] / np.outer(scale[free], scale[free]), room)
        trial = trial / scale[free]
        low, high = lower[free], upper[free]
        outside = (trial < low) | (trial > high)
        step[free] = np.clip(trial, low, high)
        if not outside.any():
            break
        free[np.flatnonzero(free)[outside]] = False
    descent = _descent(gradient, hessian, scale, radius, lower, upper)

    def value(s: Floats) -> float:
        return float(gradient @ s + 0.5 * s @ hessian @ s)

    return step if value(step) <= value(descent) else descent


def _ball_step(gradient: Floats, hessian: Floats, radius: float) -> Floats:
    """The minimum of a quadratic within a ball, by eigenvalues, for there are few parameters."""
    values, vectors = np.linalg.eigh(hessian)
    along = vectors.T @ gradient
    floor = 1e-13 * max(float(np.abs(values).max()), 1.0)
    if values[0] > floor:
        inner = along / values
        if np.linalg.norm(inner) <= radius:
            return np.asarray(-vectors @ inner)
    if not np.isfinite(radius):  # bent downwards and no region yet: as far as the steepest curvature would go
        return np.asarray(
            -vectors @ (along / np.maximum(np.abs(values), 1e-3 * max(float(np.abs(values).max()), 1e-300)))
        )
    if radius <= 0:
        return np.zeros(len(gradient))
    low = max(0.0, floor - float(values[0]))
    high = low + float(np.linalg.norm(gradient)) / radius + floor
    for _ in range(200):
        shift = 0.5 * (low + high)
        if np.linalg.norm(along / (values + shift)) > radius:
            low = shift
        else:
            high = shift
        if high - low <= 1e-12 * high:
            break
    return np.asarray(-vectors @ (along / (values + high)))


def _descent(gradient: Floats, hessian: Floats, scale: Floats, radius: float, lower: Floats, upper: Floats) -> Floats:
    """The best point on the scaled path of steepest descent, bent at the bounds."""
    direction = -gradient / scale**2
    direction = np.where(((direction < 0) & (lower >= 0)) | ((direction > 0) & (upper <= 0)), 0.0, direction)
    length = float(np.linalg.norm(scale * direction))
    if length == 0:
        return np.zeros(len(gradient))
    bend = float(direction @ hessian @ direction)
    slope = float(gradient @ direction)
    reach = min(-slope / bend if bend > 0 else np.inf, radius / length)
    if not np.isfinite(reach):
        reach = 1.0
    best, best_value = np.zeros(len(gradient)), 0.0
    for _ in range(30):
        trial = np.clip(reach * direction, lower, upper)
        value = float(gradient @ trial + 0.5 * trial @ hessian @ trial)
        if value < best_value:
            best, best_value = trial, value
        elif best_value < 0:
            break
        reach *= 0.5
    return best


def _secant(curvature: Floats, step: Floats, change: Floats, bent: Floats) -> Floats:
    """The correction after a step: what J'r changed by, beyond what J'J explains; Dennis et al. (1981), sec. 3."""
    along = float(change @ step)
    if not along > 1e-14 * float(np.linalg.norm(change) * np.linalg.norm(step)):
        return curvature
    stiff = float(step @ curvature @ step)
    size = min(1.0, abs(float(step @ bent)) / abs(stiff)) if stiff != 0 else 1.0
    curvature = size * curvature
    miss = bent - curvature @ step
    update = (np.outer(miss, change) + np.outer(change, miss)) / along
    update -= float(miss @ step) * np.outer(change, change) / along**2
    return np.asarray(curvature + update)
