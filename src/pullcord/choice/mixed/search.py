"""The search for the maximum of a simulated likelihood: coarse first, full and exact at the end.

Few draws in short arithmetic lead near the top; all draws in short arithmetic, with curvature learned from the way,
lead to it; one exact Hessian says where it is to the last digit, and how sure the estimates are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from pullcord.base import InvalidInput

from ..data import Floats
from ..trust_region import Point
from .objective import Evaluate, Evaluation

TOLERANCE = 1e-4  # in standard errors: draws themselves are worth a thousand times that
_DRAWS_COARSE_MIN = 50
_COARSE_SHARE = 10
_UNITS_COARSE = 2500
_COARSE_TOLERANCE = 1.0  # standard errors: coarse draws lead no nearer than that
_SHORT_TOLERANCE = 0.015  # a Newton step from here ends about where the search does
_SHORT_NOISE = 3e-8  # of the log-likelihood in float32, relative
_LONG_NOISE = 1e-12
_PATIENCE = 8  # steps in short arithmetic without the decrement falling by half: it is lost in rounding
_COARSE_STEPS_MAX = 30
_HESSIANS_MAX = 15
_FRESH = 0.05  # standard errors: curvature from further away is computed anew


@dataclass(frozen=True, slots=True)
class Found:
    """Where the search ended: `evaluation` holds the Hessian and the meats, `decrement` as in `Maximum`."""

    estimates: Floats
    evaluation: Evaluation
    converged: bool
    message: str
    iterations: int
    evaluations: int
    decrement: float


@dataclass(slots=True)
class _Walk:
    """A climb in progress."""

    theta: Floats
    here: Evaluation
    information: Floats
    radius: float
    iterations: int = 0
    evaluations: int = 1
    decrement: float = np.inf


OnStep = Callable[[int, Point], None]


def search(
    evaluate: Evaluate,
    start: Floats,
    *,
    draws: int,
    units: int,
    upright: Callable[[Floats], Floats],
    coarse: bool = True,
    on_step: OnStep | None = None,
    iterations_max: int = 200,
) -> Found:
    """The maximum from a start.

    evaluate : as MixedObjective.evaluate. upright : the same tastes with standard deviations above 0. coarse : whether
    to begin with few draws; not so where the start is near the top already.
    Raises InvalidInput where the log-likelihood is not finite at the start.
    """
    theta, iterations, evaluations = np.array(start, dtype=np.float64), 0, 0
    few = max(_DRAWS_COARSE_MIN, draws // _COARSE_SHARE)
    stages = []
    if coarse and units >= 2 * _UNITS_COARSE:
        stages.append((min(few, draws), units // _UNITS_COARSE))
    if coarse and few * 2 <= draws:
        stages.append((few, 1))

    def told(step: int, at: Evaluation) -> None:
        if on_step is not None:
            on_step(step, Point(at.value, at.gradient, at.products))

    for count, step in stages:
        walk = _climb(
            partial(evaluate, draws=count, step=step, single=True), theta, None, _COARSE_TOLERANCE, _SHORT_NOISE,
            False, iterations, min(iterations_max, iterations + _COARSE_STEPS_MAX), told,
        )  # fmt: skip
        theta = walk.theta
        iterations, evaluations = walk.iterations, evaluations + walk.evaluations
    turned = upright(theta)
    curvature = None
    if stages:  # for a tenth of what the whole costs, it saves two or three steps with all draws
        hessian = evaluate(turned, draws=few, hessian=True).hessian
        evaluations += 1
        if hessian is not None and _decrement(np.zeros(len(theta)), -hessian)[1]:
            curvature = -hessian
    for _ in range(3):
        theta = turned
        walk = _climb(
            partial(evaluate, single=True), theta, None, _SHORT_TOLERANCE, _SHORT_NOISE, True, iterations,
            iterations_max, told, begin=curvature,
        )  # fmt: skip
        theta = walk.theta
        iterations, evaluations = walk.iterations, evaluations + walk.evaluations
        turned, curvature = upright(theta), None
        if np.array_equal(turned, theta):
            break
    return _finish(evaluate, theta, iterations, evaluations, iterations_max, told)


def _finish(
    evaluate: Evaluate,
    theta: Floats,
    iterations: int,
    evaluations: int,
    iterations_max: int,
    told: Callable[[int, Evaluation], None],
) -> Found:
    """Newton's method with the exact Hessian, computed anew only where it has changed."""
    for _ in range(_HESSIANS_MAX):
        exact = evaluate(theta, hessian=True)
        evaluations += 1
        if exact.hessian is None or not np.isfinite(exact.value):
            raise InvalidInput("the log-likelihood is not a finite number", "start elsewhere, or scale the attributes")
        information = -exact.hessian
        decrement, sure = _decrement(exact.gradient, information)
        if sure and decrement < TOLERANCE:
            message = "the next step is below the tolerance"
            return Found(theta, exact, True, message, iterations, evaluations, decrement)
        walk = _climb(
            evaluate, theta, exact, TOLERANCE, _LONG_NOISE, False, iterations, iterations_max, told,
            information=information,
        )  # fmt: skip
        moved = walk.theta - theta
        theta, iterations, evaluations = walk.theta, walk.iterations, evaluations + walk.evaluations
        distance = float(np.sqrt(max(float(moved @ information @ moved), 0.0)))
        if sure and walk.decrement < TOLERANCE and distance < _FRESH:
            last = replace(
                walk.here, hessian=exact.hessian, meat_robust=exact.meat_robust, meat_clustered=exact.meat_clustered
            )
            message = "the next step is below the tolerance"
            return Found(theta, last, True, message, iterations, evaluations, walk.decrement)
        if iterations >= iterations_max or not moved.any():
            break
    stuck = "the log-likelihood cannot be raised from here, yet its slope is not zero"
    message = f"no end after {iterations} steps" if moved.any() else stuck
    exact = evaluate(theta, hessian=True) if moved.any() else exact
    decrement, _ = _decrement(exact.gradient, -np.asarray(exact.hessian))
    return Found(theta, exact, False, message, iterations, evaluations + 1, decrement)


