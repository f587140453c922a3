"""Maximum likelihood by trust region: a quadratic model of the log-likelihood, believed only as far as it has held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pullcord.base import InvalidInput

from .data import Floats

# Relative to the log-likelihood; what its sum over many choices loses in rounding.
_ROUNDING = 1e-13
# In standard errors: a slope below this, where the likelihood is flat, is what rounding leaves of none.
_NO_SLOPE = 1e-7
# Of the information's Cholesky factor, at a unit diagonal: below, eigenvalues are looked at one by one.
_PIVOT_MIN = 1e-4
# An eigenvalue this far below 0, of information scaled to a unit diagonal: there is no top here.
_CURVED_UP = 1e-9


@dataclass(frozen=True, slots=True)
class Point:
    """The objective at one parameter vector: log-likelihood, gradient[k] and information[k, k] (minus a Hessian, or
    the outer product of scores, which is close to it near the optimum). scale[k] : how much a unit of each parameter
    is, where the information's diagonal cannot be trusted to tell; 0 for a parameter that changes nothing."""

    value: float
    gradient: Floats
    information: Floats
    scale: Floats | None = None

    @property
    def is_finite(self) -> bool:
        """Whether it can be searched from."""
        return bool(
            np.isfinite(self.value) and np.all(np.isfinite(self.gradient)) and np.all(np.isfinite(self.information))
        )


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where the search ended, and how."""

    estimates: Floats
    point: Point
    converged: bool
    message: str
    iterations: int
    evaluations: int
    decrement: float  # sqrt(g' I^-1 g): how many standard errors the next step would go


@dataclass(frozen=True, slots=True)
class _Step:
    step: Floats
    decrement: float
    length: float  # in units of 1 / sqrt(diagonal of the information)
    curved_up: bool  # the information has a negative eigenvalue: no maximum here


def maximise(
    objective: Callable[[Floats], Point],
    start: Floats,
    *,
    tolerance: float = 1e-6,
    iterations_max: int = 200,
    radius: float = 1.0,
    on_step: Callable[[int, Point], None] | None = None,
) -> Maximum:
    """The maximum of a log-likelihood, from `start`.

    Steps solve max g's - s'Is/2 within |D s| <= radius, where D is the information's diagonal to the power 1/2, or the
    point's own scale, so that the search does not depend on the units of attributes. It has converged when the Newton
    decrement, sqrt(g' I^-1 g), is below `tolerance`: the next step would go less than that many standard errors.
    Directions in which the likelihood is flat are left as they are. An objective may return a value that is not finite
    where its parameters make no sense; the search then turns back. Raises InvalidInput where the start is such a place.

    Source: Nocedal and Wright (2006), Numerical Optimization, 2nd ed., algorithms 4.1 and 4.3; Conn, Gould and Toint
    (2000), Trust-Region Methods, sec. 17.4.2 for rounding; Berndt, Hall, Hall and Hausman (1974), Annals of Economic
    and Social Measurement 3(4) for outer products as information.
    """
    theta = np.array(start, dtype=np.float64)
    here = objective(theta)
    if not here.is_finite:
        raise InvalidInput("the log-likelihood is not a finite number where the search starts", "start elsewhere")
    evaluations, iteration, at_rounding = 1, 0, 0
    radius = radius * np.sqrt(max(len(theta), 1)) * 10.0
    radius *= np.sqrt(max(float(np.sqrt(abs(here.value))), 1.0))
    while True:
        taken = _step(here, radius)
        if taken.decrement < tolerance and not taken.curved_up:
            message = "the next step is below the tolerance"
            return Maximum(theta, here, True, message, iteration, evaluations, taken.decrement)
        noise = 10 * _ROUNDING * max(abs(here.value), 1.0)
        # What a step could still gain is lost in the rounding of the sum: two more steps, by their gradient alone.
        at_rounding = at_rounding + 1 if taken.decrement**2 / 2 < noise and not taken.curved_up else 0
        if at_rounding > 2:
            message = "the log-likelihood cannot rise by more than rounding"
            return Maximum(theta, here, True, message, iteration, evaluations, taken.decrement)
        foreseen = float(here.gradient @ taken.step - 0.5 * taken.step @ here.information @ taken.step)
        if iteration >= iterations_max or (not at_rounding and foreseen < noise):
            short = "the steps have become too short: gradient and log-likelihood do not fit together"
            message = f"no end after {iterations_max} steps" if iteration >= iterations_max else short
            return Maximum(theta, here, False, message, iteration, evaluations, taken.decrement)
        iteration += 1
        there = objective(theta + taken.step)
        evaluations += 1
        gained = there.value - here.value if there.is_finite else -np.inf
        ratio = (gained + noise) / (foreseen + noise)
        if ratio < 0.25:
            radius = 0.25 * taken.length
        elif ratio > 0.75 and taken.length > 0.8 * radius:
            radius *= 3.0
        if ratio > 1e-4:
            theta, here = theta + taken.step, there
            if on_step is not None:
                on_step(iteration, here)


def _step(point: Point, radius: float) -> _Step:
    """The best step within the radius: by Cholesky factors, or by eigenvalues where the likelihood is flat."""
    scale = np.sqrt(np.abs(np.diag(point.information))) if point.scale is None else point.scale
    scale = np.where(scale > 0, scale, 1.0)
    gradient = point.gradient / scale
    information = point.information / np.outer(scale, scale)
    newton = _newton(information, gradient)
    if newton is not None:
        decrement = float(np.sqrt(max(float(gradient @ newton), 0.0)))
        inner = newton if np.linalg.norm(newton) <= radius else _bounded(information, gradient, radius)
        if inner is not None:
            return _Step(inner / scale, decrement, float(np.linalg.norm(inner)), False)
    elif _factor(information + _CURVED_UP * np.eye(len(gradient))) is None:
        inner = _bounded(information, gradient, radius)
        if inner is not None:
            decrement = float(np.sqrt(max(float(gradient @ inner), 0.0)))
            return _Step(inner / scale, decrement, float(np.linalg.norm(inner)), True)
    return _step_by_eigenvalues(information, gradient, scale, radius)


def _newton(information: Floats, gradient: Floats) -> Floats | None:
    """The step to the top of the model; None where it has none, or one too flat to be sure of."""
    factor = _factor(information)
    if factor is None or np.diag(factor).min() < _PIVOT_MIN:
        return None
    return np.asarray(np.linalg.solve(information, gradient), dtype=np.float64)


def _factor(matrix: Floats) -> Floats | None:
    try:
        return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None


def _bounded(information: Floats, gradient: Floats, radius: float) -> Floats | None:
    """The best step as long as the radius, within a tenth; None where only a step along a ridge is that long.

    Source: More and Sorensen (1983), SIAM Journal on Scientific and Statistical Computing 4(3), algorithm 3.14.
    """
    one = np.eye(len(gradient))
    low = max(0.0, -float(np.diag(information).min()))
    high = float(np.linalg.norm(gradient)) / radius + float(np.abs(information).sum(axis=1).max())
    shift = max(low, 1e-3 * high)
    for _ in range(40):
        factor = _factor(information + shift * one)
        if factor is None:
            low, shift = shift, 0.5 * (shift + high)
            continue
        step = np.asarray(np.linalg.solve(information + shift * one, gradient), dtype=np.float64)
        length = float(np.linalg.norm(step))
        if abs(length - radius) <= 0.1 * radius:
            return step
        if length > radius:
            low = shift
        else:
            high = shift
        change = (length / float(np.linalg.norm(np.linalg.solve(factor, step)))) ** 2 * (length - radius) / radius
        shift = shift + change if low < shift + change < high else 0.5 * (low + high)
    return None


def _step_by_eigenvalues(information: Floats, gradient: Floats, scale: Floats, radius: float) -> _Step:
    """The best step within the radius, leaving flat directions alone, and off a ridge to one of its sides."""
    values, vectors = np.linalg.eigh(information)
    along = vectors.T @ gradient
    floor = max(values[-1], 1.0) * 1e-13
    curved_up = bool(values[0] < -_CURVED_UP * max(values[-1], 1.0))
    flat = (np.abs(values) <= floor * 10) & (np.abs(along) < _NO_SLOPE)
    along = np.where(flat, 0.0, along)
    decrement = float(np.sqrt(np.sum(along**2 / np.maximum(values, floor))))
    if np.all(flat | (values > floor)):
        inner = np.where(flat, 0.0, along / np.where(flat, 1.0, values))
        if np.linalg.norm(inner) <= radius:
            return _Step(vectors @ inner / scale, decrement, float(np.linalg.norm(inner)), curved_up)
    low = max(0.0, floor - float(values[0]))
    high = float(np.linalg.norm(along)) / radius + max(0.0, -float(values[0])) + floor
    for _ in range(200):  # the length falls as the shift grows
        shift = 0.5 * (low + high)
        if np.linalg.norm(along / (values + shift)) > radius:
            low = shift
        else:
            high = shift
        if high - low <= 1e-12 * high:
            break
    inner = along / (values + high)
    length = float(np.linalg.norm(inner))
    if curved_up and length < 0.5 * radius:
        side = np.sqrt(radius**2 - length**2)
        inner[0] += side if along[0] >= 0 else -side
        length = float(np.linalg.norm(inner))
    return _Step(vectors @ inner / scale, decrement, length, curved_up)
