"""From noisy counts to a table people can read: nothing below zero, parts that add up to wholes, small cells hidden.

All of it is post-processing: it looks at noisy counts alone, and costs no budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

from .grid import Grid
from .noise import half_width


@dataclass(frozen=True, slots=True)
class Node:
    """One count of a release.

    `count` is None where it is smaller than `least_shown`; `low` and `high` hold the true count with at least 95 %
    confidence, and are None with it. That is the confidence before one sees which counts are shown: of counts that lie
    below the threshold those are shown that noise has raised, and their bars hold the truth less often.
    """

    path: tuple[str, ...]
    count: int | None
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Rate:
    """The share of a node among its parent's persons; the ends hold the true share with at least 95 % confidence."""

    path: tuple[str, ...]
    rate: float
    low: float
    high: float


def nodes(grid: Grid, noisy: Sequence[int], scale: float, least_shown: int) -> tuple[Node, ...]:
    """Every node of a release with its error bar, in the order of the grid; parts add up to their whole.

    The bar is that of the noisy count, widened to the coherent one where the two differ.
    """
    made, off = coherent(grid, noisy), half_width(scale)
    return tuple(
        Node(path, count, max(0, min(count, y - off)), max(count, y + off))
        if count >= least_shown
        else Node(path, None, None, None)
        for path, count, y in zip(grid.paths(), made, noisy, strict=True)
    )


def take_rates(grid: Grid, noisy: Sequence[int], scale: float, least_shown: int) -> tuple[Rate, ...]:
    """How the persons of each node split over the last dimension, where both counts are shown.

    Both ends come from intervals at 97.5 % of the part and of the whole, so that together they hold at 95 %.
    """
    if grid.levels < 2:
        return ()
    made, off = coherent(grid, noisy), half_width(scale, 0.975)
    fan, last, above = len(grid.dimensions[-1].values), grid.levels - 1, grid.levels - 2
    paths = grid.paths()
    rates = []
    for k in range(grid.width(last)):
        part, whole = grid.start(last) + k, grid.start(above) + k // fan
        if made[part] < least_shown or made[whole] < least_shown:
            continue
        rate = made[part] / made[whole]
        low = max(0, noisy[part] - off) / max(1, noisy[whole] + off)
        high = 1.0 if noisy[whole] <= off else min(1.0, (noisy[part] + off) / (noisy[whole] - off))
        rates.append(Rate(paths[part], rate, min(low, rate), max(high, rate)))
    return tuple(rates)


def coherent(grid: Grid, noisy: Sequence[int]) -> list[int]:
    """Whole numbers >= 0 near the noisy counts, where the nodes below each node add up to it.

    From the root down: the nodes below one are moved to the nearest point, in the sense of least squares, that is
    nowhere negative and adds up. Setting negative counts to zero one by one would add people who are not there.

    Source: Abowd et al. (2022), Harvard Data Science Review, special issue 2, sec. 5 (the TopDown algorithm); the
    projection is that of Duchi, Shalev-Shwartz, Singer and Chandra (2008), ICML, fig. 1.
    """
    made = [max(0, int(noisy[0]))]
    for level in range(1, grid.levels):
        fan = len(grid.dimensions[level - 1].values)
        first, above = grid.start(level), grid.start(level - 1)
        for parent in range(grid.width(level - 1)):
            begin = first + parent * fan
            made += _share_out(np.asarray(noisy[begin : begin + fan], dtype=np.float64), made[above + parent])
    return made


def _share_out(values: NDArray[np.float64], total: int) -> list[int]:
    """Whole numbers >= 0 that add up to `total`, nearest to the values; ties go to the earlier one."""
    falling = np.sort(values)[::-1]
    surplus = (np.cumsum(falling) - total) / np.arange(1, len(values) + 1)
    kept = int(np.flatnonzero(falling - surplus > 0)[-1]) if total > 0 else 0
    exact = np.maximum(values - surplus[kept], 0.0) if total > 0 else np.zeros(len(values))
    whole = [floor(value + 1e-9) for value in exact]
    by_rest = sorted(range(len(values)), key=lambda i: (whole[i] - exact[i], i))
    for i in by_rest[: total - sum(whole)]:
        whole[i] += 1
    return whole
