"""Maximum likelihood by trust region: a quadratic model of the log-likelihood, believed only as far as it has held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .data import Floats


@dataclass(frozen=True, slots=True)
class Point:
    """The objective at one parameter vector: log-likelihood, gradient[k] and information[k, k] (minus a Hessian, or
    the outer product of scores, which is close to it near the optimum)."""

    value: float
    gradient: Floats
    information: Floats


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

    Steps solve max g's - s'Is/2 within |D s| <= radius, where D is the information's diagonal to the power 1/2, so
    that the search does not depend on the units of attributes. It has converged when the Newton decrement,
    sqrt(g' I^-1 g), is below `tolerance`: the next step would go less than that many standard errors.

    Source: Nocedal and Wright (2006), Numerical Optimization, 2nd ed., algorithms 4.1 and 4.3; Berndt, Hall, Hall and
    Hausman (1974), Annals of Economic and Social Measurement 3(4) for outer products as information.
    """
    theta = np.array(start, dtype=np.float64)
    here = objective(theta)
    evaluations, iteration = 1, 0
    radius = radius * np.sqrt(max(len(theta), 1)) * 10.0
    radius *= np.sqrt(max(float(np.sqrt(abs(here.value))), 1.0))
    decrement = np.inf
    while iteration < iterations_max:
        scale = np.sqrt(np.maximum(np.diag(here.information), 1e-300))
        step, decrement, length = _step(here, scale, radius)
        if decrement < tolerance:
            return Maximum(theta, here, True, "the next step is below the tolerance", iteration, evaluations, decrement)
        iteration += 1
        there = objective(theta + step)
        evaluations += 1
        foreseen = float(here.gradient @ step - 0.5 * step @ here.information @ step)
        gained = there.value - here.value if np.isfinite(there.value) else -np.inf
        # Near the top both are lost in rounding: a step that foresees less than that is as good as its word.
        if abs(foreseen) < 1e-12 * max(abs(here.value), 1.0):
            if gained > -1e-11 * max(abs(here.value), 1.0):
                theta, here = theta + step, there
            message = "the log-likelihood cannot rise by more than rounding"
            return Maximum(theta, here, True, message, iteration, evaluations, decrement)
        ratio = gained / foreseen
        if ratio < 0.25:
            radius = 0.25 * length
        elif ratio > 0.75 and length > 0.9 * radius:
            radius *= 3.0
        if ratio > 1e-4:
            theta, here = theta + step, there
            if on_step is not None:
                on_step(iteration, here)
    return Maximum(theta, here, False, f"no end after {iterations_max} steps", iteration, evaluations, decrement)


def _step(point: Point, scale: Floats, radius: float) -> tuple[Floats, float, float]:
    """The step, the Newton decrement and the step's scaled length; by eigenvalues, for k is small."""
    gradient = point.gradient / scale
    values, vectors = np.linalg.eigh(point.information / np.outer(scale, scale))
    along = vectors.T @ gradient
    floor = max(values[-1], 1.0) * 1e-13
    if values[0] > floor:
        inner = along / values
        decrement = float(np.sqrt(max(along @ inner, 0.0)))
        if np.linalg.norm(inner) <= radius:
            return vectors @ inner / scale, decrement, float(np.linalg.norm(inner))
    else:
        decrement = float(np.sqrt(np.sum(along**2 / np.maximum(values, floor))))
    low, high = max(0.0, floor - values[0]), np.linalg.norm(gradient) / radius + max(0.0, -values[0]) + floor
    for _ in range(200):  # bisection: the length falls as the shift grows
        shift = 0.5 * (low + high)
        if np.linalg.norm(along / (values + shift)) > radius:
            low = shift
        else:
            high = shift
        if high - low <= 1e-12 * high:
            break
    inner = along / (values + high)
    return vectors @ inner / scale, decrement, float(np.linalg.norm(inner))
