"""Which standard deviations and covariances of tastes no data of this shape could tell, known before any search.

What tastes that vary leave behind is the covariance of utilities. If two sets of variances, of tastes and of the
logit's own noise, give every choice situation the same covariance of utility differences, the data cannot tell them
apart. Source: Walker, Ben-Akiva and Bolduc (2007), Journal of Applied Econometrics 22(6), 1095-1125.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from ..data import Floats
from .mixing import CensoredNormal, Lognormal, TruncatedNormal
from .objective import MixedObjective

_UNITS_SOME, _UNITS_MORE = 16, 1000
_RANK = 1e-9  # an eigenvalue of products scaled to a unit diagonal below which a combination is empty
_SHARE_MIN = 1e-3


def untold_spreads(objective: MixedObjective, gone: Collection[int]) -> list[tuple[int, str]]:
    """Parameters to hold at 0, each with the reason in words.

    gone : parameters already held. Tastes whose distribution is not symmetric are told by more than their covariance,
    and are left alone; and so is everything where one of them is correlated with others.
    """
    held: list[tuple[int, str]] = []
    while True:
        found = _one(objective, {*gone, *(at for at, _ in held)}, _UNITS_SOME)
        if found is not None and objective.units > _UNITS_SOME:
            found = _one(objective, {*gone, *(at for at, _ in held)}, _UNITS_MORE)
        if found is None:
            return held
        held.append(found)


def _one(objective: MixedObjective, gone: Collection[int], units: int) -> tuple[int, str] | None:
    known = objective.parameters
    t = known.tastes
    if t.wtp:
        return None
    skewed = [e for e, how in enumerate(known.mixed) if isinstance(how, Lognormal | CensoredNormal | TruncatedNormal)]
    first = int(t.fixed + len(t.transform))
    pairs = []
    for c, (row, column) in enumerate(zip(t.pair_row, t.pair_column, strict=True)):
        at = int(np.flatnonzero(known.place == first + c)[0])
        other = int(t.pair_row[np.flatnonzero(t.pair_column == column)[0]])  # the taste that the dimension began with
        if at not in gone and row not in skewed and other not in skewed:
            pairs.append((at, int(row), other))
    if not pairs:
        return None
    products = _products(objective, [(k, j) for _, k, j in pairs], units)
    scale = np.sqrt(np.diag(products))
    names = known.names
    for i, (at, _, _) in enumerate(pairs):
        if scale[i] <= 1e-12 * scale.max():
            return (
                at,
                f"`{names[at]}` is not identified: its attribute is the same for all alternatives; it is held at 0",
            )
    values, vectors = np.linalg.eigh(products / np.outer(scale, scale))
    if values[0] > _RANK:
        return None
    members = np.flatnonzero(np.abs(vectors[:, 0]) > _SHARE_MIN)
    spreads = [int(i) for i in members if i < len(pairs)]
    if not spreads:
        return None
    listed = ", ".join(f"`{names[pairs[i][0]]}`" for i in spreads)
    noise = " and the logit's own noise" if len(pairs) in members else ""
    last = pairs[spreads[-1]][0]
    return last, (
        f"{listed}{noise} make up the same covariance of utilities in every choice: the data cannot tell them "
        f"apart, and `{names[last]}` is held at 0"
    )


def _products(objective: MixedObjective, pairs: list[tuple[int, int]], units: int) -> Floats:
    """float64[pair + 1, pair + 1]: inner products of what each element of the tastes' covariance adds to that of
    utility differences, over some units; the last one is the logit's noise, alike and independent."""
    rows, t = objective.rows, objective.parameters.tastes
    columns = rows.columns[: len(t.transform)]
    x = rows.x.reshape(-1, len(rows.columns))
    a, b = np.array([k for k, _ in pairs]), np.array([j for _, j in pairs])
    total = np.zeros((len(pairs) + 1, len(pairs) + 1))
    some = np.unique(np.arange(units) * objective.units // units) if objective.units > units else range(objective.units)
    for u in some:
        first, end = rows.unit_start[u], rows.unit_start[u + 1]
        starts = rows.start[first : end + 1]
        all_rows = x[starts[0] : starts[-1]][:, columns]
        # The chosen one's own difference is zero, and adds nothing.
        x_u = all_rows - np.repeat(x[rows.chosen[first:end]][:, columns], np.diff(starts), axis=0)
        gram = x_u.T @ x_u
        # <x_a x_b' + x_b x_a', x_c x_d' + x_d x_c'> / 2
        total[:-1, :-1] += gram[np.ix_(a, a)] * gram[np.ix_(b, b)] + gram[np.ix_(a, b)] * gram[np.ix_(b, a)]
        sums, n = np.add.reduceat(x_u, starts[:-1] - starts[0], axis=0), np.diff(starts) - 1
        total[:-1, -1] += (gram + sums.T @ sums)[a, b]
        total[-1, -1] += np.sum(3 * n + n * n) / 2
    total[-1, :-1] = total[:-1, -1]
    return total
