"""How sure estimates are without a formula: the model fitted again to samples drawn from the sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from inspect import signature
from typing import Any, Literal

import numpy as np

from pullcord.base import InvalidInput, PullcordError, stream

from ..data import ChoiceData, Floats
from ..fit import Fit, Model
from ..table import aligned, figure, wrapped
from ..tails import normal_quantile, normal_tail
from .uncertainty import Range, known_estimates

Interval = Literal["percentile", "basic", "bca"]


@dataclass(frozen=True, slots=True, eq=False)
class Bootstrap:
    """Estimates of one model on many samples drawn from one.

    fit : on the sample itself. replicates : float64[replication, parameter], of the fits that ended well, in the order
    drawn. planned : replications asked for. failures : why others did not end well, and how often. interrupted :
    whether the run was broken off, so that fewer were drawn than planned. acceleration : float64[parameter] for BCa
    intervals, None where not asked for.
    """

    fit: Fit
    replicates: Floats
    planned: int
    failures: tuple[tuple[str, int], ...]
    interrupted: bool
    seed: int
    acceleration: Floats | None = None

    @property
    def failed(self) -> int:
        """How many replications did not end well."""
        return sum(count for _, count in self.failures)

    def standard_errors(self) -> Floats:
        """float64[parameter]: the replicates' standard deviations. Raises InvalidInput for fewer than 2."""
        self._enough(2)
        return np.asarray(self.replicates.std(axis=0, ddof=1), dtype=np.float64)

    def covariance(self) -> Floats:
        """float64[parameter, parameter]: the replicates' covariance. Raises InvalidInput for fewer than 2."""
        self._enough(2)
        return np.atleast_2d(np.cov(self.replicates, rowvar=False))

    def interval(self, name: str, kind: Interval = "percentile", level: float = 0.95) -> Range:
        """The interval of a parameter. Raises NotFound, and InvalidInput for too few replicates for its percentiles.

        percentile : of the replicates. basic : twice the estimate less the percentiles. bca : percentiles corrected
        for bias and for a standard error that moves with the parameter; needs `bootstrap(..., bca=True)`.

        Source: Davison and Hinkley (1997), Bootstrap Methods, eqs. 5.6 and 5.18; Efron (1987), JASA 82(397), eq. 2.3.
        """
        if not 0 < level < 1:
            raise InvalidInput(f"a level of {level} is not between 0 and 1", "ask for 0.95")
        self._enough(int(np.ceil(2 / (1 - level))))
        at = self.fit.index(name)
        estimate, drawn = self.fit[name], self.replicates[:, at]
        tails = np.array([(1 - level) / 2, (1 + level) / 2])
        if kind == "basic":
            low, high = 2 * estimate - np.quantile(drawn, tails[::-1])
        elif kind == "percentile":
            low, high = np.quantile(drawn, tails)
        elif kind == "bca":
            low, high = np.quantile(drawn, self._corrected(drawn, estimate, at, tails))
        else:
            raise InvalidInput(f"`{kind}` is no kind of interval", "ask for percentile, basic or bca")
        return Range(estimate, float(low), float(high))

    def _corrected(self, drawn: Floats, estimate: float, at: int, tails: Floats) -> Floats:
        if self.acceleration is None:
            raise InvalidInput("BCa intervals need the scores of persons", "bootstrap with bca=True")
        below = (np.sum(drawn < estimate) + 0.5 * np.sum(drawn == estimate)) / len(drawn)
        if not 0 < below < 1:
            raise InvalidInput("all replicates lie on one side of the estimate", "draw more, or see the failures")
        bias, pull = normal_quantile(float(below)), float(self.acceleration[at])
        corrected = []
        for tail in tails:
            z = bias + normal_quantile(float(tail))
            moved = bias + z / (1 - pull * z)
            corrected.append(1 - normal_tail(moved))
        return np.array(corrected)

    def _enough(self, count: int) -> None:
        if len(self.replicates) < count:
            raise InvalidInput(f"{len(self.replicates)} replicates are too few: {count} are needed", "draw more")

    def as_json(self, kind: Interval = "percentile", level: float = 0.95) -> dict[str, Any]:
        """Plain values for JSON, with intervals of a kind. Raises as `interval` does."""
        errors = self.standard_errors()
        told = [name for name in self.fit.names if name not in self.fit.unidentified]
        return {
            "replications": len(self.replicates),
            "planned": self.planned,
            "interrupted": self.interrupted,
            "failures": dict(self.failures),
            "seed": self.seed,
            "kind": kind,
            "level": level,
            "parameters": {
                held_name: {
                    "estimate": held.estimate,
                    "standard_error": float(errors[self.fit.index(held_name)]),
                    "lower": held.lower,
                    "upper": held.upper,
                }
                for held_name, held in ((name, self.interval(name, kind, level)) for name in told)
            },
        }

    def __str__(self) -> str:
        lines = wrapped(f"Bootstrap of {self.fit.model.title}, {self.fit.data_name}, seed {self.seed}")
        done = len(self.replicates) + self.failed
        lines += wrapped(
            f"{len(self.replicates):,} of {self.planned:,} replications"
            + (f", broken off after {done:,}: the rest was not drawn" if self.interrupted else "")
        )
        lines += [f"  failed: {why} ({count})" for why, count in self.failures]
        if len(self.replicates) < 40:
            return "\n".join([*lines, "too few for intervals at 95%"])
        rows: list[tuple[str, ...]] = [("", "estimate", "std. error", "2.5%", "97.5%")]
        for name, error in zip(self.fit.names, self.standard_errors(), strict=True):
            if name in self.fit.unidentified:
                rows.append((name, "not identified", "", "", ""))
                continue
            held = self.interval(name)
            ends = (figure(held.lower or 0.0), figure(held.upper or 0.0))
            rows.append((name, figure(held.estimate), figure(float(error)), *ends))
        return "\n".join([*lines, *aligned(rows, rule_after=(0,)), "Percentile intervals."])


