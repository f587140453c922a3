"""The generalised method of moments: instruments, weights, and how sure the estimates are.

Instruments of an equation are made orthogonal and of length sqrt(rows) before use. Objective, estimates and errors
do not change by that; the weighting matrix of two-stage least squares becomes the identity, and sums of
characteristics that differ in size by a factor of a million no longer spoil the arithmetic.

Sources: Hansen (1982), Econometrica 50(4); Conlon and Gortmaker (2020), RAND Journal of Economics 51(4), sec. 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pullcord.base import InvalidInput, NotFound, Problem

from .terms import Floats, Integers

Covariance = Literal["unadjusted", "robust", "clustered"]
KINDS: tuple[Covariance, ...] = ("unadjusted", "robust", "clustered")

DEPENDENT = 1e-9
"""A column is a linear combination of others when less than this share of its length remains without them."""


def independent(matrix: Floats, names: Sequence[str], what: str) -> Floats:
    """float64[row, column]: an orthogonal basis of the columns' span, each of length sqrt(rows).

    Raises InvalidInput with every column that is zero or a linear combination of those before it.
    """
    rows, columns = matrix.shape
    if columns > rows:
        raise InvalidInput(f"there are {columns} {what} for {rows} rows", "name fewer, or bring more markets")
    lengths = np.sqrt(np.einsum("rc,rc->c", matrix, matrix))
    q, r = np.linalg.qr(matrix / np.where(lengths > 0, lengths, 1.0))
    faults = []
    for at in np.flatnonzero(np.abs(np.diag(r)) < DEPENDENT).tolist():
        if lengths[at] == 0:
            faults.append(Problem(what, 0, f"`{names[at]}` is zero throughout", "leave it out"))
            continue
        weights = np.linalg.lstsq(r[:, :at], r[:, at], rcond=None)[0]
        involved = np.flatnonzero(np.abs(weights) > 1e-6 * np.abs(weights).max())
        others = ", ".join(f"`{names[k]}`" for k in involved.tolist())
        faults.append(Problem(what, 0, f"`{names[at]}` is a linear combination of {others}", "leave one of them out"))
    if faults:
        raise InvalidInput(f"{what}: {'; '.join(fault.wrong for fault in faults)}", faults[0].right, faults)
    return np.ascontiguousarray(q * np.sqrt(rows))


def demean(matrix: Floats, groups: Integers) -> Floats:
    """The matrix less the means of its groups: what fixed effects leave, float64[row] or float64[row, column]."""
    sizes = np.bincount(groups).astype(np.float64)
    columns = matrix[:, None] if matrix.ndim == 1 else matrix
    means = np.empty((len(sizes), columns.shape[1]))
    for at in range(columns.shape[1]):
        means[:, at] = np.bincount(groups, weights=columns[:, at], minlength=len(sizes)) / sizes
    return np.asarray((columns - means[groups]).reshape(matrix.shape))


def moment_covariance(
    errors: Sequence[Floats], instruments: Sequence[Floats], clusters: Integers, kind: Covariance
) -> Floats:
    """float64[moment, moment]: covariance of sqrt(rows) times the mean moments.

    errors : one float64[row] for each equation; instruments : float64[row, instrument] each; clusters : int64[row].
    unadjusted : errors of equal variance. robust : of any. clustered : and hanging together within clusters. Moments
    are taken about their mean. Source: Conlon and Gortmaker (2020), eq. 27 to 29.
    """
    rows = len(errors[0])
    if kind == "unadjusted":
        covariance = np.atleast_2d(np.cov(np.vstack(errors), bias=True))
        return np.block(
            [
                [covariance[a, b] * (za.T @ zb) / rows for b, zb in enumerate(instruments)]
                for a, za in enumerate(instruments)
            ]
        )
    moments = np.hstack([z * u[:, None] for u, z in zip(errors, instruments, strict=True)])
    moments -= moments.mean(axis=0)
    if kind == "clustered":
        order = np.argsort(clusters, kind="stable")
        _, first = np.unique(clusters[order], return_index=True)
        moments = np.add.reduceat(moments[order], first, axis=0)
    return np.asarray(moments.T @ moments / rows)


def inverse_weights(covariance: Floats) -> Floats:
    """float64[moment, moment]: the weighting matrix of efficient GMM. Raises InvalidInput where there is none."""
    values, vectors = np.linalg.eigh(covariance)
    if not values[0] > 1e-14 * values[-1]:
        raise InvalidInput(
            "the moments' covariance has no inverse: there are not more clusters or rows than moments",
            "name fewer instruments, or weigh by `robust` or `unadjusted`",
        )
    return np.asarray((vectors / values) @ vectors.T)


@dataclass(frozen=True, slots=True, eq=False)
class Gmm:
    """Estimates with what their covariance is made of.

    names : one for each parameter; estimates : float64[parameter].
    jacobian : float64[moment, parameter], derivatives of the mean moments. weighting : float64[moment, moment].
    moment_covariances : one float64[moment, moment] for each of `KINDS`.
    held : parameters without a standard error, because they were fixed or ended at a bound.
    kind : the covariance that is meant when none is named.
    """

    names: tuple[str, ...]
    estimates: Floats
    jacobian: Floats
    weighting: Floats
    moment_covariances: tuple[Floats, Floats, Floats]
    rows: int
    held: tuple[str, ...]
    kind: Covariance

    def index(self, name: str) -> int:
        """Where a parameter stands. Raises NotFound."""
        if name not in self.names:
            raise NotFound(f"the fit has no parameter `{name}`", f"it has {', '.join(self.names)}")
        return self.names.index(name)

    def covariance(self, kind: Covariance | None = None) -> Floats:
        """float64[parameter, parameter], NaN for what was held: (G'WG)^-1 G'W S WG (G'WG)^-1 / rows."""
        if (kind or self.kind) not in KINDS:
            raise InvalidInput(f"`{kind}` is no kind of covariance", f"ask for {', '.join(KINDS)}")
        free = np.array([name not in self.held for name in self.names])
        slopes = self.jacobian[:, free]
        # Each parameter in its own unit: their sizes differ by orders of magnitude.
        scale = 1.0 / np.maximum(np.sqrt(np.einsum("mp,mn,np->p", slopes, self.weighting, slopes)), 1e-300)
        slopes = slopes * scale
        bread = np.linalg.pinv(slopes.T @ self.weighting @ slopes, rcond=1e-13, hermitian=True)
        reach = bread @ slopes.T @ self.weighting
        inner = scale[:, None] * (reach @ self.moment_covariances[KINDS.index(kind or self.kind)] @ reach.T) * scale
        result = np.full((len(self.names), len(self.names)), np.nan)
        result[np.ix_(free, free)] = (inner + inner.T) / (2 * self.rows)
        return result

    def standard_errors(self, kind: Covariance | None = None) -> Floats:
        """float64[parameter], NaN for what was held."""
        return np.asarray(np.sqrt(np.diag(self.covariance(kind))))

    def lines(self) -> list[str]:
        """The estimates as the lines of a table."""
        width = max(len(name) for name in self.names)
        errors = self.standard_errors()
        lines = [f"{'':<{width}}  {'estimate':>12}  {'std. error':>10}  {'z':>7}"]
        for name, estimate, error in zip(self.names, self.estimates, errors, strict=True):
            sure = f"{error:>10.4g}  {estimate / error:>7.2f}" if error > 0 else f"{'held':>10}"
            lines.append(f"{name:<{width}}  {estimate:>12.5g}  {sure}")
        return lines


def wald(estimates: Floats, covariance: Floats) -> float:
    """The Wald statistic of all estimates being zero, over their number: an F statistic with endless denominator."""
    return float(estimates @ np.linalg.solve(covariance, estimates)) / len(estimates)