def _decrement(gradient: Floats, information: Floats) -> tuple[float, bool]:
    """How many standard errors Newton's step goes, and whether there is a top at all."""
    try:
        np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        return np.inf, False
    return float(np.sqrt(max(float(gradient @ np.linalg.solve(information, gradient)), 0.0))), True


def _climb(
    evaluate: Callable[[Floats], Evaluation],
    theta: Floats,
    here: Evaluation | None,
    tolerance: float,
    noise: float,
    secant: bool,
    iterations: int,
    iterations_max: int,
    told: Callable[[int, Evaluation], None],
    information: Floats | None = None,
    begin: Floats | None = None,
) -> _Walk:
    """Trust-region steps until the decrement is below the tolerance.

    The model's curvature is `information`, if given: then the climb is over when it no longer serves. Else it is the
    outer product of scores at each point or, with `secant`, `begin` or the outer product at the first, corrected by
    what gradients show (BFGS).

    Source: Berndt, Hall, Hall and Hausman (1974), Annals of Economic and Social Measurement 3(4); Nocedal and Wright
    (2006), Numerical Optimization, 2nd ed., ch. 4 and sec. 6.1.
    """
    first = evaluate(theta) if here is None else here
    if not np.isfinite(first.value):
        raise InvalidInput("the log-likelihood is not a finite number where the search starts", "start elsewhere")
    given = information is not None
    matrix = information if information is not None else begin if begin is not None else first.products
    walk = _Walk(theta, first, matrix, np.inf, iterations)
    walk.evaluations = 0 if here is not None else 1
    best, waited = np.inf, 0
    while walk.iterations < iterations_max:
        step, walk.decrement, length = _step(walk.here.gradient, walk.information, walk.radius)
        best, waited = (walk.decrement, 0) if walk.decrement < 0.5 * best else (best, waited + 1)
        if walk.decrement < tolerance or (secant and waited > _PATIENCE and best < 1):
            break
        walk.iterations += 1
        there = evaluate(walk.theta + step)
        walk.evaluations += 1
        slack = noise * max(abs(walk.here.value), 1.0)
        foreseen = float(walk.here.gradient @ step - 0.5 * step @ walk.information @ step)
        finite = np.isfinite(there.value) and bool(np.all(np.isfinite(there.gradient)))
        ratio = (there.value - walk.here.value + slack) / (foreseen + slack) if finite else -np.inf
        if ratio < 0.25:
            walk.radius = 0.25 * length
        elif ratio > 0.75 and length > 0.8 * walk.radius:
            walk.radius *= 3.0
        bent = walk.here.gradient - there.gradient
        if secant and finite:
            walk.information = _bfgs(walk.information, step, bent)
        if ratio > 1e-4:
            walk.theta, walk.here = walk.theta + step, there
            if not secant and not given:
                walk.information = there.products
            told(walk.iterations, there)
        if given:
            before = walk.decrement
            walk.decrement, sure = _decrement(walk.here.gradient, walk.information)
            if walk.decrement < tolerance or not sure or ratio < 0.25 or walk.decrement > 0.3 * before:
                break
    return walk


def _bfgs(matrix: Floats, step: Floats, bent: Floats) -> Floats:
    along = matrix @ step
    curvature, known = float(step @ bent), float(step @ along)
    if curvature <= 1e-6 * known:
        return matrix
    return matrix - np.outer(along, along) / known + np.outer(bent, bent) / curvature


def _step(gradient: Floats, information: Floats, radius: float) -> tuple[Floats, float, float]:
    """The step, the decrement, and the step's length in units of 1 / sqrt(diagonal of the information)."""
    scale = np.sqrt(np.abs(np.diag(information)))
    scale = np.where(scale > 1e-150, scale, 1.0)
    slope, scaled = gradient / scale, information / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(scaled)
    along = vectors.T @ slope
    floor = max(values[-1], 1.0) * 1e-12
    decrement = float(np.sqrt(np.sum(along**2 / np.maximum(np.abs(values), floor))))
    if values[0] > floor:
        inner = along / values
        length = float(np.linalg.norm(inner))
        if length <= radius:
            return vectors @ inner / scale, decrement, length
    elif not np.isfinite(radius):
        radius = 10.0 * np.sqrt(len(gradient))
    low = max(0.0, floor - values[0])
    high = float(np.linalg.norm(slope)) / radius + low + floor
    for _ in range(100):  # bisection: the length falls as the shift grows
        middle = 0.5 * (low + high)
        if np.linalg.norm(along / (values + middle)) > radius:
            low = middle
        else:
            high = middle
        if high - low < 1e-6 * high:
            break
    inner = along / (values + high)
    return vectors @ inner / scale, decrement, float(np.linalg.norm(inner))
