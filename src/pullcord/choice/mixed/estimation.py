"""From a mixed logit's simulated likelihood to a fit: the search, and what the data cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..data import Floats, Integers
from ..estimation import Sample, conclude
from ..fit import Fit, Model
from ..trust_region import Maximum, Point
from .objective import Evaluate, Evaluation
from .parameters import Parameters
from .search import Found, search

_FLAT = 1e-9  # an eigenvalue of information scaled to a unit diagonal below which a direction tells nothing
_FLAT_IN = "the likelihood is flat in {}: the data do not tell {}, and `{}` is held at 0"
_SHARE_MIN = 0.1  # of a flat direction, for a parameter to belong to it
_NO_SPREAD = 0.05  # a standard deviation smaller than this many of its standard errors has run to zero


@dataclass(frozen=True, slots=True, eq=False)
class Estimated:
    """A fit, and the search's last evaluation over the parameters that were free: `kept`, int64."""

    fit: Fit
    found: Found
    kept: Sequence[int]


def estimate(
    model: Model,
    sample: Sample,
    parameters: Parameters,
    evaluate: Evaluate,
    start: Floats,
    *,
    draws: int,
    units: int,
    seed: int,
    held: Sequence[tuple[int, str]] = (),
    on_step: Callable[[int, Point], None] | None = None,
) -> Estimated:
    """The maximum of what `evaluate` says, over one shard or many.

    evaluate : as MixedObjective.evaluate, over all parameters. start : float64[parameter]. held : parameters known
    beforehand to be untold, each with the reason in words; they stay at 0. A standard deviation that runs to zero, or
    a direction in which the likelihood is flat, is found on the way: it is held, and the rest is fitted again.
    """
    names, notes = parameters.names, [reason for _, reason in held]
    gone = {at for at, _ in held}
    theta = np.where(np.isin(np.arange(len(names)), list(gone)), 0.0, start)
    iterations = evaluations = 0
    while True:
        kept = np.array([i for i in range(len(names)) if i not in gone], dtype=np.int64)
        found = search(
            _restricted(evaluate, kept, len(names)),
            theta[kept],
            draws=draws,
            units=units,
            upright=_upright(parameters, kept),
            coarse=not iterations,
            on_step=on_step,
        )
        iterations, evaluations = iterations + found.iterations, evaluations + found.evaluations
        theta = np.zeros(len(names))
        theta[kept] = found.estimates
        new = _untold(parameters, theta, found, kept)
        if not new:
            break
        for at, reason in new:
            gone.add(at)
            theta[at] = 0.0
            notes.append(reason)
    hessian = found.evaluation.hessian
    robust, clustered = found.evaluation.meat_robust, found.evaluation.meat_clustered
    assert hessian is not None
    assert robust is not None
    assert clustered is not None
    maximum = Maximum(
        estimates=found.estimates,
        point=Point(found.evaluation.value, found.evaluation.gradient, -hessian),
        converged=found.converged,
        message=found.message,
        iterations=iterations,
        evaluations=evaluations,
        decrement=found.decrement,
    )
    fit = conclude(
        model,
        sample,
        [names[i] for i in kept],
        maximum,
        meat_robust=robust,
        meat_clustered=clustered,
        seed=seed,
        draws=draws,
        notes=notes,
    )
    return Estimated(_whole(fit, names, kept), found, [int(i) for i in kept])


def _restricted(evaluate: Evaluate, kept: Integers, count: int) -> Evaluate:
    if len(kept) == count:
        return evaluate

    def over_kept(theta: Floats, **how: object) -> Evaluation:
        full = np.zeros(count)
        full[kept] = theta
        return evaluate(full, **how).only(kept)

    return over_kept


def _upright(parameters: Parameters, kept: Integers) -> Callable[[Floats], Floats]:
    def turned(theta: Floats) -> Floats:
        full = np.zeros(len(parameters.names))
        full[kept] = theta
        return parameters.upright(full)[kept]

    return turned


def _untold(parameters: Parameters, theta: Floats, found: Found, kept: Integers) -> list[tuple[int, str]]:
    """What the end of a search shows the data cannot tell, and why in words; at most one flat direction at a time."""
    hessian = found.evaluation.hessian
    if hessian is None or not np.all(np.isfinite(hessian)):
        return []
    names = parameters.names
    scale = np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-300))
    values, vectors = np.linalg.eigh(-hessian / np.outer(scale, scale))
    if values[0] < -_FLAT:
        return []  # no maximum: the search says so
    if values[0] < _FLAT:
        members = [int(kept[i]) for i in np.flatnonzero(np.abs(vectors[:, 0]) > _SHARE_MIN)]
        spreads = [i for i in members if i in parameters.spreads()] or members
        listed = ", ".join(f"`{names[i]}`" for i in members)
        alone = len(members) == 1
        return [
            (
                spreads[-1],
                _FLAT_IN.format(listed, "it" if alone else "them apart", names[spreads[-1]]),
            )
        ]
    errors = np.full(len(names), np.inf)
    errors[kept] = np.sqrt(np.maximum(np.diag(np.linalg.inv(-hessian)), 0.0))
    return [
        (int(i), f"`{names[i]}` ran to zero: as far as the data can tell it does not differ from 0, and is held there")
        for i in parameters.spreads()
        if i in kept and theta[i] < _NO_SPREAD * errors[i]
    ]


def _whole(fit: Fit, names: tuple[str, ...], kept: Integers) -> Fit:
    """The fit of the kept parameters as one of all: the others are not identified."""
    count = len(names)
    if len(kept) == count:
        return fit

    def matrix(of_kept: Floats) -> Floats:
        full = np.full((count, count), np.nan)
        full[np.ix_(kept, kept)] = of_kept
        return full

    estimates = np.full(count, np.nan)
    estimates[kept] = fit.estimates
    return replace(
        fit,
        names=names,
        estimates=estimates,
        information=matrix(fit.information),
        meat_robust=matrix(fit.meat_robust),
        meat_clustered=matrix(fit.meat_clustered),
        unidentified=tuple(n for i, n in enumerate(names) if i not in set(kept) or n in fit.unidentified),
    )