def bootstrap(
    model: Model,
    data: ChoiceData,
    *,
    replications: int = 200,
    seed: int = 0,
    bca: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Bootstrap:
    """The model fitted again and again to persons drawn, with all their choices, from the persons of the data.

    Persons are drawn whole, so that the choices of one may hang together in any way. Choices compressed to counts are
    drawn one by one, as if each were another person's. Fits start where the fit of the data ended. A replication that
    does not end in identified, converged estimates is left out, counted, and its reason kept; many of those make the
    intervals doubtful. Ctrl-C ends the drawing and returns what is there, marked `interrupted`.

    bca : also find what BCa intervals need, at the cost of two evaluations for each parameter.
    progress : called with replications done and planned.
    Raises InvalidInput for no replications, or counts that are no whole numbers.

    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, ch. 8 (clusters) and 14.

    >>> sample = bootstrap(Logit("price + fast"), data, replications=50, seed=3)
    >>> held = sample.interval("price")
    >>> held.lower < held.estimate < held.upper
    True
    """
    if replications < 1:
        raise InvalidInput(f"{replications} replications are none", "ask for 200 or more")
    if data.is_counts and np.any(data.chosen != np.round(data.chosen)):
        raise InvalidInput(f"`{data.name}` counts parts of choices", "bootstrap choices that are counted whole")
    fit = model.fit(data, seed=seed)
    refit = _from_where_it_ended(model, fit)
    kept: list[Floats] = []
    failures: Counter[str] = Counter()
    interrupted = False
    try:
        for replication in range(replications):
            drawn = _resample(data, seed, replication)
            try:
                again = refit(drawn)
            except PullcordError as failure:
                failures[failure.message] += 1
            except np.linalg.LinAlgError as failure:
                failures[f"the information has no inverse: {failure}"] += 1
            else:
                if lost := [name for name in again.unidentified if name not in fit.unidentified]:
                    failures[f"the sample does not identify {', '.join(lost)}"] += 1
                elif not again.convergence.converged:
                    failures["the search did not converge"] += 1
                else:
                    kept.append(again.estimates)
            if progress is not None:
                progress(replication + 1, replications)
    except KeyboardInterrupt:
        interrupted = True
    replicates = np.array(kept).reshape(len(kept), len(fit.names))
    acceleration = _acceleration(fit, data) if bca and not interrupted else None
    return Bootstrap(fit, replicates, replications, tuple(failures.most_common()), interrupted, seed, acceleration)


def _from_where_it_ended(model: Model, fit: Fit) -> Callable[[ChoiceData], Fit]:
    """Fits other samples from the estimates of a first one, where the model takes a start."""
    again: Callable[..., Fit] = partial(model.fit, seed=fit.seed or 0)
    return partial(again, start=known_estimates(fit)) if "start" in signature(model.fit).parameters else again


def _resample(data: ChoiceData, seed: int, replication: int) -> ChoiceData:
    chance = stream(seed, "choice.bootstrap", replication)
    if not data.is_counts:
        return data.take_persons(chance.integers(data.persons, size=data.persons))
    total = data.chosen.sum()
    return replace(data, chosen=chance.multinomial(int(total), data.chosen / total).astype(np.float64))


def _acceleration(fit: Fit, data: ChoiceData) -> Floats:
    """float64[parameter]: a sixth of the skewness of persons' influence on each estimate, I^-1 score.

    Source: Efron (1987), eq. 7.3 and sec. 7; scores are central differences of persons' log-likelihoods.
    """
    known = np.array([name not in fit.unidentified for name in fit.names])
    errors = np.nan_to_num(fit.standard_errors())
    estimates = known_estimates(fit)
    scores = np.zeros((data.persons, len(fit.names)))
    for k in np.flatnonzero(known):
        step = np.zeros(len(fit.names))
        step[k] = 1e-3 * errors[k] or 1e-5
        up = fit.model.log_likelihoods(estimates + step, data, seed=fit.seed or 0)
        down = fit.model.log_likelihoods(estimates - step, data, seed=fit.seed or 0)
        scores[:, k] = (up - down) / (2 * step[k])
    influence = scores @ np.nan_to_num(fit.covariance())
    size = np.sum(influence**2, axis=0) ** 1.5
    return np.asarray(np.sum(influence**3, axis=0) / np.where(size > 0, 6 * size, 1.0), dtype=np.float64)
